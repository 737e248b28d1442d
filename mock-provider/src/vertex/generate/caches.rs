//! `cachedContents`: beginnings of prompts that are kept under a name until they expire.
//!
//! What a project caches is the mock's only memory of earlier requests. It lasts as long as the mock.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Method, Response};
use wire::vertex::cached_contents::{CacheUsage, CachedContent, CachedContentPage};
use wire::vertex::generate_content::GenerateContentRequest;
use wire::vertex::path::Scope;
use world::http::Body;

use super::prompt::{Size, billable_characters_of_cache, saturated};
use crate::call::{Call, Engine};
use crate::profile::Kind;
use crate::vertex::Vertex;
use crate::vertex::front::moment::{parse_rfc3339, parse_seconds, rfc3339};
use crate::vertex::front::{Failure, Paging, Request, reply};
use crate::vertex::models::garden;

/// Fewest tokens that are kept.
const TOKENS_MIN: u64 = 2_048;
/// How long a cache is kept that nobody says anything of: an hour.
const DEFAULT_TTL_MICROS: u64 = 3_600 * 1_000_000;
/// Caches on a page when the caller does not say.
const PAGE_SIZE: usize = 100;
/// Caches kept at once; the oldest makes room.
const KEPT_MAX: usize = 10_000;

/// A project's cache.
#[derive(Debug, Clone)]
pub(super) struct Cache {
    /// `projects/…/cachedContents/{id}`
    name: String,
    /// As its maker named it.
    model: String,
    display_name: Option<String>,
    /// The request that made it.
    body: Bytes,
    size: Size,
    billable_characters: u32,
    created: u64,
    updated: u64,
    expires: u64,
}

/// All caches, in the order in which they were made.
#[derive(Debug, Default)]
pub(in crate::vertex) struct Caches(Mutex<Vec<Arc<Cache>>>);

impl Cache {
    /// How large what it keeps is.
    pub(super) fn size(&self) -> Size {
        self.size
    }

    /// What it keeps.
    pub(super) fn content(&self) -> Option<CachedContent<'_>> {
        CachedContent::parse(&self.body).ok()
    }

    fn told(&self) -> CachedContent<'_> {
        let usage = CacheUsage {
            total_token_count: saturated(self.size.tokens()),
            text_count: self.billable_characters,
            image_count: self.size.pictures(),
        };
        CachedContent {
            name: Some(self.name.as_str().into()),
            model: Some(self.model.as_str().into()),
            display_name: self.display_name.as_deref().map(Into::into),
            create_time: Some(rfc3339(self.created).into()),
            update_time: Some(rfc3339(self.updated).into()),
            expire_time: Some(rfc3339(self.expires).into()),
            usage_metadata: Some(usage),
            ..CachedContent::default()
        }
    }
}

impl Caches {
    /// The cache of that name for a request that goes on from it.
    pub(super) fn use_of(
        &self,
        now: u64,
        request: &Request<'_>,
        name: &str,
        (body, model): (&GenerateContentRequest<'_>, &str),
    ) -> Result<Arc<Cache>, Failure> {
        if body.system_instruction.is_some() || !body.tools.is_empty() || body.tool_config.is_some() {
            return Err(Failure::invalid(
                "Tool config, tools and system instruction should not be set in the request when using cached \
                 content.",
            ));
        }
        let id = name.rsplit('/').next().unwrap_or(name);
        let cache = self.find(now, &full_name(request.path.scope.as_ref(), id), id)?;
        let kept_for = last_segment(&cache.model);
        if kept_for != model {
            return Err(Failure::invalid(format!(
                "Model used by GenerateContent request (models/{model}) and CachedContent (models/{kept_for}) has \
                 to be the same."
            )));
        }
        Ok(cache)
    }

    fn find(&self, now: u64, name: &str, id: &str) -> Result<Arc<Cache>, Failure> {
        let caches = self.alive(now);
        caches.iter().find(|cache| cache.name == name).cloned().ok_or_else(|| not_found(id))
    }

    /// Those that have not expired; the others are forgotten.
    fn alive(&self, now: u64) -> std::sync::MutexGuard<'_, Vec<Arc<Cache>>> {
        let mut caches = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        caches.retain(|cache| cache.expires > now);
        caches
    }

    fn keep(&self, now: u64, cache: Arc<Cache>) {
        let mut caches = self.alive(now);
        if caches.len() >= KEPT_MAX {
            caches.remove(0);
        }
        caches.push(cache);
    }

    fn change(&self, now: u64, name: &str, id: &str, expires: u64) -> Result<Arc<Cache>, Failure> {
        let mut caches = self.alive(now);
        let kept = caches.iter_mut().find(|cache| cache.name == name).ok_or_else(|| not_found(id))?;
        *kept = Arc::new(Cache { updated: now, expires, ..Cache::clone(kept) });
        Ok(Arc::clone(kept))
    }

    fn forget(&self, now: u64, name: &str, id: &str) -> Result<(), Failure> {
        let mut caches = self.alive(now);
        let at = caches.iter().position(|cache| cache.name == name).ok_or_else(|| not_found(id))?;
        caches.remove(at);
        Ok(())
    }
}

impl Vertex {
    /// `cachedContents`: makes one, or lists them.
    pub(in crate::vertex) fn cached_contents(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        request: &Request<'_>,
    ) -> Result<Response<Body>, Failure> {
        let now = engine.clock.unix_micros();
        if call.parts.method == Method::GET {
            return Ok(reply::json(engine, self.cache_page(now, request)?.to_bytes()));
        }
        let cache = Arc::new(new_cache(engine, call, request, now)?);
        self.caches.keep(now, Arc::clone(&cache));
        Ok(reply::json(engine, cache.told().to_bytes()))
    }

    /// `cachedContents/{id}`: tells of one, changes when it expires, or forgets it.
    pub(in crate::vertex) fn cached_content(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        request: &Request<'_>,
        id: &str,
    ) -> Result<Response<Body>, Failure> {
        let now = engine.clock.unix_micros();
        let name = full_name(request.path.scope.as_ref(), id);
        let cache = match call.parts.method.as_str() {
            "DELETE" => {
                self.caches.forget(now, &name, id)?;
                return Ok(reply::json(engine, "{}\n"));
            }
            "PATCH" => {
                let change = CachedContent::parse(call.body)
                    .map_err(|_| Failure::payload::<CachedContent<'_>>(call.body))?;
                let expires = expiry(&change, now)?.ok_or_else(|| {
                    Failure::invalid("Only expire_time and ttl of cached content can be updated.")
                })?;
                self.caches.change(now, &name, id, expires)?
            }
            _ => self.caches.find(now, &name, id)?,
        };
        Ok(reply::json(engine, cache.told().to_bytes()))
    }

    fn cache_page(&self, now: u64, request: &Request<'_>) -> Result<Page, Failure> {
        let paging = Paging::of(request, PAGE_SIZE)?;
        paging.check_filter(&|_| false)?;
        let within = full_name(request.path.scope.as_ref(), "");
        let caches = self.caches.alive(now);
        let of_project = caches.iter().filter(|cache| cache.name.starts_with(&within)).cloned().collect();
        let (shown, next) = paging.cut(of_project, |cache| &cache.name);
        Ok(Page { shown, next })
    }
}

/// A page of caches, which outlive the lock.
struct Page {
    shown: Vec<Arc<Cache>>,
    next: Option<String>,
}

impl Page {
    fn to_bytes(&self) -> Bytes {
        let cached_contents = self.shown.iter().map(|cache| cache.told()).collect();
        let next_page_token = self.next.as_deref().map(Into::into);
        CachedContentPage { cached_contents, next_page_token }.to_bytes()
    }
}

fn new_cache(engine: &Engine, call: &Call<'_>, request: &Request<'_>, now: u64) -> Result<Cache, Failure> {
    let asked =
        CachedContent::parse(call.body).map_err(|_| Failure::payload::<CachedContent<'_>>(call.body))?;
    let model = asked.model.as_deref().unwrap_or_default();
    if !garden::is_served(engine, "google", last_segment(model), Kind::Chat) {
        return Err(Failure::invalid(format!("Model {model} is not found or does not support caching.")));
    }
    let size = Size::of_cache(&asked);
    if size.tokens() < TOKENS_MIN {
        let found = size.tokens();
        return Err(Failure::invalid(format!(
            "The cached content is of {found} tokens. The minimum token count to start caching is {TOKENS_MIN}."
        )));
    }
    let expires = expiry(&asked, now)?.unwrap_or(now + DEFAULT_TTL_MICROS);
    let id = engine.request_bits(&call.identity).0 >> 2;
    Ok(Cache {
        name: full_name(request.path.scope.as_ref(), &id.to_string()),
        model: model.to_owned(),
        display_name: asked.display_name.as_deref().map(str::to_owned),
        body: call.body.clone(),
        size,
        billable_characters: billable_characters_of_cache(&asked),
        created: now,
        updated: now,
        expires,
    })
}

/// When it shall expire, if the caller says so; in microseconds.
fn expiry(asked: &CachedContent<'_>, now: u64) -> Result<Option<u64>, Failure> {
    match (asked.ttl.as_deref(), asked.expire_time.as_deref()) {
        (Some(ttl), _) => match parse_seconds(ttl) {
            Some(span) => Ok(Some(now.saturating_add(span))),
            None => Err(Failure::invalid(format!(
                "Invalid value at 'cached_content.ttl' (type.googleapis.com/google.protobuf.Duration), \"{ttl}\""
            ))),
        },
        (None, Some(time)) => match parse_rfc3339(time) {
            Some(at) if at > now => Ok(Some(at)),
            Some(_) => Err(Failure::invalid("The expiration time of cached content must be in the future.")),
            None => Err(Failure::invalid(format!(
                "Invalid value at 'cached_content.expire_time' (type.googleapis.com/google.protobuf.Timestamp), \"{time}\""
            ))),
        },
        (None, None) => Ok(None),
    }
}

fn full_name(scope: Option<&Scope<'_>>, id: &str) -> String {
    let Some(Scope { project, location }) = scope else { return format!("cachedContents/{id}") };
    format!("projects/{project}/locations/{location}/cachedContents/{id}")
}

fn last_segment(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

fn not_found(id: &str) -> Failure {
    Failure::not_found(format!("Not found: cached content metadata for {id}."))
}

//! One route: a listener's requests, a provider's rules, one upstream.

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use fault::grammar::spec::{self, SpecError};
use fault::layer::{self, Exchange, NoAnswer};
use fault::{Account, Asked, Decision, Family, Rules, asked};
use http::header::{CONTENT_TYPE, HOST, HeaderValue};
use http::request::Parts;
use http::uri::{PathAndQuery, Uri};
use http::{Request, Response, StatusCode, Version};
use world::http::{Abort, Body, Client, CollectError, Handler, SendError, collect};
use world::{BaseUrl, Clock, ConnectionHandle, Instant};

use crate::account::{Books, RouteAccount};
use crate::headers::strip_hop_by_hop;
use crate::identity::{Identified, Identities};

/// The longest request body that is read, in bytes.
const BODY_MAX: usize = 32 << 20;

/// One route.
pub(crate) struct Route {
    pub(crate) family: Family,
    pub(crate) upstream: BaseUrl,
    pub(crate) rules: Rules,
    pub(crate) identities: Identities,
    pub(crate) client: Client,
    pub(crate) clock: Clock,
    pub(crate) books: Arc<Books>,
    pub(crate) allow_overrides: bool,
}

impl Handler for Route {
    /// Where faults act that come before any request is read.
    fn admit(&self, connection: &ConnectionHandle) -> bool {
        let arrived = self.clock.now();
        let Some(decision) = self.rules.decide_connection(arrived, connection.ordinal()) else { return true };
        let account = RouteAccount::of_connection(&self.books, arrived, connection.ordinal());
        layer::refuse_connection(&decision, connection, account);
        false
    }

    async fn handle(
        &self,
        request: Request<Body>,
        connection: ConnectionHandle,
    ) -> Result<Response<Body>, Abort> {
        let arrived = self.clock.now();
        let mut account = RouteAccount::open(&self.books, arrived);
        let (mut parts, body) = request.into_parts();
        let spec = if self.allow_overrides { fault::wish::take(&mut parts) } else { None };
        let body = match collect(body, BODY_MAX).await {
            Ok(body) => body,
            Err(CollectError::TooLarge { .. }) => return Ok(self.too_large(account, &parts, connection)),
            // The account closes with its client gone.
            Err(CollectError::Broken(_)) => return Err(Abort),
        };
        let uri = parts.uri.clone();
        let asked = asked::read(self.family, &parts.method, &uri, &body);
        let identified = self.identities.identify(&parts, &body, arrived);
        account.describe(&asked, &identified);
        let decision = match self.decide(arrived, spec.as_deref(), &asked, &parts, &identified) {
            Ok(decision) => decision,
            Err(error) => return Ok(refuse(account, &error)),
        };
        let exchange = Exchange { clock: self.clock, connection, asked, path: uri.path() };
        let whole = body.clone();
        layer::answer(decision, exchange, account, || self.forward(parts, whole)).await
    }
}

impl Route {
    fn decide(
        &self,
        now: Instant,
        spec: Option<&str>,
        asked: &Asked<'_>,
        parts: &Parts,
        identified: &Identified,
    ) -> Result<Option<Decision>, SpecError> {
        match spec {
            Some(spec) => {
                let effect = spec::parse(spec, self.family)?;
                Ok(Some(self.rules.force(now, effect, identified.who)))
            }
            None => Ok(self.rules.decide(now, asked, &parts.headers, identified.who)),
        }
    }

    /// Sends the request on as it came, but for the headers of its hop.
    fn forward(
        &self,
        mut parts: Parts,
        body: Bytes,
    ) -> impl Future<Output = Result<Response<Body>, NoAnswer>> + Send {
        strip_hop_by_hop(&mut parts.headers);
        parts.version = Version::HTTP_11;
        parts.uri = self.target(&parts.uri);
        if !parts.headers.contains_key(HOST)
            && let Ok(host) = HeaderValue::from_str(self.upstream.authority())
        {
            parts.headers.insert(HOST, host);
        }
        let body = if body.is_empty() { Body::empty() } else { Body::full(body) };
        let sending = self.client.send(&self.upstream.address, Request::from_parts(parts, body));
        async move {
            match sending.await {
                Ok(mut response) => {
                    strip_hop_by_hop(response.headers_mut());
                    Ok(response)
                }
                Err(SendError::Reset) => Err(NoAnswer::Reset),
                Err(SendError::Closed) => Err(NoAnswer::Closed),
                Err(error) => Err(NoAnswer::Instead(plain(StatusCode::BAD_GATEWAY, &error.to_string()))),
            }
        }
    }

    /// The path and query to ask the upstream for.
    fn target(&self, uri: &Uri) -> Uri {
        let target = uri.path_and_query().map_or("/", PathAndQuery::as_str);
        let is_bare = self.upstream.prefix.is_empty() && uri.scheme().is_none();
        if is_bare {
            return uri.clone();
        }
        // Both halves were parts of URIs; joined they are one.
        self.upstream.join(target).parse().unwrap_or_else(|_| uri.clone())
    }

    /// The provider's own answer to a body that is too large.
    fn too_large(
        &self,
        mut account: RouteAccount,
        parts: &Parts,
        connection: ConnectionHandle,
    ) -> Response<Body> {
        account.refuse();
        let asked = asked::read(self.family, &parts.method, &parts.uri, &[]);
        let exchange = Exchange { clock: self.clock, connection, asked, path: parts.uri.path() };
        layer::too_large(&exchange, account)
    }
}

/// The request asks for a fault that does not exist.
fn refuse(mut account: RouteAccount, error: &SpecError) -> Response<Body> {
    account.refuse();
    account.tally().status = Some(400);
    plain(StatusCode::BAD_REQUEST, &error.to_string())
}

/// An answer of the proxy itself.
fn plain(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = Response::new(Body::full(format!("brownout proxy: {text}\n")));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

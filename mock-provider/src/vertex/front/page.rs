//! Lists in pages: which entries a query asks for, and the token that asks for the next ones.
//!
//! A token says where its page ended and of which list. A page that begins where another list ended is refused, and so
//! is whatever this mock did not write.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use wire::vertex::error::Status;
use wire::vertex::filter::{Filter, Restriction};
use wire::vertex::path::PageQuery;

use super::failure::Failure;
use super::request::Request;

/// Most entries on a page, whatever the caller says.
const SIZE_MAX: usize = 1_000;

/// Which part of a list is asked for.
#[derive(Debug)]
pub(in crate::vertex) struct Paging {
    size: usize,
    filter: Filter,
    start: Option<Start>,
    /// Tells this list from others.
    list: u32,
}

/// Where a page begins.
#[derive(Debug, PartialEq, Eq)]
struct Start {
    /// Entries before it.
    position: usize,
    /// The last of them, which tells where to go on when others before it are gone.
    after: String,
}

impl Paging {
    /// What a request asks of the list at its path; pages have `size` entries where it does not say.
    pub(in crate::vertex) fn of(request: &Request<'_>, size: usize) -> Result<Self, Failure> {
        let query = &request.query.page;
        let filter = query.filter.as_deref().unwrap_or_default();
        let filter = Filter::parse(filter).map_err(|error| {
            Failure::of(Status::found_error("filter", &format!("Invalid filter: {error}.")))
        })?;
        let list = digest(&request.path.resource(), query);
        let start = match query.token.as_deref() {
            None | Some("") => None,
            Some(token) => Some(
                Start::read(token, list)
                    .ok_or_else(|| Failure::of(Status::found_error("page_token", "Invalid page token.")))?,
            ),
        };
        Ok(Self { size: read_size(query, size)?, filter, start, list })
    }

    /// Refuses a filter that compares what entries do not have.
    pub(in crate::vertex) fn check_filter(
        &self,
        is_known: &dyn Fn(&Restriction) -> bool,
    ) -> Result<(), Failure> {
        match self.filter.find_unknown(is_known) {
            None => Ok(()),
            Some(Restriction { field, .. }) => Err(Failure::of(Status::found_error(
                "filter",
                &format!("Invalid filter: unsupported field {field}."),
            ))),
        }
    }

    /// Whether an entry is asked for, of which `is` tells each comparison.
    pub(in crate::vertex) fn wants(&self, is: &dyn Fn(&Restriction) -> bool) -> bool {
        self.filter.holds(is)
    }

    /// One page of `entries`, and the token of the next. `name` tells entries apart.
    pub(in crate::vertex) fn cut<T>(
        &self,
        mut entries: Vec<T>,
        name: impl Fn(&T) -> &str,
    ) -> (Vec<T>, Option<String>) {
        let begins = self.start.as_ref().map_or(0, |start| {
            let after = entries.iter().position(|entry| name(entry) == start.after);
            after.map_or(start.position, |last| last + 1)
        });
        let ends = begins.saturating_add(self.size);
        let is_last = ends >= entries.len();
        entries.truncate(ends);
        let page = entries.split_off(begins.min(entries.len()));
        let token = page
            .last()
            .filter(|_| !is_last)
            .map(|last| BASE64_URL_SAFE_NO_PAD.encode(format!("{:08x}.{ends}.{}", self.list, name(last))));
        (page, token)
    }
}

impl Start {
    fn read(token: &str, list: u32) -> Option<Self> {
        let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
        let (of_list, rest) = text.split_once('.')?;
        let (position, after) = rest.split_once('.')?;
        let is_of_this = of_list.len() == 8 && u32::from_str_radix(of_list, 16).ok()? == list;
        is_of_this.then_some(Self { position: position.parse().ok()?, after: after.to_owned() })
    }
}

fn read_size(query: &PageQuery, default: usize) -> Result<usize, Failure> {
    let Some(text) = query.size.as_deref() else { return Ok(default) };
    let size: i32 =
        text.parse().map_err(|_| Failure::of(Status::invalid_value("page_size", "TYPE_INT32", text)))?;
    match usize::try_from(size) {
        Ok(0) => Ok(default),
        Ok(size) => Ok(size.min(SIZE_MAX)),
        Err(_) => Err(Failure::of(Status::found_error("page_size", "Page size must not be negative."))),
    }
}

/// Of everything but size and token: those may change from page to page.
fn digest(resource: &str, query: &PageQuery) -> u32 {
    let text = |member: &Option<String>| member.clone().unwrap_or_default();
    let members =
        [resource.to_owned(), text(&query.filter), text(&query.view), text(&query.list_all_versions)];
    let bytes = members.iter().flat_map(|member| member.bytes().chain([0]));
    bytes.fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use wire::vertex::path::{Path, Query};

    use super::*;

    fn paging(query: &str) -> Result<Paging, Failure> {
        let path = Path::parse("/v1/publishers/google/models").expect("a path");
        Paging::of(&Request { path, query: Query::parse(query) }, 50)
    }

    fn page(query: &str, entries: &[&'static str]) -> (String, Option<String>) {
        let (page, token) = paging(query).expect(query).cut(entries.to_vec(), |entry| entry);
        (page.concat(), token)
    }

    #[test]
    fn pages_follow_each_other_to_the_end() {
        let all = ["a", "b", "c", "d", "e"];
        let (first, token) = page("pageSize=2", &all);
        let (second, last) = page(&format!("pageSize=3&pageToken={}", token.expect("more")), &all);
        assert_eq!((&*first, &*second, last), ("ab", "cde", None));
        assert_eq!(page("", &all), ("abcde".to_owned(), None));
        assert_eq!(page("pageSize=0", &all).0, "abcde");
        assert_eq!(page("pageSize=5", &all).1, None);
    }

    #[test]
    fn a_page_goes_on_behind_the_last_entry_when_others_are_gone() {
        let (_, token) = page("pageSize=2", &["a", "b", "c", "d"]);
        let next = format!("pageSize=1&pageToken={}", token.expect("more"));
        assert_eq!(page(&next, &["b", "c", "d"]).0, "c");
        assert_eq!(page(&next, &["x", "y", "z"]).0, "z");
        assert_eq!(page(&next, &[]), (String::new(), None));
    }

    #[test]
    fn what_no_page_is_asked_for_by_is_refused() {
        let (_, of_another) = page("pageSize=1&filter=name%3Da", &["a", "b"]);
        let of_another = of_another.expect("more");
        for query in [
            "pageToken=2",
            "pageToken=%2F%2F",
            &format!("pageToken={of_another}"),
            &format!("pageToken={}", &of_another[1..]),
            "pageSize=x",
            "pageSize=-1",
            "pageSize=99999999999",
            "filter=(",
        ] {
            let refused = paging(query).map(|_| ()).expect_err(query);
            assert!(matches!(refused, Failure::Status(status) if status.code == 400), "{query}");
        }
    }
}

//! The query of a request: framing of streams, encoding of enums, pages of lists.

use form_urlencoded::parse;

use crate::vertex::stream::Framing;

/// The form of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alt {
    /// JSON; a stream is a JSON array.
    Json,
    /// A stream is server-sent events.
    Sse,
}

/// Which part of a list is asked for, as the query says it: whether it makes sense its reader finds out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct PageQuery {
    /// Most entries on a page, a number.
    pub size: Option<String>,
    /// Which page.
    pub token: Option<String>,
    /// Which entries; see [`Filter`](crate::vertex::filter::Filter).
    pub filter: Option<String>,
    /// How much of each entry, the name or the number of a view.
    pub view: Option<String>,
    /// Whether every version of a model is an entry of its own, a truth value.
    pub list_all_versions: Option<String>,
}

/// What a query asks for; unknown keys are ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// `alt` or `$alt`.
    pub alt: Option<Alt>,
    /// An `alt` that is neither, such as `proto`: nothing here writes it.
    pub foreign_alt: Option<String>,
    /// `$alt=json;enum-encoding=int`: the caller takes enums as numbers, though it reads names too.
    pub enums_as_numbers: bool,
    /// An API key, where it is not in a header.
    pub key: Option<String>,
    /// Which part of a list.
    pub page: PageQuery,
}

impl Query {
    /// Reads what follows the `?`, percent-encoded or not.
    pub fn parse(query: &str) -> Self {
        let mut parsed = Query::default();
        for (key, value) in parse(query.as_bytes()) {
            match &*key {
                "alt" | "$alt" => parsed.set_alt(&value),
                "key" => parsed.key = Some(value.into_owned()),
                _ => parsed.page.take(&key, value.into_owned()),
            }
        }
        parsed
    }

    /// How a stream is framed for this caller: a JSON array unless server-sent events were asked for.
    pub fn framing(&self) -> Framing {
        match self.alt {
            Some(Alt::Sse) => Framing::Sse,
            Some(Alt::Json) | None => Framing::JsonArray,
        }
    }

    fn set_alt(&mut self, value: &str) {
        let mut options = value.split(';');
        self.alt = match options.next() {
            Some("json") => Some(Alt::Json),
            Some("sse") => Some(Alt::Sse),
            Some(other) => {
                self.foreign_alt = Some(other.to_owned());
                self.alt
            }
            None => self.alt,
        };
        self.enums_as_numbers |= options.any(|option| option == "enum-encoding=int");
    }
}

impl PageQuery {
    fn take(&mut self, key: &str, value: String) {
        let field = match key {
            "pageSize" | "page_size" => &mut self.size,
            "pageToken" | "page_token" => &mut self.token,
            "filter" => &mut self.filter,
            "view" => &mut self.view,
            "listAllVersions" | "list_all_versions" => &mut self.list_all_versions,
            _ => return,
        };
        *field = Some(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alt_is_read_encoded_or_not() {
        for query in [
            "$alt=json;enum-encoding=int",
            "%24alt=json%3Benum-encoding%3Dint",
            "x=1&%24alt=json;enum-encoding=int",
        ] {
            let parsed = Query::parse(query);
            assert_eq!((parsed.alt, parsed.enums_as_numbers), (Some(Alt::Json), true), "{query}");
            assert_eq!(parsed.framing(), Framing::JsonArray);
        }
        assert_eq!(Query::parse("alt=sse").framing(), Framing::Sse);
        assert_eq!(Query::parse("").framing(), Framing::JsonArray);
        let foreign = Query::parse("alt=proto&&=&%");
        assert_eq!((foreign.alt, foreign.foreign_alt.as_deref()), (None, Some("proto")));
        assert_eq!(Query::parse("alt=sse").foreign_alt, None);
    }

    #[test]
    fn pages_and_keys_are_read() {
        let query = Query::parse("pageSize=10&page_token=a%2Fb&filter=x+y&view=1&listAllVersions=true&key=k");
        let text = |text: &str| Some(text.to_owned());
        let expected = PageQuery {
            size: text("10"),
            token: text("a/b"),
            filter: text("x y"),
            view: text("1"),
            list_all_versions: text("true"),
        };
        assert_eq!((query.page, query.key), (expected, text("k")));
    }
}

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
    /// Most models on a page.
    pub page_size: Option<u32>,
    /// Which page.
    pub page_token: Option<String>,
    /// Which models.
    pub filter: Option<String>,
}

impl Query {
    /// Reads what follows the `?`, percent-encoded or not.
    pub fn parse(query: &str) -> Self {
        let mut parsed = Query::default();
        for (key, value) in parse(query.as_bytes()) {
            match &*key {
                "alt" | "$alt" => parsed.set_alt(&value),
                "key" => parsed.key = Some(value.into_owned()),
                "pageSize" | "page_size" => parsed.page_size = value.parse().ok(),
                "pageToken" | "page_token" => parsed.page_token = Some(value.into_owned()),
                "filter" => parsed.filter = Some(value.into_owned()),
                _ => {}
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
        let query = Query::parse("pageSize=10&pageToken=a%2Fb&filter=x+y&key=k");
        assert_eq!(query.page_size, Some(10));
        assert_eq!(query.page_token.as_deref(), Some("a/b"));
        assert_eq!(query.filter.as_deref(), Some("x y"));
        assert_eq!(query.key.as_deref(), Some("k"));
    }
}

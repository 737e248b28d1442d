//! Filters of lists in the language of Google's APIs: `labels.tune-type:* AND NOT display_name="x"`.
//!
//! Follows [AIP-160](https://google.aip.dev/160) as far as lists here need it: equality, presence, `AND`, `OR` (which
//! binds closer), `NOT` or a minus sign, parentheses, and functions of one argument. Which fields there are is the
//! list's own business.

use std::iter::Peekable;
use std::str::CharIndices;

use thiserror::Error;

/// How deep parentheses may be nested.
const DEPTH_MAX: u32 = 32;

/// A filter that has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter(Node);

/// One comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restriction {
    /// In the proto's spelling, `display_name` or `labels.key`; of a function its name.
    pub field: String,
    /// How it is compared.
    pub comparator: Comparator,
    /// With what; of a function its argument.
    pub value: String,
}

/// How a field is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparator {
    /// `=`, and a function.
    Equals,
    /// `!=`.
    Differs,
    /// `:`, that there is such a member; with `*` that there is the field.
    Has,
}

/// A text that is no filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("syntax error at character {at}")]
pub struct FilterError {
    /// Bytes before the fault.
    pub at: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Is(Restriction),
}

impl Filter {
    /// Reads a filter; an empty one holds of everything.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let mut reader = Reader { text, rest: text.char_indices().peekable(), depth: 0 };
        let node = if text.trim().is_empty() { Node::All(Vec::new()) } else { reader.expression()? };
        reader.skip_space();
        match reader.rest.peek() {
            None => Ok(Self(node)),
            Some((at, _)) => Err(FilterError { at: *at }),
        }
    }

    /// The first comparison that is not one of those that `is_known` knows.
    pub fn find_unknown(&self, is_known: &dyn Fn(&Restriction) -> bool) -> Option<&Restriction> {
        self.0.find(&|restriction| !is_known(restriction))
    }

    /// Whether it holds of what `is` says of each comparison.
    pub fn holds(&self, is: &dyn Fn(&Restriction) -> bool) -> bool {
        self.0.holds(is)
    }
}

impl Restriction {
    /// Whether it holds of a field with this value.
    pub fn holds_of(&self, value: &str) -> bool {
        match self.comparator {
            Comparator::Equals => self.value == value,
            Comparator::Differs => self.value != value,
            Comparator::Has => self.value == "*" || self.value == value,
        }
    }
}

impl Node {
    fn find(&self, wanted: &dyn Fn(&Restriction) -> bool) -> Option<&Restriction> {
        match self {
            Node::All(nodes) | Node::Any(nodes) => nodes.iter().find_map(|node| node.find(wanted)),
            Node::Not(node) => node.find(wanted),
            Node::Is(restriction) => Some(restriction).filter(|restriction| wanted(restriction)),
        }
    }

    fn holds(&self, is: &dyn Fn(&Restriction) -> bool) -> bool {
        match self {
            Node::All(nodes) => nodes.iter().all(|node| node.holds(is)),
            Node::Any(nodes) => nodes.iter().any(|node| node.holds(is)),
            Node::Not(node) => !node.holds(is),
            Node::Is(restriction) => is(restriction),
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    rest: Peekable<CharIndices<'t>>,
    depth: u32,
}

impl Reader<'_> {
    /// Factors, with or without `AND` between them.
    fn expression(&mut self) -> Result<Node, FilterError> {
        let mut all = vec![self.factor()?];
        loop {
            self.skip_space();
            match self.rest.peek() {
                None | Some((_, ')')) => break,
                Some(_) => {
                    self.keyword("AND");
                    all.push(self.factor()?);
                }
            }
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Node::All(all) })
    }

    fn factor(&mut self) -> Result<Node, FilterError> {
        let mut any = vec![self.term()?];
        while self.keyword("OR") {
            any.push(self.term()?);
        }
        Ok(if any.len() == 1 { any.remove(0) } else { Node::Any(any) })
    }

    fn term(&mut self) -> Result<Node, FilterError> {
        if self.keyword("NOT") || self.symbol("-") {
            return self.simple().map(|node| Node::Not(Box::new(node)));
        }
        self.simple()
    }

    fn simple(&mut self) -> Result<Node, FilterError> {
        if !self.symbol("(") {
            return self.restriction().map(Node::Is);
        }
        if self.depth >= DEPTH_MAX {
            return self.fault();
        }
        self.depth += 1;
        let inner = self.expression()?;
        self.depth -= 1;
        if self.symbol(")") { Ok(inner) } else { self.fault() }
    }

    fn restriction(&mut self) -> Result<Restriction, FilterError> {
        self.skip_space();
        let mut field = self.word();
        if field.ends_with('.') && matches!(self.rest.peek(), Some((_, '"' | '\''))) {
            field += &self.value()?;
        }
        if field.is_empty() {
            return self.fault();
        }
        let is_function = self.symbol("(");
        let comparator = match is_function {
            true => Comparator::Equals,
            false if self.symbol("!=") => Comparator::Differs,
            false if self.symbol("=") => Comparator::Equals,
            false if self.symbol(":") => Comparator::Has,
            false => return self.fault(),
        };
        self.skip_space();
        let value = self.value()?;
        if is_function && !self.symbol(")") {
            return self.fault();
        }
        Ok(Restriction { field: in_snake_case(&field), comparator, value })
    }

    /// A text in quotes, or a word.
    fn value(&mut self) -> Result<String, FilterError> {
        let Some((_, quote @ ('"' | '\''))) = self.rest.peek().copied() else {
            let word = self.word();
            return if word.is_empty() { self.fault() } else { Ok(word) };
        };
        self.rest.next();
        let mut value = String::new();
        while let Some((_, letter)) = self.rest.next() {
            match letter {
                '\\' => value.extend(self.rest.next().map(|(_, escaped)| escaped)),
                _ if letter == quote => return Ok(value),
                _ => value.push(letter),
            }
        }
        self.fault()
    }

    fn word(&mut self) -> String {
        let is_part = |letter: char| !letter.is_whitespace() && !"()=!<>:,\"'".contains(letter);
        std::iter::from_fn(|| self.rest.next_if(|(_, letter)| is_part(*letter)))
            .map(|(_, letter)| letter)
            .collect()
    }

    /// Takes a word of the language, which ends where a name could not go on.
    fn keyword(&mut self, keyword: &str) -> bool {
        self.skip_space();
        let rest = self.rest();
        let follows = rest
            .strip_prefix(keyword)
            .map(|rest| rest.starts_with(|next: char| next.is_whitespace() || next == '('));
        follows == Some(true) && self.symbol(keyword)
    }

    fn symbol(&mut self, symbol: &str) -> bool {
        self.skip_space();
        let is_there = self.rest().starts_with(symbol);
        if is_there {
            symbol.chars().for_each(|_| _ = self.rest.next());
        }
        is_there
    }

    fn skip_space(&mut self) {
        while self.rest.next_if(|(_, letter)| letter.is_whitespace()).is_some() {}
    }

    fn at(&mut self) -> usize {
        self.rest.peek().map_or(self.text.len(), |(at, _)| *at)
    }

    fn rest(&mut self) -> &str {
        let at = self.at();
        &self.text[at..]
    }

    fn fault<T>(&mut self) -> Result<T, FilterError> {
        Err(FilterError { at: self.at() })
    }
}

/// The field's own name in the proto's spelling; keys behind a dot are the caller's.
fn in_snake_case(field: &str) -> String {
    let (name, keys) = field.split_at(field.find('.').unwrap_or(field.len()));
    let mut out = String::with_capacity(field.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out + keys
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Of a thing named `x` with the label `tune-type` of `sft`.
    fn holds(filter: &str) -> Result<bool, usize> {
        let is = |restriction: &Restriction| match &*restriction.field {
            "display_name" => restriction.holds_of("x"),
            "labels.tune-type" => restriction.holds_of("sft"),
            "labels" => restriction.holds_of("tune-type"),
            "is_hf_wildcard" => restriction.holds_of("false"),
            _ => false,
        };
        Filter::parse(filter).map(|filter| filter.holds(&is)).map_err(|error| error.at)
    }

    #[test]
    fn comparisons_and_their_joints_hold_or_do_not() {
        for (filter, expected) in [
            ("", true),
            ("display_name=x", true),
            ("displayName = \"x\"", true),
            ("display_name!='x'", false),
            ("labels.tune-type:*", true),
            ("labels.\"tune-type\"=sft", true),
            ("labels:tune-type", true),
            ("labels.other:*", false),
            ("NOT labels.other:*", true),
            ("-labels.other:*", true),
            ("display_name=y OR display_name=x", true),
            ("display_name=x AND labels.tune-type=sft", true),
            ("display_name=x labels.tune-type=dpo", false),
            // `OR` binds closer than `AND`.
            ("display_name=y AND display_name=x OR display_name=x", false),
            ("(display_name=y AND display_name=x) OR display_name=x", true),
            ("is_hf_wildcard(false)", true),
            ("display_name=\"a\\\"b\"", false),
        ] {
            assert_eq!(holds(filter), Ok(expected), "{filter}");
        }
    }

    #[test]
    fn what_is_no_filter_is_told_with_its_place() {
        let deep = format!("{}a=b{}", "(".repeat(40), ")".repeat(40));
        for (filter, at) in [
            ("display_name", 12),
            ("=x", 0),
            ("a=", 2),
            ("a=b AND", 7),
            ("(a=b", 4),
            ("a=b)", 3),
            ("a=\"b", 4),
            ("a<b", 1),
            ("is(b", 4),
            (&deep, 33),
        ] {
            assert_eq!(holds(filter), Err(at), "{filter}");
        }
    }

    #[test]
    fn an_unknown_field_is_found_wherever_it_stands() {
        let filter = Filter::parse("a=1 AND (b=2 OR NOT c=3)").expect("a filter");
        let found = filter.find_unknown(&|restriction| restriction.field != "c");
        assert_eq!(found.map(|restriction| &*restriction.value), Some("3"));
        assert_eq!(filter.find_unknown(&|_| true), None);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>(), odd in "[a( )=:\"'ANDOR.-]{0,24}") {
            let _ = Filter::parse(&text);
            let _ = Filter::parse(&odd);
        }
    }
}

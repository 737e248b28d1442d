//! What the service says of a body that does not fit the model's JSON schema: the words of its validator.

use serde::{Deserialize, Serialize};

use crate::bedrock::error::text::malformed_input;
use crate::json;

/// Reads `body` as one JSON object.
///
/// # Errors
/// The text of the `ValidationException` with which the service refuses it.
pub fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, String> {
    json::read_object(body).map_err(|error| malformed_input(&words(&error)))
}

/// Reads `body` as one JSON object and lets `check` say which of its values the schema does not allow.
///
/// # Errors
/// The text of the `ValidationException` with which the service refuses it.
pub fn read_checked<'a, T: Deserialize<'a>>(
    body: &'a [u8],
    check: impl FnOnce(&T, &mut Violations),
) -> Result<T, String> {
    let request = read(body)?;
    let mut violations = Violations::default();
    check(&request, &mut violations);
    violations.into_result().map(|()| request)
}

/// The length asked for, in tokens, or the model's usual one. For a request that has been checked.
pub(super) fn length(asked: Option<i64>, usual: u32) -> u32 {
    asked.and_then(|tokens| u32::try_from(tokens).ok()).unwrap_or(usual)
}

/// The reader's complaint in the validator's words.
fn words(error: &json::Error) -> String {
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    let quoted = || text.split('`').nth(1).unwrap_or_default();
    if text.starts_with("missing field") {
        format!("#: required key [{}] not found", quoted())
    } else if text.starts_with("unknown field") {
        format!("#: extraneous key [{}] is not permitted", quoted())
    } else if text.starts_with("unknown variant") {
        format!("{} is not a valid enum value", quoted())
    } else if let Some(rest) = text.strip_prefix("invalid type: ") {
        let (found, expected) = rest.split_once(", expected ").unwrap_or((rest, "a value"));
        format!("expected type: {}, found: {}", type_of(expected), type_of(found))
    } else {
        text.to_owned()
    }
}

/// The validator's name of a type.
fn type_of(text: &str) -> &'static str {
    const TYPES: [(&str, &str); 13] = [
        ("null", "Null"),
        ("unit", "Null"),
        ("bool", "Boolean"),
        ("string", "String"),
        ("a string", "String"),
        ("floating point", "BigDecimal"),
        ("f", "Number"),
        ("integer", "Integer"),
        ("i", "Integer"),
        ("u", "Integer"),
        ("sequence", "JSONArray"),
        ("a sequence", "JSONArray"),
        ("array", "JSONArray"),
    ];
    TYPES.iter().find(|(prefix, _)| text.starts_with(prefix)).map_or("JSONObject", |(_, name)| name)
}

/// Values that the schema does not allow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Violations(Vec<String>);

impl Violations {
    /// Adds what is wrong with the value at a pointer such as `#/temperature`.
    pub fn add(&mut self, pointer: &str, problem: &str) {
        self.0.push(format!("{pointer}: {problem}"));
    }

    /// A number within both bounds, if there is one.
    pub fn range(&mut self, pointer: &str, value: Option<f64>, (low, high): (f64, f64)) {
        let Some(value) = value else { return };
        if value < low {
            self.add(pointer, &format!("{value} is not greater or equal to {low}"));
        } else if value > high {
            self.add(pointer, &format!("{value} is not less or equal to {high}"));
        }
    }

    /// A whole number within both bounds, if there is one.
    pub fn count(&mut self, pointer: &str, value: Option<i64>, (low, high): (i64, i64)) {
        match value {
            Some(value) if value < low => {
                self.add(pointer, &format!("{value} is not greater or equal to {low}"));
            }
            Some(value) if value > high => {
                self.add(pointer, &format!("{value} is not less or equal to {high}"));
            }
            _ => {}
        }
    }

    /// A text of at least and at most so many characters.
    pub fn length(&mut self, pointer: &str, text: &str, (low, high): (usize, usize)) {
        let length = text.chars().count();
        if length < low {
            self.add(pointer, &format!("expected minLength: {low}, actual: {length}"));
        } else if length > high {
            self.add(pointer, &format!("expected maxLength: {high}, actual: {length}"));
        }
    }

    /// A list of at least and at most so many items.
    pub fn items(&mut self, pointer: &str, items: usize, (low, high): (usize, usize)) {
        if items < low {
            self.add(pointer, &format!("expected minimum item count: {low}, found: {items}"));
        } else if items > high {
            self.add(pointer, &format!("expected maximum item count: {high}, found: {items}"));
        }
    }

    /// One of a set of texts, if there is one.
    pub fn one_of(&mut self, pointer: &str, value: Option<&str>, accepted: &[&str]) {
        if let Some(value) = value.filter(|value| !accepted.contains(value)) {
            self.add(pointer, &format!("{value} is not a valid enum value"));
        }
    }

    /// Whether the schema allows the body.
    ///
    /// # Errors
    /// The text of the `ValidationException` with which the service refuses it; of several violations it tells
    /// the number alone.
    pub fn into_result(self) -> Result<(), String> {
        match self.0.as_slice() {
            [] => Ok(()),
            [only] => Err(malformed_input(only)),
            several => Err(malformed_input(&format!("{} schema violations found", several.len()))),
        }
    }
}

/// Appends `"amazon-bedrock-invocationMetrics":…` to a JSON object.
pub fn with_metrics(object: Vec<u8>, metrics: &crate::bedrock::invoke_stream::InvocationMetrics) -> Vec<u8> {
    with_member(object, "amazon-bedrock-invocationMetrics", metrics)
}

/// Appends a member to a JSON object: what the service adds to a model's own answer.
pub fn with_member(mut object: Vec<u8>, name: &str, value: &impl Serialize) -> Vec<u8> {
    if object.pop() == Some(b'}') {
        let is_empty = object.last() == Some(&b'{');
        object.extend_from_slice(if is_empty { b"\"" } else { b",\"" });
        object.extend_from_slice(name.as_bytes());
        object.extend_from_slice(b"\":");
        object.extend_from_slice(&json::to_bytes(value));
        object.push(b'}');
    }
    object
}

/// What the tests of all families check alike.
#[cfg(test)]
pub(super) mod testing {
    use serde::{Deserialize, Serialize};

    /// Each of these bodies is refused in these words.
    #[track_caller]
    pub(crate) fn assert_refused<'b, T: std::fmt::Debug>(
        parse: impl Fn(&'b [u8]) -> Result<T, String>,
        cases: &[(&'b str, &str)],
    ) {
        for (body, words) in cases {
            let error = parse(body.as_bytes()).expect_err(body);
            assert!(error.starts_with("Malformed input request: ") && error.contains(words), "{error}");
        }
    }

    /// A recorded body is read, and written as it was.
    #[track_caller]
    pub(crate) fn assert_recorded<'b, T: Deserialize<'b> + Serialize>(body: &'b str) {
        let read: T = serde_json::from_str(body).expect(body);
        assert_eq!(serde_json::to_string(&read).expect(body), body);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Text;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body<'a> {
        #[serde(borrow)]
        prompt: Text<'a>,
        #[serde(default)]
        top_k: Option<u32>,
    }

    #[test]
    fn the_readers_complaints_are_the_validators() {
        for (body, words) in [
            ("{}", "#: required key [prompt] not found"),
            (r#"{"prompt":"x","top":1}"#, "#: extraneous key [top] is not permitted"),
            (r#"{"prompt":5}"#, "expected type: String, found: Integer"),
            (r#"{"prompt":"x","top_k":"5"}"#, "expected type: Integer, found: String"),
        ] {
            let error = read::<Body<'_>>(body.as_bytes()).unwrap_err();
            let expected =
                format!("Malformed input request: {words}, please reformat your input and try again.");
            assert_eq!(error, expected);
        }
        let good: Body<'_> = read(br#"{"prompt":"x","top_k":5}"#).unwrap();
        assert_eq!((good.prompt.as_str(), good.top_k), ("x", Some(5)));
    }

    #[test]
    fn one_violation_is_told_and_several_are_counted() {
        let mut violations = Violations::default();
        violations.range("#/temperature", Some(0.5), (0.0, 1.0));
        assert_eq!(violations.clone().into_result(), Ok(()));
        violations.count("#/max_gen_len", Some(3000), (1, 2048));
        let one = violations.clone().into_result().unwrap_err();
        assert!(one.contains("#/max_gen_len: 3000 is not less or equal to 2048"), "{one}");
        violations.length("#/prompt", "", (1, 10));
        assert!(violations.into_result().unwrap_err().contains(": 2 schema violations found,"));
    }

    #[test]
    fn metrics_come_last() {
        let metrics = crate::bedrock::invoke_stream::InvocationMetrics::default();
        let object = with_metrics(br#"{"a":1}"#.to_vec(), &metrics);
        assert!(object.starts_with(br#"{"a":1,"amazon-bedrock-invocationMetrics":{"inputTokenCount":0,"#));
        assert!(serde_json::from_slice::<serde_json::Value>(&with_metrics(b"{}".to_vec(), &metrics)).is_ok());
    }
}

//! What the front end says of a body that is no JSON, or holds a value that the proto does not.

use serde::Deserialize;

use super::super::proto_json::{LIST, OBJECT};
use super::detail::Detail;
use super::place::{Place, in_snake_case};
use super::status::{Code, Status};

const SCHEMAS: &str = "type.googleapis.com/google.cloud.aiplatform.v1";

impl Status<'static> {
    /// The refusal of a body that could not be read as a `T`: it is read once more, to say where the fault is.
    pub fn of_payload<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Self {
        match std::str::from_utf8(body) {
            Ok(text) => Self::of_part::<T>("", text),
            Err(_) => invalid_json("Invalid UTF-8."),
        }
    }

    /// The same of a part of a body, which stands at `place` there.
    pub fn of_part<'a, T: Deserialize<'a>>(place: &str, json: &'a str) -> Self {
        let mut reader = serde_json::Deserializer::from_str(json);
        let error = match serde_path_to_error::deserialize::<_, T>(&mut reader) {
            Err(error) if !error.inner().is_data() => return invalid_json(&error.inner().to_string()),
            // A list in place of the object, or something behind it.
            _ if json.trim_ascii_start().starts_with('[') => return not_a_message(),
            Ok(_) => return invalid_json("Unexpected token."),
            Err(error) => error,
        };
        let complaint = error.inner().to_string();
        let complaint = complaint.rsplit_once(" at line ").map_or(&*complaint, |(text, _)| text);
        of_complaint(&Place::of(place, error.path(), json), complaint)
    }

    /// A field or a parameter of the query with a value that its type does not have.
    pub fn invalid_value(field: &str, kind: &str, value: &str) -> Self {
        at_field(field, format!("Invalid value at '{field}' ({kind}), \"{value}\""))
    }

    /// What a service's own check of a field says, once the message itself could be read.
    pub fn found_error(field: &str, message: &str) -> Self {
        let list = format!("List of found errors:\t1.Field: {field}; Message: {message}\t");
        let detail = Detail::bad_request(field, message.to_owned());
        Status::new(Code::InvalidArgument, list).with_detail(detail)
    }
}

fn of_complaint(place: &Place, complaint: &str) -> Status<'static> {
    let Place { path, parent, name } = place;
    if complaint.starts_with("missing field") {
        incomplete()
    } else if complaint.starts_with(LIST) || complaint.starts_with("invalid type: sequence") {
        let at = if parent.is_empty() { String::new() } else { format!(" at '{parent}'") };
        at_field(parent, format!("Invalid JSON payload received. Unknown name \"{name}\"{at}: {LIST}"))
    } else if complaint.starts_with(OBJECT) || complaint.starts_with("invalid type: map") {
        let at = if parent.is_empty() { String::new() } else { format!(" at '{parent}'") };
        at_field(parent, format!("Invalid value{at} ({}), {OBJECT}", in_snake_case(name)))
    } else if complaint.starts_with("oneof field") {
        at_field(path, format!("Invalid value at '{path}' (oneof), {complaint}"))
    } else {
        of_value(path, complaint)
    }
}

fn at_field(field: &str, message: String) -> Status<'static> {
    let detail = Detail::bad_request(field, message.clone());
    Status::new(Code::InvalidArgument, message).with_detail(detail)
}

fn not_a_message() -> Status<'static> {
    at_field(
        "",
        "Invalid JSON payload received. Unknown name \"\": Root element must be a message.".to_owned(),
    )
}

fn invalid_json(complaint: &str) -> Status<'static> {
    Status::new(Code::InvalidArgument, format!("Invalid JSON payload received. {complaint}"))
}

/// Protos have no required fields: what is missing the service itself misses later.
fn incomplete() -> Status<'static> {
    Status::new(Code::InvalidArgument, "Request contains an invalid argument.")
}

fn of_value(path: &str, complaint: &str) -> Status<'static> {
    let (kind, value) = kind_and_value(path, complaint);
    let value = if value.is_empty() { String::new() } else { format!(", {value}") };
    at_field(path, format!("Invalid value at '{path}' ({kind}){value}"))
}

/// The proto's name of the type that was wanted, and what was there instead; of lists and objects nothing.
fn kind_and_value(path: &str, complaint: &str) -> (String, String) {
    let unknown = complaint.strip_prefix("unknown variant ").and_then(|rest| rest.split('`').nth(1));
    if let Some(value) = unknown {
        return (schema_of(path), format!("\"{value}\""));
    }
    let Some((found, wanted)) = complaint.split_once(", expected ") else {
        // Ours, of whole numbers: the value comes first.
        let value = complaint.split(" is ").next().unwrap_or_default();
        return ("TYPE_INT32".to_owned(), value.to_owned());
    };
    let found = found.split_once(": ").map_or(found, |(_, found)| found);
    let value = match found.split_once(['`', '"']) {
        Some((kind, rest)) if kind.starts_with("string") => format!("\"{}\"", rest.trim_end_matches('"')),
        Some((_, rest)) => rest.trim_end_matches('`').to_owned(),
        None => String::new(),
    };
    let kind = match wanted {
        _ if wanted.contains("string") => "TYPE_STRING".to_owned(),
        _ if wanted.contains("bool") => "TYPE_BOOL".to_owned(),
        "f32" | "f64" => "TYPE_FLOAT".to_owned(),
        "u32" | "i32" | "u64" | "i64" => "TYPE_INT32".to_owned(),
        _ if wanted.contains("whole number") => "TYPE_INT32".to_owned(),
        _ => schema_of(path),
    };
    (kind, value)
}

/// The message or enum that a field holds, after the field.
fn schema_of(path: &str) -> String {
    let field = path.rsplit('.').next().unwrap_or(path);
    let field = field.split('[').next().unwrap_or(field);
    let words = field.split('_').filter(|word| !word.is_empty());
    let capital = |word: &str| word[..1].to_ascii_uppercase() + &word[1..];
    let name: String = words.filter(|word| word.is_ascii()).map(capital).collect();
    format!("{SCHEMAS}.{}", if name.is_empty() { "Message" } else { &name })
}

#[cfg(test)]
mod tests {
    use super::super::super::generate_content::{GenerateContentRequest, Schema};
    use super::super::super::images::ImagenRequest;
    use super::*;

    #[track_caller]
    fn check(body: &str, message: &str) {
        let status = Status::of_payload::<GenerateContentRequest<'_>>(body.as_bytes());
        assert_eq!((status.code, &*status.message), (400, message), "{body}");
    }

    #[test]
    fn a_value_is_named_with_place_and_type() {
        check(
            r#"{"generationConfig":{"temperature":"hot"}}"#,
            "Invalid value at 'generation_config.temperature' (TYPE_FLOAT), \"hot\"",
        );
        check(
            r#"{"generationConfig":{"maxOutputTokens":1.5}}"#,
            "Invalid value at 'generation_config.max_output_tokens' (TYPE_INT32), 1.5",
        );
        check(r#"{"contents":[{"role":5}]}"#, "Invalid value at 'contents[0].role' (TYPE_STRING), 5");
        check(
            r#"{"contents":[{"parts":[{"text":"a","functionCall":{"name":"f"}}]}]}"#,
            "Invalid value at 'contents[0].parts[0]' (oneof), oneof field 'data' is already set. Cannot set \
             'functionCall'",
        );
        check(
            r#"{"contents":7}"#,
            "Invalid value at 'contents' (type.googleapis.com/google.cloud.aiplatform.v1.Contents), 7",
        );
    }

    #[test]
    fn lists_and_objects_out_of_place_are_named_after_their_message() {
        let unknown = |name: &str, at: &str| {
            format!(
                "Invalid JSON payload received. Unknown name \"{name}\"{at}: Proto field is not repeating, cannot start \
                 list."
            )
        };
        check(r#"{"generationConfig":[]}"#, &unknown("generationConfig", ""));
        check(
            r#"{"contents":[{},{"parts":[{"functionResponse":{"name":"f","response":["a"]}}]}]}"#,
            &unknown("response", " at 'contents[1].parts[0].function_response'"),
        );
        check(r#"{"contents":[{"role":["user"]}]}"#, &unknown("role", " at 'contents[0]'"));
        check(
            r#"{"generationConfig":{"topP":{}}}"#,
            "Invalid value at 'generation_config' (top_p), Starting an object on a scalar field",
        );
    }

    #[test]
    fn members_with_names_of_the_callers_own_are_numbered() {
        let schema = r#"{"type":"OBJECT","properties":{"a":{"type":"STRING"},"b":{"items":{"type":["string","null"]}}}}"#;
        let status = Status::of_part::<Schema<'_>>("tools[0].function_declarations[1].parameters", schema);
        let parent = "tools[0].function_declarations[1].parameters.properties[1].value.items";
        assert!(
            status.message.contains(&format!("Unknown name \"type\" at '{parent}': Proto field")),
            "{}",
            status.message
        );
        assert!(matches!(
            &*status.details,
            [Detail::BadRequest { field_violations }] if field_violations[0].field == parent
        ));
        let status = Status::of_part::<Schema<'_>>("parameters", r#"{"properties":{"a":[]}}"#);
        assert!(
            status.message.contains("Unknown name \"value\" at 'parameters.properties[0]'"),
            "{}",
            status.message
        );
    }

    #[test]
    fn the_detail_names_the_field() {
        let body = br#"{"contents":[{"role":5}]}"#;
        let status = Status::of_payload::<GenerateContentRequest<'_>>(body);
        assert!(matches!(
            &*status.details,
            [Detail::BadRequest { field_violations }] if field_violations[0].field == "contents[0].role"
        ));
    }

    #[test]
    fn what_is_no_object_is_no_payload() {
        for body in ["", "{", "[", "{} x", "nul", "\"\u{1}\""] {
            let status = Status::of_payload::<GenerateContentRequest<'_>>(body.as_bytes());
            assert!(
                status.message.starts_with("Invalid JSON payload received. "),
                "{body}: {}",
                status.message
            );
        }
        let list = r#"Invalid JSON payload received. Unknown name "": Root element must be a message."#;
        check("[]", list);
        check(r#" [{"contents":[]}]"#, list);
        let broken = Status::of_payload::<GenerateContentRequest<'_>>(b"{\"a\":\"\xff\"}");
        assert_eq!(broken.message, "Invalid JSON payload received. Invalid UTF-8.");
        let incomplete = Status::of_payload::<ImagenRequest<'_>>(b"{}");
        assert_eq!(incomplete.message, "Request contains an invalid argument.");
    }
}

//! What the front end says of a body that is no JSON, or holds a value that the proto does not.

use serde::Deserialize;

use super::detail::Detail;
use super::status::{Code, Status};

const SCHEMAS: &str = "type.googleapis.com/google.cloud.aiplatform.v1";

impl Status<'static> {
    /// The refusal of a body that could not be read as a `T`: it is read once more, to say where the fault is.
    pub fn of_payload<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Self {
        let Ok(text) = std::str::from_utf8(body) else { return invalid_json("Invalid UTF-8.") };
        let mut reader = serde_json::Deserializer::from_str(text);
        match serde_path_to_error::deserialize::<_, T>(&mut reader) {
            Err(error) if error.inner().is_data() => {
                let path = proto_path(&error.path().to_string());
                let complaint = error.inner().to_string();
                let complaint = complaint.rsplit_once(" at line ").map_or(&*complaint, |(text, _)| text);
                if complaint.starts_with("missing field") { incomplete() } else { of_value(&path, complaint) }
            }
            Err(error) => invalid_json(&error.inner().to_string()),
            // A list in place of the object, or something behind it.
            Ok(_) => invalid_json("Unexpected token."),
        }
    }
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
    let message = format!("Invalid value at '{path}' ({kind}){value}");
    let mut status = Status::new(Code::InvalidArgument, message.clone());
    status.details = vec![Detail::bad_request(path, message)];
    status
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

/// A path in the proto's spelling: `generationConfig.topP` is `generation_config.top_p`.
fn proto_path(path: &str) -> String {
    let mut out = String::with_capacity(path.len() + 4);
    for letter in path.chars().filter(|letter| *letter != '?') {
        if letter.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out.trim_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::super::generate_content::GenerateContentRequest;
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
            r#"{"contents":7}"#,
            "Invalid value at 'contents' (type.googleapis.com/google.cloud.aiplatform.v1.Contents), 7",
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
        for body in ["", "{", "[]", "{} x", "nul", "\"\u{1}\""] {
            let status = Status::of_payload::<GenerateContentRequest<'_>>(body.as_bytes());
            assert!(
                status.message.starts_with("Invalid JSON payload received. "),
                "{body}: {}",
                status.message
            );
        }
        let broken = Status::of_payload::<GenerateContentRequest<'_>>(b"{\"a\":\"\xff\"}");
        assert_eq!(broken.message, "Invalid JSON payload received. Invalid UTF-8.");
        let incomplete = Status::of_payload::<ImagenRequest<'_>>(b"{}");
        assert_eq!(incomplete.message, "Request contains an invalid argument.");
    }
}

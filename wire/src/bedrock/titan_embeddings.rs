//! Titan text embeddings through InvokeModel, versions 1 and 2. One text per call.

use bytes::{BufMut, Bytes, BytesMut};
use serde::{Deserialize, Serialize};

use crate::json::{self, FloatList, Text};

/// What version 1 returns, always.
pub const V1_DIMENSIONS: u32 = 1536;
/// What version 2 returns unless asked otherwise.
pub const V2_DIMENSIONS: u32 = 1024;

/// The body of a call. Version 1 takes the text only.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request<'a> {
    /// The text.
    #[serde(borrow)]
    pub input_text: Text<'a>,
    /// Version 2: 1024, 512 or 256.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<u32>,
    /// Version 2: to unit length, which is the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normalize: Option<bool>,
    /// Version 2: what to return.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub embedding_types: Vec<EmbeddingType>,
}

/// How an embedding is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EmbeddingType {
    /// Numbers.
    Float,
    /// Signs, as 0 and 1.
    Binary,
}

/// Which model answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// `amazon.titan-embed-text-v1`
    V1,
    /// `amazon.titan-embed-text-v2:0`
    V2,
}

impl Version {
    /// Of a foundation model's id: [`crate::bedrock::model::ModelId::base`].
    pub fn of_model(base: &str) -> Option<Self> {
        match base {
            "amazon.titan-embed-text-v1" => Some(Self::V1),
            "amazon.titan-embed-text-v2:0" => Some(Self::V2),
            _ => None,
        }
    }
}

impl<'a> Request<'a> {
    /// A text, with the model's defaults.
    pub fn new(text: impl Into<Text<'a>>) -> Self {
        Self { input_text: text.into(), ..Self::default() }
    }

    /// Reads a body, borrowing its text.
    ///
    /// # Errors
    /// The text of the `ValidationException` with which this model refuses it.
    pub fn parse(body: &'a [u8], version: Version) -> Result<Self, String> {
        let refuse = |problem: &str| super::error::text::malformed_input(problem);
        let request: Self = json::read_object(body).map_err(|error| refuse(&error.to_string()))?;
        if request.input_text.is_empty() {
            return Err(refuse("expected minLength: 1, actual: 0"));
        }
        if version == Version::V1 && request.extras() {
            return Err(refuse("extraneous key is not permitted"));
        }
        match request.dimensions {
            Some(dimensions) if ![256, 512, 1024].contains(&dimensions) => {
                Err(refuse(&format!("#/dimensions: {dimensions} is not a valid enum value")))
            }
            _ => Ok(request),
        }
    }

    /// How many numbers the answer has.
    pub fn dimension(&self, version: Version) -> u32 {
        match version {
            Version::V1 => V1_DIMENSIONS,
            Version::V2 => self.dimensions.unwrap_or(V2_DIMENSIONS),
        }
    }

    /// The body.
    pub fn to_bytes(&self) -> Bytes {
        json::to_bytes(self)
    }

    fn extras(&self) -> bool {
        self.dimensions.is_some() || self.normalize.is_some() || !self.embedding_types.is_empty()
    }

    fn wants(&self, wanted: EmbeddingType) -> bool {
        self.embedding_types.contains(&wanted)
    }
}

/// The answer as a client reads it. The numbers are read on demand.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Response<'a> {
    /// The numbers. Absent when only the binary form was asked for.
    #[serde(borrow, default)]
    pub embedding: FloatList<'a>,
    /// Tokens of the text.
    pub input_text_token_count: u64,
}

impl<'a> Response<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// When it is no JSON or of another shape.
    pub fn parse(body: &'a [u8]) -> Result<Self, json::Error> {
        if let Some(lifted) = json::lift(body, "embedding")
            && let [list] = lifted.lists[..]
        {
            let frame: Response<'_> = json::read_object(&lifted.frame)?;
            if frame.embedding.dimension() == 0 {
                let input_text_token_count = frame.input_text_token_count;
                return Ok(Self { embedding: FloatList::Rendered(list), input_text_token_count });
            }
        }
        json::read_object(body)
    }
}

/// The numbers of an answer: floats and their JSON list, which a sender of many answers renders once.
#[derive(Clone, Copy, Debug)]
pub struct Embedding<'a> {
    /// The numbers.
    pub floats: &'a [f32],
    /// The same as a JSON list.
    pub list: &'a str,
}

/// The body of an answer.
pub fn write_response(
    request: &Request<'_>,
    version: Version,
    embedding: Embedding<'_>,
    tokens: u64,
    out: &mut BytesMut,
) {
    let Embedding { floats, list } = embedding;
    out.reserve(2 * list.len() + 128);
    let by_default = request.embedding_types.is_empty();
    let float = version == Version::V1 || by_default || request.wants(EmbeddingType::Float);
    out.put_slice(b"{");
    if float {
        put_all(out, &["\"embedding\":", list, ","]);
    }
    if version == Version::V2 {
        out.put_slice(b"\"embeddingsByType\":{");
        if request.wants(EmbeddingType::Binary) {
            put_signs(floats, out);
            out.put_slice(if float { b"," } else { b"" });
        }
        if float {
            put_all(out, &["\"float\":", list]);
        }
        out.put_slice(b"},");
    }
    out.put_slice(b"\"inputTextTokenCount\":");
    json::write(&tokens, out);
    out.put_slice(b"}");
}

fn put_all(out: &mut BytesMut, parts: &[&str]) {
    for part in parts {
        out.put_slice(part.as_bytes());
    }
}

fn put_signs(floats: &[f32], out: &mut BytesMut) {
    out.put_slice(b"\"binary\":[");
    for (index, number) in floats.iter().enumerate() {
        out.put_slice(if index == 0 { b"" } else { b"," });
        out.put_u8(if *number > 0.0 { b'1' } else { b'0' });
    }
    out.put_slice(b"]");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(request: &str, version: Version) -> String {
        let request = Request::parse(request.as_bytes(), version).unwrap();
        let mut out = BytesMut::new();
        let embedding = Embedding { floats: &[0.5, -0.25], list: "[0.5,-0.25]" };
        write_response(&request, version, embedding, 3, &mut out);
        let _: serde_json::Value = serde_json::from_slice(&out).unwrap();
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn each_version_has_its_answer() {
        let plain = r#"{"inputText":"Hi"}"#;
        assert_eq!(answer(plain, Version::V1), r#"{"embedding":[0.5,-0.25],"inputTextTokenCount":3}"#);
        assert_eq!(
            answer(plain, Version::V2),
            r#"{"embedding":[0.5,-0.25],"embeddingsByType":{"float":[0.5,-0.25]},"inputTextTokenCount":3}"#
        );
        assert_eq!(
            answer(r#"{"inputText":"Hi","embeddingTypes":["float","binary"]}"#, Version::V2),
            r#"{"embedding":[0.5,-0.25],"embeddingsByType":{"binary":[1,0],"float":[0.5,-0.25]},"inputTextTokenCount":3}"#
        );
        assert_eq!(
            answer(r#"{"inputText":"Hi","embeddingTypes":["binary"]}"#, Version::V2),
            r#"{"embeddingsByType":{"binary":[1,0]},"inputTextTokenCount":3}"#
        );
    }

    #[test]
    fn an_answer_is_read_back() {
        let body = answer(r#"{"inputText":"Hi"}"#, Version::V2);
        let response = Response::parse(body.as_bytes()).unwrap();
        assert_eq!((response.embedding.dimension(), response.input_text_token_count), (2, 3));
    }

    #[test]
    fn a_long_answer_is_read_without_its_numbers() {
        let list = format!("[{}]", vec!["-0.0123"; 1024].join(","));
        let body = format!(
            r#"{{"embedding":{list},"embeddingsByType":{{"float":{list}}},"inputTextTokenCount":3}}"#
        );
        let response = Response::parse(body.as_bytes()).unwrap();
        assert_eq!(response, Response { embedding: FloatList::Rendered(&list), input_text_token_count: 3 });
        assert!(Response::parse(&body.as_bytes()[..body.len() - 1]).is_err());
        let nested = format!(r#"{{"x":{{"embedding":{list}}},"embedding":[1],"inputTextTokenCount":3}}"#);
        assert_eq!(Response::parse(nested.as_bytes()).unwrap().embedding.dimension(), 1);
    }

    #[test]
    fn dimensions_are_those_of_the_model() {
        let of = |body: &str, version| {
            Request::parse(body.as_bytes(), version).map(|request| request.dimension(version))
        };
        assert_eq!(of(r#"{"inputText":"Hi"}"#, Version::V1), Ok(1536));
        assert_eq!(of(r#"{"inputText":"Hi"}"#, Version::V2), Ok(1024));
        assert_eq!(of(r#"{"inputText":"Hi","dimensions":256}"#, Version::V2), Ok(256));
        for (body, version) in [
            (r#"{"inputText":"Hi","dimensions":3}"#, Version::V2),
            (r#"{"inputText":"Hi","dimensions":256}"#, Version::V1),
            (r#"{"inputText":""}"#, Version::V2),
            ("{}", Version::V2),
        ] {
            assert!(of(body, version).unwrap_err().starts_with("Malformed input request: "), "{body}");
        }
        assert_eq!(Version::of_model("amazon.titan-embed-text-v2:0"), Some(Version::V2));
    }

    #[test]
    fn a_request_says_only_what_was_chosen() {
        assert_eq!(Request::new("a\"b").to_bytes(), r#"{"inputText":"a\"b"}"#);
    }
}

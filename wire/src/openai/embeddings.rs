//! `POST /v1/embeddings`: vectors as floats, or as little-endian 32-bit floats in base64.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{BufMut, Bytes, BytesMut};
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use super::models::ListObject;
use crate::json::{self, FloatList, Raw, Text, literal};

literal! {
    /// `"embedding"`.
    EmbeddingObject = "embedding"
}

/// A request for embeddings.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EmbeddingRequest<'a> {
    /// Which model; for a gateway, an alias.
    #[serde(borrow)]
    pub model: Text<'a>,
    /// What to embed.
    pub input: Input<'a>,
    /// How long the vectors shall be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<u32>,
    /// How they shall be written; floats when nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding_format: Option<EncodingFormat>,
    /// The end user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Text<'a>>,
}

/// What to embed.
#[derive(Debug, Clone, PartialEq)]
pub enum Input<'a> {
    /// One text.
    Text(Text<'a>),
    /// A vector for each.
    Texts(Vec<Text<'a>>),
    /// One text, as tokens.
    Tokens(Vec<u32>),
    /// Several, as tokens.
    TokenLists(Vec<Vec<u32>>),
}

/// How vectors are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EncodingFormat {
    /// A JSON list.
    #[default]
    Float,
    /// Little-endian 32-bit floats in base64.
    Base64,
}

/// The answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EmbeddingResponse<'a> {
    /// Always `list`.
    #[serde(default)]
    pub object: ListObject,
    /// A vector for each input, in order.
    #[serde(borrow)]
    pub data: Vec<Embedding<'a>>,
    /// The model that answered.
    #[serde(default)]
    pub model: Text<'a>,
    /// What it cost.
    #[serde(default)]
    pub usage: EmbeddingUsage,
}

/// One vector of an answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Embedding<'a> {
    /// Always `embedding`.
    #[serde(default)]
    pub object: EmbeddingObject,
    /// Which input.
    #[serde(default)]
    pub index: u32,
    /// The vector.
    #[serde(borrow)]
    pub embedding: Vector<'a>,
}

/// A vector in either form.
#[derive(Debug, Clone, PartialEq)]
pub enum Vector<'a> {
    /// Numbers.
    Floats(FloatList<'a>),
    /// Little-endian 32-bit floats in base64.
    Base64(Text<'a>),
}

/// What the request cost, in tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EmbeddingUsage {
    /// Of the input.
    pub prompt_tokens: u32,
    /// The same.
    pub total_tokens: u32,
}

/// Why a vector cannot be read.
#[derive(Debug, Error)]
pub enum VectorError {
    /// The list holds something that is not a number.
    #[error("not a list of numbers: {0}")]
    Numbers(#[from] json::Error),
    /// The text is not base64.
    #[error("not base64: {0}")]
    Base64(#[from] base64::DecodeError),
    /// The bytes are no whole number of floats.
    #[error("{0} bytes are no whole number of 32-bit floats")]
    Length(usize),
}

impl<'a> EmbeddingRequest<'a> {
    /// Reads a request body.
    ///
    /// # Errors
    /// When it is not JSON, or a known field has another type than the format's.
    pub fn parse(body: &'a [u8]) -> Result<Self, json::Error> {
        json::read_object(body)
    }

    /// Appends the request body.
    pub fn write(&self, out: &mut BytesMut) {
        json::write(self, out);
    }

    /// The request body.
    pub fn to_bytes(&self) -> Bytes {
        json::to_bytes(self)
    }
}

impl<'a> EmbeddingResponse<'a> {
    /// An answer with `vectors` in the order of the inputs.
    pub fn new(model: Text<'a>, vectors: impl IntoIterator<Item = Vector<'a>>, tokens: u32) -> Self {
        let embed = |(index, embedding)| Embedding { index, embedding, ..Embedding::default() };
        EmbeddingResponse {
            object: ListObject,
            data: (0..).zip(vectors).map(embed).collect(),
            model,
            usage: EmbeddingUsage { prompt_tokens: tokens, total_tokens: tokens },
        }
    }

    /// Reads a response body; vectors stay unread.
    ///
    /// # Errors
    /// When it is not JSON or has no list of vectors.
    pub fn parse(body: &'a [u8]) -> Result<Self, json::Error> {
        if let Some(lifted) = json::lift(body, "embedding") {
            let frame: EmbeddingResponse<'_> = json::read_object(&lifted.frame)?;
            if let Some(response) = frame.with_lists(&lifted.lists) {
                return Ok(response);
            }
        }
        json::read_object(body)
    }

    /// The same answer with these lists in place of its vectors, which must be empty.
    fn with_lists<'l>(self, lists: &[&'l str]) -> Option<EmbeddingResponse<'l>> {
        let is_empty = |entry: &Embedding<'_>| entry.embedding.dimension() == 0;
        if self.data.len() != lists.len() || !self.data.iter().all(is_empty) {
            return None;
        }
        let entry = |(entry, list): (Embedding<'_>, &&'l str)| Embedding {
            object: entry.object,
            index: entry.index,
            embedding: Vector::Floats(FloatList::Rendered(list)),
        };
        Some(EmbeddingResponse {
            object: self.object,
            data: self.data.into_iter().zip(lists).map(entry).collect(),
            model: self.model.into_owned(),
            usage: self.usage,
        })
    }

    /// Appends the response body.
    pub fn write(&self, out: &mut BytesMut) {
        let vectors: usize = self.data.iter().map(|entry| entry.embedding.size()).sum();
        out.reserve(vectors + 256);
        out.put_slice(b"{\"object\":\"list\",\"data\":[");
        for (position, entry) in self.data.iter().enumerate() {
            out.put_slice(if position == 0 { b"" } else { b"," });
            entry.write(out);
        }
        out.put_slice(b"],\"model\":");
        json::write_text(&self.model, out);
        out.put_slice(b",\"usage\":");
        json::write(&self.usage, out);
        out.put_slice(b"}");
    }

    /// The response body.
    pub fn to_bytes(&self) -> Bytes {
        let mut out = BytesMut::new();
        self.write(&mut out);
        out.freeze()
    }
}

impl Embedding<'_> {
    fn write(&self, out: &mut BytesMut) {
        out.put_slice(b"{\"object\":\"embedding\",\"index\":");
        json::write(&self.index, out);
        out.put_slice(b",\"embedding\":");
        match &self.embedding {
            Vector::Floats(floats) => floats.write(out),
            Vector::Base64(text) => json::write_text(text, out),
        }
        out.put_slice(b"}");
    }
}

impl<'a> Input<'a> {
    /// How many vectors are asked for.
    pub fn count(&self) -> usize {
        match self {
            Input::Text(_) | Input::Tokens(_) => 1,
            Input::Texts(texts) => texts.len(),
            Input::TokenLists(lists) => lists.len(),
        }
    }

    /// The texts; none when the input is tokens.
    pub fn texts(&self) -> &[Text<'a>] {
        match self {
            Input::Text(text) => std::slice::from_ref(text),
            Input::Texts(texts) => texts,
            Input::Tokens(_) | Input::TokenLists(_) => &[],
        }
    }
}

impl Default for Input<'_> {
    fn default() -> Self {
        Input::Text(Text::default())
    }
}

impl<'a> Vector<'a> {
    /// `floats` in the form asked for.
    pub fn encode(floats: &'a [f32], format: EncodingFormat) -> Self {
        match format {
            EncodingFormat::Float => Vector::Floats(floats.into()),
            EncodingFormat::Base64 => Vector::Base64(encode_base64(floats).into()),
        }
    }

    /// About how many bytes of JSON it takes.
    fn size(&self) -> usize {
        match self {
            Vector::Floats(FloatList::Rendered(list)) => list.len() + 64,
            Vector::Floats(FloatList::Floats(floats)) => floats.len() * 14,
            Vector::Base64(text) => text.len() + 64,
        }
    }

    /// How many numbers it has, without reading them.
    pub fn dimension(&self) -> usize {
        match self {
            Vector::Floats(floats) => floats.dimension(),
            Vector::Base64(text) => text.trim_end_matches('=').len() * 3 / 4 / size_of::<f32>(),
        }
    }

    /// The numbers.
    ///
    /// # Errors
    /// When the text is not what its form promises.
    pub fn floats(&self) -> Result<Vec<f32>, VectorError> {
        match self {
            Vector::Floats(floats) => Ok(floats.floats()?.into_owned()),
            Vector::Base64(text) => decode_base64(text),
        }
    }
}

impl Default for Vector<'_> {
    fn default() -> Self {
        Vector::Floats(FloatList::default())
    }
}

/// Little-endian 32-bit floats in base64.
pub fn encode_base64(floats: &[f32]) -> String {
    let bytes: Vec<u8> = floats.iter().flat_map(|float| float.to_le_bytes()).collect();
    STANDARD.encode(bytes)
}

/// The floats of [`encode_base64`].
///
/// # Errors
/// When `text` is not base64 or no whole number of floats.
pub fn decode_base64(text: &str) -> Result<Vec<f32>, VectorError> {
    let bytes = STANDARD.decode(text)?;
    let (floats, rest) = bytes.as_chunks();
    if rest.is_empty() {
        Ok(floats.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
    } else {
        Err(VectorError::Length(bytes.len()))
    }
}

impl Serialize for Vector<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Vector::Floats(floats) => floats.serialize(serializer),
            Vector::Base64(text) => text.serialize(serializer),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Vector<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Raw::deserialize(deserializer)?;
        let vector = if raw.get().starts_with('"') {
            raw.read().map(Vector::Base64)
        } else {
            FloatList::of_raw(raw).map(Vector::Floats)
        };
        vector.map_err(D::Error::custom)
    }
}

impl Serialize for Input<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Input::Text(text) => text.serialize(serializer),
            Input::Texts(texts) => texts.serialize(serializer),
            Input::Tokens(tokens) => tokens.serialize(serializer),
            Input::TokenLists(lists) => lists.serialize(serializer),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Input<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(InputVisitor)
    }
}

struct InputVisitor;

impl<'de> Visitor<'de> for InputVisitor {
    type Value = Input<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, a list of strings, a list of tokens or a list of lists of tokens")
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Input::Text(text.into()))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Input::Text(text.to_owned().into()))
    }

    // The first element says what the others must be.
    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        Ok(match elements.next_element()? {
            None => Input::Texts(Vec::new()),
            Some(Element::Text(text)) => Input::Texts(rest(text, &mut elements)?),
            Some(Element::Token(token)) => Input::Tokens(rest(token, &mut elements)?),
            Some(Element::Tokens(tokens)) => Input::TokenLists(rest(tokens, &mut elements)?),
        })
    }
}

fn rest<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(first: T, elements: &mut A) -> Result<Vec<T>, A::Error> {
    let mut all = vec![first];
    while let Some(element) = elements.next_element()? {
        all.push(element);
    }
    Ok(all)
}

enum Element<'a> {
    Text(Text<'a>),
    Token(u32),
    Tokens(Vec<u32>),
}

impl<'de: 'a, 'a> Deserialize<'de> for Element<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Raw::deserialize(deserializer)?;
        match raw.get().as_bytes().first() {
            Some(b'"') => raw.read().map(Element::Text),
            Some(b'[') => raw.read().map(Element::Tokens),
            _ => raw.read().map(Element::Token),
        }
        .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn round_trip(body: &str) -> EmbeddingRequest<'_> {
        let request = EmbeddingRequest::parse(body.as_bytes()).unwrap();
        assert_eq!(std::str::from_utf8(&request.to_bytes()).unwrap(), body);
        request
    }

    #[test]
    fn every_form_of_input_is_kept() {
        let one = round_trip(r#"{"model":"m","input":"a","encoding_format":"base64","user":"u"}"#);
        assert_eq!(one.encoding_format, Some(EncodingFormat::Base64));
        assert_eq!((one.input.count(), one.input.texts().len()), (1, 1));
        let many = round_trip(r#"{"model":"m","input":["a","b\n"],"dimensions":256}"#);
        assert_eq!((many.input.count(), &*many.input.texts()[1]), (2, "b\n"));
        assert_eq!(round_trip(r#"{"model":"m","input":[1,2,3]}"#).input.count(), 1);
        assert_eq!(round_trip(r#"{"model":"m","input":[[1],[2,3]]}"#).input.count(), 2);
        assert_eq!(round_trip(r#"{"model":"m","input":[]}"#).input.count(), 0);
    }

    #[test]
    fn mixed_or_foreign_input_is_refused() {
        for input in [r#"["a",1]"#, r#"[1,"a"]"#, "[[1],2]", "7", "null", "{}", "[-1]", "[1.5]"] {
            let body = format!(r#"{{"model":"m","input":{input}}}"#);
            assert!(EmbeddingRequest::parse(body.as_bytes()).is_err(), "{input}");
        }
    }

    #[test]
    fn an_answer_is_the_services_byte_by_byte() {
        let answer = |format| {
            let vectors = [Vector::encode(&[1.0, -0.5], format)];
            EmbeddingResponse::new("text-embedding-3-small".into(), vectors, 8).to_bytes()
        };
        let floats = concat!(
            r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[1.0,-0.5]}],"#,
            r#""model":"text-embedding-3-small","usage":{"prompt_tokens":8,"total_tokens":8}}"#
        );
        assert_eq!(answer(EncodingFormat::Float), floats);
        let base64 = floats.replace("[1.0,-0.5]", r#""AACAPwAAAL8=""#);
        assert_eq!(answer(EncodingFormat::Base64), base64);
        for body in [floats, &base64] {
            let parsed = EmbeddingResponse::parse(body.as_bytes()).unwrap();
            assert_eq!(parsed.data[0].embedding.dimension(), 2);
            assert_eq!(parsed.data[0].embedding.floats().unwrap(), [1.0, -0.5]);
        }
    }

    #[test]
    fn long_vectors_are_read_and_written_as_short_ones_are() {
        let list = format!("[{}]", vec!["-0.0123"; 200].join(","));
        let vectors = [&list, &list].map(|list| Vector::Floats(FloatList::Rendered(list)));
        let response = EmbeddingResponse::new("m\"".into(), vectors, 8);
        let body = response.to_bytes();
        assert_eq!(body, serde_json::to_vec(&response).unwrap());
        assert_eq!(EmbeddingResponse::parse(&body).unwrap(), response);
        // A vector at an unknown place, or one that is cut off, does not go astray.
        let strange = format!(r#"{{"data":[{{"embedding":[1]}}],"x":{{"embedding":{list}}}}}"#);
        assert_eq!(EmbeddingResponse::parse(strange.as_bytes()).unwrap().data[0].embedding.dimension(), 1);
        assert!(EmbeddingResponse::parse(&body[..body.len() - 100]).is_err());
    }

    #[test]
    fn a_vector_that_is_none_is_refused() {
        assert!(matches!(decode_base64("!"), Err(VectorError::Base64(_))));
        assert!(matches!(decode_base64("AAAA"), Err(VectorError::Length(3))));
        assert!(EmbeddingResponse::parse(br#"{"data":[{"embedding":7}]}"#).is_err());
    }

    proptest! {
        #[test]
        fn base64_keeps_every_bit(bits in prop::collection::vec(any::<u32>(), 0..64)) {
            let floats: Vec<f32> = bits.iter().copied().map(f32::from_bits).collect();
            let text = encode_base64(&floats);
            prop_assert_eq!(Vector::Base64(text.as_str().into()).dimension(), floats.len());
            let back: Vec<u32> = decode_base64(&text).unwrap().into_iter().map(f32::to_bits).collect();
            prop_assert_eq!(back, bits);
        }

        #[test]
        fn no_bytes_panic(bytes in any::<Vec<u8>>()) {
            let _ = EmbeddingRequest::parse(&bytes);
            let _ = EmbeddingResponse::parse(&bytes);
        }
    }
}

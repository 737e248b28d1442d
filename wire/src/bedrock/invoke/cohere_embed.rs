//! Cohere Embed: `cohere.embed-english-v3`, `cohere.embed-multilingual-v3`, `cohere.embed-v4:0`.

use serde::Deserialize;

use super::schema::{self, Violations};
use crate::bedrock::error::text::malformed_input;
use crate::json::{self, Raw, Text};

/// The body of a call.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request<'a> {
    /// Up to 96 texts.
    #[serde(borrow, default)]
    pub texts: Option<Vec<Text<'a>>>,
    /// Pictures as data URIs.
    #[serde(default)]
    pub images: Option<Vec<Text<'a>>>,
    /// Texts and pictures together; version 4.
    #[serde(default)]
    pub inputs: Option<Vec<Raw<'a>>>,
    /// What the vectors are for.
    pub input_type: Text<'a>,
    /// `NONE`, `START` or `END`.
    #[serde(default)]
    pub truncate: Option<Text<'a>>,
    /// How the vectors are written; floats when left out.
    #[serde(default)]
    pub embedding_types: Vec<EmbeddingType>,
    /// Version 4: 256, 512, 1024 or 1536.
    #[serde(default)]
    pub output_dimension: Option<u32>,
    /// Version 4: most tokens of an input.
    #[serde(default)]
    pub max_tokens: Option<i64>,
}

/// How a vector is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EmbeddingType {
    /// Numbers.
    Float,
    /// −128 to 127.
    Int8,
    /// 0 to 255.
    Uint8,
    /// Signs, eight in a number of −128 to 127.
    Binary,
    /// Signs, eight in a number of 0 to 255.
    Ubinary,
}

impl EmbeddingType {
    /// As it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Float => "float",
            Self::Int8 => "int8",
            Self::Uint8 => "uint8",
            Self::Binary => "binary",
            Self::Ubinary => "ubinary",
        }
    }

    /// A vector of unit length in this form, as a JSON list.
    pub fn write(self, floats: &[f32]) -> String {
        match self {
            Self::Float => json_list(floats.iter()),
            Self::Int8 => json_list(floats.iter().map(|value| quantum(*value, floats.len()))),
            Self::Uint8 => json_list(floats.iter().map(|value| quantum(*value, floats.len()) + 128)),
            Self::Binary => json_list(packed(floats).map(|byte| i16::from(byte) - 128)),
            Self::Ubinary => json_list(packed(floats)),
        }
    }
}

fn json_list<T: std::fmt::Display>(numbers: impl Iterator<Item = T>) -> String {
    let numbers: Vec<String> = numbers.map(|number| number.to_string()).collect();
    format!("[{}]", numbers.join(","))
}

/// A number of a unit vector in 256 steps. Three and a half standard deviations reach the end of the scale.
fn quantum(value: f32, dimension: usize) -> i16 {
    let deviation = 1.0 / (dimension.max(1) as f32).sqrt();
    (value / deviation * (127.0 / 3.5)).round().clamp(-128.0, 127.0) as i16
}

/// The signs, the first one in the highest bit.
fn packed(floats: &[f32]) -> impl Iterator<Item = u8> + '_ {
    floats.chunks(8).map(|eight| {
        eight.iter().enumerate().fold(0, |byte, (bit, value)| byte | u8::from(*value > 0.0) << (7 - bit))
    })
}

/// Most inputs of a call.
const INPUTS_MAX: usize = 96;

impl<'a> Request<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// The text of the `ValidationException` with which the model `base` refuses it.
    pub fn parse(body: &'a [u8], base: &str) -> Result<Self, String> {
        let request: Self = schema::read(body)?;
        let is_v4 = base.contains("-v4");
        let mut violations = Violations::default();
        let kinds: &[&str] = &["search_document", "search_query", "classification", "clustering", "image"];
        violations.one_of("#/input_type", Some(&request.input_type), kinds);
        violations.one_of(
            "#/truncate",
            request.truncate.as_deref(),
            &["NONE", "START", "END", "LEFT", "RIGHT"],
        );
        for (name, items) in [
            ("#/texts", request.texts.as_ref().map(Vec::len)),
            ("#/images", request.images.as_ref().map(Vec::len)),
            ("#/inputs", request.inputs.as_ref().map(Vec::len)),
        ] {
            if let Some(items) = items {
                violations.items(name, items, (1, INPUTS_MAX));
            }
        }
        for (index, text) in request.texts.iter().flatten().enumerate() {
            violations.length(&format!("#/texts/{index}"), text, (1, if is_v4 { usize::MAX } else { 2048 }));
        }
        if let Some(dimension) = request.output_dimension {
            if !is_v4 {
                violations.add("#", "extraneous key [output_dimension] is not permitted");
            } else if ![256, 512, 1024, 1536].contains(&dimension) {
                violations.add("#/output_dimension", &format!("{dimension} is not a valid enum value"));
            }
        }
        violations.into_result()?;
        if request.inputs().is_empty() {
            return Err(malformed_input("#: required key [texts] not found"));
        }
        Ok(request)
    }

    /// What is to be embedded, each input as a text that stands for it.
    pub fn inputs(&self) -> Vec<&str> {
        let texts = self.texts.iter().flatten().chain(self.images.iter().flatten()).map(Text::as_str);
        texts.chain(self.inputs.iter().flatten().map(Raw::get)).collect()
    }

    /// How many numbers a vector of the model `base` has.
    pub fn dimension(&self, base: &str) -> usize {
        match self.output_dimension {
            Some(dimension) => dimension as usize,
            None if base.contains("-v4") => 1536,
            None => 1024,
        }
    }
}

/// The body of an answer: the vectors as they were asked for.
pub fn response(request: &Request<'_>, id: &str, vectors: &[Vec<f32>]) -> Vec<u8> {
    let lists = |form: EmbeddingType| {
        let lists: Vec<String> = vectors.iter().map(|vector| form.write(vector)).collect();
        format!("[{}]", lists.join(","))
    };
    let (embeddings, response_type) = if request.embedding_types.is_empty() {
        (lists(EmbeddingType::Float), "embeddings_floats")
    } else {
        let mut forms = request.embedding_types.clone();
        forms.sort_unstable();
        forms.dedup();
        let forms: Vec<String> =
            forms.into_iter().map(|form| format!(r#""{}":{}"#, form.as_str(), lists(form))).collect();
        (format!("{{{}}}", forms.join(",")), "embeddings_by_type")
    };
    let texts = json::to_bytes(&request.texts.as_deref().unwrap_or_default());
    let mut out =
        format!(r#"{{"id":"{id}","embeddings":{embeddings},"response_type":"{response_type}","texts":"#)
            .into_bytes();
    out.extend_from_slice(&texts);
    out.push(b'}');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const V3: &str = "cohere.embed-english-v3";
    const V4: &str = "cohere.embed-v4:0";

    fn answer(body: &str) -> serde_json::Value {
        let request = Request::parse(body.as_bytes(), V3).unwrap();
        serde_json::from_slice(&response(&request, "i", &[vec![0.5, -0.5, 0.5, -0.5]])).unwrap()
    }

    #[test]
    fn floats_come_by_default_and_other_forms_by_type() {
        let floats = answer(r#"{"texts":["Hi"],"input_type":"search_query"}"#);
        assert_eq!(floats["embeddings"][0][1], -0.5);
        assert_eq!(
            (&floats["response_type"], &floats["texts"][0]),
            (&"embeddings_floats".into(), &"Hi".into())
        );
        let typed = answer(
            r#"{"texts":["Hi"],"input_type":"search_query","embedding_types":["ubinary","float","int8","uint8","binary"]}"#,
        );
        assert_eq!(typed["response_type"], "embeddings_by_type");
        assert_eq!(typed["embeddings"]["int8"], serde_json::json!([[36, -36, 36, -36]]));
        assert_eq!(typed["embeddings"]["uint8"], serde_json::json!([[164, 92, 164, 92]]));
        assert_eq!(typed["embeddings"]["ubinary"], serde_json::json!([[0b1010_0000]]));
        assert_eq!(typed["embeddings"]["binary"], serde_json::json!([[32]]));
    }

    #[test]
    fn dimensions_are_those_of_the_model() {
        let of = |body: &'static str, base| {
            Request::parse(body.as_bytes(), base).map(|request| request.dimension(base))
        };
        let plain = r#"{"texts":["Hi"],"input_type":"search_query"}"#;
        assert_eq!((of(plain, V3), of(plain, V4)), (Ok(1024), Ok(1536)));
        let small = r#"{"texts":["Hi"],"input_type":"search_query","output_dimension":256}"#;
        assert_eq!(of(small, V4), Ok(256));
        assert!(of(small, V3).unwrap_err().contains("extraneous key [output_dimension]"));
    }

    #[test]
    fn a_body_must_fit_the_schema() {
        for (body, words) in [
            (r#"{"texts":["Hi"]}"#.to_owned(), "#: required key [input_type] not found"),
            (r#"{"input_type":"clustering"}"#.to_owned(), "#: required key [texts] not found"),
            (r#"{"texts":[],"input_type":"clustering"}"#.to_owned(), "minimum item count: 1, found: 0"),
            (r#"{"texts":["a"],"input_type":"x"}"#.to_owned(), "#/input_type: x is not a valid enum value"),
            (
                r#"{"texts":["a"],"input_type":"clustering","embedding_types":["f64"]}"#.to_owned(),
                "f64 is not a valid enum value",
            ),
            (
                format!(r#"{{"texts":[{}],"input_type":"clustering"}}"#, vec!["\"a\""; 97].join(",")),
                "#/texts: expected maximum item count: 96, found: 97",
            ),
        ] {
            let error = Request::parse(body.as_bytes(), V3).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    }
}

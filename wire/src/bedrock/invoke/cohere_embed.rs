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

/// The body of an answer to `request`; `list` writes the vector of an input in a form, as a JSON list.
pub fn response(request: &Request<'_>, id: &str, list: impl Fn(usize, EmbeddingType) -> String) -> Vec<u8> {
    let inputs = request.inputs().len();
    let lists = |form: EmbeddingType| {
        let lists: Vec<String> = (0..inputs).map(|input| list(input, form)).collect();
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

    fn answer(body: &str) -> String {
        let request = Request::parse(body.as_bytes(), V3).unwrap();
        let list = |input, form: EmbeddingType| format!(r#"[{input},"{}"]"#, form.as_str());
        String::from_utf8(response(&request, "i", list)).unwrap()
    }

    #[test]
    fn floats_come_by_default_and_other_forms_by_type() {
        assert_eq!(
            answer(r#"{"texts":["a","b"],"input_type":"search_query"}"#),
            r#"{"id":"i","embeddings":[[0,"float"],[1,"float"]],"response_type":"embeddings_floats","texts":["a","b"]}"#
        );
        assert_eq!(
            answer(
                r#"{"texts":["a"],"input_type":"search_query","embedding_types":["int8","float","int8"]}"#
            ),
            r#"{"id":"i","embeddings":{"float":[[0,"float"]],"int8":[[0,"int8"]]},"response_type":"embeddings_by_type","texts":["a"]}"#
        );
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

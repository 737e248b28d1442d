//! `GET /v1/models` and `GET /v1/models/{id}`.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::capabilities::Capabilities;
use super::catalogue::Known;
use crate::json::{self, Text, literal};

literal! {
    /// `"model"`.
    ModelType = "model"
}

/// The models a key may use.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelList<'a> {
    /// The models.
    #[serde(borrow)]
    pub data: Vec<Model<'a>>,
    /// Whether there is another page.
    #[serde(default)]
    pub has_more: bool,
    /// Where the page begins.
    #[serde(default)]
    pub first_id: Option<Text<'a>>,
    /// Where it ends.
    #[serde(default)]
    pub last_id: Option<Text<'a>>,
}

/// One model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model<'a> {
    /// Always `model`.
    #[serde(default)]
    pub r#type: ModelType,
    /// What a request names.
    #[serde(borrow)]
    pub id: Text<'a>,
    /// For a person.
    #[serde(default)]
    pub display_name: Text<'a>,
    /// RFC 3339.
    #[serde(default)]
    pub created_at: Text<'a>,
    /// The longest prompt, in tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_input_tokens: Option<u32>,
    /// The longest answer, in tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// What it can do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Capabilities>,
    /// `active`, `deprecated` or `retired`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifecycle: Option<Text<'a>>,
    /// `haiku`, `sonnet`, `opus`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<Text<'a>>,
}

impl<'a> ModelList<'a> {
    /// All models on one page.
    pub fn new(data: Vec<Model<'a>>) -> Self {
        Self::page(data, false)
    }

    /// One page, and whether there is another in the direction asked for.
    pub fn page(data: Vec<Model<'a>>, has_more: bool) -> Self {
        let first_id = data.first().map(|model| model.id.clone());
        let last_id = data.last().map(|model| model.id.clone());
        ModelList { data, has_more, first_id, last_id }
    }

    /// The response body.
    pub fn to_bytes(&self) -> Bytes {
        json::to_bytes(self)
    }
}

impl<'a> Model<'a> {
    /// A model of the catalogue.
    pub fn of_known(known: &Known) -> Self {
        Model {
            r#type: ModelType,
            id: known.id.into(),
            display_name: known.display_name.into(),
            created_at: format!("{}T00:00:00Z", known.released).into(),
            max_input_tokens: Some(known.max_input_tokens),
            max_tokens: Some(known.max_tokens),
            capabilities: Some(Capabilities::of(known)),
            lifecycle: Some(known.lifecycle.into()),
            line: Some(known.line.into()),
        }
    }

    /// A model of which nothing is known but its id.
    pub fn of_id(id: impl Into<Text<'a>>) -> Self {
        let id = id.into();
        let display_name = id.clone();
        Model { id, display_name, created_at: "1970-01-01T00:00:00Z".into(), ..Model::default() }
    }

    /// The response body for one model.
    pub fn to_bytes(&self) -> Bytes {
        json::to_bytes(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_the_services_byte_by_byte() {
        let model = |id: &'static str| Model {
            id: id.into(),
            display_name: "Claude".into(),
            created_at: "2026-01-01T00:00:00Z".into(),
            ..Model::default()
        };
        assert_eq!(
            ModelList::new(vec![model("a"), model("b")]).to_bytes(),
            concat!(
                r#"{"data":[{"type":"model","id":"a","display_name":"Claude","created_at":"2026-01-01T00:00:00Z"},"#,
                r#"{"type":"model","id":"b","display_name":"Claude","created_at":"2026-01-01T00:00:00Z"}],"#,
                r#""has_more":false,"first_id":"a","last_id":"b"}"#
            )
        );
        let empty = r#"{"data":[],"has_more":false,"first_id":null,"last_id":null}"#;
        assert_eq!(ModelList::new(Vec::new()).to_bytes(), empty);
    }
}

//! `GET /v1/models` and `GET /v1/models/{id}`.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::json::{self, Text, literal};

literal! {
    /// `"list"`.
    ListObject = "list"
}
literal! {
    /// `"model"`.
    ModelObject = "model"
}

/// The models a key may use.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ModelList<'a> {
    /// Always `list`.
    #[serde(default)]
    pub object: ListObject,
    /// The models.
    #[serde(borrow)]
    pub data: Vec<Model<'a>>,
}

/// One model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Model<'a> {
    /// What a request names.
    #[serde(borrow)]
    pub id: Text<'a>,
    /// Always `model`.
    #[serde(default)]
    pub object: ModelObject,
    /// Seconds since 1970.
    #[serde(default)]
    pub created: u64,
    /// Whose it is.
    #[serde(default)]
    pub owned_by: Text<'a>,
}

impl<'a> ModelList<'a> {
    /// A list of `data`.
    pub fn new(data: Vec<Model<'a>>) -> Self {
        ModelList { object: ListObject, data }
    }

    /// Reads a response body.
    ///
    /// # Errors
    /// When it is not JSON or has no list of models.
    pub fn parse(body: &'a [u8]) -> Result<Self, json::Error> {
        json::read_object(body)
    }

    /// The response body.
    pub fn to_bytes(&self) -> Bytes {
        json::to_bytes(self)
    }
}

impl Model<'_> {
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
        let model = Model { id: "chat".into(), created: 7, owned_by: "brownout".into(), ..Model::default() };
        let list = ModelList::new(vec![model]);
        let body =
            br#"{"object":"list","data":[{"id":"chat","object":"model","created":7,"owned_by":"brownout"}]}"#;
        assert_eq!(&list.to_bytes()[..], body);
        assert_eq!(ModelList::parse(body).unwrap(), list);
        assert!(ModelList::parse(b"{}").is_err());
    }
}

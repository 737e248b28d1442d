//! Tensors, in which `:serverStreamingPredict` takes its inputs and brings its outputs.
//!
//! A value is a tree: texts and numbers in lists, lists and structures of further tensors. The generated clients write
//! a plain number or text as a list of one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::proto_json::{message, message_map, messages, scalar, texts};
use crate::json::{self, Raw, Text, null_as_default};

/// A value of any type. The member that its type says has it; which one that is nobody here needs to be told.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Tensor<'a> {
    /// The type, by name or number.
    #[serde(borrow, deserialize_with = "scalar", skip_serializing_if = "Option::is_none")]
    pub dtype: Option<Raw<'a>>,
    /// The lengths of its dimensions, numbers or texts of numbers.
    #[serde(deserialize_with = "null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub shape: Vec<Raw<'a>>,
    /// Truth values.
    #[serde(alias = "bool_val", deserialize_with = "null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub bool_val: Vec<bool>,
    /// Texts.
    #[serde(alias = "string_val", deserialize_with = "texts", skip_serializing_if = "Vec::is_empty")]
    pub string_val: Vec<Text<'a>>,
    /// Bytes, in base64.
    #[serde(alias = "bytes_val", deserialize_with = "texts", skip_serializing_if = "Vec::is_empty")]
    pub bytes_val: Vec<Text<'a>>,
    /// Numbers.
    #[serde(
        alias = "float_val",
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub float_val: Vec<Raw<'a>>,
    /// Numbers.
    #[serde(
        alias = "double_val",
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub double_val: Vec<Raw<'a>>,
    /// Whole numbers.
    #[serde(alias = "int_val", deserialize_with = "null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub int_val: Vec<Raw<'a>>,
    /// Whole numbers, as texts too.
    #[serde(
        alias = "int64_val",
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub int64_val: Vec<Raw<'a>>,
    /// Whole numbers that are not negative.
    #[serde(alias = "uint_val", deserialize_with = "null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub uint_val: Vec<Raw<'a>>,
    /// Whole numbers that are not negative, as texts too.
    #[serde(
        alias = "uint64_val",
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub uint64_val: Vec<Raw<'a>>,
    /// A list.
    #[serde(alias = "list_val", deserialize_with = "messages", skip_serializing_if = "Vec::is_empty")]
    pub list_val: Vec<Tensor<'a>>,
    /// A structure.
    #[serde(alias = "struct_val", deserialize_with = "message_map")]
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub struct_val: BTreeMap<String, Tensor<'a>>,
    /// Raw content, in base64.
    #[serde(alias = "tensor_val", skip_serializing_if = "Option::is_none")]
    pub tensor_val: Option<Text<'a>>,
}

/// A request for a stream of predictions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StreamingPredictRequest<'a> {
    /// What predictions are made of.
    #[serde(borrow, deserialize_with = "messages", skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<Tensor<'a>>,
    /// How they are made.
    #[serde(deserialize_with = "message", skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Tensor<'a>>,
}

/// One message of the stream.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StreamingPredictResponse<'a> {
    /// What was predicted.
    #[serde(borrow, deserialize_with = "messages", skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<Tensor<'a>>,
}

impl<'a> Tensor<'a> {
    /// A text.
    pub fn of_text(text: impl Into<Text<'a>>) -> Self {
        Tensor { string_val: vec![text.into()], ..Tensor::default() }
    }

    /// A truth value.
    pub fn of_bool(value: bool) -> Self {
        Tensor { bool_val: vec![value], ..Tensor::default() }
    }

    /// A structure.
    pub fn of_struct<const N: usize>(members: [(&str, Tensor<'a>); N]) -> Self {
        let members = members.into_iter().map(|(name, value)| (name.to_owned(), value));
        Tensor { struct_val: members.collect(), ..Tensor::default() }
    }

    /// A member of a structure.
    pub fn member(&self, name: &str) -> Option<&Tensor<'a>> {
        self.struct_val.get(name)
    }

    /// The first whole number in it, whatever its width.
    pub fn integer(&self) -> Option<i64> {
        let number = [&self.int_val, &self.int64_val, &self.uint_val, &self.uint64_val]
            .into_iter()
            .find_map(|numbers| numbers.first())?;
        number.get().trim_matches('"').parse().ok()
    }

    /// Hands out every text in it, at whatever depth.
    pub fn each_text<'t>(&'t self, read: &mut impl FnMut(&'t str)) {
        self.string_val.iter().for_each(|text| read(text));
        self.list_val.iter().for_each(|tensor| tensor.each_text(read));
        self.struct_val.values().for_each(|tensor| tensor.each_text(read));
    }
}

impl<'a> StreamingPredictRequest<'a> {
    /// Reads a request body.
    ///
    /// # Errors
    /// When it is not JSON, or a field has another type than the proto's.
    pub fn parse(body: &'a [u8]) -> Result<Self, json::Error> {
        json::read_object(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const REQUEST: &str = concat!(
        r#"{"inputs":[{"structVal":{"prompt":{"stringVal":["hello"]},"tags":{"listVal":[{"stringVal":["a"]},{"boolVal":[true]}]}}}],"#,
        r#""parameters":{"structVal":{"maxOutputTokens":{"intVal":[64]},"temperature":{"floatVal":[0.2]}}}}"#,
    );

    #[test]
    fn a_request_is_written_as_it_was_read() {
        let request = StreamingPredictRequest::parse(REQUEST.as_bytes()).expect("a request");
        assert_eq!(json::to_bytes(&request), REQUEST);
        let mut texts = Vec::new();
        request.inputs[0].each_text(&mut |text| texts.push(text));
        assert_eq!(texts, ["hello", "a"]);
        let parameters = request.parameters.as_ref().expect("parameters");
        let limit = parameters.member("maxOutputTokens").and_then(Tensor::integer);
        assert_eq!((limit, parameters.member("topK")), (Some(64), None));
    }

    #[test]
    fn numbers_of_every_width_are_numbers() {
        for tensor in [r#"{"int64_val":["7"]}"#, r#"{"uintVal":[7]}"#, r#"{"uint64Val":[7,8]}"#] {
            let tensor: Tensor<'_> = serde_json::from_str(tensor).expect(tensor);
            assert_eq!(tensor.integer(), Some(7));
        }
        assert_eq!(Tensor::of_text("7").integer(), None);
    }

    #[test]
    fn what_is_no_tensor_is_refused() {
        for body in [
            r#"{"inputs":[[]]}"#,
            r#"{"inputs":["x"]}"#,
            r#"{"parameters":[]}"#,
            r#"{"inputs":[{"stringVal":[5]}]}"#,
        ] {
            assert!(StreamingPredictRequest::parse(body.as_bytes()).is_err(), "{body}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in any::<Vec<u8>>()) {
            let _ = StreamingPredictRequest::parse(&bytes);
        }

        #[test]
        fn any_text_comes_back(text in any::<String>()) {
            let response = StreamingPredictResponse { outputs: vec![Tensor::of_text(text.as_str())] };
            let bytes = json::to_bytes(&response);
            let read: StreamingPredictResponse<'_> = serde_json::from_slice(&bytes).unwrap();
            prop_assert_eq!(read, response);
        }
    }
}

//! Google's schema dialect, an OpenAPI subset with types in upper case, and what it says as JSON Schema.

use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use super::numbers::proto_u32;
use crate::json::{Raw, Text, null_as_default};
use crate::vertex::proto_json::{self, LIST, OBJECT, element, message, messages, texts};

/// A schema of Google's, of which only what restricts a value is read.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub struct Schema<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<TypeName<'a>>,
    #[serde(default)]
    nullable: Option<bool>,
    #[serde(default)]
    format: Option<Text<'a>>,
    #[serde(default, rename = "enum", deserialize_with = "texts")]
    values: Vec<Text<'a>>,
    #[serde(default, deserialize_with = "message")]
    items: Option<Box<Schema<'a>>>,
    #[serde(default, deserialize_with = "null_as_default")]
    properties: Properties<'a>,
    #[serde(default, alias = "property_ordering", deserialize_with = "texts")]
    property_ordering: Vec<Text<'a>>,
    #[serde(default, deserialize_with = "texts")]
    required: Vec<Text<'a>>,
    #[serde(default, alias = "any_of", deserialize_with = "messages")]
    any_of: Vec<Schema<'a>>,
    #[serde(default, alias = "min_items", deserialize_with = "proto_u32")]
    min_items: Option<u32>,
    #[serde(default, alias = "max_items", deserialize_with = "proto_u32")]
    max_items: Option<u32>,
    #[serde(default, alias = "min_length", deserialize_with = "proto_u32")]
    min_length: Option<u32>,
    #[serde(default, alias = "max_length", deserialize_with = "proto_u32")]
    max_length: Option<u32>,
    #[serde(default, deserialize_with = "proto_json::scalar")]
    minimum: Option<Raw<'a>>,
    #[serde(default, deserialize_with = "proto_json::scalar")]
    maximum: Option<Raw<'a>>,
    #[serde(default)]
    pattern: Option<Text<'a>>,
    #[serde(default, rename = "ref", alias = "$ref")]
    reference: Option<Text<'a>>,
    #[serde(default, rename = "defs", alias = "$defs", deserialize_with = "null_as_default")]
    definitions: Properties<'a>,
}

/// A type's name or number, as it was written.
#[derive(Debug, Clone, PartialEq)]
enum TypeName<'a> {
    Name(Text<'a>),
    Number(u64),
}

/// Named schemas in the order in which they were written.
#[derive(Debug, Clone, Default, PartialEq)]
struct Properties<'a>(Vec<(Text<'a>, Schema<'a>)>);

/// A schema that the service refuses.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SchemaError {
    /// It is not of the proto's shape.
    #[error("{0}")]
    Shape(String),
    /// A type that there is not.
    #[error("unknown type {value:?} at {path}")]
    Type {
        /// Where, as in `properties[0].value.type`.
        path: String,
        /// What stands there.
        value: String,
    },
}

const TYPES: [&str; 7] = ["string", "number", "integer", "boolean", "array", "object", "null"];

impl<'a> Schema<'a> {
    /// Reads a schema and checks its types.
    ///
    /// # Errors
    /// When it is not of the proto's shape, or names a type that there is not.
    pub fn parse(raw: Raw<'a>) -> Result<Self, SchemaError> {
        let schema: Self = raw.read().map_err(|error| SchemaError::Shape(error.to_string()))?;
        schema.check("")?;
        Ok(schema)
    }

    /// The same as JSON Schema.
    pub fn to_json_schema(&self) -> String {
        serde_json::to_string(self).expect("structs with text keys")
    }

    fn check(&self, path: &str) -> Result<(), SchemaError> {
        if let Some(kind) = &self.kind
            && kind.json_name().is_none()
        {
            return Err(SchemaError::Type { path: format!("{path}type"), value: kind.to_string() });
        }
        // Google's reader numbers what has names of the caller's own.
        for (index, (_, property)) in self.properties.0.iter().enumerate() {
            property.check(&format!("{path}properties[{index}].value."))?;
        }
        for (index, (_, definition)) in self.definitions.0.iter().enumerate() {
            definition.check(&format!("{path}defs[{index}].value."))?;
        }
        for (index, one) in self.any_of.iter().enumerate() {
            one.check(&format!("{path}any_of[{index}]."))?;
        }
        self.items.as_ref().map_or(Ok(()), |items| items.check(&format!("{path}items.")))
    }

    /// The properties as `propertyOrdering` has them, the others after them.
    fn ordered(&self) -> Vec<&(Text<'a>, Schema<'a>)> {
        let mut properties: Vec<_> = self.properties.0.iter().collect();
        let place = |name: &Text<'_>| self.property_ordering.iter().position(|listed| listed == name);
        properties.sort_by_key(|(name, _)| place(name).unwrap_or(usize::MAX));
        properties
    }
}

impl TypeName<'_> {
    fn json_name(&self) -> Option<&'static str> {
        match self {
            TypeName::Name(name) => TYPES.into_iter().find(|known| known.eq_ignore_ascii_case(name)),
            TypeName::Number(number) => TYPES.get(usize::try_from(*number).ok()?.checked_sub(1)?).copied(),
        }
    }
}

impl fmt::Display for TypeName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TypeName::Name(name) => name.fmt(f),
            TypeName::Number(number) => number.fmt(f),
        }
    }
}

impl Serialize for Schema<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self.kind.as_ref().and_then(TypeName::json_name) {
            Some(kind) if self.nullable == Some(true) => map.serialize_entry("type", &[kind, "null"])?,
            Some(kind) => map.serialize_entry("type", kind)?,
            None => {}
        }
        entry(&mut map, "format", self.format.as_ref().filter(|format| !is_dialects_own(format)))?;
        entry(&mut map, "enum", Some(&self.values).filter(|values| !values.is_empty()))?;
        entry(&mut map, "items", self.items.as_ref())?;
        if !self.properties.0.is_empty() {
            map.serialize_entry("properties", &InOrder(&self.ordered()))?;
        }
        entry(&mut map, "required", Some(&self.required).filter(|names| !names.is_empty()))?;
        entry(&mut map, "anyOf", Some(&self.any_of).filter(|schemas| !schemas.is_empty()))?;
        entry(&mut map, "minItems", self.min_items)?;
        entry(&mut map, "maxItems", self.max_items)?;
        entry(&mut map, "minLength", self.min_length)?;
        entry(&mut map, "maxLength", self.max_length)?;
        entry(&mut map, "minimum", self.minimum)?;
        entry(&mut map, "maximum", self.maximum)?;
        entry(&mut map, "pattern", self.pattern.as_ref())?;
        entry(&mut map, "$ref", self.reference.as_ref())?;
        if !self.definitions.0.is_empty() {
            map.serialize_entry("$defs", &InOrder(&self.definitions.0.iter().collect::<Vec<_>>()))?;
        }
        map.end()
    }
}

/// A format that JSON Schema does not have: `enum`, and the sizes of numbers.
fn is_dialects_own(format: &str) -> bool {
    matches!(format, "enum" | "int32" | "int64" | "float" | "double")
}

fn entry<M: SerializeMap>(map: &mut M, key: &str, value: Option<impl Serialize>) -> Result<(), M::Error> {
    value.map_or(Ok(()), |value| map.serialize_entry(key, &value))
}

struct InOrder<'s, 'a>(&'s [&'s (Text<'a>, Schema<'a>)]);

impl Serialize for InOrder<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, schema)| (name, schema)))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for TypeName<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Raw::deserialize(deserializer)?;
        match raw.get().as_bytes()[0] {
            b'[' => return Err(D::Error::custom(LIST)),
            b'{' => return Err(D::Error::custom(OBJECT)),
            _ => {}
        }
        let name = raw.read().map(TypeName::Name);
        name.or_else(|_| raw.read().map(TypeName::Number)).map_err(D::Error::custom)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Properties<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PropertiesVisitor).map(Properties)
    }
}

struct PropertiesVisitor;

impl<'de> Visitor<'de> for PropertiesVisitor {
    type Value = Vec<(Text<'de>, Schema<'de>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("named schemas")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut properties = Vec::new();
        while let Some(name) = map.next_key()? {
            properties.push((name, map.next_value_seed(element())?));
        }
        Ok(properties)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translated(google: &str) -> Result<String, SchemaError> {
        Schema::parse(Raw::parse(google).expect(google)).map(|schema| schema.to_json_schema())
    }

    #[test]
    fn the_dialect_is_translated() {
        for (google, json) in [
            (r#"{"type":"STRING"}"#, r#"{"type":"string"}"#),
            (r#"{"type":3,"format":"int64","minimum":1.0}"#, r#"{"type":"integer","minimum":1.0}"#),
            (r#"{"type":"NUMBER","nullable":true}"#, r#"{"type":["number","null"]}"#),
            (
                r#"{"type":"STRING","format":"enum","enum":["a","b"]}"#,
                r#"{"type":"string","enum":["a","b"]}"#,
            ),
            (
                r#"{"type":"ARRAY","items":{"type":"STRING","format":"date-time"},"minItems":"1","max_items":3}"#,
                r#"{"type":"array","items":{"type":"string","format":"date-time"},"minItems":1,"maxItems":3}"#,
            ),
            (
                r#"{"anyOf":[{"type":"STRING"},{"type":"NULL"}]}"#,
                r#"{"anyOf":[{"type":"string"},{"type":"null"}]}"#,
            ),
            (
                r##"{"ref":"#/defs/n","defs":{"n":{"type":"object"}}}"##,
                r##"{"$ref":"#/defs/n","$defs":{"n":{"type":"object"}}}"##,
            ),
        ] {
            assert_eq!(translated(google).as_deref(), Ok(json));
        }
    }

    #[test]
    fn properties_come_in_the_order_asked_for() {
        let google = r#"{"type":"OBJECT","title":"x","properties":{"b":{"type":"STRING"},"c":{"type":"BOOLEAN"},"a":{"type":"INTEGER"}},
            "required":["a"],"propertyOrdering":["a","b"]}"#;
        let json = concat!(
            r#"{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"string"},"c":{"type":"boolean"}},"#,
            r#""required":["a"]}"#
        );
        assert_eq!(translated(google).as_deref(), Ok(json));
    }

    #[test]
    fn a_type_that_there_is_not_is_found_in_its_place() {
        let google = r#"{"type":"OBJECT","properties":{"age":{"type":"ARRAY","items":{"type":"DATE"}}}}"#;
        let error = SchemaError::Type { path: "properties[0].value.items.type".into(), value: "DATE".into() };
        assert_eq!(translated(google), Err(error));
        let error = SchemaError::Type { path: "type".into(), value: "8".into() };
        assert_eq!(translated(r#"{"type":8}"#), Err(error));
        assert!(matches!(translated(r#"{"type":["string","null"]}"#), Err(SchemaError::Shape(_))));
    }
}

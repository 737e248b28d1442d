//! Every value is held against the schema by a validator that is not ours.

use super::*;
use serde_json::{Value, json};

fn made(schema: &Value, key: u64) -> Value {
    let text = generate(Some(&schema.to_string()), &mut Draws::from_hash(key));
    serde_json::from_str(&text).expect("JSON")
}

/// Fifty values, all valid; returns them.
fn valid(schema: &Value) -> Vec<Value> {
    let validator =
        jsonschema::options().should_validate_formats(true).build(schema).expect("a sound schema");
    let values: Vec<Value> = (0..50).map(|key| made(schema, key)).collect();
    for value in &values {
        if let Err(error) = validator.validate(value) {
            panic!("{schema}\nmade {value}\n{error}");
        }
    }
    values
}

fn fallback(schema: &Value) {
    for key in 0..5 {
        let value = made(schema, key);
        assert!(value["answer"].is_string(), "{schema} made {value}");
        let arguments = generate_object(Some(&schema.to_string()), &mut Draws::from_hash(key));
        assert_eq!(arguments, "{}", "{schema}");
    }
}

#[test]
fn every_keyword_is_heeded() {
    for schema in [
        json!({}),
        json!(true),
        json!({"type": "string"}),
        json!({"type": ["string", "null"]}),
        json!({"type": "string", "minLength": 30, "maxLength": 31}),
        json!({"type": "string", "maxLength": 3}),
        json!({"type": "integer", "minimum": -5, "exclusiveMaximum": -3}),
        json!({"type": "integer", "multipleOf": 7, "minimum": 100, "maximum": 120}),
        json!({"type": "integer", "multipleOf": 1.5, "maximum": 10}),
        json!({"type": "number", "multipleOf": 0.01, "minimum": 0, "maximum": 1}),
        json!({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.001}),
        json!({"type": "number", "minimum": 1e9}),
        json!({"enum": ["a", 1, null, {"b": [2]}]}),
        json!({"const": {"a": 1.0}}),
        json!({"type": "array", "items": {"type": "integer"}, "minItems": 4, "maxItems": 5}),
        json!({"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 5}, "minItems": 6, "uniqueItems": true}),
        json!({"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": false}),
        json!({"type": "array", "contains": {"const": 5}, "items": {"type": "integer", "minimum": 5, "maximum": 5}}),
        json!({"type": "object", "additionalProperties": {"type": "boolean"}, "minProperties": 3}),
        json!({"type": "object", "required": ["unheard"], "properties": {"a": {"type": "null"}}}),
        json!({"type": "object", "properties": {"a": {}, "b": {}, "c": {}}, "maxProperties": 1}),
        json!({"not": {"type": "number"}, "type": ["number", "string"]}),
    ] {
        valid(&schema);
    }
}

#[test]
fn formats_and_patterns_are_heeded() {
    for format in [
        "date-time",
        "date",
        "time",
        "duration",
        "email",
        "hostname",
        "uri",
        "uri-reference",
        "ipv4",
        "ipv6",
        "uuid",
        "json-pointer",
        "regex",
    ] {
        valid(&json!({"type": "string", "format": format}));
    }
    for pattern in [
        "^[A-Z]{3}-\\d{4}$",
        "^(red|green|blue)$",
        "^\\+?[1-9]\\d{1,14}$",
        "^[^\\s@]+@[^\\s@]+\\.[a-z]{2,}$",
        "^\\w+$",
        "^.{5}$",
        "abc",
        "^(a|b)*c?$",
        "^#[0-9a-fA-F]{6}$",
        "^é+$",
    ] {
        valid(&json!({"type": "string", "pattern": pattern}));
    }
    valid(&json!({"type": "string", "pattern": "^[a-z]+$", "minLength": 40, "maxLength": 900}));
}

#[test]
fn schemas_are_combined() {
    for schema in [
        json!({"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]}),
        json!({"oneOf": [{"type": "number"}, {"type": "integer"}]}),
        json!({"oneOf": [
            {"type": "object", "properties": {"kind": {"const": "cat"}, "lives": {"type": "integer"}}, "required": ["kind", "lives"]},
            {"type": "object", "properties": {"kind": {"const": "dog"}, "tricks": {"type": "array", "items": {"type": "string"}}}, "required": ["kind"]},
        ]}),
        json!({"allOf": [
            {"type": "object", "properties": {"a": {"type": "integer", "minimum": 3}}, "required": ["a"]},
            {"properties": {"a": {"maximum": 4}, "b": {"type": "string"}}, "required": ["b"]},
        ]}),
        json!({"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"],
            "anyOf": [{"properties": {"y": {"type": "string"}}, "required": ["y"]}, {"properties": {"z": {"type": "boolean"}}, "required": ["z"]}]}),
        json!({"allOf": [{"enum": [1, 2, 3]}, {"enum": [3, 4]}, {"type": ["number", "string"]}, {"type": "integer"}]}),
        json!({"$defs": {"point": {"type": "object", "properties": {"x": {"type": "number"}, "y": {"type": "number"}}, "required": ["x", "y"], "additionalProperties": false}},
            "type": "array", "items": {"$ref": "#/$defs/point"}, "minItems": 2}),
        json!({"definitions": {"a/b": {"type": "integer"}}, "$ref": "#/definitions/a~1b", "minimum": 7}),
        json!({"anyOf": [{"type": "integer"}, {"type": "string"}], "allOf": [{"anyOf": [{"minimum": 5}, {"type": "string"}]}]}),
    ] {
        valid(&schema);
    }
}

#[test]
fn recursion_ends() {
    let tree = json!({"$defs": {"node": {"type": "object", "properties": {
        "value": {"type": "integer"}, "children": {"type": "array", "items": {"$ref": "#/$defs/node"}}
    }, "required": ["value", "children"], "additionalProperties": false}}, "$ref": "#/$defs/node"});
    let list = json!({"type": "object", "properties": {"value": {"type": "string"}, "next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}}, "required": ["value", "next"]});
    for schema in [tree, list] {
        let values = valid(&schema);
        let longest = values.iter().map(|value| value.to_string().len()).max().expect("some");
        assert!(longest < 20_000, "{longest} bytes");
    }
}

#[test]
fn what_cannot_be_fulfilled_gets_the_fallback() {
    for schema in [
        json!(false),
        json!(5),
        json!({"$ref": "#"}),
        json!({"$ref": "#/nowhere"}),
        json!({"$ref": "https://example.com/schema"}),
        json!({"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}),
        json!({"type": "object", "properties": {"a": {"$ref": "#"}, "b": {"$ref": "#"}}, "required": ["a", "b"]}),
        json!({"type": "integer", "minimum": 5, "maximum": 4}),
        json!({"type": "integer", "minimum": 0.1, "maximum": 0.9}),
        json!({"type": "string", "minLength": 4_000_000_000_u64}),
        json!({"type": "array", "minItems": 1_000_000, "items": {}}),
        json!({"type": "array", "items": {"enum": [1, 2]}, "uniqueItems": true, "minItems": 3}),
        json!({"type": "string", "pattern": "(?=lookahead)x"}),
        json!({"type": "string", "pattern": "a{100000000}"}),
        json!({"type": "unheard-of"}),
        json!({"allOf": [{"type": "string"}, {"type": "integer"}]}),
        json!({"type": "string", "not": {}}),
        json!({"type": "object", "required": ["a"], "additionalProperties": false}),
    ] {
        fallback(&schema);
    }
    let nested = format!("{}{{}}{}", r#"{"items":"#.repeat(500), "}".repeat(500));
    assert!(generate(Some(&nested), &mut Draws::from_hash(1)).starts_with("{\"answer\""));
    assert_eq!(generate_object(None, &mut Draws::from_hash(1)), "{}");
    assert_eq!(generate_object(Some(r#"{"type":"string"}"#), &mut Draws::from_hash(1)), "{}");
}

#[test]
fn googles_dialect_is_understood() {
    let schema = json!({"type": "OBJECT", "propertyOrdering": ["count", "name"], "required": ["name", "count", "tags"], "properties": {
        "name": {"type": "STRING", "maxLength": "5"},
        "count": {"type": "INTEGER", "format": "int32", "minimum": 3, "nullable": true},
        "tags": {"type": "ARRAY", "items": {"type": "STRING", "format": "enum", "enum": ["A", "B"]}, "minItems": "2", "maxItems": "2"},
    }});
    let mut nulls = 0;
    for key in 0..100 {
        let text = generate(Some(&schema.to_string()), &mut Draws::from_hash(key));
        assert!(text.starts_with(r#"{"count":"#), "{text}");
        let value: Value = serde_json::from_str(&text).expect("JSON");
        assert!(value["name"].as_str().expect("a name").len() <= 5);
        assert_eq!(value["tags"].as_array().map(Vec::len), Some(2));
        nulls += usize::from(value["count"].is_null());
    }
    assert!((1..50).contains(&nulls), "{nulls}");
}

#[test]
fn a_value_depends_on_its_place_alone() {
    let schema = |more: Value| {
        let mut properties = json!({"city": {"type": "string"}});
        properties.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
        json!({"type": "object", "properties": properties, "required": ["city"]})
    };
    let (few, many) =
        (schema(json!({})), schema(json!({"a": {"type": "string"}, "z": {"type": "array", "items": {}}})));
    for key in 0..20 {
        assert_eq!(made(&few, key)["city"], made(&many, key)["city"]);
    }
    assert!((0..20).any(|key| made(&few, key) != made(&few, key + 1)));
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    fn leaf() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(json!({"type": "boolean"})),
            Just(json!({"type": "null"})),
            (0..50_i64, 0..50_i64)
                .prop_map(|(a, b)| json!({"type": "integer", "minimum": a, "maximum": a + b})),
            (0..20_u64, 0..20_u64)
                .prop_map(|(a, b)| json!({"type": "string", "minLength": a, "maxLength": a + b})),
            prop::collection::vec(-5..5_i32, 1..4).prop_map(|values| json!({"enum": values})),
            (1..400_u32).prop_map(
                |step| json!({"type": "number", "multipleOf": f64::from(step) / 100.0, "maximum": 50})
            ),
            prop_oneof!["[a-z]{2,4}", "[A-Z0-9]_[a-z]", "x+"]
                .prop_map(|text| json!({"type": "string", "pattern": format!("^{text}$")})),
            Just(json!({"$ref": "#/$defs/leaf"})),
        ]
    }

    fn schema() -> impl Strategy<Value = Value> {
        leaf().prop_recursive(4, 40, 5, |inner| {
            let member = ("[a-f]", inner.clone(), any::<bool>());
            prop_oneof![
                (inner.clone(), 0..3_u64, 0..4_u64).prop_map(|(items, least, more)| json!({"type": "array", "items": items, "minItems": least, "maxItems": least + more})),
                (prop::collection::vec(member, 0..5), any::<bool>()).prop_map(|(members, is_open)| {
                    let required: Vec<&str> = members.iter().filter(|(_, _, required)| *required).map(|(name, _, _)| &**name).collect::<std::collections::BTreeSet<_>>().into_iter().collect();
                    let properties: serde_json::Map<String, Value> = members.iter().map(|(name, schema, _)| (name.clone(), schema.clone())).collect();
                    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": is_open})
                }),
                prop::collection::vec(inner.clone(), 1..4).prop_map(|branches| json!({"anyOf": branches})),
                inner.prop_map(|one| json!({"allOf": [one]})),
            ]
        })
    }

    proptest! {
        #[test]
        fn values_are_valid(mut schema in schema(), key in any::<u64>()) {
            schema.as_object_mut().expect("an object").insert("$defs".to_owned(), json!({"leaf": {"type": "integer", "maximum": 9}}));
            let value = made(&schema, key);
            let validator = jsonschema::options().build(&schema).expect("a sound schema");
            prop_assert!(validator.is_valid(&value), "{schema}\nmade {value}");
        }

        #[test]
        fn any_json_as_a_schema_is_survived(text in "[{}\\[\\]:,\"a-z0-9$#/]{0,40}", key in any::<u64>()) {
            let made = generate(Some(&text), &mut Draws::from_hash(key));
            prop_assert!(serde_json::from_str::<Value>(&made).is_ok());
        }
    }
}

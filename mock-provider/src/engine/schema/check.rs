//! Whether a schema allows a value, as far as values are made here.

use indexmap::IndexMap;

use super::json::{Json, same};

/// Schemas nested deeper are taken to allow.
const DEPTH: usize = 64;

/// Whether `schema`, whose references point into `root`, allows `value`. Keywords that are not known here
/// demand nothing.
pub(super) fn allows(root: &Json, schema: &Json, value: &Json) -> bool {
    Check { root }.schema(schema, value, 0)
}

struct Check<'s> {
    root: &'s Json,
}

impl Check<'_> {
    fn schema(&self, schema: &Json, value: &Json, depth: usize) -> bool {
        let Json::Object(keywords) = schema else { return *schema != Json::Bool(false) };
        if depth > DEPTH {
            return true;
        }
        let is_null = *value == Json::Null && keywords.get("nullable") == Some(&Json::Bool(true));
        is_null
            || (is_of_type(keywords, value)
                && self.combined(schema, value, depth)
                && match value {
                    Json::Number(_) => is_number(schema, value.as_f64().unwrap_or_default()),
                    Json::String(text) => is_length(schema, ("minLength", "maxLength"), text.chars().count()),
                    Json::Array(items) => self.array(schema, items, depth),
                    Json::Object(members) => self.object(schema, members, depth),
                    Json::Null | Json::Bool(_) => true,
                })
    }

    fn combined(&self, schema: &Json, value: &Json, depth: usize) -> bool {
        let list = |key: &str| schema.get(key).and_then(Json::as_array);
        let holds = |part: &Json| self.schema(part, value, depth + 1);
        let referred = schema.get("$ref").and_then(Json::as_str);
        referred.is_none_or(|at| super::merge::pointed_at(self.root, at).is_some_and(holds))
            && schema.get("const").is_none_or(|only| same(only, value))
            && list("enum").is_none_or(|values| values.iter().any(|known| same(known, value)))
            && list("allOf").is_none_or(|parts| parts.iter().all(holds))
            && list("anyOf").is_none_or(|parts| parts.iter().any(holds))
            && list("oneOf").is_none_or(|parts| parts.iter().filter(|part| holds(part)).count() == 1)
            && schema.get("not").is_none_or(|not| !holds(not))
    }

    fn array(&self, schema: &Json, items: &[Json], depth: usize) -> bool {
        let first = schema.list("prefixItems").or_else(|| schema.list("items")).unwrap_or_default();
        let rest = match schema.get("items") {
            Some(Json::Array(_)) | None => schema.get("additionalItems"),
            rest => rest,
        };
        let is_item = |(index, item): (usize, &Json)| {
            first.get(index).or(rest).is_none_or(|schema| self.schema(schema, item, depth + 1))
        };
        let contains = |schema: &Json| items.iter().any(|item| self.schema(schema, item, depth + 1));
        let is_repeated =
            |(index, item): (usize, &Json)| items[..index].iter().any(|known| same(known, item));
        is_length(schema, ("minItems", "maxItems"), items.len())
            && items.iter().enumerate().all(is_item)
            && schema.get("contains").is_none_or(contains)
            && (schema.get("uniqueItems") != Some(&Json::Bool(true))
                || !items.iter().enumerate().any(is_repeated))
    }

    fn object(&self, schema: &Json, members: &IndexMap<String, Json>, depth: usize) -> bool {
        let properties = schema.get("properties").and_then(Json::as_object);
        let has_patterns = schema.get("patternProperties").is_some();
        let additional = schema.get("additionalProperties").filter(|_| !has_patterns);
        let is_member = |(name, value): (&String, &Json)| {
            let described = properties.and_then(|properties| properties.get(name));
            described.or(additional).is_none_or(|schema| self.schema(schema, value, depth + 1))
        };
        let required = schema.get("required").and_then(Json::as_array).unwrap_or_default();
        is_length(schema, ("minProperties", "maxProperties"), members.len())
            && members.iter().all(is_member)
            && required.iter().filter_map(Json::as_str).all(|name| members.contains_key(name))
    }
}

fn is_length(schema: &Json, (least, most): (&str, &str), length: usize) -> bool {
    schema.count(least).is_none_or(|least| length >= least)
        && schema.count(most).is_none_or(|most| length <= most)
}

fn is_of_type(keywords: &IndexMap<String, Json>, value: &Json) -> bool {
    match keywords.get("type") {
        Some(Json::String(name)) => has_type(value, name),
        Some(Json::Array(names)) => names.iter().filter_map(Json::as_str).any(|name| has_type(value, name)),
        _ => true,
    }
}

fn has_type(value: &Json, name: &str) -> bool {
    match name.to_ascii_lowercase().as_str() {
        "null" => *value == Json::Null,
        "boolean" => matches!(value, Json::Bool(_)),
        "number" => matches!(value, Json::Number(_)),
        "integer" => value_is_whole(value),
        "string" => matches!(value, Json::String(_)),
        "array" => matches!(value, Json::Array(_)),
        "object" => matches!(value, Json::Object(_)),
        _ => false,
    }
}

fn value_is_whole(value: &Json) -> bool {
    matches!(value, Json::Number(_)) && value.as_f64().is_some_and(|number| libm::trunc(number) == number)
}

fn is_number(schema: &Json, value: f64) -> bool {
    let excludes = |key: &str| schema.get(key) == Some(&Json::Bool(true));
    let least = schema.number("minimum");
    let most = schema.number("maximum");
    least.is_none_or(|least| value > least || (value == least && !excludes("exclusiveMinimum")))
        && most.is_none_or(|most| value < most || (value == most && !excludes("exclusiveMaximum")))
        && schema.number("exclusiveMinimum").is_none_or(|least| value > least)
        && schema.number("exclusiveMaximum").is_none_or(|most| value < most)
        && schema.number("multipleOf").is_none_or(|step| step <= 0.0 || is_multiple(value, step))
}

/// Up to what a float loses.
fn is_multiple(value: f64, step: f64) -> bool {
    let factor = value / step;
    (factor - libm::round(factor)).abs() < 1e-9 * factor.abs().max(1.0)
}

//! One schema out of several: references followed, `allOf` taken together.

use std::borrow::Cow;

use indexmap::IndexMap;

use super::json::{Json, same};

/// How many references and `allOf`s one schema may be made of.
const STEPS: usize = 32;
/// Most combinations of the alternatives of two schemas.
const COMBINATIONS: usize = 64;

/// No value fulfils the schema, or none is found in reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unfulfillable;

/// `schema` without `$ref` and `allOf` at its top.
pub(super) fn resolve<'s>(root: &'s Json, schema: &'s Json) -> Result<Cow<'s, Json>, Unfulfillable> {
    let mut current = Cow::Borrowed(schema);
    for _ in 0..STEPS {
        let next = match &*current {
            Json::Bool(true) => return Ok(Cow::Owned(Json::Object(IndexMap::new()))),
            Json::Object(members) => {
                if let Some(target) = members.get("$ref").and_then(Json::as_str) {
                    let target = pointed_at(root, target).ok_or(Unfulfillable)?;
                    follow(members, target)
                } else if members.contains_key("allOf") {
                    Cow::Owned(all_of(members)?)
                } else {
                    return Ok(current);
                }
            }
            _ => return Err(Unfulfillable),
        };
        current = next;
    }
    Err(Unfulfillable)
}

/// The schema that `$ref` names and what stands beside it.
fn follow<'s>(members: &IndexMap<String, Json>, target: &'s Json) -> Cow<'s, Json> {
    let says_nothing = |key: &str| {
        matches!(
            key,
            "$ref" | "title" | "description" | "default" | "$defs" | "definitions" | "$schema" | "$id"
        )
    };
    if members.keys().all(|key| says_nothing(key)) {
        return Cow::Borrowed(target);
    }
    let mut rest = members.clone();
    rest.shift_remove("$ref");
    let parts = vec![target.clone(), Json::Object(rest)];
    Cow::Owned(Json::Object(IndexMap::from([("allOf".to_owned(), Json::Array(parts))])))
}

/// The value at `#/a/b`.
pub(super) fn pointed_at<'s>(root: &'s Json, reference: &str) -> Option<&'s Json> {
    let pointer = reference.strip_prefix('#')?;
    pointer.split('/').skip(1).try_fold(root, |at, step| {
        let step = step.replace("~1", "/").replace("~0", "~");
        match at {
            Json::Array(items) => items.get(step.parse::<usize>().ok()?),
            _ => at.get(&step),
        }
    })
}

fn all_of(members: &IndexMap<String, Json>) -> Result<Json, Unfulfillable> {
    let mut merged = members.clone();
    let parts = merged.shift_remove("allOf");
    for part in parts.as_ref().and_then(Json::as_array).unwrap_or_default() {
        match part {
            Json::Bool(true) => {}
            Json::Object(part) => merge(&mut merged, part)?,
            _ => return Err(Unfulfillable),
        }
    }
    Ok(Json::Object(merged))
}

/// `base` and `more` at once.
pub(super) fn merged(base: &Json, more: &Json) -> Result<Json, Unfulfillable> {
    match (base, more) {
        (_, Json::Bool(true)) => Ok(base.clone()),
        (Json::Object(base), Json::Object(more)) => {
            let mut both = base.clone();
            merge(&mut both, more)?;
            Ok(Json::Object(both))
        }
        _ => Err(Unfulfillable),
    }
}

/// Adds the demands of `more` to those of `into`.
fn merge(into: &mut IndexMap<String, Json>, more: &IndexMap<String, Json>) -> Result<(), Unfulfillable> {
    for (key, value) in more {
        let both = match into.get(key) {
            None => value.clone(),
            Some(known) if known == value => continue,
            Some(known) => both(key, known, value)?,
        };
        // References are put off: they are followed one by one.
        if key == "$ref" && into.contains_key("$ref") {
            let reference = Json::Object(IndexMap::from([("$ref".to_owned(), value.clone())]));
            push_all_of(into, reference);
        } else {
            into.insert(key.clone(), both);
        }
    }
    Ok(())
}

fn push_all_of(into: &mut IndexMap<String, Json>, schema: Json) {
    if let Json::Array(parts) = into.entry("allOf".to_owned()).or_insert_with(|| Json::Array(Vec::new())) {
        parts.push(schema);
    }
}

/// What `key` demands when two schemas give it.
fn both(key: &str, one: &Json, other: &Json) -> Result<Json, Unfulfillable> {
    Ok(match key {
        "properties" | "patternProperties" | "$defs" | "definitions" => members_of_both(one, other),
        "required" | "allOf" => union(one, other),
        "minimum" | "exclusiveMinimum" | "minLength" | "minItems" | "minProperties" => {
            if one.as_f64() >= other.as_f64() { one.clone() } else { other.clone() }
        }
        "maximum" | "exclusiveMaximum" | "maxLength" | "maxItems" | "maxProperties" => {
            if one.as_f64() <= other.as_f64() { one.clone() } else { other.clone() }
        }
        "enum" => common(one, other)?,
        "type" => common_type(one, other)?,
        "const" if !same(one, other) => return Err(Unfulfillable),
        "anyOf" | "oneOf" => combinations(one, other),
        "additionalProperties" | "items" => match (one, other) {
            (Json::Bool(true), demand) | (demand, Json::Bool(true)) => demand.clone(),
            (Json::Bool(false), _) | (_, Json::Bool(false)) => Json::Bool(false),
            _ => together(one, other),
        },
        "not" => Json::Object(IndexMap::from([(
            "anyOf".to_owned(),
            Json::Array(vec![one.clone(), other.clone()]),
        )])),
        _ => one.clone(),
    })
}

fn together(one: &Json, other: &Json) -> Json {
    let parts = Json::Array(vec![one.clone(), other.clone()]);
    Json::Object(IndexMap::from([("allOf".to_owned(), parts)]))
}

fn members_of_both(one: &Json, other: &Json) -> Json {
    let (Json::Object(one), Json::Object(other)) = (one, other) else { return one.clone() };
    let mut members = one.clone();
    for (key, schema) in other {
        let both = members.get(key).map_or_else(|| schema.clone(), |known| together(known, schema));
        members.insert(key.clone(), both);
    }
    Json::Object(members)
}

fn union(one: &Json, other: &Json) -> Json {
    let mut items = one.as_array().unwrap_or_default().to_vec();
    for item in other.as_array().unwrap_or_default() {
        if !items.contains(item) {
            items.push(item.clone());
        }
    }
    Json::Array(items)
}

fn common(one: &Json, other: &Json) -> Result<Json, Unfulfillable> {
    let others = other.as_array().unwrap_or_default();
    let is_common = |item: &&Json| others.iter().any(|other| same(item, other));
    let items: Vec<Json> = one.as_array().unwrap_or_default().iter().filter(is_common).cloned().collect();
    if items.is_empty() { Err(Unfulfillable) } else { Ok(Json::Array(items)) }
}

/// The types that both allow; an integer is a number.
fn common_type(one: &Json, other: &Json) -> Result<Json, Unfulfillable> {
    let names = |types: &Json| -> Vec<String> {
        let list = types.as_array().map_or_else(|| std::slice::from_ref(types).to_vec(), <[Json]>::to_vec);
        list.iter().filter_map(Json::as_str).map(str::to_ascii_lowercase).collect()
    };
    let (one, other) = (names(one), names(other));
    let allows = |names: &[String], name: &str| {
        names.iter().any(|known| known == name || (known == "number" && name == "integer"))
    };
    let narrower = one.iter().filter(|name| allows(&other, name));
    let rest = other.iter().filter(|name| allows(&one, name) && !one.contains(name));
    let common: Vec<Json> = narrower.chain(rest).map(|name| name.as_str().into()).collect();
    if common.is_empty() { Err(Unfulfillable) } else { Ok(Json::Array(common)) }
}

/// Every pair of two lists of alternatives.
fn combinations(one: &Json, other: &Json) -> Json {
    let (one, other) = (one.as_array().unwrap_or_default(), other.as_array().unwrap_or_default());
    let pairs = one.iter().flat_map(|one| other.iter().map(move |other| together(one, other)));
    Json::Array(pairs.take(COMBINATIONS).collect())
}

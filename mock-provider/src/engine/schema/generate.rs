//! Makes a value by a schema.

use indexmap::IndexMap;
use world::Draws;

use super::json::Json;

/// How deep values nest at most.
const DEPTH: usize = 8;

pub(super) struct Generator<'s, 'd> {
    root: &'s Json,
    draws: &'d mut Draws,
}

/// An object of a member or two.
pub(super) fn any_object(draws: &mut Draws) -> Json {
    Json::Object(IndexMap::from([("answer".to_owned(), Json::String(word(draws).to_owned()))]))
}

fn word(draws: &mut Draws) -> &'static str {
    crate::engine::text::WORDS[draws.below(crate::engine::text::WORDS.len() as u64) as usize]
}

impl<'s, 'd> Generator<'s, 'd> {
    pub(super) fn new(root: &'s Json, draws: &'d mut Draws) -> Self {
        Self { root, draws }
    }

    pub(super) fn value(&mut self) -> Json {
        self.of(self.root, 0)
    }

    fn of(&mut self, schema: &Json, depth: usize) -> Json {
        if let Some(value) = schema.get("const") {
            return value.clone();
        }
        if let Some(values) = schema.get("enum").and_then(Json::as_array).filter(|values| !values.is_empty())
        {
            return values[self.draws.below(values.len() as u64) as usize].clone();
        }
        let name = match schema.get("type") {
            Some(Json::String(name)) => name.to_ascii_lowercase(),
            Some(Json::Array(names)) => {
                names.first().and_then(Json::as_str).unwrap_or("null").to_ascii_lowercase()
            }
            _ if schema.get("properties").is_some() => "object".to_owned(),
            _ => "string".to_owned(),
        };
        match name.as_str() {
            "object" => self.object(schema, depth),
            "array" if depth < DEPTH => schema
                .get("items")
                .map_or(Json::Array(Vec::new()), |items| Json::Array(vec![self.of(items, depth + 1)])),
            "array" => Json::Array(Vec::new()),
            "integer" | "number" => Json::Number(self.draws.below(100).into()),
            "boolean" => Json::Bool(self.draws.next_u64() & 1 == 1),
            "null" => Json::Null,
            _ => word(self.draws).into(),
        }
    }

    fn object(&mut self, schema: &Json, depth: usize) -> Json {
        let mut members = IndexMap::new();
        if let Some(properties) = schema.get("properties").and_then(Json::as_object).filter(|_| depth < DEPTH)
        {
            for (name, schema) in properties {
                members.insert(name.clone(), self.of(schema, depth + 1));
            }
        }
        Json::Object(members)
    }
}

//! Makes a value by a schema: dispatch by type, objects and lists.

use indexmap::IndexMap;
use world::{Draws, splitmix64};

use super::branch;
use super::json::{Json, same};
use super::merge::{Unfulfillable, resolve};
use super::{number, string};

/// From this depth on, whatever may be left out is.
const GENEROUS_DEPTH: usize = 4;
/// Deeper values are not made.
const DEPTH: usize = 24;
/// From this many values on, whatever may be left out is.
const GENEROUS_VALUES: usize = 500;
/// More values are not made.
const VALUES: usize = 10_000;
/// Items that are there already before a list without repetition is given up.
const REPEATS: usize = 200;
/// An optional member is there in all but one of this many objects.
const OPTIONAL_OUT_ONE_IN: u64 = 4;

/// Makes values by one schema document.
pub(super) struct Generator<'s> {
    root: &'s Json,
    is_sparing: bool,
    values: usize,
}

/// The draws of the part `key` of the value that `draws` belong to.
pub(super) fn draws_of(draws: &Draws, key: &str) -> Draws {
    let name = key.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    Draws::from_hash(splitmix64(draws.clone().next_u64() ^ name))
}

impl<'s> Generator<'s> {
    /// A generator for `root`, which references are looked up in. A sparing one leaves out what it may.
    pub(super) fn new(root: &'s Json, is_sparing: bool) -> Self {
        Self { root, is_sparing, values: 0 }
    }

    pub(super) fn root(&self) -> &'s Json {
        self.root
    }

    /// Whether values at `depth` are to be as small as they may.
    pub(super) fn is_sparing(&self, depth: usize) -> bool {
        self.is_sparing || depth >= GENEROUS_DEPTH || self.values > GENEROUS_VALUES
    }

    /// A value of `schema`.
    pub(super) fn value(
        &mut self,
        schema: &Json,
        draws: &Draws,
        depth: usize,
    ) -> Result<Json, Unfulfillable> {
        self.values += 1;
        if depth > DEPTH || self.values > VALUES {
            return Err(Unfulfillable);
        }
        let schema = &*resolve(self.root, schema)?;
        if let Some(value) = schema.get("const") {
            return Ok(value.clone());
        }
        let mut drawn = draws.clone();
        if let Some(values) = schema.list("enum") {
            return Ok(values[drawn.below(values.len() as u64) as usize].clone());
        }
        for key in ["anyOf", "oneOf"] {
            if let Some(branches) = schema.list(key) {
                return branch::value(self, schema, (key, branches), draws, depth);
            }
        }
        let null_is_due = !self.is_sparing(depth) && drawn.below(8) == 0;
        if schema.get("nullable") == Some(&Json::Bool(true)) && null_is_due {
            return Ok(Json::Null);
        }
        self.of_type(&type_of(schema, &mut drawn), schema, drawn, depth)
    }

    fn of_type(
        &mut self,
        name: &str,
        schema: &Json,
        mut draws: Draws,
        depth: usize,
    ) -> Result<Json, Unfulfillable> {
        match name {
            "object" => self.object(schema, &draws, depth),
            "array" => self.array(schema, &draws, depth),
            "integer" => number::integer(schema, &mut draws),
            "number" => number::number(schema, &mut draws),
            "boolean" => Ok(Json::Bool(draws.next_u64() & 1 == 1)),
            "null" => Ok(Json::Null),
            "string" => string::string(schema, &mut draws).map(Json::String),
            _ => Err(Unfulfillable),
        }
    }

    fn object(&mut self, schema: &Json, draws: &Draws, depth: usize) -> Result<Json, Unfulfillable> {
        let required: Vec<&str> =
            schema.list("required").unwrap_or_default().iter().filter_map(Json::as_str).collect();
        let none = IndexMap::new();
        let properties = schema.get("properties").and_then(Json::as_object).unwrap_or(&none);
        let most = schema.count("maxProperties").unwrap_or(usize::MAX);
        let mut optional_left = most.saturating_sub(required.len());
        let mut members = IndexMap::new();
        for (name, property) in properties {
            let draws = draws_of(draws, name);
            if !required.contains(&name.as_str()) {
                if optional_left == 0 || !self.takes_optional(property, &draws, depth) {
                    continue;
                }
                // A member that cannot be made is left out when it may be.
                let Ok(value) = self.value(property, &draws, depth + 1) else { continue };
                optional_left -= 1;
                members.insert(name.clone(), value);
                continue;
            }
            members.insert(name.clone(), self.value(property, &draws, depth + 1)?);
        }
        self.further_members(schema, &required, &mut members, draws, depth)?;
        Ok(Json::Object(in_order(schema, members)))
    }

    fn takes_optional(&self, property: &Json, draws: &Draws, depth: usize) -> bool {
        let is_possible = *property != Json::Bool(false);
        is_possible && !self.is_sparing(depth) && draws_of(draws, "?").below(OPTIONAL_OUT_ONE_IN) > 0
    }

    /// Members that are required but not described, and as many nameless ones as there must be.
    fn further_members(
        &mut self,
        schema: &Json,
        required: &[&str],
        members: &mut IndexMap<String, Json>,
        draws: &Draws,
        depth: usize,
    ) -> Result<(), Unfulfillable> {
        let any = Json::Object(IndexMap::from([("type".to_owned(), "string".into())]));
        let additional = schema.get("additionalProperties");
        let further = additional.filter(|further| matches!(further, Json::Object(_)));
        for name in required {
            if !members.contains_key(*name) {
                if additional == Some(&Json::Bool(false)) {
                    return Err(Unfulfillable);
                }
                let value = self.value(further.unwrap_or(&any), &draws_of(draws, name), depth + 1)?;
                members.insert((*name).to_owned(), value);
            }
        }
        let wished = if further.is_some() && members.is_empty() && !self.is_sparing(depth) { 2 } else { 0 };
        let least = schema.count("minProperties").unwrap_or(0);
        let most = schema.count("maxProperties").unwrap_or(usize::MAX);
        let wanted = wished.max(least).min(most.max(least));
        let described = schema.get("properties").and_then(Json::as_object);
        let mut names = (0..VALUES)
            .map(string::name)
            .filter(|name| described.is_none_or(|described| !described.contains_key(name)));
        while members.len() < wanted {
            let name =
                names.next().filter(|_| additional != Some(&Json::Bool(false))).ok_or(Unfulfillable)?;
            let value = self.value(further.unwrap_or(&any), &draws_of(draws, &name), depth + 1)?;
            members.insert(name, value);
        }
        Ok(())
    }

    fn array(&mut self, schema: &Json, draws: &Draws, depth: usize) -> Result<Json, Unfulfillable> {
        let first = schema.list("prefixItems").or_else(|| schema.list("items")).unwrap_or_default();
        let any = Json::Object(IndexMap::from([("type".to_owned(), "string".into())]));
        let rest = match schema.get("items").or_else(|| schema.get("contains")) {
            Some(Json::Array(_)) | None => schema.get("additionalItems").unwrap_or(&any),
            Some(items) => items,
        };
        let wanted = self.length(schema, first.len(), rest, draws, depth)?;
        let is_unique = schema.get("uniqueItems") == Some(&Json::Bool(true));
        let mut items: Vec<Json> = Vec::new();
        let mut tries = 0;
        while items.len() < wanted {
            if tries > wanted + REPEATS {
                return Err(Unfulfillable);
            }
            let draws = draws_of(draws, &format!("{tries}"));
            let schema = first.get(items.len()).unwrap_or(rest);
            let value = self.value(schema, &draws, depth + 1)?;
            if !is_unique || items.iter().all(|item| !same(item, &value)) {
                items.push(value);
            }
            tries += 1;
        }
        Ok(Json::Array(items))
    }

    /// How many items a list has: one to three where the schema leaves it open.
    fn length(
        &self,
        schema: &Json,
        described: usize,
        rest: &Json,
        draws: &Draws,
        depth: usize,
    ) -> Result<usize, Unfulfillable> {
        let least = schema.count("minItems").unwrap_or(0);
        let at_most = if *rest == Json::Bool(false) { described } else { usize::MAX };
        let most = schema.count("maxItems").unwrap_or(usize::MAX).min(at_most);
        if least > most || least > VALUES {
            return Err(Unfulfillable);
        }
        let contained = usize::from(schema.get("contains").is_some());
        if self.is_sparing(depth) {
            return Ok(least.max(contained).min(most));
        }
        let wished = if described > 0 { described } else { 1 + draws_of(draws, "length").below(3) as usize };
        Ok(wished.clamp(least, most.max(least)))
    }
}

/// The type of the value to make, in small letters.
fn type_of(schema: &Json, draws: &mut Draws) -> String {
    match schema.get("type") {
        Some(Json::String(name)) => name.to_ascii_lowercase(),
        Some(Json::Array(names)) => {
            let names: Vec<&str> = names.iter().filter_map(Json::as_str).collect();
            let others: Vec<&&str> = names.iter().filter(|name| !name.eq_ignore_ascii_case("null")).collect();
            let is_null = others.is_empty() || (others.len() < names.len() && draws.below(8) == 0);
            if is_null {
                "null".to_owned()
            } else {
                others[draws.below(others.len() as u64) as usize].to_ascii_lowercase()
            }
        }
        _ => implied_type(schema).to_owned(),
    }
}

/// The type that a schema without one speaks of.
fn implied_type(schema: &Json) -> &'static str {
    const SIGNS: [(&str, &[&str]); 3] = [
        ("object", &["properties", "required", "additionalProperties", "minProperties", "patternProperties"]),
        ("array", &["items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains"]),
        ("number", &["minimum", "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum"]),
    ];
    let speaks = |keys: &[&str]| keys.iter().any(|key| schema.get(key).is_some());
    SIGNS.iter().find(|(_, keys)| speaks(keys)).map_or("string", |(name, _)| name)
}

/// Google lets a schema say in which order members come.
fn in_order(schema: &Json, mut members: IndexMap<String, Json>) -> IndexMap<String, Json> {
    let Some(order) = schema.list("propertyOrdering") else { return members };
    let mut ordered = IndexMap::with_capacity(members.len());
    for name in order.iter().filter_map(Json::as_str) {
        if let Some((name, value)) = members.shift_remove_entry(name) {
            ordered.insert(name, value);
        }
    }
    ordered.extend(members);
    ordered
}

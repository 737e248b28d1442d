//! Where in a body a fault is, in the spelling of the proto.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_path_to_error::{Path, Segment};

use crate::json::{Raw, Text};

/// Fields whose members have names of the caller's own. Google's reader numbers such members.
const MAPS: [&str; 6] = ["properties", "defs", "$defs", "labels", "structVal", "struct_val"];

/// A place in a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// `tools[0].function_declarations[1].parameters.properties[4].value`
    pub(super) path: String,
    /// The same without its last name.
    pub(super) parent: String,
    /// That name, as it was written.
    pub(super) name: String,
}

impl Place {
    /// The place at `path` of a value that stands at `within` itself.
    pub(super) fn of(within: &str, path: &Path, json: &str) -> Self {
        let mut walk =
            Walk { place: within.to_owned(), name: "", is_map: false, value: Raw::parse(json).ok() };
        path.iter().for_each(|segment| walk.step(segment));
        let parent = walk.place.rsplit_once('.').map_or("", |(parent, _)| parent);
        // Of a part that is wrong as a whole, the name is the last of its own place.
        let last = walk.place[parent.len()..].trim_start_matches('.').split('[').next().unwrap_or_default();
        let name = if walk.name.is_empty() { last } else { walk.name };
        Self { parent: parent.to_owned(), name: name.to_owned(), path: walk.place }
    }
}

/// On the way to a place.
struct Walk<'p, 'j> {
    place: String,
    /// The last name, as it was written.
    name: &'p str,
    /// Whether the next name is one of the caller's own.
    is_map: bool,
    /// What stands here.
    value: Option<Raw<'j>>,
}

impl<'p> Walk<'p, '_> {
    fn step(&mut self, segment: &'p Segment) {
        match segment {
            Segment::Map { key } => self.enter(key),
            Segment::Seq { index } => {
                self.place += &format!("[{index}]");
                let elements = self.value.and_then(|list| list.read::<Vec<Raw<'_>>>().ok());
                self.value = elements.and_then(|elements| elements.get(*index).copied());
            }
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }

    fn enter(&mut self, key: &'p str) {
        let members = self.value.and_then(|object| object.read::<Members<'_>>().ok()).unwrap_or_default().0;
        let index = members.iter().position(|(name, _)| &**name == key);
        self.value = index.map(|index| members[index].1);
        if std::mem::take(&mut self.is_map) {
            self.place += &format!("[{}].value", index.unwrap_or_default());
            self.name = "value";
            return;
        }
        if !self.place.is_empty() {
            self.place.push('.');
        }
        self.place += &in_snake_case(key);
        self.name = key;
        self.is_map = MAPS.contains(&key);
    }
}

/// An object's members, unread.
#[derive(Default)]
struct Members<'a>(Vec<(Text<'a>, Raw<'a>)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor).map(Members)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Vec<(Text<'de>, Raw<'de>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut read = Vec::new();
        while let Some(member) = members.next_entry()? {
            read.push(member);
        }
        Ok(read)
    }
}

/// A field's name in the proto's spelling: `topP` is `top_p`.
pub(super) fn in_snake_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

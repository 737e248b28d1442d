//! JSON that passes through unread: schemas, tool arguments, settings nobody here interprets.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// One JSON value as the text it was written in, checked for syntax only. Equal when the texts are.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Raw<'a>(#[serde(borrow)] &'a RawValue);

impl<'a> Raw<'a> {
    /// The JSON object without members.
    pub fn empty_object() -> Self {
        Raw(serde_json::from_str("{}").expect("{} is JSON"))
    }

    /// Takes `json` as one value.
    ///
    /// # Errors
    /// When it is not exactly one JSON value.
    pub fn parse(json: &'a str) -> Result<Self, super::Error> {
        serde_json::from_str(json)
    }

    /// The JSON text, as it stood in the body.
    pub fn get(&self) -> &'a str {
        self.0.get()
    }

    /// Reads the value as `T`, borrowing from the body.
    ///
    /// # Errors
    /// When the value has another shape.
    pub fn read<T: Deserialize<'a>>(&self) -> Result<T, super::Error> {
        serde_json::from_str(self.get())
    }
}

impl fmt::Debug for Raw<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.get())
    }
}

impl PartialEq for Raw<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl Eq for Raw<'_> {}

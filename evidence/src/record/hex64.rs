//! 64 bits as 16 hex digits: a JSON number would lose the low bits in most readers.

use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serializer};
use std::borrow::Cow;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
pub(super) fn serialize<S: Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{value:016x}"))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let text = Cow::<'_, str>::deserialize(deserializer)?;
    u64::from_str_radix(&text, 16).map_err(|_| D::Error::custom(format!("not 16 hex digits: {text:?}")))
}

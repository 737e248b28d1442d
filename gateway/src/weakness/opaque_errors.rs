//! Whatever went wrong, the client gets a 500 and a line of text.

use super::Weakness;
use crate::plan::ErrorStyle;

pub(super) const WEAKNESS: Weakness = Weakness {
    name: "opaque-errors",
    summary: "every error is 500 text/plain",
    caught_by: "peak, stress, rate-limit-cascade: A5, R9",
    weaken: |policy| policy.errors = ErrorStyle::Opaque,
};

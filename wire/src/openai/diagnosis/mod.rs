//! What is wrong with a request body, as the service says it: which parameter, and why.
//!
//! A body is read once, into its type. Only when that fails, or a number is out of its range, is there
//! anything to say; then [`diagnose`] looks for the first field at fault. The words are those of errors that
//! users have quoted; where none was found they follow the pattern of the others.

mod complaint;
mod shape;
mod tables;

pub use complaint::{
    invalid, invalid_type, missing, not_with_this_model, only_with, out_of_range, too_long, unknown,
    unsupported_value,
};
pub use shape::{Field, Shape, diagnose, first_unknown};
pub use tables::{CHAT, COMPLETION, EMBEDDING, IMAGE, MODERATION, RESPONSE};

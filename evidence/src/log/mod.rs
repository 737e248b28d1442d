//! A log file: one JSON object a line, plain (`.ndjson`) or compressed (`.ndjson.zst`).

mod reader;
mod writer;

pub use reader::{LogReader, ReadError};
pub use writer::{LogError, LogWriter};

use std::path::Path;

/// Whether the file's name says that it is compressed.
fn is_compressed(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "zst")
}

//! The drills that ship, built into the binary, and how a name or path on the command line finds one.

use std::path::Path;

use super::document::{Document, FileErrors};

/// Name and text of every drill that ships, by name.
const DRILLS: [(&str, &str); 1] =
    [("provider-failure", include_str!("../../../configs/drills/provider-failure.toml"))];

/// Why there is no drill file to read.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Neither a drill that ships nor a file.
    #[error("`{name}` is neither a drill that ships ({shipped}) nor a file: {cause}")]
    Missing {
        /// What was asked for.
        name: String,
        /// The names of the drills that ship.
        shipped: String,
        /// Why the file could not be read.
        cause: std::io::Error,
    },
    /// Not TOML.
    #[error(transparent)]
    Syntax(#[from] FileErrors),
}

/// The names of the drills that ship, in order.
pub fn shipped() -> impl Iterator<Item = &'static str> {
    DRILLS.iter().map(|(name, _)| *name)
}

/// Reads a drill that ships, or a file. Returns its name too: that of the drill, or the file's stem.
///
/// # Errors
/// No such drill or file, or a file that is not TOML.
pub fn open(name: &str) -> Result<(String, Document), OpenError> {
    if let Some((name, text)) = DRILLS.iter().find(|(known, _)| *known == name) {
        return Ok(((*name).to_owned(), Document::parse(&format!("{name}.toml"), text)?));
    }
    let path = Path::new(name);
    let text = std::fs::read_to_string(path).map_err(|cause| OpenError::Missing {
        name: name.to_owned(),
        shipped: shipped().collect::<Vec<_>>().join(", "),
        cause,
    })?;
    let stem = path.file_stem().map_or_else(|| name.to_owned(), |stem| stem.to_string_lossy().into_owned());
    Ok((stem, Document::parse(name, &text)?))
}

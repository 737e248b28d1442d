//! Names that records share: each is allocated once.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use evidence::Name;

/// Names kept; requests can make up models without end.
const KEPT_MAX: usize = 1_024;

/// The names of a route.
#[derive(Debug, Default)]
pub(crate) struct Names(Mutex<BTreeMap<Name, ()>>);

impl Names {
    /// The shared name of this text.
    pub(crate) fn get(&self, text: &str) -> Name {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((name, ())) = kept.get_key_value(text) {
            return Name::clone(name);
        }
        let name = Name::from(text);
        if kept.len() < KEPT_MAX {
            kept.insert(Name::clone(&name), ());
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_allocated_once_and_the_memory_is_bounded() {
        let names = Names::default();
        assert!(Name::ptr_eq(&names.get("a"), &names.get("a")));
        for number in 0..2 * KEPT_MAX {
            assert_eq!(&*names.get(&number.to_string()), number.to_string());
        }
        assert_eq!(names.0.lock().expect("no panic").len(), KEPT_MAX);
    }
}

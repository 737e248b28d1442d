//! Counting what must not happen, with the first time and some names of those it happened to.

use evidence::Nonce;

/// How many requests are named as evidence.
const NAMED_MAX: usize = 5;

/// Things that must not happen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Offences {
    pub(crate) count: u64,
    pub(crate) first_us: Option<u64>,
    pub(crate) named: Vec<Nonce>,
}

impl Offences {
    pub(crate) fn add(&mut self, t_us: u64, nonce: Option<Nonce>) {
        self.count += 1;
        self.first_us = Some(self.first_us.map_or(t_us, |first| first.min(t_us)));
        if self.named.len() < NAMED_MAX {
            self.named.extend(nonce);
        }
    }
}

/// The largest value seen, and whose it was.
#[derive(Clone, Debug, Default)]
pub(crate) struct Worst {
    pub(crate) value: u64,
    pub(crate) first_us: Option<u64>,
    pub(crate) named: Vec<Nonce>,
}

impl Worst {
    pub(crate) fn see(&mut self, value: u64, t_us: u64, nonce: Option<Nonce>) {
        if value > self.value || self.first_us.is_none() {
            *self = Self { value, first_us: Some(t_us), named: Vec::new() };
        }
        if value == self.value && self.named.len() < NAMED_MAX {
            self.named.extend(nonce);
        }
    }
}

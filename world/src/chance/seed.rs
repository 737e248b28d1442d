//! One root seed, a named domain per use, a keyed hash per decision.
//!
//! SipHash-2-4 with keys derived from (seed, label) turns the identity of a decision into 64 bits;
//! splitmix64 derives further draws of the same decision from them. No generator is shared, so
//! concurrency, an added rule or a longer run never shifts another decision.

use std::hash::Hasher;

use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher24;

/// The root seed of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seed(pub u64);

impl Seed {
    /// The named sub-stream `label` of this seed. Labels are fixed text in the code, one per use.
    #[must_use]
    pub fn domain(self, label: &str) -> Domain {
        let mut first = SipHasher24::new_with_keys(self.0, 0x6272_6f77_6e6f_7574);
        first.write(label.as_bytes());
        let k0 = first.finish();
        Domain { k0, k1: splitmix64(k0 ^ self.0) }
    }
}

impl std::fmt::Display for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A named sub-stream of the root seed: a keyed hash function.
#[derive(Debug, Clone, Copy)]
pub struct Domain {
    k0: u64,
    k1: u64,
}

impl Domain {
    /// Hashes the parts of an identity. Each part is closed by its length, so that `["ab", "c"]` and
    /// `["a", "bc"]` differ.
    #[must_use]
    pub fn hash(&self, parts: &[&[u8]]) -> u64 {
        let mut hasher = SipHasher24::new_with_keys(self.k0, self.k1);
        for part in parts {
            hasher.write(part);
            hasher.write(&(part.len() as u64).to_le_bytes());
        }
        hasher.finish()
    }

    /// Hashes a number: an ordinal, or an identity that is itself a hash.
    #[must_use]
    pub fn hash_n(&self, number: u64) -> u64 {
        let mut hasher = SipHasher24::new_with_keys(self.k0, self.k1);
        hasher.write(&number.to_le_bytes());
        hasher.finish()
    }

    /// The draws of the decision about `parts`.
    #[must_use]
    pub fn draws(&self, parts: &[&[u8]]) -> Draws {
        Draws { state: self.hash(parts) }
    }

    /// The draws of the decision about a number.
    #[must_use]
    pub fn draws_n(&self, number: u64) -> Draws {
        Draws { state: self.hash_n(number) }
    }
}

/// The draws of one decision, in order: a splitmix64 sequence.
#[derive(Debug, Clone)]
pub struct Draws {
    state: u64,
}

impl Draws {
    /// Draws from an identity that is already a well-mixed hash.
    #[must_use]
    pub fn from_hash(hash: u64) -> Self {
        Self { state: hash }
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        let drawn = splitmix64(self.state);
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        drawn
    }

    /// The next number in `[0, 1)`, with 53 random bits.
    pub fn unit(&mut self) -> f64 {
        unit_of(self.next_u64())
    }

    /// The next number in `0..bound`; 0 for a bound of 0. The bias is below 2^-32 for bounds below 2^32.
    pub fn below(&mut self, bound: u64) -> u64 {
        let product = u128::from(self.next_u64()) * u128::from(bound);
        u64::try_from(product >> 64).unwrap_or(0)
    }

    /// An index into `weights`, each drawn in proportion to its weight; 0 when all are zero.
    pub fn pick_weighted(&mut self, weights: &[u32]) -> usize {
        let total: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
        let mut left = self.below(total);
        for (index, weight) in weights.iter().enumerate() {
            match left.checked_sub(u64::from(*weight)) {
                Some(rest) => left = rest,
                None => return index,
            }
        }
        0
    }

    /// A standard normal draw (Box-Muller, one of the pair).
    pub fn normal(&mut self) -> f64 {
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.unit()));
        radius * libm::cos(std::f64::consts::TAU * self.unit())
    }

    /// An exponential draw of mean 1.
    pub fn exponential(&mut self) -> f64 {
        -libm::log(1.0 - self.unit())
    }
}

/// 53 high bits of `bits` as a number in `[0, 1)`.
fn unit_of(bits: u64) -> f64 {
    (bits >> 11) as f64 / 9_007_199_254_740_992.0
}

/// The splitmix64 finaliser with its increment (Steele, Lea, Flood, OOPSLA 2014).
#[must_use]
pub fn splitmix64(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_the_published_one() {
        // splitmix64 seeded with 1234567, first outputs as in the reference implementation.
        let mut draws = Draws { state: 1_234_567 };
        assert_eq!(draws.next_u64(), 6_457_827_717_110_365_317);
        assert_eq!(draws.next_u64(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn a_decision_depends_on_seed_label_and_identity_alone() {
        let a = Seed(7).domain("fault").hash(&[b"rule", b"request"]);
        assert_eq!(a, Seed(7).domain("fault").hash(&[b"rule", b"request"]));
        assert_ne!(a, Seed(8).domain("fault").hash(&[b"rule", b"request"]));
        assert_ne!(a, Seed(7).domain("latency").hash(&[b"rule", b"request"]));
        assert_ne!(a, Seed(7).domain("fault").hash(&[b"rul", b"erequest"]));
    }

    #[test]
    fn shares_come_out_right() {
        let domain = Seed(1).domain("share");
        for share in [0.5, 0.1, 0.01] {
            let hits = (0..200_000).filter(|n| domain.draws_n(*n).unit() < share).count() as f64;
            let sd = (200_000.0 * share * (1.0 - share)).sqrt();
            assert!((hits - 200_000.0 * share).abs() < 4.0 * sd, "share {share}: {hits}");
        }
    }

    #[test]
    fn weights_are_proportions() {
        let domain = Seed(3).domain("mix");
        let mut counts = [0_u32; 3];
        for n in 0..100_000 {
            counts[domain.draws_n(n).pick_weighted(&[70, 25, 5])] += 1;
        }
        assert!((69_000..71_000).contains(&counts[0]), "{counts:?}");
        assert!((24_300..25_700).contains(&counts[1]), "{counts:?}");
        assert_eq!(domain.draws_n(1).pick_weighted(&[0, 0]), 0);
        assert_eq!(domain.draws_n(1).pick_weighted(&[0, 5]), 1);
    }
}

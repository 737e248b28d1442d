//! Embeddings: vectors of unit length that are a pure function of model and input.
//!
//! A vector is made of blocks of sixteen numbers. Every block holds the same sixteen magnitudes, spread as
//! a bell curve would spread them, in a rotation and with signs that the input's hash decides. So every
//! vector has the same length by construction, and writing one copies ready-made text instead of
//! formatting a thousand numbers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{BufMut, Bytes, BytesMut};
use world::{Domain, Draws, Law, Seed};

const BLOCK: usize = 16;
/// About what a number takes in JSON, with its comma.
const NUMBER_BYTES: usize = 14;

/// Makes embeddings of any dimension.
#[derive(Debug)]
pub(crate) struct Embedder {
    domain: Domain,
    scales: Mutex<BTreeMap<usize, Arc<Scale>>>,
}

/// The numbers that occur in vectors of one dimension, as text and as floats.
#[derive(Debug)]
struct Scale {
    /// Of a whole block: sixteen magnitudes, negative and positive.
    whole: [[Number; 2]; BLOCK],
    /// Of the last block of a dimension that sixteen does not divide.
    part: [Number; 2],
}

#[derive(Debug, Clone, Default)]
struct Number {
    value: f32,
    /// In JSON, with a comma.
    text: String,
}

/// One embedding, before it is written.
#[derive(Debug, Clone)]
pub(crate) struct Embedding {
    scale: Arc<Scale>,
    dimension: usize,
    draws: Draws,
}

impl Embedder {
    pub(crate) fn new() -> Self {
        // Fixed, for an embedding is the model's: other seeds see the same one.
        Self { domain: Seed(0).domain("mock-provider/embedding"), scales: Mutex::default() }
    }

    /// The embedding of `input` by `model`.
    pub(crate) fn embed(&self, model: &str, input: &[u8], dimension: usize) -> Embedding {
        let mut scales = self.scales.lock().unwrap_or_else(PoisonError::into_inner);
        let scale = Arc::clone(scales.entry(dimension).or_insert_with(|| Arc::new(Scale::new(dimension))));
        Embedding { scale, dimension, draws: self.domain.draws(&[model.as_bytes(), input]) }
    }
}

impl Scale {
    fn new(dimension: usize) -> Self {
        let unit = 1.0 / libm::sqrt(dimension.max(1) as f64);
        let bell = Law::Normal { mean: 0.0, deviation: 1.0 };
        let quantile = |index: usize| bell.quantile(0.5 + (index as f64 + 0.5) / (2.0 * BLOCK as f64));
        let raw: [f64; BLOCK] = std::array::from_fn(|index| quantile(index).unwrap_or(1.0));
        let norm = libm::sqrt(raw.iter().map(|value| value * value).sum::<f64>() / BLOCK as f64);
        Self { whole: std::array::from_fn(|index| signed(raw[index] / norm * unit)), part: signed(unit) }
    }
}

fn signed(magnitude: f64) -> [Number; 2] {
    [-magnitude, magnitude].map(|value| {
        let value = value as f32;
        Number { value, text: format!("{value},") }
    })
}

impl Embedding {
    /// Appends the vector as a JSON list.
    pub(crate) fn write(&self, out: &mut BytesMut) {
        out.put_slice(self.json().as_bytes());
    }

    /// The vector as a JSON list.
    pub(crate) fn json(&self) -> String {
        let mut out = String::with_capacity(self.dimension * NUMBER_BYTES + 2);
        out.push('[');
        self.each(|number| out.push_str(&number.text));
        // Every number brings a comma.
        if self.dimension > 0 {
            out.pop();
        }
        out.push(']');
        out
    }

    /// The vector.
    pub(crate) fn values(&self) -> Vec<f32> {
        let mut values = Vec::with_capacity(self.dimension);
        self.each(|number| values.push(number.value));
        values
    }

    fn each(&self, mut act: impl FnMut(&Number)) {
        let mut draws = self.draws.clone();
        let mut left = self.dimension;
        while left > 0 {
            let bits = draws.next_u64();
            let rotation = (bits >> 32) as usize % BLOCK;
            for index in 0..left.min(BLOCK) {
                let is_positive = bits >> index & 1 == 1;
                let pair = if left >= BLOCK {
                    &self.scale.whole[(index + rotation) % BLOCK]
                } else {
                    &self.scale.part
                };
                act(&pair[usize::from(is_positive)]);
            }
            left = left.saturating_sub(BLOCK);
        }
    }
}

/// Puts vectors into the empty lists of `json`, in order.
///
/// The answer's shape is written around empty lists, because a thousand numbers that are text already need
/// neither a formatter nor a second reading. No list but a vector's may be empty, and no text hold `[]`.
pub(crate) fn fill(json: &[u8], embeddings: &[Embedding]) -> Bytes {
    let vectors: usize = embeddings.iter().map(|embedding| embedding.dimension * NUMBER_BYTES).sum();
    let mut out = BytesMut::with_capacity(json.len() + vectors);
    let mut rest = json;
    for embedding in embeddings {
        let Some(at) = rest.windows(2).position(|pair| pair == b"[]") else { break };
        out.put_slice(&rest[..at]);
        embedding.write(&mut out);
        rest = &rest[at + 2..];
    }
    out.put_slice(rest);
    out.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dimension_has_unit_length() {
        let embedder = Embedder::new();
        for dimension in [1, 7, 128, 256, 384, 512, 768, 1_000, 1_024, 1_536, 3_072] {
            let values = embedder.embed("titan", b"hello", dimension).values();
            let length: f64 = values.iter().map(|value| f64::from(*value) * f64::from(*value)).sum();
            assert_eq!(values.len(), dimension);
            assert!((length - 1.0).abs() < 1e-5, "{dimension}: {length}");
        }
    }

    #[test]
    fn an_embedding_depends_on_model_and_input_alone() {
        let hello = Embedder::new().embed("titan", b"hello", 256).values();
        assert_eq!(Embedder::new().embed("titan", b"hello", 256).values(), hello);
        for (model, input) in [("titan", &b"hullo"[..]), ("gemini", b"hello")] {
            let other = Embedder::new().embed(model, input, 256).values();
            let cosine: f32 = hello.iter().zip(&other).map(|(a, b)| a * b).sum();
            assert!(cosine.abs() < 0.3, "{model} {cosine}");
        }
    }

    #[test]
    fn text_and_numbers_agree() {
        let embedding = Embedder::new().embed("titan", b"hello", 40);
        let read: Vec<f32> = serde_json::from_str(&embedding.json()).expect("a JSON list");
        assert_eq!(read, embedding.values());
    }

    #[test]
    fn vectors_fill_the_empty_lists_in_order() {
        let embedder = Embedder::new();
        let (a, b) = (embedder.embed("m", b"a", 3), embedder.embed("m", b"b", 3));
        let filled = fill(br#"{"x":[],"y":{"z":[]},"n":1}"#, &[a.clone(), b.clone()]);
        assert_eq!(filled, format!(r#"{{"x":{},"y":{{"z":{}}},"n":1}}"#, a.json(), b.json()));
        assert_eq!(fill(b"{}", &[a]), "{}");
    }
}

//! The forms in which answers write vectors, beside a list of numbers.

use super::embedding::Embedding;

/// How an answer writes a vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// A list of numbers.
    Float,
    /// A list of whole numbers from -127 to 127.
    Int8,
    /// The same, from 1 to 255.
    Uint8,
    /// A bit a number, set where it is positive, eight to a byte from the highest; bytes less 128.
    Binary,
    /// The same bytes as they are.
    Ubinary,
}

impl Embedding {
    /// The vector as a JSON list in `encoding`.
    pub(crate) fn encoded(&self, encoding: Encoding) -> String {
        match encoding {
            Encoding::Float => self.json(),
            Encoding::Int8 => list(self.quantised().into_iter()),
            Encoding::Uint8 => list(self.quantised().into_iter().map(|value| i16::from(value) + 128)),
            Encoding::Binary => list(self.bits().into_iter().map(|byte| i16::from(byte) - 128)),
            Encoding::Ubinary => list(self.bits().into_iter()),
        }
    }

    /// Every number as a part of the greatest.
    fn quantised(&self) -> Vec<i8> {
        let values = self.values();
        let greatest = values.iter().fold(0.0_f32, |greatest, value| greatest.max(value.abs()));
        values.into_iter().map(|value| libm::roundf(value / greatest * 127.0) as i8).collect()
    }

    fn bits(&self) -> Vec<u8> {
        let pack = |numbers: &[f32]| {
            numbers
                .iter()
                .enumerate()
                .fold(0, |byte, (at, number)| byte | u8::from(*number > 0.0) << (7 - at))
        };
        self.values().chunks(8).map(pack).collect()
    }
}

fn list<T: std::fmt::Display>(numbers: impl Iterator<Item = T>) -> String {
    let numbers: Vec<String> = numbers.map(|number| number.to_string()).collect();
    format!("[{}]", numbers.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::embedding::Embedder;

    #[test]
    fn every_encoding_says_the_same() {
        let embedding = Embedder::new().embed("embed-v4", b"hello", 256);
        let values = embedding.values();
        let numbers = |encoding| -> Vec<i32> {
            serde_json::from_str(&embedding.encoded(encoding)).expect("a list of whole numbers")
        };
        assert_eq!(embedding.encoded(Encoding::Float), embedding.json());
        let int8 = numbers(Encoding::Int8);
        let cosine = int8.iter().zip(&values).map(|(a, b)| *a as f32 * b).sum::<f32>()
            / int8.iter().map(|a| (a * a) as f32).sum::<f32>().sqrt();
        assert!(cosine > 0.999 && int8.iter().any(|value| value.abs() == 127), "{cosine}");
        assert_eq!(numbers(Encoding::Uint8), int8.iter().map(|value| value + 128).collect::<Vec<_>>());
        let bytes = numbers(Encoding::Ubinary);
        assert_eq!(bytes.len(), 32);
        for (at, value) in values.iter().enumerate() {
            assert_eq!(bytes[at / 8] >> (7 - at % 8) & 1 == 1, *value > 0.0, "bit {at}");
        }
        assert_eq!(numbers(Encoding::Binary), bytes.iter().map(|byte| byte - 128).collect::<Vec<_>>());
    }
}

//! Speech that says nothing: a tone for each piece of text, as long as the text would take to be said.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Milliseconds that a character takes, which makes some 170 words a minute. Our assumption.
const CHARACTER_MS: u64 = 60;
/// Samples are of this height at most, a quarter of what there is.
const HEIGHT: f64 = 8_000.0;
/// How long a tone swells and fades, in milliseconds, so that none begins with a click.
const FADE_MS: u32 = 5;

/// How long a text takes to be said, in milliseconds.
pub(super) fn duration_ms(text: &str) -> u64 {
    text.chars().count() as u64 * CHARACTER_MS
}

/// A text as speech: LPCM of 16 bits, one channel, little-endian, in base64.
pub(super) fn speech(text: &str, sample_rate_hertz: u32) -> String {
    let samples = duration_ms(text).saturating_mul(u64::from(sample_rate_hertz)) / 1_000;
    let mut audio = Vec::with_capacity(samples as usize * 2);
    let fade = (sample_rate_hertz * FADE_MS / 1_000).max(1);
    // A sine by its recurrence, for a table or a call for each sample is not worth it.
    let step = core::f64::consts::TAU * pitch_hertz(text) / f64::from(sample_rate_hertz);
    let (mut before, mut now, turn) = (0.0, libm::sin(step), 2.0 * libm::cos(step));
    for sample in 0..samples {
        let to_edge = sample.min(samples - 1 - sample).min(u64::from(fade)) as f64;
        audio.extend_from_slice(&((before * HEIGHT * to_edge / f64::from(fade)) as i16).to_le_bytes());
        (before, now) = (now, turn * now - before);
    }
    STANDARD.encode(audio)
}

/// Between 110 and 237 Hz, by the text.
fn pitch_hertz(text: &str) -> f64 {
    110.0 + f64::from(text.bytes().fold(0u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte)) >> 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speech_is_sound_of_the_text_s_length() {
        for rate in [8_000, 16_000, 24_000] {
            let audio = STANDARD.decode(speech("hello", rate)).expect("base64");
            assert_eq!(audio.len() as u64, 2 * 300 * u64::from(rate) / 1_000, "300 ms at {rate} Hz");
            let samples: Vec<i16> =
                audio.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
            assert_eq!((samples[0], samples[samples.len() - 1]), (0, 0), "no click at either end");
            let loudest = samples.iter().map(|sample| sample.unsigned_abs()).max();
            assert!((7_500..=8_001).contains(&loudest.expect("samples")), "{loudest:?}");
            // A tone crosses zero twice a period.
            let crossings = samples.windows(2).filter(|pair| (pair[0] < 0) != (pair[1] < 0)).count();
            let expected = 2.0 * pitch_hertz("hello") * 0.3;
            assert!((crossings as f64 - expected).abs() < 4.0, "{crossings} instead of {expected}");
        }
        assert_eq!(speech("", 24_000), "");
    }
}

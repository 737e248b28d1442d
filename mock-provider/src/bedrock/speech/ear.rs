//! Hears in LPCM when the user begins and ceases to speak.
//!
//! Time is counted in samples, not by the clock: audio that comes faster than it was spoken is heard all the same, and a
//! run is a function of its bytes. What the real detector goes by is not known; this one goes by loudness.

/// Audio is judged in windows of this many milliseconds.
const WINDOW_MS: u32 = 10;
/// The mean height of samples from which on a window is loud.
const LOUD: u64 = 256;
/// Loud windows in a row that are speech rather than a crack.
const ONSET: u32 = 3;

/// What is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// Somebody begins to speak.
    Speech,
    /// Somebody has spoken for so many milliseconds, short pauses included, and has been silent long enough.
    Silence(u32),
}

/// Listens to one content.
#[derive(Debug)]
pub(super) struct Ear {
    window: Window,
    /// Windows of silence that end a turn.
    pause: u32,
    loud_run: u32,
    quiet_run: u32,
    /// Windows since speech began; none while nobody speaks.
    utterance: Option<u32>,
    /// Windows heard in all.
    heard: u64,
}

/// Samples that are not yet judged.
#[derive(Debug)]
struct Window {
    length: u32,
    samples: u32,
    height: u64,
    /// The first byte of a sample whose second is to come.
    half: Option<u8>,
}

impl Ear {
    pub(super) fn new(sample_rate_hertz: u32, pause_ms: u32) -> Self {
        let length = (sample_rate_hertz * WINDOW_MS / 1_000).max(1);
        Self {
            window: Window { length, samples: 0, height: 0, half: None },
            pause: pause_ms / WINDOW_MS,
            loud_run: 0,
            quiet_run: 0,
            utterance: None,
            heard: 0,
        }
    }

    /// Milliseconds of audio heard so far.
    pub(super) fn heard_ms(&self) -> u64 {
        self.heard * u64::from(WINDOW_MS)
    }

    /// Listens to more audio.
    pub(super) fn hear(&mut self, audio: &[u8]) -> Vec<Heard> {
        let mut heard = Vec::new();
        for byte in audio {
            if let Some(is_loud) = self.window.take(*byte) {
                heard.extend(self.judge(is_loud));
            }
        }
        heard
    }

    /// No more comes: what was being said is complete.
    pub(super) fn close(&mut self) -> Option<Heard> {
        Some(self.silence(self.utterance?))
    }

    fn judge(&mut self, is_loud: bool) -> Option<Heard> {
        self.heard += 1;
        self.loud_run = if is_loud { self.loud_run + 1 } else { 0 };
        self.quiet_run = if is_loud { 0 } else { self.quiet_run.saturating_add(1) };
        match &mut self.utterance {
            None if self.loud_run >= ONSET => {
                self.utterance = Some(self.loud_run);
                Some(Heard::Speech)
            }
            None => None,
            Some(length) => {
                *length = length.saturating_add(1);
                let length = *length;
                (self.quiet_run >= self.pause).then(|| self.silence(length))
            }
        }
    }

    fn silence(&mut self, length: u32) -> Heard {
        self.utterance = None;
        self.loud_run = 0;
        Heard::Silence(length.saturating_sub(self.quiet_run).saturating_mul(WINDOW_MS))
    }
}

impl Window {
    /// Takes a byte; says whether the window was loud when it is full.
    fn take(&mut self, byte: u8) -> Option<bool> {
        let Some(first) = self.half.take() else {
            self.half = Some(byte);
            return None;
        };
        self.height += u64::from(i16::from_le_bytes([first, byte]).unsigned_abs());
        self.samples += 1;
        if self.samples < self.length {
            return None;
        }
        let is_loud = self.height / u64::from(self.length) >= LOUD;
        (self.samples, self.height) = (0, 0);
        Some(is_loud)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn audio(milliseconds: u32, height: i16) -> Vec<u8> {
        (0..milliseconds * 16).flat_map(|_| height.to_le_bytes()).collect()
    }

    fn heard(ear: &mut Ear, parts: &[(u32, i16)]) -> Vec<Heard> {
        parts.iter().flat_map(|(ms, height)| ear.hear(&audio(*ms, *height))).collect()
    }

    #[test]
    fn a_pause_ends_a_turn_and_a_breath_does_not() {
        let mut ear = Ear::new(16_000, 1_500);
        let spoken = heard(&mut ear, &[(200, 0), (600, 4_000), (1_000, 9), (400, -4_000), (1_490, 0)]);
        assert_eq!(spoken, [Heard::Speech]);
        assert_eq!(heard(&mut ear, &[(10, 0), (500, 0)]), [Heard::Silence(2_000)]);
        assert_eq!(ear.heard_ms(), 4_200);
        assert_eq!(heard(&mut ear, &[(100, 4_000)]), [Heard::Speech]);
        assert_eq!(ear.close(), Some(Heard::Silence(100)));
        assert_eq!(ear.close(), None);
    }

    #[test]
    fn a_crack_is_no_speech() {
        let mut ear = Ear::new(16_000, 1_500);
        assert_eq!(heard(&mut ear, &[(20, 9_000), (10, 0), (20, 9_000), (3_000, 100)]), []);
        assert_eq!(ear.close(), None);
    }

    #[test]
    fn bytes_may_come_in_any_pieces() {
        let whole = [audio(130, 0), audio(500, 3_000), audio(1_600, 0)].concat();
        for size in [1, 3, 7, 640, 100_000] {
            let mut ear = Ear::new(16_000, 1_500);
            let heard: Vec<Heard> = whole.chunks(size).flat_map(|piece| ear.hear(piece)).collect();
            assert_eq!(heard, [Heard::Speech, Heard::Silence(500)], "{size}");
        }
    }
}

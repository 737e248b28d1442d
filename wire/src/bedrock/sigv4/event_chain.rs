//! The signatures of a stream of signed events: each covers the one before it, and the first that of the request.
//!
//! Seen in code (the `event_stream` module of the `aws-sigv4` crate; the SDKs for Rust and JavaScript follow it). What is signed:
//!
//! ```text
//! AWS4-HMAC-SHA256-PAYLOAD
//! 20260101T123456Z                                   the event's own `:date`
//! 20260101/us-east-1/bedrock/aws4_request            of that day
//! the signature before, in hexadecimal
//! SHA-256 of the header `:date` as it is encoded, milliseconds and all
//! SHA-256 of the payload, which is a whole message or empty
//! ```

use std::fmt;

use sha2::{Digest, Sha256};

use super::auth_error::AuthError;
use super::key::SigningKey;
use super::timestamp::Timestamp;
use super::verify::check_date;

const ALGORITHM: &str = "AWS4-HMAC-SHA256-PAYLOAD";

/// Where a chain of signatures stands.
#[derive(Clone)]
pub struct EventChain {
    secret: String,
    key: SigningKey,
    /// In hexadecimal.
    last: String,
}

impl EventChain {
    /// The chain that begins with the signature of a request, made at `unix_seconds` with `secret`.
    pub fn begin(secret: &str, region: &str, unix_seconds: u64, signature: &str) -> Self {
        let key = SigningKey::derive(secret, region, Timestamp::from_unix(unix_seconds));
        Self { secret: secret.to_owned(), key, last: signature.to_owned() }
    }

    /// Signs the next event and moves on.
    pub fn sign(&mut self, unix_seconds: u64, payload: &[u8]) -> [u8; 32] {
        let date = i64::try_from(unix_seconds.saturating_mul(1_000)).unwrap_or(i64::MAX);
        self.last = self.signature(Timestamp::from_unix(unix_seconds), date, payload);
        let mut signature = [0; 32];
        // 64 digits are 32 bytes.
        let _ = hex::decode_to_slice(&self.last, &mut signature);
        signature
    }

    /// Checks the next event, whose `:date` is `date` milliseconds of Unix time, at `now` in Unix seconds; moves on if
    /// it is good.
    ///
    /// # Errors
    /// Its date lies more than five minutes from `now`, or the signature is another.
    pub fn verify(&mut self, signature: &[u8], date: i64, payload: &[u8], now: u64) -> Result<(), AuthError> {
        let moment = Timestamp::from_unix(u64::try_from(date / 1_000).unwrap_or_default());
        check_date(moment, Timestamp::from_unix(now))?;
        let expected = self.signature(moment, date, payload);
        if hex::encode(signature) != expected {
            return Err(AuthError::SignatureMismatch);
        }
        self.last = expected;
        Ok(())
    }

    fn signature(&mut self, moment: Timestamp, date: i64, payload: &[u8]) -> String {
        if !self.key.covers(moment) {
            self.key = SigningKey::derive(&self.secret, self.key.region(), moment);
        }
        let (scope, last) = (self.key.scope(), &self.last);
        let date = hex::encode(Sha256::digest(date_header(date)));
        let payload = hex::encode(Sha256::digest(payload));
        self.key.signature(&format!("{ALGORITHM}\n{moment}\n{scope}\n{last}\n{date}\n{payload}"))
    }
}

impl fmt::Debug for EventChain {
    /// Without the secret.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "EventChain({:?}, {})", self.key, self.last)
    }
}

/// The header `:date`, as a message has it.
fn date_header(date: i64) -> [u8; 15] {
    let mut header = *b"\x05:date\x08\0\0\0\0\0\0\0\0";
    header[7..].copy_from_slice(&date.to_be_bytes());
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: u64 = 1_767_268_800;

    fn chain() -> EventChain {
        EventChain::begin("secret", "us-east-1", NOON, &"ab".repeat(32))
    }

    #[test]
    fn a_chain_is_followed_by_who_has_the_secret() {
        let (mut ours, mut theirs) = (chain(), chain());
        // Over midnight, too: the scope is of the event's own day.
        for (second, payload) in [(0, "one"), (1, "two"), (43_200, "three"), (43_201, "")] {
            let (now, payload) = (NOON + second, payload.as_bytes());
            let signature = ours.sign(now, payload);
            let date = i64::try_from(now * 1_000).unwrap();
            assert_eq!(theirs.verify(&signature, date, payload, now), Ok(()), "{second}");
        }
    }

    #[test]
    fn whatever_is_altered_breaks_it() {
        let date = i64::try_from(NOON * 1_000).unwrap();
        let signature = chain().sign(NOON, b"payload");
        assert_eq!(chain().verify(&signature, date, b"payload", NOON), Ok(()));
        let mut other = EventChain { secret: "other".to_owned(), ..chain() };
        other.key = SigningKey::derive("other", "us-east-1", Timestamp::from_unix(NOON));
        let mut moved_on = chain();
        moved_on.sign(NOON, b"before");
        for (mut chain, signature, payload, date) in [
            (chain(), &signature[..], "Payload", date),
            (chain(), &signature[..31], "payload", date),
            (chain(), &signature[..], "payload", date + 1_000),
            (chain(), &signature[..], "payload", date + 1),
            (moved_on, &signature[..], "payload", date),
            (other, &signature[..], "payload", date),
        ] {
            let verdict = chain.verify(signature, date, payload.as_bytes(), NOON);
            assert_eq!(verdict, Err(AuthError::SignatureMismatch));
        }
    }

    #[test]
    fn an_event_is_good_for_five_minutes() {
        let date = i64::try_from(NOON * 1_000).unwrap();
        let signature = chain().sign(NOON, b"");
        assert_eq!(chain().verify(&signature, date, b"", NOON + 300), Ok(()));
        let late = chain().verify(&signature, date, b"", NOON + 301);
        assert!(matches!(late, Err(AuthError::Expired { .. })), "{late:?}");
        let early = chain().verify(&signature, date, b"", NOON - 301);
        assert!(matches!(early, Err(AuthError::NotYetCurrent { .. })), "{early:?}");
        assert!(matches!(chain().verify(&signature, -1, b"", NOON), Err(AuthError::Expired { .. })));
    }

    #[test]
    fn a_secret_is_not_printed() {
        assert!(!format!("{:?}", chain()).contains("secret"));
    }
}

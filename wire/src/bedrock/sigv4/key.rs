//! The derived key of a day, region and secret, and a small store of such keys.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_sigv4::sign::v4;

use super::timestamp::Timestamp;
use super::{SERVICE, TERMINATOR};

/// Signs requests of one day in one region. Derived by four HMACs, which are worth saving.
#[derive(Clone)]
pub struct SigningKey {
    key: [u8; 32],
    /// `20260101/us-east-1/bedrock/aws4_request`
    scope: String,
}

impl SigningKey {
    /// Derives the key for the day of a moment.
    pub fn derive(secret: &str, region: &str, moment: Timestamp) -> Self {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(moment.unix_seconds());
        let derived = v4::generate_signing_key(secret, time, region, SERVICE);
        let mut key = [0; 32];
        key.copy_from_slice(derived.as_ref());
        Self { key, scope: format!("{}/{region}/{SERVICE}/{TERMINATOR}", moment.date()) }
    }

    /// The credential scope, without the access key.
    pub fn scope(&self) -> &str {
        &self.scope
    }

    /// Whether the key is good at this moment: the day is the same.
    pub fn covers(&self, moment: Timestamp) -> bool {
        self.scope.starts_with(moment.date())
    }

    /// The region in its scope.
    pub fn region(&self) -> &str {
        self.scope.split('/').nth(1).unwrap_or_default()
    }

    /// The signature, 64 lower-case hexadecimal digits.
    pub(super) fn signature(&self, string_to_sign: &str) -> String {
        v4::calculate_signature(self.key, string_to_sign.as_bytes())
    }
}

impl fmt::Debug for SigningKey {
    /// Without the key.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SigningKey({})", self.scope)
    }
}

/// The keys used of late, so that a part which handles hundreds of requests a second derives each once a day.
#[derive(Debug, Default)]
pub struct KeyRing(Mutex<Vec<(String, Arc<SigningKey>)>>);

/// A day has one key per access key and region; two days overlap around midnight.
const RING_LIMIT: usize = 32;

impl KeyRing {
    /// The key of an access key's secret, derived if it is not at hand. One ring must serve one secret per id.
    pub fn key(&self, access_key: &str, secret: &str, region: &str, moment: Timestamp) -> Arc<SigningKey> {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = |(id, key): &&(String, Arc<SigningKey>)| {
            id == access_key && key.covers(moment) && key.region() == region
        };
        if let Some((_, key)) = keys.iter().find(wanted) {
            return Arc::clone(key);
        }
        let key = Arc::new(SigningKey::derive(secret, region, moment));
        if keys.len() == RING_LIMIT {
            keys.remove(0);
        }
        keys.push((access_key.to_owned(), Arc::clone(&key)));
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_derived_once_for_a_day_and_region() {
        let ring = KeyRing::default();
        let noon = Timestamp::from_unix(1_767_268_800);
        let first = ring.key("id", "secret", "us-east-1", noon);
        assert_eq!(first.scope(), "20260101/us-east-1/bedrock/aws4_request");
        assert!(Arc::ptr_eq(&first, &ring.key("id", "secret", "us-east-1", noon)));
        for (id, region, moment) in [
            ("other", "us-east-1", noon),
            ("id", "eu-west-1", noon),
            ("id", "us-east-1", Timestamp::from_unix(0)),
        ] {
            assert!(!Arc::ptr_eq(&first, &ring.key(id, "secret", region, moment)));
        }
    }

    #[test]
    fn the_ring_does_not_grow() {
        let ring = KeyRing::default();
        for region in 0..100 {
            ring.key("id", "secret", &region.to_string(), Timestamp::from_unix(0));
        }
        assert_eq!(ring.0.lock().unwrap().len(), RING_LIMIT);
    }

    #[test]
    fn a_key_is_not_printed() {
        let key = SigningKey::derive("secret", "r", Timestamp::from_unix(0));
        assert_eq!(format!("{key:?}"), "SigningKey(19700101/r/bedrock/aws4_request)");
    }
}

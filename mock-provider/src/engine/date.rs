//! The `Date` header, from the world's clock.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use http::HeaderValue;
use world::Clock;

/// Writes dates, each second's once.
#[derive(Debug)]
pub(crate) struct Dates {
    clock: Clock,
    latest: Mutex<(u64, HeaderValue)>,
}

impl Dates {
    pub(crate) fn new(clock: Clock) -> Self {
        let second = clock.unix_micros() / 1_000_000;
        Self { clock, latest: Mutex::new((second, value(second))) }
    }

    /// The date now. SDKs derive their clock's skew from it, so it must be true.
    pub(crate) fn now(&self) -> HeaderValue {
        let second = self.clock.unix_micros() / 1_000_000;
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if latest.0 != second {
            *latest = (second, value(second));
        }
        latest.1.clone()
    }
}

fn value(unix_s: u64) -> HeaderValue {
    // Years beyond 9999 have no such date; no clock of ours gets there.
    let time = UNIX_EPOCH + Duration::from_secs(unix_s.min(253_402_300_799));
    HeaderValue::try_from(httpdate::fmt_http_date(time)).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use world::{Seed, run_virtual};

    #[test]
    fn the_date_follows_the_clock() {
        run_virtual(Seed(1), |world| async move {
            let dates = Dates::new(*world.clock());
            assert_eq!(dates.now(), "Thu, 01 Jan 2026 00:00:00 GMT");
            world.clock().sleep(Duration::from_secs(86_399)).await;
            assert_eq!(dates.now(), "Thu, 01 Jan 2026 23:59:59 GMT");
        });
    }
}

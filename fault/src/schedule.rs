//! When a rule is in force: windows that open, repeat and close.

use std::time::Duration;

use world::Instant;

/// The windows of a rule. Window `k` opens at `first + k × every` and lasts `length`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// When the first window opens.
    pub first: Instant,
    /// How long each lasts; none is until the end of the run.
    pub length: Option<Duration>,
    /// From one opening to the next; none is a single window.
    pub every: Option<Duration>,
    /// How many windows there are; none is without end.
    pub times: Option<u32>,
    /// From when on the rule is void, whatever its windows say.
    pub expires: Option<Instant>,
}

/// One window of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Which, from 0.
    pub index: u32,
    /// When it opens.
    pub opens: Instant,
    /// When it closes, the first instant outside; none is never.
    pub closes: Option<Instant>,
}

impl Schedule {
    /// In force from the beginning to the end.
    pub const ALWAYS: Self =
        Self { first: Instant::ZERO, length: None, every: None, times: Some(1), expires: None };

    /// The window that is open at `now`.
    #[must_use]
    pub fn window_at(&self, now: Instant) -> Option<Window> {
        if now < self.first {
            return None;
        }
        let since = now.saturating_since(self.first).as_micros();
        let index = self.every.map_or(0, |every| since / every.as_micros().max(1));
        let window = self.window(u32::try_from(index).ok()?)?;
        window.closes.is_none_or(|closes| now < closes).then_some(window)
    }

    /// Window `index`, if the schedule has so many and it opens before the rule expires.
    #[must_use]
    pub fn window(&self, index: u32) -> Option<Window> {
        let times = self.times.unwrap_or(if self.every.is_some() { u32::MAX } else { 1 });
        if index >= times || (index > 0 && self.every.is_none()) {
            return None;
        }
        let opens = self.first + self.every.unwrap_or_default().saturating_mul(index);
        let closes = self.length.map(|length| opens + length);
        let closes = match (closes, self.expires) {
            (Some(closes), Some(expires)) => Some(closes.min(expires)),
            (closes, expires) => closes.or(expires),
        };
        closes.is_none_or(|closes| opens < closes).then_some(Window { index, opens, closes })
    }

    /// The windows in order.
    pub fn windows(&self) -> impl Iterator<Item = Window> + '_ {
        (0..).map_while(|index| self.window(index))
    }
}

impl Window {
    /// How long it stays open after `now`; none is for ever.
    #[must_use]
    pub fn remaining(&self, now: Instant) -> Option<Duration> {
        self.closes.map(|closes| closes.saturating_since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn repeated() -> Schedule {
        Schedule {
            first: Instant::from_secs(300),
            length: Some(5 * MINUTE),
            every: Some(10 * MINUTE),
            times: Some(3),
            expires: None,
        }
    }

    fn index_at(schedule: &Schedule, seconds: u64) -> Option<u32> {
        schedule.window_at(Instant::from_secs(seconds)).map(|window| window.index)
    }

    #[test]
    fn windows_repeat_and_end() {
        let cases = [
            (0, None),
            (299, None),
            (300, Some(0)),
            (599, Some(0)),
            (600, None),
            (900, Some(1)),
            (1500, Some(2)),
        ];
        for (seconds, expected) in cases.into_iter().chain([(1799, Some(2)), (1800, None), (2100, None)]) {
            assert_eq!(index_at(&repeated(), seconds), expected, "{seconds}");
        }
        assert_eq!(repeated().windows().count(), 3);
    }

    #[test]
    fn a_rule_without_windows_is_always_in_force() {
        assert_eq!(index_at(&Schedule::ALWAYS, 0), Some(0));
        assert_eq!(index_at(&Schedule::ALWAYS, 1 << 40), Some(0));
        assert_eq!(Schedule::ALWAYS.windows().count(), 1);
    }

    #[test]
    fn an_expired_rule_is_void() {
        let schedule = Schedule { expires: Some(Instant::from_secs(1000)), ..repeated() };
        assert_eq!(index_at(&schedule, 999), Some(1));
        assert_eq!(index_at(&schedule, 1000), None);
        assert_eq!(
            schedule.windows().last().and_then(|window| window.closes),
            Some(Instant::from_secs(1000))
        );
        let always = Schedule { expires: Some(Instant::from_secs(10)), ..Schedule::ALWAYS };
        assert_eq!((index_at(&always, 9), index_at(&always, 10)), (Some(0), None));
    }
}

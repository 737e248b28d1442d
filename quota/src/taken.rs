//! What is missing from a bucket, when the past can still turn out cheaper than it looked.
//!
//! A reservation takes what a request may use; at its end it is known what it did use. The bucket then stands as
//! if the request had taken just that when it arrived. Giving the rest back on top of what has flowed in since
//! would pay it twice, and a bucket that had become full under a long reservation would admit more in a stretch of
//! time than it holds and what flows in during it.

use std::collections::BTreeMap;

/// What is missing, in any unit.
#[derive(Debug, Clone, Default)]
pub(crate) struct Taken {
    /// What is missing now.
    missing: i128,
    /// What was missing just before the oldest open reservation.
    before: i128,
    /// Reservations whose end still matters, by number.
    open: BTreeMap<u64, Reservation>,
    next: u64,
}

#[derive(Debug, Clone)]
struct Reservation {
    amount: i128,
    /// What happened between it and the next one.
    then: Course,
}

/// Takings and refills in a row, as what they make of what was missing before.
///
/// A refill of `r` turns `m` into `max(m - r, 0)`, a taking of `t` into `m + t`; any row of them has the form
/// `max(m + shift, floor)`.
#[derive(Debug, Clone, Copy, Default)]
struct Course {
    shift: i128,
    floor: i128,
}

impl Taken {
    /// What is missing now.
    pub(crate) fn missing(&self) -> i128 {
        self.missing
    }

    /// Takes `amount` for good.
    pub(crate) fn take(&mut self, amount: i128) {
        self.go(Course { shift: amount, floor: amount });
    }

    /// Replaces `amount` of what is missing; what is beyond that is lost.
    pub(crate) fn refill(&mut self, amount: i128) {
        // Nothing was ever missing beyond what seems to be missing now.
        self.go(Course { shift: -amount.min(self.missing), floor: 0 });
        if self.missing == 0 {
            // Whatever comes of the reservations until now, nothing is missing here.
            self.open.clear();
        }
    }

    /// Takes `amount` until it is known how much of it was used; returns the reservation's number.
    pub(crate) fn reserve(&mut self, amount: i128) -> u64 {
        let number = self.next;
        self.next += 1;
        if self.open.is_empty() {
            self.before = self.missing;
        }
        self.missing += amount;
        self.open.insert(number, Reservation { amount, then: Course::default() });
        number
    }

    /// Ends a reservation: `used` of it was needed.
    pub(crate) fn settle(&mut self, number: u64, used: i128) {
        let Some(ended) = self.open.remove(&number) else { return };
        let used = used.min(ended.amount);
        let course = Course { shift: used, floor: used }.and_then(ended.then);
        match self.open.range_mut(..number).next_back() {
            Some((_, older)) => older.then = older.then.and_then(course),
            None => self.before = course.after(self.before),
        }
        let courses = self.open.values();
        self.missing = courses.fold(self.before, |missing, open| open.then.after(missing + open.amount));
    }

    fn go(&mut self, course: Course) {
        self.missing = course.after(self.missing);
        if let Some((_, youngest)) = self.open.iter_mut().next_back() {
            youngest.then = youngest.then.and_then(course);
        }
    }
}

impl Course {
    fn after(self, missing: i128) -> i128 {
        (missing + self.shift).max(self.floor)
    }

    fn and_then(self, next: Self) -> Self {
        Self { shift: self.shift + next.shift, floor: next.after(self.floor) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_was_not_used_was_never_missing() {
        let mut taken = Taken::default();
        let first = taken.reserve(40);
        let second = taken.reserve(60);
        taken.refill(30);
        assert_eq!(taken.missing(), 70);
        taken.settle(first, 5);
        assert_eq!(taken.missing(), 35);
        taken.settle(second, 10);
        assert_eq!(taken.missing(), 0, "15 were used and 30 have flowed in");
    }

    #[test]
    fn a_reservation_that_was_refilled_gives_nothing_back() {
        let mut taken = Taken::default();
        let long = taken.reserve(100);
        taken.refill(100);
        taken.take(100);
        taken.settle(long, 0);
        assert_eq!(taken.missing(), 100);
    }

    #[test]
    fn one_that_matters_no_more_is_forgotten() {
        let mut taken = Taken::default();
        let numbers: Vec<_> = (0..1_000).map(|_| taken.reserve(1)).collect();
        taken.refill(999);
        assert_eq!(taken.open.len(), 1_000);
        taken.refill(1);
        assert!(taken.open.is_empty());
        numbers.into_iter().for_each(|number| taken.settle(number, 0));
        assert_eq!(taken.missing(), 0);
    }

    #[derive(Debug, Clone)]
    enum Event {
        Take(i128),
        Refill(i128),
        /// An amount, what is used of it in per cent, and after how many further events that is known.
        Reserve(i128, i128, usize),
    }

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            (0_i128..50).prop_map(Event::Take),
            (0_i128..120).prop_map(Event::Refill),
            (0_i128..100, 0_i128..=100, 0_usize..12)
                .prop_map(|(amount, share, after)| { Event::Reserve(amount, share, after) }),
        ]
    }

    /// The whole past again, with what is known of it after `upto` events.
    fn replayed(events: &[Event], upto: usize) -> i128 {
        events[..upto].iter().enumerate().fold(0, |missing, (at, event)| match event {
            Event::Take(amount) => missing + amount,
            Event::Refill(amount) => (missing - amount).max(0),
            Event::Reserve(amount, share, after) if at + after < upto => missing + amount * share / 100,
            Event::Reserve(amount, ..) => missing + amount,
        })
    }

    proptest! {
        #[test]
        fn it_stands_as_if_the_past_were_told_again(events in prop::collection::vec(event(), 1..60)) {
            let mut taken = Taken::default();
            let mut ends: Vec<Vec<(u64, i128)>> = vec![vec![]; events.len() + 12];
            for (at, event) in events.iter().enumerate() {
                match event {
                    Event::Take(amount) => taken.take(*amount),
                    Event::Refill(amount) => taken.refill(*amount),
                    Event::Reserve(amount, share, after) => {
                        ends[at + after].push((taken.reserve(*amount), amount * share / 100));
                    }
                }
                for (number, used) in &ends[at] {
                    taken.settle(*number, *used);
                }
                prop_assert_eq!(taken.missing(), replayed(&events, at + 1), "after {} of {:?}", at + 1, events);
            }
        }
    }
}

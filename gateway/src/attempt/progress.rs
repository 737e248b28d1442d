//! How far one request has come in the attempt loop.

use super::Job;
use crate::failure::Failure;

/// What one request has tried.
#[derive(Debug)]
pub(super) struct Progress<'a> {
    pub(super) job: Job<'a>,
    /// Attempts so far, at all targets.
    pub(super) attempts: u32,
    /// What the last of them failed of.
    pub(super) failure: Option<Failure>,
    /// Failures that have not been booked on anyone yet.
    pub(super) booked_late: u32,
    /// Attempts by position in the route.
    tries: Vec<u32>,
    /// The position that was tried last.
    last: Option<usize>,
}

impl<'a> Progress<'a> {
    pub(super) fn new(job: Job<'a>) -> Self {
        Self { job, attempts: 0, failure: None, booked_late: 0, tries: vec![0; job.route.len()], last: None }
    }

    /// An attempt at the target at `position` begins.
    pub(super) fn begin(&mut self, position: usize) {
        self.attempts += 1;
        self.last = Some(position);
        if let Some(tries) = self.tries.get_mut(position) {
            *tries += 1;
        }
    }

    /// Attempts at the target at `position`.
    pub(super) fn tries(&self, position: usize) -> u32 {
        self.tries.get(position).copied().unwrap_or(0)
    }

    /// The position tried last, if it is to be tried again before any other.
    pub(super) fn repeat_here(&self, same_target_first: u32) -> Option<usize> {
        self.last.filter(|position| self.tries(*position) <= same_target_first)
    }

    /// The first position from `from` on that has not been tried.
    pub(super) fn untried(&self, from: usize) -> Option<usize> {
        (from..self.tries.len()).find(|position| self.tries(*position) == 0)
    }

    /// Positions tried already, in order.
    pub(super) fn tried(&self) -> impl Iterator<Item = usize> {
        self.tries.iter().enumerate().filter_map(|(position, tries)| (*tries > 0).then_some(position))
    }
}

//! What a request holds of its quota while it is answered.

use quota::vertex::{Admission, Quota};
use wire::vertex::error::Case;
use world::Domain;

use super::Request;
use super::failure::Failure;
use crate::engine::identity::Identity;

/// Counts the output when dropped: what was generated until then.
#[derive(Debug)]
pub(super) struct Settlement {
    admission: Option<Admission>,
    output: u64,
}

impl Settlement {
    /// Counts a request of `input` tokens. `exhausted` is how the project's own quota refuses.
    pub(super) fn admit(
        (quota, pool): (&Quota, &Domain),
        request: &Request<'_>,
        identity: &Identity,
        input: u64,
        exhausted: Case,
    ) -> Result<Self, Failure> {
        Self::admit_to((quota, pool), request.quota_scope(), identity, input, exhausted)
    }

    /// The same for a scope of its own.
    pub(super) fn admit_to(
        (quota, pool): (&Quota, &Domain),
        scope: quota::vertex::Scope<'_>,
        identity: &Identity,
        input: u64,
        exhausted: Case,
    ) -> Result<Self, Failure> {
        let draw = pool.draws_n(identity.arrival).unit();
        let admission =
            quota.admit(scope, input, draw).map_err(|refusal| Failure::quota(refusal, exhausted))?;
        Ok(Self { admission: Some(admission), output: 0 })
    }

    /// Notes how many tokens have been generated so far.
    pub(super) fn generated(&mut self, tokens: u32) {
        self.output = u64::from(tokens);
    }
}

impl Drop for Settlement {
    fn drop(&mut self) {
        if let Some(admission) = self.admission.take() {
            admission.settle(self.output);
        }
    }
}

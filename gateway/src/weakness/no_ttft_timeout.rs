//! A provider that accepts a request and stays silent is waited for without end.

use super::Weakness;

pub(super) const WEAKNESS: Weakness = Weakness {
    name: "no-ttft-timeout",
    summary: "no limit on the first content, on silence or on the whole answer",
    caught_by: "long-running: R6, E7",
    weaken: |policy| {
        policy.deadlines.first_content = None;
        policy.deadlines.idle = None;
        policy.deadlines.answer_min = None;
    },
};

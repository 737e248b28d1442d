//! Chats take 30 % longer than the provider needed.

use super::Weakness;

pub(super) const WEAKNESS: Weakness = Weakness {
    name: "slow-30",
    summary: "30 % more latency on chat",
    caught_by: "ci-regression: A9",
    weaken: |policy| policy.chat_delay_percent = 30,
};

//! Checking `users`: the closed loop.

use std::time::Duration;

use notation::Problems;
use world::Law;

use super::mix::Mix;
use super::senders::Senders;
use super::timing::Timing;
use crate::plan::draws::micros;
use crate::plan::users::USERS_MAX;
use crate::plan::{BadShares, Binding, LoadFile, UserClass, UserClassFile, UserLoop, UsersFile, WaitFile};

/// The name of users without a kind.
const USER: &str = "user";

/// What a closed loop is checked against.
pub(super) struct Loop<'a> {
    pub(super) file: &'a LoadFile,
    pub(super) timing: &'a Timing,
    pub(super) mix: &'a Mix,
    pub(super) binding: &'a Binding,
}

impl Loop<'_> {
    /// The closed loop of the file, where it has one.
    pub(super) fn check(
        &self,
        senders: &Senders,
        bad: BadShares,
        problems: &mut Problems,
    ) -> Option<UserLoop> {
        let file = self.file;
        let Some(users) = &file.users else {
            for (index, _) in file.stages.iter().enumerate().filter(|(_, stage)| stage.users.is_some()) {
                problems.add(format!("stages[{index}].users"), "there is no closed loop", "`[load.users]`");
            }
            return None;
        };
        if file.arrivals.is_some() {
            problems.add("users", "a load is an open or a closed loop", "one of `arrivals` and `users`");
        }
        let levels = levels(file, users, problems);
        let (classes, weights) = self.kinds(users, problems);
        let most = levels.iter().map(|(_, users)| *users).max().unwrap_or(0);
        if most == 0 || most > USERS_MAX {
            problems.add("users.count", "is no number of users", format!("1 to {USERS_MAX}"));
        }
        let apart = users.spawn_rate.map_or(0.0, |rate| 1e6 / rate.per_second());
        Some(UserLoop {
            levels,
            end_us: micros(self.timing.duration),
            apart: Duration::from_micros(libm::round(apart) as u64),
            classes,
            weights,
            tenants: senders.of_users(most.min(USERS_MAX)).0,
            bad,
        })
    }

    fn kinds(&self, users: &UsersFile, problems: &mut Problems) -> (Vec<UserClass>, Vec<u32>) {
        let shared = problems.take("users.wait", wait_law(users.wait.as_ref()));
        let shared = shared.unwrap_or(Law::Fixed { micros: 0 });
        if users.classes.is_empty() {
            let (classes, weights) = (self.mix.classes.clone(), self.mix.weights.clone());
            return (vec![UserClass { name: USER.into(), wait: shared, classes, weights }], vec![1]);
        }
        let checked = users.classes.iter().enumerate().filter_map(|(index, class)| {
            let kind = problems.take(&format!("users.classes[{index}]"), self.kind(class, shared))?;
            Some((kind, class.weight.unwrap_or(1)))
        });
        checked.unzip()
    }

    fn kind(&self, class: &UserClassFile, wait: Law) -> Result<UserClass, Problems> {
        let mut problems = Problems::new();
        if class.name.is_empty() {
            problems.add("name", "is missing", "a name");
        }
        if class.weight == Some(0) {
            problems.add("weight", "is nothing", "a number from 1");
        }
        let own_wait = class.wait.as_ref().and_then(|own| problems.take("wait", wait_law(Some(own))));
        let own_mix = match class.mix.is_empty() {
            true => None,
            false => problems.take("", Mix::check(&class.mix, self.file, self.binding)),
        };
        let mix = own_mix.as_ref().unwrap_or(self.mix);
        problems.into_result(UserClass {
            name: class.name.as_str().into(),
            wait: own_wait.unwrap_or(wait),
            classes: mix.classes.clone(),
            weights: mix.weights.clone(),
        })
    }
}

/// How many users there are from when on. A stage that does not say keeps the number.
fn levels(file: &LoadFile, users: &UsersFile, problems: &mut Problems) -> Vec<(u64, u32)> {
    let staged = file.stages.iter().any(|stage| stage.users.is_some());
    match (users.count, staged) {
        (None, false) => problems.add("users.count", "is missing", "a number of users"),
        (Some(_), true) => problems.add("users.count", "is already said by `stages`", "one of the two"),
        _ => {}
    }
    let first = (0, users.count.unwrap_or(0));
    let mut start_us = 0;
    let stages = file.stages.iter().map(|stage| {
        let begins = start_us;
        start_us += stage.length.map_or(0, |length| micros(length.0));
        (begins, if stage.quiet { Some(0) } else { stage.users })
    });
    let mut levels = vec![first];
    levels.extend(stages.filter_map(|(begins, users)| Some((begins, users?))));
    levels
}

fn wait_law(wait: Option<&WaitFile>) -> Result<Law, Problems> {
    let mut problems = Problems::new();
    let Some(wait) = wait else { return Ok(Law::Fixed { micros: 0 }) };
    if wait.low > wait.high {
        problems.add("", "begins above its end", "`{ low = \"1s\", high = \"3s\" }`");
    }
    problems.into_result(Law::Uniform { low: micros(wait.low.0), high: micros(wait.high.0) })
}

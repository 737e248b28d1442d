//! From the section in the file to a plan that can run, or to everything that is wrong with it.

mod mix;
mod senders;
mod timing;
mod users;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use evidence::record::Name;
use notation::{Problems, Rate, Share};

use super::{
    BadShares, Binding, Class, Gaps, Kind, LoadFile, LoadPlan, Pace, Phases, RetryFile, RetryPolicy, Shard,
    Stream, StreamKind, Tenant,
};
use mix::Mix;
use senders::Senders;
use timing::Timing;

/// How long clients wait when nothing is said: half of what the vendors' SDKs grant a whole drill.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Requests in flight that are always allowed: at low rates chance alone exceeds the product.
const IN_FLIGHT_FLOOR: u64 = 64;

/// The room that the in-flight limit leaves above rate × timeout.
const IN_FLIGHT_ROOM: f64 = 1.2;

/// Send lag above this shows in the latencies of fast requests.
const SEND_LAG_MAX: Duration = Duration::from_millis(5);

/// The tenant of control traffic: its own, so that no tenant's limit shows in it.
const CONTROL_TENANT: &str = "control";

impl LoadFile {
    /// Checks the section and fills in what it leaves out.
    ///
    /// # Errors
    /// Everything that is wrong, each with its key.
    pub fn plan(&self, binding: &Binding) -> Result<LoadPlan, Problems> {
        let mut problems = Problems::new();
        let timing = problems.take("", Timing::check(self, binding));
        let mix = problems.take("", Mix::check(&self.mix, self, binding));
        mix::check_unused(self, &mut problems);
        let senders = problems.take("", Senders::check(self));
        let bad = self.bad_shares(&mut problems);
        let control = self.control(binding, &mut problems);
        let retry = problems.take("retries", check_retries(self.retries.as_ref())).unwrap_or_default();
        let timeout = positive("timeout", self.timeout.map(Duration::from), TIMEOUT, &mut problems);
        let stream_timeout = match self.stream_timeout.map(Duration::from) {
            Some(said) => positive("stream_timeout", Some(said), said, &mut problems),
            None => timeout,
        };
        if self.in_flight_max == Some(0) {
            problems.add("in_flight_max", "lets nothing be sent", "a number from 1");
        }
        let (Some(timing), Some(mix), Some(senders)) = (timing, mix, senders) else {
            return Err(problems);
        };
        let users = users::Loop { file: self, timing: &timing, mix: &mix, binding }.check(
            &senders,
            bad,
            &mut problems,
        );
        let streams = streams(&timing, &mix, &senders, bad, control);
        let mut plan = LoadPlan {
            streams,
            users,
            duration: timing.duration,
            phases: Phases::new(timing.phases),
            seed: binding.seed,
            origin: world::Instant::ZERO,
            timeout,
            stream_timeout,
            retry,
            in_flight_max: 0,
            send_lag_max: self.send_lag_max.map_or(SEND_LAG_MAX, Duration::from),
            shard: Shard::WHOLE,
        };
        let seconds = timeout.max(stream_timeout).as_secs_f64();
        let product = libm::ceil(plan.peak_rate() * seconds * IN_FLIGHT_ROOM) as u64;
        // Users wait for their own answers and take no place from arrivals.
        let users = plan.users.as_ref().map_or(0, |users| u64::from(users.most()));
        plan.in_flight_max = self.in_flight_max.unwrap_or(product.max(IN_FLIGHT_FLOOR)) + users;
        problems.into_result(plan)
    }

    fn bad_shares(&self, problems: &mut Problems) -> BadShares {
        let share = |share: Option<Share>| share.map_or(0.0, Share::fraction);
        let within = self.aborts.as_ref().map(|aborts| Duration::from(aborts.within));
        BadShares {
            invalid: share(self.invalid),
            unknown_keys: share(self.unknown_keys),
            aborts: share(self.aborts.as_ref().map(|aborts| aborts.share)),
            leave_within: positive("aborts.within", within, Duration::from_secs(1), problems),
        }
    }

    /// Provider, model name and rate of each kind of control traffic.
    fn control(&self, binding: &Binding, problems: &mut Problems) -> BTreeMap<Name, (Arc<Class>, Rate)> {
        let mut control = BTreeMap::new();
        for (pin, rate) in &self.control {
            match self.control_class(pin, binding) {
                Ok((provider, class)) => drop(control.insert(provider, (Arc::new(class), *rate))),
                Err(message) => {
                    problems.add(format!("control.{pin}"), message, "`PROVIDER/*` or `PROVIDER/MODEL`");
                }
            }
        }
        control
    }

    fn control_class(&self, pin: &str, binding: &Binding) -> Result<(Name, Class), String> {
        let (provider, model) = pin.split_once('/').ok_or("names no provider and model")?;
        let model = match model {
            "" => return Err("names no model".to_owned()),
            "*" => binding.pinned.get(provider).ok_or_else(|| {
                let known: Vec<&str> = binding.pinned.keys().map(String::as_str).collect();
                format!("no model of provider `{provider}` is known (known: {})", known.join(", "))
            })?,
            _ => pin,
        };
        let lengths = self.prompt_tokens.as_ref().and_then(|lengths| mix::check_lengths(lengths).ok());
        let class = Class {
            name: CONTROL_TENANT.into(),
            kind: Kind::Chat,
            kind_name: Kind::Chat.as_str().into(),
            model: model.into(),
            prompt_tokens: lengths.unwrap_or(mix::PROMPT_TOKENS),
            max_tokens: self.max_tokens.or(Some(mix::MAX_TOKENS)),
            streamed: self.streaming.map_or(0.0, Share::fraction),
            batch: 1,
            path: mix::path_of(Kind::Chat).to_owned(),
        };
        Ok((provider.into(), class))
    }
}

/// The streams of a plan: the main one, then tenants with a rate, then control traffic by provider.
fn streams(
    timing: &Timing,
    mix: &Mix,
    senders: &Senders,
    bad: BadShares,
    control: BTreeMap<Name, (Arc<Class>, Rate)>,
) -> Vec<Stream> {
    let stream = |kind, pace, tenants: Vec<Arc<Tenant>>, tenant_weights| Stream {
        kind,
        pace,
        classes: mix.classes.clone(),
        weights: mix.weights.clone(),
        tenants,
        tenant_weights,
        bad,
    };
    let main = timing.main.clone().map(|pace| {
        let (tenants, weights) = senders.of_pace(&pace);
        stream(StreamKind::Main, pace, tenants, weights)
    });
    let own = senders.with_rate.iter().map(|sender| {
        let pace = timing.steady(sender.rate, sender.from, sender.until);
        stream(
            StreamKind::Tenant(Arc::clone(&sender.tenant.name)),
            pace,
            vec![Arc::clone(&sender.tenant)],
            vec![1],
        )
    });
    let control_tenant = Arc::new(Tenant::named(CONTROL_TENANT));
    let pinned = control.into_iter().map(|(provider, (class, rate))| Stream {
        kind: StreamKind::Control(provider),
        pace: Pace::Rate { gaps: Gaps::Poisson, curve: timing.whole(rate) },
        classes: vec![class],
        weights: vec![1],
        tenants: vec![Arc::clone(&control_tenant)],
        tenant_weights: vec![1],
        bad: BadShares::default(),
    });
    main.into_iter().chain(own).chain(pinned).collect()
}

fn check_retries(file: Option<&RetryFile>) -> Result<RetryPolicy, Problems> {
    let mut problems = Problems::new();
    let default = RetryPolicy::default();
    let Some(file) = file else { return Ok(default) };
    if file.times > 100 {
        problems.add("times", "is more than any client does", "a number up to 100");
    }
    let or = |text: Option<notation::DurationText>, default| text.map_or(default, Duration::from);
    problems.into_result(RetryPolicy {
        times: file.times,
        pause: or(file.pause, default.pause),
        pause_max: or(file.pause_max, default.pause_max),
        retry_after_max: or(file.retry_after_max, default.retry_after_max),
    })
}

fn positive(path: &str, value: Option<Duration>, default: Duration, problems: &mut Problems) -> Duration {
    let value = value.unwrap_or(default);
    if value.is_zero() {
        problems.add(path, "is no time at all", "a duration above zero, such as `30s`");
    }
    value
}

//! What the judge is told about a drill: windows, kinds, the declared policy, the demands.

use crate::demand::{Breaker, FaultWindow, JudgePlan, KindPlan, Policy, Span, TimeBasis};
use std::collections::BTreeMap;
use std::time::Duration;

use evidence::Name;
use gateway::DeclaredPolicy;

use crate::file::{DrillPlan, TargetPolicy};
use crate::report::DeclaredFault;

/// The judge's plan of a drill. `declared` is the embedded gateway's own word, where that is judged.
pub(super) fn judge_plan(plan: &DrillPlan, declared: Option<&DeclaredPolicy>, time: TimeBasis) -> JudgePlan {
    JudgePlan {
        duration_us: micros(plan.duration),
        time,
        embedded: plan.is_embedded(),
        faults: windows(plan),
        baseline: None,
        kinds: kinds(plan, declared),
        tenant_limits: BTreeMap::new(),
        policy: declared.map(of_gateway).or_else(|| plan.target.as_ref()?.policy.as_ref().map(of_target)),
        expectations: plan.expectations.clone(),
    }
}

/// Every window that opens before the load ends, by time.
pub(super) fn windows(plan: &DrillPlan) -> Vec<FaultWindow> {
    let end_us = micros(plan.duration);
    let mut windows = Vec::new();
    for rule in &plan.rules {
        for window in rule.schedule.windows().take_while(|window| window.opens.as_micros() < end_us) {
            let span = Span {
                from_us: window.opens.as_micros(),
                to_us: window.closes.map_or(end_us, |closes| closes.as_micros().min(end_us)),
            };
            // A rule without a provider acts on every one.
            let providers = plan.providers.iter().filter(|provider| rule.selection.concerns(&provider.name));
            windows.extend(providers.map(|provider| FaultWindow {
                rule: rule.name.clone(),
                ordinal: window.index,
                provider: provider.name.as_str().into(),
                span,
                is_failure: rule.mix.iter().any(|entry| entry.effect.is_failure()),
                share_ppm: (rule.extent.chance(Duration::MAX) * 1e6).round() as u32,
            }));
        }
    }
    windows.sort_by_key(|window| (window.span.from_us, window.rule.clone(), window.ordinal));
    windows
}

/// The windows as reports show them.
#[must_use]
pub fn declared_faults(plan: &DrillPlan) -> Vec<DeclaredFault> {
    let share = |window: &FaultWindow| {
        let rule = plan.rules.iter().find(|rule| rule.name == window.rule);
        rule.map(|rule| rule.extent.describe()).unwrap_or_default()
    };
    windows(plan)
        .iter()
        .map(|window| DeclaredFault {
            window: window.to_string(),
            provider: window.provider.to_string(),
            from_ms: window.span.from_us / 1_000,
            to_ms: window.span.to_us / 1_000,
            share: share(window),
        })
        .collect()
}

fn kinds(plan: &DrillPlan, declared: Option<&DeclaredPolicy>) -> BTreeMap<Name, KindPlan> {
    let timeout_us = micros(plan.load.timeout());
    let stream_timeout_us = micros(plan.load.stream_timeout());
    let declared_us = plan.target.as_ref().and_then(|target| target.policy.as_ref()?.deadline).map(micros);
    let mut kinds: BTreeMap<Name, KindPlan> = BTreeMap::new();
    // Control traffic names a provider, and says nothing of the order in which an alias is served.
    for class in plan.load.classes_of_load() {
        let kind = KindPlan {
            deadline_us: timeout_us.max(stream_timeout_us),
            useful_us: None,
            // Nothing may outlive the clients, whatever a gateway grants itself.
            budget_us: Some(timeout_us.min(declared_us.unwrap_or(u64::MAX))),
            stream_budget_us: Some(stream_timeout_us),
            targets: targets(plan, declared, &class.model),
        };
        let known = kinds.entry(Name::clone(&class.kind_name)).or_insert_with(|| kind.clone());
        if known.targets != kind.targets {
            // Several models of one kind: who is asked first is seen, and not declared.
            known.targets.clear();
        }
    }
    kinds
}

/// The providers behind a model name, in the declared order.
fn targets(plan: &DrillPlan, declared: Option<&DeclaredPolicy>, model: &str) -> Vec<Name> {
    let provider_of = |target: &String| Name::from(target.split('/').next().unwrap_or(target));
    if let Some(declared) = declared {
        let order = declared.order.iter().find(|(alias, _)| alias == model);
        return order.map(|(_, targets)| targets.iter().map(provider_of).collect()).unwrap_or_default();
    }
    let policy = plan.target.as_ref().and_then(|target| target.policy.as_ref());
    policy.map(|policy| policy.order.iter().map(|name| name.as_str().into()).collect()).unwrap_or_default()
}

fn of_gateway(declared: &DeclaredPolicy) -> Policy {
    Policy {
        retries: declared.same_target_retries,
        breaker: declared.breaker.then_some(Breaker {
            open_max_us: micros(declared.breaker_open_max),
            ramp_us: micros(declared.ramp),
        }),
        backoff_us: None,
        idle_timeout_us: declared.idle_max.map(micros),
    }
}

fn of_target(policy: &TargetPolicy) -> Policy {
    Policy {
        retries: policy.retries,
        breaker: policy.cooldown.map(|open| Breaker { open_max_us: micros(open), ramp_us: 0 }),
        backoff_us: None,
        idle_timeout_us: None,
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::{Changes, open};

    fn targets_of_chats(changes: &[&str]) -> Vec<Name> {
        let (name, mut document) = open("provider-failure").expect("it ships");
        for change in changes {
            document.set_text(change).expect("a key and a value");
        }
        let plan = DrillPlan::read(&name, document, &Changes::default()).expect("sound");
        let declared = plan.gateway.plan().expect("sound").declared;
        kinds(&plan, Some(&declared))["chat"].targets.clone()
    }

    #[test]
    fn control_traffic_says_nothing_of_the_order_of_targets() {
        let in_order = [Name::from("bedrock"), Name::from("vertex")];
        assert_eq!(targets_of_chats(&["load.control={}"]), in_order);
        assert_eq!(targets_of_chats(&[]), in_order);
    }

    #[test]
    fn classes_of_one_kind_with_two_models_have_no_order() {
        let other = r#"load.classes={other={kind="chat",model="vertex/gemini-2.5-flash"}}"#;
        assert!(targets_of_chats(&["load.mix={chat=1,other=1,embeddings=1}", other]).is_empty());
    }
}

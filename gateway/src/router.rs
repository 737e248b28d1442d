//! From the name that a client asks for to the targets that may serve it, in order.

use std::collections::BTreeMap;

use evidence::Name;

use crate::plan::{Alias, EmbeddingFailover, Failover, GatewayPlan, ModelKind};

/// Finds targets by name.
#[derive(Debug)]
pub(crate) struct Router {
    routes: BTreeMap<Name, Route>,
    failover: Failover,
}

#[derive(Debug)]
struct Route {
    kind: ModelKind,
    targets: Vec<usize>,
}

/// Why a name leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unroutable {
    /// Nobody has this name.
    Unknown,
    /// The model is for something else.
    WrongKind,
}

impl Router {
    pub(crate) fn new(plan: &GatewayPlan) -> Self {
        let mut routes = BTreeMap::new();
        for alias in &plan.aliases {
            for index in &alias.targets {
                if let Some(target) = plan.targets.get(*index) {
                    // A pinned name is a route of one: it never fails over.
                    let pinned = Route { kind: alias.kind, targets: vec![*index] };
                    routes.insert(Name::from(plan.pinned_name(target)), pinned);
                }
            }
            let route = Route { kind: alias.kind, targets: reachable(plan, alias) };
            routes.insert(Name::clone(&alias.name), route);
        }
        Self { routes, failover: plan.policy.attempts.failover }
    }

    /// The targets behind `name`, in the order in which they are tried.
    pub(crate) fn route(&self, name: &str, kind: ModelKind, streamed: bool) -> Result<&[usize], Unroutable> {
        let route = self.routes.get(name).ok_or(Unroutable::Unknown)?;
        if route.kind != kind {
            return Err(Unroutable::WrongKind);
        }
        let first_only = match self.failover {
            Failover::Always => false,
            Failover::NonStreamedOnly => streamed,
            Failover::Never => true,
        };
        Ok(if first_only { route.targets.get(..1).unwrap_or_default() } else { &route.targets })
    }

    /// Every name, in alphabetical order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &Name> {
        self.routes.keys()
    }
}

/// The targets of an alias that its requests may reach.
fn reachable(plan: &GatewayPlan, alias: &Alias) -> Vec<usize> {
    let any = plan.policy.attempts.embeddings == EmbeddingFailover::AnyModel;
    let model = |index: &usize| plan.targets.get(*index).map(|target| &target.model);
    let first = alias.targets.first().and_then(model);
    let stays = |index: &&usize| alias.kind == ModelKind::Chat || any || model(index) == first;
    alias.targets.iter().filter(stays).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::GatewayFile;

    fn plan() -> GatewayPlan {
        let file: GatewayFile = toml::from_str(
            r#"
            providers.a = { family = "bedrock", url = "http://a" }
            providers.b = { family = "vertex", url = "http://b" }
            providers.c = { family = "bedrock", url = "http://c" }
            models.chat.targets = ["a/claude", "b/gemini"]
            models.vectors = { kind = "embeddings", targets = ["a/titan", "b/gecko", "c/titan"] }
            "#,
        )
        .expect("a section");
        file.plan().expect("a plan")
    }

    fn names(plan: &GatewayPlan, router: &Router, name: &str, kind: ModelKind) -> Vec<String> {
        let route = router.route(name, kind, false).expect(name);
        route.iter().map(|index| plan.pinned_name(&plan.targets[*index])).collect()
    }

    #[test]
    fn aliases_have_their_order_and_pinned_names_one_target() {
        let plan = plan();
        let router = Router::new(&plan);
        assert_eq!(names(&plan, &router, "chat", ModelKind::Chat), ["a/claude", "b/gemini"]);
        assert_eq!(names(&plan, &router, "b/gemini", ModelKind::Chat), ["b/gemini"]);
        assert_eq!(router.route("nobody", ModelKind::Chat, false), Err(Unroutable::Unknown));
        assert_eq!(router.route("chat", ModelKind::Embeddings, false), Err(Unroutable::WrongKind));
    }

    #[test]
    fn embeddings_stay_with_their_model() {
        let mut plan = plan();
        let vectors = |plan: &GatewayPlan| names(plan, &Router::new(plan), "vectors", ModelKind::Embeddings);
        assert_eq!(vectors(&plan), ["a/titan", "c/titan"]);
        plan.policy.attempts.embeddings = EmbeddingFailover::AnyModel;
        assert_eq!(vectors(&plan), ["a/titan", "b/gecko", "c/titan"]);
    }

    #[test]
    fn failover_can_be_taken_away() {
        let mut plan = plan();
        plan.policy.attempts.failover = Failover::NonStreamedOnly;
        let router = Router::new(&plan);
        assert_eq!(router.route("chat", ModelKind::Chat, true).map(<[_]>::len), Ok(1));
        assert_eq!(router.route("chat", ModelKind::Chat, false).map(<[_]>::len), Ok(2));
    }
}

//! What a proxy runs on, and the file it is read from.

use std::collections::BTreeSet;

use fault::grammar::Provider;
use fault::{Family, FaultFile, Rule};
use notation::Problems;
use serde::Deserialize;
use world::{Address, BaseUrl};

/// The file of a proxy that runs alone.
///
/// ```toml
/// [[routes]]
/// provider = "bedrock"                   # the family, unless `family` says another
/// listen   = "127.0.0.1:9001"
/// upstream = "http://127.0.0.1:9101"
///
/// [[faults]]
/// provider = "bedrock"
/// share    = "50%"
/// error    = "service-unavailable"
/// ```
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProxyFile {
    routes: Vec<RouteFile>,
    faults: Vec<FaultFile>,
    allow_overrides: bool,
}

/// One route as it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteFile {
    provider: String,
    family: Option<Family>,
    listen: String,
    upstream: String,
}

/// What a proxy runs on.
#[derive(Debug, Clone, Default)]
pub struct ProxyPlan {
    /// One listener each.
    pub routes: Vec<RoutePlan>,
    /// The rules of all routes.
    pub rules: Vec<Rule>,
    /// Whether a request may ask for a fault itself, by header or path prefix.
    pub allow_overrides: bool,
}

/// One provider behind one listener.
#[derive(Debug, Clone)]
pub struct RoutePlan {
    /// The provider's name in rules and records.
    pub provider: String,
    /// Whose API it speaks.
    pub family: Family,
    /// Where to listen.
    pub listen: Address,
    /// Where to forward to.
    pub upstream: BaseUrl,
}

impl ProxyFile {
    /// The checked plan.
    ///
    /// # Errors
    /// Every problem of the file.
    pub fn plan(&self) -> Result<ProxyPlan, Problems> {
        let mut problems = Problems::new();
        if self.routes.is_empty() {
            problems.add("routes", "there is none", "at least one [[routes]]");
        }
        let mut routes = Vec::new();
        for (index, file) in self.routes.iter().enumerate() {
            routes.extend(problems.take(&format!("routes[{index}]"), file.plan()));
        }
        check_names(&routes, &mut problems);
        let providers: Vec<_> =
            routes.iter().map(|route| Provider { name: &route.provider, family: route.family }).collect();
        let rules = problems.take("faults", fault::plan(&self.faults, &providers)).unwrap_or_default();
        let allow_overrides = self.allow_overrides;
        problems.into_result(ProxyPlan { routes, rules, allow_overrides })
    }
}

fn check_names(routes: &[RoutePlan], problems: &mut Problems) {
    let mut names = BTreeSet::new();
    for route in routes.iter().filter(|route| !names.insert(&route.provider)) {
        problems.add("routes", format!("`{}` has two routes", route.provider), "one route a provider");
    }
}

impl RouteFile {
    fn plan(&self) -> Result<RoutePlan, Problems> {
        let mut problems = Problems::new();
        let of_name = || Family::ALL.into_iter().find(|family| family.as_str() == self.provider);
        let family = self.family.or_else(of_name);
        if family.is_none() {
            let families = Family::ALL.map(Family::as_str).join(", ");
            problems.add("family", format!("`{}` does not tell whose API it is", self.provider), families);
        }
        let upstream = self.upstream.parse::<BaseUrl>();
        if let Err(error) = &upstream {
            problems.add("upstream", error.to_string(), "");
        }
        match (family, upstream) {
            (Some(family), Ok(upstream)) => problems.into_result(RoutePlan {
                provider: self.provider.clone(),
                family,
                listen: Address::new(&self.listen),
                upstream,
            }),
            _ => Err(problems),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> String {
        let file: ProxyFile = toml::from_str(text).expect("TOML of the right shape");
        file.plan().map(|_| ()).expect_err("problems").to_string()
    }

    #[test]
    fn a_file_becomes_a_plan() {
        let file: ProxyFile = toml::from_str(
            r#"
            [[routes]]
            provider = "bedrock"
            listen = "127.0.0.1:0"
            upstream = "http://127.0.0.1:9101/base"
            [[faults]]
            provider = "bedrock"
            error = 503
            "#,
        )
        .expect("TOML");
        let plan = file.plan().expect("a plan");
        assert_eq!((plan.routes[0].family, plan.rules.len()), (Family::Bedrock, 1));
        assert_eq!(plan.routes[0].upstream.prefix, "/base");
    }

    #[test]
    fn every_problem_is_named_with_its_place() {
        let text = problems(
            r#"
            [[routes]]
            provider = "mine"
            listen = "127.0.0.1:0"
            upstream = "127.0.0.1:1"
            [[faults]]
            provider = "yours"
            share = "50%"
            "#,
        );
        for part in
            ["routes[0].family", "routes[0].upstream", "faults[0].provider", "faults[0]: names no effect"]
        {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}

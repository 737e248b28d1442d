//! Starting: what cannot listen says so.

use evidence::Journal;
use fault::Family;
use world::{Address, BaseUrl, Seed};

use crate::proxy::{ProxyPlan, RoutePlan, start};

#[test]
fn a_route_that_cannot_listen_says_which_and_where() {
    let try_twice = |world: world::World, place: &'static str| async move {
        let held = world.network().listen(&Address::new(place)).expect("a free address");
        let route = RoutePlan {
            provider: "bedrock".to_owned(),
            family: Family::Bedrock,
            listen: held.address().clone(),
            upstream: BaseUrl::of(Address::new("mock")),
        };
        let text = format!("route bedrock: cannot listen on {}", held.address());
        let plan = ProxyPlan { routes: vec![route], ..ProxyPlan::default() };
        let error = start(&world, plan, &Journal::discard()).expect_err("the address is taken");
        assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
        assert!(error.to_string().starts_with(&text), "{error}");
    };
    world::run_virtual(Seed(1), |world| try_twice(world, "proxy"));
    world::run_real(Seed(1), 1, |world| try_twice(world, "127.0.0.1:0")).expect("a runtime");
}

//! Parts that come up say where they listen; those that cannot, why not: exit 107.

use std::time::Duration;

use rustix::process::Signal;

use crate::support::process::{TakenPort, free_address, wait_until};
use crate::support::{Running, command, folder, run};

#[test]
fn a_taken_port() {
    let taken = TakenPort::new();
    let address = taken.address();
    let parts: [&[&str]; 3] = [
        &["mock-provider", "--listen", &address],
        &["proxy", "--listen", &address, "--upstream", "http://127.0.0.1:1"],
        &["gateway", "--listen", &address],
    ];
    for arguments in parts {
        let ended = run(folder().path(), arguments).expect(107);
        assert!(ended.err.contains("cannot listen") && ended.err.contains(&address), "{}", ended.err);
        assert!(
            ended.err.contains("in use") && ended.err.contains("accepted: a free address"),
            "{}",
            ended.err
        );
        assert_eq!(ended.out, "", "a banner of a part that does not run");
    }
}

#[test]
fn a_target_that_does_not_answer() {
    let folder = folder();
    let target = format!("http://{}", free_address());
    let ended = run(folder.path(), &["loadgen", &target, "--duration", "1s"]).expect(107);
    assert!(ended.err.contains(&target) && ended.err.contains("does not answer"), "{}", ended.err);
    let drill =
        ["drill", "provider-failure", "--target", &target, "--set", "load.control={}", "--out", "out"];
    let ended = run(folder.path(), &drill).expect(107);
    assert!(ended.err.contains(&target) && ended.err.contains("does not answer"), "{}", ended.err);
    assert!(!folder.path().join("out").exists(), "empty logs of a run that never was");
    let earlier = ["report.json", "ledger.ndjson"].map(|name| folder.path().join("out").join(name));
    std::fs::create_dir(folder.path().join("out")).expect("a folder");
    for file in &earlier {
        std::fs::write(file, "of an earlier run").expect("a file");
    }
    run(folder.path(), &drill).expect(107);
    for file in &earlier {
        assert_eq!(std::fs::read_to_string(file).expect("still there"), "of an earlier run");
    }
}

#[test]
fn parts_come_up_on_a_free_port_and_end_when_told() {
    let parts: [&[&str]; 3] = [
        &["mock-provider", "--listen", "127.0.0.1:0"],
        &["proxy", "--listen", "127.0.0.1:0", "--upstream", "http://127.0.0.1:1"],
        &["gateway", "--listen", "127.0.0.1:0"],
    ];
    for arguments in parts {
        for signal in [Signal::INT, Signal::TERM] {
            let folder = folder();
            let part = Running::start(command(folder.path(), arguments));
            let is_up = wait_until(Duration::from_secs(20), || part.printed().contains("http://127.0.0.1:"));
            assert!(is_up, "{arguments:?} says nothing");
            assert!(!part.printed().contains("127.0.0.1:0 "), "{}", part.printed());
            part.signal(signal);
            part.wait().expect(0);
        }
    }
}

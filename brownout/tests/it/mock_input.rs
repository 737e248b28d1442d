//! What `brownout mock-provider` cannot understand: every mistake is told with file, line, key and what would be
//! accepted, exit 104, and nothing is started.

use std::fs;

use crate::support::process::TakenPort;
use crate::support::{Ended, folder, run};

/// Runs a mock with this file. The port is free, so that only the file can be at fault.
fn mock_of(file: impl AsRef<[u8]>, flags: &[&str]) -> Ended {
    let folder = folder();
    fs::write(folder.path().join("mock.toml"), file).expect("written");
    let fixed = ["mock-provider", "--listen", "127.0.0.1:0", "--config", "mock.toml"];
    let ended = run(folder.path(), &[&fixed[..], flags].concat());
    assert_eq!(ended.out, "", "a banner of a mock that does not run");
    assert!(!folder.path().join("brownout-ca.pem").exists(), "an authority was made");
    ended
}

/// Exactly these problems, each by how it begins and what else it says.
#[track_caller]
fn told(file: &str, problems: &[(&str, &[&str])]) {
    let err = mock_of(file, &["--tls"]).expect(104).err;
    let err = err.strip_prefix("brownout: ").unwrap_or(&err);
    assert_eq!(err.lines().count(), problems.len(), "{err}");
    for (line, (beginning, parts)) in err.lines().zip(problems) {
        assert!(line.starts_with(beginning), "`{beginning}` does not begin:\n{err}");
        for part in *parts {
            assert!(line.contains(part), "`{part}` is missing:\n{err}");
        }
    }
}

#[test]
fn unknown_keys() {
    told(
        "[providers.a]\nprofil = \"bedrock/claude-haiku\"\n",
        &[("mock.toml:2: providers.a.profil: ", &["unknown field", "accepted:", "`profile`", "`quota`"])],
    );
    told(
        "[provider.a]\n[providers.a]\n[[fault]]\nerror = 503\n",
        &[
            ("mock.toml:1: provider: ", &["unknown key `provider`", "accepted: providers,"]),
            ("mock.toml:3: fault: ", &["unknown key `fault`", "faults, control, tls"]),
        ],
    );
    told(
        "[providers.a]\n[control]\njournal = 5\ntokken = \"x\"\n",
        &[("mock.toml:4: control.tokken: ", &["accepted:", "`token`"])],
    );
}

#[test]
fn wrong_units_and_types() {
    told(
        "[providers.a]\nlatency = { overhead = \"5 parsecs\" }\n",
        &[("mock.toml:2: providers.a.latency.overhead: ", &["`5 parsecs`", "`500ms`"])],
    );
    told(
        "[providers.a]\n\nlatency = 5\nquota = { requests_per_minute = -1 }\n",
        &[("mock.toml:3: providers.a.latency: ", &["integer `5`", "accepted: a table"])],
    );
    told(
        "[providers.a]\nquota = { requests_per_minute = -1 }\n",
        &[("mock.toml:2: providers.a.quota.requests_per_minute: ", &["accepted: a whole number from 0"])],
    );
    told(
        "[providers.a]\n[[faults]]\nerror = 503\nshare = \"150%\"\n",
        &[("mock.toml:4: faults[0].share: ", &["150%", "`0%` to `100%`"])],
    );
    told(
        "[providers.a]\n[control]\njournal = 1000000\n",
        &[("mock.toml:3: control.journal: ", &["accepted:", "100000"])],
    );
}

#[test]
fn names_that_are_there_twice() {
    told(
        "[providers.a]\n[providers.a]\n",
        &[("mock.toml:2: `a` is there twice", &["accepted: each key once"])],
    );
    told("[providers.a]\nseed = 1\nseed = 2\n", &[("mock.toml:3: `seed` is there twice", &[])]);
    let rule = "[[faults]]\nname = \"x\"\nerror = 503\n";
    told(
        &format!("[providers.a]\n{rule}{rule}"),
        &[("mock.toml:6: faults[1].name: ", &["`x`", "accepted: another name"])],
    );
}

#[test]
fn names_that_nobody_has() {
    told(
        "[providers.a]\nprofile = \"bedrock/claude-hiaku\"\n",
        &[("mock.toml:2: providers.a.profile: ", &["claude-hiaku", "accepted:", "bedrock/claude-haiku"])],
    );
    told(
        "[providers.a]\nquota = { pool = \"account\" }\n",
        &[("mock.toml:2: providers.a.quota.pool: ", &["`account`", "accepted:", "[quotas.NAME]"])],
    );
    told(
        "[providers.a]\n[[faults]]\nprovider = \"b\"\nerror = 503\n[[faults]]\nerror = \"nothing\"\n",
        &[
            ("mock.toml:3: faults[0].provider: ", &["no provider `b`", "accepted: a"]),
            ("mock.toml:6: faults[1].error: ", &["nothing", "accepted:", "throttling"]),
        ],
    );
    told(
        "[providers.a]\n[[providers.a.answers]]\nreply = { text = \"x\", json = 1 }\n",
        &[("mock.toml:3: providers.a.answers[0].reply: ", &["text, json at once", "accepted: one of"])],
    );
    told(
        "[providers.a]\nlatency = { recorded = { file = \"nowhere.csv\" } }\n",
        &[(
            "mock.toml:2: providers.a.latency.recorded.file: ",
            &["nowhere.csv", "accepted: a readable file"],
        )],
    );
}

#[test]
fn tls_that_cannot_be() {
    told(
        "[providers.a]\n[tls]\ncertificate = \"a.pem\"\n",
        &[("mock.toml:3: tls.certificate: stands without its key", &["accepted: `certificate` and `key`"])],
    );
    told(
        "[providers.a]\n[tls]\nca = \"ca.pem\"\nkey = \"a.pem\"\ncertificate = \"a.pem\"\n",
        &[("mock.toml:3: tls.ca: ", &["beside a certificate"])],
    );
    let of_flags = |flags: &[&str], words: &[&str]| {
        let err = mock_of("[providers.a]\n", flags).expect(104).err;
        for word in words {
            assert!(err.contains(word), "`{word}` is missing:\n{err}");
        }
    };
    of_flags(&["--ca-out", "mock.toml"], &["mock.toml", "certificate"]);
    of_flags(
        &["--ca-out", "no/such/ca.pem"],
        &["cannot write no/such/ca.key", "accepted:", "a folder that is there"],
    );
    of_flags(&["--ca-out", "/proc/ca.pem"], &["cannot write /proc/ca.key", "accepted:"]);
    of_flags(&["--admin", "0.0.0.0:0"], &["--admin 0.0.0.0:0", "accepted: --admin-token"]);
    of_flags(&["--grace", "soon"], &["--grace", "`soon`", "`500ms`"]);
}

#[test]
fn what_is_no_file_of_ours() {
    for empty in ["", "\n# nothing\n", "title = \"a drill without providers\"\n"] {
        told(empty, &[("mock.toml: has no [providers.NAME] section", &["accepted: one or more"])]);
    }
    let binary: Vec<u8> = (0..=255).cycle().take(4_096).collect();
    let ended = mock_of(binary, &[]).expect(104);
    assert!(
        ended.err.contains("cannot read mock.toml") && ended.err.contains("accepted: a file of TOML"),
        "{}",
        ended.err
    );
    told("\0\0\0", &[("mock.toml:1: ", &[])]);
    for name in ["nowhere.toml", "."] {
        let ended = run(folder().path(), &["mock-provider", "--config", name]).expect(104);
        let is_said =
            ended.err.contains(&format!("cannot read {name}: ")) && ended.err.contains("accepted: ");
        assert!(is_said && ended.out.is_empty(), "{}", ended.err);
    }
}

/// Ten megabytes of one thing, one of many: told in a moment, and in lines that a person can read.
#[test]
fn huge_files() {
    const LONG: usize = 10 << 20;
    const MANY: usize = 1 << 20;
    let long_value = format!("[providers.a]\nprofile = \"{}\"\n", "x".repeat(LONG));
    let long_key = format!("[providers.a]\n{} = 1\n", "x".repeat(LONG));
    let many_keys = (0..MANY / 16).map(|n| format!("key{n:07} = 12\n")).collect::<String>();
    let rule = "[[faults]]\nerror = \"throttlin\"\n";
    let many_rules = format!("[providers.a]\n{}", rule.repeat(MANY / rule.len()));
    let nested = format!("a = {}", "[".repeat(LONG));
    for (file, line, lines) in [
        (long_value, "mock.toml:2: providers.a.profile: ", 1),
        (long_key, "mock.toml:2: providers.a.xxx", 1),
        (many_keys, "mock.toml:1: key0000000: unknown key", 101),
        (many_rules, "mock.toml:3: faults[0].error: ", 101),
        (nested, "mock.toml:1: ", 1),
    ] {
        let err = mock_of(&file, &[]).expect(104).err;
        let err = err.strip_prefix("brownout: ").unwrap_or(&err);
        let beginning: String = err.chars().take(300).collect();
        assert!(err.starts_with(line), "{beginning}");
        assert_eq!(err.lines().count(), lines, "{beginning}");
        assert!(err.lines().all(|line| line.chars().count() < 2_500), "{beginning}");
    }
}

/// A port that somebody else has is no mistake of the file.
#[test]
fn a_port_in_use() {
    let taken = TakenPort::new();
    let folder = folder();
    fs::write(folder.path().join("mock.toml"), "[providers.a]\n").expect("written");
    for flag in ["--listen", "--admin"] {
        let address = taken.address();
        let mut arguments = vec!["mock-provider", "--config", "mock.toml", flag, &address];
        if flag == "--admin" {
            arguments.extend(["--listen", "127.0.0.1:0"]);
        }
        let ended = run(folder.path(), &arguments).expect(107);
        let words = ["cannot listen", address.as_str(), "in use", "accepted: a free address"];
        assert!(words.iter().all(|word| ended.err.contains(word)), "{}", ended.err);
        assert_eq!(ended.out, "");
    }
}

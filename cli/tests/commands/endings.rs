//! How commands end: codes, streams, colours, pipes and signals.

use std::io::{BufRead, BufReader, Read};
use std::process::Command;

use crate::support::{Place, done, eventually};

/// A command that asks Kafka something, each.
const ASKING: &[&[&str]] = &[
    &["produce", "-t", "orders", "--value", "1"],
    &["fetch", "-t", "orders", "--test-id", "t"],
    &["tail", "-t", "orders", "-n", "1"],
    &["expect", "-t", "orders", "--test-id", "t"],
    &["expect-none", "-t", "orders", "--test-id", "t", "--within", "10ms"],
];

#[test]
fn a_cluster_that_is_not_there_ends_with_4() {
    let place = Place::new();
    for words in ASKING {
        let run = |format: &str| {
            let mut command = place.command(words);
            command.args(["-b", "127.0.0.1:1", "--format", format]);
            command.env("TEST_PROBE__DSL__BLOCKING_TIMEOUT", "200ms");
            done(command, "").ends(4)
        };
        let text = run("text");
        assert!(text.err.starts_with("error: ") && text.err.contains("127.0.0.1:1"), "{words:?}: {text:#?}");
        assert!(text.err.contains("Connection refused"), "{words:?}: {text:#?}");
        assert_eq!(text.out, "");
        let error = run("json").error();
        assert_eq!(
            (error["exitCode"].as_i64(), error["error"]["category"].as_str()),
            (Some(4), Some("kafka")),
            "{error}"
        );
    }
}

#[test]
fn a_topic_that_is_not_there_ends_with_4_and_a_hint() {
    let place = Place::with_topics(&[]);
    for words in ASKING {
        let text = place.run(words).ends(4);
        assert!(text.err.starts_with("error: topic `orders` does not exist"), "{words:?}: {text:#?}");
        assert!(text.err.contains("\nhint: create it"), "{words:?}: {text:#?}");
        let error = place.run(&[words, &["--format", "json"][..]].concat()).ends(4).error();
        assert_eq!(error["error"]["name"], "UNKNOWN_TOPIC");
    }
}

#[test]
fn a_wrong_use_ends_with_2_as_text_and_as_json() {
    let place = Place::new();
    for words in [
        &["prodcue"][..],
        &["produce", "--value", "1"],
        &["produce", "-t", "no name", "--value", "1"],
        &["produce", "-t", "orders", "--value", "1", "-b", "nonsense"],
        &["produce", "-t", "orders", "--value", "1", "--cluster", "nowhere"],
        &["produce", "-t", "orders", "--value", "1", "--config", "nowhere.yaml"],
        &["expect", "-t", "orders", "--within", "5"],
        &["validate"],
        &["tail", "-t", "orders", "--all", "--test-id", "t"],
        &["doctor", "--embedded", "-b", "h:1"],
        &["cluster", "up", "--brokers", "0"],
        &["completions", "sh"],
    ] {
        let text = place.run(words).ends(2);
        assert!(text.err.starts_with("error: "), "{words:?}: {text:#?}");
        assert_eq!(text.out, "");
        for format in [&["--format", "json"][..], &["--format=json"]] {
            let error = place.run(&[words, format].concat()).ends(2).error();
            assert_eq!(error["exitCode"], 2, "{words:?}: {error}");
            assert!(error["error"]["message"].as_str().is_some_and(|said| !said.is_empty()), "{error}");
        }
    }
    // A word that is nearly right is suggested.
    assert!(place.run(&["prodcue"]).err.contains("produce"));
}

#[test]
fn help_and_version_are_results() {
    let place = Place::new();
    assert!(place.run(&["--version"]).ends(0).out.starts_with("test-probe 0."));
    let help = place.run(&["--help"]).ends(0).out;
    assert!(
        help.contains("Exit codes: 0 passed, 1 failed verdict, 2 usage, 3 inconclusive, 4 environment"),
        "{help}"
    );
    let commands =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    for command in commands.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help") {
        let help = place.run(&[command, "--help"]).ends(0);
        assert_eq!(help.err, "", "{command}");
    }
}

#[test]
fn colour_goes_to_terminals_alone_and_never_with_no_color() {
    let place = Place::with_topics(&["orders"]);
    let run = |words: &[&str], variables: &[(&str, &str)]| {
        let mut command = place.command(words);
        command.envs(variables.iter().copied());
        let done = done(command, "");
        done.out + &done.err
    };
    for words in [&["doctor"][..], &["demo"], &["expect", "-t", "nowhere", "--test-id", "t"], &["--help"]] {
        assert!(!run(words, &[]).contains('\u{1b}'), "{words:?} into a pipe");
        let forced = [("CLICOLOR_FORCE", "1")];
        assert!(run(words, &forced).contains('\u{1b}'), "{words:?} forced");
        let refused = [("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")];
        assert!(!run(words, &refused).contains('\u{1b}'), "{words:?} with NO_COLOR");
    }
    let forced = run(&["doctor", "--format", "json"], &[("CLICOLOR_FORCE", "1")]);
    assert!(!forced.contains('\u{1b}'), "colour in JSON");
}

#[test]
fn a_terminal_gets_colour_and_sees_what_is_waited_for() {
    let place = Place::with_topics(&["orders"]);
    let on_terminal = |words: &[&str], no_color: bool| {
        let mut command = Command::new("python3");
        place.prepare(&mut command);
        let spawn = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";
        command.args(["-c", spawn, env!("CARGO_BIN_EXE_test-probe")]).args(words);
        if no_color {
            command.env("NO_COLOR", "1");
        }
        done(command, "")
    };
    let words = ["expect", "-t", "orders", "--test-id", "t", "--within", "1500ms"];
    let colourful = on_terminal(&words, false).ends(1).out;
    assert!(colourful.contains("\u{1b}[31mfailed\u{1b}[0m: expect_event"), "{colourful:?}");
    // The line is drawn over itself, and taken away before the verdict.
    let (waiting, verdict) =
        colourful.split_once("\r\u{1b}[Kexpect_event on `orders`: ").expect("a line of progress");
    assert_eq!(waiting, "");
    assert!(verdict.contains(" of 1.5 s\r\u{1b}[K"), "{colourful:?}");
    assert!(!on_terminal(&words, true).ends(1).out.contains("\u{1b}[31m"));
    let json = on_terminal(&[&words[..], &["--format", "json"]].concat(), false).ends(1).out;
    assert!(!json.contains('\u{1b}'), "{json:?}");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let place = Place::with_topics(&["orders"]);
    for _ in 0..3 {
        place.produce("orders", "t-1", "evt-1", "1");
    }
    for words in [
        &["tail", "-t", "orders", "--start", "earliest", "--for", "60s"][..],
        &["schema", "config"],
        &["demo"],
    ] {
        let mut child = place.start(words);
        let mut out = BufReader::with_capacity(1, child.stdout.take().expect("stdout"));
        let mut first = String::new();
        out.read_line(&mut first).expect("a line");
        drop(out);
        if words[0] == "tail" {
            // It notices when it has something more to say.
            eventually("the end", || {
                place.produce("orders", "t-1", "evt-2", "1");
                child.try_wait().expect("a status").is_some()
            });
        }
        let mut said = String::new();
        child.stderr.take().expect("stderr").read_to_string(&mut said).expect("text");
        assert_eq!((child.wait().expect("it ends").code(), said.as_str()), (Some(0), ""), "{words:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_ends_what_waits_with_130_and_says_nothing() {
    let place = Place::with_topics(&["orders"]);
    place.produce("orders", "t-1", "evt-1", "1");
    for words in [
        &["tail", "-t", "orders", "--start", "earliest"][..],
        &["expect", "-t", "orders", "--test-id", "t-2", "--within", "10m"],
        &["expect-none", "-t", "orders", "--test-id", "t-2", "--within", "10m"],
    ] {
        let mut child = place.start(words);
        // Before the command notices signals, one ends it as it ends any program.
        noticed(&child);
        let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill");
        assert!(sent.success());
        let status = child.wait().expect("it ends");
        assert_eq!(status.code(), Some(130), "{words:?}: {status:?}");
        let mut said = String::new();
        child.stderr.take().expect("stderr").read_to_string(&mut said).expect("text");
        assert_eq!(said, "", "{words:?}");
    }
}

/// Waits until a process catches SIGINT.
#[cfg(target_os = "linux")]
fn noticed(child: &std::process::Child) {
    const SIGINT: u64 = 1 << 1;
    eventually("a handler of SIGINT", || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).expect("a process");
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).expect("a mask").trim();
        u64::from_str_radix(caught, 16).expect("a mask") & SIGINT != 0
    });
}

//! House rules as checks. Each violation is a line `file:line: rule`.

use std::path::Path;
use std::process::Command;

use crate::{Failure, files, read};

/// A word that may stand only in some places.
struct Rule {
    /// What is looked for in code, comments aside.
    words: &'static [&'static str],
    /// Where it is looked for, as beginnings of paths below the root.
    within: &'static [&'static str],
    /// Where it may stand.
    but_in: &'static [&'static str],
    /// What is wrong with it elsewhere.
    why: &'static str,
}

const PURE: &[&str] = &[
    "core/src/error",
    "core/src/directive",
    "core/src/matcher",
    "core/src/verdict",
    "core/src/codec",
    "core/src/lazy",
    "core/src/words",
];

/// What waits and looks at clocks in the embedded cluster and in the embedded registry.
const WAITING: &[&str] = &[
    "embedded/src/server/",
    "embedded/src/cluster.rs",
    "embedded/src/registry/server.rs",
    "embedded/src/registry/mod.rs",
];

const RULES: &[Rule] = &[
    Rule {
        words: &[
            "tokio",
            "rdkafka",
            "std::fs",
            "TcpStream",
            "TcpListener",
            "UdpSocket",
            "ToSocketAddrs",
            "Instant::now",
            "SystemTime::now",
        ],
        within: PURE,
        but_in: &[],
        why: "a pure module has no runtime, client, file, socket or clock: time comes in as an argument",
    },
    Rule {
        words: &["rdkafka::", "rdkafka_sys"],
        within: &["core/src/"],
        but_in: &["core/src/broker/"],
        why: "the Kafka client stays behind the seam, in core/src/broker",
    },
    Rule {
        words: &[
            "hyper",
            "hyper_util",
            "http_body_util",
            "tower_service",
            "tokio_rustls",
            "rustls_native_certs",
        ],
        within: &["core/src/"],
        but_in: &["core/src/schemas/http.rs", "core/src/schemas/tls.rs", "core/src/schemas/private_key.rs"],
        why: "HTTP and TLS stay behind the seam, in core/src/schemas",
    },
    Rule {
        words: &["tokio::spawn(", ".spawn(", "thread::spawn(", "task::spawn("],
        within: &["core/src/"],
        but_in: &["core/src/runtime.rs", "core/src/completion.rs", "core/src/broker/"],
        why: "one place spawns: core/src/runtime.rs",
    },
    Rule {
        words: &["unsafe "],
        within: &["core/", "xtask/", "bench/", "cli/", "embedded/", "bindings-jvm/"],
        but_in: &[
            "core/src/ffi/",
            "core/src/broker/librdkafka",
            "core/src/completion.rs",
            // A counting allocator, for tests alone.
            "embedded/src/allocations.rs",
        ],
        why: "`unsafe` lives in the C boundary and in the thin layer over the client",
    },
    Rule {
        words: &["Instant::now", "SystemTime::now", ".elapsed()", "now_utc", "Utc::now"],
        within: &["embedded/src/"],
        but_in: WAITING,
        why: "time is an argument of everything below `server`: the state is one machine, tested in virtual time",
    },
    Rule {
        words: &[
            "tokio::",
            "TcpStream",
            "TcpListener",
            "TcpSocket",
            "UdpSocket",
            "ToSocketAddrs",
            "thread::spawn(",
            "thread::Builder",
            "thread::sleep(",
            ".spawn(",
            "async fn",
        ],
        within: &["embedded/src/"],
        but_in: &[WAITING[0], WAITING[1], WAITING[2], WAITING[3], "embedded/src/api/mod.rs"],
        why: "sockets, threads and tasks live in `server`; the state answers later by the one channel of `api`",
    },
    Rule {
        words: &["std::fs", "tempfile::"],
        within: &["embedded/src/"],
        but_in: &["embedded/src/log/memory.rs"],
        why: "one place writes files: embedded/src/log/memory.rs",
    },
    Rule {
        words: &[
            "crate::state",
            "crate::api",
            "crate::server",
            "crate::log",
            "crate::groups",
            "crate::transactions",
            "crate::faults",
            "crate::security",
            "crate::cluster",
        ],
        within: &["embedded/src/wire/"],
        but_in: &[],
        why: "`wire` knows bytes, and nothing of a cluster",
    },
    Rule {
        words: &["crate::server"],
        within: &["embedded/src/"],
        // The handles of a cluster, which its users hold.
        but_in: &[WAITING[0], WAITING[1], "embedded/src/faults/mod.rs", "embedded/src/faults/requests.rs"],
        why: "nothing below `server` knows it",
    },
    Rule {
        words: &["attach_current_thread", "AttachCurrentThread", "Global<", "new_global_ref", "new_weak_ref"],
        within: &["bindings-jvm/"],
        but_in: &[],
        why: "no thread of ours attaches to the virtual machine, and no object of Java is kept between calls",
    },
    Rule {
        words: &["pyo3", "jni::", "JNIEnv"],
        within: &["core/"],
        but_in: &[],
        why: "the core names no language",
    },
];

const MOST_LINES: usize = 600;

/// Checks every rule and prints every violation.
pub(crate) fn check(root: &Path) -> Result<(), Failure> {
    let mut violations = Vec::new();
    for folder in ["core", "embedded", "cli", "xtask/src", "bindings-jvm"] {
        for path in files(&root.join(folder), &["rs"])? {
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            // This file spells the words it looks for.
            if name != "xtask/src/tidy.rs" {
                check_file(&name, &read(&path)?, &mut violations);
            }
        }
    }
    for folder in ["include", "tests/c", "java"] {
        for path in files(&root.join(folder), &["c", "hpp", "cpp", "py", "java"])? {
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            check_length(&name, &read(&path)?, &mut violations);
        }
    }
    check_tree(root, &mut violations)?;
    if violations.is_empty() {
        return Ok(());
    }
    Err(format!("{} house rules broken\n{}", violations.len(), violations.join("\n")))
}

fn check_length(name: &str, text: &str, violations: &mut Vec<String>) {
    // Nobody reads in one sitting what a command wrote.
    if text.lines().take(5).any(|line| line.starts_with("//! Generated by `")) {
        return;
    }
    let lines = text.lines().count();
    if lines > MOST_LINES {
        violations
            .push(format!("{name}:{lines}: a file has at most {MOST_LINES} lines; it has become two things"));
    }
}

fn check_file(name: &str, text: &str, violations: &mut Vec<String>) {
    check_length(name, text, violations);
    // Tests stand in files of their own or at the end of a file; they may read files and start threads.
    let mut in_tests = name.ends_with("tests.rs")
        || name.ends_with("testing.rs")
        || name.contains("/tests/")
        || name.contains("/examples/");
    for (number, line) in text.lines().enumerate() {
        in_tests |= line.trim_start().starts_with("#[cfg(test)]");
        let code = code_of(line);
        for rule in RULES {
            let applies = rule.within.iter().any(|within| name.starts_with(within))
                && !rule.but_in.iter().any(|allowed| name.starts_with(allowed));
            if applies && !in_tests && rule.words.iter().any(|word| contains(code, word)) {
                violations.push(format!("{name}:{}: {}", number + 1, rule.why));
            }
        }
    }
}

/// A line without its comment.
fn code_of(line: &str) -> &str {
    line.split_once("//").map_or(line, |(code, _)| code)
}

/// Whether a word occurs, and not as the tail of a longer one.
fn contains(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        !word.starts_with(char::is_alphanumeric)
            || !code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_')
    })
}

fn check_tree(root: &Path, violations: &mut Vec<String>) -> Result<(), Failure> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(root)
        .args([
            "tree",
            "--package",
            "test-probe",
            "--all-features",
            "--edges",
            "normal,build",
            "--prefix",
            "none",
        ])
        .args(["--offline", "--locked"])
        .output()
        .map_err(|error| format!("cargo did not start: {error}"))?;
    if !output.status.success() {
        return Err(format!("cargo tree: {}", String::from_utf8_lossy(&output.stderr)));
    }
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let crate_name = line.split(' ').next().unwrap_or_default();
        if ["pyo3", "jni", "jni-sys", "pyo3-ffi"].contains(&crate_name) {
            violations.push(format!(
                "core/Cargo.toml:1: the core names no language, and its tree has `{crate_name}`"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn violations(name: &str, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        check_file(name, text, &mut found);
        found
    }

    #[test]
    fn each_rule_finds_what_it_forbids_and_names_the_line() {
        for (name, text) in [
            ("core/src/matcher/mod.rs", "fn f() {}\nuse tokio::time;"),
            ("core/src/engine/mod.rs", "\nuse rdkafka::config;"),
            ("core/src/engine/mod.rs", "\nuse hyper::Uri;"),
            ("core/src/engine/mod.rs", "\nhandle.spawn(async {});"),
            ("core/src/journal.rs", "\nunsafe { f() }"),
            ("core/src/journal.rs", "\nuse pyo3::prelude;"),
            ("bindings-jvm/src/a.rs", "\nunsafe { f() }"),
            ("bindings-jvm/src/a.rs", "\nvm.attach_current_thread(f);"),
            ("embedded/src/state/mod.rs", "\nlet now = Instant::now();"),
            ("embedded/src/groups/mod.rs", "\ntokio::time::sleep(time);"),
            ("embedded/src/security/gate.rs", "\nuse std::net::TcpStream;"),
            ("embedded/src/log/mod.rs", "\nuse std::fs::File;"),
            ("embedded/src/wire/frame.rs", "\nuse crate::state::State;"),
            ("embedded/src/api/fetch.rs", "\nuse crate::server::Shared;"),
            ("cli/src/main.rs", "\nunsafe { f() }"),
        ] {
            let found = violations(name, text);
            assert!(found.len() == 1 && found[0].starts_with(&format!("{name}:2: ")), "{text}: {found:?}");
        }
        assert_eq!(violations("core/src/a.rs", &"\n".repeat(601)).len(), 1);
        assert_eq!(violations("embedded/src/a.rs", &"\n".repeat(601)).len(), 1);
    }

    #[test]
    fn comments_tests_and_longer_words_are_let_through() {
        assert!(violations("core/src/engine/mod.rs", "// rdkafka:: is elsewhere").is_empty());
        assert!(violations("core/src/a.rs", "#[cfg(test)]\nscope.spawn(f);").is_empty());
        assert!(violations("core/src/a.rs", "let is_unsafe = librdkafka::X;").is_empty());
        assert!(violations("embedded/src/server/mod.rs", "tokio::spawn(clock(Instant::now()));").is_empty());
        assert!(violations("embedded/src/groups/tests/world.rs", "Instant::now();").is_empty());
        let generated = format!("//! Shapes.\n//! Generated by `x`: do not edit.\n{}", "\n".repeat(601));
        assert!(violations("embedded/src/wire/shapes.rs", &generated).is_empty());
    }
}

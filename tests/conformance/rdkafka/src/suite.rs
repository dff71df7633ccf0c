//! Runs the checks, several at once, and prints what became of each.

use std::cell::RefCell;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::scope::Scope;

/// Of the crate, as the workspace names it.
const VERSION: &str = "0.39";
const DEADLINE: Duration = Duration::from_secs(15);
const AT_ONCE: usize = 6;

/// A check passes when its body returns and fails when it panics.
#[derive(Clone, Copy)]
pub(crate) struct Check {
    pub(crate) name: &'static str,
    pub(crate) body: fn(&Scope),
}

thread_local! {
    /// Why the check of this thread failed.
    static COMPLAINT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs the checks and ends the process, also with threads that outlived their deadline.
pub(crate) fn run(servers: &str, checks: Vec<Check>) -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|at| format!(" ({}:{})", at.file(), at.line())).unwrap_or_default();
        let text = panic.payload_as_str().unwrap_or("no reason was given");
        COMPLAINT.with(|complaint| *complaint.borrow_mut() = format!("{text}{place}"));
    }));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime was made");
    let count = checks.len();
    let waiting = Mutex::new(checks.into_iter());
    thread::scope(|threads| {
        for _ in 0..AT_ONCE {
            threads.spawn(|| {
                while let Some(check) = next(&waiting) {
                    run_one(check, Arc::new(Scope::new(check.name, servers, runtime.handle().clone())));
                }
            });
        }
    });
    say(&json!({"done": true, "client": "rdkafka", "version": VERSION, "checks": count}));
    std::process::exit(0);
}

/// Ends the run before it began.
pub(crate) fn complain(why: &str) -> ExitCode {
    // With nobody to read it, nothing is lost.
    let _ = writeln!(std::io::stderr(), "{why}");
    ExitCode::from(2)
}

fn next(waiting: &Mutex<std::vec::IntoIter<Check>>) -> Option<Check> {
    waiting.lock().expect("no worker panics with the lock").next()
}

fn run_one(check: Check, scope: Arc<Scope>) {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let passed = catch_unwind(AssertUnwindSafe(|| (check.body)(&scope))).is_ok();
        let complaint = COMPLAINT.with(|complaint| complaint.borrow().clone());
        // Nobody listens after the deadline.
        let _ = tell.send(if passed { Ok(()) } else { Err(complaint) });
    });
    let outcome = match told.recv_timeout(DEADLINE) {
        Ok(outcome) => outcome,
        Err(RecvTimeoutError::Timeout) => Err(format!("it took longer than {DEADLINE:?}")),
        Err(RecvTimeoutError::Disconnected) => Err("its thread ended".to_owned()),
    };
    say(&match outcome {
        Ok(()) => json!({"check": check.name, "ok": true}),
        Err(detail) => json!({"check": check.name, "ok": false, "detail": detail}),
    });
}

fn say(line: &Value) {
    writeln!(std::io::stdout(), "{line}").expect("stdout can be written");
}

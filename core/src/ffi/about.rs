//! What the library is.

use std::ffi::{CString, c_char};
use std::mem::MaybeUninit;
use std::sync::OnceLock;

use serde_json::json;

use super::error::{CError, c_text, give_text};
use super::events::CEvents;
use super::guard::{guarded, guarded_value, required};
use super::input::{Text, event};
use super::types::{CRecord, TEST_PROBE_ABI_VERSION};
use crate::call::Raw;
use crate::config::Sources;
use crate::directive::Directives;
use crate::error::{ErrorCode, ProbeError};
use crate::operation::Outcome;

/// Returns the binary interface that the library has; compare with TEST_PROBE_ABI_VERSION.
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_abi_version() -> u32 {
    TEST_PROBE_ABI_VERSION
}

/// Refuses a program that was built against another binary interface: TEST_PROBE_UNSUPPORTED.
/// `test_probe_open` calls it by itself; a program that loads the library by dlopen calls it first.
///
/// @param expected  TEST_PROBE_ABI_VERSION of the header that the program was built with
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_check_abi(expected: u32, err: Option<&mut MaybeUninit<*mut CError>>) -> i32 {
    guarded(err, || {
        if expected == TEST_PROBE_ABI_VERSION {
            return Ok(());
        }
        let message = format!(
            "the program was built against ABI version {expected}, the library {} has {TEST_PROBE_ABI_VERSION}",
            env!("CARGO_PKG_VERSION")
        );
        Err(ProbeError::new(ErrorCode::Unsupported, message)
            .with("expected", expected)
            .with("actual", TEST_PROBE_ABI_VERSION)
            .hint("build the program with the header that came with the library"))
    })
}

/// Returns the library's version, as `0.1.0`. Never freed.
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// Returns every error code as a JSON array of `{"code", "name", "category", "summary", "retriable"}`
/// in the order of the numbers. Never freed.
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_error_codes() -> *const c_char {
    static CODES: OnceLock<CString> = OnceLock::new();
    guarded_value(std::ptr::null(), || {
        let codes = CODES.get_or_init(|| {
            let all: serde_json::Value = ErrorCode::ALL
                .iter()
                .map(|code| {
                    json!({
                        "code": code.number(), "name": code.name(), "category": code.category().name(),
                        "summary": code.summary(), "retriable": code.retriable(),
                    })
                })
                .collect();
            c_text(&all.to_string())
        });
        codes.as_ptr()
    })
}

/// Validates topic directives without a probe and without connecting.
/// Everything that is wrong is said in one error, each with line and column:
/// TEST_PROBE_INVALID_DIRECTIVE, _DUPLICATE_TOPIC or _INVALID_BOOTSTRAP_SERVERS.
///
/// @param directives  YAML or JSON text, `topics:` with a list
/// @param json  out, may be NULL: the directives with every default written out; free with
///              `test_probe_string_free`
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_directives_validate(
    directives: Text,
    json: Option<&mut MaybeUninit<*mut c_char>>,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    guarded(err, || {
        let directives = Directives::validate(directives.required("directives")?)?;
        if let Some(json) = json {
            json.write(give_text(&directives.to_json().to_string()));
        }
        Ok(())
    })
}

/// Reads a configuration without opening a probe, as `test_probe_open` would read it, and connects to nothing.
/// Everything that is wrong is said in one error, each with its file or variable, line and column:
/// TEST_PROBE_INVALID_CONFIG or _INVALID_BOOTSTRAP_SERVERS.
///
/// @param config  YAML or JSON text as for `test_probe_open`, or NULL
/// @param file  text that stands for the file `test-probe.yaml`, empty for none; NULL: the file itself, if it exists
/// @param variables  the environment as a JSON object of strings; NULL: that of this process
/// @param json  out, may be NULL: the configuration by its keys with every default written out and everything that
///              may be a secret as `***`; free with `test_probe_string_free`
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_config_validate(
    config: Text,
    file: Text,
    variables: Text,
    json: Option<&mut MaybeUninit<*mut c_char>>,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    guarded(err, || {
        let sources = Sources {
            explicit: config.optional("config")?,
            path: None,
            file: file.optional("file")?,
            variables: variables.optional("variables")?,
        };
        let config = sources.load()?;
        if let Some(json) = json {
            json.write(give_text(&config.to_json().to_string()));
        }
        Ok(())
    })
}

/// Panics inside this call, so that a program can test how it meets TEST_PROBE_PANIC.
/// With a probe and a topic, the worker of that topic panics instead; it is restarted once.
///
/// @param probe  the probe, or `{0}` for a panic inside this call
/// @param topic  the topic's name, or NULL for a panic inside this call
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_inject_panic(
    probe: super::types::CProbe,
    topic: Text,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    guarded(err, || match topic.optional("topic")? {
        Some(topic) => super::registry::probe(probe)?.probe.inject_panic(topic),
        None => panic!("injected"),
    })
}

/// Has the pure parts of the engine judge given data without a cluster, so that a language can show that events,
/// matches and explanations cross it whole. Only a debug build does: a release says TEST_PROBE_UNSUPPORTED.
///
/// @param trial  JSON: `{"trial": "write" | "read" | "compare" | "words" | "explain", ...}` with the documents of
///               `tests/vectors`; `explain` fails as a verdict of that evidence does
/// @param rec  the event of `write` and `compare`; NULL when the document has it, and for the others
/// @param json  out, may be NULL: the answer, `null` where it is events; free with `test_probe_string_free`
/// @param events  out, may be NULL: the event of `read`, else none; free with `test_probe_events_free`
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_trial(
    trial: Text,
    rec: Option<&CRecord>,
    json: Option<&mut MaybeUninit<*mut c_char>>,
    events: Option<&mut MaybeUninit<*mut CEvents>>,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    guarded(err, || {
        let trial = trial.required("trial")?;
        let answer = match rec {
            Some(rec) => crate::trial::run_with(trial, event(Some(rec))?)?,
            None => crate::trial::run(trial, Raw::default())?,
        };
        if let Some(json) = json {
            json.write(give_text(&answer.document.to_string()));
        }
        if let Some(events) = events {
            events.write(Box::into_raw(CEvents::of(None, Outcome::Events(answer.events))?));
        }
        Ok(())
    })
}

/// Writes text to an out-parameter that must be there.
pub(super) fn write_text(
    name: &str,
    out: Option<&mut MaybeUninit<*mut c_char>>,
    text: impl FnOnce() -> crate::Result<String>,
) -> crate::Result<()> {
    let out = required(name, out)?;
    out.write(give_text(&text()?));
    Ok(())
}

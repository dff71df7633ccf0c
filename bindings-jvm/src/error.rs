//! How an error of the engine becomes a Java exception, and the one place of the panic policy.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
#[cfg(debug_assertions)]
use std::sync::{Mutex, PoisonError};

use jni::objects::{JClass, JThrowable, JValue};
use jni::{Env, EnvUnowned, Outcome, jni_sig, jni_str};
use test_probe::completion::panic_error;
use test_probe::{ErrorCode, ProbeError};

/// What ends an entry point early.
pub(crate) enum Failure {
    /// The engine said no.
    Probe(ProbeError),
    /// The virtual machine did, and its exception is on its way: no memory, as a rule.
    Thrown,
}

impl From<ProbeError> for Failure {
    fn from(error: ProbeError) -> Self {
        Self::Probe(error)
    }
}

impl From<jni::errors::Error> for Failure {
    fn from(error: jni::errors::Error) -> Self {
        match error {
            jni::errors::Error::JavaException => Self::Thrown,
            other => Self::Probe(ProbeError::new(ErrorCode::Internal, format!("the JNI said: {other}"))),
        }
    }
}

/// Runs the body of an entry point. A panic becomes PANIC, an error its exception; what is returned beside an
/// exception is looked at by nobody.
pub(crate) fn entry<'local, T: Default>(
    mut env: EnvUnowned<'local>,
    class: &JClass<'local>,
    name: &'static str,
    body: impl FnOnce(&mut Env<'local>) -> Result<T, Failure>,
) -> T {
    let outcome = env.with_env(|env| {
        panic_if_injected(name);
        body(env)
    });
    let error = match outcome.into_outcome() {
        Outcome::Ok(value) => return value,
        Outcome::Err(Failure::Thrown) => return T::default(),
        Outcome::Err(Failure::Probe(error)) => error,
        Outcome::Panic(payload) => {
            let error = panic_error(&format!("the native `{name}`"), &*payload);
            drop_payload(payload);
            error
        }
    };
    // A failure in here leaves the virtual machine's own exception, or none: nothing more can be done.
    let _ = env.with_env(|env| raise(env, class, &error)).into_outcome();
    T::default()
}

/// Throws what `Native.failure` makes of the error's document.
fn raise<'local>(env: &mut Env<'local>, class: &JClass<'local>, error: &ProbeError) -> Result<(), Failure> {
    let document = env.byte_array_from_slice(error.to_json().to_string().as_bytes())?;
    let throwable = env
        .call_static_method(
            class,
            jni_str!("failure"),
            jni_sig!("([B)Ljava/lang/Throwable;"),
            &[JValue::Object(&document)],
        )?
        .l()?;
    let throwable = env.cast_local::<JThrowable>(throwable)?;
    Ok(env.throw(throwable)?)
}

/// Drops what somebody panicked with, which could panic again.
fn drop_payload(payload: Box<dyn Any + Send>) {
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(second);
    }
}

/// The entry point whose next call panics.
#[cfg(debug_assertions)]
static INJECTED: Mutex<Option<String>> = Mutex::new(None);

/// Makes the next call of an entry point panic. Only in a build with debug assertions: else UNSUPPORTED.
#[cfg(debug_assertions)]
pub(crate) fn inject_panic(name: String) -> Result<(), ProbeError> {
    *INJECTED.lock().unwrap_or_else(PoisonError::into_inner) = Some(name);
    Ok(())
}

/// Makes the next call of an entry point panic. Only in a build with debug assertions: else UNSUPPORTED.
#[cfg(not(debug_assertions))]
pub(crate) fn inject_panic(_name: String) -> Result<(), ProbeError> {
    Err(ProbeError::new(ErrorCode::Unsupported, "panics are injected in a debug build only"))
}

#[cfg(debug_assertions)]
fn panic_if_injected(name: &str) {
    let taken = INJECTED.lock().unwrap_or_else(PoisonError::into_inner).take_if(|injected| injected == name);
    assert!(taken.is_none(), "on purpose");
}

#[cfg(not(debug_assertions))]
fn panic_if_injected(_name: &str) {}

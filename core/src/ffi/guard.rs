//! The panic policy of the boundary, in one place.

use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::error::CError;
use crate::completion::panic_error;
use crate::error::{ErrorCode, ProbeError, Result};

/// Runs the body of an entry point: a panic becomes the code PANIC, an error its code, success 0.
/// `err` is written in every case: NULL on success.
pub(super) fn guarded(err: Option<&mut MaybeUninit<*mut CError>>, body: impl FnOnce() -> Result<()>) -> i32 {
    let failure = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error),
        Err(payload) => {
            let error = panic_error("a call of the C interface", &*payload);
            drop_payload(payload);
            Some(error)
        }
    };
    let code = failure.as_ref().map_or(0, |error| error.code().number());
    if let Some(err) = err {
        let object = failure.map(|error| catch_unwind(AssertUnwindSafe(|| CError::leak(error))));
        err.write(object.and_then(std::result::Result::ok).unwrap_or(std::ptr::null_mut()));
    }
    code
}

/// Runs the body of an entry point that cannot fail; a panic gives the default.
pub(super) fn guarded_value<T>(otherwise: T, body: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| {
        drop_payload(payload);
        otherwise
    })
}

/// Drops what somebody panicked with, which could panic again.
fn drop_payload(payload: Box<dyn std::any::Any + Send>) {
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(second);
    }
}

/// An out-parameter that must be there.
pub(super) fn required<'a, T>(
    name: &str,
    out: Option<&'a mut MaybeUninit<T>>,
) -> Result<&'a mut MaybeUninit<T>> {
    out.ok_or_else(|| null(name))
}

/// The error of a NULL that must not be one.
pub(super) fn null(name: &str) -> ProbeError {
    ProbeError::new(ErrorCode::InvalidArgument, format!("`{name}` was NULL")).with("argument", name)
}

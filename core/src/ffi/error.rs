//! The error object.

use std::ffi::{CString, c_char};
use std::mem::MaybeUninit;
use std::sync::OnceLock;

use super::guard::guarded_value;
use crate::error::ProbeError;

/// Why a call failed. Made by the failing call, freed by the caller with `test_probe_error_free`;
/// may be read from any thread.
pub struct CError {
    code: i32,
    retriable: bool,
    name: CString,
    message: CString,
    hint: Option<CString>,
    error: ProbeError,
    context: OnceLock<CString>,
    document: OnceLock<CString>,
}

impl CError {
    /// Makes an object that the caller frees.
    pub(super) fn leak(error: ProbeError) -> *mut Self {
        Box::into_raw(Box::new(Self {
            code: error.code().number(),
            retriable: error.retriable(),
            name: c_text(error.code().name()),
            message: c_text(error.message()),
            hint: error.hint_text().map(c_text),
            error,
            context: OnceLock::new(),
            document: OnceLock::new(),
        }))
    }
}

/// Makes NUL-terminated text; a NUL inside becomes the replacement character.
pub(super) fn c_text(text: &str) -> CString {
    CString::new(text).unwrap_or_else(|_| CString::new(text.replace('\0', "\u{fffd}")).unwrap_or_default())
}

/// Returns the code, as TEST_PROBE_UNKNOWN_TOPIC; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_error_code(error: Option<&CError>) -> i32 {
    error.map_or(0, |error| error.code)
}

/// Returns the code's name, as `UNKNOWN_TOPIC`; NULL for NULL. Lives as long as the error.
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_error_name(error: Option<&CError>) -> *const c_char {
    error.map_or(std::ptr::null(), |error| error.name.as_ptr())
}

/// Returns what happened, for people: one line, or the whole explanation of a verdict.
/// NULL for NULL. Lives as long as the error.
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_error_message(error: Option<&CError>) -> *const c_char {
    error.map_or(std::ptr::null(), |error| error.message.as_ptr())
}

/// Returns what can be done about it; NULL when there is no hint. Lives as long as the error.
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_error_hint(error: Option<&CError>) -> *const c_char {
    error.and_then(|error| error.hint.as_ref()).map_or(std::ptr::null(), |hint| hint.as_ptr())
}

/// Returns whether the same call may succeed later without a change by the caller; false for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_error_retriable(error: Option<&CError>) -> bool {
    error.is_some_and(|error| error.retriable)
}

/// Returns the facts for programs as a JSON object; NULL for NULL. Lives as long as the error.
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_error_context(error: Option<&CError>) -> *const c_char {
    guarded_value(std::ptr::null(), || {
        let text = |error: &CError| {
            c_text(&serde_json::to_string(error.error.context()).unwrap_or_else(|_| "{}".to_owned()))
        };
        error.map_or(std::ptr::null(), |error| error.context.get_or_init(|| text(error)).as_ptr())
    })
}

/// Returns everything as a JSON object `{"code", "name", "category", "message", "hint", "retriable",
/// "context", "source"}`; NULL for NULL. Lives as long as the error.
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_error_to_json(error: Option<&CError>) -> *const c_char {
    guarded_value(std::ptr::null(), || {
        error.map_or(std::ptr::null(), |error| {
            error.document.get_or_init(|| c_text(&error.error.to_json().to_string())).as_ptr()
        })
    })
}

/// Frees an error and every text that came from it. NULL does nothing.
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_error_free(error: Option<Box<CError>>) {
    guarded_value((), || drop(error));
}

/// Copies text to a string that the caller frees with `test_probe_string_free`.
pub(super) fn give_text(text: &str) -> *mut c_char {
    let text = c_text(text);
    let bytes = text.as_bytes_with_nul();
    // SAFETY: malloc of a length above 0; checked for NULL before it is used.
    let copy = unsafe { libc::malloc(bytes.len()) }.cast::<c_char>();
    if !copy.is_null() {
        // SAFETY: both are valid for that many bytes, and fresh memory does not overlap.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr().cast(), copy, bytes.len()) };
    }
    copy
}

/// Frees a string that the library gave out through a `char **`. NULL does nothing.
/// Texts that belong to an object are not freed with it.
///
/// @param text  from the library, or NULL
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_string_free(text: Option<&mut MaybeUninit<c_char>>) {
    if let Some(text) = text {
        // SAFETY: the header asks for a string of ours, which `give_text` took from malloc.
        unsafe { libc::free(text.as_mut_ptr().cast()) };
    }
}

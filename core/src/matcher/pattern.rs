//! Regular expressions. They run in time linear in the text; what is too large is refused.

use regex::{Regex, RegexBuilder};

/// A pattern that is too large when compiled would cost more memory than a match may.
const SIZE: usize = 1 << 20;
const NESTING: u32 = 64;

/// Compiles a pattern that may occur anywhere in a text.
///
/// # Errors
/// The reason on one line.
pub(super) fn anywhere(pattern: &str) -> Result<Regex, String> {
    build(pattern, false)
}

/// Compiles a pattern that the whole of a text must be.
pub(super) fn whole(pattern: &str) -> Result<Regex, String> {
    // By itself first, so that what is wrong is said of what was written.
    build(pattern, false)?;
    build(&format!("\\A(?:{pattern})\\z"), false)
}

/// Compiles an I-Regexp of RFC 9485, whose dot is neither CR nor LF.
pub(super) fn interoperable(pattern: &str, is_whole: bool) -> Result<Regex, String> {
    build(pattern, true)?;
    if is_whole { build(&format!("\\A(?:{pattern})\\z"), true) } else { build(pattern, true) }
}

fn build(pattern: &str, crlf: bool) -> Result<Regex, String> {
    RegexBuilder::new(pattern).size_limit(SIZE).nest_limit(NESTING).crlf(crlf).build().map_err(|error| {
        match error {
            regex::Error::CompiledTooBig(_) => "the pattern was too large".to_owned(),
            // The last line says what is wrong; those before it draw where.
            error => {
                let text = error.to_string();
                let last = text.lines().next_back().unwrap_or_default().trim();
                last.strip_prefix("error: ").unwrap_or(last).to_owned()
            }
        }
    })
}

//! How long to wait before a call is tried again. Pure but for its dice: the time is an argument.

use std::time::{Duration, SystemTime};

/// Between two tries at most this long, doubled with each try.
const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);

/// Returns a random part of a pause that doubles with each try, so that many callers do not come back at once.
pub(super) fn jittered(tries: u32) -> Duration {
    let longest = FIRST.saturating_mul(1 << tries.min(16)).min(LONGEST);
    longest.mul_f64(fastrand::f64())
}

/// Returns how long a header `retry-after` asks to wait: whole seconds, or the time until a date of HTTP (RFC 9110,
/// 10.2.3). `None` for what is neither, and for what is over already.
pub(super) fn wished(retry_after: &str, now: SystemTime) -> Option<Duration> {
    let text = retry_after.trim();
    let wished = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => httpdate::parse_http_date(text).ok()?.duration_since(now).ok()?,
    };
    (!wished.is_zero()).then_some(wished)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sunday, 6 November 1994, 08:49:37 GMT, the example of RFC 9110.
    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777)
    }

    #[test]
    fn a_wish_is_told_in_seconds_or_as_a_date_in_any_form_that_http_knows() {
        for (text, seconds) in [
            ("120", 120),
            (" 1 ", 1),
            ("Sun, 06 Nov 1994 08:50:00 GMT", 23),
            ("Sunday, 06-Nov-94 08:50:00 GMT", 23),
            ("Sun Nov  6 08:50:00 1994", 23),
            ("Mon, 07 Nov 1994 08:49:37 GMT", 24 * 3600),
        ] {
            assert_eq!(wished(text, now()), Some(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn what_is_over_and_what_is_no_time_is_no_wish() {
        let over = ["0", "Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:36 GMT"];
        let none = ["", "soon", "-1", "1.5", "99999999999999999999", "Sun, 06 Nov 1994 08:50:00 CET"];
        for text in over.into_iter().chain(none) {
            assert_eq!(wished(text, now()), None, "{text}");
        }
    }
}

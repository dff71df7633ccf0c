//! Instants and days as text (RFC 3339), to the nanosecond.

/// Nanoseconds in a second.
pub(crate) const NANOS: u32 = 1_000_000_000;

/// Returns seconds since the epoch, with nanoseconds of the second, in UTC with 0, 3, 6 or 9 fractional digits:
/// `2026-01-02T03:04:05.678Z`. `None` outside of the years 1 to 9999, which have no such text.
pub(crate) fn instant(seconds: i64, nanos: u32) -> Option<String> {
    let (year, month, day) = civil(seconds.div_euclid(86_400));
    if !(1..=9999).contains(&year) || nanos >= NANOS {
        return None;
    }
    let in_day = seconds.rem_euclid(86_400);
    let (hour, minute, second) = (in_day / 3_600, in_day / 60 % 60, in_day % 60);
    let fraction = fraction(nanos);
    Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z"))
}

/// Returns milliseconds since the epoch as RFC 3339 in UTC, always with three fractional digits:
/// `2026-01-02T03:04:05.678Z`.
#[must_use]
pub fn rfc3339(millis: i64) -> String {
    let days = millis.div_euclid(86_400_000);
    let in_day = millis.rem_euclid(86_400_000);
    let (year, month, day) = civil(days);
    let (hours, minutes, seconds) = (in_day / 3_600_000, in_day / 60_000 % 60, in_day / 1_000 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.{:03}Z", in_day % 1_000)
}

/// Returns nanoseconds as the fractional digits of a second, as few groups of three as hold them.
pub(crate) fn fraction(nanos: u32) -> String {
    match nanos {
        0 => String::new(),
        n if n % 1_000_000 == 0 => format!(".{:03}", n / 1_000_000),
        n if n % 1_000 == 0 => format!(".{:06}", n / 1_000),
        n => format!(".{n:09}"),
    }
}

/// Reads an instant of RFC 3339 with any offset, as seconds since the epoch and nanoseconds of the second.
pub(crate) fn parse_instant(text: &str) -> Option<(i64, u32)> {
    let (date, rest) = text.split_once(['T', 't', ' '])?;
    let (clock, offset) = split_offset(rest)?;
    let (clock, nanos) = match clock.split_once('.') {
        Some((clock, digits)) => (clock, parse_fraction(digits)?),
        None => (clock, 0),
    };
    let (hour, minute, second) = three(clock, ':', [2, 2, 2])?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = parse_day(date)? * 86_400 + hour * 3_600 + minute * 60 + second - offset;
    Some((seconds, nanos))
}

/// Reads a day, `2026-01-02`, as days since the epoch.
pub(crate) fn parse_day(text: &str) -> Option<i64> {
    let (year, month, number) = three(text, '-', [4, 2, 2])?;
    day(year, month, number)
}

/// Reads up to nine digits of a fraction as nanoseconds.
pub(crate) fn parse_fraction(digits: &str) -> Option<u32> {
    if digits.is_empty() || digits.len() > 9 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    format!("{digits:0<9}").parse().ok()
}

fn split_offset(text: &str) -> Option<(&str, i64)> {
    if let Some(clock) = text.strip_suffix(['Z', 'z']) {
        return Some((clock, 0));
    }
    let at = text.rfind(['+', '-'])?;
    let (clock, offset) = text.split_at(at);
    let (hours, minutes) = offset[1..].split_once(':')?;
    let seconds = digits(hours, 2).filter(|hours| *hours < 24)? * 3_600
        + digits(minutes, 2).filter(|minutes| *minutes < 60)? * 60;
    Some((clock, if offset.starts_with('-') { -seconds } else { seconds }))
}

fn three(text: &str, separator: char, lengths: [usize; 3]) -> Option<(i64, i64, i64)> {
    let mut parts = text.split(separator);
    let mut next = |length| digits(parts.next()?, length);
    let found = (next(lengths[0])?, next(lengths[1])?, next(lengths[2])?);
    parts.next().is_none().then_some(found)
}

/// Returns the number that so many digits, and nothing else, write.
pub(crate) fn digits(text: &str, length: usize) -> Option<i64> {
    (text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

/// Returns year, month and day of a number of days since 1970-01-01 in the Gregorian calendar.
/// Counts from 0000-03-01, so that the leap day is the last of its year.
pub(crate) fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// Returns the number of days since 1970-01-01 of a day in the Gregorian calendar; `None` when there is no such day, or
/// its year has no four digits.
#[must_use]
pub fn day(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(0..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let days = days(year, month, day);
    (civil(days) == (year, month, day)).then_some(days)
}

/// The inverse of [`civil`]; of a day that does not exist it returns another one.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let year_of_era = year.rem_euclid(400);
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    year.div_euclid(400) * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::{day, instant, parse_day, parse_instant, rfc3339};

    #[test]
    fn an_instant_comes_back_from_its_text() {
        for (seconds, nanos, text) in [
            (0, 0, "1970-01-01T00:00:00Z"),
            (-1, 999_000_000, "1969-12-31T23:59:59.999Z"),
            (1_767_323_045, 678_900_000, "2026-01-02T03:04:05.678900Z"),
            (1_709_164_800, 1, "2024-02-29T00:00:00.000000001Z"),
            (-62_135_596_800, 0, "0001-01-01T00:00:00Z"),
            (253_402_300_799, 0, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(instant(seconds, nanos).as_deref(), Some(text));
            assert_eq!(parse_instant(text), Some((seconds, nanos)));
        }
        assert_eq!(instant(i64::MAX, 0), None);
        assert_eq!(instant(i64::MIN, 0), None);
    }

    #[test]
    fn an_offset_is_taken_off() {
        assert_eq!(parse_instant("1970-01-01T01:30:00.5+01:30"), Some((0, 500_000_000)));
        assert_eq!(parse_instant("1969-12-31t19:00:00-05:00"), Some((0, 0)));
    }

    #[test]
    fn what_is_no_instant_is_none() {
        for text in ["", "T", "2026-02-29T00:00:00Z", "2026-01-02T24:00:00Z", "2026-01-02T03:04:05", "é-+:"]
        {
            assert_eq!(parse_instant(text), None, "{text}");
        }
        assert_eq!(parse_day("2026-13-01"), None);
    }

    #[test]
    fn every_day_comes_back_and_no_other_is_one() {
        let mut expected = day(1896, 1, 1).unwrap();
        for year in 1896..=2104 {
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let february = 28 + i64::from(leap);
            for (month, length) in (1..).zip([31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]) {
                for number in 1..=length {
                    assert_eq!(day(year, month, number), Some(expected), "{year}-{month}-{number}");
                    expected += 1;
                }
                assert_eq!(day(year, month, length + 1), None, "{year}-{month}");
            }
        }
        for (year, month, number) in [(2026, 0, 1), (2026, 13, 1), (2026, 1, 0), (10_000, 1, 1), (-1, 1, 1)] {
            assert_eq!(day(year, month, number), None);
        }
        assert_eq!(day(i64::MAX, i64::MAX, i64::MAX), None);
    }

    #[test]
    fn a_time_is_written_in_utc_with_milliseconds() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(-1), "1969-12-31T23:59:59.999Z");
        assert_eq!(rfc3339(951_782_400_000), "2000-02-29T00:00:00.000Z");
        assert_eq!(rfc3339(1_709_164_800_000), "2024-02-29T00:00:00.000Z");
        assert_eq!(rfc3339(1_767_323_045_678), "2026-01-02T03:04:05.678Z");
        assert_eq!(rfc3339(4_107_542_399_999), "2100-02-28T23:59:59.999Z");
        assert_eq!(rfc3339(4_107_542_400_000), "2100-03-01T00:00:00.000Z");
    }

    #[test]
    fn no_time_panics() {
        let _ = rfc3339(i64::MIN);
        let _ = rfc3339(i64::MAX);
    }
}

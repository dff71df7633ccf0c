//! Dates and times as ISO 8601 text.

use super::logical::{Logical, Unit};
use crate::time::{digits, parse_day};

const DAY: i64 = 86_400;

/// Returns the count that a logical type has for a text; `None` when the text is not of its form, or is more exact
/// than its unit.
pub(super) fn count(logical: Logical, text: &str) -> Option<i64> {
    match logical {
        Logical::Date => parse_day(text),
        Logical::Time(unit) => {
            let (seconds, fraction) = time(text, unit)?;
            scaled(seconds, fraction, unit)
        }
        Logical::Timestamp { unit, local } => {
            let (day, rest) = text.split_at_checked(10)?;
            let rest = rest.strip_prefix(['T', 't', ' '])?;
            let (clock, offset) = if local { (rest, 0) } else { zone(rest)? };
            let (seconds, fraction) = time(clock, unit)?;
            scaled(parse_day(day)? * DAY + seconds - offset, fraction, unit)
        }
        Logical::Decimal { .. } | Logical::Uuid | Logical::Duration => None,
    }
}

/// Returns the form of text that it takes, as an example.
pub(super) const fn example(logical: Logical) -> Option<&'static str> {
    match logical {
        Logical::Date => Some("2026-01-02"),
        Logical::Time(_) => Some("03:04:05.678"),
        Logical::Timestamp { local: false, .. } => Some("2026-01-02T03:04:05.678Z"),
        Logical::Timestamp { local: true, .. } => Some("2026-01-02T03:04:05.678"),
        Logical::Decimal { .. } | Logical::Uuid | Logical::Duration => None,
    }
}

fn scaled(seconds: i64, fraction: i64, unit: Unit) -> Option<i64> {
    let parts = 10_i64.pow(u32::try_from(unit.digits()).ok()?);
    // Before 1970 the whole seconds of 64 bits of nanoseconds may be out of range while the sum is not.
    i64::try_from(i128::from(seconds) * i128::from(parts) + i128::from(fraction)).ok()
}

/// Returns the seconds of `HH:MM[:SS[.fraction]]`, with the fraction in the unit's parts.
fn time(text: &str, unit: Unit) -> Option<(i64, i64)> {
    let (clock, fraction) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let mut parts = clock.splitn(3, ':');
    let (hours, minutes) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let seconds = match parts.next() {
        Some(seconds) => digits(seconds, 2)?,
        None if fraction.is_empty() => 0,
        None => return None,
    };
    if hours > 23 || minutes > 59 || seconds > 59 || (clock.len() < text.len() && fraction.is_empty()) {
        return None;
    }
    let kept = fraction.len().min(unit.digits());
    if !fraction.bytes().all(|byte| byte.is_ascii_digit())
        || fraction[kept..].bytes().any(|byte| byte != b'0')
    {
        return None;
    }
    let padded = format!("{:0<width$}", &fraction[..kept], width = unit.digits());
    Some((hours * 3600 + minutes * 60 + seconds, padded.parse().ok()?))
}

/// Splits off `Z` or `+HH:MM`, as seconds east of Greenwich.
fn zone(text: &str) -> Option<(&str, i64)> {
    if let Some(clock) = text.strip_suffix(['Z', 'z']) {
        return Some((clock, 0));
    }
    let at = text.rfind(['+', '-'])?;
    let (clock, offset) = text.split_at(at);
    let offset_digits = offset[1..].replace(':', "");
    let (hours, minutes) = (digits(offset_digits.get(..2)?, 2)?, digits(offset_digits.get(2..)?, 2)?);
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    (hours < 24 && minutes < 60).then_some((clock, sign * (hours * 3600 + minutes * 60)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const UTC: Logical = Logical::Timestamp { unit: Unit::Millis, local: false };

    #[test]
    fn dates_are_days_since_1970() {
        let cases = [
            ("1970-01-01", 0),
            ("1969-12-31", -1),
            ("2026-01-02", 20_455),
            ("2000-02-29", 11_016),
            ("0001-01-01", -719_162),
            ("9999-12-31", 2_932_896),
        ];
        for (text, days) in cases {
            assert_eq!(count(Logical::Date, text), Some(days), "{text}");
        }
        for wrong in ["2026-02-29", "2026-13-01", "2026-1-1", "2026-00-01", "", "2026-01-02T", "+026-01-01"] {
            assert_eq!(count(Logical::Date, wrong), None, "{wrong}");
        }
    }

    #[test]
    fn times_are_counted_in_their_unit_and_never_cut() {
        assert_eq!(count(Logical::Time(Unit::Millis), "03:04:05.678"), Some(11_045_678));
        assert_eq!(count(Logical::Time(Unit::Micros), "03:04:05.6"), Some(11_045_600_000));
        assert_eq!(count(Logical::Time(Unit::Millis), "03:04:05.678000"), Some(11_045_678));
        assert_eq!(count(Logical::Time(Unit::Millis), "03:04"), Some(11_040_000));
        for wrong in
            ["03:04:05.6781", "24:00", "03:60", "03:04:60", "03:04:05.", "3:04", "03:04.5", "03:04:05.é"]
        {
            assert_eq!(count(Logical::Time(Unit::Millis), wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_instant_needs_a_zone_and_a_local_time_has_none() {
        let local = Logical::Timestamp { unit: Unit::Nanos, local: true };
        assert_eq!(count(UTC, "2026-01-02T03:04:05.678Z"), Some(1_767_323_045_678));
        assert_eq!(count(UTC, "2026-01-02T05:04:05.678+02:00"), Some(1_767_323_045_678));
        assert_eq!(count(UTC, "2026-01-01T21:34:05.678-0530"), Some(1_767_323_045_678));
        assert_eq!(count(local, "1970-01-01T00:00:00.000000001"), Some(1));
        assert_eq!(count(local, "1677-09-21T00:12:43.145224192"), Some(i64::MIN));
        assert_eq!(count(UTC, "2026-01-02T03:04:05.678"), None);
        assert_eq!(count(local, "2026-01-02T03:04:05.678Z"), None);
        assert_eq!(count(local, "9999-12-31T00:00:00"), None);
        assert_eq!(count(UTC, "ééééé"), None);
    }
}

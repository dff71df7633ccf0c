//! Durations, as `3s`, `500ms`, `2 seconds` or `PT5S`.

use std::time::Duration;

const DAY_MILLIS: f64 = 86_400_000.0;

/// Returns the duration, or `None` when the text is none or longer than a day.
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    let millis = match text.trim().strip_prefix("PT") {
        Some(iso) => iso_millis(iso)?,
        None => {
            let text = text.trim();
            let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
            decimal(&text[..digits])? * unit(text[digits..].trim_start())?
        }
    };
    let micros = (millis * 1_000.0).round();
    (millis <= DAY_MILLIS).then(|| Duration::from_micros(micros as u64))
}

fn decimal(text: &str) -> Option<f64> {
    let digits = text.starts_with(|c: char| c.is_ascii_digit()) && !text.ends_with('.');
    if digits { text.parse().ok() } else { None }
}

fn unit(name: &str) -> Option<f64> {
    match name {
        "us" | "micros" | "microseconds" | "microsecond" => Some(0.001),
        "ms" | "millis" | "milliseconds" | "millisecond" => Some(1.0),
        "s" | "sec" | "secs" | "second" | "seconds" => Some(1_000.0),
        "m" | "min" | "mins" | "minute" | "minutes" => Some(60_000.0),
        "h" | "hour" | "hours" => Some(3_600_000.0),
        _ => None,
    }
}

/// ISO 8601 below a day: hours, minutes, seconds, in this order, at least one.
fn iso_millis(mut rest: &str) -> Option<f64> {
    let mut total = 0.0;
    if rest.is_empty() {
        return None;
    }
    for (letter, millis) in [('H', 3_600_000.0), ('M', 60_000.0), ('S', 1_000.0)] {
        if let Some((number, after)) = rest.split_once(letter) {
            total += decimal(number)? * millis;
            rest = after;
        }
    }
    rest.is_empty().then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_in_the_forms_people_know() {
        for (text, millis) in [
            ("3s", 3_000),
            ("500ms", 500),
            ("2 seconds", 2_000),
            ("PT5S", 5_000),
            ("PT1M0.5S", 60_500),
            ("1.5s", 1_500),
            ("1m", 60_000),
            ("0s", 0),
        ] {
            assert_eq!(duration(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for text in ["3", "", "s", "PT", "PT5", "-1s", "3 parsecs", "25h", "1e9s", "3.s", "NaNs"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}

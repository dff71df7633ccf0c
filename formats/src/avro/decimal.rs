//! Decimals: a whole number in two's complement, big-endian, with the scale that the schema says.

/// The longest number that is read, in bytes: far beyond any precision in use, and converted in no time.
const LONGEST: usize = 2048;

/// Returns the text of a number with all digits of its scale; `None` when it is too long to be one.
pub(super) fn text(bytes: &[u8], scale: u32) -> Option<String> {
    let negative = bytes.first().is_some_and(|first| *first >= 0x80);
    let sign = if negative { 0xff } else { 0 };
    let start = bytes.iter().position(|byte| *byte != sign).unwrap_or(bytes.len());
    let significant = &bytes[start..];
    if significant.len() > LONGEST {
        return None;
    }
    let mut digits = if significant.len() < 16 {
        let mut wide = [sign; 16];
        wide[16 - significant.len()..].copy_from_slice(significant);
        i128::from_be_bytes(wide).unsigned_abs().to_string()
    } else {
        digits_of(significant, negative)
    };
    let scale = scale as usize;
    if digits.len() <= scale {
        digits.insert_str(0, &"0".repeat(scale + 1 - digits.len()));
    }
    if scale > 0 {
        digits.insert(digits.len() - scale, '.');
    }
    if negative {
        digits.insert(0, '-');
    }
    Some(digits)
}

/// Returns the digits of a number's magnitude.
fn digits_of(bytes: &[u8], negative: bool) -> String {
    const CHUNK: u64 = 1_000_000_000;
    let mut words: Vec<u32> = bytes
        .rchunks(4)
        .rev()
        .map(|chunk| {
            chunk.iter().fold(if negative { u32::MAX } else { 0 }, |word, byte| word << 8 | u32::from(*byte))
        })
        .collect();
    if negative {
        negate(&mut words);
    }
    let mut chunks = Vec::new();
    while words.iter().any(|word| *word != 0) {
        let mut rest = 0;
        for word in &mut words {
            let wide = rest << 32 | u64::from(*word);
            *word = low(wide / CHUNK);
            rest = wide % CHUNK;
        }
        chunks.push(rest);
    }
    let mut digits = chunks.pop().unwrap_or(0).to_string();
    for chunk in chunks.into_iter().rev() {
        digits.push_str(&format!("{chunk:09}"));
    }
    digits
}

/// Negates a number in two's complement; the most significant word first.
fn negate(words: &mut [u32]) {
    let mut carry = true;
    for word in words.iter_mut().rev() {
        let (sum, over) = (!*word).overflowing_add(u32::from(carry));
        (*word, carry) = (sum, over);
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is what is wanted")]
const fn low(wide: u64) -> u32 {
    wide as u32
}

/// Returns the shortest bytes of a decimal's text under a precision and a scale.
///
/// # Errors
/// What is wrong with it, as the end of a sentence.
pub(super) fn bytes(text: &str, precision: u32, scale: u32) -> Result<Vec<u8>, String> {
    let (negative, unsigned) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            (mantissa, exponent.parse::<i32>().map_err(|_| "not a number".to_owned())?)
        }
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err("not a number".to_owned());
    }
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    digits.drain(..zeros);
    // The number is `digits` * 10^-places; it shall become a whole number of 10^-scale.
    let places = i64::try_from(fraction.len()).unwrap_or(i64::MAX).saturating_sub(i64::from(exponent));
    let shift = i64::from(scale).saturating_sub(places);
    if digits.is_empty() {
        return Ok(vec![0]);
    }
    if shift < 0 {
        let cut = usize::try_from(-shift).unwrap_or(usize::MAX).min(digits.len());
        let kept = digits.len() - cut;
        if digits[kept..].iter().any(|digit| *digit != b'0') || kept == 0 {
            return Err(format!("a number with more than {scale} decimal places"));
        }
        digits.truncate(kept);
    } else if shift <= i64::from(precision) {
        digits.extend(std::iter::repeat_n(b'0', usize::try_from(shift).unwrap_or(0)));
    }
    if shift > i64::from(precision) || digits.len() > precision as usize {
        return Err(format!("a number with more than {precision} digits at scale {scale}"));
    }
    Ok(two_complement(&digits, negative))
}

/// Returns the shortest two's complement of a number by its digits.
fn two_complement(digits: &[u8], negative: bool) -> Vec<u8> {
    // Least significant word first while it grows; one word more than needed, for the sign.
    let mut words: Vec<u32> = Vec::with_capacity(digits.len() / 9 + 2);
    for digit in digits {
        let mut carry = u64::from(digit - b'0');
        for word in &mut words {
            let wide = u64::from(*word) * 10 + carry;
            *word = low(wide);
            carry = wide >> 32;
        }
        if carry > 0 {
            words.push(low(carry));
        }
    }
    words.push(0);
    words.reverse();
    if negative {
        negate(&mut words);
    }
    let long: Vec<u8> = words.into_iter().flat_map(u32::to_be_bytes).collect();
    let sign = if negative { 0xff } else { 0 };
    let mut start = 0;
    while start + 1 < long.len() && long[start] == sign && (long[start + 1] ^ sign) < 0x80 {
        start += 1;
    }
    long[start..].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_comes_back_as_it_was_at_any_length() {
        let nines = "9".repeat(400);
        let cases = [
            ("0.00", 2, vec![0]),
            ("12.30", 2, vec![0x04, 0xce]),
            ("-12.30", 2, vec![0xfb, 0x32]),
            ("1.27", 2, vec![0x7f]),
            ("1.28", 2, vec![0x00, 0x80]),
            ("-1.28", 2, vec![0x80]),
            ("-0.01", 2, vec![0xff]),
            ("5", 0, vec![5]),
        ];
        for (written, scale, encoded) in cases {
            assert_eq!(bytes(written, 10, scale).as_ref(), Ok(&encoded), "{written}");
            assert_eq!(text(&encoded, scale).as_deref(), Some(written));
        }
        for written in [nines.clone(), format!("-{nines}"), format!("{nines}.{nines}")] {
            let scale = if written.contains('.') { 400 } else { 0 };
            let encoded = bytes(&written, 800, scale).unwrap();
            assert_eq!(text(&encoded, scale), Some(written));
        }
        for power in 100..140 {
            let written = format!("-{}", 3 * (1_u128 << (power - 20)));
            assert_eq!(text(&bytes(&written, 60, 0).unwrap(), 0).as_deref(), Some(&*written));
        }
    }

    #[test]
    fn bytes_longer_than_needed_mean_the_same_number() {
        assert_eq!(text(&[0, 0, 0, 0x04, 0xce], 2).as_deref(), Some("12.30"));
        assert_eq!(text(&[0xff; 40], 2).as_deref(), Some("-0.01"));
        assert_eq!(text(&[], 2).as_deref(), Some("0.00"));
        assert_eq!(text(&[1; 10_000], 2), None);
    }

    #[test]
    fn a_number_with_too_many_digits_is_refused_and_zeros_are_not_counted() {
        assert_eq!(bytes("12.300", 4, 2), bytes("12.3", 4, 2));
        assert_eq!(bytes("0012.3", 4, 2), bytes("1.23e1", 4, 2));
        assert!(bytes("12.301", 4, 2).is_err());
        assert!(bytes("123", 4, 2).is_err());
        assert!(bytes("0.001", 4, 2).is_err());
        for wrong in ["", "-", "1.2.3", "x", "1e", "1e99999999999", "1e999999999", "--1", "1 "] {
            assert!(bytes(wrong, 4, 2).is_err(), "{wrong}");
        }
        assert_eq!(bytes("0e999999999", 4, 2), Ok(vec![0]));
    }
}

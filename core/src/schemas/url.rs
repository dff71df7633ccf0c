//! Parts of URLs, percent-encoded.

/// Appends text to a path, each byte encoded that is not unreserved (RFC 3986).
pub(super) fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte.into()),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Returns fields as a form or a query.
pub(super) fn form(fields: &[(&str, &str)]) -> String {
    let fields = fields.iter().map(|(name, value)| format!("{}={}", segment(name), segment(value)));
    fields.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_unreserved_is_encoded_byte_by_byte() {
        assert_eq!(segment("orders-value"), "orders-value");
        assert_eq!(segment(":.ctx:a/b?ü"), "%3A.ctx%3Aa%2Fb%3F%C3%BC");
        assert_eq!(form(&[("scope", "a b"), ("x", "1")]), "scope=a%20b&x=1");
    }
}

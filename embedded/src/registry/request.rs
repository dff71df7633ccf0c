//! A request, taken apart.

use serde_json::Value;

use super::answer::{Refusal, Result};

/// What a request wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
    Put,
    Delete,
    /// What no path knows.
    Other,
}

impl Method {
    pub(crate) fn of_name(name: &str) -> Self {
        match name {
            "GET" | "HEAD" => Self::Get,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "DELETE" => Self::Delete,
            _ => Self::Other,
        }
    }
}

/// A request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) method: Method,
    /// As it stood in the request, without the query.
    pub(crate) path: &'a str,
    /// Without the question mark; empty for none.
    pub(crate) query: &'a str,
    pub(crate) body: &'a [u8],
    /// The time in milliseconds since 1970.
    pub(crate) now: i64,
}

impl<'a> Request<'a> {
    /// Returns the parts of the path, decoded.
    pub(crate) fn parts(&self) -> Vec<String> {
        let path = self.path.strip_prefix('/').unwrap_or(self.path);
        let path = path.strip_suffix('/').unwrap_or(path);
        if path.is_empty() { Vec::new() } else { path.split('/').map(|part| decoded(part, false)).collect() }
    }

    /// Returns all values of a parameter.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        let pairs = self.query.split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let named = pairs.filter(|(key, _)| decoded(key, true) == name);
        named.map(|(_, value)| decoded(value, true)).collect()
    }

    /// Returns the first value of a parameter.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.all(name).into_iter().next()
    }

    /// Whether a parameter is `true`.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.text(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Returns the part of a list that the request wants (`offset`, `limit`).
    pub(crate) fn page<T>(&self, items: impl IntoIterator<Item = T>) -> Result<Vec<T>> {
        let number = |name: &str| match self.text(name) {
            Some(text) => text.parse::<i64>().map(Some).map_err(|_| Refusal::unknown_path()),
            None => Ok(None),
        };
        let offset = number("offset")?.and_then(|offset| usize::try_from(offset).ok()).unwrap_or(0);
        let limit = number("limit")?.and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit > 0);
        Ok(items.into_iter().skip(offset).take(limit.unwrap_or(usize::MAX)).collect())
    }

    /// Reads the body.
    pub(crate) fn json(&self) -> Result<Value> {
        if self.body.iter().all(u8::is_ascii_whitespace) {
            return Err(Refusal::new(422, "the body was empty"));
        }
        serde_json::from_slice(self.body).map_err(|error| Refusal::bad_request(error.to_string()))
    }
}

/// Decodes `%2F`, and `+` where it is a blank. What is wrong stays as it is.
fn decoded(text: &str, plus_is_blank: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = |at: usize| after.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        rest = match (first, hex(0), hex(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high * 16 + low) as u8);
                &after[2..]
            }
            (b'+', ..) if plus_is_blank => {
                bytes.push(b' ');
                after
            }
            _ => {
                bytes.push(*first);
                after
            }
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request<'a>(path: &'a str, query: &'a str) -> Request<'a> {
        Request { method: Method::Get, path, query, body: &[], now: 0 }
    }

    #[test]
    fn a_path_is_split_before_it_is_decoded() {
        let cases: [(&str, &[&str]); 5] = [
            ("/", &[]),
            ("/subjects/", &["subjects"]),
            ("/subjects/a%2Fb+c/versions", &["subjects", "a/b+c", "versions"]),
            ("/subjects/%3A.ctx%3As", &["subjects", ":.ctx:s"]),
            ("/subjects/50%25%zz%4", &["subjects", "50%%zz%4"]),
        ];
        for (path, parts) in cases {
            assert_eq!(request(path, "").parts(), parts, "{path}");
        }
    }

    #[test]
    fn parameters_are_decoded_and_flags_are_true_or_not() {
        let request = request("/", "key=a+b&value=%31&key=c&deleted=TRUE&normalize=1&empty");
        assert_eq!(request.all("key"), ["a b", "c"]);
        assert_eq!(request.text("value").as_deref(), Some("1"));
        assert_eq!(request.text("empty").as_deref(), Some(""));
        assert!(request.flag("deleted") && !request.flag("normalize") && !request.flag("permanent"));
    }

    #[test]
    fn a_page_is_what_offset_and_limit_say() {
        for (query, expected) in [
            ("", vec![1, 2, 3]),
            ("offset=1", vec![2, 3]),
            ("offset=1&limit=1", vec![2]),
            ("limit=-1", vec![1, 2, 3]),
            ("offset=9", vec![]),
        ] {
            assert_eq!(request("/", query).page([1, 2, 3]), Ok(expected), "{query}");
        }
        assert!(request("/", "limit=x").page([1]).is_err());
    }
}

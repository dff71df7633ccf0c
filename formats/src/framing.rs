//! How a payload names its schema on the wire.

use std::borrow::Cow;
use std::fmt;

use crate::protobuf::indexes;

/// The header that names the schema of a key.
pub const KEY_HEADER: &str = "__key_schema_id";

/// The header that names the schema of a value.
pub const VALUE_HEADER: &str = "__value_schema_id";

/// What names a schema within a registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SchemaId {
    /// The id that a registry counts.
    Number(u32),
    /// The GUID, big-endian.
    Guid([u8; 16]),
}

impl fmt::Display for SchemaId {
    /// Writes the number, or the GUID with its dashes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Guid(bytes) => {
                for (place, byte) in bytes.iter().enumerate() {
                    if matches!(place, 4 | 6 | 8 | 10) {
                        f.write_str("-")?;
                    }
                    write!(f, "{byte:02x}")?;
                }
                Ok(())
            }
        }
    }
}

impl SchemaId {
    /// Appends the prefix by which a payload names this schema: `00` and the id, or `01` and the GUID.
    pub fn write_prefix(self, out: &mut Vec<u8>) {
        match self {
            Self::Number(number) => {
                out.push(0);
                out.extend_from_slice(&number.to_be_bytes());
            }
            Self::Guid(bytes) => {
                out.push(1);
                out.extend_from_slice(&bytes);
            }
        }
    }
}

/// Why the schema of a payload is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unframed {
    /// What was found: lower case, one line.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

/// Returns the schema id of a payload with the bytes that follow it. The header wins over the prefix, as Confluent's
/// clients have it since 8.0; a header that names no schema is a foreign one and is passed by. The message indexes of
/// Protobuf, which then are in the header too, come back where they are without a header: before the message.
/// `other` are the record's header names, to recognise other registries by.
///
/// Where a header names the schema, Protobuf's message indexes are behind it there (Confluent's
/// `HeaderSchemaIdSerializer`); they are put before the payload again, where they are otherwise.
///
/// # Errors
/// An [`Unframed`] that names the format that was met instead, where it is known: AWS Glue, Apicurio, Azure, JSON text.
pub fn read<'p, 'n>(
    header: Option<&[u8]>,
    payload: &'p [u8],
    mut other: impl Iterator<Item = &'n str>,
) -> Result<(SchemaId, Cow<'p, [u8]>), Unframed> {
    match header.and_then(prefix) {
        Some((id, [])) => return Ok((id, Cow::Borrowed(payload))),
<<<<<<< ours
        Some((id, named)) if indexes(named).is_some_and(|(_, rest)| rest.is_empty()) => {
            return Ok((id, Cow::Owned([named, payload].concat())));
=======
        Some((id, rest)) if indexes(rest) == Some(rest.len()) => {
            return Ok((id, Cow::Owned([rest, payload].concat())));
>>>>>>> theirs
        }
        _ => {}
    }
    if other.any(|name| name.starts_with("apicurio.")) {
        return Err(foreign(
            "the record names its schema in Apicurio's headers (`apicurio.*`)",
            "have its producer write Confluent's wire format (`apicurio.registry.headers.enabled=false`)",
        ));
    }
    match prefix(payload) {
<<<<<<< ours
        Some((id, payload)) => Ok((id, Cow::Borrowed(payload))),
=======
        Some((id, rest)) => Ok((id, Cow::Borrowed(rest))),
>>>>>>> theirs
        None => Err(unframed(payload)),
    }
}

/// Returns how many bytes at the start are the message indexes of Protobuf: a count and as many indexes, each a zig-zag
/// varint; `None` where there are none.
#[must_use]
pub fn indexes(bytes: &[u8]) -> Option<usize> {
    let (count, mut length) = zig_zag(bytes)?;
    for _ in 0..count {
        length += zig_zag(bytes.get(length..)?)?.1;
    }
    Some(length)
}

/// Returns a number that is not negative with the length of its bytes.
fn zig_zag(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut number = 0_u64;
    for (place, byte) in bytes.iter().take(9).enumerate() {
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return (number & 1 == 0).then_some((number >> 1, place + 1));
        }
    }
    None
}

fn prefix(bytes: &[u8]) -> Option<(SchemaId, &[u8])> {
    match bytes.split_first()? {
        (0, rest) => {
            let (id, rest) = rest.split_first_chunk::<4>()?;
            Some((SchemaId::Number(u32::from_be_bytes(*id)), rest))
        }
        (1, rest) => {
            let (guid, rest) = rest.split_first_chunk::<16>()?;
            Some((SchemaId::Guid(*guid), rest))
        }
        _ => None,
    }
}

fn unframed(payload: &[u8]) -> Unframed {
    match payload {
        [3, 0 | 5, rest @ ..] if rest.len() >= 16 => foreign(
            "the payload was in the wire format of AWS Glue Schema Registry",
            "only Confluent's wire format is read here; for the bytes as they are, set `format: bytes`",
        ),
        [b'{' | b'[' | b'"', ..] => foreign(
            "the payload began like JSON text and not with a schema id",
            "set `format: json`, or have its producer write Confluent's wire format",
        ),
        [] => foreign(
            "the payload was empty and named no schema",
            "a tombstone is a null value, not an empty one",
        ),
        [0 | 1, ..] => foreign(
            "the payload was too short for a schema id",
            "it was cut off, or is not in Confluent's wire format",
        ),
        [first, ..] => foreign(
            &format!("the payload began with byte {first:#04x} and not with a schema id"),
            "only Confluent's wire format is read here; for the bytes as they are, set `format: bytes`",
        ),
    }
}

fn foreign(message: &str, hint: &str) -> Unframed {
    Unframed { message: message.to_owned(), hint: hint.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUID: [u8; 16] = *b"0123456789abcdef";

    fn header(indexes: &[u8]) -> Vec<u8> {
        [&[1], GUID.as_slice(), indexes].concat()
    }

    #[test]
    fn the_message_indexes_of_a_header_come_back_before_the_message() {
        for indexes in [&[0][..], &[2, 2], &[4, 2, 0x80, 2]] {
            let (id, payload) = read(Some(&header(indexes)), b"rest", std::iter::empty()).unwrap();
            assert_eq!(id, SchemaId::Guid(GUID));
            assert_eq!(payload, [indexes, b"rest"].concat());
        }
        let (_, payload) = read(Some(&header(&[])), b"rest", std::iter::empty()).unwrap();
        assert_eq!(&*payload, b"rest");
    }

    #[test]
    fn a_header_with_anything_else_behind_the_guid_is_foreign() {
        for more in [&[0, 0][..], &[2], &[1], &[0x80], &[0xff; 12]] {
            let framed = read(Some(&header(more)), b"\0\0\0\0\x07rest", std::iter::empty());
            assert_eq!(framed.unwrap(), (SchemaId::Number(7), Cow::Borrowed(&b"rest"[..])));
        }
    }

    #[test]
    fn a_count_that_nothing_follows_ends_at_once() {
        assert_eq!(indexes(&[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]), None);
    }
}

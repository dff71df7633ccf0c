//! The wire format of Protobuf: tags, varints, fixed numbers, lengths and groups.

/// How the bytes of a field are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WireType {
    Varint = 0,
    Fixed64 = 1,
    Length = 2,
    Group = 3,
    EndGroup = 4,
    Fixed32 = 5,
}

/// The deepest nesting of messages that is read and written, as in Google's libraries.
pub(super) const MOST_DEEP: usize = 100;

/// Bytes that are read from the front. Every answer is `None` where they end too early or are malformed.
#[derive(Clone, Copy)]
pub(super) struct Reader<'p> {
    bytes: &'p [u8],
}

impl<'p> Reader<'p> {
    pub(super) fn new(bytes: &'p [u8]) -> Self {
        Self { bytes }
    }

    pub(super) fn is_empty(self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn rest(self) -> &'p [u8] {
        self.bytes
    }

    /// Reads a number of at most ten bytes; bits beyond 64 are dropped, as elsewhere.
    pub(super) fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for (place, byte) in self.bytes.iter().take(10).enumerate() {
            number |= u64::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                self.bytes = &self.bytes[place + 1..];
                return Some(number);
            }
        }
        None
    }

    /// Reads the number of a field with its wire type.
    pub(super) fn tag(&mut self) -> Option<(u32, WireType)> {
        let tag = u32::try_from(self.varint()?).ok()?;
        let wire = match tag & 7 {
            0 => WireType::Varint,
            1 => WireType::Fixed64,
            2 => WireType::Length,
            3 => WireType::Group,
            4 => WireType::EndGroup,
            5 => WireType::Fixed32,
            _ => return None,
        };
        (tag >> 3 != 0).then_some((tag >> 3, wire))
    }

    pub(super) fn fixed32(&mut self) -> Option<[u8; 4]> {
        let (fixed, rest) = self.bytes.split_first_chunk()?;
        self.bytes = rest;
        Some(*fixed)
    }

    pub(super) fn fixed64(&mut self) -> Option<[u8; 8]> {
        let (fixed, rest) = self.bytes.split_first_chunk()?;
        self.bytes = rest;
        Some(*fixed)
    }

    /// Reads a length and that many bytes.
    pub(super) fn length(&mut self) -> Option<&'p [u8]> {
        let length = usize::try_from(self.varint()?).ok()?;
        let (bytes, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(bytes)
    }

    /// Reads up to the end of a group whose start was read, and returns what it holds.
    pub(super) fn group(&mut self, number: u32) -> Option<&'p [u8]> {
        let start = self.bytes;
        let mut open = vec![number];
        loop {
            let before = self.bytes.len();
            match self.tag()? {
                (inner, WireType::EndGroup) => {
                    if open.pop()? != inner {
                        return None;
                    }
                    if open.is_empty() {
                        return Some(&start[..start.len() - before]);
                    }
                }
                (inner, WireType::Group) if open.len() < MOST_DEEP => open.push(inner),
                (_, WireType::Group) => return None,
                (inner, wire) => self.skip(inner, wire)?,
            }
        }
    }

    /// Passes by a field whose tag was read.
    pub(super) fn skip(&mut self, number: u32, wire: WireType) -> Option<()> {
        match wire {
            WireType::Varint => drop(self.varint()?),
            WireType::Fixed64 => drop(self.fixed64()?),
            WireType::Length => drop(self.length()?),
            WireType::Group => drop(self.group(number)?),
            WireType::EndGroup => return None,
            WireType::Fixed32 => drop(self.fixed32()?),
        }
        Some(())
    }
}

/// Writes a varint.
pub(super) fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

/// Writes the number of a field with its wire type.
pub(super) fn put_tag(out: &mut Vec<u8>, number: u32, wire: WireType) {
    put_varint(out, u64::from(number) << 3 | wire as u64);
}

/// Writes what `content` writes behind its length.
pub(super) fn put_length<E>(
    out: &mut Vec<u8>,
    content: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
) -> Result<(), E> {
    let start = out.len();
    out.push(0);
    content(out)?;
    let length = out.len() - start - 1;
    if length < 0x80 {
        out[start] = length.to_le_bytes()[0];
        return Ok(());
    }
    // The length needs more than the byte that was left for it.
    let mut prefix = Vec::with_capacity(10);
    put_varint(&mut prefix, length as u64);
    out.splice(start..=start, prefix);
    Ok(())
}

/// Zig-zag: small negative numbers are small.
pub(super) fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

/// The inverse of [`zigzag`].
pub(super) fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

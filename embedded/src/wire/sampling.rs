//! Valid requests of every API and version, made along their shapes with a seed.

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::ApiKey;

use super::apis::{APIS, Api};
use super::shape::{Field, Kind};
use super::shapes;

/// Every API in each of its versions.
pub(crate) fn calls() -> impl Iterator<Item = (&'static Api, i16)> {
    APIS.iter().flat_map(|api| (api.oldest..=api.newest).map(move |version| (api, version)))
}

/// Returns a body with all fields of the version set. Arrays have up to `elements` elements and at least one.
pub(crate) fn body(api: ApiKey, version: i16, elements: usize, random: &mut fastrand::Rng) -> Bytes {
    let shape = shapes::of(api as i16).expect("a shape");
    let flexible = shape.is_flexible(version);
    let mut sampler = Sampler { out: BytesMut::new(), version, flexible, elements, random };
    sampler.fields(shape.fields);
    sampler.out.freeze()
}

/// Returns a frame, without its size field, whose header fits the version.
pub(crate) fn frame(api: ApiKey, version: i16, body: &[u8]) -> Bytes {
    let mut out = BytesMut::new();
    out.put_i16(api as i16);
    out.put_i16(version);
    out.put_i32(7);
    out.put_i16(2);
    out.put_slice(b"me");
    if shapes::of(api as i16).is_some_and(|shape| shape.is_flexible(version)) {
        out.put_u8(0);
    }
    out.put_slice(body);
    out.freeze()
}

struct Sampler<'a> {
    out: BytesMut,
    version: i16,
    flexible: bool,
    elements: usize,
    random: &'a mut fastrand::Rng,
}

impl Sampler<'_> {
    fn fields(&mut self, fields: &[Field]) {
        let mut tagged = Vec::new();
        let version = self.version;
        for field in fields.iter().filter(|field| field.versions.has(version)) {
            match field.tag_in(self.version).filter(|_| self.flexible) {
                Some(tag) => tagged.push((tag, field)),
                None => self.value(&field.kind, field.nullable.has(self.version)),
            }
        }
        if self.flexible {
            self.tags(tagged);
        }
    }

    fn tags(&mut self, mut tagged: Vec<(u32, &Field)>) {
        tagged.sort_by_key(|(tag, _)| *tag);
        let unknown = self.random.u32(0..3);
        self.varint(tagged.len() as u32 + unknown);
        for (tag, field) in tagged {
            let before = self.out.split();
            // Never null: the codec leaves out what has its default.
            self.value(&field.kind, false);
            let value = std::mem::replace(&mut self.out, before);
            self.varint(tag);
            self.varint(value.len() as u32);
            self.out.put_slice(&value);
        }
        for tag in 100..100 + unknown {
            self.varint(tag);
            let size = self.random.usize(0..20);
            self.varint(size as u32);
            self.out.put_bytes(0xaa, size);
        }
    }

    fn value(&mut self, kind: &Kind, nullable: bool) {
        let is_null = nullable && self.random.u8(..) < 64;
        match kind {
            // What is one byte may be a truth value.
            Kind::Fixed(1) => self.out.put_u8(self.random.u8(0..2)),
            Kind::Fixed(size) => (0..*size).for_each(|_| self.out.put_u8(self.random.u8(..))),
            Kind::Struct(fields) => {
                if nullable {
                    self.out.put_i8(if is_null { -1 } else { 1 });
                }
                if !is_null {
                    self.fields(fields);
                }
            }
            Kind::String | Kind::Bytes => {
                let text = ["a", "größer", "t-1", "a longer name"][self.random.usize(0..4)];
                let length = (!is_null).then_some(text.len());
                self.length(length, matches!(kind, Kind::String));
                self.out.put_slice(if is_null { b"" } else { text.as_bytes() });
            }
            Kind::Array(item) => {
                let count = self.random.usize(1..=self.elements);
                self.length((!is_null).then_some(count), false);
                (0..if is_null { 0 } else { count }).for_each(|_| self.value(&item.kind, false));
            }
        }
    }

    fn length(&mut self, length: Option<usize>, is_string: bool) {
        match length {
            _ if self.flexible => self.varint(length.map_or(0, |length| length as u32 + 1)),
            _ if is_string => self.out.put_i16(length.map_or(-1, |length| length as i16)),
            _ => self.out.put_i32(length.map_or(-1, |length| length as i32)),
        }
    }

    fn varint(&mut self, mut value: u32) {
        while value >= 0x80 {
            self.out.put_u8(value as u8 | 0x80);
            value >>= 7;
        }
        self.out.put_u8(value as u8);
    }
}

//! Avro: binary data under a schema.
//!
//! # Values
//! | schema | value read | also understood when written |
//! |---|---|---|
//! | null, boolean | `null`, `true` | |
//! | int, long | a number | |
//! | float, double | a number; a float as its shortest digits, 0.1 and not 0.10000000149 | `NaN`, `Infinity`, `-Infinity` as texts |
//! | string, enum | a text | |
//! | bytes, fixed | base64 text | `{"base64": text}` |
//! | array, map | a list, an object | |
//! | record | an object with every field | fields with a default may be absent |
//! | union | the value itself | `{"full.Name": value}`, `{"string": "x"}` |
//! | decimal | text with the digits of its scale, `"12.30"` | a number |
//! | uuid | text | |
//! | duration | `{"months": 1, "days": 2, "millis": 3}` | |
//! | date | the count of days | `2026-01-02` |
//! | time-millis, time-micros | the count since midnight | `03:04:05.678` |
//! | timestamp-millis, -micros, -nanos | the count since 1970 | `2026-01-02T03:04:05.678Z`, or `+02:00` for `Z` |
//! | local-timestamp-* | the count since 1970 | the same without `Z` |
//!
//! A logical type that is not in the table, or does not fit its type, is not looked at: the plain type counts.
//!
//! # Unions
//! A value goes into the branch that fits it best, of equals into the first one: null into null; an integer into int
//! or long, else double, else float; a fraction into double, or a float that keeps it; a text into an enum with that
//! symbol or a uuid, else string, else into a type that has a text for its values (bytes, dates, decimals); an object
//! into the record that takes all of its fields and leaves the fewest to their defaults, else into a map. Where that
//! is not what is meant, as for bytes beside a string, the wrapper or `{"base64": text}` says it.
//!
//! # Limits
//! Text of a schema 1 MiB, types nested 64 deep in it, decimals of 4,096 digits; values nested 256 deep; a million
//! values that take no byte. Every length is held against what is left before anything is allocated.

mod canonical;
mod choose;
mod compatibility;
mod decimal;
mod decode;
mod defaults;
mod encode;
mod field;
mod iso;
mod logical;
mod model;
mod parse;
mod resolve;
mod sample;
mod sink;
mod wire;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;

use self::compatibility::Checker;
use self::encode::Encoder;
use self::model::Graph;
use self::resolve::Plan;
use self::sink::{Nothing, Text, Tree};
use self::wire::Cursor;
use crate::fault::{Fault, Faulty};
use crate::source::SchemaSource;

/// How many readers a writer's schema keeps plans for.
const PLANS: usize = 64;

/// A parsed Avro schema.
#[derive(Debug)]
pub struct AvroSchema {
    graph: Graph,
    lapses: Vec<Fault>,
    /// Tells schemas apart in the plans of others.
    serial: u64,
    /// How readers see what was written with this schema, by their serials.
    plans: RwLock<HashMap<u64, Arc<Plan>>>,
}

impl AvroSchema {
    /// Parses a schema with everything that it refers to.
    ///
    /// # Errors
    /// A fault of kind [`crate::FaultKind::Schema`], whose path points into the schema.
    pub fn parse(source: &SchemaSource) -> Result<Self, Fault> {
        static SERIALS: AtomicU64 = AtomicU64::new(0);
        let (graph, lapses) = parse::parse(source).map_err(|fault| *fault)?;
        let serial = SERIALS.fetch_add(1, Ordering::Relaxed);
        Ok(Self { graph, lapses, serial, plans: RwLock::default() })
    }

    /// Returns what registries refuse in a new schema, while clients go on reading old ones that have it: names with
    /// other letters than the specification allows, and defaults that do not fit their fields.
    #[must_use]
    pub fn lapses(&self) -> &[Fault] {
        &self.lapses
    }

    /// Returns the full name, where the type has one.
    #[must_use]
    pub fn record_name(&self) -> Option<&str> {
        self.graph.nodes[self.graph.root].kind.name().map(|name| &*name.full)
    }

    /// Reads a payload; see [`crate::Schema::decode`].
    ///
    /// # Errors
    /// A fault of kind [`crate::FaultKind::Decode`] that names the field.
    pub fn decode(&self, payload: &[u8]) -> Result<Value, Fault> {
        self.whole(payload, |from| decode::read(&self.graph, self.graph.root, from, &mut Tree, 0))
    }

    /// Reads a payload and keeps nothing of it; see [`crate::Schema::check`].
    ///
    /// # Errors
    /// As [`AvroSchema::decode`].
    pub fn check(&self, payload: &[u8]) -> Result<(), Fault> {
        self.whole(payload, |from| decode::read(&self.graph, self.graph.root, from, &mut Nothing, 0))
    }

    /// Appends a payload as JSON text to `out`, without a tree between: for records in the order of their fields.
    ///
    /// # Errors
    /// As [`AvroSchema::decode`]; `out` is then as it was.
    pub fn write_json(&self, payload: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        let start = out.len();
        let done =
            self.whole(payload, |from| decode::read(&self.graph, self.graph.root, from, &mut Text(out), 0));
        if done.is_err() {
            out.truncate(start);
        }
        done
    }

    /// Reads a payload of this schema as a reader's schema sees it; see [`crate::Schema::decode_as`].
    ///
    /// # Errors
    /// As [`AvroSchema::decode`]; also where the reader cannot read what was written.
    pub fn decode_as(&self, reader: &Self, payload: &[u8]) -> Result<Value, Fault> {
        let plan = self.plan(reader);
        self.whole(payload, |from| plan.read(&self.graph, &reader.graph, from, &mut Tree))
    }

    /// Reads one field of a payload; see [`crate::Schema::decode_field`].
    ///
    /// # Errors
    /// As [`AvroSchema::decode`].
    pub fn decode_field(&self, payload: &[u8], pointer: &str) -> Result<Option<Value>, Fault> {
        let mut from = Cursor::new(payload);
        field::find(&self.graph, self.graph.root, &mut from, pointer, &mut Tree, 0).map_err(|fault| *fault)
    }

    /// Appends a value as bytes to `out`; see [`crate::Schema::encode`].
    ///
    /// # Errors
    /// A fault of kind [`crate::FaultKind::Encode`] that names the field; `out` is then as it was.
    pub fn encode(&self, value: &Value, out: &mut Vec<u8>) -> Result<(), Fault> {
        let start = out.len();
        let done = Encoder::new(&self.graph, out).write(self.graph.root, value);
        done.map_err(|fault| {
            out.truncate(start);
            *fault
        })
    }

    /// Returns a value that the schema allows for; see [`crate::Schema::sample`].
    #[must_use]
    pub fn sample(&self) -> Option<Value> {
        sample::of(&self.graph, self.graph.root)
    }

    /// Returns the text that all schemas share that differ in nothing that matters: what Confluent's registry
    /// compares under `normalize.schemas`.
    #[must_use]
    pub fn canonical(&self) -> String {
        canonical::text(&self.graph)
    }

    /// Returns why this schema cannot read everything that `writer` wrote; see [`crate::Schema::problems_reading`].
    #[must_use]
    pub fn problems_reading(&self, writer: &Self) -> Vec<String> {
        Checker::new(&self.graph, &writer.graph).problems()
    }

    /// Reads a payload to its end.
    fn whole<T>(&self, payload: &[u8], read: impl FnOnce(&mut Cursor<'_>) -> Faulty<T>) -> Result<T, Fault> {
        let mut from = Cursor::new(payload);
        let value = read(&mut from).map_err(|fault| *fault)?;
        from.end().map_err(|fault| *fault)?;
        Ok(value)
    }

    fn plan(&self, reader: &Self) -> Arc<Plan> {
        let plans = self.plans.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(plan) = plans.get(&reader.serial) {
            return Arc::clone(plan);
        }
        drop(plans);
        let plan = Arc::new(Plan::new(&self.graph, &reader.graph));
        let mut plans = self.plans.write().unwrap_or_else(PoisonError::into_inner);
        if plans.len() >= PLANS {
            plans.clear();
        }
        Arc::clone(plans.entry(reader.serial).or_insert(plan))
    }
}

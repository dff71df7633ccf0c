//! The client of Confluent-compatible schema registries: one per cluster.
//!
//! registry ([`SchemaRegistry`]) -> flights (asked once, kept) -> rest (the API) -> caller (URLs, retries, breaker,
//! credentials) -> transport (the seam) -> http. No call blocks a thread of the runtime, and each has a deadline.

mod awaited;
mod breaker;
mod caller;
mod credentials;
mod flights;
mod gate;
mod http;
mod pause;
mod private_key;
mod references;
mod refusal;
mod registry;
mod rest;
mod tls;
mod transport;
mod url;
mod wanted;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use test_probe_formats::framing::SchemaId;
use test_probe_formats::{Fault, Schema, SchemaSource};
use tokio::sync::watch;

pub use crate::codec::Writer;
pub use registry::{Registered, SchemaRegistry};
pub use rest::Compatibility;
pub use wanted::{Wanted, Way};

use awaited::Awaited;
use caller::Caller;
use flights::Flights;
use references::{Publishing, published, resolved};
use rest::{Sent, Stored};

use crate::codec::faulty;
use crate::error::{ErrorCode, ProbeError, Result};
use crate::runtime::{Deadline, Tasks, off_thread};

/// What the background shares with the client. It does not keep the client's tasks alive.
#[derive(Debug)]
struct Inner {
    caller: Caller,
    latest_ttl: Duration,
    schemas: Flights<SchemaId, Arc<Schema>>,
    versions: Flights<(String, i32), Arc<Stored>>,
    writers: Flights<Wanted, Arc<Writer>>,
    awaited: Mutex<Awaited>,
    settled: watch::Sender<u64>,
    tasks: Weak<Tasks>,
}

impl Inner {
    /// Returns the schema of an id; asked once, and kept for ever.
    async fn schema(self: &Arc<Self>, id: SchemaId, by: Deadline) -> Result<Arc<Schema>> {
        let ask = || {
            let inner = self.clone();
            async move {
                let stored = inner.caller.by_id(id, by).await?;
                inner.parsed(&stored, format!("schema `{id}`"), by).await
            }
        };
        let found = self.schemas.get(&id, by, None, &self.tasks, ask).await;
        found.map_err(|error| self.named(error))
    }

    /// Returns a version of a subject; asked once, and kept for ever.
    async fn version(self: &Arc<Self>, subject: &str, version: i32, by: Deadline) -> Result<Arc<Stored>> {
        let key = (subject.to_owned(), version);
        let ask = || {
            let (inner, (subject, version)) = (self.clone(), key.clone());
            async move { inner.caller.version(&subject, Some(version), true, by).await.map(Arc::new) }
        };
        let found = self.versions.get(&key, by, None, &self.tasks, ask).await;
        found.map_err(|error| self.named(error))
    }

    /// Returns what to write with; asked once, and kept for ever unless it is "the latest".
    async fn writer(self: &Arc<Self>, wanted: &Wanted, by: Deadline) -> Result<Arc<Writer>> {
        let good_for = matches!(wanted.way(), Way::Latest).then_some(self.latest_ttl);
        let ask = || {
            let (inner, wanted) = (self.clone(), wanted.clone());
            async move { inner.found(&wanted, by).await.map(Arc::new) }
        };
        let found = self.writers.get(wanted, by, good_for, &self.tasks, ask).await;
        found.map_err(|error| self.named(error))
    }

    async fn found(self: &Arc<Self>, wanted: &Wanted, by: Deadline) -> Result<Writer> {
        let subject = wanted.subject.as_str();
        let (stored, schema) = match wanted.way() {
            Way::Version(version) => self.of_version(subject, Some(version), by).await?,
            Way::Latest => self.of_version(subject, None, by).await?,
            Way::Register(source) | Way::LookUp(source) => {
                let schema = parse(source.clone()).await?.map_err(|fault| unfit(subject, &fault))?;
                let how = Publishing { register: wanted.register, normalize: wanted.normalize, by };
                let stored = self.sent(subject, source, how).await?;
                (stored, schema)
            }
        };
        let Some(id) = stored.id else {
            return Err(self.caller.parties.foreign(&format!("subject `{subject}`")));
        };
        // Who writes reads its own events without asking again.
        self.schemas.keep(SchemaId::Number(id), schema.clone());
        if let Some(guid) = stored.guid {
            self.schemas.keep(SchemaId::Guid(guid), schema.clone());
        }
        let (subject, guid, version) = (subject.to_owned(), stored.guid, stored.version);
        Ok(Writer { subject, id, guid, version, schema })
    }

    async fn of_version(
        self: &Arc<Self>,
        subject: &str,
        version: Option<i32>,
        by: Deadline,
    ) -> Result<(Stored, Arc<Schema>)> {
        let stored = self.caller.version(subject, version, false, by).await?;
        let what = match stored.version.or(version) {
            Some(version) => format!("version {version} of subject `{subject}`"),
            None => format!("the latest version of subject `{subject}`"),
        };
        let schema = self.parsed(&stored, what, by).await?;
        Ok((stored, schema))
    }

    /// Registers a schema under a subject, or looks it up there, what it refers to first.
    async fn sent(self: &Arc<Self>, subject: &str, source: &SchemaSource, how: Publishing) -> Result<Stored> {
        let references = published(self, subject, source, how).await?;
        let sent = Sent::new(source, &references);
        if how.register {
            self.caller.register(subject, &sent, how.normalize, how.by).await
        } else {
            self.caller.look_up(subject, &sent, how.normalize, how.by).await
        }
    }

    async fn parsed(self: &Arc<Self>, stored: &Stored, what: String, by: Deadline) -> Result<Arc<Schema>> {
        let source = resolved(self, stored, by).await?;
        parse(source).await?.map_err(|fault| {
            let registry = &self.caller.parties.registry;
            let what = format!("{what} of schema registry `{registry}` could not be read");
            faulty(ErrorCode::DecodeFailed, &what, &fault).with("registry", registry.as_str())
        })
    }

    /// Names the registry where the wait for it was over.
    fn named(&self, error: ProbeError) -> ProbeError {
        if error.code() == ErrorCode::TimedOut { self.caller.parties.late() } else { error }
    }
}

/// Parses off the threads of the runtime: a schema may be megabytes.
async fn parse(source: SchemaSource) -> Result<std::result::Result<Arc<Schema>, Fault>> {
    off_thread("reading a schema", move || Schema::parse(&source).map(Arc::new)).await
}

/// The error of a schema that was to be written with and is none.
fn unfit(subject: &str, fault: &Fault) -> ProbeError {
    let what = format!("the schema for subject `{subject}` could not be read");
    faulty(ErrorCode::EncodeFailed, &what, fault).with("subject", subject)
}

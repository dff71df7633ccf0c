//! The client as the engine and the tools hold it.

use std::fmt;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use test_probe_formats::framing::SchemaId;
use test_probe_formats::{Schema, SchemaSource};
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::Inner;
use super::awaited::Awaited;
use super::caller::Caller;
use super::flights::Flights;
use super::http::Http;
use super::references::{Publishing, published, resolved};
use super::rest::{Compatibility, Sent, Stored};
use super::transport::Transport;
use super::wanted::Wanted;
use crate::codec::Writer;
use crate::completion::lock;
use crate::config::{OauthConfig, SchemaRegistryConfig};
use crate::error::{ErrorCode, ProbeError, Result};
use crate::runtime::{Deadline, Tasks};

/// The schema registry of one cluster. What it does in the background ends when it is dropped.
///
/// Every call fails with REGISTRY_UNREACHABLE when the registry does not answer in time, with CIRCUIT_OPEN while calls
/// are suspended after failures, with AUTHENTICATION_FAILED or NOT_AUTHORIZED when it refuses who calls, and with
/// INVALID_CONFIG when a certificate cannot be read.
pub struct SchemaRegistry {
    pub(super) inner: Arc<Inner>,
    pub(super) tasks: Arc<Tasks>,
}

impl fmt::Debug for SchemaRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SchemaRegistry").field(&self.inner.caller).finish()
    }
}

/// A schema of a subject, as the registry has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The subject.
    pub subject: String,
    /// The id that the registry counts.
    pub id: u32,
    /// The GUID, from registries that have one.
    pub guid: Option<[u8; 16]>,
    /// The version of the subject, where the registry said it.
    pub version: Option<i32>,
    /// The schema with what it refers to.
    pub source: SchemaSource,
}

impl SchemaRegistry {
    /// Makes the client of a cluster's registry. Nothing is connected and no file is read before the first call.
    ///
    /// # Errors
    /// INVALID_CONFIG for a URL that is none, and for a registry of this process that was not started.
    pub fn open(
        cluster: &str,
        config: &SchemaRegistryConfig,
        oauth: Option<&OauthConfig>,
        runtime: &Handle,
    ) -> Result<Arc<Self>> {
        for url in config.urls() {
            if !super::http::is_url(url) {
                let message =
                    format!("`schema-registry.url` of cluster `{cluster}` was no URL by http or https");
                return Err(ProbeError::new(ErrorCode::InvalidConfig, message).with("cluster", cluster));
            }
        }
        Ok(Self::over(cluster, config, oauth, runtime, Arc::new(Http::new(&config.auth.tls))))
    }

    /// The client over a transport.
    pub(super) fn over(
        cluster: &str,
        config: &SchemaRegistryConfig,
        oauth: Option<&OauthConfig>,
        runtime: &Handle,
        transport: Arc<dyn Transport>,
    ) -> Arc<Self> {
        let tasks = Arc::new(Tasks::new(runtime));
        let inner = Inner {
            caller: Caller::new(cluster, config, oauth, transport),
            latest_ttl: config.latest_cache_ttl,
            schemas: Flights::new(),
            versions: Flights::new(),
            writers: Flights::new(),
            awaited: Mutex::new(Awaited::new()),
            settled: watch::Sender::new(0),
            tasks: Arc::downgrade(&tasks),
        };
        Arc::new(Self { inner: Arc::new(inner), tasks })
    }

    /// Returns a count that changes when a schema that was awaited has come, or is known not to come.
    #[must_use]
    pub fn settled(&self) -> watch::Receiver<u64> {
        self.inner.settled.subscribe()
    }

    /// Returns what to write with. The same wish is asked once, and kept: "the latest version" for the time of
    /// `latest-cache-ttl`, anything else for ever.
    ///
    /// # Errors
    /// SCHEMA_NOT_FOUND, with what to do; SCHEMA_INCOMPATIBLE when the registry does not take the schema (409, and 422
    /// for what it does not call a schema); ENCODE_FAILED when the schema to write with cannot be read, DECODE_FAILED
    /// when that of the registry cannot; and as every call.
    pub async fn writer(&self, wanted: &Wanted, by: Deadline) -> Result<Arc<Writer>> {
        self.inner.writer(wanted, by).await
    }

    /// Returns what to write with when it is here, without a call.
    #[must_use]
    pub fn writer_at_hand(&self, wanted: &Wanted) -> Option<Arc<Writer>> {
        self.inner.writers.at_hand(wanted)
    }

    /// Returns the schema of an id or GUID.
    ///
    /// # Errors
    /// SCHEMA_NOT_FOUND; DECODE_FAILED when it cannot be read; and as every call.
    pub async fn schema(&self, id: SchemaId, by: Deadline) -> Result<Arc<Schema>> {
        self.inner.schema(id, by).await
    }

    /// Returns the names of all subjects.
    ///
    /// # Errors
    /// As every call.
    pub async fn subjects(&self, by: Deadline) -> Result<Vec<String>> {
        self.inner.caller.subjects(by).await
    }

    /// Returns the versions of a subject.
    ///
    /// # Errors
    /// SCHEMA_NOT_FOUND, and as every call.
    pub async fn versions(&self, subject: &str, by: Deadline) -> Result<Vec<i32>> {
        self.inner.caller.versions(subject, by).await
    }

    /// Returns the latest version of a subject, as the registry has it now.
    ///
    /// # Errors
    /// SCHEMA_NOT_FOUND, and as every call.
    pub async fn latest(&self, subject: &str, by: Deadline) -> Result<Registered> {
        let stored = self.inner.caller.version(subject, None, false, by).await?;
        self.registered(subject, stored, by).await
    }

    /// Returns a version of a subject.
    ///
    /// # Errors
    /// SCHEMA_NOT_FOUND, and as every call.
    pub async fn version(&self, subject: &str, version: i32, by: Deadline) -> Result<Registered> {
        let stored = self.inner.caller.version(subject, Some(version), false, by).await?;
        self.registered(subject, stored, by).await
    }

    /// Registers a schema under a subject, what it refers to first.
    ///
    /// # Errors
    /// SCHEMA_INCOMPATIBLE, and as every call.
    pub async fn register(
        &self,
        subject: &str,
        source: &SchemaSource,
        normalize: bool,
        by: Deadline,
    ) -> Result<Registered> {
        let stored = self.inner.sent(subject, source, Publishing { register: true, normalize, by }).await?;
        self.whole(subject, &stored, source.clone())
    }

    /// Returns what the registry knows of a schema that a subject has.
    ///
    /// # Errors
    /// SCHEMA_NOT_FOUND when the subject does not have it, and as every call.
    pub async fn look_up(
        &self,
        subject: &str,
        source: &SchemaSource,
        normalize: bool,
        by: Deadline,
    ) -> Result<Registered> {
        let stored = self.inner.sent(subject, source, Publishing { register: false, normalize, by }).await?;
        self.registered(subject, stored, by).await
    }

    /// Returns the compatibility level of a subject, or of the registry, as `BACKWARD_TRANSITIVE`.
    ///
    /// # Errors
    /// As every call.
    pub async fn compatibility(&self, subject: &str, by: Deadline) -> Result<String> {
        self.inner.caller.setting("config", "compatibilityLevel", subject, by).await
    }

    /// Returns the mode of a subject, or of the registry, as `READWRITE`.
    ///
    /// # Errors
    /// As every call.
    pub async fn mode(&self, subject: &str, by: Deadline) -> Result<String> {
        self.inner.caller.setting("mode", "mode", subject, by).await
    }

    /// Returns whether the registry would take a schema for a subject, by the subject's level.
    ///
    /// # Errors
    /// SCHEMA_NOT_FOUND when it refers to what the registry does not have, SCHEMA_INCOMPATIBLE when it is none, and as
    /// every call.
    pub async fn is_compatible(
        &self,
        subject: &str,
        source: &SchemaSource,
        by: Deadline,
    ) -> Result<Compatibility> {
        let how = Publishing { register: false, normalize: false, by };
        let references = published(&self.inner, subject, source, how).await?;
        self.inner.caller.is_compatible(subject, &Sent::new(source, &references), by).await
    }

    /// Returns what people may see: `{url, circuit, calls, failures, retries, cached_schemas, awaited_schemas}`.
    /// `circuit` is `closed`, `open` or `half-open`; `calls` counts requests, `failures` those without an answer.
    #[must_use]
    pub fn state(&self) -> Value {
        let mut state = self.inner.caller.state();
        state["cached_schemas"] = json!(self.inner.schemas.len());
        state["awaited_schemas"] = json!(lock(&self.inner.awaited).pending());
        state
    }

    async fn registered(&self, subject: &str, stored: Stored, by: Deadline) -> Result<Registered> {
        let source = resolved(&self.inner, &stored, by).await?;
        self.whole(subject, &stored, source)
    }

    fn whole(&self, subject: &str, stored: &Stored, source: SchemaSource) -> Result<Registered> {
        let Some(id) = stored.id else {
            return Err(self.inner.caller.parties.foreign(&format!("subject `{subject}`")));
        };
        let (subject, guid, version) = (subject.to_owned(), stored.guid, stored.version);
        Ok(Registered { subject, id, guid, version, source })
    }
}

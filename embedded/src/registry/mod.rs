//! A schema registry in the process, which clients of any language reach by its URL: the REST API of Confluent's, as
//! far as clients of it go.
//!
//! ```
//! use test_probe_embedded::registry::{EmbeddedRegistry, RegistryOptions, SchemaType};
//!
//! let registry = EmbeddedRegistry::start(RegistryOptions::default())?;
//! println!("schema.registry.url={}", registry.url());
//! let id = registry.register("orders-value", SchemaType::Avro, "\"string\"", &[])?;
//! assert_eq!(id, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A request goes through the files like this: `server` reads it, `request` takes it apart, `routes` finds what is
//! meant, and `state` does it with the `schema`s of its `store` and its `settings` (adr/0037).
//!
//! What is known to differ from Confluent's:
//! - What is wrong with a schema, and why one cannot follow another, is worded by the crate `formats`.
//! - Text of Protobuf is given back as it was registered, and a descriptor in base64 as one; its GUID is another.
//! - Rules and metadata are kept and given back. Rules are neither checked nor run, and default and override metadata
//!   of a configuration are not merged into schemas; `alias`, `compatibilityGroup` and `validateFields` do nothing.
//! - There are no tags, no exporters and no associations (a look-up of those finds none), no authentication and no TLS.

mod answer;
mod avro_text;
pub mod control;
mod faults;
mod request;
mod routes;
mod schema;
mod server;
mod settings;
mod state;
mod store;
mod subject;
#[cfg(test)]
mod tests;
mod text;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

pub use faults::{Action, ActiveRegistryFault, RegistryFault, RegistryRequest};
/// The types of schema that a registry knows.
pub use test_probe_formats::SchemaType;

use crate::cluster::StartError;
use answer::Refusal;
use faults::Trials;
use schema::{Asked, Ref};
use server::Shared;
use subject::Subject;

/// What an embedded registry is started with.
#[derive(Clone, Debug)]
pub struct RegistryOptions {
    /// The address that it listens on and names in its URL.
    pub host: IpAddr,
    /// The port; 0 lets the system choose.
    pub port: u16,
    /// How many requests are remembered for [`EmbeddedRegistry::requests`], the latest ones; 0 for none.
    pub recorded_requests: usize,
}

impl Default for RegistryOptions {
    fn default() -> Self {
        Self { host: IpAddr::V4(Ipv4Addr::LOCALHOST), port: 0, recorded_requests: 10_000 }
    }
}

/// Why the registry refused something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryError {
    /// The code that clients see, as 40901.
    pub code: u32,
    /// What it said.
    pub message: String,
}

impl From<Refusal> for RegistryError {
    fn from(refusal: Refusal) -> Self {
        Self { code: refusal.code, message: refusal.message }
    }
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (error code {})", self.message, self.code)
    }
}

impl std::error::Error for RegistryError {}

/// A schema that another one refers to: `name` is what it is called there, `version` one of `subject`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SchemaReference<'a> {
    /// The full name of a record, the path of an import, a `$ref`.
    pub name: &'a str,
    /// Where it is registered.
    pub subject: &'a str,
    /// Its version there.
    pub version: u32,
}

/// A running registry. It lives on a thread of its own and ends when this handle is dropped: its socket is closed, its
/// thread has ended and its schemas are gone when `drop` returns.
#[derive(Debug)]
pub struct EmbeddedRegistry {
    shared: Arc<Shared>,
    address: SocketAddr,
    /// The thread ends when it is dropped.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    pid: u32,
}

impl EmbeddedRegistry {
    /// Starts a registry. When this returns, it listens.
    ///
    /// # Errors
    /// [`StartError`] when the address was not to be had, or no thread.
    pub fn start(options: RegistryOptions) -> Result<Self, StartError> {
        let address = SocketAddr::new(options.host, options.port);
        let failed = |source| StartError::Listen { address, source };
        let listener = TcpListener::bind(address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let shared = Arc::new(Shared::new(Trials::new(options.recorded_requests)));
        let (stop, stopped) = oneshot::channel();
        let serving = shared.clone();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(StartError::Thread)?;
        let thread = std::thread::Builder::new()
            .name("embedded-registry".to_owned())
            .spawn(move || runtime.block_on(server::run(serving, listener, stopped)))
            .map_err(StartError::Thread)?;
        Ok(Self { shared, address, stop: Some(stop), thread: Some(thread), pid: std::process::id() })
    }

    /// Returns its URL, as clients take it in `schema.registry.url`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Registers a schema, as a client does. Returns its id.
    ///
    /// # Errors
    /// [`RegistryError`] with the code that a client gets.
    pub fn register(
        &self,
        subject: &str,
        schema_type: SchemaType,
        text: &str,
        references: &[SchemaReference<'_>],
    ) -> Result<u32, RegistryError> {
        let reference = |one: &SchemaReference<'_>| Ref {
            name: one.name.to_owned(),
            subject: one.subject.to_owned(),
            version: one.version.into(),
        };
        let asked = Asked {
            text: text.to_owned(),
            schema_type: schema_type.name().to_owned(),
            references: references.iter().map(reference).collect(),
            metadata: None,
            rule_set: None,
            version: 0,
            id: None,
        };
        let subject = Subject::read(subject);
        let registered = self.shared.registry().register(&subject, asked, false, server::now())?;
        Ok(registered.id)
    }

    /// Makes the registry fail on purpose, from the next request on. Returns the name of the fault.
    pub fn inject(&self, fault: RegistryFault) -> u64 {
        self.shared.trials().inject(fault)
    }

    /// Ends a fault. Returns whether it was still there.
    pub fn clear(&self, id: u64) -> bool {
        self.shared.trials().clear(id)
    }

    /// Ends all faults.
    pub fn clear_all(&self) {
        self.shared.trials().clear_all();
    }

    /// Returns the faults that may still strike, in the order of their injection.
    #[must_use]
    pub fn faults(&self) -> Vec<ActiveRegistryFault> {
        self.shared.trials().active()
    }

    /// Returns the requests that it was sent, in their order, the latest [`RegistryOptions::recorded_requests`].
    #[must_use]
    pub fn requests(&self) -> Vec<RegistryRequest> {
        self.shared.trials().seen()
    }

    /// Forgets the requests that it was sent.
    pub fn forget_requests(&self) {
        self.shared.trials().forget();
    }
}

impl Drop for EmbeddedRegistry {
    fn drop(&mut self) {
        // A forked child has the handle and not the thread: there is nothing to stop, and nobody to wait for.
        if self.pid != std::process::id() {
            std::mem::forget(self.stop.take());
            return;
        }
        self.stop.take();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of an embedded schema registry panicked");
        }
    }
}

//! The handle of an embedded cluster. Dropping it stops the cluster.

use std::fmt;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use crate::faults::{Faults, Requests};
use crate::options::Options;
use crate::security::{CertificateAuthority, Security};
use crate::server::{self, Shared};
use crate::state::State;

/// A running embedded cluster. It lives on a thread of its own and ends when this handle is dropped: its
/// sockets are closed, its thread has ended and its records are gone when `drop` returns.
#[derive(Debug)]
pub struct EmbeddedKafka {
    shared: Arc<Shared>,
    addresses: Vec<SocketAddr>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    pid: u32,
}

/// Why an embedded cluster could not be started.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// An option had a value that no cluster can have.
    InvalidOption {
        /// The option, as [`Options`] names it.
        option: &'static str,
        /// What was wrong with it.
        reason: String,
    },
    /// A broker could not listen.
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The thread or its runtime could not be made.
    Thread(std::io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidOption { option, reason } => write!(f, "option `{option}` was invalid: {reason}"),
            Self::Listen { address, source } => write!(f, "`{address}` could not be listened on: {source}"),
            Self::Thread(source) => write!(f, "the embedded cluster got no thread: {source}"),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::InvalidOption { .. } => None,
            Self::Listen { source, .. } | Self::Thread(source) => Some(source),
        }
    }
}

impl EmbeddedKafka {
    /// Starts a cluster. When this returns, its brokers listen.
    pub fn start(options: Options) -> Result<Self, StartError> {
        if !(1..=100).contains(&options.brokers) {
            return Err(StartError::InvalidOption {
                option: "brokers",
                reason: format!("`{}` is not between 1 and 100", options.brokers),
            });
        }
        if options.default_partitions < 1 {
            return Err(StartError::InvalidOption {
                option: "default_partitions",
                reason: format!("`{}` is less than 1", options.default_partitions),
            });
        }
        let security = Security::new(options.security.clone())
            .map_err(|error| StartError::InvalidOption { option: "security", reason: error.to_string() })?;
        let listeners = listen(&options)?;
        let addresses: Vec<SocketAddr> = listeners.iter().map(|(_, address)| *address).collect();
        let shared = Arc::new(Shared::new(State::new(options, &addresses), security));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(StartError::Thread)?;
        let (stop, stopped) = oneshot::channel();
        let serving = shared.clone();
        let thread = std::thread::Builder::new()
            .name("embedded-kafka".to_owned())
            .spawn(move || {
                let listeners = listeners.into_iter().map(|(listener, _)| listener).collect();
                runtime.block_on(server::run(serving, listeners, stopped));
            })
            .map_err(StartError::Thread)?;
        Ok(Self { shared, addresses, stop: Some(stop), thread: Some(thread), pid: std::process::id() })
    }

    /// Returns where clients connect: `host:port` of each broker, comma-separated.
    pub fn bootstrap_servers(&self) -> String {
        let each: Vec<String> = self.addresses.iter().map(SocketAddr::to_string).collect();
        each.join(",")
    }

    /// Returns the cluster id that clients see.
    pub fn cluster_id(&self) -> String {
        self.state().cluster_id.to_string()
    }

    /// Returns the authority that was made with the brokers' certificate: clients trust it, and it signs
    /// certificates for them. There is none without TLS, or with a given certificate.
    pub fn certificate_authority(&self) -> Option<&CertificateAuthority> {
        self.shared.security.authority()
    }

    /// Returns the handle that makes the brokers fail on purpose.
    pub fn faults(&self) -> Faults {
        Faults::new(self.shared.clone())
    }

    /// Returns the record of what the brokers were asked.
    pub fn requests(&self) -> Requests {
        Requests::new(self.shared.clone())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.lock()
    }
}

impl Drop for EmbeddedKafka {
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
            tracing::error!("the thread of an embedded cluster panicked");
        }
    }
}

/// Listens for each broker, before the thread starts: an error is the caller's, and the ports are known.
fn listen(options: &Options) -> Result<Vec<(TcpListener, SocketAddr)>, StartError> {
    (0..options.brokers)
        .map(|index| {
            let port = if options.port == 0 { 0 } else { options.port.saturating_add(index) };
            let address = SocketAddr::new(options.host, port);
            let failed = |source| StartError::Listen { address, source };
            let listener = TcpListener::bind(address).map_err(failed)?;
            listener.set_nonblocking(true).map_err(failed)?;
            let address = listener.local_addr().map_err(failed)?;
            Ok((listener, address))
        })
        .collect()
}

/// Locks, also what a panic left locked: every change of the state is made whole before it is seen.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

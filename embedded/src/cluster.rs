//! The handle of an embedded cluster. Dropping it stops the cluster.

use std::fmt;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, mpsc as std_mpsc};
use std::thread::JoinHandle;

use kafka_protocol::messages::TopicName;
use kafka_protocol::protocol::StrBytes;
use tokio::sync::mpsc;

use crate::api::topics::create_directly;
use crate::faults::{Faults, Requests};
use crate::options::Options;
use crate::security::{CertificateAuthority, Protocol, Security};
use crate::server::{self, Command, Done, Shared};
use crate::state::leaders::BrokerError;
use crate::state::{ListenerId, State};

/// A running embedded cluster. It lives on a thread of its own and ends when this handle is dropped: its
/// sockets are closed, its thread has ended and its records are gone when `drop` returns.
#[derive(Debug)]
pub struct EmbeddedKafka {
    pub(crate) shared: Arc<Shared>,
    /// Of the first broker, one for each listener, then of the second.
    addresses: Vec<SocketAddr>,
    protocols: Vec<Protocol>,
    /// The thread ends when it is dropped.
    commands: Option<mpsc::UnboundedSender<Command>>,
    thread: Option<JoinHandle<()>>,
    pid: u32,
}

/// A broker of an embedded cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BrokerInfo {
    /// The id that clients see; the first broker has 1.
    pub id: i32,
    /// Where it listens while it is up, with the first of its listeners.
    pub address: SocketAddr,
    /// Whether it is up.
    pub up: bool,
}

/// Why a topic was not created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicError(String);

impl fmt::Display for TopicError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TopicError {}

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
        let protocols = options.listeners.clone();
        let twice = |index: &usize| protocols[..*index].contains(&protocols[*index]);
        if let Some(index) = (0..protocols.len()).find(twice) {
            let reason = format!("`{}` was given twice", protocols[index]);
            return Err(StartError::InvalidOption { option: "listeners", reason });
        }
        if protocols.is_empty() {
            let reason = "there was none".to_owned();
            return Err(StartError::InvalidOption { option: "listeners", reason });
        }
        let security = Security::new(options.security.clone(), &protocols)
            .map_err(|error| StartError::InvalidOption { option: "security", reason: error.to_string() })?;
        let listeners = listen(&options)?;
        let addresses: Vec<SocketAddr> = listeners.iter().map(|(_, address)| *address).collect();
        let shared = Arc::new(Shared::new(State::new(options, &addresses), security));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(StartError::Thread)?;
        let (commands, received) = mpsc::unbounded_channel();
        let serving = shared.clone();
        let thread = std::thread::Builder::new()
            .name("embedded-kafka".to_owned())
            .spawn(move || {
                let listeners = listeners.into_iter().map(|(listener, _)| listener).collect();
                runtime.block_on(server::run(serving, listeners, received));
            })
            .map_err(StartError::Thread)?;
        Ok(Self {
            shared,
            addresses,
            protocols,
            commands: Some(commands),
            thread: Some(thread),
            pid: std::process::id(),
        })
    }

    /// Returns where clients connect by the first listener: `host:port` of each broker, comma-separated.
    pub fn bootstrap_servers(&self) -> String {
        self.servers(0)
    }

    /// Returns where clients connect that speak this protocol, if there is a listener for it.
    pub fn bootstrap_servers_of(&self, protocol: Protocol) -> Option<String> {
        let listener = self.protocols.iter().position(|listener| *listener == protocol)?;
        Some(self.servers(listener))
    }

    /// Returns every listener with where clients connect, in the order of [`Options::listeners`].
    pub fn listeners(&self) -> Vec<(Protocol, String)> {
        let each = self.protocols.iter().enumerate();
        each.map(|(listener, protocol)| (*protocol, self.servers(listener))).collect()
    }

    fn servers(&self, listener: ListenerId) -> String {
        let of_it = self.addresses.iter().skip(listener).step_by(self.protocols.len());
        of_it.map(SocketAddr::to_string).collect::<Vec<_>>().join(",")
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

    /// Creates a topic, with [`Options::default_partitions`] when no number is given. As by an administrator's
    /// call, a topic that is there already is an error.
    pub fn create_topic(&self, name: &str, partitions: Option<i32>) -> Result<(), TopicError> {
        let name = StrBytes::from_string(name.to_owned());
        let created = self.shared.with(|state, _| create_directly(state, name, partitions.unwrap_or(-1)));
        created.map_err(|(_, reason)| TopicError(reason))
    }

    /// Returns the brokers, in the order of their ids.
    pub fn brokers(&self) -> Vec<BrokerInfo> {
        let state = self.state();
        let each = state.nodes.all().iter().zip(self.addresses.iter().step_by(self.protocols.len()));
        each.map(|(node, address)| BrokerInfo { id: node.id, address: *address, up: node.up }).collect()
    }

    /// Stops a broker as if it had died: when this returns, its port refuses connections and those that it had
    /// are cut. What it led is led by the next replica that is up; a partition without one has no leader, and
    /// its records are there again with the broker. Stopping a broker that is down changes nothing.
    pub fn stop_broker(&self, id: i32) -> Result<(), BrokerError> {
        if self.shared.with(|state, now| state.stop_broker(now, id))? {
            self.command(id, |done| Command::Stop(id, done))?;
        }
        Ok(())
    }

    /// Starts a broker that was stopped, on the port that it had. Starting one that is up changes nothing.
    pub fn start_broker(&self, id: i32) -> Result<(), BrokerError> {
        let is_up = self.state().nodes.get(id).ok_or(BrokerError::UnknownBroker(id))?.up;
        if !is_up {
            self.command(id, |done| Command::Start(id, done))?;
            self.shared.with(|state, _| state.start_broker(id))?;
        }
        Ok(())
    }

    /// Makes a broker the leader of a partition of which it is a replica, in a new leader epoch; clients of the
    /// one before are told so at their next request, or at once if they wait for records.
    pub fn move_leader(&self, topic: &str, partition: i32, broker: i32) -> Result<(), BrokerError> {
        let topic = TopicName(StrBytes::from_string(topic.to_owned()));
        self.shared.with(|state, now| state.move_leader(now, &topic, partition, broker))
    }

    /// Has the thread do something about a broker's listener.
    fn command(&self, id: i32, command: impl FnOnce(Done) -> Command) -> Result<(), BrokerError> {
        let (done, outcome) = std_mpsc::channel();
        let commands = self.commands.as_ref().ok_or(BrokerError::Ended)?;
        commands.send(command(done)).map_err(|_| BrokerError::Ended)?;
        let index = usize::try_from(id).ok().and_then(|id| id.checked_sub(1));
        let address = index.and_then(|index| self.addresses.get(index * self.protocols.len()));
        let port = address.map_or(0, SocketAddr::port);
        let outcome = outcome.recv().map_err(|_| BrokerError::Ended)?;
        outcome.map_err(|source| BrokerError::Listen { port, source })
    }

    /// Returns the handle that makes the brokers fail on purpose.
    pub fn faults(&self) -> Faults {
        Faults::new(self.shared.clone())
    }

    /// Returns the record of what the brokers were asked.
    pub fn requests(&self) -> Requests {
        Requests::new(self.shared.clone())
    }

    /// Returns how many panics of its own the cluster survived. Each ended one connection, or one thing that was
    /// due, and was logged; each is a defect of the cluster, and makes what a test found out doubtful.
    pub fn panics(&self) -> u64 {
        self.shared.panics()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.lock()
    }
}

impl Drop for EmbeddedKafka {
    fn drop(&mut self) {
        // A forked child has the handle and not the thread: there is nothing to stop, and nobody to wait for.
        if self.pid != std::process::id() {
            std::mem::forget(self.commands.take());
            return;
        }
        self.commands.take();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of an embedded cluster panicked");
        }
    }
}

/// Listens before the thread starts: an error is the caller's, and the ports are known. Returns the listeners of the
/// first broker, then those of the second.
fn listen(options: &Options) -> Result<Vec<(TcpListener, SocketAddr)>, StartError> {
    let doors =
        (0..options.brokers).flat_map(|broker| (0..options.listeners.len()).map(move |at| (broker, at)));
    doors
        .map(|(broker, listener)| {
            let offset = (listener as u16).saturating_mul(options.brokers).saturating_add(broker);
            let port = if options.port == 0 { 0 } else { options.port.saturating_add(offset) };
            let address = SocketAddr::new(options.host, port);
            let failed = |source| StartError::Listen { address, source };
            let listener = TcpListener::bind(address).map_err(failed)?;
            listener.set_nonblocking(true).map_err(failed)?;
            let address = listener.local_addr().map_err(failed)?;
            Ok((listener, address))
        })
        .collect()
}

/// Locks, also what a panic left locked: who comes later is not kept out by it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

//! The listeners of the brokers, each of which can end while the cluster goes on.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, mpsc as std_mpsc};

use tokio::net::TcpSocket;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};

use super::{ACCEPT_REST, Shared, connection};
use crate::state::{ListenerId, NodeId};

/// Connections that wait to be accepted, as many as the standard library lets wait.
const BACKLOG: u32 = 128;

/// What the handle of a cluster asks of its thread.
#[derive(Debug)]
pub(crate) enum Command {
    /// The broker's listeners and its connections are closed.
    Stop(NodeId, Done),
    /// The broker listens where it did before.
    Start(NodeId, Done),
}

/// Where the outcome of a command goes.
pub(crate) type Done = std_mpsc::Sender<std::io::Result<()>>;

/// One listener of one broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Door {
    pub(super) node: NodeId,
    pub(super) listener: ListenerId,
}

struct Listener {
    door: Door,
    address: SocketAddr,
    mode: Mode,
}

enum Mode {
    Serving {
        stop: oneshot::Sender<()>,
        task: JoinHandle<()>,
    },
    /// The port is kept, so that it is there when the broker comes back: bound, and not listened on.
    Kept(TcpSocket),
    Closed,
}

/// The listeners of all brokers.
pub(super) struct Listeners {
    shared: Arc<Shared>,
    each: Vec<Listener>,
}

impl Listeners {
    /// Serves on listeners that are bound: those of the first broker, then those of the second.
    pub(super) fn new(shared: Arc<Shared>, listeners: Vec<TcpListener>) -> Self {
        let of_each = shared.security.listeners();
        let mut each = Vec::new();
        for (index, listener) in listeners.into_iter().enumerate() {
            let door = Door { node: (index / of_each) as NodeId + 1, listener: index % of_each };
            let address = listener.local_addr();
            match address.and_then(|address| Ok((address, tokio::net::TcpListener::from_std(listener)?))) {
                Ok((address, socket)) => {
                    each.push(Listener { door, address, mode: Mode::serving(&shared, door, socket) });
                }
                Err(error) => tracing::error!(%error, node = door.node, "a broker could not listen"),
            }
        }
        Self { shared, each }
    }

    /// Does what is asked, until nobody can ask any more.
    pub(super) async fn obey(mut self, mut commands: mpsc::UnboundedReceiver<Command>) {
        while let Some(command) = commands.recv().await {
            let (result, done) = match command {
                Command::Stop(node, done) => {
                    self.stop(node).await;
                    (Ok(()), done)
                }
                Command::Start(node, done) => (self.start(node).await, done),
            };
            // Whoever asked waits, unless its thread is gone.
            let _ = done.send(result);
        }
    }

    fn of(&mut self, node: NodeId) -> impl Iterator<Item = &mut Listener> {
        self.each.iter_mut().filter(move |listener| listener.door.node == node)
    }

    async fn stop(&mut self, node: NodeId) {
        for listener in self.of(node) {
            listener.stop().await;
        }
    }

    /// Starts all listeners of a broker, or none.
    async fn start(&mut self, node: NodeId) -> std::io::Result<()> {
        let shared = self.shared.clone();
        let started = self.of(node).try_for_each(|listener| listener.start(&shared));
        if started.is_err() {
            self.stop(node).await;
        }
        started
    }
}

impl Mode {
    fn serving(shared: &Arc<Shared>, door: Door, listener: tokio::net::TcpListener) -> Self {
        let (stop, stopped) = oneshot::channel();
        Self::Serving { stop, task: tokio::spawn(accept(shared.clone(), listener, door, stopped)) }
    }
}

impl Listener {
    async fn stop(&mut self) {
        let mode = std::mem::replace(&mut self.mode, Mode::Closed);
        let Mode::Serving { stop, task } = mode else {
            self.mode = mode;
            return;
        };
        drop(stop);
        if let Err(error) = task.await {
            tracing::error!(%error, node = self.door.node, "the listener of a broker ended badly");
        }
        // Without it the port may be another's when the broker comes back, which is an error then.
        if let Ok(kept) = keep(self.address) {
            self.mode = Mode::Kept(kept);
        }
    }

    fn start(&mut self, shared: &Arc<Shared>) -> std::io::Result<()> {
        let socket = match std::mem::replace(&mut self.mode, Mode::Closed) {
            serving @ Mode::Serving { .. } => {
                self.mode = serving;
                return Ok(());
            }
            Mode::Kept(socket) => socket,
            Mode::Closed => keep(self.address)?,
        };
        self.mode = Mode::serving(shared, self.door, socket.listen(BACKLOG)?);
        Ok(())
    }
}

/// Binds a port without listening on it: whoever connects is refused, and nobody else gets it.
fn keep(address: SocketAddr) -> std::io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Connections of before may not be quite over. Elsewhere this option would share the port.
    if cfg!(unix) {
        socket.set_reuseaddr(true)?;
    }
    socket.bind(address)?;
    Ok(socket)
}

/// Serves connections until `stopped`; then they end, whatever they were about.
async fn accept(
    shared: Arc<Shared>,
    listener: tokio::net::TcpListener,
    door: Door,
    mut stopped: oneshot::Receiver<()>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(connection::serve(shared.clone(), stream, peer, door));
                }
                Err(error) => {
                    tracing::warn!(%error, node = door.node, "a connection was not accepted");
                    tokio::time::sleep(ACCEPT_REST).await;
                }
            },
            // Forgets those that ended.
            Some(ended) = connections.join_next() => {
                if let Some(panic) = ended.err().and_then(|error| error.try_into_panic().ok()) {
                    shared.panicked(&"a connection was served", panic.as_ref());
                }
            }
        }
    }
    drop(listener);
    connections.shutdown().await;
}

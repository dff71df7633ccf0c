//! The listeners of the brokers, each of which can end while the cluster goes on.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, mpsc as std_mpsc};

use tokio::net::TcpSocket;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};

use super::{ACCEPT_REST, Shared, connection};
use crate::state::NodeId;

/// Connections that wait to be accepted, as many as the standard library lets wait.
const BACKLOG: u32 = 128;

/// What the handle of a cluster asks of its thread.
#[derive(Debug)]
pub(crate) enum Command {
    /// The broker's listener and its connections are closed.
    Stop(NodeId, Done),
    /// The broker listens where it did before.
    Start(NodeId, Done),
}

/// Where the outcome of a command goes.
pub(crate) type Done = std_mpsc::Sender<std::io::Result<()>>;

/// One broker's listener.
struct Listener {
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

/// The listeners of all brokers, in the order of their ids.
pub(super) struct Listeners {
    shared: Arc<Shared>,
    each: Vec<Listener>,
}

impl Listeners {
    pub(super) fn new(shared: Arc<Shared>, listeners: Vec<TcpListener>) -> Self {
        let mut all = Self { shared, each: Vec::new() };
        for (index, listener) in listeners.into_iter().enumerate() {
            let node = index as NodeId + 1;
            match listener.local_addr().and_then(|address| Ok((address, all.serve(node, listener)?))) {
                Ok((address, mode)) => all.each.push(Listener { address, mode }),
                Err(error) => tracing::error!(%error, node, "a broker could not listen"),
            }
        }
        all
    }

    fn serve(&self, node: NodeId, listener: TcpListener) -> std::io::Result<Mode> {
        Ok(self.serve_on(node, tokio::net::TcpListener::from_std(listener)?))
    }

    fn serve_on(&self, node: NodeId, listener: tokio::net::TcpListener) -> Mode {
        let (stop, stopped) = oneshot::channel();
        Mode::Serving { stop, task: tokio::spawn(accept(self.shared.clone(), listener, node, stopped)) }
    }

    /// Does what is asked, until nobody can ask any more.
    pub(super) async fn obey(mut self, mut commands: mpsc::UnboundedReceiver<Command>) {
        while let Some(command) = commands.recv().await {
            let (result, done) = match command {
                Command::Stop(node, done) => (self.stop(node).await, done),
                Command::Start(node, done) => (self.start(node), done),
            };
            // Whoever asked waits, unless its thread is gone.
            let _ = done.send(result);
        }
    }

    fn get(&mut self, node: NodeId) -> Option<&mut Listener> {
        self.each.get_mut(usize::try_from(node).ok()?.checked_sub(1)?)
    }

    async fn stop(&mut self, node: NodeId) -> std::io::Result<()> {
        let Some(listener) = self.get(node) else { return Ok(()) };
        let mode = std::mem::replace(&mut listener.mode, Mode::Closed);
        let Mode::Serving { stop, task } = mode else {
            listener.mode = mode;
            return Ok(());
        };
        drop(stop);
        if let Err(error) = task.await {
            tracing::error!(%error, node, "the listener of a broker ended badly");
        }
        // Without it the port may be another's when the broker comes back, which is an error then.
        if let Ok(kept) = keep(listener.address) {
            listener.mode = Mode::Kept(kept);
        }
        Ok(())
    }

    fn start(&mut self, node: NodeId) -> std::io::Result<()> {
        let Some(listener) = self.get(node) else { return Ok(()) };
        let address = listener.address;
        let socket = match std::mem::replace(&mut listener.mode, Mode::Closed) {
            serving @ Mode::Serving { .. } => {
                listener.mode = serving;
                return Ok(());
            }
            Mode::Kept(socket) => socket,
            Mode::Closed => keep(address)?,
        };
        let mode = self.serve_on(node, socket.listen(BACKLOG)?);
        if let Some(listener) = self.get(node) {
            listener.mode = mode;
        }
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
    node: NodeId,
    mut stopped: oneshot::Receiver<()>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(connection::serve(shared.clone(), stream, peer, node));
                }
                Err(error) => {
                    tracing::warn!(%error, node, "a connection was not accepted");
                    tokio::time::sleep(ACCEPT_REST).await;
                }
            },
            // Forgets those that ended.
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    connections.shutdown().await;
}

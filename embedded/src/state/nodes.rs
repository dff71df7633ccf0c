//! The brokers, each with an address for every listener, over one state.

use std::net::SocketAddr;

use kafka_protocol::messages::BrokerId;
use kafka_protocol::protocol::StrBytes;

/// A broker's id; the first is 1.
pub(crate) type NodeId = i32;

/// The place of a listener in [`crate::Options::listeners`], the same for all brokers.
pub(crate) type ListenerId = usize;

/// One broker.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) id: NodeId,
    addresses: Vec<Address>,
    pub(crate) up: bool,
}

/// Where a broker listens, as clients are told.
#[derive(Debug)]
pub(crate) struct Address {
    pub(crate) host: StrBytes,
    pub(crate) port: i32,
}

impl Node {
    /// Returns where clients find the broker that came by this listener.
    pub(crate) fn address(&self, listener: ListenerId) -> &Address {
        &self.addresses[listener.min(self.addresses.len() - 1)]
    }
}

/// The brokers of a cluster; at least one.
#[derive(Debug)]
pub(crate) struct Nodes(Vec<Node>);

impl Nodes {
    /// Returns the brokers at these addresses: those of the first broker, one for each listener, then those of the
    /// second.
    pub(crate) fn new(addresses: &[SocketAddr], listeners: usize) -> Self {
        let address = |address: &SocketAddr| Address {
            host: StrBytes::from_string(address.ip().to_string()),
            port: i32::from(address.port()),
        };
        let node = |(index, addresses): (usize, &[SocketAddr])| Node {
            id: index as NodeId + 1,
            addresses: addresses.iter().map(address).collect(),
            up: true,
        };
        Self(addresses.chunks_exact(listeners.max(1)).enumerate().map(node).collect())
    }

    pub(crate) fn all(&self) -> &[Node] {
        &self.0
    }

    pub(crate) fn get(&self, id: NodeId) -> Option<&Node> {
        self.0.get(usize::try_from(id).ok()?.checked_sub(1)?)
    }

    /// Returns whether there is such a broker, and it is up.
    pub(crate) fn is_up(&self, id: NodeId) -> bool {
        self.get(id).is_some_and(|node| node.up)
    }

    pub(crate) fn set_up(&mut self, id: NodeId, up: bool) {
        let node = usize::try_from(id).ok().and_then(|id| self.0.get_mut(id.checked_sub(1)?));
        if let Some(node) = node {
            node.up = up;
        }
    }

    /// Returns the brokers that are up, in the order of their ids.
    pub(crate) fn up(&self) -> impl Iterator<Item = &Node> {
        self.0.iter().filter(|node| node.up)
    }

    /// Returns the broker that clients see as the controller: the first that is up.
    pub(crate) fn controller(&self) -> BrokerId {
        BrokerId(self.up().next().map_or(-1, |node| node.id))
    }

    /// Returns the broker that coordinates a group or a transactional id: spread by its name, and while that one
    /// is down, the next that is up.
    pub(crate) fn coordinator(&self, key: &str) -> Option<&Node> {
        let hash = key.bytes().fold(0_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
        let first = hash as usize % self.0.len();
        let (before, from) = self.0.split_at(first);
        from.iter().chain(before).find(|node| node.up)
    }
}

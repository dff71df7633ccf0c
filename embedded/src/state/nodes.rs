//! The brokers: one listener each, over one state.

use std::net::SocketAddr;

use kafka_protocol::messages::BrokerId;
use kafka_protocol::protocol::StrBytes;

/// A broker's id; the first is 1.
pub(crate) type NodeId = i32;

/// One broker.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) id: NodeId,
    pub(crate) host: StrBytes,
    pub(crate) port: i32,
    pub(crate) up: bool,
}

/// The brokers of a cluster; at least one.
#[derive(Debug)]
pub(crate) struct Nodes(Vec<Node>);

impl Nodes {
    pub(crate) fn new(addresses: &[SocketAddr]) -> Self {
        let node = |(index, address): (usize, &SocketAddr)| Node {
            id: index as NodeId + 1,
            host: StrBytes::from_string(address.ip().to_string()),
            port: i32::from(address.port()),
            up: true,
        };
        Self(addresses.iter().enumerate().map(node).collect())
    }

    pub(crate) fn all(&self) -> &[Node] {
        &self.0
    }

    pub(crate) fn get(&self, id: NodeId) -> Option<&Node> {
        self.0.get(usize::try_from(id).ok()?.checked_sub(1)?)
    }

    /// Returns the brokers that are up, in the order of their ids.
    pub(crate) fn up(&self) -> impl Iterator<Item = &Node> {
        self.0.iter().filter(|node| node.up)
    }

    /// Returns the broker that clients see as the controller: the first that is up.
    pub(crate) fn controller(&self) -> BrokerId {
        BrokerId(self.up().next().map_or(-1, |node| node.id))
    }

    /// Returns the broker that coordinates a group or a transactional id: spread by its name.
    pub(crate) fn coordinator(&self, key: &str) -> Option<&Node> {
        let up: Vec<&Node> = self.up().collect();
        let hash = key.bytes().fold(0_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
        up.get(hash as usize % up.len().max(1)).copied()
    }
}

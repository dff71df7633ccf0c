//! The whole cluster as data: what it knows, and what is due when. No task, no socket, no clock.

mod cleaning;
pub(crate) mod leaders;
pub(crate) mod nodes;
pub(crate) mod timers;
pub(crate) mod topics;

use std::net::SocketAddr;
use std::time::Instant;

use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use crate::api::fetch::Fetches;
use crate::faults::{Recorder, Rules};
use crate::groups::Groups;
use crate::log::memory::Memory;
use crate::options::Options;
use crate::security::acl::Authorizer;
use crate::transactions::{self, Transactions};
pub(crate) use nodes::{ListenerId, NodeId, Nodes};
use timers::{Timer, TimerId, Timers};
use topics::Topics;

/// The time of a call: for deadlines and for timestamps of records.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    pub(crate) mono: Instant,
    /// Milliseconds since 1970.
    pub(crate) wall_ms: i64,
}

/// The state of a cluster.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) options: Options,
    pub(crate) cluster_id: StrBytes,
    pub(crate) nodes: Nodes,
    pub(crate) topics: Topics,
    pub(crate) fetches: Fetches,
    pub(crate) memory: Memory,
    cleaning: Option<TimerId>,
    pub(crate) transactions: Transactions,
    pub(crate) groups: Groups,
    /// Who may do what; none lets all do all.
    pub(crate) authorizer: Option<Authorizer>,
    pub(crate) timers: Timers,
    pub(crate) faults: Rules,
    pub(crate) requests: Recorder,
    pub(crate) random: fastrand::Rng,
    next_producer_id: i64,
    /// Requests that panic when they were served, for tests of what a panic does.
    #[cfg(test)]
    pub(crate) panics_on: Option<kafka_protocol::messages::ApiKey>,
}

impl State {
    /// Returns an empty cluster whose brokers are at these addresses, each with one for every listener.
    pub(crate) fn new(options: Options, addresses: &[SocketAddr]) -> Self {
        let mut random = options.seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed);
        let cluster_id = options.cluster_id.clone().unwrap_or_else(|| cluster_id(&mut random));
        Self {
            cluster_id: StrBytes::from_string(cluster_id),
            nodes: Nodes::new(addresses, options.listeners.len()),
            topics: Topics::default(),
            fetches: Fetches::default(),
            memory: Memory::new(&options.limits),
            cleaning: None,
            transactions: Transactions::default(),
            groups: Groups::default(),
            authorizer: options.acls.clone().map(Authorizer::new),
            timers: Timers::default(),
            faults: Rules::new(random.fork()),
            requests: Recorder::new(options.recorded_requests),
            random,
            next_producer_id: 0,
            #[cfg(test)]
            panics_on: None,
            options,
        }
    }

    /// Does what is due.
    pub(crate) fn tick(&mut self, now: Now) {
        while let Some(timer) = self.timers.due(now.mono) {
            match timer {
                Timer::Cleaning => self.clean(now),
                Timer::Fetch(id) => crate::api::fetch::expire(self, now, id),
                Timer::Transaction(id) => transactions::expire(self, now, &id),
                Timer::Group(id, due) => self.tick_group(now, &id, &due),
                #[cfg(test)]
                Timer::Panic => panic!("a test wanted this panic"),
            }
        }
    }

    /// Returns a producer id that nobody had before.
    pub(crate) fn new_producer_id(&mut self) -> i64 {
        let id = self.next_producer_id;
        self.next_producer_id += 1;
        id
    }

    /// Returns a random id of version 4.
    pub(crate) fn new_uuid(&mut self) -> Uuid {
        uuid::Builder::from_random_bytes(self.random.u128(..).to_be_bytes()).into_uuid()
    }
}

/// Returns 22 characters as Kafka makes them: URL-safe base64 of 16 bytes, not beginning with a dash.
fn cluster_id(random: &mut fastrand::Rng) -> String {
    let mut id: String = std::iter::repeat_with(|| random.alphanumeric()).take(21).collect();
    // The last of 22 characters carries two bits.
    id.push(['A', 'Q', 'g', 'w'][random.usize(..4)]);
    id
}

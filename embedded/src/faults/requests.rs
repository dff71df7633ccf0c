//! The record of the requests that the brokers were sent.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use kafka_protocol::messages::RequestKind;

use super::{Api, KafkaError};
use crate::api::{Call, places};
use crate::server::Shared;

/// The most topics that the record keeps of one request.
const MOST_TOPICS: usize = 100;
/// The longest client id that the record keeps, in bytes.
const LONGEST_CLIENT_ID: usize = 256;

/// One request as a broker saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestSeen {
    /// When it was taken up.
    pub at: SystemTime,
    /// The broker that was asked; the first is 1.
    pub broker: i32,
    /// Which API it called.
    pub api: Api,
    /// In which version.
    pub version: i16,
    /// What the client calls itself, at most 256 bytes of it; empty for none.
    pub client_id: String,
    /// Where the client's end of the connection is.
    pub peer: SocketAddr,
    /// The topics that it named, in their order, the first hundred.
    pub topics: Vec<String>,
    /// What became of it.
    pub outcome: Outcome,
    /// How long the answer took; none while it waits.
    pub took: Option<Duration>,
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It has no answer yet.
    Waiting,
    /// It was answered without an error, or wanted no answer.
    Answered,
    /// It was answered with this error, the first one in the answer.
    Error(KafkaError),
    /// A fault struck it.
    Faulted,
    /// The connection ended before it was answered.
    Closed,
}

/// Reads the record of a cluster's requests. Clones are handles of the same cluster.
#[derive(Debug, Clone)]
pub struct Requests {
    shared: Arc<Shared>,
}

impl Requests {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Returns the requests that are remembered, the oldest first.
    pub fn all(&self) -> Vec<RequestSeen> {
        self.matching(|_| true)
    }

    /// Returns the requests of one API.
    pub fn of(&self, api: Api) -> Vec<RequestSeen> {
        self.matching(|seen| seen.api == api)
    }

    /// Returns the requests for which `wanted` returns true. It is called while the cluster stands still, and so
    /// must not ask the cluster for anything.
    pub fn matching(&self, wanted: impl FnMut(&&RequestSeen) -> bool) -> Vec<RequestSeen> {
        self.shared.lock().requests.ring.iter().map(|(_, seen)| seen).filter(wanted).cloned().collect()
    }

    /// Forgets all requests so far.
    pub fn clear(&self) {
        self.shared.lock().requests.ring.clear();
    }
}

/// The name of a request in the record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen(u64, Instant);

/// The latest requests; what was numbered is found by its distance from the oldest.
#[derive(Debug)]
pub(crate) struct Recorder {
    ring: VecDeque<(u64, RequestSeen)>,
    most: usize,
    next: u64,
}

impl Recorder {
    pub(crate) fn new(most: usize) -> Self {
        Self { ring: VecDeque::new(), most, next: 0 }
    }

    /// Records a request that comes in.
    pub(crate) fn begin(
        &mut self,
        call: &Call<'_>,
        peer: SocketAddr,
        api: Api,
        request: &RequestKind,
    ) -> Option<Seen> {
        if self.most == 0 {
            return None;
        }
        if self.ring.len() >= self.most {
            self.ring.pop_front();
        }
        let number = self.next;
        self.next += 1;
        let wall = Duration::from_millis(call.now.wall_ms.max(0) as u64);
        let seen = RequestSeen {
            at: SystemTime::UNIX_EPOCH + wall,
            broker: call.node,
            api,
            version: call.version,
            client_id: shortened(call.client_id),
            peer,
            topics: topics(request),
            outcome: Outcome::Waiting,
            took: None,
        };
        self.ring.push_back((number, seen));
        Some(Seen(number, call.now.mono))
    }

    /// Records what became of it, if it is still remembered.
    pub(crate) fn finish(&mut self, seen: Option<Seen>, outcome: Outcome, now: Instant) {
        let Some(Seen(number, began)) = seen else { return };
        let Some((oldest, _)) = self.ring.front() else { return };
        let place = number.checked_sub(*oldest).and_then(|place| usize::try_from(place).ok());
        if let Some((_, seen)) = place.and_then(|place| self.ring.get_mut(place)) {
            seen.outcome = outcome;
            seen.took = Some(now.saturating_duration_since(began));
        }
    }
}

/// Copies: the id is a slice of a whole frame, which would stay in memory with it.
fn shortened(client_id: &str) -> String {
    client_id[..client_id.floor_char_boundary(LONGEST_CLIENT_ID)].to_owned()
}

fn topics(request: &RequestKind) -> Vec<String> {
    let mut topics: Vec<String> = Vec::new();
    places::any(request, &mut |topic, _| {
        // A topic comes once for each of its partitions.
        if topics.last().is_none_or(|last| last != topic) {
            topics.push(topic.to_owned());
        }
        topics.len() >= MOST_TOPICS
    });
    topics
}

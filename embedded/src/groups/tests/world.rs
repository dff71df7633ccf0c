//! A cluster without sockets whose clock is turned by hand.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{
    ApiKey, GroupId, HeartbeatRequest, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, RequestKind,
    ResponseHeader, SyncGroupRequest, SyncGroupResponse, TopicName,
};
use kafka_protocol::protocol::{Decodable, StrBytes};

use crate::api::{self, Call, Reply, Waiting};
use crate::options::Options;
use crate::state::{NodeId, Now, State};
use crate::wire;

pub(super) const OK: i16 = 0;

pub(super) struct World {
    pub(super) state: State,
    pub(super) now: Instant,
    started: Instant,
}

/// An answer, or the wait for one.
pub(super) struct Answer {
    api: ApiKey,
    version: i16,
    reply: Reply,
}

impl World {
    pub(super) fn new() -> Self {
        Self::with(Options { seed: Some(7), ..Options::default() })
    }

    pub(super) fn with(options: Options) -> Self {
        let at = |index| SocketAddr::from(([127, 0, 0, 1], 9000 + index));
        let addresses: Vec<SocketAddr> = (0..options.brokers).map(at).collect();
        let started = Instant::now();
        Self { state: State::new(options, &addresses), now: started, started }
    }

    pub(super) fn with_topic(name: &str, partitions: i32) -> Self {
        let mut world = Self::new();
        world.create_topic(name, partitions);
        world
    }

    pub(super) fn create_topic(&mut self, name: &str, partitions: i32) -> uuid::Uuid {
        self.state.create_topic(&topic(name), partitions, 1)
    }

    /// Lets time pass, and does what is due in between when it is due.
    pub(super) fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(due) = self.state.timers.next().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            let now = self.time();
            self.state.tick(now);
        }
        self.now = until;
    }

    pub(super) fn time(&self) -> Now {
        Now { mono: self.now, wall_ms: (self.now - self.started).as_millis() as i64 }
    }

    pub(super) fn send(&mut self, version: i16, request: impl Into<RequestKind>) -> Answer {
        self.send_to(1, version, request)
    }

    pub(super) fn send_to(&mut self, node: NodeId, version: i16, request: impl Into<RequestKind>) -> Answer {
        let request = request.into();
        let api = key_of(&request);
        let client_id = text("client");
        let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let principal = &crate::security::Principal::anonymous();
        let call =
            Call { now: self.time(), node, listener: 0, version, client_id: &client_id, peer, principal };
        Answer { api, version, reply: api::handle(&mut self.state, &call, request) }
    }

    pub(super) fn join(&mut self, version: i16, request: JoinGroupRequest) -> Answer {
        self.send(version, request)
    }

    /// Joins a new member the modern way: first without an id, then with the one it got.
    pub(super) fn join_new(&mut self, group: &str) -> (StrBytes, Answer) {
        let first: JoinGroupResponse = self.join(9, joining(group, "")).now();
        assert_eq!(first.error_code, ResponseError::MemberIdRequired.code());
        let answer = self.join(9, joining(group, &first.member_id));
        (first.member_id, answer)
    }

    /// Makes a stable group of one member, which got the assignment `all`.
    pub(super) fn stable(&mut self, group: &str) -> Member {
        let (id, answer) = self.join_new(group);
        let joined: JoinGroupResponse = answer.now();
        assert_eq!((joined.error_code, &joined.leader), (OK, &id));
        let synced: SyncGroupResponse =
            self.send(5, syncing(group, &id, joined.generation_id, &[(&id, "all")])).now();
        assert_eq!(synced.error_code, OK);
        Member { id, generation: joined.generation_id }
    }

    /// Makes a stable group of two members; the first one leads.
    pub(super) fn stable_pair(&mut self, group: &str) -> (Member, Member) {
        let first = self.stable(group);
        let (second, waiting) = self.join_new(group);
        let led: JoinGroupResponse = self.join(9, joining(group, &first.id)).now();
        let followed: JoinGroupResponse = waiting.now();
        let generation = led.generation_id;
        assert_eq!((followed.generation_id, &followed.leader), (generation, &first.id));
        let shares = [(&first.id, "one"), (&second, "two")];
        self.send(5, syncing(group, &first.id, generation, &shares)).now::<SyncGroupResponse>();
        let synced: SyncGroupResponse = self.send(5, syncing(group, &second, generation, &[])).now();
        assert_eq!(synced.assignment, "two");
        (Member { id: first.id, generation }, Member { id: second, generation })
    }

    pub(super) fn heartbeat(&mut self, group: &str, member: &Member) -> i16 {
        let request = HeartbeatRequest::default()
            .with_group_id(id(group))
            .with_member_id(member.id.clone())
            .with_generation_id(member.generation);
        self.send(4, request).now::<kafka_protocol::messages::HeartbeatResponse>().error_code
    }

    pub(super) fn leave(&mut self, group: &str, member: &StrBytes) -> i16 {
        let request = LeaveGroupRequest::default().with_group_id(id(group)).with_member_id(member.clone());
        self.send(2, request).now::<kafka_protocol::messages::LeaveGroupResponse>().error_code
    }
}

pub(super) struct Member {
    pub(super) id: StrBytes,
    pub(super) generation: i32,
}

impl Answer {
    /// Returns the answer as a client reads it; it must be there.
    pub(super) fn now<T: Decodable>(self) -> T {
        let (api, version) = (self.api, self.version);
        let response = match self.reply {
            Reply::Now(response) => response,
            Reply::Later(mut waiting) => waiting.try_recv().expect("the request still waits"),
            other => panic!("the request was not answered: {other:?}"),
        };
        let mut bytes =
            wire::frame::encode(1, api, version, &response).expect("the answer was encoded").freeze();
        bytes.advance(4);
        ResponseHeader::decode(&mut bytes, api.response_header_version(version)).expect("a header");
        T::decode(&mut bytes, version).expect("an answer of this kind")
    }

    /// Asserts that the answer is still to come.
    pub(super) fn still_waits(&mut self) {
        let Reply::Later(waiting) = &mut self.reply else { panic!("the request was answered") };
        let empty = tokio::sync::oneshot::error::TryRecvError::Empty;
        assert_eq!(Waiting::try_recv(waiting).err(), Some(empty));
    }
}

fn key_of(request: &RequestKind) -> ApiKey {
    match request {
        RequestKind::FindCoordinator(_) => ApiKey::FindCoordinator,
        RequestKind::JoinGroup(_) => ApiKey::JoinGroup,
        RequestKind::SyncGroup(_) => ApiKey::SyncGroup,
        RequestKind::Heartbeat(_) => ApiKey::Heartbeat,
        RequestKind::LeaveGroup(_) => ApiKey::LeaveGroup,
        RequestKind::OffsetCommit(_) => ApiKey::OffsetCommit,
        RequestKind::OffsetFetch(_) => ApiKey::OffsetFetch,
        RequestKind::OffsetDelete(_) => ApiKey::OffsetDelete,
        RequestKind::ListGroups(_) => ApiKey::ListGroups,
        RequestKind::DescribeGroups(_) => ApiKey::DescribeGroups,
        RequestKind::DeleteGroups(_) => ApiKey::DeleteGroups,
        RequestKind::DeleteTopics(_) => ApiKey::DeleteTopics,
        RequestKind::Metadata(_) => ApiKey::Metadata,
        RequestKind::ConsumerGroupHeartbeat(_) => ApiKey::ConsumerGroupHeartbeat,
        RequestKind::ConsumerGroupDescribe(_) => ApiKey::ConsumerGroupDescribe,
        other => panic!("tests of groups do not send {other:?}"),
    }
}

pub(super) fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

pub(super) fn id(group: &str) -> GroupId {
    GroupId(text(group))
}

pub(super) fn topic(name: &str) -> TopicName {
    TopicName(text(name))
}

/// A consumer of the topic `t` that wants to join, with ten seconds of session and a minute for a rebalance.
pub(super) fn joining(group: &str, member: &str) -> JoinGroupRequest {
    JoinGroupRequest::default()
        .with_group_id(id(group))
        .with_session_timeout_ms(10_000)
        .with_rebalance_timeout_ms(60_000)
        .with_member_id(text(member))
        .with_protocol_type(text("consumer"))
        .with_protocols(vec![protocol("range", &["t"])])
}

pub(super) fn protocol(name: &str, topics: &[&str]) -> JoinGroupRequestProtocol {
    let mut metadata = BytesMut::new();
    metadata.put_i16(0);
    metadata.put_i32(topics.len() as i32);
    for topic in topics {
        metadata.put_i16(topic.len() as i16);
        metadata.put_slice(topic.as_bytes());
    }
    metadata.put_i32(-1);
    JoinGroupRequestProtocol::default().with_name(text(name)).with_metadata(metadata.freeze())
}

pub(super) fn syncing(
    group: &str,
    member: &str,
    generation: i32,
    assignments: &[(&StrBytes, &str)],
) -> SyncGroupRequest {
    let assignment = |(member, assignment): &(&StrBytes, &str)| {
        SyncGroupRequestAssignment::default()
            .with_member_id((*member).clone())
            .with_assignment(Bytes::copy_from_slice(assignment.as_bytes()))
    };
    SyncGroupRequest::default()
        .with_group_id(id(group))
        .with_generation_id(generation)
        .with_member_id(text(member))
        .with_protocol_type(Some(text("consumer")))
        .with_protocol_name(Some(text("range")))
        .with_assignments(assignments.iter().map(assignment).collect())
}

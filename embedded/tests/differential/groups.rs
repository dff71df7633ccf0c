//! Members of classic groups, and what groups commit.

use std::thread::sleep;
use std::time::{Duration, Instant};

use kafka_protocol::ResponseError;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::offset_delete_request::{
    OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use kafka_protocol::messages::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::*;
use kafka_protocol::protocol::StrBytes;

use crate::calls::{Answer, Call, Place};
use crate::model::Model;
use crate::side::{Side, settled};
use crate::support::{PATIENCE, text};

const PROTOCOL: &str = "plan";
/// A subscription to no topics, of version 0: Kafka 4.3 leaves a member whose metadata it cannot read waiting for
/// ever.
const SUBSCRIPTION: &[u8] = &[0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff];

impl Side {
    pub(crate) fn in_group(&mut self, model: &Model, call: &Call) -> Answer {
        match *call {
            Call::Commit { group, member, place, offset, generation } => {
                self.commit(model, group, member, place, offset, generation)
            }
            Call::Committed { group, place, stable } => self.committed(model, group, place, stable),
            Call::Join { group, member } => self.join(model, group, member),
            Call::JoinUnknown { group } => {
                let response = self.client.call(9, &joining(model, group, &text("nobody")));
                Answer::new(response.error_code, format!("{}", response.generation_id))
            }
            Call::Heartbeat { group, member, generation } => {
                let code = self.heartbeat(model, group, member, generation);
                Answer::new(code, String::new())
            }
            Call::Leave { group, member } => {
                let leaving = MemberIdentity::default().with_member_id(self.member_id(group, member));
                let request = LeaveGroupRequest::default()
                    .with_group_id(text(&model.group(group)).into())
                    .with_members(vec![leaving]);
                let (code, one) = settled(|| {
                    let response = self.client.call(5, &request);
                    (response.error_code, response.members.first().map_or(0, |one| one.error_code))
                });
                Answer::new(if code == 0 { one } else { code }, format!("{code} {one}"))
            }
            Call::DescribeGroup { group } => self.describe_group(model, group),
            Call::DeleteGroup { group } => {
                let request =
                    DeleteGroupsRequest::default().with_groups_names(vec![text(&model.group(group)).into()]);
                let (code, ()) = settled(|| (self.client.call(2, &request).results[0].error_code, ()));
                Answer::new(code, String::new())
            }
            Call::DeleteOffset { group, place } => {
                let partition = OffsetDeleteRequestPartition::default().with_partition_index(place.partition);
                let topic = OffsetDeleteRequestTopic::default()
                    .with_name(text(&model.topic(place.topic)).into())
                    .with_partitions(vec![partition]);
                let request = OffsetDeleteRequest::default()
                    .with_group_id(text(&model.group(group)).into())
                    .with_topics(vec![topic]);
                let (code, one) = settled(|| {
                    let response = self.client.call(0, &request);
                    let one = response.topics.first().map(|topic| topic.partitions[0].error_code);
                    (response.error_code, one)
                });
                Answer::new(code, format!("{one:?}"))
            }
            _ => unreachable!("it is a call of groups"),
        }
    }

    /// The id that a member has; one that never joined has one that nobody knows.
    fn member_id(&self, group: usize, member: usize) -> StrBytes {
        self.member_ids.get(&(group, member)).cloned().unwrap_or_else(|| text("stranger"))
    }

    fn commit(
        &mut self,
        model: &Model,
        group: usize,
        member: Option<usize>,
        place: Place,
        offset: i64,
        generation: i32,
    ) -> Answer {
        let partition = OffsetCommitRequestPartition::default()
            .with_partition_index(place.partition)
            .with_committed_offset(offset)
            .with_committed_leader_epoch(-1)
            .with_committed_metadata(Some(text("noted")));
        let topic = OffsetCommitRequestTopic::default()
            .with_name(text(&model.topic(place.topic)).into())
            .with_partitions(vec![partition]);
        let mut request = OffsetCommitRequest::default()
            .with_group_id(text(&model.group(group)).into())
            .with_generation_id_or_member_epoch(-1)
            .with_topics(vec![topic]);
        if let Some(member) = member {
            request.member_id = self.member_id(group, member);
            request.generation_id_or_member_epoch = model.members(group).1 + generation;
        }
        let (code, ()) = settled(|| (self.client.call(9, &request).topics[0].partitions[0].error_code, ()));
        Answer::new(code, String::new())
    }

    fn committed(&mut self, model: &Model, group: usize, place: Option<Place>, stable: bool) -> Answer {
        let topic = |place: Place| {
            OffsetFetchRequestTopics::default()
                .with_name(text(&model.topic(place.topic)).into())
                .with_partition_indexes(vec![place.partition])
        };
        let asked = OffsetFetchRequestGroup::default()
            .with_group_id(text(&model.group(group)).into())
            .with_member_epoch(-1)
            .with_topics(place.map(|place| vec![topic(place)]));
        let request = OffsetFetchRequest::default().with_groups(vec![asked]).with_require_stable(stable);
        let (code, text) = settled(|| {
            let response = self.client.call(9, &request);
            let found = &response.groups[0];
            let mut offsets: Vec<String> = Vec::new();
            for topic in &found.topics {
                for one in &topic.partitions {
                    offsets.push(format!(
                        "{}/{}: {} {} {} {:?}",
                        topic.name.as_str(),
                        one.partition_index,
                        one.error_code,
                        one.committed_offset,
                        one.committed_leader_epoch,
                        one.metadata
                    ));
                }
            }
            offsets.sort_unstable();
            (found.error_code, format!("{offsets:?}"))
        });
        Answer::new(code, text)
    }

    /// Waits until a group has no offset of a topic that was deleted, which Kafka does by and by.
    pub(crate) fn wait_until_forgotten(&mut self, group: &str, topic: &str) {
        let asked = OffsetFetchRequestGroup::default()
            .with_group_id(text(group).into())
            .with_member_epoch(-1)
            .with_topics(None);
        let request = OffsetFetchRequest::default().with_groups(vec![asked]);
        let until = Instant::now() + PATIENCE;
        loop {
            let response = self.client.call(9, &request);
            if response.groups[0].topics.iter().all(|one| one.name.as_str() != topic) {
                return;
            }
            assert!(Instant::now() < until, "the offsets of `{topic}` were not deleted");
            sleep(Duration::from_millis(5));
        }
    }

    fn heartbeat(&mut self, model: &Model, group: usize, member: usize, generation: i32) -> i16 {
        let request = HeartbeatRequest::default()
            .with_group_id(text(&model.group(group)).into())
            .with_member_id(self.member_id(group, member))
            .with_generation_id(model.members(group).1 + generation);
        settled(|| (self.client.call(4, &request).error_code, ())).0
    }

    /// Joins a member and has all others join again, then shares out the work. The member who joins goes first,
    /// so that the order of joins is the same on both sides.
    fn join(&mut self, model: &Model, group: usize, member: usize) -> Answer {
        let (members, _) = model.members(group);
        let others: Vec<usize> = members.iter().copied().filter(|one| *one != member).collect();
        let is_new = !members.contains(&member);
        if is_new {
            let first = settled(|| {
                let response = self.client.call(9, &joining(model, group, &StrBytes::default()));
                (response.error_code, response.member_id)
            });
            if first.0 != ResponseError::MemberIdRequired.code() {
                return Answer::new(first.0, "without an id".to_owned());
            }
            self.member_ids.insert((group, member), first.1);
        }
        let request = joining(model, group, &self.member_id(group, member));
        self.members[member].send(9, &request).expect("sent");
        let mut joined = vec![member];
        for other in others {
            // Those who are still members hear of it by their heartbeats.
            let until = Instant::now() + Duration::from_secs(5);
            let is_called = loop {
                match self.heartbeat(model, group, other, 0) {
                    27 => break true,
                    0 if Instant::now() < until && !self.is_answered(member) => {
                        sleep(Duration::from_millis(2))
                    }
                    _ => break false,
                }
            };
            if is_called {
                let request = joining(model, group, &self.member_id(group, other));
                self.members[other].send(9, &request).expect("sent");
                joined.push(other);
            }
        }
        let mut told = Vec::new();
        let mut answer = Answer::default();
        for one in &joined {
            let Ok(response) = self.members[*one].receive::<JoinGroupRequest>(9) else {
                return Answer::new(-1, format!("{one} of {joined:?} got no answer after {told:?}"));
            };
            let leader = self.symbol("member", &response.leader);
            let own = self.symbol("member", &response.member_id);
            let mut members: Vec<String> =
                response.members.iter().map(|one| self.symbol("member", &one.member_id)).collect();
            members.sort_unstable();
            let (code, generation) = (response.error_code, response.generation_id);
            told.push(format!(
                "{code} {generation} {own} leader {leader} {members:?} {:?} {:?}",
                response.protocol_name, response.protocol_type
            ));
            answer.code = answer.code.max(code);
            answer.generation = generation;
            if code == 0 && response.leader == response.member_id {
                answer.text = response.leader.to_string();
            }
        }
        let leader = std::mem::take(&mut answer.text);
        let synced = if answer.code == 0 {
            self.sync(model, group, &joined, &leader, answer.generation)
        } else {
            Vec::new()
        };
        answer.text = format!("{told:?} {synced:?}");
        answer
    }

    /// Whether a member has its answer already.
    fn is_answered(&self, member: usize) -> bool {
        let stream = &self.members[member].stream;
        stream.set_nonblocking(true).expect("a switch");
        let is_there = stream.peek(&mut [0]).is_ok();
        stream.set_nonblocking(false).expect("a switch");
        is_there
    }

    /// Every member asks for its work; the leader says whose is what.
    fn sync(
        &mut self,
        model: &Model,
        group: usize,
        joined: &[usize],
        leader: &str,
        generation: i32,
    ) -> Vec<String> {
        let ids: Vec<StrBytes> = joined.iter().map(|one| self.member_id(group, *one)).collect();
        for (one, id) in joined.iter().zip(&ids) {
            let mut request = SyncGroupRequest::default()
                .with_group_id(text(&model.group(group)).into())
                .with_member_id(id.clone())
                .with_generation_id(generation)
                .with_protocol_type(Some(text("consumer")))
                .with_protocol_name(Some(text(PROTOCOL)));
            if id.as_str() == leader {
                let share = |(number, id): (usize, &StrBytes)| {
                    SyncGroupRequestAssignment::default()
                        .with_member_id(id.clone())
                        .with_assignment(format!("share {number}").into())
                };
                request.assignments = ids.iter().enumerate().map(share).collect();
            }
            self.members[*one].send(5, &request).expect("sent");
        }
        let mut synced = Vec::new();
        for one in joined {
            let response = self.members[*one].receive::<SyncGroupRequest>(5).expect("an answer");
            synced.push(format!("{} {:?}", response.error_code, response.assignment));
        }
        synced
    }

    fn describe_group(&mut self, model: &Model, group: usize) -> Answer {
        let request = DescribeGroupsRequest::default().with_groups(vec![text(&model.group(group)).into()]);
        let until = Instant::now() + PATIENCE;
        loop {
            let response = self.client.call(6, &request);
            let found = &response.groups[0];
            if crate::side::is_passing(found.error_code) && Instant::now() < until {
                sleep(Duration::from_millis(5));
                continue;
            }
            let mut members: Vec<String> = found
                .members
                .iter()
                .map(|one| {
                    let symbol = self.symbol("member", &one.member_id);
                    format!(
                        "{symbol} {} {:?} {:?}",
                        one.client_id, one.member_metadata, one.member_assignment
                    )
                })
                .collect();
            members.sort_unstable();
            let text = format!(
                "{} {} {} {members:?}",
                found.group_state.as_str(),
                found.protocol_type.as_str(),
                found.protocol_data.as_str()
            );
            return Answer::new(found.error_code, text);
        }
    }
}

fn joining(model: &Model, group: usize, member_id: &StrBytes) -> JoinGroupRequest {
    let protocol =
        JoinGroupRequestProtocol::default().with_name(text(PROTOCOL)).with_metadata(SUBSCRIPTION.into());
    JoinGroupRequest::default()
        .with_group_id(text(&model.group(group)).into())
        .with_session_timeout_ms(30_000)
        .with_rebalance_timeout_ms(30_000)
        .with_member_id(member_id.clone())
        .with_protocol_type(text("consumer"))
        .with_protocols(vec![protocol])
}

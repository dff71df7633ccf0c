//! Fetches that wait, through the API.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::fetch_response::PartitionData;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::*;
use kafka_protocol::protocol::StrBytes;

use super::{PLAIN, now, sized};
use crate::Options;
use crate::api::{self, Call, Reply, Waiting};
use crate::state::{Now, State};

struct World {
    state: State,
    now: Now,
}

fn topic() -> TopicName {
    TopicName(StrBytes::from_static_str("events"))
}

fn world(partitions: i32) -> World {
    let mut state = State::new(Options::default(), &[SocketAddr::from((Ipv4Addr::LOCALHOST, 9092))]);
    state.create_topic(&topic(), partitions, 1);
    World { state, now: now(1000) }
}

impl World {
    fn ask(&mut self, version: i16, request: impl Into<RequestKind>) -> Reply {
        let client_id = StrBytes::default();
        let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let principal = &crate::security::Principal::anonymous();
        let call =
            Call { now: self.now, node: 1, listener: 0, version, client_id: &client_id, peer, principal };
        api::handle(&mut self.state, &call, request.into())
    }

    fn produce(&mut self, index: i32, records: Bytes) {
        let data = PartitionProduceData::default().with_index(index).with_records(Some(records));
        let data = TopicProduceData::default().with_name(topic()).with_partition_data(vec![data]);
        let reply = self.ask(9, ProduceRequest::default().with_acks(-1).with_topic_data(vec![data]));
        let Reply::Now(ResponseKind::Produce(response)) = reply else { panic!("{reply:?}") };
        assert_eq!(response.responses[0].partition_responses[0].error_code, 0);
    }

    fn fetch(&mut self, request: FetchRequest) -> Waiting {
        match self.ask(11, request) {
            Reply::Later(waiting) => waiting,
            other => panic!("the fetch did not wait: {other:?}"),
        }
    }

    fn fetched(&mut self, request: FetchRequest) -> PartitionData {
        match self.ask(12, request) {
            Reply::Now(response) => first(response),
            other => panic!("the fetch was not answered: {other:?}"),
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now.mono += time;
        self.state.tick(self.now);
    }
}

fn request(partitions: std::ops::Range<i32>) -> FetchRequest {
    let partition = |index| {
        FetchPartition::default()
            .with_partition(index)
            .with_partition_max_bytes(1 << 20)
            .with_current_leader_epoch(-1)
    };
    let topic =
        FetchTopic::default().with_topic(topic()).with_partitions(partitions.map(partition).collect());
    FetchRequest::default()
        .with_max_wait_ms(500)
        .with_min_bytes(1)
        .with_max_bytes(50 << 20)
        .with_topics(vec![topic])
}

fn of(change: impl FnOnce(FetchPartition) -> FetchPartition) -> FetchRequest {
    let mut request = request(0..1);
    let asked = std::mem::take(&mut request.topics[0].partitions[0]);
    request.topics[0].partitions[0] = change(asked);
    request
}

fn first(response: ResponseKind) -> PartitionData {
    match response {
        ResponseKind::Fetch(mut response) => response.responses.remove(0).partitions.remove(0),
        other => panic!("{other:?}"),
    }
}

fn answered(waiting: &mut Waiting) -> Option<ResponseKind> {
    waiting.try_recv().ok()
}

#[test]
fn an_append_answers_the_fetches_that_wait_for_it() {
    let mut world = world(2);
    let (mut first_waits, mut second_waits) = (world.fetch(request(0..1)), world.fetch(request(1..2)));
    world.produce(0, PLAIN.bytes());
    let data = first(answered(&mut first_waits).expect("an answer"));
    assert_eq!((data.high_watermark, data.records.unwrap().len()), (1, PLAIN.bytes().len()));
    assert!(answered(&mut second_waits).is_none());
    world.pass(Duration::from_millis(500));
    let data = first(answered(&mut second_waits).expect("an answer"));
    assert_eq!((data.error_code, data.records), (0, Some(Bytes::new())));
}

#[test]
fn a_fetch_waits_until_there_are_as_many_bytes_as_it_asked_for() {
    let mut world = world(2);
    let size = sized(100).len() as i32;
    let mut waiting = world.fetch(request(0..2).with_min_bytes(3 * size));
    world.produce(0, sized(100));
    world.produce(1, sized(100));
    assert!(answered(&mut waiting).is_none());
    world.produce(0, sized(100));
    assert!(answered(&mut waiting).is_some());
}

#[test]
fn what_is_more_than_a_fetch_may_get_is_not_waited_for() {
    let mut world = world(1);
    let mut waiting = world.fetch(request(0..1).with_min_bytes(1 << 30).with_max_bytes(100));
    world.produce(0, sized(100));
    let data = first(answered(&mut waiting).expect("an answer"));
    assert_eq!(data.records.map(|records| records.len()), Some(sized(100).len()));
}

#[test]
fn a_reader_of_committed_records_wakes_when_they_are_stable() {
    let mut world = world(1);
    let batch = super::Batch::transactional(7, 0, 0).bytes();
    let append = |world: &mut World| {
        let partition =
            world.state.topics.get_mut(&topic()).and_then(|topic| topic.partition_mut(0)).unwrap();
        super::write(&mut partition.log, batch.clone(), 1000).unwrap();
        api::fetch::grown(&mut world.state, &topic(), 0);
    };
    let mut committed = world.fetch(request(0..1).with_isolation_level(1));
    let mut uncommitted = world.fetch(request(0..1));
    append(&mut world);
    assert!(answered(&mut committed).is_none());
    assert_eq!(first(answered(&mut uncommitted).expect("an answer")).aborted_transactions, None);
    let partition = world.state.topics.get_mut(&topic()).and_then(|topic| topic.partition_mut(0)).unwrap();
    partition.log.end_transaction(7, 0, false, 0, now(1000)).unwrap();
    api::fetch::grown(&mut world.state, &topic(), 0);
    let data = first(answered(&mut committed).expect("an answer"));
    let aborted = data.aborted_transactions.expect("a list");
    assert_eq!(aborted.iter().map(|one| (one.producer_id.0, one.first_offset)).collect::<Vec<_>>(), [(7, 0)]);
    assert_eq!((data.last_stable_offset, data.preferred_read_replica.0), (2, -1));
}

#[test]
fn a_fetch_of_a_topic_that_is_deleted_is_answered() {
    let mut world = world(1);
    let mut waiting = world.fetch(request(0..1));
    let delete = DeleteTopicsRequest::default().with_topic_names(vec![topic()]);
    world.ask(1, delete);
    assert_eq!(first(answered(&mut waiting).expect("an answer")).error_code, 3);
}

#[test]
fn a_fetch_that_was_looked_at_again_for_nothing_goes_on_waiting() {
    let mut world = world(1);
    let mut waiting = world.fetch(request(0..1));
    let partition = world.state.topics.get_mut(&topic()).and_then(|topic| topic.partition_mut(0)).unwrap();
    let waiters = std::mem::take(&mut partition.waiting);
    api::fetch::wake(&mut world.state, world.now, waiters);
    assert!(answered(&mut waiting).is_none());
    world.produce(0, PLAIN.bytes());
    assert!(answered(&mut waiting).is_some());
    let mut waiting = world.fetch(of(|asked| asked.with_fetch_offset(1)));
    let partition = world.state.topics.get_mut(&topic()).and_then(|topic| topic.partition_mut(0)).unwrap();
    let waiters = std::mem::take(&mut partition.waiting);
    api::fetch::wake(&mut world.state, world.now, waiters);
    world.pass(Duration::from_millis(500));
    assert!(answered(&mut waiting).is_some());
}

#[test]
fn a_leader_epoch_that_is_not_the_leaders_is_refused() {
    let mut world = world(1);
    world.state.topics.get_mut(&topic()).unwrap().partitions[0].leader_epoch = 5;
    world.produce(0, PLAIN.bytes());
    assert_eq!(world.fetched(of(|asked| asked.with_current_leader_epoch(4))).error_code, 74);
    assert_eq!(world.fetched(of(|asked| asked.with_current_leader_epoch(6))).error_code, 75);
    assert_eq!(world.fetched(of(|asked| asked.with_current_leader_epoch(5))).error_code, 0);
}

#[test]
fn an_offset_that_is_not_in_the_log_is_out_of_range() {
    let mut world = world(1);
    world.produce(0, PLAIN.bytes());
    for offset in [-1, 2] {
        let data = world.fetched(of(|asked| asked.with_fetch_offset(offset)));
        assert_eq!((data.error_code, data.high_watermark), (1, -1));
    }
}

#[test]
fn a_log_that_went_another_way_is_told_where_it_left() {
    let mut world = world(1);
    world.produce(0, PLAIN.bytes());
    world.state.topics.get_mut(&topic()).unwrap().partitions[0].leader_epoch = 3;
    world.produce(0, PLAIN.bytes());
    let data = world.fetched(of(|asked| asked.with_fetch_offset(2).with_last_fetched_epoch(0)));
    assert_eq!((data.diverging_epoch.epoch, data.diverging_epoch.end_offset), (0, 1));
    let data = world.fetched(of(|asked| asked.with_fetch_offset(1).with_last_fetched_epoch(0)));
    assert_eq!(
        (data.diverging_epoch.epoch, data.records.map(|records| !records.is_empty())),
        (-1, Some(true))
    );
    let data = world.fetched(of(|asked| asked.with_fetch_offset(1).with_last_fetched_epoch(4)));
    assert_eq!(data.error_code, 1);
}

#[test]
fn a_fetch_session_is_never_given_and_never_known() {
    let mut world = world(1);
    match world.ask(11, request(0..1).with_session_id(5)) {
        Reply::Now(ResponseKind::Fetch(response)) => assert_eq!(response.error_code, 70),
        other => panic!("{other:?}"),
    }
    world.produce(0, PLAIN.bytes());
    match world.ask(11, request(0..1)) {
        Reply::Now(ResponseKind::Fetch(response)) => assert_eq!(response.session_id, 0),
        other => panic!("{other:?}"),
    }
}

#[test]
fn offsets_are_listed_by_kind_and_isolation() {
    let mut world = world(1);
    world.produce(0, super::timed(&[100, 300, 200]));
    let partition = world.state.topics.get_mut(&topic()).and_then(|topic| topic.partition_mut(0)).unwrap();
    super::write(&mut partition.log, super::Batch::transactional(7, 0, 0).bytes(), 1000).unwrap();
    let mut list = |version, timestamp, isolation| {
        let asked = ListOffsetsPartition::default().with_timestamp(timestamp).with_current_leader_epoch(-1);
        let asked = ListOffsetsTopic::default().with_name(topic()).with_partitions(vec![asked]);
        let request = ListOffsetsRequest::default().with_isolation_level(isolation).with_topics(vec![asked]);
        let Reply::Now(ResponseKind::ListOffsets(response)) = world.ask(version, request) else { panic!() };
        let found = &response.topics[0].partitions[0];
        (found.error_code, found.offset, found.timestamp)
    };
    assert_eq!(list(8, -1, 0), (0, 4, -1));
    assert_eq!(list(8, -1, 1), (0, 3, -1));
    assert_eq!(list(8, -2, 0), (0, 0, -1));
    assert_eq!(list(8, -4, 0), (0, 0, -1));
    assert_eq!(list(8, -3, 0), (0, 3, 1000));
    assert_eq!(list(8, -3, 1), (0, -1, -1));
    assert_eq!(list(8, 150, 0), (0, 1, 300));
    assert_eq!(list(8, 301, 1), (0, -1, -1));
    assert_eq!(list(6, -3, 0), (35, -1, -1));
    assert_eq!(list(7, -4, 0), (35, -1, -1));
}

#[test]
fn a_topic_of_one_replica_cannot_ask_for_two_in_sync() {
    let mut world = world(1);
    let config = super::config(&[("min.insync.replicas", "2")]);
    world.state.configure_logs(world.now, &topic(), config);
    let produce = |acks| {
        let data = PartitionProduceData::default().with_records(Some(PLAIN.bytes()));
        let data = TopicProduceData::default().with_name(topic()).with_partition_data(vec![data]);
        ProduceRequest::default().with_acks(acks).with_topic_data(vec![data])
    };
    for (acks, error) in [(-1, 0), (1, 0), (2, 21)] {
        let reply = world.ask(9, produce(acks));
        let Reply::Now(ResponseKind::Produce(response)) = reply else { panic!("{reply:?}") };
        assert_eq!(response.responses[0].partition_responses[0].error_code, error, "acks={acks}");
    }
    assert!(matches!(world.ask(9, produce(0)), Reply::Nothing));
}

#[test]
fn a_log_of_short_retention_is_emptied_in_time_and_the_clock_rests_where_there_is_none() {
    let mut world = world(1);
    world.produce(0, PLAIN.bytes());
    assert_eq!(world.state.timers.next(), None);
    let config = super::config(&[("retention.ms", "5000")]);
    world.state.configure_logs(world.now, &topic(), config);
    let size = |world: &World| world.state.topics.get(&topic()).unwrap().partitions[0].log.size();
    world.now.wall_ms = 6000;
    world.pass(Duration::from_secs(1));
    assert_ne!(size(&world), 0);
    world.now.wall_ms = 6001;
    world.pass(Duration::from_secs(1));
    assert_eq!(size(&world), 0);
    assert!(world.state.timers.next().is_some());
    let keeping = super::config(&[]);
    world.state.configure_logs(world.now, &topic(), keeping);
    world.pass(Duration::from_secs(1));
    assert_eq!(world.state.timers.next(), None);
}

#[test]
fn many_waiting_fetches_of_many_partitions_leave_nothing_behind() {
    let mut world = world(1000);
    for round in 0..20 {
        let mut waiting: Vec<Waiting> = (0..20).map(|_| world.fetch(request(0..1000))).collect();
        world.pass(Duration::from_millis(500));
        assert!(waiting.iter_mut().all(|waiting| answered(waiting).is_some()), "round {round}");
    }
    let left = world.state.topics.partitions_mut().map(|partition| partition.waiting.len()).max();
    assert!(left < Some(100), "{left:?} of 400 fetches left their names");
}

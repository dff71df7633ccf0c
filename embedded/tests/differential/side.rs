//! One of the two clusters: connections to it, and the ids that it gave.

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::{Duration, Instant};

use kafka_protocol::ResponseError;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use kafka_protocol::messages::*;
use kafka_protocol::protocol::StrBytes;

use crate::calls::{Answer, Call, Place};
use crate::model::{MEMBERS, Model, PRODUCERS};
use crate::support::{Client, PATIENCE, Producer, batch, fetch, produce, records, text};

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(5);

/// Above the times of records, in milliseconds since 1970.
const BROKER_TIME: i64 = 1_000_000;

/// One of the two clusters.
#[derive(Debug)]
pub(crate) struct Side {
    pub(crate) client: Client,
    /// Each member has a connection of its own, since it may wait.
    pub(crate) members: Vec<Client>,
    /// The ids of the members of each group.
    pub(crate) member_ids: BTreeMap<(usize, usize), StrBytes>,
    /// The id and epoch of each producer, -1 before it has one.
    pub(crate) producers: [(i64, i16); PRODUCERS],
    symbols: BTreeMap<String, String>,
}

/// Whether a coordinator asks to try again.
pub(crate) fn is_passing(code: i16) -> bool {
    use ResponseError::*;
    ResponseError::try_from_code(code).is_some_and(|error| {
        matches!(
            error,
            CoordinatorLoadInProgress | CoordinatorNotAvailable | NotCoordinator | ConcurrentTransactions
        )
    })
}

/// Tries until an answer is none that passes.
pub(crate) fn settled<T>(mut ask: impl FnMut() -> (i16, T)) -> (i16, T) {
    let until = Instant::now() + PATIENCE;
    loop {
        let (code, answer) = ask();
        if !is_passing(code) || Instant::now() > until {
            return (code, answer);
        }
        sleep(PAUSE);
    }
}

impl Side {
    pub(crate) fn connect(address: &str) -> Self {
        Self {
            client: Client::connect(address),
            members: (0..MEMBERS).map(|_| Client::connect(address)).collect(),
            member_ids: BTreeMap::new(),
            producers: [(-1, -1); PRODUCERS],
            symbols: BTreeMap::new(),
        }
    }

    /// Makes a cluster keep groups and transactions: Kafka creates their topics when it is first asked for them.
    pub(crate) fn warm_up(&mut self) {
        for kind in [0, 1] {
            let request = FindCoordinatorRequest::default()
                .with_key_type(kind)
                .with_coordinator_keys(vec![text("warm-up")]);
            let (code, ()) = settled(|| (self.client.call(4, &request).coordinators[0].error_code, ()));
            assert_eq!(code, 0, "a cluster had no coordinator");
        }
    }

    /// Returns what stands for an id of this cluster: its kind and how many of it came before.
    pub(crate) fn symbol(&mut self, kind: &str, id: &str) -> String {
        let next = self.symbols.values().filter(|symbol| symbol.starts_with(kind)).count();
        self.symbols.entry(format!("{kind}:{id}")).or_insert_with(|| format!("{kind}{next}")).clone()
    }

    pub(crate) fn producer_symbol(&mut self, id: i64) -> String {
        if id < 0 { "-".to_owned() } else { self.symbol("producer", &id.to_string()) }
    }

    pub(crate) fn perform(&mut self, model: &Model, call: &Call) -> Answer {
        match *call {
            Call::CreateTopic { topic, partitions, factor } => {
                self.create(&model.topic(topic), partitions, factor)
            }
            Call::DeleteTopic { topic } => self.delete(model, &model.topic(topic)),
            Call::Metadata { topic } => self.metadata(&model.topic(topic)),
            Call::Produce { place, records, acks } => {
                let values = values(records);
                let batch = batch(&values.iter().map(String::as_str).collect::<Vec<_>>(), Producer::NONE);
                self.produce(&produce(&[(&model.topic(place.topic), place.partition)], batch, acks))
            }
            Call::ProduceAs { producer, place, records, sequence, epoch } => {
                let id = model.transactional_id(producer);
                let (producer_id, own) = self.producers[producer];
                let producer = Producer {
                    id: producer_id,
                    epoch: own + epoch,
                    sequence: model.sequence(producer, place) + sequence,
                    is_transactional: id.is_some(),
                };
                let values = values(records);
                let batch = batch(&values.iter().map(String::as_str).collect::<Vec<_>>(), producer);
                let request = produce(&[(&model.topic(place.topic), place.partition)], batch, -1);
                self.produce(&request.with_transactional_id(id.map(|id| text(&id).into())))
            }
            Call::Fetch { place, offset, is_committed } => self.fetch(model, place, offset, is_committed),
            Call::ListOffsets { place, timestamp, is_committed } => {
                self.list_offsets(model, place, timestamp, is_committed)
            }
            Call::LeaderEpoch { place, epoch } => self.leader_epoch(model, place, epoch),
            Call::InitProducer { .. }
            | Call::AddPartition { .. }
            | Call::AddOffsets { .. }
            | Call::CommitInTransaction { .. }
            | Call::EndTransaction { .. }
            | Call::DescribeProducers { .. }
            | Call::DescribeTransaction { .. } => self.transact(model, call),
            _ => self.in_group(model, call),
        }
    }

    fn create(&mut self, topic: &str, partitions: i32, factor: i16) -> Answer {
        let asked = CreatableTopic::default().with_name(text(topic).into()).with_num_partitions(partitions);
        let asked = asked.with_replication_factor(factor);
        let request = CreateTopicsRequest::default().with_topics(vec![asked]).with_timeout_ms(10_000);
        let response = self.client.call(7, &request);
        let created = &response.topics[0];
        if created.error_code == 0 {
            self.wait_for_topic(topic, |topic| {
                topic.error_code == 0
                    && topic.partitions.iter().all(|one| one.error_code == 0 && one.leader_id.0 >= 0)
            });
            self.wait_until_led(topic, created.num_partitions);
        }
        let text = format!("{} {}", created.num_partitions, created.replication_factor);
        Answer::new(created.error_code, text)
    }

    fn delete(&mut self, model: &Model, topic: &str) -> Answer {
        let asked = DeleteTopicState::default().with_name(Some(text(topic).into()));
        let request = DeleteTopicsRequest::default().with_topics(vec![asked]).with_timeout_ms(10_000);
        let code = self.client.call(6, &request).responses[0].error_code;
        if code == 0 {
            self.wait_for_topic(topic, |topic| topic.error_code != 0);
            for group in model.groups() {
                self.wait_until_forgotten(&group, topic);
            }
        }
        Answer::new(code, String::new())
    }

    /// Deletes the topics of a sequence.
    pub(crate) fn tidy(&mut self, model: &Model) {
        let topic = |name: String| DeleteTopicState::default().with_name(Some(text(&name).into()));
        let topics = model.topics().map(topic).collect();
        let request = DeleteTopicsRequest::default().with_topics(topics).with_timeout_ms(10_000);
        self.client.call(6, &request);
    }

    fn described(&mut self, topic: &str) -> metadata_response::MetadataResponseTopic {
        let asked = MetadataRequestTopic::default().with_name(Some(text(topic).into()));
        let request = MetadataRequest::default().with_topics(Some(vec![asked]));
        self.client.call(12, &request).topics.remove(0)
    }

    fn wait_for_topic(
        &mut self,
        topic: &str,
        is_so: impl Fn(&metadata_response::MetadataResponseTopic) -> bool,
    ) {
        let until = Instant::now() + PATIENCE;
        while !is_so(&self.described(topic)) {
            assert!(Instant::now() < until, "`{topic}` did not become what it was made");
            sleep(PAUSE);
        }
    }

    fn wait_until_led(&mut self, topic: &str, partitions: i32) {
        let until = Instant::now() + PATIENCE;
        for partition in 0..partitions {
            while self.offset(topic, partition, -2, false).0 != 0 {
                assert!(Instant::now() < until, "`{topic}` had no leader");
                sleep(PAUSE);
            }
        }
    }

    fn metadata(&mut self, topic: &str) -> Answer {
        let described = self.described(topic);
        let id = self.symbol("topic", &described.topic_id.to_string());
        let partitions: Vec<_> = described
            .partitions
            .iter()
            .map(|one| (one.error_code, one.partition_index, one.leader_epoch, one.replica_nodes.len()))
            .collect();
        Answer::new(described.error_code, format!("{id} {} {partitions:?}", described.is_internal))
    }

    fn produce(&mut self, request: &ProduceRequest) -> Answer {
        let (code, text) = settled(|| {
            let response = self.client.call(11, request);
            let partition = &response.responses[0].partition_responses[0];
            let text = format!(
                "at {} from {} records {:?}",
                partition.base_offset,
                partition.log_start_offset,
                partition.record_errors.iter().map(|one| one.batch_index).collect::<Vec<_>>()
            );
            (partition.error_code, text)
        });
        Answer::new(code, text)
    }

    fn fetch(&mut self, model: &Model, place: Place, offset: i64, is_committed: bool) -> Answer {
        let topic = model.topic(place.topic);
        let request =
            fetch(&[(&topic, place.partition)], offset, 0).with_isolation_level(is_committed.into());
        let response = self.client.call(12, &request);
        let partition = &response.responses[0].partitions[0];
        let aborted: Option<Vec<String>> = partition.aborted_transactions.as_ref().map(|aborted| {
            let mut aborted: Vec<_> =
                aborted.iter().map(|one| (one.first_offset, one.producer_id.0)).collect();
            aborted.sort_unstable();
            let symbol = |(first, producer)| format!("{} from {first}", self.producer_symbol(producer));
            aborted.into_iter().map(symbol).collect()
        });
        let read = records(&partition.records.clone().unwrap_or_default()).expect("sound batches");
        let read: Vec<String> = read
            .into_iter()
            .map(|record| {
                let producer = self.producer_symbol(record.producer_id);
                // The value of a marker holds an epoch of the coordinator.
                let bytes = if record.control { record.key } else { record.value };
                let kind = if record.control { "marker" } else { "record" };
                let (epoch, sequence) =
                    (record.producer_epoch, if record.control { -1 } else { record.sequence });
                format!("{}: {kind} {bytes:?} of {producer} {epoch} {sequence}", record.offset)
            })
            .collect();
        let text = format!(
            "{} high {} stable {} start {} aborted {aborted:?} {read:?}",
            response.error_code,
            partition.high_watermark,
            partition.last_stable_offset,
            partition.log_start_offset
        );
        Answer::new(partition.error_code, text)
    }

    fn offset(&mut self, topic: &str, partition: i32, timestamp: i64, is_committed: bool) -> (i16, String) {
        let asked = ListOffsetsPartition::default()
            .with_partition_index(partition)
            .with_current_leader_epoch(-1)
            .with_timestamp(timestamp);
        let asked = ListOffsetsTopic::default().with_name(text(topic).into()).with_partitions(vec![asked]);
        let request = ListOffsetsRequest::default()
            .with_replica_id((-1).into())
            .with_topics(vec![asked])
            .with_isolation_level(is_committed.into());
        let response = self.client.call(8, &request);
        let found = &response.topics[0].partitions[0];
        // Markers have the time of the broker.
        let time = if found.timestamp > BROKER_TIME { "now".to_owned() } else { found.timestamp.to_string() };
        (found.error_code, format!("{} at {time} epoch {}", found.offset, found.leader_epoch))
    }

    fn list_offsets(&mut self, model: &Model, place: Place, timestamp: i64, is_committed: bool) -> Answer {
        let (code, text) = self.offset(&model.topic(place.topic), place.partition, timestamp, is_committed);
        Answer::new(code, text)
    }

    fn leader_epoch(&mut self, model: &Model, place: Place, epoch: i32) -> Answer {
        let asked = OffsetForLeaderPartition::default()
            .with_partition(place.partition)
            .with_current_leader_epoch(-1)
            .with_leader_epoch(epoch);
        let topic = text(&model.topic(place.topic));
        let asked = OffsetForLeaderTopic::default().with_topic(topic.into()).with_partitions(vec![asked]);
        let request =
            OffsetForLeaderEpochRequest::default().with_replica_id((-1).into()).with_topics(vec![asked]);
        let response = self.client.call(4, &request);
        let found = &response.topics[0].partitions[0];
        Answer::new(found.error_code, format!("{} {}", found.leader_epoch, found.end_offset))
    }
}

fn values(count: usize) -> Vec<String> {
    (0..count).map(|place| format!("value {place}")).collect()
}

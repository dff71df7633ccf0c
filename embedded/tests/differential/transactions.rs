//! Producers with ids, and their transactions.

use kafka_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use kafka_protocol::messages::describe_producers_request::TopicRequest;
use kafka_protocol::messages::txn_offset_commit_request::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use kafka_protocol::messages::*;
use kafka_protocol::protocol::StrBytes;

use crate::calls::{Answer, Call, Place};
use crate::model::Model;
use crate::side::{Side, settled};
use crate::support::text;

impl Side {
    pub(crate) fn transact(&mut self, model: &Model, call: &Call) -> Answer {
        match *call {
            Call::InitProducer { producer, keeps } => self.init(model, producer, keeps),
            Call::AddPartition { producer, place, epoch } => {
                self.add_partition(model, producer, place, epoch)
            }
            Call::AddOffsets { producer, group } => {
                let (id, epoch) = self.producers[producer];
                let request = AddOffsetsToTxnRequest::default()
                    .with_transactional_id(transactional_id(model, producer))
                    .with_producer_id(id.into())
                    .with_producer_epoch(epoch)
                    .with_group_id(text(&model.group(group)).into());
                let (code, ()) = settled(|| (self.client.call(3, &request).error_code, ()));
                Answer::new(code, String::new())
            }
            Call::CommitInTransaction { producer, group, place, offset } => {
                self.commit_in_transaction(model, producer, group, place, offset)
            }
            Call::EndTransaction { producer, commit, epoch } => {
                let (id, own) = self.producers[producer];
                let request = EndTxnRequest::default()
                    .with_transactional_id(transactional_id(model, producer))
                    .with_producer_id(id.into())
                    .with_producer_epoch(own + epoch)
                    .with_committed(commit);
                let (code, ()) = settled(|| (self.client.call(3, &request).error_code, ()));
                self.wait_for_markers(model, producer);
                Answer::new(code, String::new())
            }
            Call::DescribeProducers { place } => self.describe_producers(model, place),
            Call::DescribeTransaction { producer } => {
                let (code, text) = self.described_transaction(model, producer);
                Answer::new(code, text)
            }
            _ => unreachable!("it is a call of producers"),
        }
    }

    fn init(&mut self, model: &Model, producer: usize, keeps: bool) -> Answer {
        let id = model.transactional_id(producer);
        let mut request = InitProducerIdRequest::default()
            .with_transactional_id(id.as_ref().map(|id| text(id).into()))
            .with_transaction_timeout_ms(60_000)
            .with_producer_id((-1).into())
            .with_producer_epoch(-1);
        if keeps && id.is_some() {
            let (id, epoch) = self.producers[producer];
            request = request.with_producer_id(id.into()).with_producer_epoch(epoch);
        }
        let (code, given) = settled(|| {
            let response = self.client.call(4, &request);
            (response.error_code, (response.producer_id.0, response.producer_epoch))
        });
        if code == 0 {
            self.producers[producer] = given;
        }
        let symbol = self.producer_symbol(given.0);
        Answer::new(code, format!("{symbol} {}", given.1))
    }

    fn add_partition(&mut self, model: &Model, producer: usize, place: Place, epoch: i16) -> Answer {
        let (id, own) = self.producers[producer];
        let topic = AddPartitionsToTxnTopic::default()
            .with_name(text(&model.topic(place.topic)).into())
            .with_partitions(vec![place.partition]);
        let request = AddPartitionsToTxnRequest::default()
            .with_v3_and_below_transactional_id(transactional_id(model, producer))
            .with_v3_and_below_producer_id(id.into())
            .with_v3_and_below_producer_epoch(own + epoch)
            .with_v3_and_below_topics(vec![topic]);
        let (code, ()) = settled(|| {
            let response = self.client.call(3, &request);
            let topic = &response.results_by_topic_v3_and_below[0];
            (topic.results_by_partition[0].partition_error_code, ())
        });
        Answer::new(code, String::new())
    }

    fn commit_in_transaction(
        &mut self,
        model: &Model,
        producer: usize,
        group: usize,
        place: Place,
        offset: i64,
    ) -> Answer {
        let (id, epoch) = self.producers[producer];
        let partition = TxnOffsetCommitRequestPartition::default()
            .with_partition_index(place.partition)
            .with_committed_offset(offset)
            .with_committed_leader_epoch(-1)
            .with_committed_metadata(Some(StrBytes::default()));
        let topic = TxnOffsetCommitRequestTopic::default()
            .with_name(text(&model.topic(place.topic)).into())
            .with_partitions(vec![partition]);
        let request = TxnOffsetCommitRequest::default()
            .with_transactional_id(transactional_id(model, producer))
            .with_group_id(text(&model.group(group)).into())
            .with_producer_id(id.into())
            .with_producer_epoch(epoch)
            .with_generation_id(-1)
            .with_topics(vec![topic]);
        let (code, ()) = settled(|| (self.client.call(3, &request).topics[0].partitions[0].error_code, ()));
        Answer::new(code, String::new())
    }

    fn describe_producers(&mut self, model: &Model, place: Place) -> Answer {
        let topic = TopicRequest::default()
            .with_name(text(&model.topic(place.topic)).into())
            .with_partition_indexes(vec![place.partition]);
        let response = self.client.call(0, &DescribeProducersRequest::default().with_topics(vec![topic]));
        let partition = &response.topics[0].partitions[0];
        let mut producers: Vec<String> = Vec::new();
        for one in &partition.active_producers {
            let symbol = self.producer_symbol(one.producer_id.0);
            let (epoch, sequence, start) =
                (one.producer_epoch, one.last_sequence, one.current_txn_start_offset);
            producers.push(format!("{symbol} {epoch} {sequence} {start}"));
        }
        producers.sort_unstable();
        Answer::new(partition.error_code, format!("{producers:?}"))
    }

    fn described_transaction(&mut self, model: &Model, producer: usize) -> (i16, String) {
        let request = DescribeTransactionsRequest::default()
            .with_transactional_ids(vec![transactional_id(model, producer)]);
        settled(|| {
            let response = self.client.call(0, &request);
            let state = &response.transaction_states[0];
            if state.error_code != 0 {
                return (state.error_code, String::new());
            }
            let symbol = self.producer_symbol(state.producer_id.0);
            let mut topics: Vec<(String, Vec<i32>)> = Vec::new();
            for topic in &state.topics {
                // The number of partitions of Kafka's own topics is a setting.
                let is_internal = topic.topic.starts_with("__");
                let mut partitions = if is_internal { Vec::new() } else { topic.partitions.clone() };
                partitions.sort_unstable();
                topics.push((topic.topic.to_string(), partitions));
            }
            topics.sort_unstable();
            let (name, timeout) = (state.transaction_state.as_str(), state.transaction_timeout_ms);
            (state.error_code, format!("{name} {symbol} {} {timeout} {topics:?}", state.producer_epoch))
        })
    }

    /// Waits until every partition of an ended transaction has its marker.
    fn wait_for_markers(&mut self, model: &Model, producer: usize) {
        let (code, ()) = settled(|| {
            let (code, text) = self.described_transaction(model, producer);
            let is_ending = text.starts_with("Prepare");
            // `CONCURRENT_TRANSACTIONS` asks for another look.
            (if is_ending { 51 } else { code }, ())
        });
        assert_ne!(code, 51, "a transaction did not end");
    }
}

fn transactional_id(model: &Model, producer: usize) -> TransactionalId {
    text(&model.transactional_id(producer).expect("a transactional producer")).into()
}

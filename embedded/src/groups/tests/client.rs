//! A member of a consumer group as a client keeps it.

use kafka_protocol::messages::consumer_group_heartbeat_request::TopicPartitions;
use kafka_protocol::messages::{
    ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse, ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse,
};
use uuid::Uuid;

use super::world::{OK, World, id, text, topic};

/// A member: it takes what it is given, and says what it has.
pub(super) struct Client {
    pub(super) id: &'static str,
    pub(super) instance: Option<&'static str>,
    pub(super) epoch: i32,
    pub(super) owned: Vec<(Uuid, i32)>,
}

impl Client {
    pub(super) fn new(id: &'static str) -> Self {
        Self { id, instance: None, epoch: 0, owned: Vec::new() }
    }

    pub(super) fn instance(id: &'static str, instance: &'static str) -> Self {
        Self { instance: Some(instance), ..Self::new(id) }
    }

    pub(super) fn request(&self) -> ConsumerGroupHeartbeatRequest {
        ConsumerGroupHeartbeatRequest::default()
            .with_group_id(id("g"))
            .with_member_id(text(self.id))
            .with_instance_id(self.instance.map(text))
            .with_member_epoch(self.epoch)
    }

    pub(super) fn joining(&self, topics: &[&str]) -> ConsumerGroupHeartbeatRequest {
        self.request()
            .with_rebalance_timeout_ms(60_000)
            .with_subscribed_topic_names(Some(topics.iter().map(|name| topic(name)).collect()))
            .with_topic_partitions(Some(Vec::new()))
    }

    pub(super) fn take(&mut self, response: ConsumerGroupHeartbeatResponse) -> bool {
        assert_eq!(response.error_code, OK, "{:?}", response.error_message);
        self.epoch = response.member_epoch;
        let Some(assignment) = response.assignment else { return false };
        let partitions =
            |topic: kafka_protocol::messages::consumer_group_heartbeat_response::TopicPartitions| {
                topic
                    .partitions
                    .into_iter()
                    .map(move |partition| (topic.topic_id, partition))
                    .collect::<Vec<_>>()
            };
        self.owned = assignment.topic_partitions.into_iter().flat_map(partitions).collect();
        true
    }

    pub(super) fn join(&mut self, world: &mut World, topics: &[&str]) {
        let request = self.joining(topics);
        self.take(world.send(1, request).now());
    }

    /// Says nothing new; returns whether it was told something new.
    pub(super) fn beat(&mut self, world: &mut World) -> bool {
        let request = self.request();
        self.take(world.send(1, request).now())
    }

    /// Says what it has, as a client does that gave something up.
    pub(super) fn acknowledge(&mut self, world: &mut World) -> bool {
        let owned = self.owned.iter().map(|(topic, partition)| {
            TopicPartitions::default().with_topic_id(*topic).with_partitions(vec![*partition])
        });
        let request = self.request().with_topic_partitions(Some(owned.collect()));
        self.take(world.send(1, request).now())
    }

    pub(super) fn leave(&mut self, world: &mut World, epoch: i32) -> i16 {
        self.epoch = epoch;
        refused(world, self.request())
    }
}

pub(super) fn refused(world: &mut World, request: ConsumerGroupHeartbeatRequest) -> i16 {
    world.send(1, request).now::<ConsumerGroupHeartbeatResponse>().error_code
}

pub(super) fn state(world: &mut World) -> String {
    let request = ConsumerGroupDescribeRequest::default().with_group_ids(vec![id("g")]);
    let described: ConsumerGroupDescribeResponse = world.send(1, request).now();
    described.groups[0].group_state.to_string()
}

/// Makes a group of two members that share the four partitions of `t`.
pub(super) fn pair(world: &mut World) -> (Client, Client) {
    let (mut first, mut second) = (Client::new("a"), Client::new("b"));
    first.join(world, &["t"]);
    second.join(world, &["t"]);
    first.beat(world);
    first.acknowledge(world);
    second.beat(world);
    assert_eq!((first.owned.len(), second.owned.len()), (2, 2));
    (first, second)
}

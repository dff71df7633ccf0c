//! Groups that the coordinator assigns (KIP-848).

use std::time::Duration;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::consumer_group_heartbeat_request::TopicPartitions;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{
    ConsumerGroupHeartbeatResponse, ListGroupsRequest, ListGroupsResponse, MetadataRequest, MetadataResponse,
};
use uuid::Uuid;

use super::client::{Client, pair, refused, state};
use super::world::{OK, World, text, topic};

const SESSION: Duration = Duration::from_secs(45);
const MOMENT: Duration = Duration::from_millis(1);

#[test]
fn a_member_has_everything_with_its_first_heartbeat() {
    let mut world = World::with_topic("t", 4);
    let mut client = Client::new("a");
    client.join(&mut world, &["t"]);
    assert_eq!((client.epoch, client.owned.len()), (1, 4));
    assert!(!client.beat(&mut world), "nothing changed, and it was told something");
    assert_eq!(state(&mut world), "Stable");
}

#[test]
fn the_coordinator_names_members_of_the_first_version() {
    let mut world = World::with_topic("t", 1);
    let nameless = Client::new("");
    let joined: ConsumerGroupHeartbeatResponse = world.send(0, nameless.joining(&["t"])).now();
    assert_eq!(joined.error_code, OK);
    assert_eq!(joined.heartbeat_interval_ms, 100);
    assert!(joined.member_id.is_some_and(|id| !id.is_empty()));
    assert_eq!(refused(&mut world, nameless.joining(&["t"])), ResponseError::InvalidRequest.code());
}

#[test]
fn partitions_are_given_up_before_they_are_given_away() {
    let mut world = World::with_topic("t", 4);
    let (mut first, mut second) = (Client::new("a"), Client::new("b"));
    first.join(&mut world, &["t"]);
    second.join(&mut world, &["t"]);
    assert_eq!((second.epoch, second.owned.len()), (2, 0));
    assert!(first.beat(&mut world));
    assert_eq!((first.epoch, first.owned.len()), (1, 2));
    assert!(!second.beat(&mut world), "it got what another one still has");
    assert_eq!(state(&mut world), "Reconciling");
    first.acknowledge(&mut world);
    assert_eq!(first.epoch, 2);
    assert!(second.beat(&mut world));
    assert_eq!(second.owned.len(), 2);
    assert!(first.owned.iter().all(|place| !second.owned.contains(place)));
    assert_eq!(state(&mut world), "Stable");
}

#[test]
fn what_a_member_leaves_behind_is_free_at_once() {
    let mut world = World::with_topic("t", 4);
    let (mut first, mut second) = pair(&mut world);
    assert_eq!(second.leave(&mut world, -1), OK);
    assert!(first.beat(&mut world));
    assert_eq!(first.owned.len(), 4);
    assert_eq!(second.leave(&mut world, -1), ResponseError::UnknownMemberId.code());
}

#[test]
fn a_silent_member_loses_its_place_after_its_session() {
    let mut world = World::with_topic("t", 4);
    let (mut first, mut second) = pair(&mut world);
    world.pass(SESSION - MOMENT);
    first.beat(&mut world);
    world.pass(MOMENT);
    assert!(first.beat(&mut world));
    assert_eq!(first.owned.len(), 4);
    assert_eq!(refused(&mut world, second.request()), ResponseError::UnknownMemberId.code());
    second.epoch = 0;
    second.join(&mut world, &["t"]);
    first.beat(&mut world);
    assert_eq!(first.owned.len(), 2);
}

#[test]
fn a_member_that_does_not_give_up_in_time_is_removed() {
    let mut world = World::with_topic("t", 4);
    let (mut first, mut second) = (Client::new("a"), Client::new("b"));
    first.join(&mut world, &["t"]);
    second.join(&mut world, &["t"]);
    first.beat(&mut world);
    for _ in 0..59 {
        world.pass(Duration::from_secs(1));
        first.beat(&mut world);
        second.beat(&mut world);
    }
    assert_eq!(second.owned.len(), 0);
    world.pass(Duration::from_secs(1));
    assert_eq!(refused(&mut world, first.request()), ResponseError::UnknownMemberId.code());
    second.beat(&mut world);
    assert_eq!(second.owned.len(), 4);
}

#[test]
fn epochs_of_another_time_are_fenced() {
    let mut world = World::with_topic("t", 4);
    let (first, _) = pair(&mut world);
    let at = |client: &Client, epoch| client.request().with_member_epoch(epoch);
    let fenced = ResponseError::FencedMemberEpoch.code();
    assert_eq!(refused(&mut world, at(&first, first.epoch + 1)), fenced);
    assert_eq!(refused(&mut world, at(&first, first.epoch - 1)), fenced);
    assert_eq!(refused(&mut world, at(&first, -3)), ResponseError::InvalidRequest.code());
    assert_eq!(refused(&mut world, at(&Client::new("c"), 3)), ResponseError::UnknownMemberId.code());
}

#[test]
fn a_member_that_lost_an_answer_repeats_itself_unless_it_has_too_much() {
    let mut world = World::with_topic("t", 4);
    let (mut first, second) = pair(&mut world);
    let mut repeat = |owned: &[(Uuid, i32)]| {
        let owned = owned.iter().map(|(topic, partition)| {
            TopicPartitions::default().with_topic_id(*topic).with_partitions(vec![*partition])
        });
        let request = first.request().with_member_epoch(first.epoch - 1);
        refused(&mut world, request.with_topic_partitions(Some(owned.collect())))
    };
    assert_eq!(repeat(&first.owned), OK);
    assert_eq!(repeat(&second.owned), ResponseError::FencedMemberEpoch.code());
    // It begins anew then, and gets its place back.
    first.epoch = 0;
    first.join(&mut world, &["t"]);
    assert_eq!((first.epoch, first.owned.len()), (2, 2));
}

#[test]
fn new_partitions_and_topics_are_assigned_and_deleted_ones_are_not() {
    let mut world = World::with_topic("t", 1);
    let mut client = Client::new("a");
    client.join(&mut world, &["t", "u"]);
    assert_eq!(client.owned.len(), 1);
    world.create_topic("u", 3);
    assert!(client.beat(&mut world));
    assert_eq!(client.owned.len(), 4);
    world.state.topics.remove(&topic("t"));
    assert!(client.beat(&mut world));
    assert_eq!(client.owned.len(), 3);
    client.acknowledge(&mut world);
    let again = world.create_topic("t", 2);
    assert!(client.beat(&mut world));
    assert_eq!(client.owned.iter().filter(|(topic, _)| *topic == again).count(), 2);
}

#[test]
fn an_expression_subscribes_to_whole_names() {
    let mut world = World::with_topic("orders", 1);
    world.create_topic("orders-old", 1);
    let client = Client::new("a");
    let by = |regex: &str| {
        let request = client.joining(&[]).with_subscribed_topic_names(None);
        request.with_subscribed_topic_regex(Some(text(regex)))
    };
    assert_eq!(refused(&mut world, by("(")), ResponseError::InvalidRegularExpression.code());
    assert_eq!(world.send(5, ListGroupsRequest::default()).now::<ListGroupsResponse>().groups.len(), 0);
    let mut member = Client::new("a");
    member.take(world.send(1, by("orders")).now());
    assert_eq!(member.owned.len(), 1);
    let wider = member.request().with_subscribed_topic_regex(Some(text("orders.*")));
    member.take(world.send(1, wider).now());
    assert_eq!(member.owned.len(), 2);
    world.create_topic("orders-new", 1);
    member.beat(&mut world);
    assert_eq!(member.owned.len(), 3);
}

#[test]
fn a_member_learns_the_name_of_a_topic_by_its_id() {
    let mut world = World::new();
    let topic_id = world.create_topic("t", 1);
    // The Java client leaves the name empty, where it could be null.
    for name in [None, Some(topic(""))] {
        let asked = MetadataRequestTopic::default().with_topic_id(topic_id).with_name(name);
        let request = MetadataRequest::default().with_topics(Some(vec![asked]));
        let found: MetadataResponse = world.send(12, request).now();
        assert_eq!((found.topics[0].error_code, &found.topics[0].name), (OK, &Some(topic("t"))));
    }
}

#[test]
fn a_static_member_that_is_away_keeps_its_partitions() {
    let mut world = World::with_topic("t", 4);
    let (mut first, mut second) = (Client::instance("a", "i"), Client::instance("b", "j"));
    first.join(&mut world, &["t"]);
    second.join(&mut world, &["t"]);
    first.beat(&mut world);
    first.acknowledge(&mut world);
    second.beat(&mut world);
    let mut next = Client::instance("c", "j");
    assert_eq!(refused(&mut world, next.joining(&["t"])), ResponseError::UnreleasedInstanceId.code());
    assert_eq!(second.leave(&mut world, -2), OK);
    assert!(!first.beat(&mut world), "it got what is kept for another one");
    next.join(&mut world, &["t"]);
    assert_eq!(next.owned, second.owned);
    assert!(!first.beat(&mut world));
    second.epoch = next.epoch;
    assert_eq!(refused(&mut world, second.request()), ResponseError::FencedInstanceId.code());
    // One that does not come back is gone with its session.
    assert_eq!(next.leave(&mut world, -2), OK);
    world.pass(SESSION - MOMENT);
    first.beat(&mut world);
    world.pass(MOMENT);
    first.beat(&mut world);
    assert_eq!(first.owned.len(), 4);
}

#[test]
fn the_range_assignor_gives_runs_of_partitions() {
    let mut world = World::with_topic("t", 5);
    let first = Client::new("a");
    let range = |client: &Client| client.joining(&["t"]).with_server_assignor(Some(text("range")));
    let unknown = first.joining(&["t"]).with_server_assignor(Some(text("sticky")));
    assert_eq!(refused(&mut world, unknown), ResponseError::UnsupportedAssignor.code());
    let (mut first, mut second) = (Client::new("a"), Client::new("b"));
    first.take(world.send(1, range(&first)).now());
    second.take(world.send(1, range(&second)).now());
    first.beat(&mut world);
    first.acknowledge(&mut world);
    second.beat(&mut world);
    let partitions = |client: &Client| client.owned.iter().map(|(_, index)| *index).collect::<Vec<_>>();
    assert_eq!((partitions(&first), partitions(&second)), (vec![0, 1, 2], vec![3, 4]));
}

#[test]
fn every_partition_has_one_owner_however_members_come_and_go() {
    const IDS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
    for seed in 0..50 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut world = World::with_topic("t", 7);
        world.create_topic("u", 4);
        let mut clients: Vec<Client> = Vec::new();
        for _ in 0..60 {
            let absent = IDS.iter().find(|id| clients.iter().all(|client| client.id != **id));
            match (random.u8(..5), absent) {
                (0, Some(id)) => {
                    let mut client = Client::new(id);
                    client.join(&mut world, if random.bool() { &["t", "u"] } else { &["t"] });
                    clients.push(client);
                }
                (1, _) if clients.len() > 1 => {
                    let index = random.usize(..clients.len());
                    clients.remove(index).leave(&mut world, -1);
                }
                (2, _) if !clients.is_empty() => {
                    let index = random.usize(..clients.len());
                    clients[index].beat(&mut world);
                }
                _ if !clients.is_empty() => {
                    let index = random.usize(..clients.len());
                    clients[index].acknowledge(&mut world);
                }
                _ => {}
            }
            let mut owned: Vec<_> = clients.iter().flat_map(|client| client.owned.clone()).collect();
            let count = owned.len();
            owned.sort_unstable();
            owned.dedup();
            assert_eq!(owned.len(), count, "seed {seed}: a partition had two owners");
        }
        for _ in 0..4 {
            for client in &mut clients {
                client.acknowledge(&mut world);
            }
        }
        if !clients.is_empty() {
            let owned: usize = clients.iter().map(|client| client.owned.len()).sum();
            assert!(owned == 11 || owned == 7, "seed {seed}: {owned} partitions had an owner");
            assert_eq!(state(&mut world), "Stable", "seed {seed}");
        }
    }
}

//! Groups of the consumer protocol, in which the server assigns (KIP-848).

use rdkafka::Offset;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::message::Message;
use rdkafka::producer::BaseRecord;

use crate::scope::{
    Scope, Settings, Watch, commit, committed, held, next_error, read, read_through, refused, settle, until,
};

crate::checks!("consumer_groups":
    the_only_member_gets_every_partition,
    two_members_split_the_partitions,
    the_rest_take_over_when_a_member_leaves,
    each_record_reaches_one_member,
    a_new_member_goes_on_at_the_commit,
    the_uniform_and_the_range_assignor_are_known,
    an_unknown_assignor_is_refused,
    added_partitions_are_taken_up,
    a_static_member_gets_its_partitions_back,
    a_second_member_of_a_live_instance_is_refused,
    a_subscription_may_change,
    a_pattern_takes_the_topics_that_match,
);

/// Returns a member; its timeouts are the server's.
fn member(scope: &Scope, topic: &str, settings: Settings<'_>) -> BaseConsumer<Watch> {
    let group = scope.name("group");
    let mut config = scope.config(&[
        ("group.id", &group),
        ("group.protocol", "consumer"),
        ("auto.offset.reset", "earliest"),
        ("enable.auto.commit", "false"),
        ("fetch.wait.max.ms", "50"),
        ("topic.metadata.refresh.interval.ms", "500"),
    ]);
    for (name, value) in settings {
        config.set(*name, *value);
    }
    let consumer: BaseConsumer<Watch> =
        config.create_with_context(Watch::default()).expect("a consumer was made");
    consumer.subscribe(&[topic]).expect("the topic was subscribed");
    consumer
}

fn halves(held: &[Vec<i32>]) -> bool {
    let mut all = held.concat();
    all.sort_unstable();
    held.iter().all(|one| one.len() == 2) && all == [0, 1, 2, 3]
}

fn the_only_member_gets_every_partition(scope: &Scope) {
    let topic = scope.topic(3);
    let only = member(scope, &topic, &[]);
    settle(&[&only], |held| held[0] == [0, 1, 2]);
}

fn two_members_split_the_partitions(scope: &Scope) {
    let topic = scope.topic(4);
    let group = scope.name("group");
    let first = member(scope, &topic, &[("group.id", &group)]);
    settle(&[&first], |held| held[0] == [0, 1, 2, 3]);
    let second = member(scope, &topic, &[("group.id", &group)]);
    settle(&[&first, &second], halves);
    let said = first.context().rebalances();
    let expected = format!("revoke {:?}", held(&second));
    assert!(said.contains(&expected), "`{expected}` was not among {said:?}");
}

fn the_rest_take_over_when_a_member_leaves(scope: &Scope) {
    let topic = scope.topic(4);
    let group = scope.name("group");
    let [first, second] = [0, 1].map(|_| member(scope, &topic, &[("group.id", &group)]));
    settle(&[&first, &second], halves);
    drop(second);
    settle(&[&first], |held| held[0] == [0, 1, 2, 3]);
}

fn each_record_reaches_one_member(scope: &Scope) {
    let topic = scope.topic(4);
    let group = scope.name("group");
    let members = [0, 1].map(|_| member(scope, &topic, &[("group.id", &group)]));
    settle(&[&members[0], &members[1]], halves);
    let producer = scope.producer(&[]);
    for i in 0..40 {
        producer.send(BaseRecord::to(&topic).payload("x").partition(i % 4)).expect("it was delivered");
    }
    let mut seen: Vec<(i32, i64)> = Vec::new();
    for one in &members {
        seen.extend(read(one, 20).iter().map(|record| (record.partition(), record.offset())));
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 40);
}

fn a_new_member_goes_on_at_the_commit(scope: &Scope) {
    let topic = scope.filled(&["a", "b", "c", "d"]);
    let group = scope.name("group");
    let first = member(scope, &topic, &[("group.id", &group)]);
    read(&first, 4);
    commit(&first, &topic, 0, 2).expect("the offset was committed");
    drop(first);
    let second = member(scope, &topic, &[("group.id", &group)]);
    assert_eq!(read_through(&second, "d"), ["c", "d"]);
    assert_eq!(committed(&second, &topic, 0), Offset::Offset(2));
}

fn the_uniform_and_the_range_assignor_are_known(scope: &Scope) {
    for assignor in ["uniform", "range"] {
        let topic = scope.topic(2);
        let only = member(scope, &topic, &[("group.remote.assignor", assignor)]);
        settle(&[&only], |held| held[0] == [0, 1]);
    }
}

fn an_unknown_assignor_is_refused(scope: &Scope) {
    let topic = scope.topic(1);
    let only = member(scope, &topic, &[("group.remote.assignor", "nobody")]);
    refused::<()>(Err(next_error(&only)), RDKafkaErrorCode::UnsupportedAssignor);
    assert_eq!(
        only.client().fatal_error().map(|(code, _)| code),
        Some(RDKafkaErrorCode::UnsupportedAssignor)
    );
}

fn added_partitions_are_taken_up(scope: &Scope) {
    let topic = scope.topic(1);
    let only = member(scope, &topic, &[]);
    settle(&[&only], |held| held[0] == [0]);
    let wanted = rdkafka::admin::NewPartitions::new(&topic, 3);
    let grown = scope.wait(scope.admin().create_partitions([&wanted], &rdkafka::admin::AdminOptions::new()));
    assert_eq!(grown.expect("create partitions was answered"), [Ok(topic.clone())]);
    settle(&[&only], |held| held[0] == [0, 1, 2]);
}

fn a_static_member_gets_its_partitions_back(scope: &Scope) {
    let topic = scope.topic(4);
    let group = scope.name("group");
    let of = |instance| member(scope, &topic, &[("group.id", &group), ("group.instance.id", instance)]);
    let (first, second) = (of("one"), of("two"));
    settle(&[&first, &second], halves);
    let was = held(&second);
    drop(second);
    let again = of("two");
    settle(&[&first, &again], halves);
    assert_eq!(held(&again), was);
}

fn a_second_member_of_a_live_instance_is_refused(scope: &Scope) {
    let topic = scope.topic(1);
    let group = scope.name("group");
    let settings = [("group.id", group.as_str()), ("group.instance.id", "only")];
    let first = member(scope, &topic, &settings);
    settle(&[&first], |held| held[0] == [0]);
    let second = member(scope, &topic, &settings);
    refused::<()>(Err(next_error(&second)), RDKafkaErrorCode::UnreleasedInstanceId);
    assert_eq!(
        second.client().fatal_error().map(|(code, _)| code),
        Some(RDKafkaErrorCode::UnreleasedInstanceId)
    );
    assert_eq!(held(&first), [0]);
}

fn a_subscription_may_change(scope: &Scope) {
    let topics = [scope.topic(1), scope.topic(2)];
    let only = member(scope, &topics[0], &[]);
    settle(&[&only], |held| held[0] == [0]);
    only.subscribe(&[&topics[1]]).expect("the other topic was subscribed");
    settle(&[&only], |held| held[0] == [0, 1]);
    until("the first topic is given back", || {
        only.assignment().expect("an assignment").elements_for_topic(&topics[0]).is_empty()
    });
}

fn a_pattern_takes_the_topics_that_match(scope: &Scope) {
    let stem = scope.name("stem");
    for end in ["one", "two", "other"] {
        scope.make(&format!("{stem}.{end}"), 1, &[]);
    }
    let only = member(scope, &format!("^{stem}\\.(one|two)$"), &[]);
    settle(&[&only], |held| held[0].len() == 2);
    let list = only.assignment().expect("an assignment");
    let mut topics: Vec<String> = list.elements().iter().map(|one| one.topic().to_owned()).collect();
    topics.sort();
    assert_eq!(topics, [format!("{stem}.one"), format!("{stem}.two")]);
}

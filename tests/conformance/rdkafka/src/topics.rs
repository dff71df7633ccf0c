//! Making, growing and deleting topics.

use rdkafka::Offset;
use rdkafka::admin::{AdminOptions, NewPartitions, NewTopic, TopicReplication, TopicResult};
use rdkafka::consumer::Consumer;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::BaseRecord;

use crate::scope::{Scope, WAIT, partitions_of, read, read_through, settle, until, value};

crate::checks!("topics":
    a_created_topic_has_its_partitions,
    creating_an_existing_topic_is_refused,
    each_topic_of_a_call_has_its_own_result,
    an_unfit_number_of_partitions_is_refused,
    more_replicas_than_nodes_are_refused,
    an_unfit_name_is_refused,
    an_unknown_setting_is_refused,
    validate_only_creates_nothing,
    a_given_assignment_is_kept,
    partitions_can_be_added_and_written,
    as_many_partitions_as_there_are_is_refused,
    partitions_of_an_unknown_topic_are_refused,
    deleting_an_unknown_topic_is_refused,
    a_topic_made_anew_starts_at_zero,
    a_subscription_finds_a_topic_made_later,
    a_pattern_takes_the_topics_that_match,
);

fn create(scope: &Scope, topic: &NewTopic<'_>, options: &AdminOptions) -> TopicResult {
    let results =
        scope.wait(scope.admin().create_topics([topic], options)).expect("create topics was answered");
    assert_eq!(results.len(), 1);
    results.into_iter().next().expect("there is one result")
}

fn create_refused(scope: &Scope, topic: &NewTopic<'_>, code: RDKafkaErrorCode) {
    assert_eq!(create(scope, topic, &AdminOptions::new()), Err((topic.name.to_owned(), code)));
}

fn grow(scope: &Scope, topic: &str, count: usize) -> TopicResult {
    let wanted = NewPartitions::new(topic, count);
    let results = scope
        .wait(scope.admin().create_partitions([&wanted], &AdminOptions::new()))
        .expect("create partitions was answered");
    results.into_iter().next().expect("there is one result")
}

fn delete(scope: &Scope, topic: &str) -> TopicResult {
    let results = scope
        .wait(scope.admin().delete_topics(&[topic], &AdminOptions::new()))
        .expect("delete topics was answered");
    results.into_iter().next().expect("there is one result")
}

fn a_created_topic_has_its_partitions(scope: &Scope) {
    let topic = scope.topic(5);
    assert_eq!(partitions_of(&scope.consumer(&[]), &topic), Some(5));
}

fn creating_an_existing_topic_is_refused(scope: &Scope) {
    let name = scope.topic(1);
    create_refused(
        scope,
        &NewTopic::new(&name, 1, TopicReplication::Fixed(1)),
        RDKafkaErrorCode::TopicAlreadyExists,
    );
}

fn each_topic_of_a_call_has_its_own_result(scope: &Scope) {
    let (old, fresh, unfit) = (scope.topic(1), scope.name("topic"), scope.name("topic"));
    let asked = [
        NewTopic::new(&old, 1, TopicReplication::Fixed(1)),
        NewTopic::new(&fresh, 1, TopicReplication::Fixed(1)),
        NewTopic::new(&unfit, 1, TopicReplication::Fixed(99)),
    ];
    let mut results = scope
        .wait(scope.admin().create_topics(&asked, &AdminOptions::new()))
        .expect("create topics was answered");
    let mut expected = vec![
        Err((old, RDKafkaErrorCode::TopicAlreadyExists)),
        Ok(fresh),
        Err((unfit, RDKafkaErrorCode::InvalidReplicationFactor)),
    ];
    results.sort_by_key(|one| format!("{one:?}"));
    expected.sort_by_key(|one| format!("{one:?}"));
    assert_eq!(results, expected);
}

fn an_unfit_number_of_partitions_is_refused(scope: &Scope) {
    let name = scope.name("topic");
    create_refused(
        scope,
        &NewTopic::new(&name, 0, TopicReplication::Fixed(1)),
        RDKafkaErrorCode::InvalidPartitions,
    );
}

fn more_replicas_than_nodes_are_refused(scope: &Scope) {
    let name = scope.name("topic");
    let topic = NewTopic::new(&name, 1, TopicReplication::Fixed(99));
    create_refused(scope, &topic, RDKafkaErrorCode::InvalidReplicationFactor);
}

fn an_unfit_name_is_refused(scope: &Scope) {
    let long = "x".repeat(250);
    for name in ["with space", "..", &long] {
        create_refused(
            scope,
            &NewTopic::new(name, 1, TopicReplication::Fixed(1)),
            RDKafkaErrorCode::InvalidTopic,
        );
    }
}

fn an_unknown_setting_is_refused(scope: &Scope) {
    let name = scope.name("topic");
    let topic = NewTopic::new(&name, 1, TopicReplication::Fixed(1)).set("no.such.setting", "1");
    create_refused(scope, &topic, RDKafkaErrorCode::InvalidConfig);
}

fn validate_only_creates_nothing(scope: &Scope) {
    let name = scope.name("topic");
    let topic = NewTopic::new(&name, 1, TopicReplication::Fixed(1));
    assert_eq!(create(scope, &topic, &AdminOptions::new().validate_only(true)), Ok(name.clone()));
    assert_eq!(partitions_of(&scope.consumer(&[]), &name), None);
}

fn a_given_assignment_is_kept(scope: &Scope) {
    let admin = scope.admin();
    let node = admin.inner().fetch_metadata(None, WAIT).expect("metadata was answered").brokers()[0].id();
    let name = scope.name("topic");
    let nodes = [node];
    let assignment: [&[i32]; 2] = [&nodes, &nodes];
    let topic = NewTopic::new(&name, 2, TopicReplication::Variable(&assignment));
    assert_eq!(create(scope, &topic, &AdminOptions::new()), Ok(name.clone()));
    until("both partitions are led", || partitions_of(&scope.consumer(&[]), &name) == Some(2));
    let metadata = admin.inner().fetch_metadata(Some(&name), WAIT).expect("metadata was answered");
    for partition in metadata.topics()[0].partitions() {
        assert_eq!((partition.leader(), partition.replicas()), (node, &nodes[..]));
    }
}

fn partitions_can_be_added_and_written(scope: &Scope) {
    let topic = scope.topic(1);
    assert_eq!(grow(scope, &topic, 3), Ok(topic.clone()));
    until("three partitions are led", || partitions_of(&scope.consumer(&[]), &topic) == Some(3));
    let delivery = scope.producer(&[]).send(BaseRecord::to(&topic).payload("new").partition(2));
    assert_eq!(delivery, Ok((2, 0)));
}

fn as_many_partitions_as_there_are_is_refused(scope: &Scope) {
    let topic = scope.topic(3);
    for count in [2, 3] {
        assert_eq!(grow(scope, &topic, count), Err((topic.clone(), RDKafkaErrorCode::InvalidPartitions)));
    }
}

fn partitions_of_an_unknown_topic_are_refused(scope: &Scope) {
    let topic = scope.name("nowhere");
    assert_eq!(grow(scope, &topic, 3), Err((topic, RDKafkaErrorCode::UnknownTopicOrPartition)));
}

fn deleting_an_unknown_topic_is_refused(scope: &Scope) {
    let topic = scope.name("nowhere");
    assert_eq!(delete(scope, &topic), Err((topic, RDKafkaErrorCode::UnknownTopicOrPartition)));
}

fn a_topic_made_anew_starts_at_zero(scope: &Scope) {
    let topic = scope.filled(&["old", "older"]);
    assert_eq!(delete(scope, &topic), Ok(topic.clone()));
    until("the topic is gone", || partitions_of(&scope.consumer(&[]), &topic).is_none());
    scope.make(&topic, 1, &[]);
    assert_eq!(scope.producer(&[]).send(BaseRecord::to(&topic).payload("new")), Ok((0, 0)));
    assert_eq!(read_through(&scope.reader(&topic, Offset::Beginning, &[]), "new"), ["new"]);
}

fn a_subscription_finds_a_topic_made_later(scope: &Scope) {
    let topic = scope.name("later");
    let consumer = scope.member(&topic, &[("topic.metadata.refresh.interval.ms", "200")]);
    // The first poll may report that there is no such topic yet.
    drop(consumer.poll(std::time::Duration::from_millis(100)));
    scope.make(&topic, 1, &[]);
    scope.producer(&[]).send_all(&topic, &["a"]);
    until("the record came", || matches!(consumer.poll(std::time::Duration::from_millis(100)), Some(Ok(_))));
}

fn a_pattern_takes_the_topics_that_match(scope: &Scope) {
    let stem = scope.name("stem");
    for end in ["one", "two", "other"] {
        let topic = format!("{stem}.{end}");
        scope.make(&topic, 1, &[]);
        scope.producer(&[]).send_all(&topic, &[end]);
    }
    let consumer = scope.member(&format!("^{stem}\\.(one|two)$"), &[]);
    let mut values: Vec<String> = read(&consumer, 2).iter().map(value).collect();
    values.sort();
    assert_eq!(values, ["one", "two"]);
    let held = settle(&[&consumer], |held| held[0].len() == 2);
    assert!(held.is_empty(), "more came than was written");
    let mut topics: Vec<String> = consumer
        .assignment()
        .expect("an assignment")
        .elements()
        .iter()
        .map(|one| one.topic().to_owned())
        .collect();
    topics.sort();
    assert_eq!(topics, [format!("{stem}.one"), format!("{stem}.two")]);
}

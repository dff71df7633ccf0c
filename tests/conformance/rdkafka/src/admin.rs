//! Deleting records and groups.

use rdkafka::admin::{AdminOptions, GroupResult};
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaResult, RDKafkaErrorCode};
use rdkafka::{Offset, TopicPartitionList};

use crate::scope::{Scope, WAIT, at, commit, committed, read, read_through, refused, settle};

crate::checks!("admin":
    deleted_records_move_the_start,
    the_end_deletes_all_records,
    deleting_records_beyond_the_end_is_refused,
    an_empty_group_is_deleted_with_its_offsets,
    a_group_with_members_is_not_deleted,
    deleting_an_unknown_group_is_refused,
);

fn delete_records(scope: &Scope, topic: &str, before: Offset) -> KafkaResult<TopicPartitionList> {
    scope.wait(scope.admin().delete_records(&at(topic, 0, before), &AdminOptions::new()))
}

fn delete_group(scope: &Scope, group: &str) -> GroupResult {
    let results = scope
        .wait(scope.admin().delete_groups(&[group], &AdminOptions::new()))
        .expect("delete groups was answered");
    results.into_iter().next().expect("there is one result")
}

fn deleted_records_move_the_start(scope: &Scope) {
    let topic = scope.filled(&["a", "b", "c", "d"]);
    let answer = delete_records(scope, &topic, Offset::Offset(3)).expect("records were deleted");
    assert_eq!(answer.elements()[0].offset(), Offset::Offset(3));
    let reader = scope.reader(&topic, Offset::Beginning, &[]);
    assert_eq!(reader.fetch_watermarks(&topic, 0, WAIT), Ok((3, 4)));
    assert_eq!(read_through(&reader, "d"), ["d"]);
}

fn the_end_deletes_all_records(scope: &Scope) {
    let topic = scope.filled(&["a", "b"]);
    let answer = delete_records(scope, &topic, Offset::End).expect("records were deleted");
    assert_eq!(answer.elements()[0].offset(), Offset::Offset(2));
    assert_eq!(scope.consumer(&[]).fetch_watermarks(&topic, 0, WAIT), Ok((2, 2)));
}

fn deleting_records_beyond_the_end_is_refused(scope: &Scope) {
    let topic = scope.filled(&["a"]);
    let answer = delete_records(scope, &topic, Offset::Offset(2)).expect("delete records was answered");
    let list = answer.elements();
    refused(list[0].error(), RDKafkaErrorCode::OffsetOutOfRange);
    assert_eq!(scope.consumer(&[]).fetch_watermarks(&topic, 0, WAIT), Ok((0, 1)));
}

fn an_empty_group_is_deleted_with_its_offsets(scope: &Scope) {
    let topic = scope.filled(&["a"]);
    let group = scope.name("group");
    let consumer = scope.consumer(&[("group.id", &group)]);
    commit(&consumer, &topic, 0, 1).expect("the offset was committed");
    assert_eq!(committed(&consumer, &topic, 0), Offset::Offset(1));
    assert_eq!(delete_group(scope, &group), Ok(group.clone()));
    assert_eq!(committed(&consumer, &topic, 0), Offset::Invalid);
    let listed = consumer.fetch_group_list(None, WAIT).expect("groups were listed");
    assert!(listed.groups().iter().all(|one| one.name() != group));
}

fn a_group_with_members_is_not_deleted(scope: &Scope) {
    let topic = scope.filled(&["a"]);
    let group = scope.name("group");
    let member = scope.member(&topic, &[("group.id", &group)]);
    read(&member, 1);
    settle(&[&member], |held| held[0] == [0]);
    assert_eq!(delete_group(scope, &group), Err((group, RDKafkaErrorCode::NonEmptyGroup)));
}

fn deleting_an_unknown_group_is_refused(scope: &Scope) {
    let group = scope.name("nobody");
    assert_eq!(delete_group(scope, &group), Err((group, RDKafkaErrorCode::GroupIdNotFound)));
}

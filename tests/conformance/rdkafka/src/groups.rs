//! Groups of the classic protocol.

use std::time::Duration;

use rdkafka::Offset;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, RebalanceProtocol};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::message::Message;
use rdkafka::producer::BaseRecord;

use crate::scope::{
    Scope, WAIT, Watch, at, commit, committed, held, next_error, read, read_through, refused, settle, until,
    value,
};

crate::checks!("groups":
    the_only_member_gets_every_partition,
    two_members_split_the_partitions,
    the_rest_take_over_when_a_member_leaves,
    cooperative_members_keep_what_stays_theirs,
    each_record_reaches_one_member,
    a_commit_is_read_back_with_its_metadata,
    a_new_member_goes_on_at_the_commit,
    an_asynchronous_commit_arrives,
    stored_offsets_are_committed,
    the_offset_of_a_message_is_committed,
    closing_commits_what_was_stored,
    a_group_without_commits_has_no_offset,
    a_commit_may_come_from_outside_while_the_group_is_empty,
    a_commit_from_outside_a_running_group_is_refused,
    metadata_of_a_commit_has_a_limit,
    a_static_member_comes_back_without_a_rebalance,
    a_second_member_of_one_instance_fences_the_first,
    a_stable_group_is_listed_with_its_members,
    a_group_whose_members_left_is_empty,
    a_member_that_stops_polling_is_told,
    a_session_timeout_outside_the_limits_is_refused,
    members_without_a_common_assignor_are_refused,
    added_partitions_are_taken_up,
);

fn pair(scope: &Scope, topic: &str, settings: crate::scope::Settings<'_>) -> [BaseConsumer<Watch>; 2] {
    let group = scope.name("group");
    let mut all = vec![("group.id", group.as_str())];
    all.extend_from_slice(settings);
    let first = scope.member(topic, &all);
    settle(&[&first], |held| !held[0].is_empty());
    [first, scope.member(topic, &all)]
}

fn halves(held: &[Vec<i32>]) -> bool {
    let mut all = held.concat();
    all.sort_unstable();
    held.iter().all(|one| one.len() == 2) && all == [0, 1, 2, 3]
}

fn the_only_member_gets_every_partition(scope: &Scope) {
    let topic = scope.topic(3);
    let member = scope.member(&topic, &[]);
    settle(&[&member], |held| held[0] == [0, 1, 2]);
    assert_eq!(member.context().rebalances(), ["assign [0, 1, 2]"]);
    assert!(matches!(member.rebalance_protocol(), RebalanceProtocol::Eager));
    assert!(!member.assignment_lost());
}

fn two_members_split_the_partitions(scope: &Scope) {
    for (assignor, expected) in [("range", [[0, 1], [2, 3]]), ("roundrobin", [[0, 2], [1, 3]])] {
        let topic = scope.topic(4);
        let [first, second] = pair(scope, &topic, &[("partition.assignment.strategy", assignor)]);
        settle(&[&first, &second], halves);
        let mut both = [held(&first), held(&second)];
        both.sort();
        assert_eq!(both, expected, "with {assignor}");
        assert_eq!(first.context().rebalances()[..2], ["assign [0, 1, 2, 3]", "revoke [0, 1, 2, 3]"]);
    }
}

fn the_rest_take_over_when_a_member_leaves(scope: &Scope) {
    let topic = scope.topic(4);
    let [first, second] = pair(scope, &topic, &[]);
    settle(&[&first, &second], halves);
    drop(second);
    settle(&[&first], |held| held[0] == [0, 1, 2, 3]);
}

fn cooperative_members_keep_what_stays_theirs(scope: &Scope) {
    let topic = scope.topic(4);
    let [first, second] = pair(scope, &topic, &[("partition.assignment.strategy", "cooperative-sticky")]);
    settle(&[&first, &second], halves);
    assert!(matches!(first.rebalance_protocol(), RebalanceProtocol::Cooperative));
    let said = first.context().rebalances();
    let revoked: Vec<&String> = said.iter().filter(|one| one.starts_with("revoke")).collect();
    assert_eq!(revoked, [&format!("revoke {:?}", held(&second))], "of {said:?}");
    drop(second);
    settle(&[&first], |held| held[0] == [0, 1, 2, 3]);
}

fn each_record_reaches_one_member(scope: &Scope) {
    let topic = scope.topic(4);
    let [first, second] = pair(scope, &topic, &[]);
    settle(&[&first, &second], halves);
    let producer = scope.producer(&[]);
    for i in 0..40 {
        let text = i.to_string();
        producer
            .send(BaseRecord::to(&topic).payload(text.as_str()).partition(i % 4))
            .expect("it was delivered");
    }
    let mut seen: Vec<(i32, String)> = Vec::new();
    for member in [&first, &second] {
        let mine = held(member);
        for record in read(member, 20) {
            assert!(mine.contains(&record.partition()), "a record came from a foreign partition");
            seen.push((record.partition(), value(&record)));
        }
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 40);
}

fn a_commit_is_read_back_with_its_metadata(scope: &Scope) {
    let topic = scope.filled(&["a", "b"]);
    let consumer = scope.consumer(&[]);
    let list = at(&topic, 0, Offset::Offset(1));
    list.elements()[0].set_metadata("half way");
    consumer.commit(&list, CommitMode::Sync).expect("the offset was committed");
    let answer = consumer.committed_offsets(at(&topic, 0, Offset::Invalid), WAIT).expect("it was answered");
    drop(list);
    let elements = answer.elements();
    assert_eq!((elements[0].offset(), elements[0].metadata()), (Offset::Offset(1), "half way"));
}

fn a_new_member_goes_on_at_the_commit(scope: &Scope) {
    let topic = scope.filled(&["a", "b", "c", "d"]);
    let group = scope.name("group");
    let first = scope.member(&topic, &[("group.id", &group)]);
    read(&first, 4);
    commit(&first, &topic, 0, 2).expect("the offset was committed");
    drop(first);
    let second = scope.member(&topic, &[("group.id", &group)]);
    assert_eq!(read_through(&second, "d"), ["c", "d"]);
}

fn an_asynchronous_commit_arrives(scope: &Scope) {
    let topic = scope.filled(&["a"]);
    let member = scope.member(&topic, &[]);
    read(&member, 1);
    member.commit_consumer_state(CommitMode::Async).expect("the commit was begun");
    until("the offset is committed", || committed(&member, &topic, 0) == Offset::Offset(1));
}

fn stored_offsets_are_committed(scope: &Scope) {
    let topic = scope.filled(&["a", "b", "c"]);
    let member = scope.member(&topic, &[("enable.auto.offset.store", "false")]);
    read(&member, 3);
    member.store_offset(&topic, 0, 1).expect("the offset was stored");
    member.commit_consumer_state(CommitMode::Sync).expect("the offset was committed");
    // What is stored is the offset of the last record, what is committed that of the next.
    assert_eq!(committed(&member, &topic, 0), Offset::Offset(2));
}

fn the_offset_of_a_message_is_committed(scope: &Scope) {
    let topic = scope.filled(&["a", "b"]);
    let member = scope.member(&topic, &[]);
    let end = std::time::Instant::now() + WAIT;
    let message = loop {
        if let Some(message) = member.poll(Duration::from_millis(100)) {
            break message.expect("no error came");
        }
        assert!(std::time::Instant::now() < end, "no record came");
    };
    member.commit_message(&message, CommitMode::Sync).expect("the offset was committed");
    assert_eq!(committed(&member, &topic, 0), Offset::Offset(1));
}

fn closing_commits_what_was_stored(scope: &Scope) {
    let topic = scope.filled(&["a", "b"]);
    let group = scope.name("group");
    let member = scope.member(&topic, &[("group.id", &group), ("enable.auto.commit", "true")]);
    read(&member, 2);
    drop(member);
    assert_eq!(committed(&scope.consumer(&[("group.id", &group)]), &topic, 0), Offset::Offset(2));
}

fn a_group_without_commits_has_no_offset(scope: &Scope) {
    let topic = scope.topic(1);
    assert_eq!(committed(&scope.consumer(&[]), &topic, 0), Offset::Invalid);
}

fn a_commit_may_come_from_outside_while_the_group_is_empty(scope: &Scope) {
    let topic = scope.filled(&["a", "b"]);
    let group = scope.name("group");
    commit(&scope.consumer(&[("group.id", &group)]), &topic, 0, 1).expect("the offset was committed");
    assert_eq!(read_through(&scope.member(&topic, &[("group.id", &group)]), "b"), ["b"]);
}

fn a_commit_from_outside_a_running_group_is_refused(scope: &Scope) {
    let topic = scope.filled(&["a"]);
    let group = scope.name("group");
    let member = scope.member(&topic, &[("group.id", &group)]);
    read(&member, 1);
    let outside = scope.consumer(&[("group.id", &group)]);
    refused(commit(&outside, &topic, 0, 1), RDKafkaErrorCode::UnknownMemberId);
    assert_eq!(committed(&outside, &topic, 0), Offset::Invalid);
}

fn metadata_of_a_commit_has_a_limit(scope: &Scope) {
    let topic = scope.topic(1);
    let consumer = scope.consumer(&[]);
    let list = at(&topic, 0, Offset::Offset(0));
    list.elements()[0].set_metadata("x".repeat(4_097));
    refused(consumer.commit(&list, CommitMode::Sync), RDKafkaErrorCode::OffsetMetadataTooLarge);
    list.elements()[0].set_metadata("x".repeat(4_096));
    consumer.commit(&list, CommitMode::Sync).expect("the longest metadata fits");
}

fn a_static_member_comes_back_without_a_rebalance(scope: &Scope) {
    let topic = scope.topic(4);
    let group = scope.name("group");
    let member = |instance| scope.member(&topic, &[("group.id", &group), ("group.instance.id", instance)]);
    let (first, second) = (member("one"), member("two"));
    settle(&[&first, &second], halves);
    let (was, said) = (held(&second), first.context().rebalances());
    drop(second);
    let again = member("two");
    settle(&[&first, &again], halves);
    assert_eq!(held(&again), was);
    assert_eq!(first.context().rebalances(), said, "the other member had to rebalance");
}

fn a_second_member_of_one_instance_fences_the_first(scope: &Scope) {
    let topic = scope.topic(1);
    let group = scope.name("group");
    let settings = [("group.id", group.as_str()), ("group.instance.id", "only")];
    let first = scope.member(&topic, &settings);
    settle(&[&first], |held| held[0] == [0]);
    let second = scope.member(&topic, &settings);
    settle(&[&second], |held| held[0] == [0]);
    refused::<()>(Err(next_error(&first)), RDKafkaErrorCode::FencedInstanceId);
    assert_eq!(first.client().fatal_error().map(|(code, _)| code), Some(RDKafkaErrorCode::FencedInstanceId));
}

fn a_stable_group_is_listed_with_its_members(scope: &Scope) {
    let topic = scope.topic(2);
    let group = scope.name("group");
    let member = scope.member(&topic, &[("group.id", &group), ("client.id", "the-client")]);
    settle(&[&member], |held| held[0] == [0, 1]);
    let list = member.fetch_group_list(Some(&group), WAIT).expect("the group was described");
    let [found] = list.groups() else { panic!("expected one group") };
    assert_eq!(
        (found.name(), found.state(), found.protocol_type(), found.protocol()),
        (group.as_str(), "Stable", "consumer", "range")
    );
    let [one] = found.members() else { panic!("expected one member") };
    assert_eq!((one.client_id(), one.client_host()), ("the-client", "/127.0.0.1"));
    assert!(one.id().starts_with("the-client-"), "`{}` does not begin with the client id", one.id());
    assert!(
        one.assignment().is_some_and(|bytes| bytes.windows(topic.len()).any(|part| part == topic.as_bytes()))
    );
}

fn a_group_whose_members_left_is_empty(scope: &Scope) {
    let topic = scope.topic(1);
    let group = scope.name("group");
    let member = scope.member(&topic, &[("group.id", &group)]);
    settle(&[&member], |held| held[0] == [0]);
    drop(member);
    let outside = scope.consumer(&[("group.id", &group)]);
    until("the group is empty", || {
        let list = outside.fetch_group_list(Some(&group), WAIT).expect("the group was described");
        list.groups().len() == 1
            && list.groups()[0].state() == "Empty"
            && list.groups()[0].members().is_empty()
    });
}

fn a_member_that_stops_polling_is_told(scope: &Scope) {
    let topic = scope.topic(1);
    let group = scope.name("group");
    let of = |interval| [("group.id", group.as_str()), ("max.poll.interval.ms", interval)];
    let first = scope.member(&topic, &of("6000"));
    settle(&[&first], |held| held[0] == [0]);
    // The first is not polled any more and leaves, so the second gets its partition. The second allows the group
    // longer, so that the first is not evicted before: to be polled then would be its excuse.
    let second = scope.member(&topic, &of("9000"));
    settle(&[&second], |held| held[0] == [0]);
    refused::<()>(Err(next_error(&first)), RDKafkaErrorCode::PollExceeded);
}

fn a_session_timeout_outside_the_limits_is_refused(scope: &Scope) {
    let topic = scope.topic(1);
    let member = scope.member(&topic, &[("session.timeout.ms", "500"), ("max.poll.interval.ms", "1000")]);
    refused::<()>(Err(next_error(&member)), RDKafkaErrorCode::InvalidSessionTimeout);
}

fn members_without_a_common_assignor_are_refused(scope: &Scope) {
    let topic = scope.topic(1);
    let group = scope.name("group");
    let of = |assignor| [("group.id", group.as_str()), ("partition.assignment.strategy", assignor)];
    let first = scope.member(&topic, &of("range"));
    settle(&[&first], |held| held[0] == [0]);
    let second = scope.member(&topic, &of("roundrobin"));
    refused::<()>(Err(next_error(&second)), RDKafkaErrorCode::InconsistentGroupProtocol);
}

fn added_partitions_are_taken_up(scope: &Scope) {
    let topic = scope.topic(1);
    let member = scope.member(&topic, &[("topic.metadata.refresh.interval.ms", "200")]);
    settle(&[&member], |held| held[0] == [0]);
    let wanted = rdkafka::admin::NewPartitions::new(&topic, 3);
    let grown = scope.wait(scope.admin().create_partitions([&wanted], &rdkafka::admin::AdminOptions::new()));
    assert_eq!(grown.expect("create partitions was answered"), [Ok(topic.clone())]);
    settle(&[&member], |held| held[0] == [0, 1, 2]);
}

//! Transactions.

use std::time::{Duration, Instant};

use rdkafka::Offset;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::{BaseRecord, Producer};

use crate::scope::{
    Reporting, Scope, WAIT, Watch, at, committed, next_error, read, read_through, refused, settle, until,
    value,
};

crate::checks!("txn":
    a_commit_is_seen_by_both_isolation_levels,
    an_abort_is_hidden_from_read_committed_only,
    aborts_and_commits_in_turn_are_told_apart,
    an_open_transaction_holds_back_what_comes_after_it,
    a_waiting_committed_reader_wakes_at_the_commit,
    the_committed_reader_ends_at_the_last_stable_offset,
    the_end_of_a_transaction_takes_one_offset,
    several_partitions_commit_together,
    transactions_of_two_producers_interleave,
    offsets_are_stored_with_the_commit,
    offsets_of_an_abort_are_forgotten,
    open_offsets_hold_back_who_asks_for_stable_ones,
    offsets_of_a_group_that_moved_on_are_refused,
    a_newer_producer_fences_the_older,
    a_newer_producer_aborts_what_the_older_left_open,
    an_abandoned_transaction_is_aborted_after_its_timeout,
    a_transaction_timeout_above_the_limit_is_refused,
    an_empty_transaction_may_be_committed_and_aborted,
);

fn committed_reader(scope: &Scope, topic: &str) -> BaseConsumer<Watch> {
    scope.reader(topic, Offset::Beginning, &[("isolation.level", "read_committed")])
}

fn uncommitted_reader(scope: &Scope, topic: &str) -> BaseConsumer<Watch> {
    scope.reader(topic, Offset::Beginning, &[("isolation.level", "read_uncommitted")])
}

fn begin(producer: &Reporting) {
    producer.0.begin_transaction().expect("a transaction was begun");
}

fn end(producer: &Reporting, commit: bool) {
    if commit {
        producer.0.commit_transaction(WAIT).expect("the transaction was committed");
    } else {
        producer.0.abort_transaction(WAIT).expect("the transaction was aborted");
    }
}

/// Waits until the log ends at an offset: the marker comes after the answer to the producer may.
fn ends_at(scope: &Scope, topic: &str, offset: i64) {
    let consumer = scope.consumer(&[]);
    until("the marker is in the log", || consumer.fetch_watermarks(topic, 0, WAIT) == Ok((0, offset)));
}

fn a_commit_is_seen_by_both_isolation_levels(scope: &Scope) {
    let topic = scope.topic(1);
    let producer = scope.transactional(&[]);
    begin(&producer);
    producer.send_all(&topic, &["a", "b"]);
    end(&producer, true);
    ends_at(scope, &topic, 3);
    scope.producer(&[]).send_all(&topic, &["mark"]);
    for reader in [committed_reader(scope, &topic), uncommitted_reader(scope, &topic)] {
        let records = read(&reader, 3);
        let seen: Vec<_> = records.iter().map(|one| (one.offset(), value(one))).collect();
        assert_eq!(seen, [(0, "a".to_owned()), (1, "b".to_owned()), (3, "mark".to_owned())]);
    }
}

fn an_abort_is_hidden_from_read_committed_only(scope: &Scope) {
    let topic = scope.topic(1);
    let producer = scope.transactional(&[]);
    begin(&producer);
    producer.send_all(&topic, &["gone"]);
    end(&producer, false);
    scope.producer(&[]).send_all(&topic, &["mark"]);
    assert_eq!(read_through(&committed_reader(scope, &topic), "mark"), ["mark"]);
    assert_eq!(read_through(&uncommitted_reader(scope, &topic), "mark"), ["gone", "mark"]);
}

fn aborts_and_commits_in_turn_are_told_apart(scope: &Scope) {
    let topic = scope.topic(1);
    let producer = scope.transactional(&[]);
    for i in 0..10 {
        begin(&producer);
        producer.send_all(&topic, &[&i.to_string()]);
        end(&producer, i % 2 == 0);
    }
    scope.producer(&[]).send_all(&topic, &["mark"]);
    assert_eq!(read_through(&committed_reader(scope, &topic), "mark"), ["0", "2", "4", "6", "8", "mark"]);
}

fn an_open_transaction_holds_back_what_comes_after_it(scope: &Scope) {
    let topic = scope.topic(1);
    let (plain, producer) = (scope.producer(&[]), scope.transactional(&[]));
    plain.send_all(&topic, &["before"]);
    begin(&producer);
    producer.send_all(&topic, &["open"]);
    plain.send_all(&topic, &["after"]);
    assert_eq!(read_through(&uncommitted_reader(scope, &topic), "after"), ["before", "open", "after"]);
    let reader = committed_reader(scope, &topic);
    assert_eq!(read_through(&reader, "before"), ["before"]);
    assert!(reader.poll(Duration::from_millis(400)).is_none(), "a record came past the open transaction");
    end(&producer, true);
    assert_eq!(read_through(&reader, "after"), ["open", "after"]);
}

fn a_waiting_committed_reader_wakes_at_the_commit(scope: &Scope) {
    let topic = scope.topic(1);
    let producer = scope.transactional(&[]);
    begin(&producer);
    producer.send_all(&topic, &["a"]);
    let settings = [("fetch.wait.max.ms", "8000"), ("enable.partition.eof", "true")];
    let reader = scope.reader(&topic, Offset::Beginning, &settings);
    assert_eq!(next_error(&reader), KafkaError::PartitionEOF(0));
    let started = Instant::now();
    end(&producer, true);
    assert_eq!(value(&read(&reader, 1)[0]), "a");
    assert!(started.elapsed() < Duration::from_secs(4), "the fetch was only answered after its longest wait");
}

fn the_committed_reader_ends_at_the_last_stable_offset(scope: &Scope) {
    let topic = scope.topic(1);
    scope.producer(&[]).send_all(&topic, &["before"]);
    let producer = scope.transactional(&[]);
    begin(&producer);
    producer.send_all(&topic, &["open"]);
    let of = |level| scope.consumer(&[("isolation.level", level)]).fetch_watermarks(&topic, 0, WAIT);
    assert_eq!(of("read_uncommitted"), Ok((0, 2)));
    assert_eq!(of("read_committed"), Ok((0, 1)));
    end(&producer, true);
    ends_at(scope, &topic, 3);
    until("the last stable offset follows", || of("read_committed") == Ok((0, 3)));
}

fn the_end_of_a_transaction_takes_one_offset(scope: &Scope) {
    let topic = scope.topic(1);
    let producer = scope.transactional(&[]);
    for (commit, offset) in [(true, 2), (false, 4)] {
        begin(&producer);
        producer.send_all(&topic, &["a"]);
        end(&producer, commit);
        ends_at(scope, &topic, offset);
    }
}

fn several_partitions_commit_together(scope: &Scope) {
    let topics = [scope.topic(2), scope.topic(1)];
    let producer = scope.transactional(&[]);
    begin(&producer);
    for (topic, partition) in [(&topics[0], 0), (&topics[0], 1), (&topics[1], 0)] {
        producer.queue(BaseRecord::to(topic).payload("x").partition(partition));
    }
    producer.0.flush(WAIT).expect("the producer was flushed");
    end(&producer, true);
    for (topic, partition) in [(&topics[0], 0), (&topics[0], 1), (&topics[1], 0)] {
        let reader = scope.consumer(&[("isolation.level", "read_committed")]);
        reader.assign(&at(topic, partition, Offset::Beginning)).expect("the partition was assigned");
        assert_eq!(read_through(&reader, "x"), ["x"]);
    }
}

fn transactions_of_two_producers_interleave(scope: &Scope) {
    let topic = scope.topic(1);
    let [kept, dropped] = [scope.transactional(&[]), scope.transactional(&[])];
    begin(&kept);
    begin(&dropped);
    for i in 0..3 {
        kept.send_all(&topic, &[&format!("kept {i}")]);
        dropped.send_all(&topic, &[&format!("dropped {i}")]);
    }
    end(&dropped, false);
    let reader = committed_reader(scope, &topic);
    assert!(reader.poll(Duration::from_millis(300)).is_none(), "a record came past the open transaction");
    end(&kept, true);
    scope.producer(&[]).send_all(&topic, &["mark"]);
    assert_eq!(read_through(&reader, "mark"), ["kept 0", "kept 1", "kept 2", "mark"]);
}

/// Begins a transaction in which the group of a consumer moves to offset 2.
fn move_to_two(scope: &Scope, consumer: &BaseConsumer<Watch>, topic: &str) -> Reporting {
    let producer = scope.transactional(&[]);
    begin(&producer);
    let group = consumer.group_metadata().expect("the consumer has a group");
    producer
        .0
        .send_offsets_to_transaction(&at(topic, 0, Offset::Offset(2)), &group, WAIT)
        .expect("the offsets were sent");
    producer
}

fn offsets_are_stored_with_the_commit(scope: &Scope) {
    let topic = scope.filled(&["a", "b", "c"]);
    let consumer = scope.consumer(&[]);
    let producer = move_to_two(scope, &consumer, &topic);
    end(&producer, true);
    until("the offset is stored", || committed(&consumer, &topic, 0) == Offset::Offset(2));
}

fn offsets_of_an_abort_are_forgotten(scope: &Scope) {
    let topic = scope.filled(&["a", "b", "c"]);
    let consumer = scope.consumer(&[]);
    crate::scope::commit(&consumer, &topic, 0, 1).expect("the offset was committed");
    let producer = move_to_two(scope, &consumer, &topic);
    end(&producer, false);
    assert_eq!(committed(&consumer, &topic, 0), Offset::Offset(1));
}

fn open_offsets_hold_back_who_asks_for_stable_ones(scope: &Scope) {
    let topic = scope.filled(&["a", "b", "c"]);
    let group = scope.name("group");
    let outside = scope.consumer(&[("group.id", &group)]);
    let producer = move_to_two(scope, &outside, &topic);
    let member = scope.member(&topic, &[("group.id", &group), ("isolation.level", "read_committed")]);
    settle(&[&member], |held| held[0] == [0]);
    assert!(
        member.poll(Duration::from_millis(400)).is_none(),
        "the member began before the offset was settled"
    );
    end(&producer, true);
    assert_eq!(read_through(&member, "c"), ["c"]);
}

fn offsets_of_a_group_that_moved_on_are_refused(scope: &Scope) {
    let topic = scope.filled(&["a", "b", "c"]);
    let group = scope.name("group");
    let member = scope.member(&topic, &[("group.id", &group)]);
    read(&member, 3);
    let stale = member.group_metadata().expect("the member has a group");
    drop(member);
    let next = scope.member(&topic, &[("group.id", &group)]);
    read(&next, 3);
    let producer = scope.transactional(&[]);
    begin(&producer);
    let sent = producer.0.send_offsets_to_transaction(&at(&topic, 0, Offset::Offset(2)), &stale, WAIT);
    let Err(KafkaError::Transaction(error)) = &sent else {
        panic!("the offsets had to be refused: {sent:?}")
    };
    assert!(error.txn_requires_abort(), "{error}");
    refused(sent, RDKafkaErrorCode::UnknownMemberId);
    end(&producer, false);
}

fn a_newer_producer_fences_the_older(scope: &Scope) {
    let topic = scope.topic(1);
    let id = scope.name("transaction");
    let old = scope.transactional(&[("transactional.id", &id)]);
    begin(&old);
    old.send_all(&topic, &["old"]);
    let new = scope.transactional(&[("transactional.id", &id)]);
    let result = old.0.commit_transaction(WAIT);
    let Err(KafkaError::Transaction(error)) = &result else {
        panic!("the commit had to be refused: {result:?}")
    };
    assert!(error.is_fatal(), "{error}");
    refused(result, RDKafkaErrorCode::Fenced);
    begin(&new);
    new.send_all(&topic, &["new"]);
    end(&new, true);
    scope.producer(&[]).send_all(&topic, &["mark"]);
    assert_eq!(read_through(&committed_reader(scope, &topic), "mark"), ["new", "mark"]);
}

fn a_newer_producer_aborts_what_the_older_left_open(scope: &Scope) {
    let topic = scope.topic(1);
    let id = scope.name("transaction");
    let old = scope.transactional(&[("transactional.id", &id)]);
    begin(&old);
    old.send_all(&topic, &["left open"]);
    scope.transactional(&[("transactional.id", &id)]);
    ends_at(scope, &topic, 2);
    scope.producer(&[]).send_all(&topic, &["mark"]);
    assert_eq!(read_through(&committed_reader(scope, &topic), "mark"), ["mark"]);
}

fn an_abandoned_transaction_is_aborted_after_its_timeout(scope: &Scope) {
    let topic = scope.topic(1);
    let settings = [("transaction.timeout.ms", "1000"), ("message.timeout.ms", "900")];
    let producer = scope.transactional(&settings);
    begin(&producer);
    producer.send_all(&topic, &["abandoned"]);
    scope.producer(&[]).send_all(&topic, &["mark"]);
    assert_eq!(read_through(&committed_reader(scope, &topic), "mark"), ["mark"]);
    let result = producer.0.commit_transaction(WAIT);
    assert!(matches!(result, Err(KafkaError::Transaction(_))), "the commit had to be refused: {result:?}");
}

fn a_transaction_timeout_above_the_limit_is_refused(scope: &Scope) {
    let id = scope.name("transaction");
    let settings = [("transactional.id", id.as_str()), ("transaction.timeout.ms", "3600000")];
    let producer = scope.producer(&settings);
    refused(producer.0.init_transactions(WAIT), RDKafkaErrorCode::InvalidTransactionTimeout);
}

fn an_empty_transaction_may_be_committed_and_aborted(scope: &Scope) {
    let topic = scope.topic(1);
    let producer = scope.transactional(&[]);
    for commit in [true, false] {
        begin(&producer);
        end(&producer, commit);
    }
    begin(&producer);
    producer.send_all(&topic, &["a"]);
    end(&producer, true);
    ends_at(scope, &topic, 2);
}

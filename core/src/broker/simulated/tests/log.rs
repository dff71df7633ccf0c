use super::super::{Gone, TxnState};
use super::*;

#[test]
fn the_last_stable_offset_waits_for_the_earliest_open_transaction() {
    run(async {
        let cluster = small(Faults::none(), 1);
        let (first, second) = (cluster.begin(), cluster.begin());
        cluster.append_in(first, "t", 0, SimRecord::of("a"));
        cluster.append_in(second, "t", 0, SimRecord::of("b"));
        cluster.append("t", 0, SimRecord::of("plain"));
        let bounds = |cluster: &SimCluster| {
            let marks = cluster.watermarks("t", 0).unwrap();
            (marks.stable, marks.high)
        };
        assert_eq!(bounds(&cluster), (1, 4));
        cluster.commit(second);
        assert_eq!(bounds(&cluster), (1, 5), "a marker takes an offset and the earlier one is open");
        cluster.abort(first);
        assert_eq!(bounds(&cluster), (6, 6));
        let seen: Vec<(bool, bool)> = cluster
            .records("t", 0)
            .iter()
            .map(|record| {
                (record.visible(Isolation::ReadCommitted), record.visible(Isolation::ReadUncommitted))
            })
            .collect();
        let (both, neither, dirty) = ((true, true), (false, false), (false, true));
        assert_eq!(seen, [both, dirty, both, both, neither, neither]);
    });
}

#[test]
fn the_truth_keeps_what_is_gone_and_why() {
    run(async {
        let cluster = small(Faults::none(), 5);
        cluster.delete_records("t", 0, 1);
        cluster.compact("t", 0, [2]);
        cluster.truncate("t", 0, 4);
        cluster.append("t", 0, SimRecord::of("other"));
        let first = cluster.topic("t").unwrap().0;
        let second = cluster.recreate_topic("t", 2).unwrap();
        fill(&cluster, "t", 0, 9..10);
        let fates: Vec<(i64, bool, Option<Gone>)> = cluster
            .records("t", 0)
            .iter()
            .map(|record| (record.offset, record.topic_id == first, record.gone.map(|gone| gone.0)))
            .collect();
        let topic = Some(Gone::TopicDeleted);
        assert_eq!(
            fates,
            [
                (4, true, Some(Gone::Truncated)),
                (0, true, Some(Gone::Deleted)),
                (1, true, topic),
                (2, true, Some(Gone::Compacted)),
                (3, true, topic),
                (4, true, topic),
                (0, false, None),
            ]
        );
        assert_eq!(cluster.topic_ids("t"), [first, second]);
    });
}

#[test]
fn an_epoch_ends_where_the_next_one_begins() {
    run(async {
        let cluster = small(Faults::none(), 10);
        cluster.move_leader("t", 0);
        assert_eq!(cluster.watermarks("t", 0).unwrap().leader_epoch, 1);
        fill(&cluster, "t", 0, 10..12);
        cluster.truncate("t", 0, 7);
        fill(&cluster, "t", 0, 12..13);
        let epochs: Vec<i32> = cluster.records("t", 0).iter().rev().take(2).map(|r| r.leader_epoch).collect();
        assert_eq!(epochs, [2, 0]);
    });
}

#[test]
fn markers_reach_each_partition_in_their_own_time() {
    run(async {
        let cluster = SimCluster::new(5, Faults { marker_ms: 80, ..Faults::none() });
        cluster.create_topic("t", 2);
        let txn = cluster.begin();
        for partition in 0..2 {
            cluster.append_in(txn, "t", partition, SimRecord::of("x"));
        }
        cluster.commit(txn);
        let open = cluster.records("t", 0)[0].txn;
        assert_eq!(open, TxnState::Open(txn));
        sleep(ms(100)).await;
        let decided: Vec<_> =
            (0..2).map(|partition| cluster.records("t", partition)[0].decided.unwrap()).collect();
        assert_ne!(decided[0], decided[1]);
    });
}

#[test]
fn a_transaction_that_was_truncated_holds_up_nobody() {
    run(async {
        let cluster = small(Faults::none(), 2);
        let txn = cluster.begin();
        cluster.append_in(txn, "t", 0, SimRecord::of("lost"));
        cluster.truncate("t", 0, 2);
        fill(&cluster, "t", 0, 2..5);
        assert_eq!(cluster.watermarks("t", 0).unwrap().stable, 5);
    });
}

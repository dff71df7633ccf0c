use super::*;
use crate::error::ErrorCode;

fn reading(cluster: &SimCluster, isolation: Isolation, from: i64, epoch: Option<i32>) -> Listener {
    let mut listener = Listener::open(&cluster.broker("p"), isolation);
    listener.add(0, "t", 0, from, epoch);
    listener
}

#[test]
fn records_come_in_order_and_the_end_is_told_once() {
    run(async {
        let cluster = small(Faults { fetch_batch: 2, progress_late: 1.0, end_ms: 30, ..Faults::none() }, 3);
        let mut listener = reading(&cluster, Isolation::ReadCommitted, 1, Some(0));
        assert_eq!(listener.listen(ms(1_000)).await, ["0:1 t-1", "0:2 t-2", "0: progress 3"]);
        cluster.move_leader("t", 0);
        assert_eq!(listener.listen(ms(1_000)).await, [""; 0]);
        fill(&cluster, "t", 0, 3..4);
        assert_eq!(listener.listen(ms(1_000)).await, ["0:3 t-3", "0: progress 4"]);
    });
}

#[test]
fn partitions_overtake_each_other_but_not_themselves() {
    run(async {
        let cluster = SimCluster::new(4, Faults { fetch_ms: 50, fetch_batch: 2, ..Faults::none() });
        cluster.create_topic("t", 3);
        (0..3).for_each(|partition| fill(&cluster, "t", partition, 0..20));
        let mut listener = Listener::open(&cluster.broker("p"), Isolation::ReadCommitted);
        (0..3).for_each(|partition| listener.add(partition as u32, "t", partition, 0, Some(0)));
        let heard = listener.listen(ms(5_000)).await;
        let records: Vec<(u32, i64)> = heard
            .iter()
            .filter_map(|line| line.split_once(' ')?.0.split_once(':'))
            .filter_map(|(slot, offset)| Some((slot.parse().ok()?, offset.parse().ok()?)))
            .collect();
        assert_eq!(records.len(), 60);
        for slot in 0..3 {
            let offsets: Vec<i64> = records.iter().filter(|one| one.0 == slot).map(|one| one.1).collect();
            assert_eq!(offsets, (0..20).collect::<Vec<_>>());
        }
        assert!(!records.is_sorted(), "the partitions came one after the other");
    });
}

#[test]
fn read_committed_stops_at_the_last_stable_offset_and_hides_what_was_aborted() {
    run(async {
        let cluster = small(Faults { progress_late: 1.0, ..Faults::none() }, 1);
        let (aborted, open) = (cluster.begin(), cluster.begin());
        cluster.append_in(aborted, "t", 0, SimRecord::of("aborted"));
        cluster.abort(aborted);
        cluster.append_in(open, "t", 0, SimRecord::of("open"));
        cluster.append("t", 0, SimRecord::of("behind"));
        let mut committed = reading(&cluster, Isolation::ReadCommitted, 0, Some(0));
        assert_eq!(committed.listen(ms(100)).await, ["0:0 t-0", "0: progress 3"]);
        let mut dirty = reading(&cluster, Isolation::ReadUncommitted, 0, Some(0));
        let all = ["0:0 t-0", "0:1 aborted", "0:3 open", "0:4 behind", "0: progress 5"];
        assert_eq!(dirty.listen(ms(100)).await, all);
        cluster.commit(open);
        assert_eq!(committed.listen(ms(100)).await, ["0:3 open", "0:4 behind", "0: progress 6"]);
        assert_eq!(dirty.listen(ms(100)).await, ["0: progress 6"]);
    });
}

#[test]
fn a_reader_ahead_of_the_last_stable_offset_hears_of_no_end() {
    run(async {
        let cluster = small(Faults::none(), 0);
        let open = cluster.begin();
        cluster.append_in(open, "t", 0, SimRecord::of("open"));
        let mut listener = reading(&cluster, Isolation::ReadCommitted, 1, Some(0));
        assert_eq!(listener.listen(ms(100)).await, [""; 0]);
        cluster.commit(open);
        assert_eq!(listener.listen(ms(100)).await, ["0: progress 2", "0: progress 2"]);
    });
}

#[test]
fn a_gap_at_the_tail_is_passed_only_with_the_end() {
    run(async {
        let cluster = small(Faults { end_ms: 100_000, ..Faults::none() }, 6);
        cluster.compact("t", 0, [1, 3, 4, 5]);
        let mut listener = reading(&cluster, Isolation::ReadCommitted, 0, Some(0));
        let early = listener.listen(ms(10)).await;
        assert_eq!(early.last().unwrap(), "0: progress 3", "{early:?}");
        assert_eq!(early.iter().filter(|line| !line.contains("progress")).count(), 2, "{early:?}");
        assert_eq!(listener.listen(ms(100_000)).await, ["0: progress 6"]);
    });
}

#[test]
fn a_position_below_the_low_watermark_stops() {
    run(async {
        let cluster = small(Faults::none(), 5);
        cluster.delete_records("t", 0, 3);
        let mut listener = reading(&cluster, Isolation::ReadCommitted, 2, Some(0));
        assert_eq!(listener.listen(ms(100)).await, ["0: stopped at 2, offset gone"]);
        fill(&cluster, "t", 0, 5..6);
        assert_eq!(listener.listen(ms(100)).await, [""; 0], "it stays stopped");
        listener.add(1, "t", 0, 4, Some(0));
        assert_eq!(listener.listen(ms(100)).await[..2], ["1:4 t-4", "1:5 t-5"]);
    });
}

#[test]
fn truncation_is_noticed_only_with_a_leader_epoch() {
    run(async {
        for (epoch, expected) in [(Some(0), "0: stopped at 5, offset gone"), (None, "0:5 t-11")] {
            let cluster = small(Faults::none(), 5);
            let mut listener = reading(&cluster, Isolation::ReadCommitted, 5, epoch);
            assert_eq!(listener.listen(ms(100)).await, ["0: progress 5"]);
            cluster.truncate("t", 0, 4);
            fill(&cluster, "t", 0, 10..12);
            assert_eq!(listener.listen(ms(100)).await[0], expected);
        }
    });
}

#[test]
fn a_topic_created_anew_is_taken_for_the_old_one() {
    run(async {
        for (length, expected) in [(8, "0:5 t-5"), (3, "0: stopped at 5, offset gone")] {
            let cluster = small(Faults::none(), 5);
            let mut listener = reading(&cluster, Isolation::ReadCommitted, 5, Some(0));
            listener.listen(ms(100)).await;
            let before = cluster.topic("t").unwrap().0;
            cluster.delete_topic("t");
            assert_eq!(listener.listen(ms(100)).await, [""; 0], "a deleted topic is silence");
            cluster.create_topic("t", 1);
            fill(&cluster, "t", 0, 0..length);
            assert_eq!(listener.listen(ms(100)).await[0], expected);
            assert_ne!(cluster.topic("t").unwrap().0, before, "only the id tells");
        }
    });
}

#[test]
fn a_deleted_topic_can_be_told() {
    run(async {
        let cluster = small(Faults { topic_gone_told: 1.0, ..Faults::none() }, 1);
        let mut listener = reading(&cluster, Isolation::ReadCommitted, 1, Some(0));
        listener.listen(ms(100)).await;
        cluster.delete_topic("t");
        assert_eq!(listener.listen(ms(100)).await, ["0: stopped at 1, topic gone"]);
    });
}

#[test]
fn a_corrupt_batch_stops_after_what_lies_before_it() {
    run(async {
        let cluster = small(Faults { progress_late: 1.0, ..Faults::none() }, 4);
        cluster.corrupt("t", 0, 2);
        let mut listener = reading(&cluster, Isolation::ReadCommitted, 0, Some(0));
        let heard = ["0:0 t-0", "0:1 t-1", "0: stopped at 2, corrupt"];
        assert_eq!(listener.listen(ms(500)).await, heard);
    });
}

#[test]
fn an_outage_is_silence_and_then_goes_on_without_loss() {
    run(async {
        let cluster = small(Faults { fetch_ms: 20, progress_late: 1.0, ..Faults::none() }, 1);
        let mut listener = reading(&cluster, Isolation::ReadCommitted, 0, Some(0));
        listener.listen(ms(200)).await;
        for (round, outage) in [(1, SimCluster::stall as fn(&_, _)), (2, SimCluster::disconnect)] {
            outage(&cluster, ms(500));
            fill(&cluster, "t", 0, round..round + 1);
            assert_eq!(listener.listen(ms(499)).await, [""; 0]);
            let expected = [format!("0:{round} t-{round}"), format!("0: progress {}", round + 1)];
            assert_eq!(listener.listen(ms(200)).await, expected);
        }
    });
}

#[test]
fn a_lost_connection_takes_the_answer_along_and_a_stall_keeps_it() {
    run(async {
        let mut late = [0; 2];
        for seed in 0..30 {
            for (index, outage) in [SimCluster::disconnect as fn(&_, _), SimCluster::stall].iter().enumerate()
            {
                let cluster = SimCluster::new(seed, Faults { fetch_ms: 50, ..Faults::none() });
                cluster.create_topic("t", 1);
                fill(&cluster, "t", 0, 0..3);
                let mut listener = reading(&cluster, Isolation::ReadCommitted, 0, Some(0));
                let early = listener.listen(ms(25)).await;
                outage(&cluster, ms(5));
                cluster.delete_records("t", 0, 3);
                let heard = listener.listen(ms(500)).await;
                late[index] += usize::from(early.is_empty() && heard[0] == "0:0 t-0");
            }
        }
        assert_eq!(late[0], 0);
        assert!(late[1] > 3, "{late:?}");
    });
}

#[test]
fn a_lost_wake_is_made_good_by_the_tick() {
    run(async {
        let cluster = small(Faults { wake_lost: 1.0, ..Faults::none() }, 1);
        let mut listener = reading(&cluster, Isolation::ReadCommitted, 0, Some(0));
        listener.tick = ms(60_000);
        assert_eq!(listener.listen(ms(1_000)).await.len(), 3, "only the last poll found it");
        fill(&cluster, "t", 0, 1..2);
        let mut heard = Heard::default();
        let woken = tokio::time::timeout(ms(5_000), listener.woken.notified()).await;
        assert!(woken.is_err(), "the wake was to be lost");
        listener.tick = ms(100);
        listener.listen_into(ms(100), &mut heard).await;
        assert_eq!(heard.0[0], "0:1 t-1");
    });
}

#[test]
fn a_wake_comes_only_when_the_queue_was_empty() {
    run(async {
        let cluster = small(Faults::none(), 1);
        let mut listener = reading(&cluster, Isolation::ReadCommitted, 0, Some(0));
        sleep(ms(10)).await;
        listener.woken.notified().await;
        fill(&cluster, "t", 0, 1..5);
        sleep(ms(10)).await;
        assert!(tokio::time::timeout(ms(1_000), listener.woken.notified()).await.is_err());
        assert!(listener.reader.poll(&mut Heard::default(), 1), "more is waiting");
    });
}

#[test]
fn nothing_is_said_about_a_removed_slot() {
    run(async {
        let cluster = small(Faults::none(), 5);
        let mut listener = reading(&cluster, Isolation::ReadCommitted, 0, Some(0));
        sleep(ms(10)).await;
        listener.reader.remove(&[0]);
        assert_eq!(listener.listen(ms(100)).await, [""; 0]);
    });
}

#[test]
fn a_fatal_error_is_the_last_thing_a_reader_says() {
    run(async {
        let cluster = small(Faults::none(), 1);
        let mut listener = reading(&cluster, Isolation::ReadCommitted, 1, Some(0));
        listener.listen(ms(100)).await;
        let error = ProbeError::new(ErrorCode::AuthenticationFailed, "the credentials were refused");
        cluster.fail_readers("p", &error);
        sleep(ms(10)).await;
        fill(&cluster, "t", 0, 1..2);
        assert_eq!(listener.listen(ms(500)).await, ["error AUTHENTICATION_FAILED fatal=true"]);
        let mut next = reading(&cluster, Isolation::ReadCommitted, 1, Some(0));
        assert_eq!(next.listen(ms(100)).await[0], "0:1 t-1", "a new client works");
    });
}

#[test]
fn a_denied_topic_stops_and_a_client_may_fail_to_open() {
    run(async {
        let cluster = small(Faults::none(), 1);
        cluster.deny("p", "t");
        let mut listener = reading(&cluster, Isolation::ReadCommitted, 0, Some(0));
        assert_eq!(listener.listen(ms(100)).await, ["0: stopped at 0, not authorised"]);
        cluster.fail_opening("p", 1, ProbeError::new(ErrorCode::BrokerUnreachable, "no"));
        let options = ReaderOptions { isolation: Isolation::ReadCommitted };
        let broker = cluster.broker("p");
        assert!(broker.reader(options, Arc::new(|| {})).is_err());
        assert!(broker.reader(options, Arc::new(|| {})).is_ok());
        drop(listener);
        assert_eq!(cluster.clients(), (0, 0));
    });
}

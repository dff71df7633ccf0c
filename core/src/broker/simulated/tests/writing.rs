use super::super::ProduceFault;
use super::*;
use crate::broker::{Delivery, OutgoingRecord, SendError, Writer, WriterOptions};
use crate::error::ErrorCode;

fn writer(cluster: &SimCluster, timeout: u64) -> Box<dyn Writer> {
    let options = WriterOptions { delivery_timeout: ms(timeout) };
    cluster.broker("p").writer(options, Arc::new(|| {})).expect("a writer")
}

fn outgoing(value: &str, partition: Option<i32>) -> OutgoingRecord {
    OutgoingRecord {
        topic: Arc::from("t"),
        partition,
        timestamp: None,
        key: None,
        value: Some(value.to_owned().into()),
        headers: Vec::new(),
    }
}

async fn deliveries(writer: &mut dyn Writer, after: u64) -> Vec<String> {
    sleep(ms(after)).await;
    let mut out = Vec::new();
    while writer.poll(&mut out) {}
    out.into_iter()
        .map(|Delivery { token, result }| match result {
            Ok(delivered) => format!("{token} at {}/{}", delivered.partition, delivered.offset),
            Err(error) => format!("{token} {} {}", error.code(), error.context()["delivery"]),
        })
        .collect()
}

#[test]
fn acknowledgements_come_in_the_order_of_the_partition() {
    run(async {
        let cluster = SimCluster::new(2, Faults { produce_ms: 20, ..Faults::none() });
        cluster.create_topic("t", 2);
        let mut writer = writer(&cluster, 10_000);
        for token in 0..20 {
            writer.send(&outgoing("x", Some((token % 2) as i32)), token).unwrap();
        }
        let told = deliveries(&mut *writer, 5_000).await;
        for partition in 0..2_u64 {
            let expected: Vec<String> =
                (0..10).map(|offset| format!("{} at {partition}/{offset}", offset * 2 + partition)).collect();
            let of_partition: Vec<&String> =
                told.iter().filter(|line| line.contains(&format!("at {partition}/"))).collect();
            assert_eq!(of_partition, expected.iter().collect::<Vec<_>>());
        }
    });
}

#[test]
fn every_refusal_says_that_nothing_was_written() {
    run(async {
        let cluster = small(Faults::none(), 0);
        let mut writer = writer(&cluster, 1_000);
        for fault in [ProduceFault::TooLarge, ProduceFault::NotAuthorized, ProduceFault::Refused] {
            cluster.fail_next_produce("t", fault);
        }
        (0..3).for_each(|token| writer.send(&outgoing("x", Some(0)), token).unwrap());
        writer.send(&outgoing("x", Some(7)), 3).unwrap();
        let mut told = deliveries(&mut *writer, 100).await;
        told.sort();
        assert_eq!(
            told,
            [
                "0 MESSAGE_TOO_LARGE \"none\"",
                "1 NOT_AUTHORIZED \"none\"",
                "2 PRODUCE_FAILED \"none\"",
                "3 UNKNOWN_TOPIC \"none\"",
            ]
        );
        assert!(cluster.records("t", 0).is_empty());
    });
}

#[test]
fn a_lost_acknowledgement_and_a_lost_request_are_both_unknown() {
    run(async {
        for (fault, logged) in [(ProduceFault::AckLost, 2), (ProduceFault::RequestLost, 1)] {
            let cluster = small(Faults::none(), 0);
            let mut writer = writer(&cluster, 300);
            cluster.fail_next_produce("t", fault);
            writer.send(&outgoing("lost", None), 0).unwrap();
            assert!(deliveries(&mut *writer, 299).await.is_empty());
            assert_eq!(deliveries(&mut *writer, 2).await, ["0 TIMED_OUT \"unknown\""]);
            writer.send(&outgoing("next", None), 1).unwrap();
            assert_eq!(deliveries(&mut *writer, 100).await, [format!("1 at 0/{}", logged - 1)]);
            assert_eq!(cluster.records("t", 0).len(), logged);
        }
    });
}

#[test]
fn a_record_that_was_never_sent_is_not_in_the_log() {
    run(async {
        let cluster = small(Faults::none(), 0);
        let mut writer = writer(&cluster, 300);
        cluster.disconnect(ms(1_000));
        writer.send(&outgoing("x", None), 0).unwrap();
        assert_eq!(deliveries(&mut *writer, 301).await, ["0 TIMED_OUT \"none\""]);
        sleep(ms(2_000)).await;
        assert!(cluster.records("t", 0).is_empty());
    });
}

#[test]
fn a_request_that_hung_in_a_stalled_broker_may_still_land() {
    run(async {
        let mut landed = [0; 2];
        for seed in 0..20 {
            let cluster = SimCluster::new(seed, Faults::none());
            cluster.create_topic("t", 1);
            let mut writer = writer(&cluster, 300);
            cluster.stall(ms(1_000));
            writer.send(&outgoing("x", None), 0).unwrap();
            assert_eq!(deliveries(&mut *writer, 301).await, ["0 TIMED_OUT \"unknown\""]);
            sleep(ms(1_000)).await;
            landed[cluster.records("t", 0).len()] += 1;
        }
        assert!(landed[0] > 3 && landed[1] > 3, "{landed:?}");
    });
}

#[test]
fn a_full_queue_takes_nothing_and_one_too_large_never_will() {
    run(async {
        let faults = Faults { queue_capacity: 1, max_record_bytes: 3, ..Faults::none() };
        let cluster = small(faults, 0);
        let mut writer = writer(&cluster, 300);
        assert!(matches!(writer.send(&outgoing("long", None), 0), Err(SendError::Failed(_))));
        writer.send(&outgoing("x", None), 1).unwrap();
        assert!(matches!(writer.send(&outgoing("x", None), 2), Err(SendError::Full)));
        assert_eq!(deliveries(&mut *writer, 10).await, ["1 at 0/0"]);
        writer.send(&outgoing("x", None), 3).unwrap();
    });
}

#[test]
fn a_fatal_error_ends_a_writer_and_settles_what_waits() {
    run(async {
        let cluster = small(Faults { produce_ms: 50, ..Faults::none() }, 0);
        let mut writer = writer(&cluster, 1_000);
        cluster.stall(ms(500));
        writer.send(&outgoing("x", None), 0).unwrap();
        sleep(ms(60)).await;
        let fenced = ProbeError::new(ErrorCode::ProducerFenced, "another producer took over");
        cluster.fail_writers("p", &fenced);
        assert_eq!(deliveries(&mut *writer, 5).await, ["0 PRODUCER_FENCED \"unknown\""]);
        let again = writer.send(&outgoing("x", None), 1);
        assert!(matches!(again, Err(SendError::Failed(e)) if e.code() == ErrorCode::ProducerFenced));
    });
}

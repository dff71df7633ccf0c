//! What seeds found, each as a schedule of its own.

use std::time::Duration;

use test_probe::broker::simulated::{Faults, SimCluster, SimRecord};
use test_probe::directive::{Missing, Role, Source, Start, TopicDirective};
use test_probe::{Directives, ErrorCode, Event, Match, Probe, ProbeError, Session};
use tokio::time::{Instant, sleep};

use crate::stage::probe_on;

const SOON: Duration = Duration::from_millis(300);

fn record(test_id: &'static str, id: &'static str) -> SimRecord {
    SimRecord::of("{\"n\":1}").header("ce_testid", test_id).header("ce_correlationid", id)
}

fn paused(play: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(play);
}

fn stage(partitions: i32) -> (SimCluster, Probe) {
    let sim = SimCluster::new(1, Faults::none());
    sim.create_topic("t", partitions);
    let probe = probe_on(&sim).expect("a probe");
    (sim, probe)
}

async fn open_as(probe: &Probe, test_id: &str, change: impl FnOnce(&mut TopicDirective)) -> Session {
    let mut directive = TopicDirective::new("t", Role::Both);
    directive.client_principal = Some("alpha".to_owned());
    change(&mut directive);
    let directives = Directives { topics: vec![directive] };
    probe.open_session_as(directives, Some(test_id.to_owned())).await.expect("a session")
}

async fn expected(session: &Session, id: &str) -> Result<(), ErrorCode> {
    let verdict = session.expect_event("t", Match::new().id(id), Some(SOON)).await;
    verdict.map(|_| ()).map_err(|error| error.code())
}

async fn none(session: &Session, id: &str) -> Result<(), ErrorCode> {
    let verdict = session.expect_none("t", Match::new().id(id), SOON).await;
    verdict.map(|_| ()).map_err(|error| error.code())
}

/// Seed 8: what the private reader said after the hand-over hid a record from the lane.
#[test]
fn a_record_at_the_hand_over_from_catching_up_is_not_lost() {
    paused(async {
        let (sim, probe) = stage(1);
        for _ in 0..3 {
            sim.append("t", 0, record("somebody", "old"));
        }
        let session = open_as(&probe, "s", |directive| directive.start = Start::Earliest).await;
        sim.append("t", 0, record("s", "new"));
        assert_eq!(expected(&session, "new").await, Ok(()));
    });
}

/// Seed 5: the partition was added before the session opened, and nobody had noticed yet.
#[test]
fn what_an_added_partition_held_before_the_session_is_not_matched() {
    paused(async {
        let (sim, probe) = stage(1);
        let _first = open_as(&probe, "first", |_| {}).await;
        sim.add_partitions("t", 2);
        sim.append("t", 1, record("s", "early"));
        let session = open_as(&probe, "s", |_| {}).await;
        assert_eq!(none(&session, "early").await, Ok(()));
    });
}

/// Seed 61111: what an added partition lost before anybody noticed the partition was no gap.
#[test]
fn what_an_added_partition_lost_unread_is_a_gap() {
    paused(async {
        let (sim, probe) = stage(1);
        let session = open_as(&probe, "s", |_| {}).await;
        sim.add_partitions("t", 2);
        sim.append("t", 1, record("s", "lost"));
        sim.delete_records("t", 1, 1);
        assert_eq!(none(&session, "lost").await, Err(ErrorCode::ReadGap));
    });
}

/// Seed 2513: the same of a mark.
#[test]
fn what_an_added_partition_held_before_a_mark_is_before_it() {
    paused(async {
        let (sim, probe) = stage(1);
        let session = open_as(&probe, "s", |_| {}).await;
        sim.add_partitions("t", 2);
        sim.append("t", 1, record("s", "early"));
        let mark = session.mark().await.expect("a mark");
        let verdict = session.expect_none("t", Match::new().id("early").after(mark), SOON).await;
        assert!(verdict.is_ok(), "{verdict:?}");
    });
}

/// Seed 32: a gap that others met made every verdict of later sessions inconclusive.
#[test]
fn a_gap_from_before_a_session_is_none_of_its_business() {
    paused(async {
        let (sim, probe) = stage(1);
        let _first = open_as(&probe, "first", |_| {}).await;
        sim.append("t", 0, record("somebody", "lost"));
        sleep(SOON).await;
        sim.truncate("t", 0, 0);
        sleep(Duration::from_secs(3)).await;
        let session = open_as(&probe, "s", |_| {}).await;
        assert_eq!(none(&session, "e").await, Ok(()));
        sim.append("t", 0, record("s", "e"));
        assert_eq!(expected(&session, "e").await, Ok(()));
    });
}

/// Seed 341: the private reader of a start in the past died with its client, for good.
#[test]
fn catching_up_survives_the_end_of_its_client() {
    paused(async {
        let (sim, probe) = stage(1);
        sim.append("t", 0, record("s", "old"));
        sim.stall(Duration::from_millis(1));
        let session = open_as(&probe, "s", |directive| directive.start = Start::Earliest).await;
        sim.stall(Duration::from_millis(50));
        sleep(Duration::from_millis(10)).await;
        sim.fail_readers("alpha", &ProbeError::new(ErrorCode::ConsumeFailed, "injured"));
        sleep(Duration::from_secs(2)).await;
        assert_eq!(expected(&session, "old").await, Ok(()));
    });
}

/// Seed 254: a corrupt batch before the lane's start was told as a gap, and passed over.
#[test]
fn a_corrupt_batch_in_the_past_is_not_covered() {
    paused(async {
        let (sim, probe) = stage(1);
        sim.append("t", 0, record("s", "e"));
        sim.corrupt("t", 0, 0);
        let session = open_as(&probe, "s", |directive| directive.start = Start::Earliest).await;
        assert_eq!(none(&session, "e").await, Err(ErrorCode::NotCovered));
    });
}

/// Seed 3646: one deleted record in the past cost everything up to the lane.
#[test]
fn what_lies_behind_a_deletion_in_the_past_is_read() {
    paused(async {
        let (sim, probe) = stage(1);
        for _ in 0..4 {
            sim.append("t", 0, record("s", "kept"));
        }
        sim.delete_records("t", 0, 2);
        let session =
            open_as(&probe, "s", |directive| directive.start = Start::Offsets([(0, 0)].into())).await;
        assert_eq!(none(&session, "other").await, Err(ErrorCode::ReadGap));
        let offsets: Vec<i64> = session.journal("t").expect("it").iter().map(|event| event.offset).collect();
        assert_eq!(offsets, [2, 3]);
    });
}

/// Seed 1386: when a log began anew, somebody else's record lay where an own one had been acknowledged.
#[test]
fn a_record_that_took_the_offset_of_an_own_one_is_not_own() {
    paused(async {
        let (sim, probe) = stage(1);
        let session = open_as(&probe, "s", |_| {}).await;
        session.produce_event("t", Event::new("A").id("own").partition(0)).await.expect("an ack");
        sim.recreate_topic("t", 1);
        sim.append("t", 0, record("s", "foreign").header("ce_id", "another"));
        let foreign = Match::new().id("foreign").own(false);
        let verdict = session.expect_event("t", foreign, Some(Duration::from_secs(3))).await;
        assert!(verdict.is_ok(), "{verdict:?}");
    });
}

/// Seed 1162: an event that was truncated away before the mark stood behind it by its offset.
#[test]
fn a_truncated_event_is_not_behind_a_later_mark() {
    paused(async {
        let (sim, probe) = stage(1);
        let session = open_as(&probe, "s", |_| {}).await;
        sim.append("t", 0, record("s", "e"));
        assert_eq!(expected(&session, "e").await, Ok(()));
        sim.truncate("t", 0, 0);
        let mark = session.mark().await.expect("a mark");
        let verdict = session.expect_none("t", Match::new().id("e").after(mark), SOON).await;
        assert_eq!(verdict.map(|_| ()).map_err(|error| error.code()), Err(ErrorCode::ReadGap));
    });
}

/// Seed 12: a session on a topic that had been deleted waited until its deadline for offsets.
#[test]
fn opening_on_a_deleted_topic_says_so_at_once() {
    paused(async {
        let (sim, probe) = stage(1);
        let _first = open_as(&probe, "first", |_| {}).await;
        sim.delete_topic("t");
        let mut directive = TopicDirective::new("t", Role::Consumer);
        directive.client_principal = Some("alpha".to_owned());
        let began = Instant::now();
        let opened = probe.open_session(Directives { topics: vec![directive.clone()] }).await;
        assert_eq!(opened.err().map(|error| error.code()), Some(ErrorCode::UnknownTopic));
        assert!(began.elapsed() < Duration::from_millis(50), "{:?}", began.elapsed());
        directive.missing = Missing::Wait;
        let later = async {
            sleep(Duration::from_secs(1)).await;
            sim.create_topic("t", 1);
        };
        let waiting = probe.open_session(Directives { topics: vec![directive] });
        let (opened, ()) = tokio::join!(waiting, later);
        assert!(opened.is_ok(), "{:?}", opened.err());
    });
}

/// Seed 24: a reader went on in the new topic unawares, and its records came a second time.
#[test]
fn a_record_of_a_topic_created_anew_is_not_handed_out_twice() {
    paused(async {
        let (sim, probe) = stage(1);
        let session = open_as(&probe, "s", |_| {}).await;
        sim.recreate_topic("t", 1);
        sim.append("t", 0, record("s", "e"));
        let first = session.receive_event("t", Some(Duration::from_millis(100))).await;
        assert!(first.is_ok(), "{first:?}");
        sleep(Duration::from_secs(3)).await;
        let second = session.receive_event("t", Some(SOON)).await;
        assert_eq!(second.map(|_| ()).map_err(|error| error.code()), Err(ErrorCode::ReadGap));
    });
}

/// Seed 2714: a session's own record, kept for a reader with another correlation, was nobody's.
#[test]
fn a_record_with_the_sessions_test_id_is_never_unattributed() {
    paused(async {
        let (sim, probe) = stage(1);
        let other = |directive: &mut TopicDirective| {
            directive.correlation.test_id = Source::Header("x-test".into());
        };
        let _other = open_as(&probe, "other", other).await;
        sim.append("t", 0, record("s", "e"));
        sim.append("t", 0, record("somebody", "e"));
        sleep(SOON).await;
        sim.compact("t", 0, [0]);
        let session = open_as(&probe, "s", |directive| directive.start = Start::Earliest).await;
        assert_eq!(expected(&session, "e").await, Err(ErrorCode::ExpectationTimeout));
    });
}

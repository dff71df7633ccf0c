//! What `verify_delivery` says, over the simulated cluster, against what the log is in truth.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;

use super::tests::probe;
use crate::broker::simulated::{Faults, SimCluster, SimRecord};
use crate::config::Config;
use crate::{DeliveryCheck, Directives, ErrorCode, Event, Result, Session, Verdict, Verification};

const WINDOW: Duration = Duration::from_millis(400);

async fn session(sim: &SimCluster, partitions: i32) -> Session {
    sim.create_topic("t", partitions);
    sim.create_topic("out", partitions);
    let topics = "topics: [{topic: t, role: both}, {topic: out, role: consumer}]";
    let probe = probe(sim, Config::default());
    probe.open_session(Directives::from_yaml(topics).expect("directives")).await.expect("a session")
}

fn header(record: &SimRecord, name: &str) -> Option<String> {
    let found = record.headers.iter().find(|(known, _)| known == name)?;
    String::from_utf8(found.1.as_ref()?.to_vec()).ok()
}

/// A log that troubles of the cluster and of others were let loose on, and what it is in truth.
struct Story {
    session: Session,
    /// By id where it was acknowledged.
    acked: BTreeMap<String, (i32, i64)>,
    refused: Vec<String>,
    /// Records may be gone that were there.
    lossy: bool,
    sim: SimCluster,
    partitions: i32,
}

impl Story {
    async fn tell(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let faults = Faults {
            produce_ms: 20,
            produce_refused: 0.03,
            produce_lost: 0.03,
            ack_lost: 0.03,
            request_ms: 10,
            fetch_ms: 20,
            fetch_batch: 5,
            ..Faults::none()
        };
        let partitions = rng.i32(1..4);
        let sim = SimCluster::new(seed, faults);
        let mut story = Self {
            session: session(&sim, partitions).await,
            acked: BTreeMap::new(),
            refused: Vec::new(),
            lossy: rng.u8(0..4) == 0,
            sim,
            partitions,
        };
        for n in 0..rng.usize(0..15) {
            let event = Event::new("T").id(format!("e-{n}")).key(format!("k-{}", rng.u8(0..3)));
            let event = Event { partition: Some(rng.i32(0..partitions)), ..event };
            match story.session.produce_event("t", event).await {
                Ok(ack) => drop(story.acked.insert(format!("e-{n}"), (ack.partition, ack.offset))),
                Err(error) if error.context().get("delivery") == Some(&"none".into()) => {
                    story.refused.push(format!("e-{n}"));
                }
                Err(_) => {}
            }
            story.spoil(&mut rng);
        }
        story
    }

    fn log(&self) -> Vec<(i32, i64, Arc<SimRecord>)> {
        let of = |partition| {
            let records = self.sim.records("t", partition).into_iter();
            records.filter_map(move |logged| Some((partition, logged.offset, logged.record.clone()?)))
        };
        (0..self.partitions).flat_map(of).collect()
    }

    fn spoil(&self, rng: &mut Rng) {
        let log = self.log();
        let Some((partition, offset, record)) = rng.choice(&log) else { return };
        let stranger = || {
            SimRecord::of("{}")
                .header("ce_testid", self.session.test_id().to_owned())
                .header("ce_correlationid", "nobody")
        };
        match rng.u8(0..40) {
            0 => drop(self.sim.append("t", *partition, (**record).clone())),
            1 => drop(self.sim.append("t", *partition, stranger())),
            2 | 3 if self.lossy => self.sim.truncate("t", *partition, *offset),
            4 if self.lossy => self.sim.delete_records("t", *partition, *offset),
            _ => {}
        }
    }

    /// Counts lost, duplicated and unexpected as they lie in the log.
    fn truth(&self) -> [u64; 3] {
        let log = self.log();
        let mut times: BTreeMap<String, u64> = BTreeMap::new();
        let mut unexpected = 0;
        for (_, _, record) in &log {
            let id = header(record, "ce_correlationid").unwrap_or_default();
            if id == "nobody" { unexpected += 1 } else { *times.entry(id).or_default() += 1 }
        }
        let lost = self.acked.keys().filter(|id| !times.contains_key(*id)).count() as u64;
        [lost, times.values().map(|n| n - 1).sum(), unexpected]
    }

    /// Returns what is certain to be wrong with a verdict.
    fn violation(&self, verdict: &Result<Verdict>) -> Option<String> {
        let journal = self.session.journal("t").expect("a journal");
        let was_read = |id: &str| journal.iter().any(|event| event.envelope.id.as_deref() == Some(id));
        let truth = self.truth();
        match verdict {
            Ok(verdict) => {
                let unread = self.acked.keys().find(|id| !was_read(id));
                let report = verdict.delivery.as_ref()?;
                (truth != [0; 3] && !self.lossy || unread.is_some() || report.sent < self.acked.len() as u64)
                    .then(|| format!("passed, and in truth {truth:?}, not read {unread:?}"))
            }
            Err(error) => {
                let is_failure = (2000..2500).contains(&error.code().number());
                let told = &error.context()["delivery"];
                let told = ["lost", "duplicated", "unexpected"].map(|kind| told[kind]["count"].as_u64());
                if !self.lossy {
                    return (!is_failure || told != truth.map(Some))
                        .then(|| format!("{} {told:?}, and in truth {truth:?}", error.code()));
                }
                let lost = told[0].filter(|n| is_failure && *n > 0)?;
                let gone = self.acked.keys().filter(|id| !was_read(id)).count() as u64;
                (lost > gone).then(|| format!("lost {lost}, and only {gone} were not read"))
            }
        }
    }
}

#[test]
fn three_thousand_logs_with_faults_and_foreign_records_are_told_as_they_are() {
    let mut tally: BTreeMap<String, u64> = BTreeMap::new();
    for seed in 0..3_000 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        runtime.expect("a runtime").block_on(async {
            let story = Story::tell(seed).await;
            let verdict = story.session.verify_delivery("t", Verification::new(), Some(WINDOW)).await;
            let name = verdict.as_ref().map_or_else(|error| error.code().name(), |_| "passed");
            *tally.entry(format!("{name}{}", if story.lossy { " (lossy)" } else { "" })).or_default() += 1;
            if let Some(violation) = story.violation(&verdict) {
                panic!("seed {seed}: {violation}\nrefused {:?}\n{verdict:?}", story.refused);
            }
        });
    }
    for code in
        ["passed", "DUPLICATE_EVENT", "UNEXPECTED_EVENT", "ACKED_EVENT_LOST (lossy)", "READ_GAP (lossy)"]
    {
        assert!(tally.get(code).is_some_and(|n| *n > 10), "{tally:?}");
    }
}

fn output(id: &str, session: &Session) -> SimRecord {
    SimRecord::of("{}")
        .header("ce_testid", session.test_id().to_owned())
        .header("ce_type", "Out")
        .header("ce_correlationid", id.to_owned())
}

/// Sends events of one key, and lets these ids come out.
async fn through(sent: &[&str], out: &[&str]) -> Result<Verdict> {
    let sim = SimCluster::new(1, Faults::none());
    let session = session(&sim, 1).await;
    for id in sent {
        session.produce_event("t", Event::new("In").id(*id).key("k")).await.expect("acknowledged");
    }
    for id in out {
        sim.append("out", 0, output(id, &session));
    }
    session.verify_delivery("t", Verification::new().output("out"), Some(WINDOW)).await
}

#[tokio::test(start_paused = true)]
async fn each_event_comes_out_once_or_the_verdict_names_what_became_of_it() {
    let verdict = through(&["a", "b", "c"], &["a", "b", "c"]).await.expect("a pass");
    let report = verdict.delivery.expect("a report");
    assert_eq!((report.sent, report.seen, report.lost.count), (3, 3, 0));
    for (out, code, says) in [
        (
            vec!["a", "c"],
            ErrorCode::AckedEventLost,
            "lost (lost write): id \"b\", key \"k\": in at partition 0, offset 1, nothing came out",
        ),
        (
            vec!["a", "b", "b", "c"],
            ErrorCode::DuplicateEvent,
            "duplicated (duplicate): id \"b\", key \"k\": in at partition 0, offset 1, out at partition 0, offset 1 and again at partition 0, offset 2",
        ),
        (vec!["a", "c", "b"], ErrorCode::WrongOrder, "out of order (nonmonotonic send): id \"b\""),
        (
            vec!["a", "b", "c", "x"],
            ErrorCode::UnexpectedEvent,
            "unexpected (phantom): id \"x\", no key: nothing of this id went in, out at partition 0, offset 3",
        ),
    ] {
        let error = through(&["a", "b", "c"], &out).await.expect_err("not a pass");
        assert_eq!(error.code(), code, "{error}");
        assert!(error.message().contains(says), "{}", error.message());
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_lost_passes_as_soon_as_everything_came_and_what_is_wrong_fails_at_once() {
    let sim = SimCluster::new(1, Faults::none());
    let session = session(&sim, 1).await;
    session.produce_event("t", Event::new("In").id("a")).await.expect("acknowledged");
    let (began, long) = (tokio::time::Instant::now(), Some(Duration::from_secs(60)));
    let lossless = Verification::new().only([DeliveryCheck::Loss, DeliveryCheck::OrderPerKey]);
    session.verify_delivery("t", lossless, long).await.expect("a pass");
    sim.append("t", 0, output("x", &session));
    let error = session.verify_delivery("t", Verification::new(), long).await.expect_err("not a pass");
    assert_eq!(error.code(), ErrorCode::UnexpectedEvent);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let lossless = Verification::new().only([DeliveryCheck::Loss]).output("out");
    let late = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        for id in ["a", "x"] {
            sim.append("out", 0, output(id, &session));
        }
    };
    let (verdict, ()) = tokio::join!(session.verify_delivery("t", lossless, long), late);
    verdict.expect("a pass");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn what_was_sent_before_a_mark_is_known_and_not_verified() {
    let sim = SimCluster::new(1, Faults::none());
    let session = session(&sim, 1).await;
    let both = Verification::new().output("out");
    for id in ["lost before", "late"] {
        session.produce_event("t", Event::new("In").id(id)).await.expect("acknowledged");
    }
    let mark = session.mark().await.expect("a mark");
    session.produce_event("t", Event::new("In").id("after")).await.expect("acknowledged");
    for id in ["late", "after"] {
        sim.append("out", 0, output(id, &session));
    }
    let verdict = session.verify_delivery("t", both.clone().after(mark), Some(WINDOW)).await;
    assert_eq!(verdict.expect("a pass").delivery.expect("a report").sent, 1);
    let error = session.verify_delivery("t", both, Some(WINDOW)).await.expect_err("not a pass");
    assert_eq!(error.code(), ErrorCode::AckedEventLost);
}

#[tokio::test(start_paused = true)]
async fn nobodys_record_that_may_be_the_one_makes_it_inconclusive_and_another_does_not() {
    for (id, code) in [("b", ErrorCode::NotAttributable), ("other", ErrorCode::AckedEventLost)] {
        let sim = SimCluster::new(1, Faults::none());
        let session = session(&sim, 1).await;
        for id in ["a", "b"] {
            session.produce_event("t", Event::new("In").id(id)).await.expect("acknowledged");
        }
        sim.append("out", 0, output("a", &session));
        sim.append("out", 0, SimRecord::of("{}").header("ce_correlationid", id));
        let lossless = Verification::new().only([DeliveryCheck::Loss]).output("out");
        let error = session.verify_delivery("t", lossless, Some(WINDOW)).await.expect_err("not a pass");
        assert_eq!(error.code(), code, "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_wrongly_is_refused_and_what_verified_nothing_says_so() {
    let sim = SimCluster::new(1, Faults::none());
    let session = Arc::new(session(&sim, 1).await);
    let refused = async |verification: Verification, within| {
        let session = session.clone();
        session.verify_delivery("t", verification, within).await.expect_err("refused").message().to_owned()
    };
    assert_eq!(refused(Verification::new(), None).await, "`within` was missing");
    assert_eq!(refused(Verification::new().only([]), Some(WINDOW)).await, "`checks` was empty");
    assert_eq!(refused(Verification::new().output("t"), Some(WINDOW)).await, "`output` was `t` itself");
    let matching = Verification::new().matching(crate::Match::new().id("a"));
    assert_eq!(refused(matching, Some(WINDOW)).await, "`match` was given without `output`");
    let verdict = session.verify_delivery("t", Verification::new(), Some(WINDOW)).await.expect("a pass");
    assert_eq!(verdict.warnings[0].code, "NOTHING_VERIFIED");
}

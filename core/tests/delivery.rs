//! What was sent against what came out, on a Kafka, through the whole engine.

mod support;

use std::time::{Duration, Instant};

use serde_json::json;
use support::foreign::Transactions;
use support::kafka;
use test_probe::operation::{Operation, Outcome};
use test_probe::{
    DeliveryCheck, Directives, ErrorCode, Event, Match, Probe, ProbeError, Result, Session, Verdict,
    Verification,
};
use uuid::Uuid;

const WINDOW: Duration = Duration::from_millis(400);
const SOON: Duration = Duration::from_secs(20);

/// A session, and a second one of the same test in another probe: somebody else, who passes the test id on.
struct Bed {
    probes: [Probe; 2],
    session: Session,
    other: Session,
    input: String,
}

async fn bed() -> Bed {
    let (input, output) = (format!("d-{}", Uuid::new_v4()), format!("d-{}", Uuid::new_v4()));
    let yaml = format!(
        "topics:\n  - {{topic: {input}, as: in, role: both, create: {{partitions: 1}}}}\n  - {{topic: {output}, as: out, role: both, create: {{partitions: 1}}}}"
    );
    let directives = || Directives::from_yaml(&yaml).expect("directives");
    let probes = [0, 1].map(|_| support::patient_probe(kafka::shared()));
    let session = probes[0].open_session(directives()).await.expect("a session");
    let id = Some(session.test_id().to_owned());
    let other = probes[1].open_session_as(directives(), id).await.expect("a session");
    Bed { probes, session, other, input }
}

fn event(id: &str) -> Event {
    Event::new("T").id(id).key("k").json(json!({}))
}

impl Bed {
    async fn send(&self, ids: &[&str]) {
        for id in ids {
            self.session.produce_event("in", event(id)).await.expect("acknowledged");
        }
    }

    async fn come_out(&self, ids: &[&str]) {
        for id in ids {
            self.other.produce_event("out", event(id)).await.expect("acknowledged");
        }
    }

    async fn log(&self, within: Duration) -> Result<Verdict> {
        self.session.verify_delivery("in", Verification::new(), Some(within)).await
    }

    async fn through(&self) -> Result<Verdict> {
        self.session.verify_delivery("in", Verification::new().output("out"), Some(WINDOW)).await
    }

    async fn close(self) {
        for session in [self.session, self.other] {
            session.close().await.expect("closed");
        }
        drop(self.probes);
    }
}

fn failed(verdict: Result<Verdict>, code: ErrorCode) -> ProbeError {
    let error = verdict.expect_err("not a pass");
    assert_eq!(error.code(), code, "{error}");
    error
}

#[tokio::test]
async fn what_was_sent_is_there_once_and_in_order() {
    let bed = bed().await;
    bed.send(&["a", "b", "c"]).await;
    let verdict = bed.log(WINDOW).await.expect("a pass");
    let report = verdict.delivery.expect("a report");
    assert_eq!((report.sent, report.acknowledged, report.seen), (3, 3, 3));
    assert!(verdict.coverage.partitions.values().all(|read| read.end == Some(read.next)));
    bed.close().await;
}

#[tokio::test]
async fn a_copy_by_another_client_is_a_duplicate_and_fails_at_once() {
    let bed = bed().await;
    bed.send(&["a", "b"]).await;
    let journal = async {
        bed.session.expect_event("in", Match::new().id("b"), Some(SOON)).await.expect("read");
        bed.session.journal("in").expect("a journal")
    };
    let first = journal.await.first().expect("an event").clone();
    let copy = event("a").header("ce_id", first.headers.text("ce_id").expect("an id").to_owned());
    bed.other.produce_event("in", copy).await.expect("acknowledged");
    let began = Instant::now();
    let error = failed(bed.log(SOON).await, ErrorCode::DuplicateEvent);
    assert!(began.elapsed() < SOON / 2);
    let says = "id \"a\", key \"k\": acknowledged at partition 0, offset 0, seen at partition 0, offset 0 and again at partition 0, offset 2";
    assert!(error.message().contains(says), "{}", error.message());
    assert_eq!(error.context()["delivery"]["duplicated"]["examples"][0]["term"], "duplicate");
    bed.close().await;
}

#[tokio::test]
async fn an_event_of_this_test_that_nobody_sent_is_unexpected() {
    let bed = bed().await;
    bed.send(&["a"]).await;
    bed.other.produce_event("in", event("x")).await.expect("acknowledged");
    failed(bed.log(SOON).await, ErrorCode::UnexpectedEvent);
    let lossless = Verification::new().only([DeliveryCheck::Loss]);
    bed.session.verify_delivery("in", lossless, Some(SOON)).await.expect("a pass");
    bed.close().await;
}

#[tokio::test]
async fn each_event_comes_out_once_or_the_verdict_says_what_became_of_it() {
    for (out, code) in [
        (["a", "b", "c"].as_slice(), None),
        (&["a", "c"], Some(ErrorCode::AckedEventLost)),
        (&["a", "b", "b", "c"], Some(ErrorCode::DuplicateEvent)),
        (&["b", "a", "c"], Some(ErrorCode::WrongOrder)),
        (&["a", "b", "c", "x"], Some(ErrorCode::UnexpectedEvent)),
    ] {
        let bed = bed().await;
        bed.send(&["a", "b", "c"]).await;
        bed.come_out(out).await;
        match (bed.through().await, code) {
            (Ok(verdict), None) => assert_eq!(verdict.delivery.expect("a report").seen, 3),
            (verdict, code) => drop(failed(verdict, code.expect("no pass"))),
        }
        bed.close().await;
    }
}

#[tokio::test]
async fn an_aborted_transaction_is_nothing_and_an_open_one_hides_what_may_be_there() {
    let bed = bed().await;
    bed.send(&["a"]).await;
    let transactions = Transactions::begun(&bed.input).await;
    failed(bed.log(WINDOW).await, ErrorCode::NotCovered);
    let ended = tokio::task::spawn_blocking(move || transactions.abort());
    ended.await.expect("aborted");
    bed.log(WINDOW).await.expect("a pass");
    bed.close().await;
}

#[tokio::test]
async fn a_language_verifies_by_a_document() {
    let bed = bed().await;
    bed.send(&["a"]).await;
    let run = |document| {
        let operation = Operation::expectation(&document);
        let session = bed.session.clone();
        async move { session.run(operation?).await }
    };
    let asked = json!({"verb": "verify_delivery", "topic": "in", "checks": ["loss", "order_per_key"]});
    let Outcome::Verdict(verdict) = run(asked).await.expect("a pass") else { panic!("no verdict") };
    assert_eq!(verdict.to_json()["delivery"]["acknowledged"], 1);
    let code = |error: ProbeError| (error.code(), error.message().to_owned());
    let asked = json!({"verb": "verify_delivery", "topic": "in", "checks": ["lost"], "within_ms": 100});
    let (wrong, text) = code(run(asked).await.expect_err("refused"));
    assert_eq!((wrong, &*text), (ErrorCode::InvalidArgument, "`\"lost\"` was not a check of a delivery"));
    let asked = json!({"verb": "verify_delivery", "topic": "in"});
    assert_eq!(code(run(asked).await.expect_err("refused")).1, "`within` was missing");
    bed.close().await;
}

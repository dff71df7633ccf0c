//! Plays a plan on a Kafka.

use std::time::{Duration, Instant};

use serde_json::json;
use test_probe::{Directives, Event, Match, Order, Payload, Probe, ProducedAck, Result, Session, Verdict};

use crate::model::{Model, SERIAL, Written};
use crate::plan::{After, Asked, By, Plan, Record, Value, Verb};
use crate::support::foreign::{Foreign, Transactions, delete_topic};
use crate::support::kafka;

/// What is there to play with.
struct Stage {
    plan: Plan,
    topic: String,
    own: Session,
    stranger: Session,
    foreign: Foreign,
    /// The transaction that stays open.
    open: Option<Transactions>,
    log: Vec<Written>,
}

/// Plays a round; returns what was wrong with its verdict.
pub(crate) async fn play(probe: Probe, seed: u64) -> Vec<String> {
    let plan = Plan::draw(seed);
    let topic = format!("round-{seed}-{}", uuid::Uuid::new_v4());
    let foreign = Foreign::new(kafka::shared());
    let stranger = open(&probe, &topic, &plan).await;
    let test_id = uuid::Uuid::new_v4().to_string();
    let mut log = Vec::new();
    for record in &plan.before_start {
        // What lies before the start is written for the test, which is not there yet.
        let serial = log.len();
        match record.by {
            By::Stranger => drop(stranger.produce_event(&topic, event(record, serial)).await),
            _ => {
                foreign
                    .send(
                        &topic,
                        record.partition,
                        &headers(record, serial, &test_id),
                        key(record),
                        value(record),
                    )
                    .await
            }
        }
        log.push(Written {
            record: *record,
            serial,
            is_in_range: false,
            is_in_time: true,
            is_behind_open: false,
        });
    }
    let own = open_as(&probe, &topic, &plan, Some(test_id)).await;
    let mut stage = Stage { plan: plan.clone(), topic, own, stranger, foreign, open: None, log };
    let verdict = stage.run().await;
    let wrong = Model { plan: &plan, log: &stage.log }.judge(&verdict);
    if let Some(open) = stage.open.take() {
        let _ = tokio::task::spawn_blocking(move || open.abort()).await;
    }
    for session in [&stage.own, &stage.stranger] {
        let _ = session.close().await;
    }
    delete_topic(kafka::shared(), &stage.topic).await;
    if wrong.is_empty() {
        wrong
    } else {
        [wrong, vec![format!("{plan:?}"), format!("{:?}", stage.log)]].concat()
    }
}

async fn open(probe: &Probe, topic: &str, plan: &Plan) -> Session {
    open_as(probe, topic, plan, None).await
}

async fn open_as(probe: &Probe, topic: &str, plan: &Plan, test_id: Option<String>) -> Session {
    let mut one = json!({ "topic": topic, "role": "both", "create": { "partitions": plan.partitions } });
    if plan.is_filtered {
        one["eventFilters"] = json!([{ "eventType": "A" }]);
    }
    if plan.ignores_nobody {
        one["unattributed"] = json!("ignore");
    }
    if plan.is_uncommitted {
        one["isolation"] = json!("read_uncommitted");
    }
    let directives = Directives::from_json(&json!({ "topics": [one] })).expect("directives");
    probe.open_session_as(directives, test_id).await.expect("a session")
}

impl Stage {
    async fn run(&mut self) -> Result<Verdict> {
        let mut acked = None;
        for record in self.plan.before_mark.clone() {
            let ack = self.write(record, false).await;
            if let Some(ack) = ack {
                if self.plan.after == After::Acknowledged {
                    // Only what follows the last one lies behind it.
                    self.log.iter_mut().for_each(|written| written.is_in_range = false);
                }
                acked = Some(ack);
            }
        }
        let mut matches: Vec<Match> = self.plan.verb.asked().iter().map(matching).collect();
        match (self.plan.after, acked) {
            (After::Start, _) | (After::Acknowledged, None) => {}
            (After::Mark, _) => {
                let mark = self.own.mark().await.expect("a mark");
                matches = matches.into_iter().map(|one| one.after(mark.clone())).collect();
            }
            (After::Acknowledged, Some(ack)) => {
                matches = matches.into_iter().map(|one| one.after(&ack)).collect();
            }
        }
        for record in self.plan.behind_mark.clone() {
            self.write(record, true).await;
        }
        let (session, topic, verb) = (self.own.clone(), self.topic.clone(), self.plan.verb.clone());
        let window = Duration::from_millis(self.plan.window_ms);
        // The deadline is not before this.
        let deadline = Instant::now() + window;
        let waiting = tokio::spawn(async move { expect(&session, &topic, verb, matches, window).await });
        for record in self.plan.during.clone() {
            self.write(record, true).await;
            let is_in_time = Instant::now() <= deadline;
            if let Some(written) = self.log.last_mut() {
                written.is_in_time = is_in_time;
            }
        }
        waiting.await.expect("no panic")
    }

    async fn write(&mut self, record: Record, is_behind_mark: bool) -> Option<ProducedAck> {
        let serial = self.log.len();
        let headers = headers(&record, serial, self.own.test_id());
        let mut ack = None;
        match record.by {
            By::Own => {
                let sent = self.own.produce_event(&self.topic, event(&record, serial)).await;
                ack = Some(sent.expect("acknowledged"));
            }
            By::Stranger => {
                let sent = self.stranger.produce_event(&self.topic, event(&record, serial)).await;
                sent.expect("acknowledged");
            }
            By::Carried | By::Nobody => {
                self.foreign
                    .send(&self.topic, record.partition, &headers, key(&record), value(&record))
                    .await;
            }
            By::Committed | By::Aborted | By::Open => {
                let topic = self.topic.clone();
                let (key, value) = (key(&record), value(&record));
                let transaction = tokio::task::spawn_blocking(move || {
                    let transaction = Transactions::open(kafka::shared());
                    transaction.begin_with(&topic, &headers, &key, value.as_deref());
                    match record.by {
                        By::Committed => transaction.commit(),
                        By::Aborted => transaction.abort(),
                        _ => return Some(transaction),
                    }
                    None
                });
                self.open = self.open.take().or(transaction.await.expect("a transaction"));
            }
        }
        let is_behind_open = !self.plan.is_uncommitted && record.partition == 0 && self.open.is_some();
        let is_in_range = self.plan.after != After::Mark || is_behind_mark;
        self.log.push(Written { record, serial, is_in_range, is_in_time: true, is_behind_open });
        ack
    }
}

async fn expect(
    session: &Session,
    topic: &str,
    verb: Verb,
    mut matches: Vec<Match>,
    window: Duration,
) -> Result<Verdict> {
    let first = matches.remove(0);
    match verb {
        Verb::Event(_) => session.expect_event(topic, first, Some(window)).await,
        Verb::None(_) => session.expect_none(topic, first, window).await,
        Verb::Exactly(n, _) => session.expect_exactly(topic, n, first, window).await,
        Verb::Receive(n) => session.receive_n(topic, n, Some(window)).await,
        Verb::BothOf(..) => {
            let both = [first.into(), matches.remove(0).into()];
            session.expect_all_of(topic, both, Order::AnyOrder, Some(window)).await
        }
    }
}

fn matching(asked: &Asked) -> Match {
    let mut matching = Match::new();
    if let Some(kind) = asked.kind {
        matching = matching.event_type(kind);
    }
    if let Some(id) = asked.id {
        matching = matching.id(format!("e-{id}"));
    }
    if let Some(key) = asked.key {
        matching = matching.key(format!("k-{key}"));
    }
    if let Some(number) = asked.number {
        matching = matching.value(json!({ "n": number }));
    }
    match asked.own {
        Some(own) => matching.own(own),
        None => matching,
    }
}

fn event(record: &Record, serial: usize) -> Event {
    let payload = match record.value {
        Value::Number(number) => Payload::Json(json!({ "n": number, "more": true })),
        Value::Tombstone => Payload::Null,
        Value::Broken => Payload::Raw(b"{\"n\": ".to_vec().into()),
    };
    let event = Event::new(record.kind).id(format!("e-{}", record.id)).key(key(record));
    Event { payload, ..event.partition(record.partition).header(SERIAL, serial.to_string()) }
}

fn headers(record: &Record, serial: usize, test_id: &str) -> Vec<(String, String)> {
    let mut headers = vec![
        (SERIAL.to_owned(), serial.to_string()),
        ("ce_type".to_owned(), record.kind.to_string()),
        ("ce_correlationid".to_owned(), format!("e-{}", record.id)),
    ];
    if record.by != By::Nobody {
        headers.push(("ce_testid".to_owned(), test_id.to_owned()));
    }
    headers
}

fn key(record: &Record) -> String {
    format!("k-{}", record.key)
}

fn value(record: &Record) -> Option<String> {
    match record.value {
        Value::Number(number) => Some(json!({ "n": number, "more": true }).to_string()),
        Value::Tombstone => None,
        Value::Broken => Some("{\"n\": ".to_owned()),
    }
}

//! What must hold of a session at any time, and once everything has healed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use test_probe::broker::Isolation;
use test_probe::operation::Verb;
use test_probe::{Category, ErrorCode, Match};
use tokio::time::{Instant, sleep, timeout};

use crate::actor::{EPSILON, HANG, Open};
use crate::check::{Check, find};
use crate::oracle::{After, Looking, Range, is_shadowed};
use crate::record::{Truth, Wanted, truths};
use crate::stage::{Stage, Trouble, lock};

/// 5, 7 and 10: the journal is this test's, in order, without doubles; what is covered is there.
pub(crate) fn journal(stage: &Stage, open: &Open, looking: &Looking, label: &str) {
    let topic = &looking.plan.topic;
    let (Ok(events), Ok(coverage)) = (open.session.journal(topic), open.session.coverage(topic)) else {
        return;
    };
    let mut last: BTreeMap<(u32, i32), i64> = BTreeMap::new();
    let mut serials = BTreeSet::new();
    for event in &events {
        let at = (event.generation, event.partition);
        if last.insert(at, event.offset).is_some_and(|before| before >= event.offset) {
            stage.violate("7 order", format_args!("{label}: {at:?} offset {} again or late", event.offset));
        }
        let Some(truth) = find(stage, looking, event) else {
            stage.violate("5 journal", format_args!("{label}: no such record {at:?} {}", event.offset));
            continue;
        };
        let fits = looking.is_mine(&truth) && looking.plan.filter.admits(&truth);
        if !fits || looking.range(stage, &truth) == Range::Not {
            stage.violate("5 journal", format_args!("{label}: {}", truth.describe()));
        }
        if !truth.logged.meant_for(looking.plan.isolation) {
            stage.violate("1 journal", format_args!("{label}: not visible {}", truth.describe()));
        }
        serials.insert(truth.serial);
    }
    for truth in truths(&stage.sim, topic) {
        let logged = &truth.logged;
        let current = coverage.topic_id.as_deref() == Some(&*logged.topic_id.0.to_string());
        let Some(read) = coverage.partitions.get(&truth.partition).filter(|_| current) else { continue };
        let covered = (read.from..read.next).contains(&logged.offset);
        if covered && must_be_read(looking, &truth) && !serials.contains(&truth.serial) {
            // Behind a truncation offsets are used again; a gap stands for them.
            if !stage.truncated(topic, truth.partition) {
                stage.violate("10 covered", format_args!("{label}: {read:?} lacks {}", truth.describe()));
            }
        }
    }
}

fn must_be_read(looking: &Looking, truth: &Truth) -> bool {
    let stable = looking.plan.isolation == Isolation::ReadUncommitted || truth.logged.stable;
    looking.is_mine(truth)
        && looking.plan.filter.admits(truth)
        && looking.sees(truth)
        && stable
        && truth.logged.gone.is_none()
}

/// 3, 4 and 11: once all is well, every session knows what came, or says what it lost.
pub(crate) async fn settle(stage: &Arc<Stage>, open: &Arc<Open>) {
    for looking in open.looking.values() {
        settle_topic(stage, open, looking).await;
    }
    for (topic, serial) in lock(&open.refused).iter() {
        if truths(&stage.sim, topic).iter().any(|truth| truth.serial == *serial) {
            stage.violate("6 nack", format_args!("{serial} was refused and is in the log of {topic}"));
        }
    }
}

async fn settle_topic(stage: &Arc<Stage>, open: &Open, looking: &Looking) {
    let topic = &looking.plan.topic;
    let label = format!("{} at the end on {topic}", looking.test_id);
    let wanted = Wanted { id: Some("none-such".to_owned()), ..Wanted::default() };
    for patience in 0..8 {
        let within = Duration::from_millis(10);
        let deadline = Instant::now() + within;
        let asking = open.session.expect_none(topic, wanted.to_match(), within);
        let Ok(verdict) = timeout(HANG, asking).await else {
            return stage.violate("8 hang", format_args!("{label}"));
        };
        let after = &After::Start;
        let check =
            Check { stage, looking, verb: Verb::None, wanted: &wanted, after, deadline, label: &label };
        check.verdict(&verdict);
        let code = verdict.as_ref().err().map(|error| error.code());
        stage.note(format_args!("{label}: {code:?}"));
        match code {
            None => {
                stage.count("settled");
                journal(stage, open, looking, &label);
                return complete(stage, open, looking, &label);
            }
            Some(ErrorCode::NotCovered | ErrorCode::BrokerUnreachable | ErrorCode::TimedOut)
                if patience < 7 =>
            {
                sleep(Duration::from_millis(700)).await;
            }
            Some(ErrorCode::NotCovered) => {
                let corrupt = |t: &Trouble| matches!(t, Trouble::Corrupt { topic: of } if of == topic);
                if stage.sim.topic(topic).is_some() && !stage.happened(stage.began, corrupt) {
                    stage.violate("3 never ready", format_args!("{label}: {:?}", verdict.err()));
                }
                return;
            }
            Some(code) => {
                stage.count(&format!("settled as {code}"));
                if code.category() == Category::Expectation {
                    stage.violate("2 false fail", format_args!("{label}: {code}"));
                }
                return;
            }
        }
    }
}

/// 3: nothing that came after the session was ready is missing.
fn complete(stage: &Stage, open: &Open, looking: &Looking, label: &str) {
    let topic = &looking.plan.topic;
    let Ok(events) = open.session.journal(topic) else { return };
    let serials: BTreeSet<String> = events
        .iter()
        .filter_map(|event| event.headers.text(crate::record::SERIAL))
        .map(str::to_owned)
        .collect();
    for truth in truths(&stage.sim, topic) {
        let due = must_be_read(looking, &truth) && looking.range(stage, &truth) == Range::Must;
        if due && !serials.contains(&truth.serial) && !is_shadowed(stage, topic, &truth) {
            stage.violate("3 missed", format_args!("{label}: {}", truth.describe()));
        }
    }
}

/// 9: closing wakes whoever waits, at once.
pub(crate) async fn close(stage: &Arc<Stage>, open: Vec<Arc<Open>>) {
    let mut waiting = Vec::new();
    for open in &open {
        let Some((topic, looking)) = open.looking.iter().next() else { continue };
        let (session, topic) = (open.session.clone(), topic.clone());
        let excusable = stage.plan.weather == crate::plan::Weather::Wild
            || stage.losses(&looking.plan.topic, stage.began);
        waiting.push((
            excusable,
            tokio::spawn(async move {
                let wanted = Match::new().id("none-such");
                session.expect_none(&topic, wanted, Duration::from_secs(100)).await.map(|_| ())
            }),
        ));
    }
    sleep(Duration::from_millis(5)).await;
    let began = Instant::now();
    stage.note(format_args!("the probe closes"));
    if let Err(error) = stage.probe.close_blocking(None) {
        stage.violate("9 close", format_args!("{} {}", error.code(), error.message()));
    }
    for (excusable, waiter) in waiting {
        let Ok(Ok(result)) = timeout(HANG, waiter).await else {
            return stage.violate("8 hang", format_args!("a waiter was not woken"));
        };
        let code = result.err().map(|error| error.code());
        if code != Some(ErrorCode::ShuttingDown) && !excusable {
            stage.violate("9 close", format_args!("a waiter was told {code:?}"));
        }
    }
    if began.elapsed() > EPSILON {
        stage.violate("9 close", format_args!("the waiters woke after {:?}", began.elapsed()));
    }
    for open in open {
        let Some(topic) = open.looking.keys().next() else { continue };
        let code = open.session.journal(topic).err().map(|error| error.code());
        if code != Some(ErrorCode::ShuttingDown) {
            stage.violate("9 close", format_args!("a later call was told {code:?}"));
        }
    }
}

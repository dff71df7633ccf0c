//! The invariants of `expect_all_of`, against an assignment of our own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use test_probe::operation::Verb;
use test_probe::{ErrorCode, Order, ProbeError, Result, Verdict};
use tokio::time::Instant;

use crate::check::Check;
use crate::oracle::{After, Looking, Question, Range, Witness};
use crate::record::{Answer, Truth, Wanted, truths};
use crate::stage::Stage;

/// One of several matches.
pub(crate) struct One {
    pub(crate) looking: Arc<Looking>,
    pub(crate) wanted: Wanted,
    pub(crate) after: After,
}

/// A verdict on several matches, and everything that was asked.
pub(crate) struct AllOf<'a> {
    pub(crate) stage: &'a Stage,
    pub(crate) order: Order,
    pub(crate) wanted: &'a [One],
    pub(crate) deadline: Instant,
    pub(crate) label: &'a str,
}

/// A record by its topic and its name.
type Name = (String, String);

impl AllOf<'_> {
    pub(crate) fn verdict(&self, verdict: &Result<Verdict>) {
        match verdict {
            Ok(verdict) => self.passed(verdict),
            Err(error) => self.error(error),
        }
    }

    fn check<'c>(&'c self, one: &'c One) -> Check<'c> {
        Check {
            stage: self.stage,
            looking: &one.looking,
            verb: Verb::Event,
            wanted: &one.wanted,
            after: &one.after,
            deadline: self.deadline,
            label: self.label,
        }
    }

    fn violate(&self, rule: &str, line: &str) {
        self.stage.violate(rule, format_args!("{}: {line}", self.label));
    }

    /// 1: each match has an event of its own that meets it, and in order where that was asked.
    fn passed(&self, verdict: &Verdict) {
        if verdict.events.len() != self.wanted.len() {
            return self.violate("1 false pass", &format!("{} events", verdict.events.len()));
        }
        let (mut names, mut last) = (BTreeSet::new(), BTreeMap::new());
        for ((event, own), one) in verdict.events.iter().zip(&verdict.own).zip(self.wanted) {
            let alone = Verdict { events: vec![event.clone()], own: vec![*own], ..verdict.clone() };
            self.check(one).verdict(&Ok(alone));
            let topic = &one.looking.plan.topic;
            if **topic != *event.topic
                || !names.insert((topic, event.partition, event.generation, event.offset))
            {
                self.violate("1 false pass", &format!("{topic} {} serves again", event.offset));
            }
            let before = last.insert((topic, event.partition, event.generation), event.offset);
            if self.order == Order::InOrder && before.is_some_and(|before| before >= event.offset) {
                self.violate("1 order", &format!("{before:?} and then {}", event.offset));
            }
        }
    }

    fn error(&self, error: &ProbeError) {
        match error.code() {
            ErrorCode::ExpectationTimeout => {
                if self.assignable(&self.musts(|_| true)) {
                    self.violate("2 false fail", "each match could have been served");
                }
            }
            ErrorCode::WrongOrder if self.order == Order::InOrder => {
                if !self.assignable(&self.mays()) {
                    self.violate("2 false fail", "no event came for one of the matches");
                }
                let doubtful = self.musts(|witness| !matches!(witness, Witness::Match(_)));
                if doubtful.iter().any(|names| !names.is_empty()) {
                    self.violate("2 false fail", &format!("a doubtful record: {doubtful:?}"));
                }
                if self.is_in_order() {
                    self.violate("2 false fail", "they are in order");
                }
            }
            code => {
                // Of some match, a doubt must be one that this match had to have.
                let about = |one: &&One| {
                    let event = error.context().get("finding").map(|finding| &finding["event"]);
                    let topic = event.and_then(|event| event["topic"].as_str());
                    topic.is_none_or(|topic| topic == one.looking.plan.topic)
                };
                let broken = self.stage.violations().len();
                let mut said = Vec::new();
                for one in self.wanted.iter().filter(about) {
                    self.check(one).error(error);
                    let violations = self.stage.violations().split_off(broken);
                    self.stage.forgive(broken);
                    if violations.is_empty() {
                        return;
                    }
                    said.extend(violations);
                }
                self.violate("11 unjustified", &format!("{code}: {said:?}"));
            }
        }
    }

    /// Returns by match the records that had to be seen and speak for it.
    fn musts(&self, counts: impl Fn(&Witness) -> bool) -> Vec<BTreeSet<Name>> {
        let of = |one: &One| {
            let question = Question {
                looking: &one.looking,
                wanted: &one.wanted,
                after: &one.after,
                deadline: self.deadline,
                filtered: true,
                unattributed: true,
            };
            let witnesses = question.witnesses(self.stage).into_iter().filter(|witness| counts(witness));
            let topic = &one.looking.plan.topic;
            witnesses.map(|witness| (topic.clone(), witness.into_truth().serial)).collect()
        };
        self.wanted.iter().map(of).collect()
    }

    /// Returns by match the records that may be seen and meet it.
    fn mays(&self) -> Vec<BTreeSet<Name>> {
        let of = |one: &One| {
            let looking = &one.looking;
            let known = !looking.plan.bare || one.wanted.own.is_none();
            let may = |truth: &Truth| {
                looking.is_mine(truth)
                    && (!known || one.wanted.answer(truth, looking.session) == Answer::Yes)
                    && looking.looks_at(self.stage, truth, &one.after) != Range::Not
            };
            let found = truths(&self.stage.sim, &looking.plan.topic).into_iter().filter(may);
            found.map(|truth| (looking.plan.topic.clone(), truth.serial)).collect()
        };
        self.wanted.iter().map(of).collect()
    }

    /// Returns whether each match can have a record of its own, by trying everything.
    fn assignable(&self, by_match: &[BTreeSet<Name>]) -> bool {
        fn rest(by_match: &[BTreeSet<Name>], taken: &mut BTreeSet<Name>) -> bool {
            let Some((first, others)) = by_match.split_first() else { return true };
            // As many candidates as there are matches are enough: the others cannot take them all.
            for name in first.iter().take(taken.len() + by_match.len()) {
                if taken.insert(name.clone()) {
                    if rest(others, taken) {
                        return true;
                    }
                    taken.remove(name);
                }
            }
            false
        }
        rest(by_match, &mut BTreeSet::new())
    }

    /// Returns whether the records that had to be seen are surely in order: told of one partition only.
    fn is_in_order(&self) -> bool {
        let topic = &self.wanted[0].looking.plan.topic;
        let one_partition = self.wanted.iter().all(|one| one.looking.plan.topic == *topic)
            && self.stage.sim.topic(topic).is_some_and(|(_, partitions)| partitions == 1)
            && self.stage.sim.topic_ids(topic).len() == 1;
        if !one_partition || self.stage.losses(topic, self.stage.began) {
            return false;
        }
        let musts = self.musts(|witness| matches!(witness, Witness::Match(_)));
        let mut log = truths(&self.stage.sim, topic);
        log.sort_by_key(|truth| truth.logged.offset);
        let mut served = 0;
        for truth in log {
            let name = (topic.clone(), truth.serial);
            served += usize::from(musts.get(served).is_some_and(|names| names.contains(&name)));
        }
        served == musts.len()
    }
}

//! What else is worth knowing of a verdict that is not a pass: facts that the session has at hand, and what
//! it learns by looking around for the rest of the grace.

use tokio::time::Instant;

use crate::completion::lock;
use crate::directive::{FilterOn, Source};
use crate::engine::expect::{Expecting, Progress};
use crate::engine::judge::Judge;
use crate::engine::session::Look;
use crate::matcher::near_header;
use crate::operation::{Order, Verb};
use crate::runtime::Deadline;
use crate::verdict::{Doubt, Evidence, Finding, Warning, hints};
use crate::workers::fence::Ends;

impl Expecting<'_> {
    /// Returns what the session knows already, the most telling first.
    pub(super) fn hints(&self, finding: &Finding, progress: &Progress) -> Vec<String> {
        let mut said: Vec<String> = Vec::new();
        match finding {
            Finding::WrongOrder { .. } => said.extend(self.between_partitions(progress)),
            Finding::Doubtful(Doubt::NotAttributable(event)) => {
                let judge = self.judges.iter().find(|(_, judge)| judge.topic.directive.name == event.topic);
                let names: Vec<&str> = event.headers.iter().map(|(name, _)| name).collect();
                said.extend(judge.and_then(|(_, judge)| test_id_variant(judge, &names)));
            }
            _ => {}
        }
        if !finding.is_missing() {
            return said;
        }
        for number in self.missing(progress) {
            let Some((place, judge)) = self.judges.get(number) else { continue };
            let Some(look) = self.looks.get(*place) else { continue };
            let named = self.named(number);
            let elsewhere = judge.elsewhere(self.session).into_iter();
            let elsewhere =
                elsewhere.map(|(topic, cluster)| hints::elsewhere(named, &topic, cluster.as_deref()));
            let more = elsewhere
                .chain(self.unmet_filters(judge))
                .chain(unattributed_variant(judge, look))
                .chain(judge.stranger(&self.session.test_id, look).map(|stranger| stranger.hint(named)));
            for hint in more {
                if !said.contains(&hint) {
                    said.push(hint);
                }
            }
        }
        said
    }

    /// Looks around for the rest of the grace, and adds what it learned.
    pub(super) async fn look_around(
        &self,
        evidence: &mut Evidence,
        ends: &[Ends],
        progress: &Progress,
        deadline: Deadline,
    ) {
        let config = &self.session.probe.config.dsl;
        let by = |grace| Deadline::at(deadline.instant() + self.session.probe.scaled(grace));
        let grace = by(config.verdict_grace);
        let until = by(config.late_grace).min(grace);
        let missing = self.missing(progress);
        let back = async {
            let mut all = Vec::new();
            for place in 0..self.looks.len() {
                all.push(self.look_back(place, &missing, grace).await);
            }
            all
        };
        let (back, late) = tokio::join!(back, self.listen(&missing, ends, deadline, until));
        let (is_more, is_silent) = (!progress.tally.found().is_empty(), late.is_empty());
        let late =
            late.iter().map(|late| hints::late(self.named(late.number), is_more, late.by, &late.event));
        let before = back.iter().flat_map(|back| &back.events).map(|before| {
            hints::before_start(self.named(before.number), &before.whose, before.distance, &before.event)
        });
        evidence.hints.splice(0..0, late.chain(before));
        let last = back.first().and_then(|back| back.last);
        let circumstances = self.circumstances(evidence, is_silent.then_some(last), deadline.instant());
        evidence.notes.extend(circumstances);
    }

    /// Returns warnings of what a pass did not depend on by its conditions, but by the test id or the start
    /// alone; only of what was seen, since no pass waits.
    pub(super) fn look_alikes(&self) -> Vec<Warning> {
        let find = |is_stale: bool| {
            self.judges.iter().find_map(|(place, judge)| {
                judge.look_alike(&self.session.test_id, self.looks.get(*place)?, is_stale)
            })
        };
        let foreign = find(false).map(|found| Warning::foreign(&found.test_id, &found.place));
        foreign.into_iter().chain(find(true).map(|found| Warning::stale(&found.place))).collect()
    }

    /// Returns the matches that nothing serves.
    fn missing(&self, progress: &Progress) -> Vec<usize> {
        let is_served =
            |number: &usize| matches!(self.verb, Verb::AllOf(_)) && progress.tally.serving(*number).is_some();
        (0..self.judges.len()).filter(|number| !is_served(number)).collect()
    }

    /// Returns by which number a hint names a match, counted from 1; `None` where there is but one.
    fn named(&self, number: usize) -> Option<usize> {
        matches!(self.verb, Verb::AllOf(_)).then_some(number + 1)
    }

    /// Returns when something came last, and what the session sent, where nothing came that is near.
    /// `silence` is when the last record before the start came, unless something came since.
    fn circumstances(
        &self,
        evidence: &Evidence,
        silence: Option<Option<i64>>,
        deadline: Instant,
    ) -> Vec<String> {
        let mut said = Vec::new();
        let Some((place, judge)) = self.judges.first() else { return said };
        let Some(look) = self.looks.get(*place) else { return said };
        if matches!(self.verb, Verb::AllOf(_)) || !evidence.misses.is_empty() || evidence.funnel.matched > 0 {
            return said;
        }
        if let (0, Some(last)) = (evidence.funnel.seen, silence) {
            said.extend(hints::silence(look.opened_at, last));
        }
        if let Some(acked) = lock(&judge.topic.sent).last {
            let is_after = acked.at > deadline;
            let distance = if is_after { acked.at - deadline } else { deadline - acked.at };
            said.push(hints::acknowledged(acked.partition, acked.offset, distance, is_after));
        } else {
            let topics = self.session.topics();
            let sent_nothing = topics.iter().all(|topic| lock(&topic.sent).is_empty());
            if sent_nothing && topics.iter().any(|topic| topic.directive.role.produces()) {
                said.push(hints::NOTHING_SENT.to_owned());
            }
        }
        said
    }

    /// Kafka orders the records of a partition, and nothing else.
    fn between_partitions(&self, progress: &Progress) -> Option<String> {
        if self.verb != Verb::AllOf(Order::InOrder) {
            return None;
        }
        let mut places = (0..self.judges.len()).filter_map(|number| {
            let event = &progress.tally.serving(number)?.event;
            Some((event.topic.clone(), event.partition))
        });
        let first = places.next()?;
        places.any(|place| place != first).then(|| {
            "the events lie in several partitions, between which Kafka has no order: it is the order in \
             which they were read"
                .to_owned()
        })
    }

    /// Returns what there is to say of eventFilters on headers that no event of the test carries.
    fn unmet_filters(&self, judge: &Judge) -> Vec<String> {
        let directive = &judge.topic.directive;
        let conditions = directive.event_filters.alternatives.iter().flat_map(|one| &one.conditions);
        let asked = conditions.filter_map(|condition| match &condition.on {
            FilterOn::At(Source::Header(name)) => Some(name),
            _ => None,
        });
        let look_at = |asked: &String| {
            self.session.journal.read(0, |entries| {
                let mut events =
                    entries.iter().map(|entry| &entry.event).filter(|event| event.topic == directive.name);
                if events.clone().next().is_none() || events.any(|event| event.headers.get(asked).is_some()) {
                    return None;
                }
                let events = || entries.iter().map(|entry| &entry.event);
                let variant = events().find_map(|event| {
                    near_header(event.headers.iter().map(|(name, _)| name), asked).map(str::to_owned)
                });
                Some(match variant {
                    Some(variant) => hints::header(&variant, asked),
                    None => {
                        let is_type = events()
                            .any(|event| event.envelope.event_type.as_deref() == Some(asked.as_str()));
                        hints::filter_without_header(asked, is_type)
                    }
                })
            })
        };
        asked.filter_map(look_at).collect()
    }
}

/// Returns the header of a record without a test id that has nearly the name of the one that is looked for.
fn unattributed_variant(judge: &Judge, look: &Look) -> Option<String> {
    let records = look.lane.state().unattributed.kept();
    records.iter().find_map(|record| {
        record.with_ref(|record| {
            let names: Vec<&str> = record.headers.iter().map(|(name, _)| *name).collect();
            test_id_variant(judge, &names)
        })
    })
}

fn test_id_variant(judge: &Judge, names: &[&str]) -> Option<String> {
    let Source::Header(asked) = &judge.topic.directive.correlation.test_id else { return None };
    let variant = near_header(names.iter().copied(), asked)?;
    Some(hints::header(variant, asked))
}

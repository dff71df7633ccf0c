//! The evidence of a verdict that is not a pass.

use crate::engine::expect::{Expecting, Progress};
use crate::error::ProbeError;
use crate::operation::{Order, Verb};
use crate::verdict::{Doubt, Evidence, Expected, Finding, Funnel, Row};
use crate::workers::fence::Ends;

impl Expecting<'_> {
    pub(super) fn doubtful(&self, doubt: Doubt, ends: Option<&[Ends]>, progress: &Progress) -> ProbeError {
        self.explain(Finding::Doubtful(doubt), ends, progress)
    }

    pub(super) fn explain(&self, finding: Finding, ends: Option<&[Ends]>, progress: &Progress) -> ProbeError {
        let Some((first, judge)) = self.judges.first() else {
            return ProbeError::new(crate::ErrorCode::Internal, "an expectation had no match");
        };
        let (expected, funnel, misses) = match self.verb {
            Verb::AllOf(order) => {
                (Expected::AllOf(order, self.rows(progress)), Funnel::default(), Vec::new())
            }
            _ => {
                let (funnel, misses) = match self.looks.get(*first) {
                    Some(look) => judge.funnel(self.session, look),
                    None => Default::default(),
                };
                (Expected::Match(Box::new(judge.matching.clone())), funnel, misses)
            }
        };
        let silent = matches!(&finding, Finding::Doubtful(Doubt::NotCovered { .. }));
        let (coverage, other_topics) = self.coverage(ends);
        let error = Evidence {
            verb: self.verb.name(),
            topic: judge.topic.directive.name.clone(),
            expected,
            within: self.window,
            hints: self.hints(&finding, progress),
            finding,
            funnel,
            misses,
            coverage,
            other_topics,
            problem: if silent { judge.topic.link.broker.last_problem() } else { None },
        }
        .into_error();
        error.with("test_id", &*self.session.test_id)
    }

    /// Returns what came of each match of `expect_all_of`.
    fn rows(&self, progress: &Progress) -> Vec<Row> {
        let rows = self.judges.iter().enumerate().map(|(number, (place, judge))| {
            let served = progress.tally.serving(number).map(|found| (found.event.clone(), found.own));
            let look = self.looks.get(*place).filter(|_| served.is_none());
            let (funnel, misses) = look.map(|look| judge.funnel(self.session, look)).unwrap_or_default();
            Row {
                topic: judge.topic.directive.name.clone(),
                matching: judge.matching.clone(),
                served,
                funnel,
                misses,
            }
        });
        rows.collect()
    }

    /// Returns what else is worth knowing.
    fn hints(&self, finding: &Finding, progress: &Progress) -> Vec<String> {
        let mut hints: Vec<String> = Vec::new();
        let is_missing = match finding {
            Finding::Missing { .. } | Finding::Unserved | Finding::NotCaught { .. } => true,
            Finding::Count { wanted, found, .. } => found < wanted,
            Finding::WrongOrder { .. } => {
                hints.extend(self.between_partitions(progress));
                false
            }
            Finding::Unexpected(_)
            | Finding::Refused { .. }
            | Finding::Lagging(_)
            | Finding::Misdelivered(_)
            | Finding::Doubtful(_) => false,
        };
        if is_missing {
            let is_all_of = matches!(self.verb, Verb::AllOf(_));
            for (number, (_, judge)) in self.judges.iter().enumerate() {
                if is_all_of && progress.tally.serving(number).is_some() {
                    continue;
                }
                let what =
                    if is_all_of { format!("a match of {}", number + 1) } else { "a match".to_owned() };
                let elsewhere = judge.elsewhere(self.session).into_iter();
                hints.extend(elsewhere.map(|topic| format!("{what} is on topic `{topic}`")));
            }
        }
        hints
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
}

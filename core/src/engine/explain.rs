//! The evidence of a verdict that is not a pass.

use crate::engine::expect::{Expecting, Progress};
use crate::error::ProbeError;
use crate::operation::Verb;
use crate::runtime::Deadline;
use crate::verdict::{Doubt, Evidence, Expected, Finding, Funnel, Row};
use crate::workers::fence::Ends;

impl Expecting<'_> {
    pub(super) fn doubtful(&self, doubt: Doubt, ends: Option<&[Ends]>, progress: &Progress) -> ProbeError {
        self.explain(Finding::Doubtful(doubt), ends, progress)
    }

    pub(super) fn explain(&self, finding: Finding, ends: Option<&[Ends]>, progress: &Progress) -> ProbeError {
        self.told(self.evidence(finding, ends, progress))
    }

    /// Explains what is wrong once everything was judged; what provably did not come is looked for around
    /// the window first.
    pub(super) async fn explain_fenced(
        &self,
        finding: Finding,
        ends: Option<&[Ends]>,
        progress: &Progress,
        deadline: Deadline,
    ) -> ProbeError {
        let mut evidence = self.evidence(finding, ends, progress);
        if let (Some(evidence), Some(ends)) = (evidence.as_mut().filter(|of| of.finding.is_missing()), ends) {
            self.look_around(evidence, ends, progress, deadline).await;
        }
        self.told(evidence)
    }

    fn told(&self, evidence: Option<Evidence>) -> ProbeError {
        match evidence {
            Some(evidence) => evidence.into_error().with("test_id", &*self.session.test_id),
            None => ProbeError::new(crate::ErrorCode::Internal, "an expectation had no match"),
        }
    }

    fn evidence(&self, finding: Finding, ends: Option<&[Ends]>, progress: &Progress) -> Option<Evidence> {
        let (first, judge) = self.judges.first()?;
        let ends_of = |place: usize| ends.and_then(|ends| ends.get(place));
        let (expected, funnel, misses) = match self.verb {
            Verb::AllOf(order) => {
                (Expected::AllOf(order, self.rows(progress, ends)), Funnel::default(), Vec::new())
            }
            _ => {
                let (funnel, misses) = match self.looks.get(*first) {
                    Some(look) => judge.funnel(self.session, look, ends_of(*first)),
                    None => Default::default(),
                };
                (Expected::Match(Box::new(judge.matching.clone())), funnel, misses)
            }
        };
        let silent = matches!(&finding, Finding::Doubtful(Doubt::NotCovered { .. }));
        let (coverage, other_topics) = self.coverage(ends);
        let own = match &finding {
            Finding::Unexpected(event)
            | Finding::Refused { event, .. }
            | Finding::Count { extra: Some(event), .. } => Some(judge.topic.is_own(event)),
            _ => None,
        };
        Some(Evidence {
            verb: self.verb.name(),
            topic: judge.topic.directive.name.clone(),
            expected,
            within: self.window,
            hints: self.hints(&finding, progress),
            finding,
            own,
            notes: Vec::new(),
            funnel,
            misses,
            coverage,
            other_topics,
            problem: if silent { judge.topic.link.broker.last_problem() } else { None },
        })
    }

    /// Returns what came of each match of `expect_all_of`.
    fn rows(&self, progress: &Progress, ends: Option<&[Ends]>) -> Vec<Row> {
        let rows = self.judges.iter().enumerate().map(|(number, (place, judge))| {
            let served = progress.tally.serving(number).map(|found| (found.event.clone(), found.own));
            let look = self.looks.get(*place).filter(|_| served.is_none());
            let ends = ends.and_then(|ends| ends.get(*place));
            let (funnel, misses) =
                look.map(|look| judge.funnel(self.session, look, ends)).unwrap_or_default();
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
}

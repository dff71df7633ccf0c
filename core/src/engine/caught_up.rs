//! `expect_group_caught_up`: the commits of a consumer group against the ends of a topic.
//!
//! The end of a partition is its high watermark when the verb is called, as administrative tools
//! compute lag from it. A partition without a commit counts as read only while it holds no record.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::broker::{Isolation, OffsetQuery, OffsetSpec, TopicId, TopicPartition, TopicState};
use crate::directive::TopicDirective;
use crate::engine::session::{SessionInner, SessionTopic};
use crate::error::{ErrorCode, ProbeError, Result};
use crate::runtime::Deadline;
use crate::verdict::{Coverage, Doubt, Evidence, Expected, Finding, Funnel, Lag, PartitionCoverage, Verdict};

/// How long after an answer the group is asked about again: at first, and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(250));

/// Who is to catch up with what.
struct Group<'a> {
    session: &'a SessionInner,
    topic: &'a SessionTopic,
    name: &'a str,
    hint: Option<String>,
    window: Duration,
}

/// Where the topic ended at the call.
struct Target {
    id: TopicId,
    /// By partition.
    ends: Vec<i64>,
}

impl SessionInner {
    /// Waits until a group has committed up to the ends that a topic has now.
    pub(crate) async fn caught_up(
        self: &Arc<Self>,
        group: &str,
        topic: &str,
        within: Option<Duration>,
        hint: Option<String>,
    ) -> Result<Verdict> {
        if group.is_empty() {
            return Err(ProbeError::new(ErrorCode::InvalidArgument, "`group` was empty"));
        }
        let topic = self.topic(topic, "consumer")?;
        let window = self.probe.scaled(within.unwrap_or(self.probe.config.dsl.within));
        let asked = Group { session: self, topic: &topic, name: group, hint, window };
        tokio::select! {
            biased;
            reason = self.closed.wait() => Err(reason),
            verdict = asked.run() => verdict,
        }
    }
}

impl Group<'_> {
    async fn run(&self) -> Result<Verdict> {
        let deadline = Deadline::after(self.window);
        let grace = self.session.probe.scaled(self.session.probe.config.dsl.verdict_grace);
        let by = Deadline::at(deadline.instant() + grace);
        let target = self.answered(self.target(by).await)?;
        let mut pause = PAUSE.0;
        loop {
            let is_last = deadline.passed();
            let committed = self.answered(self.committed(&target, by).await)?;
            let lags = self.answered(self.lags(&target, &committed, by).await)?;
            if lags.is_empty() {
                if let Some(doubt) = self.answered(self.doubt(&target, &committed, by).await)? {
                    return Err(self.explain(Finding::Doubtful(doubt)));
                }
                return Ok(self.passed(&target, &committed));
            }
            if is_last {
                return Err(self.explain(Finding::Lagging(lags)));
            }
            // The last question is asked once the deadline has passed, and not before.
            tokio::time::sleep(pause.min(deadline.left())).await;
            pause = (pause * 2).min(PAUSE.1);
        }
    }

    /// Returns the ends of the topic, asked for now.
    async fn target(&self, by: Deadline) -> Result<Target> {
        let (id, partitions) = self.describe(by).await?;
        let ends = self.list(OffsetSpec::Latest, (0..partitions).collect(), by).await?;
        Ok(Target { id, ends })
    }

    async fn describe(&self, by: Deadline) -> Result<(TopicId, i32)> {
        let name = &self.directive().topic;
        let found = self.topic.link.broker.describe(vec![name.to_string()], by).await?;
        match found.into_iter().next().map(|found| found.state) {
            Some(TopicState::Known { id, partitions }) => Ok((id, partitions)),
            Some(TopicState::Failed(error)) => Err(error.with("topic", &**name)),
            Some(TopicState::Unknown) | None => {
                let message =
                    format!("topic `{name}` was not known to cluster `{}`", self.topic.link.cluster);
                Err(ProbeError::new(ErrorCode::UnknownTopic, message).with("topic", &**name))
            }
        }
    }

    async fn list(&self, spec: OffsetSpec, partitions: Vec<i32>, by: Deadline) -> Result<Vec<i64>> {
        let query = |partition: i32| OffsetQuery {
            at: TopicPartition::new(self.directive().topic.clone(), partition),
            spec,
            isolation: Isolation::ReadUncommitted,
        };
        let queries = partitions.into_iter().map(query).collect();
        let answers = self.topic.link.broker.offsets(queries, by).await;
        answers.into_iter().map(|answer| Ok(answer.listed?.map_or(0, |listed| listed.offset))).collect()
    }

    async fn committed(&self, target: &Target, by: Deadline) -> Result<BTreeMap<i32, i64>> {
        let of = |(partition, _): (i32, &i64)| TopicPartition::new(self.directive().topic.clone(), partition);
        let partitions = (0..).zip(&target.ends).map(of).collect();
        let committed = self.topic.link.broker.committed(self.name.to_owned(), partitions, by).await?;
        Ok((0..).zip(committed).filter_map(|(partition, offset)| Some((partition, offset?))).collect())
    }

    /// Returns the partitions that the group has yet to read.
    async fn lags(&self, target: &Target, committed: &BTreeMap<i32, i64>, by: Deadline) -> Result<Vec<Lag>> {
        let mut lags: Vec<Lag> = (0..)
            .zip(&target.ends)
            .map(|(partition, end)| Lag {
                partition,
                committed: committed.get(&partition).copied(),
                end: *end,
            })
            .filter(|lag| lag.committed.unwrap_or(0) < lag.end)
            .collect();
        let untouched: Vec<i32> =
            lags.iter().filter(|lag| lag.committed.is_none()).map(|lag| lag.partition).collect();
        if !untouched.is_empty() && untouched.len() == lags.len() {
            // Nothing else stands in the way: is there a record at all?
            let lows = self.list(OffsetSpec::Earliest, untouched.clone(), by).await?;
            let is_empty = |lag: &Lag| {
                let mut known = untouched.iter().zip(&lows);
                known.any(|(partition, low)| *partition == lag.partition && *low >= lag.end)
            };
            lags.retain(|lag| !is_empty(lag));
        }
        Ok(lags)
    }

    /// Returns why the commits prove nothing: they are of another topic of this name, or of a log that
    /// has lost its tail.
    async fn doubt(
        &self,
        target: &Target,
        committed: &BTreeMap<i32, i64>,
        by: Deadline,
    ) -> Result<Option<Doubt>> {
        let beyond: Vec<(i32, i64)> = (0..)
            .zip(&target.ends)
            .filter_map(|(partition, end)| {
                let committed = *committed.get(&partition)?;
                (committed > *end).then_some((partition, committed))
            })
            .collect();
        let partitions: Vec<i32> = beyond.iter().map(|(partition, _)| *partition).collect();
        let ends = if partitions.is_empty() {
            Vec::new()
        } else {
            self.list(OffsetSpec::Latest, partitions, by).await?
        };
        for ((partition, committed), end) in beyond.into_iter().zip(ends) {
            if committed > end {
                let why = format!("the group committed offset {committed}, and the log ends at {end}");
                return Ok(Some(Doubt::ReadGap { partition: Some(partition), why }));
            }
        }
        if self.describe(by).await?.0 != target.id {
            let why = "the topic was created anew since".to_owned();
            return Ok(Some(Doubt::ReadGap { partition: None, why }));
        }
        Ok(None)
    }

    /// Returns an answer; that nobody answered is a doubt, any other error ends the call.
    fn answered<T>(&self, answer: Result<T>) -> Result<T> {
        answer.map_err(|error| match error.code() {
            ErrorCode::BrokerUnreachable | ErrorCode::TimedOut => {
                self.explain(Finding::Doubtful(Doubt::Unanswered { why: error.message().to_owned() }))
            }
            _ => error.with("group", self.name).with("test_id", &*self.session.test_id),
        })
    }

    fn passed(&self, target: &Target, committed: &BTreeMap<i32, i64>) -> Verdict {
        let partitions = (0..).zip(&target.ends).map(|(partition, end)| {
            let next = committed.get(&partition).copied().unwrap_or(*end);
            (partition, PartitionCoverage { from: 0, next, end: Some(*end) })
        });
        Verdict {
            events: Vec::new(),
            own: Vec::new(),
            coverage: Coverage { topic_id: Some(target.id.0.to_string()), partitions: partitions.collect() },
            other_topics: BTreeMap::new(),
            warnings: Vec::new(),
            delivery: None,
        }
    }

    fn explain(&self, finding: Finding) -> ProbeError {
        let silent = matches!(&finding, Finding::Doubtful(Doubt::Unanswered { .. }));
        let mut hints = Vec::new();
        if let Finding::Lagging(lags) = &finding {
            let is_marker = |lag: &Lag| lag.committed == Some(lag.end - 1);
            if lags.iter().all(is_marker) {
                hints.push(
                    "the last offset may be the marker of a transaction, behind which a group comes only \
                     if it commits its position"
                        .to_owned(),
                );
            } else if lags.iter().all(|lag| lag.committed.is_none()) {
                hints.push("the group committed nothing of this topic; is that its name?".to_owned());
            }
        }
        let evidence = Evidence {
            verb: "expect_group_caught_up",
            topic: self.directive().name.clone(),
            expected: Expected::CaughtUp { group: self.name.to_owned(), hint: self.hint.clone() },
            within: self.window,
            finding,
            own: None,
            funnel: Funnel::default(),
            misses: Vec::new(),
            hints,
            notes: Vec::new(),
            coverage: Coverage::default(),
            other_topics: BTreeMap::new(),
            problem: if silent { self.topic.link.broker.last_problem() } else { None },
        };
        evidence.into_error().with("group", self.name).with("test_id", &*self.session.test_id)
    }

    fn directive(&self) -> &TopicDirective {
        &self.topic.directive
    }
}

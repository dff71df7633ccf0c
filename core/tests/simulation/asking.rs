//! A line's calls of the verbs that want several things: all of, fishing, catching up.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use test_probe::broker::TopicPartition;
use test_probe::operation::Verb;
use test_probe::runtime::Deadline;
use test_probe::{Decoded, ErrorCode, Fish, Order, ReceivedEvent, Wanted as WantedMatch};
use tokio::time::{Instant, sleep};

use crate::answers::{AllOf, One};
use crate::check::Check;
use crate::oracle::Looking;
use crate::plan::Weather;
use crate::record::{PARTITIONS, SERIAL, Wanted};
use crate::verbs::Line;

impl Line {
    pub(crate) async fn all_of(&mut self) {
        let order = if self.rng.bool() { Order::InOrder } else { Order::AnyOrder };
        let mut wanted = Vec::new();
        let mut matches: Vec<WantedMatch> = Vec::new();
        for _ in 0..self.rng.usize(1..=3) {
            let Some(looking) = self.any_topic() else { return };
            let one = self.wanted(Verb::AllOf(order));
            let (point, after) = self.after(&looking.plan.topic);
            matches.push(one.to_match().after(point).on(&looking.plan.topic));
            wanted.push(One { looking, wanted: one, after });
        }
        let within = self.within();
        let topic = wanted[0].looking.plan.topic.clone();
        let label = self.label(&format!("expect_all_of {} from {topic}", order.name()));
        let deadline = Instant::now() + within;
        for one in &wanted {
            let on = &one.looking.plan.topic;
            self.stage.note(format_args!(
                "{label}: {:?} on {on} after {} within {within:?}",
                one.wanted,
                one.after.describe()
            ));
        }
        let grace = self.stage.probe.config().dsl.verdict_grace;
        let open = self.open.clone();
        let asking = open.session.expect_all_of(&topic, matches, order, Some(within));
        let Some(verdict) = self.call(&label, within + grace, asking).await else { return };
        self.tell(&label, order.name(), &verdict);
        AllOf { stage: &self.stage, order, wanted: &wanted, deadline, label: &label }.verdict(&verdict);
    }

    /// Fishes for an event whose number is one that only the function knows.
    pub(crate) async fn fish(&mut self) {
        let Some(looking) = self.any_topic() else { return };
        let asked = Wanted { number: None, ..self.wanted(Verb::Fish) };
        let number = self.rng.i64(0..3);
        let completing = Wanted { number: Some(number), ..asked.clone() };
        let (point, after) = self.after(&looking.plan.topic);
        let within = self.within();
        let topic = looking.plan.topic.clone();
        let label = self.label(&format!("fish_for_event on {topic}"));
        let deadline = Instant::now() + within;
        self.stage.note(format_args!("{label}: {completing:?} after {} within {within:?}", after.describe()));
        let mut shown: Vec<String> = Vec::new();
        let function = |event: &ReceivedEvent| {
            shown.push(event.headers.text(SERIAL).unwrap_or_default().to_owned());
            let is_it = matches!(&event.value, Decoded::Json(value) if value["n"] == number);
            if is_it { Fish::Complete } else { Fish::Collect }
        };
        let grace = self.stage.probe.config().dsl.verdict_grace;
        let open = self.open.clone();
        let matching = asked.to_match().after(point);
        let asking = open.session.fish_for_event(&topic, matching, function, Some(within));
        let Some(verdict) = self.call(&label, within + grace, asking).await else { return };
        self.tell(&label, "fish_for_event", &verdict);
        let stage = self.stage.clone();
        let check = |wanted| Check {
            stage: &stage,
            looking: &looking,
            verb: Verb::Fish,
            wanted,
            after: &after,
            deadline,
            label: &label,
        };
        match verdict {
            Ok(mut verdict) => {
                let serials: Vec<&str> =
                    verdict.events.iter().filter_map(|event| event.headers.text(SERIAL)).collect();
                if serials != shown {
                    stage.violate("7 shown", format_args!("{label}: {shown:?}, and {serials:?} came back"));
                }
                let (last, own) =
                    (verdict.events.split_off(shown.len() - 1), verdict.own.split_off(shown.len() - 1));
                for event in &verdict.events {
                    check(&asked).truth(event);
                }
                (verdict.events, verdict.own) = (last, own);
                check(&completing).verdict(&Ok(verdict));
            }
            Err(error) if error.code() == ErrorCode::ExpectationTimeout => {
                check(&completing).verdict(&Err(error));
            }
            Err(error) => check(&asked).verdict(&Err(error)),
        }
        let mut once = shown.clone();
        once.sort_unstable();
        once.dedup();
        if once.len() != shown.len() {
            stage.violate("7 shown", format_args!("{label}: twice in {shown:?}"));
        }
    }

    /// A group commits, sometimes enough and in time, while somebody waits for it.
    pub(crate) async fn caught_up(&mut self) {
        let Some(looking) = self.any_topic() else { return };
        let topic = looking.plan.topic.clone();
        let group = format!("g{}", self.stage.serial());
        let within = self.within();
        let label = self.label(&format!("expect_group_caught_up of {group} on {topic}"));
        let ends = self.ends(&topic);
        let ids = self.stage.sim.topic_ids(&topic);
        let target: Vec<(TopicPartition, i64)> = ends
            .iter()
            .filter(|_| self.rng.u8(0..6) > 0)
            .map(|(partition, high)| (TopicPartition::new(&*topic, *partition), *high))
            .collect();
        let pause = Duration::from_millis(self.rng.u64(0..400));
        let deadline = Instant::now() + within;
        let grace = self.stage.probe.config().dsl.verdict_grace;
        let (open, stage) = (self.open.clone(), self.stage.clone());
        let asking = open.session.expect_group_caught_up(&group, &topic, Some(within));
        let committing = async {
            sleep(pause).await;
            let by = Deadline::after(Duration::from_secs(2));
            let done = stage.sim.broker("billing").commit(group.clone(), target, by).await;
            done.is_ok().then(Instant::now)
        };
        let (verdict, committed_at) = tokio::join!(self.call(&label, within + grace, asking), committing);
        let Some(verdict) = verdict else { return };
        self.tell(&label, "expect_group_caught_up", &verdict);
        let commits = stage.sim.committed(&group);
        let reached = |partition: i32, end: i64| {
            commits.get(&TopicPartition::new(&*topic, partition)).is_some_and(|offset| *offset >= end)
        };
        let is_empty = |partition: i32| {
            stage.sim.watermarks(&topic, partition).is_none_or(|marks| marks.low >= marks.high)
        };
        match &verdict {
            Ok(_) => {
                let same = ids == stage.sim.topic_ids(&topic) && !self.lost(&looking);
                for (partition, end) in ends {
                    if same && end > 0 && !reached(partition, end) && !is_empty(partition) {
                        stage.violate("1 false pass", format_args!("{label}: {partition} ends at {end}"));
                    }
                }
            }
            Err(error) if error.code() == ErrorCode::ExpectationTimeout => {
                let now = self.ends(&topic);
                let in_time = committed_at.is_some_and(|at| at < deadline);
                let all = now.iter().all(|(partition, end)| *end == 0 || reached(*partition, *end));
                if in_time && all && ids == stage.sim.topic_ids(&topic) && !self.lost(&looking) {
                    stage.violate("2 false fail", format_args!("{label}: {}", error.message()));
                }
            }
            Err(error) if error.code() == ErrorCode::NotCovered => {
                if stage.plan.weather != Weather::Wild && !self.lost(&looking) {
                    stage.violate("11 unjustified", format_args!("{label}: {}", error.message()));
                }
            }
            Err(error) if error.code() == ErrorCode::ReadGap => {
                if !self.lost(&looking) {
                    stage.violate("11 unjustified", format_args!("{label}: {}", error.message()));
                }
            }
            Err(error) => self.excuse(&topic, &label, error),
        }
    }

    fn lost(&self, looking: &Arc<Looking>) -> bool {
        self.stage.losses(&looking.plan.topic, self.stage.began)
    }

    /// Returns the end of every partition, now.
    fn ends(&self, topic: &str) -> BTreeMap<i32, i64> {
        let of = |partition| Some((partition, self.stage.sim.watermarks(topic, partition)?.high));
        (0..PARTITIONS).filter_map(of).collect()
    }
}

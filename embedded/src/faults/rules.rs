//! The faults of a cluster, and which of them strike a request.

use kafka_protocol::messages::RequestKind;

use super::plan::{Ending, Plan, Refusal};
use super::{Action, Api, Fault};
use crate::api::Call;
use crate::api::places;

/// The name of an injected fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FaultId(pub u64);

/// A fault that may still strike.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ActiveFault {
    /// Its name.
    pub id: FaultId,
    /// What was injected.
    pub fault: Fault,
    /// How many requests it struck.
    pub hits: u64,
}

#[derive(Debug)]
struct Rule {
    id: FaultId,
    fault: Fault,
    passed: u64,
    hits: u64,
}

/// The faults of a cluster, in the order of their injection.
#[derive(Debug)]
pub(crate) struct Rules {
    rules: Vec<Rule>,
    injected: u64,
    random: fastrand::Rng,
}

impl Rules {
    pub(crate) fn new(random: fastrand::Rng) -> Self {
        Self { rules: Vec::new(), injected: 0, random }
    }

    pub(super) fn inject(&mut self, fault: Fault) -> FaultId {
        self.injected += 1;
        let id = FaultId(self.injected);
        self.rules.push(Rule { id, fault, passed: 0, hits: 0 });
        id
    }

    pub(super) fn clear(&mut self, id: FaultId) -> bool {
        let before = self.active_rules().count();
        self.rules.retain(|rule| rule.id != id);
        self.active_rules().count() < before
    }

    pub(super) fn clear_all(&mut self) {
        self.rules.clear();
    }

    pub(super) fn active(&self) -> Vec<ActiveFault> {
        let active = |rule: &Rule| ActiveFault { id: rule.id, fault: rule.fault.clone(), hits: rule.hits };
        self.active_rules().map(active).collect()
    }

    fn active_rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(|rule| !rule.is_spent())
    }

    /// Returns what the faults do to a request, and counts it; none, which is the usual case, when they leave it
    /// alone.
    pub(crate) fn plan(&mut self, call: &Call<'_>, api: Api, request: &RequestKind) -> Option<Box<Plan>> {
        if self.rules.is_empty() {
            return None;
        }
        let mut plan: Option<Box<Plan>> = None;
        for rule in &mut self.rules {
            if !rule.is_spent() && rule.matches(call, api, request) && rule.strikes(&mut self.random) {
                rule.join(plan.get_or_insert_default());
            }
        }
        plan
    }

    /// Takes back the hits of faults that found nothing to spoil.
    pub(crate) fn settle(&mut self, without_effect: &[FaultId]) {
        for rule in &mut self.rules {
            if without_effect.contains(&rule.id) {
                rule.hits -= 1;
            }
        }
    }
}

impl Rule {
    fn is_spent(&self) -> bool {
        self.fault.trigger.times.is_some_and(|times| self.hits >= times)
    }

    fn matches(&self, call: &Call<'_>, api: Api, request: &RequestKind) -> bool {
        let trigger = &self.fault.trigger;
        trigger.api.is_none_or(|of| of == api)
            && trigger.broker.is_none_or(|broker| broker == call.node)
            && trigger.client_id.as_ref().is_none_or(|id| id.as_str() == call.client_id.as_str())
            && (trigger.place.is_anywhere() || places::names(request, &trigger.place))
    }

    fn strikes(&mut self, random: &mut fastrand::Rng) -> bool {
        let Fault { trigger, .. } = &self.fault;
        if self.passed < trigger.after {
            self.passed += 1;
            return false;
        }
        let strikes = trigger.probability >= 1.0 || random.f64() < trigger.probability;
        self.hits += u64::from(strikes);
        strikes
    }

    fn join(&self, plan: &mut Plan) {
        let place = self.fault.trigger.place.clone();
        let end = |plan: &mut Plan, ending| _ = plan.ending.get_or_insert(ending);
        match self.fault.action {
            Action::Error(error) => {
                plan.refusals.push(Refusal { place, code: error.code(), is_applied: false });
            }
            Action::ErrorAfter(error) => {
                plan.refusals.push(Refusal { place, code: error.code(), is_applied: true });
            }
            Action::Delay(time) => plan.delay += time,
            Action::Disconnect => end(plan, Ending::Disconnect),
            Action::DisconnectAfter => end(plan, Ending::DisconnectAfter),
            Action::Silence => end(plan, Ending::Silence),
            Action::CorruptBatch => plan.corruptions.push((self.id, place)),
            Action::Throttle(time) => plan.throttle += time,
        }
    }
}

//! Faults of a registry on purpose, and the record of what it was asked.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use super::request::Method;

/// What a registry does wrong, to which requests and how often.
///
/// ```
/// use test_probe_embedded::registry::{Action, RegistryFault};
///
/// let fault = RegistryFault::new(Action::Status(503)).method("POST").path("/subjects/orders-value").times(2);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryFault {
    pub(super) method: Option<String>,
    pub(super) path: Option<String>,
    pub(super) times: Option<u64>,
    pub(super) after: u64,
    pub(super) action: Action,
}

/// What a struck request meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// It is refused with this HTTP status, 400 to 599, and changes nothing.
    Status(u16),
    /// It is answered as usual, so much later.
    Delay(Duration),
    /// Its connection is closed without an answer, and it changes nothing.
    Disconnect,
    /// It gets no answer, its connection stays open, and it changes nothing.
    Silence,
}

impl RegistryFault {
    /// Makes a fault that strikes every request.
    #[must_use]
    pub fn new(action: Action) -> Self {
        Self { method: None, path: None, times: None, after: 0, action }
    }

    /// Strikes requests of this method alone, as `POST`.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_ascii_uppercase());
        self
    }

    /// Strikes requests alone whose path begins so, as `/schemas/ids/`.
    #[must_use]
    pub fn path(mut self, prefix: &str) -> Self {
        self.path = Some(prefix.to_owned());
        self
    }

    /// Strikes so many requests and is over then.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Lets so many requests pass first.
    #[must_use]
    pub fn after(mut self, requests: u64) -> Self {
        self.after = requests;
        self
    }

    fn meets(&self, method: &str, path: &str) -> bool {
        self.method.as_ref().is_none_or(|only| only == method)
            && self.path.as_ref().is_none_or(|prefix| path.starts_with(prefix.as_str()))
    }
}

/// A fault that may still strike, with how often it did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ActiveRegistryFault {
    /// Its name, by which it is cleared.
    pub id: u64,
    /// What was injected.
    pub fault: RegistryFault,
    /// How many requests it struck.
    pub hits: u64,
}

/// One request as the registry saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RegistryRequest {
    /// When it was taken up.
    pub at: SystemTime,
    /// Its method, as `GET`.
    pub method: String,
    /// Its path with the query, as it came; at most 1024 bytes of it.
    pub path: String,
    /// What the client calls itself (`User-Agent`); empty for nothing.
    pub client: String,
    /// The HTTP status of the answer; none when a fault kept it back, or while it waits.
    pub status: Option<u16>,
    /// Whether a fault struck it.
    pub is_faulted: bool,
}

/// The longest path and name of a client that the record keeps, in bytes.
const LONGEST: usize = 1024;

#[derive(Debug)]
struct Rule {
    id: u64,
    fault: RegistryFault,
    passed: u64,
    hits: u64,
}

impl Rule {
    fn is_spent(&self) -> bool {
        self.fault.times.is_some_and(|times| self.hits >= times)
    }
}

/// The faults of a registry, and what it was asked.
#[derive(Debug)]
pub(super) struct Trials {
    rules: Vec<Rule>,
    injected: u64,
    seen: VecDeque<RegistryRequest>,
    /// The number of the first request of `seen`.
    first: u64,
    kept: usize,
}

impl Trials {
    pub(super) fn new(kept: usize) -> Self {
        Self { rules: Vec::new(), injected: 0, seen: VecDeque::new(), first: 0, kept }
    }

    pub(super) fn inject(&mut self, fault: RegistryFault) -> u64 {
        self.injected += 1;
        self.rules.push(Rule { id: self.injected, fault, passed: 0, hits: 0 });
        self.injected
    }

    pub(super) fn clear(&mut self, id: u64) -> bool {
        let was_there = self.rules.iter().any(|rule| rule.id == id && !rule.is_spent());
        self.rules.retain(|rule| rule.id != id);
        was_there
    }

    pub(super) fn clear_all(&mut self) {
        self.rules.clear();
    }

    pub(super) fn active(&self) -> Vec<ActiveRegistryFault> {
        let active =
            |rule: &Rule| ActiveRegistryFault { id: rule.id, fault: rule.fault.clone(), hits: rule.hits };
        self.rules.iter().filter(|rule| !rule.is_spent()).map(active).collect()
    }

    /// Records a request and returns its number, with what strikes it: delays add up, and of other actions the one
    /// that was injected first counts.
    pub(super) fn meet(
        &mut self,
        method: &str,
        path: &str,
        client: &str,
        at: SystemTime,
    ) -> (u64, Duration, Option<Action>) {
        let (mut delay, mut ending) = (Duration::ZERO, None);
        let mut is_faulted = false;
        for rule in &mut self.rules {
            if rule.is_spent() || !rule.fault.meets(method, path) {
                continue;
            }
            if rule.passed < rule.fault.after {
                rule.passed += 1;
                continue;
            }
            match rule.fault.action {
                Action::Delay(time) => delay = delay.saturating_add(time),
                action if ending.is_none() => ending = Some(action),
                _ => continue,
            }
            rule.hits += 1;
            is_faulted = true;
        }
        let number = self.first + self.seen.len() as u64;
        if self.kept > 0 {
            if self.seen.len() == self.kept {
                self.seen.pop_front();
                self.first += 1;
            }
            let shortened = |text: &str| text[..text.floor_char_boundary(LONGEST)].to_owned();
            self.seen.push_back(RegistryRequest {
                at,
                method: method.to_owned(),
                path: shortened(path),
                client: shortened(client),
                status: None,
                is_faulted,
            });
        }
        (number, delay, ending)
    }

    /// Records how a request was answered.
    pub(super) fn answered(&mut self, number: u64, status: u16) {
        let place = number.checked_sub(self.first).and_then(|place| usize::try_from(place).ok());
        if let Some(seen) = place.and_then(|place| self.seen.get_mut(place)) {
            seen.status = Some(status);
        }
    }

    pub(super) fn seen(&self) -> Vec<RegistryRequest> {
        self.seen.iter().cloned().collect()
    }

    pub(super) fn forget(&mut self) {
        self.first += self.seen.len() as u64;
        self.seen.clear();
    }
}

/// Returns whether a method is one that the registry has.
pub(super) fn is_method(name: &str) -> bool {
    Method::of_name(name) != Method::Other
}

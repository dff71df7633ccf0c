//! One cluster as one principal: its client, its producer, the topics it reads.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::runtime::Handle;

use crate::broker::{Broker, Isolation, WriterOptions};
use crate::completion::lock;
use crate::error::{ErrorCode, ProbeError, Result};
use crate::runtime::{Deadline, Task};
use crate::workers::consumer::ConsumerWorker;
use crate::workers::lane::{Lane, Visit};
use crate::workers::producer::ProducerWorker;
use crate::workers::undecodable::Undecodable;
use crate::workers::watcher;

/// At most this many clients read for one (cluster, principal, isolation); topics share them beyond.
const CLIENTS: usize = 8;

/// What every session of a (cluster, principal) shares.
pub(crate) struct Link {
    /// The cluster's name, for messages.
    pub(crate) cluster: String,
    /// Where it is, for messages.
    pub(crate) servers: String,
    pub(crate) broker: Arc<dyn Broker>,
    pub(crate) producer: ProducerWorker,
    pub(crate) undecodable: Arc<Undecodable>,
    runtime: Handle,
    lanes: Mutex<Lanes>,
    unattributed_limit: usize,
    _watcher: Task,
}

#[derive(Default)]
struct Lanes {
    by_topic: BTreeMap<(Arc<str>, Isolation), Arc<Lane>>,
    workers: Vec<(Isolation, Arc<ConsumerWorker>)>,
    closed: Option<ProbeError>,
}

impl Link {
    pub(crate) fn open(
        cluster: &str,
        servers: &str,
        broker: Arc<dyn Broker>,
        delivery_timeout: Duration,
        unattributed_limit: usize,
        runtime: &Handle,
    ) -> Result<Arc<Self>> {
        let producer = ProducerWorker::start(broker.clone(), WriterOptions { delivery_timeout }, runtime)?;
        Ok(Arc::new_cyclic(|this| Self {
            cluster: cluster.to_owned(),
            servers: servers.to_owned(),
            broker,
            producer,
            undecodable: Arc::default(),
            runtime: runtime.clone(),
            lanes: Mutex::default(),
            unattributed_limit,
            _watcher: Task::spawn(runtime, watcher::watch(this.clone())),
        }))
    }

    /// Visits the lane of a topic, one for everybody.
    pub(crate) fn visit(&self, topic: &Arc<str>, isolation: Isolation) -> Result<Visit> {
        let mut lanes = lock(&self.lanes);
        if let Some(reason) = &lanes.closed {
            return Err(reason.clone());
        }
        if let Some(lane) = lanes.by_topic.get(&(topic.clone(), isolation))
            && lane.failed.raised().is_none()
        {
            return Ok(Visit::new(lane.clone()));
        }
        let worker = self.worker(&mut lanes, isolation);
        let lane = Arc::new(Lane::new(
            topic.clone(),
            isolation,
            self.broker.clone(),
            worker.clone(),
            self.unattributed_limit,
        ));
        worker.adopt(&lane);
        lanes.by_topic.insert((topic.clone(), isolation), lane.clone());
        Ok(Visit::new(lane))
    }

    fn worker(&self, lanes: &mut Lanes, isolation: Isolation) -> Arc<ConsumerWorker> {
        lanes.workers.retain(|(_, worker)| !worker.has_failed());
        let of_this_isolation: Vec<&Arc<ConsumerWorker>> =
            lanes.workers.iter().filter(|(of, _)| *of == isolation).map(|(_, worker)| worker).collect();
        let least = of_this_isolation.iter().min_by_key(|worker| worker.load());
        match least {
            Some(worker) if worker.load() == 0 || of_this_isolation.len() == CLIENTS => Arc::clone(worker),
            _ => {
                let worker = ConsumerWorker::start(self.broker.clone(), isolation, &self.runtime);
                lanes.workers.push((isolation, worker.clone()));
                worker
            }
        }
    }

    pub(crate) fn lanes(&self) -> Vec<Arc<Lane>> {
        lock(&self.lanes).by_topic.values().cloned().collect()
    }

    /// Lets go of topics at which nobody has looked for a while.
    pub(crate) fn reap(&self, linger: Duration) {
        let mut released = Vec::new();
        lock(&self.lanes).by_topic.retain(|_, lane| {
            let keep = lane.idle_since().is_none_or(|since| since.elapsed() < linger);
            if !keep {
                released.push(lane.clone());
            }
            keep
        });
        for lane in released {
            lane.release();
        }
    }

    /// Returns the error of a call that this cluster did not answer, with the client's last words.
    pub(crate) fn unreachable(&self, error: ProbeError, doing: &str, by: Deadline) -> ProbeError {
        if !by.passed() || !matches!(error.code(), ErrorCode::TimedOut | ErrorCode::BrokerUnreachable) {
            return error;
        }
        let message =
            format!("cluster `{}` at `{}` did not answer in time while {doing}", self.cluster, self.servers);
        let unreachable = ProbeError::new(ErrorCode::BrokerUnreachable, message)
            .with("cluster", self.cluster.as_str())
            .with("bootstrap_servers", self.servers.as_str())
            .hint("is the cluster up, and are these its bootstrap servers?");
        unreachable.caused_by(self.broker.last_problem().unwrap_or(error))
    }

    /// Stops everything without blocking; whoever waits gets the reason.
    pub(crate) fn close(&self, reason: &ProbeError) {
        let (lanes, workers) = {
            let mut lanes = lock(&self.lanes);
            lanes.closed.get_or_insert_with(|| reason.clone());
            (std::mem::take(&mut lanes.by_topic), std::mem::take(&mut lanes.workers))
        };
        for lane in lanes.into_values() {
            lane.fail(reason);
        }
        for (_, worker) in workers {
            worker.stop();
        }
        self.producer.close(reason);
        self.broker.close();
    }
}

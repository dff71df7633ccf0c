//! What a worker knows of one topic, and the views of the sessions on it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::watch;
use tokio::time::Instant;

use crate::broker::{Broker, Isolation, RecordRef, StopReason, TopicId};
use crate::codec::{Reading, Scratch};
use crate::completion::lock;
use crate::directive::Unattributed;
use crate::error::ProbeError;
use crate::runtime::Signal;
use crate::verdict::{Coverage, PartitionCoverage};
use crate::workers::consumer::{ConsumerWorker, From};
use crate::workers::fence::Ends;
use crate::workers::owners::{Group, Owner, Ownerless};
use crate::workers::strangers::Strangers;
use crate::workers::unattributed::{StoredRecord, UnattributedRecords};
use crate::workers::view::{View, ViewKey, ViewStart};

/// One topic of one (cluster, principal, isolation): pinned to a topic id, read by one worker,
/// looked at by any number of sessions.
pub(crate) struct Lane {
    pub(crate) topic: Arc<str>,
    pub(crate) isolation: Isolation,
    pub(crate) broker: Arc<dyn Broker>,
    pub(crate) worker: Arc<ConsumerWorker>,
    state: Mutex<LaneState>,
    changed: watch::Sender<()>,
    /// Changes with every record whose owner awaits a schema.
    ownerless: watch::Sender<()>,
    /// Held while the topic is being pinned, so that many sessions pin it once.
    pub(crate) pinning: tokio::sync::Mutex<()>,
    /// The end offsets that were answered last; verdicts whose deadline has passed share an answer.
    pub(crate) ends: tokio::sync::Mutex<Option<Ends>>,
    pub(crate) failed: Signal,
}

pub(crate) struct LaneState {
    /// The topic id that offsets refer to; `None` while the topic is missing.
    pub(crate) id: Option<TopicId>,
    /// How often the topic had been created anew. Offsets compare only within one generation.
    pub(crate) generation: u32,
    /// The id of the topic that somebody waits for, or that was found in the place of another one,
    /// until it is pinned.
    pub(crate) expected: Option<TopicId>,
    /// Somebody was told that the topic is missing: when it appears it is read from its beginning.
    pub(crate) awaited: bool,
    /// By partition number.
    pub(crate) tracks: Vec<Track>,
    gaps: Vec<Gap>,
    gaps_noted: u64,
    views: HashMap<ViewKey, View>,
    next_view: ViewKey,
    groups: Vec<Group>,
    pub(crate) unattributed: UnattributedRecords,
    ownerless: Vec<Ownerless>,
    pub(crate) strangers: Strangers,
    seen: u64,
    /// Sessions that are about to register a view.
    visitors: usize,
    /// Since when nobody looks.
    idle_since: Instant,
}

/// A lane that a session is opening; as long as it is held the lane is not let go of.
pub(crate) struct Visit(Arc<Lane>);

impl Visit {
    pub(crate) fn new(lane: Arc<Lane>) -> Self {
        lane.state().visitors += 1;
        Self(lane)
    }
}

impl std::ops::Deref for Visit {
    type Target = Arc<Lane>;

    fn deref(&self) -> &Arc<Lane> {
        &self.0
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.visitors -= 1;
        state.idle_since = Instant::now();
    }
}

/// How far one partition was read.
#[derive(Clone, Debug)]
pub(crate) struct Track {
    /// The reader's slot; anything from another slot is stale.
    pub(crate) slot: Option<u32>,
    /// Everything below, down to where the lane began, was delivered or is proven invisible.
    pub(crate) next: i64,
    pub(crate) stopped: Option<(i64, StopReason)>,
}

/// Records that were gone before they were read.
#[derive(Clone, Debug)]
pub(crate) struct Gap {
    pub(crate) partition: i32,
    pub(crate) generation: u32,
    /// The first offset after the gap: a look from here on is not touched.
    pub(crate) until: i64,
    pub(crate) why: String,
    /// The view whose private reader met it; `None` for the lane's reader, which serves them all.
    pub(crate) only: Option<ViewKey>,
    /// Its place in the order of gaps: a view that came later lost nothing by it.
    number: u64,
}

/// Counts for the funnel of a verdict.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) total: u64,
    pub(crate) unattributed: u64,
}

impl Lane {
    pub(crate) fn new(
        topic: Arc<str>,
        isolation: Isolation,
        broker: Arc<dyn Broker>,
        worker: Arc<ConsumerWorker>,
        unattributed_limit: usize,
    ) -> Self {
        Self {
            topic,
            isolation,
            broker,
            worker,
            state: Mutex::new(LaneState {
                id: None,
                generation: 0,
                expected: None,
                awaited: false,
                tracks: Vec::new(),
                gaps: Vec::new(),
                gaps_noted: 0,
                views: HashMap::new(),
                next_view: 1,
                groups: Vec::new(),
                unattributed: UnattributedRecords::new(unattributed_limit),
                ownerless: Vec::new(),
                strangers: Strangers::default(),
                seen: 0,
                visitors: 0,
                idle_since: Instant::now(),
            }),
            changed: watch::Sender::new(()),
            ownerless: watch::Sender::new(()),
            pinning: tokio::sync::Mutex::new(()),
            ends: tokio::sync::Mutex::new(None),
            failed: Signal::default(),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, LaneState> {
        lock(&self.state)
    }

    /// Tells whoever waits for progress that there is some. Not to be called with the state at hand.
    pub(crate) fn notify(&self) {
        if self.state().awaits_owners() {
            self.ownerless.send_modify(|()| {});
        }
        self.changed.send_modify(|()| {});
    }

    pub(crate) fn watch(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Returns a receiver that changes with every record whose owner awaits a schema.
    pub(crate) fn watch_ownerless(&self) -> watch::Receiver<()> {
        self.ownerless.subscribe()
    }

    /// Hands out the records whose owners awaited a schema that has come.
    pub(crate) fn find_owners(&self, scratch: &mut Scratch) {
        if self.state().find_owners(scratch) {
            self.notify();
        }
    }

    /// Ends the lane for good; every waiting and later call gets the cause.
    pub(crate) fn fail(&self, cause: &ProbeError) {
        self.failed.raise(cause.clone());
        self.notify();
    }

    /// Stops reading the topic; what is pinned is forgotten.
    pub(crate) fn release(&self) {
        let slots = {
            let mut state = self.state();
            state.id = None;
            state.tracks.drain(..).filter_map(|track| track.slot).collect()
        };
        self.worker.release(slots);
    }

    /// Registers a view. `starts` are offsets that were asked for before this call; for one that
    /// follows the end, what the lane has passed meanwhile counts as before. Returns its key and
    /// whether a private reader has to catch up for it; `None` when the topic was created
    /// anew or grew while the starts were asked for: of what is new nobody knows what is before.
    pub(crate) fn register(
        &self,
        mut view: View,
        generation: u32,
        follows_end: &dyn Fn(i32) -> bool,
    ) -> Option<(ViewKey, bool)> {
        let mut state = self.state();
        if state.generation != generation || !view.starts.is_empty() && view.starts.len() < state.tracks.len()
        {
            return None;
        }
        view.generation = state.generation;
        view.generation_read = state.generation;
        let mut behind = false;
        for (partition, start) in &mut view.starts {
            let passed = state.track(*partition).map_or(0, |track| track.next);
            if start.from >= passed {
                continue;
            }
            if follows_end(*partition) {
                *start = ViewStart::at(passed);
            } else {
                start.catching_up = true;
                behind = true;
            }
        }
        let key = state.next_view;
        state.next_view += 1;
        view.seen_before = state.seen;
        view.gaps_before = state.gaps_noted;
        view.unattributed_before = state.join_group(&view, key);
        state.views.insert(key, view);
        Some((key, behind))
    }

    /// Removes a view. Nothing is read for it afterwards.
    pub(crate) fn unregister(&self, key: ViewKey) {
        let mut state = self.state();
        if let Some(view) = state.views.remove(&key) {
            state.leave_group(&view);
        }
        if state.views.is_empty() {
            state.idle_since = Instant::now();
            state.unattributed.clear();
            state.ownerless.clear();
            state.strangers.clear();
            state.gaps.clear();
        }
    }

    /// Makes the session of a view the owner of records with this id (`testId: produced-id`).
    pub(crate) fn own_id(&self, key: ViewKey, id: &Arc<str>) {
        let mut state = self.state();
        let Some(reading) = state.views.get(&key).map(|view| view.reading.clone()) else { return };
        if let Some(group) = state.groups.iter_mut().find(|group| group.reading.attributes_as(&reading)) {
            group.by_owner.insert(id.clone(), key);
        }
    }

    /// Returns since when nobody looks, or `None` while somebody does.
    pub(crate) fn idle_since(&self) -> Option<Instant> {
        let state = self.state();
        (state.views.is_empty() && state.visitors == 0).then_some(state.idle_since)
    }

    /// Returns how far the topic was read for a view.
    pub(crate) fn coverage(&self, key: ViewKey) -> Coverage {
        self.state().coverage(key)
    }

    pub(crate) fn seen(&self, key: ViewKey) -> Seen {
        let state = self.state();
        let Some(view) = state.views.get(&key) else { return Seen::default() };
        let unattributed = state.group(&view.reading).map_or(0, |group| group.unattributed);
        Seen {
            total: state.seen.saturating_sub(view.seen_before),
            unattributed: unattributed.saturating_sub(view.unattributed_before),
        }
    }

    /// Returns how many sessions look.
    pub(crate) fn views(&self) -> usize {
        self.state().views.len()
    }
}

impl LaneState {
    /// Takes a record from the worker: to the view of its owner, or to nobody.
    pub(crate) fn dispatch(&mut self, partition: i32, record: &RecordRef<'_>, scratch: &mut Scratch) {
        let Some(track) = self.track(partition) else { return };
        if track.slot != Some(record.slot) || record.offset < track.next {
            return;
        }
        self.seen += 1;
        let generation = self.generation;
        let (mut unowned, mut is_noted) = (false, false);
        let mut awaited: Option<Arc<StoredRecord>> = None;
        scratch.clear();
        for group in &mut self.groups {
            let name = group.name(record, scratch);
            if let Some(test_id) =
                name.as_deref().filter(|_| !is_noted && group.reading.finds_owner_by_test_id())
            {
                self.strangers.push(test_id, &group.reading, record, partition, generation);
                is_noted = true;
            }
            let owner = group.owner(name.as_deref());
            drop(name);
            match owner.or_awaited(&group.reading, scratch) {
                Owner::View(key) => {
                    if let Some(view) = self.views.get_mut(&key)
                        && view.takes(partition, record.offset, generation)
                    {
                        view.deliver(partition, record, generation, scratch);
                    }
                }
                Owner::Another => {}
                Owner::Nobody => {
                    group.unattributed += 1;
                    unowned |= group.caring > 0;
                }
                Owner::Awaited => {
                    let stored = || Arc::new(StoredRecord::copy(record, partition, generation));
                    let record = awaited.get_or_insert_with(stored).clone();
                    self.ownerless.push(Ownerless { record, reading: group.reading.clone() });
                }
            }
        }
        if unowned {
            self.unattributed.push(StoredRecord::copy(record, partition, generation));
        }
        // Last: a worker that panics above resumes at this record, and views skip what they have.
        if let Some(track) = self.track_mut(partition) {
            track.next = record.offset + 1;
        }
    }

    /// Takes a record from a view's private reader, which came up to `record.offset`.
    pub(crate) fn dispatch_caught_up(
        &mut self,
        key: ViewKey,
        partition: i32,
        record: &RecordRef<'_>,
        scratch: &mut Scratch,
    ) {
        let generation = self.generation;
        let Some(view) = self.views.get_mut(&key).filter(|view| view.generation_read == generation) else {
            return;
        };
        let Some(start) = view.starts.get_mut(&partition) else { return };
        if !start.catching_up || record.offset < start.served {
            return;
        }
        self.seen += 1;
        scratch.clear();
        let reading = &view.reading;
        let Some(group) = self.groups.iter_mut().find(|group| group.reading.attributes_as(reading)) else {
            return;
        };
        match group.find_owner(record, scratch) {
            Owner::View(owner) if owner == key => view.deliver(partition, record, generation, scratch),
            Owner::View(_) | Owner::Another => {}
            Owner::Nobody => {
                group.unattributed += 1;
                if group.caring > 0 {
                    self.unattributed.push(StoredRecord::copy(record, partition, generation));
                }
            }
            Owner::Awaited => {
                let record = Arc::new(StoredRecord::copy(record, partition, generation));
                self.ownerless.push(Ownerless { record, reading: group.reading.clone() });
            }
        }
    }

    /// Returns whether there are records of which it is not known yet whose they are.
    pub(crate) fn awaits_owners(&self) -> bool {
        !self.ownerless.is_empty()
    }

    /// Returns those records.
    pub(crate) fn ownerless(&self) -> impl Iterator<Item = Arc<StoredRecord>> {
        self.ownerless.iter().map(|ownerless| ownerless.record.clone())
    }

    /// Looks again whose the records are; returns whether any of them has left the list.
    fn find_owners(&mut self, scratch: &mut Scratch) -> bool {
        let waiting = std::mem::take(&mut self.ownerless);
        let before = waiting.len();
        for ownerless in waiting {
            let stored = ownerless.record.clone();
            let same = |group: &&mut Group| group.reading.attributes_as(&ownerless.reading);
            let Some(group) = self.groups.iter_mut().find(same) else { continue };
            scratch.clear();
            let owner = stored.with_ref(|record| group.find_owner(record, scratch));
            match owner {
                Owner::View(key) => {
                    let view = self.views.get_mut(&key);
                    if let Some(view) = view.filter(|view| view.looks_at(&stored)) {
                        stored.with_ref(|record| {
                            view.deliver(stored.partition, record, stored.generation, scratch);
                        });
                    }
                }
                Owner::Another => {}
                Owner::Nobody => {
                    group.unattributed += 1;
                    if group.caring > 0 {
                        self.unattributed.keep(stored);
                    }
                }
                Owner::Awaited => self.ownerless.push(ownerless),
            }
        }
        self.ownerless.len() < before
    }

    /// Notes how far a view's private reader came; where it reached the lane, the lane takes over.
    pub(crate) fn catch_up(&mut self, key: ViewKey, partition: i32, next: i64) {
        let lane = self.track(partition).map_or(0, |track| track.next);
        let generation = self.generation;
        let view = self.views.get_mut(&key).filter(|view| view.generation_read == generation);
        let Some(start) = view.and_then(|view| view.starts.get_mut(&partition)) else { return };
        // Once the lane has taken over, what the private reader says beyond was not delivered by it.
        if start.catching_up {
            start.served = start.served.max(next);
            start.catching_up = start.served < lane;
        }
    }

    /// Returns whether a private reader has still something to do for a view, stuck partitions aside.
    pub(crate) fn is_behind(&self, key: ViewKey, stuck: &[i32]) -> bool {
        let view = self.views.get(&key).filter(|view| view.generation_read == self.generation);
        view.is_some_and(|view| {
            view.starts.iter().any(|(partition, start)| start.catching_up && !stuck.contains(partition))
        })
    }

    /// Returns where a private reader has to go on for a view.
    pub(crate) fn behind(&self, key: ViewKey) -> Vec<(i32, i64)> {
        let view = self.views.get(&key).filter(|view| view.generation_read == self.generation);
        let starts = view.into_iter().flat_map(|view| &view.starts);
        starts.filter(|(_, start)| start.catching_up).map(|(at, start)| (*at, start.served)).collect()
    }

    /// Notes that everything below `next` was delivered or is proven invisible.
    pub(crate) fn progress(&mut self, partition: i32, slot: u32, next: i64) {
        if let Some(track) = self.track_mut(partition)
            && track.slot == Some(slot)
        {
            track.next = track.next.max(next);
        }
    }

    /// Notes that the reader stopped.
    pub(crate) fn stop(&mut self, partition: i32, slot: u32, at: i64, why: StopReason) {
        if let Some(track) = self.track_mut(partition)
            && track.slot == Some(slot)
        {
            track.slot = None;
            track.stopped = Some((at, why));
        }
    }

    pub(crate) fn track(&self, partition: i32) -> Option<&Track> {
        self.tracks.get(usize::try_from(partition).ok()?)
    }

    pub(crate) fn track_mut(&mut self, partition: i32) -> Option<&mut Track> {
        self.tracks.get_mut(usize::try_from(partition).ok()?)
    }

    /// Notes that a partition was not read below `until`; one more of the same replaces the last.
    pub(crate) fn note_gap(&mut self, partition: i32, until: i64, why: String, only: Option<ViewKey>) {
        let generation = self.generation;
        self.gaps.retain(|gap| {
            (gap.partition, gap.generation, gap.only) != (partition, generation, only) || gap.until > until
        });
        let number = self.gaps_noted;
        self.gaps_noted += 1;
        self.gaps.push(Gap { partition, generation, until, why, only, number });
    }

    /// Notes what was gone before anybody read what is new: views look at it from 0.
    pub(crate) fn note_missed(&mut self, from: &[From]) {
        for from in from.iter().filter(|from| from.offset > 0) {
            let why = format!("the records below offset {} were gone before they were read", from.offset);
            self.note_gap(from.partition, from.offset, why, None);
        }
    }

    /// Returns the gaps that a view met.
    pub(crate) fn gaps_of(&self, key: ViewKey) -> impl Iterator<Item = &Gap> {
        let before = self.views.get(&key).map_or(u64::MAX, |view| view.gaps_before);
        self.gaps.iter().filter(move |gap| gap.number >= before && gap.only.is_none_or(|only| only == key))
    }

    /// Returns how far each partition was read.
    pub(crate) fn nexts(&self) -> Vec<i64> {
        self.tracks.iter().map(|track| track.next).collect()
    }

    pub(crate) fn view(&self, key: ViewKey) -> Option<&View> {
        self.views.get(&key)
    }

    /// Returns how far the view was served in a partition.
    pub(crate) fn next_of(&self, key: ViewKey, partition: i32) -> Option<i64> {
        let track = self.track(partition)?;
        Some(self.views.get(&key)?.start(partition, self.generation).next(track))
    }

    fn coverage(&self, key: ViewKey) -> Coverage {
        let Some(view) = self.views.get(&key) else { return Coverage::default() };
        let partitions = (0..).zip(&self.tracks).map(|(partition, track)| {
            let start = view.start(partition, self.generation);
            (partition, PartitionCoverage { from: start.from, next: start.next(track), end: None })
        });
        Coverage { topic_id: self.id.map(|id| id.0.to_string()), partitions: partitions.collect() }
    }

    fn group(&self, reading: &Reading) -> Option<&Group> {
        self.groups.iter().find(|group| group.reading.attributes_as(reading))
    }

    /// Returns how many records without a test id the group had seen before.
    fn join_group(&mut self, view: &View, key: ViewKey) -> u64 {
        let reading = &view.reading;
        let same = |group: &Group| group.reading.attributes_as(reading);
        let index = self.groups.iter().position(same).unwrap_or_else(|| {
            self.groups.push(Group {
                reading: view.reading.clone(),
                by_owner: HashMap::new(),
                members: 0,
                caring: 0,
                unattributed: 0,
            });
            self.groups.len() - 1
        });
        let group = &mut self.groups[index];
        group.members += 1;
        group.caring += usize::from(view.directive.unattributed == Unattributed::Inconclusive);
        if !reading.finds_owner_by_id() {
            group.by_owner.insert(view.test_id.clone(), key);
        }
        group.unattributed
    }

    fn leave_group(&mut self, view: &View) {
        let same = |group: &Group| group.reading.attributes_as(&view.reading);
        let Some(index) = self.groups.iter().position(same) else { return };
        let views = &self.views;
        let group = &mut self.groups[index];
        group.members -= 1;
        group.caring -= usize::from(view.directive.unattributed == Unattributed::Inconclusive);
        group.by_owner.retain(|_, key| views.contains_key(key));
        if group.members == 0 {
            self.groups.remove(index);
        }
    }
}

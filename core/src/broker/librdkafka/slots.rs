//! The partitions of a reader: by the caller's slot, and by the client's address of the topic.

use std::collections::HashMap;

use super::progress::Cover;
use super::values::{PartitionList, c_string};
use crate::broker::Assignment;
use crate::error::{ErrorCode, ProbeError, Result};

/// A topic's address in the client, and the partition.
type Route = (usize, i32);

/// One partition that is read, or that was until it stopped.
#[derive(Debug)]
pub(super) struct Partition {
    pub(super) slot: u32,
    pub(super) topic: String,
    pub(super) number: i32,
    pub(super) cover: Cover,
    /// Checksum errors since the last record.
    pub(super) corrupt: u32,
    /// Said to have stopped: nothing more is said about it.
    pub(super) stopped: bool,
    /// The client reads it; one that stopped is given back to the client after the poll.
    pub(super) assigned: bool,
    /// Something was drained in this poll.
    pub(super) touched: bool,
    /// The partition as a list of one, as the client takes it.
    pub(super) list: PartitionList,
    route: Option<Route>,
}

/// The table.
#[derive(Debug, Default)]
pub(super) struct Slots {
    /// Places are used again; `by_slot` says which are taken.
    places: Vec<Option<Partition>>,
    by_slot: HashMap<u32, usize>,
    by_route: HashMap<Route, usize>,
    /// The route of the last message: mostly the next one's too.
    last: Option<(Route, usize)>,
}

impl Slots {
    /// Makes a partition of an assignment; it is not in the table yet.
    pub(super) fn partition(&self, assignment: &Assignment) -> Result<Partition> {
        let invalid = |why: &str| {
            let at = &assignment.at;
            ProbeError::new(
                ErrorCode::InvalidArgument,
                format!("`{}` partition {} cannot be read: {why}", at.topic, at.partition),
            )
        };
        if assignment.from < 0 {
            return Err(invalid("an offset is not negative"));
        }
        if self.by_slot.contains_key(&assignment.slot) {
            return Err(invalid("its slot is taken"));
        }
        let mut list = PartitionList::new();
        let topic = c_string("topic", &assignment.at.topic)?;
        list.add(&topic, assignment.at.partition, assignment.from, assignment.leader_epoch);
        Ok(Partition {
            slot: assignment.slot,
            topic: assignment.at.topic.to_string(),
            number: assignment.at.partition,
            cover: Cover::new(assignment.from),
            corrupt: 0,
            stopped: false,
            assigned: true,
            touched: true,
            list,
            route: None,
        })
    }

    /// Puts a partition into the table.
    pub(super) fn insert(&mut self, partition: Partition) {
        let place = self.places.iter().position(Option::is_none).unwrap_or(self.places.len());
        if place == self.places.len() {
            self.places.push(None);
        }
        self.by_slot.insert(partition.slot, place);
        self.places[place] = Some(partition);
    }

    /// Takes a partition out of the table.
    pub(super) fn remove(&mut self, slot: u32) -> Option<Partition> {
        let place = self.by_slot.remove(&slot)?;
        let partition = self.places[place].take()?;
        if let Some(route) = partition.route {
            // The address may name another topic once no partition of this one is assigned.
            self.by_route.remove(&route);
        }
        self.last = None;
        Some(partition)
    }

    /// Forgets the address of a partition that the client no longer reads.
    pub(super) fn forget_route(&mut self, slot: u32) {
        let partition = self.by_slot.get(&slot).and_then(|&place| self.places[place].as_mut());
        if let Some(route) = partition.and_then(|partition| partition.route.take()) {
            self.by_route.remove(&route);
        }
        self.last = None;
    }

    /// Returns the slot of a partition that is in the table.
    pub(super) fn slot_of(&self, topic: &str, number: i32) -> Option<u32> {
        self.iter().find(|partition| partition.number == number && partition.topic == topic).map(|p| p.slot)
    }

    /// Finds the partition of a message; `topic` is asked for its name only the first time.
    pub(super) fn find<'n>(
        &mut self,
        address: usize,
        number: i32,
        topic: impl FnOnce() -> Option<&'n str>,
    ) -> Option<&mut Partition> {
        let route = (address, number);
        let place = match self.last {
            Some((last, place)) if last == route => place,
            _ => match self.by_route.get(&route) {
                Some(&place) => place,
                None => self.learn(route, topic()?)?,
            },
        };
        self.last = Some((route, place));
        self.places[place].as_mut()
    }

    fn learn(&mut self, route: Route, topic: &str) -> Option<usize> {
        let place = *self.by_slot.get(&self.slot_of(topic, route.1)?)?;
        self.places[place].as_mut()?.route = Some(route);
        self.by_route.insert(route, place);
        Some(place)
    }

    /// Returns the partitions.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Partition> {
        self.places.iter().flatten()
    }

    /// Returns the partitions to change.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Partition> {
        self.places.iter_mut().flatten()
    }
}

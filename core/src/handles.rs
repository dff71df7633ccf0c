//! Names for long-lived things that a language may hold, copy, lose or close twice.
//!
//! A handle is a number, never an address: `kind (8 bits) | process (4) | generation (28) | slot (24)`.
//! A slot that is used again gets a new generation, so a handle that was closed is found out, and a
//! handle of another kind or of a parent process before a fork is told apart from it. Kinds are
//! below 128: a handle is positive as a signed 64-bit number.
//!
//! After a fork the child's first new handle opens a table of its own: the parent's may have been
//! locked by a thread that does not exist in the child, and is never touched there.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::error::{ErrorCode, ProbeError, Result};

/// What a handle names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// A probe.
    Probe = 1,
    /// A session.
    Session = 2,
}

impl Kind {
    /// Returns the word for messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Probe => "probe",
            Self::Session => "session",
        }
    }
}

/// How many forks may follow one another, each making handles.
const PROCESSES: usize = 16;
const SLOT_BITS: u32 = 24;
const GENERATION_BITS: u32 = 28;
const PROCESS_BITS: u32 = 4;
const MAX_SLOTS: usize = 1 << SLOT_BITS;
const LAST_GENERATION: u32 = (1 << GENERATION_BITS) - 1;

/// The handles of one kind.
///
/// ```
/// use test_probe::handles::{Handles, Kind};
/// static NAMES: Handles<String> = Handles::new(Kind::Session);
/// let handle = NAMES.insert("first".to_owned()).unwrap();
/// assert_eq!(*NAMES.get(handle).unwrap(), "first");
/// NAMES.remove(handle).unwrap();
/// assert_eq!(NAMES.get(handle).unwrap_err().code().name(), "INVALID_HANDLE");
/// ```
pub struct Handles<T> {
    kind: Kind,
    processes: [OnceLock<Table<T>>; PROCESSES],
}

struct Table<T> {
    process: u32,
    slots: RwLock<Slots<T>>,
}

struct Slots<T> {
    all: Vec<Slot<T>>,
    /// Oldest first, so that a slot rests as long as possible before it is used again.
    free: VecDeque<u32>,
}

struct Slot<T> {
    generation: u32,
    value: Option<Arc<T>>,
}

/// A handle taken apart.
struct Parts {
    process: usize,
    generation: u32,
    slot: usize,
}

impl<T> Table<T> {
    fn new(process: u32) -> Self {
        Self { process, slots: RwLock::new(Slots { all: Vec::new(), free: VecDeque::new() }) }
    }

    fn read(&self) -> RwLockReadGuard<'_, Slots<T>> {
        self.slots.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Slots<T>> {
        self.slots.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Handles<T> {
    /// Makes an empty table.
    #[must_use]
    pub const fn new(kind: Kind) -> Self {
        Self { kind, processes: [const { OnceLock::new() }; PROCESSES] }
    }

    /// Keeps a value and returns its handle, never 0. OVERLOADED when there are 16 million.
    pub fn insert(&self, value: T) -> Result<u64> {
        let (process, table) = self.own_table()?;
        let mut slots = table.write();
        let slot = match slots.free.pop_front() {
            Some(slot) => slot as usize,
            None if slots.all.len() < MAX_SLOTS => {
                slots.all.push(Slot { generation: 0, value: None });
                slots.all.len() - 1
            }
            None => {
                let message = format!("there were {MAX_SLOTS} open {}s", self.kind.name());
                return Err(ProbeError::new(ErrorCode::Overloaded, message));
            }
        };
        let entry = &mut slots.all[slot];
        entry.generation += 1;
        entry.value = Some(Arc::new(value));
        Ok(self.join(&Parts { process, generation: entry.generation, slot }))
    }

    /// Returns the value of a handle: INVALID_HANDLE when it is stale, of another kind or never was
    /// one; FORKED when it was made in a parent process.
    pub fn get(&self, handle: u64) -> Result<Arc<T>> {
        let parts = self.split(handle)?;
        let slots = self.table_of(handle, &parts)?.read();
        slots
            .all
            .get(parts.slot)
            .filter(|slot| slot.generation == parts.generation)
            .and_then(|slot| slot.value.clone())
            .ok_or_else(|| self.stale(handle))
    }

    /// Takes the value out; the handle is stale from then on. Errors as [`Handles::get`].
    pub fn remove(&self, handle: u64) -> Result<Arc<T>> {
        let parts = self.split(handle)?;
        let mut slots = self.table_of(handle, &parts)?.write();
        let value = slots
            .all
            .get_mut(parts.slot)
            .filter(|slot| slot.generation == parts.generation)
            .and_then(|slot| slot.value.take())
            .ok_or_else(|| self.stale(handle))?;
        // A slot that has used up its generations rests for ever.
        if parts.generation < LAST_GENERATION {
            slots.free.push_back(u32::try_from(parts.slot).unwrap_or_default());
        }
        Ok(value)
    }

    /// Returns how many handles of this process are open.
    #[must_use]
    pub fn len(&self) -> usize {
        let process = std::process::id();
        let own = self.processes.iter().filter_map(OnceLock::get).find(|table| table.process == process);
        own.map_or(0, |table| table.read().all.iter().filter(|slot| slot.value.is_some()).count())
    }

    /// Returns whether no handle of this process is open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn own_table(&self) -> Result<(usize, &Table<T>)> {
        let process = std::process::id();
        self.processes
            .iter()
            .map(|cell| cell.get_or_init(|| Table::new(process)))
            .enumerate()
            .find(|(_, table)| table.process == process)
            .ok_or_else(|| {
                ProbeError::new(
                    ErrorCode::Overloaded,
                    format!("the process was forked {PROCESSES} times over"),
                )
            })
    }

    fn table_of(&self, handle: u64, parts: &Parts) -> Result<&Table<T>> {
        let table = self.processes[parts.process].get().ok_or_else(|| self.stale(handle))?;
        if table.process == std::process::id() {
            return Ok(table);
        }
        let message = format!("the {} was opened in another process, before a fork", self.kind.name());
        Err(ProbeError::new(ErrorCode::Forked, message)
            .with("opened_in_pid", table.process)
            .hint("open a probe of its own in the child"))
    }

    fn join(&self, parts: &Parts) -> u64 {
        (self.kind as u64) << (PROCESS_BITS + GENERATION_BITS + SLOT_BITS)
            | (parts.process as u64) << (GENERATION_BITS + SLOT_BITS)
            | u64::from(parts.generation) << SLOT_BITS
            | parts.slot as u64
    }

    fn split(&self, handle: u64) -> Result<Parts> {
        let bits = |from: u32, count: u32| (handle >> from) & ((1 << count) - 1);
        if bits(PROCESS_BITS + GENERATION_BITS + SLOT_BITS, 8) != self.kind as u64 {
            let message = format!("`{handle:#x}` was not the handle of a {}", self.kind.name());
            return Err(ProbeError::new(ErrorCode::InvalidHandle, message));
        }
        Ok(Parts {
            process: bits(GENERATION_BITS + SLOT_BITS, PROCESS_BITS) as usize,
            generation: bits(SLOT_BITS, GENERATION_BITS) as u32,
            slot: bits(0, SLOT_BITS) as usize,
        })
    }

    fn stale(&self, handle: u64) -> ProbeError {
        let message = format!("the {} of handle `{handle:#x}` was closed, or never opened", self.kind.name());
        ProbeError::new(ErrorCode::InvalidHandle, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code<T>(result: Result<T>) -> ErrorCode {
        result.err().expect("an error").code()
    }

    #[test]
    fn a_handle_is_found_until_it_is_removed_and_only_once_removed() {
        let handles = Handles::new(Kind::Probe);
        let handle = handles.insert(7).expect("a handle");
        assert!(handle != 0 && handle.cast_signed() > 0);
        assert_eq!(*handles.get(handle).expect("a value"), 7);
        assert_eq!(*handles.remove(handle).expect("a value"), 7);
        assert_eq!(code(handles.get(handle)), ErrorCode::InvalidHandle);
        assert_eq!(code(handles.remove(handle)), ErrorCode::InvalidHandle);
        assert!(handles.is_empty());
    }

    #[test]
    fn a_slot_that_is_used_again_does_not_answer_to_its_old_handle() {
        let handles = Handles::new(Kind::Session);
        let first = handles.insert("first").expect("a handle");
        handles.remove(first).expect("a value");
        let second = handles.insert("second").expect("a handle");
        assert_eq!(first & 0xff_ffff, second & 0xff_ffff, "the slot is used again");
        assert_eq!(code(handles.get(first)), ErrorCode::InvalidHandle);
        assert_eq!(*handles.get(second).expect("a value"), "second");
    }

    #[test]
    fn a_slot_without_generations_left_is_not_used_again() {
        let handles = Handles::new(Kind::Probe);
        let first = handles.insert(1).expect("a handle");
        handles.processes[0].get().expect("a table").write().all[0].generation = LAST_GENERATION;
        let last = first | u64::from(LAST_GENERATION) << SLOT_BITS;
        handles.remove(last).expect("a value");
        let next = handles.insert(2).expect("a handle");
        assert_eq!(next & 0xff_ffff, 1);
    }

    #[test]
    fn a_handle_of_another_kind_is_refused_and_so_is_zero() {
        let (probes, sessions) = (Handles::new(Kind::Probe), Handles::new(Kind::Session));
        let probe = probes.insert(()).expect("a handle");
        sessions.insert(()).expect("a handle");
        assert_eq!(code(sessions.get(probe)), ErrorCode::InvalidHandle);
        assert_eq!(code(probes.get(0)), ErrorCode::InvalidHandle);
        assert_eq!(code(probes.get(u64::MAX)), ErrorCode::InvalidHandle);
    }

    #[test]
    fn a_handle_from_before_a_fork_says_so() {
        let handles = Handles::new(Kind::Probe);
        assert!(handles.processes[0].set(Table::new(std::process::id() ^ 1)).is_ok());
        let parent = handles.join(&Parts { process: 0, generation: 1, slot: 0 });
        assert_eq!(code(handles.get(parent)), ErrorCode::Forked);
        let own = handles.insert(()).expect("a handle");
        assert_ne!(own, parent);
        handles.get(own).expect("a value");
        assert_eq!(code(handles.remove(parent)), ErrorCode::Forked);
    }

    #[test]
    fn a_million_random_handles_find_nothing() {
        let handles = Handles::new(Kind::Session);
        let real: Vec<u64> = (0..100).map(|n| handles.insert(n).expect("a handle")).collect();
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..1_000_000 {
            let kind_kept = random.u64(..) & !(0xff << 56) | (Kind::Session as u64) << 56;
            for handle in [random.u64(..), kind_kept] {
                assert!(real.contains(&handle) || handles.get(handle).is_err(), "{handle:#x}");
            }
        }
    }

    #[test]
    fn threads_that_open_and_close_never_meet_each_others_values() {
        let handles = Handles::new(Kind::Session);
        std::thread::scope(|scope| {
            for thread in 0..8_u64 {
                let handles = &handles;
                scope.spawn(move || {
                    for round in 0..2_000 {
                        let value = thread << 32 | round;
                        let handle = handles.insert(value).expect("a handle");
                        assert_eq!(*handles.get(handle).expect("a value"), value);
                        assert_eq!(*handles.remove(handle).expect("a value"), value);
                        assert_eq!(code(handles.remove(handle)), ErrorCode::InvalidHandle);
                    }
                });
            }
        });
        assert!(handles.is_empty());
    }
}

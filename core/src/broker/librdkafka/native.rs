//! Owners of clients, queues and events: each is freed once, in the right order, on the right thread.

use std::ffi::{c_char, c_int, c_void};
use std::mem::ManuallyDrop;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rdkafka_sys as rd;

use super::errors::Code;
use super::reaper;
use super::values::{Conf, from_buffer, millis, rd_kafka_event_error, text};
use crate::broker::Wake;
use crate::error::{ErrorCode, ProbeError, Result};

const _: () = assert!(usize::BITS >= 64, "tokens travel in pointers");

/// Which client a handle is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Producer,
    Consumer,
}

/// A client handle. Dropping it takes no time: the reaper destroys it.
#[derive(Debug)]
pub(super) struct Client(ManuallyDrop<Native>);

/// The parts of a handle that are destroyed together, in this order.
#[derive(Debug)]
pub(super) struct Native {
    kind: Kind,
    /// Logs, errors, delivery reports and admin results.
    events: Queue,
    /// What a consumer fetched.
    fetched: Option<Queue>,
    rk: NonNull<rd::rd_kafka_t>,
}

// SAFETY: librdkafka's handles and queues may be used and freed from any thread.
unsafe impl Send for Native {}
// SAFETY: every function that is called through `&Native` is thread-safe in librdkafka.
unsafe impl Sync for Native {}

impl Client {
    /// Starts a client. `wake` is called when one of its queues has something.
    pub(super) fn start(kind: Kind, conf: Conf, wake: Option<&Wake>) -> Result<Self> {
        let mut text = [0 as c_char; 512];
        let (raw_kind, raw) = match kind {
            Kind::Producer => (rd::rd_kafka_type_t::RD_KAFKA_PRODUCER, conf.0),
            Kind::Consumer => (rd::rd_kafka_type_t::RD_KAFKA_CONSUMER, conf.0),
        };
        // SAFETY: the configuration is owned and `text` is as long as it says.
        let rk = unsafe { rd::rd_kafka_new(raw_kind, raw.as_ptr(), text.as_mut_ptr(), text.len()) };
        let Some(rk) = NonNull::new(rk) else {
            let words = from_buffer(&text);
            return Err(ProbeError::new(
                ErrorCode::InvalidConfig,
                format!("the Kafka client did not start: {words}"),
            ));
        };
        // The client owns the configuration from here on.
        std::mem::forget(conf);
        // SAFETY: `rk` lives; with a null queue its logs go to its main queue (log.queue=true).
        unsafe { rd::rd_kafka_set_log_queue(rk.as_ptr(), ptr::null_mut()) };
        // SAFETY: `rk` lives, and the queue is owned by the caller of the function.
        let events = unsafe { rd::rd_kafka_queue_get_main(rk.as_ptr()) };
        let fetched = match kind {
            Kind::Producer => ptr::null_mut(),
            // SAFETY: as above; a consumer with a `group.id` has this queue.
            Kind::Consumer => unsafe { rd::rd_kafka_queue_get_consumer(rk.as_ptr()) },
        };
        let native = Native {
            kind,
            events: Queue::new(NonNull::new(events).expect("a client has a main queue"), wake),
            fetched: NonNull::new(fetched).map(|queue| Queue::new(queue, wake)),
            rk,
        };
        Ok(Self(ManuallyDrop::new(native)))
    }

    /// Returns the raw handle, valid as long as `self`.
    pub(super) fn raw(&self) -> *mut rd::rd_kafka_t {
        self.0.rk.as_ptr()
    }

    /// Returns the queue of logs, errors, delivery reports and admin results.
    pub(super) fn events(&self) -> &Queue {
        &self.0.events
    }

    /// Returns the queue of a consumer's records.
    pub(super) fn fetched(&self) -> &Queue {
        self.0.fetched.as_ref().expect("only consumers are asked for records")
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // SAFETY: `self.0` is not touched again.
        let mut native = unsafe { ManuallyDrop::take(&mut self.0) };
        // Nobody is woken for a client that is gone.
        native.events.silence();
        if let Some(fetched) = &mut native.fetched {
            fetched.silence();
        }
        reaper::take(native);
    }
}

impl Native {
    /// Frees everything; may block, so only the reaper calls it.
    pub(super) fn destroy(self) {
        const QUEUED: c_int = 1;
        const IN_FLIGHT: c_int = 2;
        let Self { kind, events, fetched, rk } = self;
        events.await_descriptions();
        if kind == Kind::Producer {
            // SAFETY: `rk` lives. Without messages there is nothing that destroying waits for.
            unsafe { rd::rd_kafka_purge(rk.as_ptr(), QUEUED | IN_FLIGHT) };
        }
        drop(events);
        drop(fetched);
        // SAFETY: `rk` is owned, its queues are released and no other owner is left.
        unsafe { rd::rd_kafka_destroy_flags(rk.as_ptr(), rd::RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE) };
    }
}

/// How long a client that ends waits for the answers that must not find it ending. A broker that takes longer is
/// most likely not there.
const DESCRIBED: Duration = Duration::from_millis(250);

/// A reference to a queue, with the bell that rings when it is no longer empty.
#[derive(Debug)]
pub(super) struct Queue {
    raw: NonNull<rd::rd_kafka_queue_t>,
    bell: Option<Arc<Bell>>,
    /// Descriptions of topics or of the cluster that were asked for and have not come.
    describing: AtomicUsize,
}

struct Bell {
    wake: Wake,
    rung: AtomicBool,
}

impl std::fmt::Debug for Bell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bell").field("rung", &self.rung).finish_non_exhaustive()
    }
}

impl Queue {
    fn new(raw: NonNull<rd::rd_kafka_queue_t>, wake: Option<&Wake>) -> Self {
        let bell = wake.map(|wake| Arc::new(Bell { wake: Arc::clone(wake), rung: AtomicBool::new(true) }));
        if let Some(bell) = &bell {
            let opaque = Arc::as_ptr(bell).cast_mut().cast::<c_void>();
            // SAFETY: the bell is freed only after `silence` took the callback away.
            unsafe { rd::rd_kafka_queue_cb_event_enable(raw.as_ptr(), Some(ring), opaque) };
        }
        Self { raw, bell, describing: AtomicUsize::new(0) }
    }

    /// Notes that a description was asked for whose answer comes to this queue. To be called before the asking.
    pub(super) fn describing(&self) {
        self.describing.fetch_add(1, Ordering::AcqRel);
    }

    /// Waits for the descriptions that were asked for: librdkafka 2.12 reads an answer that finds the client ending
    /// from a null pointer (`rd_kafka_parse_Metadata0` returns no metadata and no error), and ends the process.
    fn await_descriptions(&self) {
        let until = Instant::now() + DESCRIBED;
        while self.describing.load(Ordering::Acquire) > 0 {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            drop(self.next_event(left));
        }
    }

    /// Returns the raw queue, valid as long as `self`.
    pub(super) fn raw(&self) -> *mut rd::rd_kafka_queue_t {
        self.raw.as_ptr()
    }

    /// Returns whether something came since the last time that this returned true.
    pub(super) fn take_rung(&self) -> bool {
        self.bell.as_ref().is_none_or(|bell| bell.rung.swap(false, Ordering::AcqRel))
    }

    /// Takes the next event, waiting up to `timeout` for it.
    pub(super) fn next_event(&self, timeout: Duration) -> Option<Event> {
        // SAFETY: the queue lives; the event is owned by the caller.
        let event =
            NonNull::new(unsafe { rd::rd_kafka_queue_poll(self.raw(), millis(timeout)) }).map(Event)?;
        if [rd::RD_KAFKA_EVENT_DESCRIBETOPICS_RESULT, rd::RD_KAFKA_EVENT_DESCRIBECLUSTER_RESULT]
            .contains(&event.kind())
        {
            self.describing.fetch_sub(1, Ordering::AcqRel);
        }
        Some(event)
    }

    /// Ends a wait in [`Self::next_event`] on another thread.
    pub(super) fn interrupt(&self) {
        // SAFETY: the queue lives.
        unsafe { rd::rd_kafka_queue_yield(self.raw()) };
    }

    fn silence(&mut self) {
        if self.bell.is_some() {
            // SAFETY: the queue lives. librdkafka calls back under the queue's lock and this takes
            // that lock, so no callback runs or begins once it has returned.
            unsafe { rd::rd_kafka_queue_cb_event_enable(self.raw(), None, ptr::null_mut()) };
            self.bell = None;
        }
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.silence();
        // SAFETY: the reference to the queue is owned and not used again.
        unsafe { rd::rd_kafka_queue_destroy(self.raw()) };
    }
}

/// Runs on a thread of librdkafka under the queue's lock: it only says that there is something.
unsafe extern "C" fn ring(_: *mut rd::rd_kafka_t, opaque: *mut c_void) {
    // SAFETY: `opaque` is the bell of the queue, which outlives the callback (see `silence`).
    let bell = unsafe { &*opaque.cast::<Bell>() };
    bell.rung.store(true, Ordering::Release);
    // A panic must not unwind into C; the waker is told again by the guard tick.
    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (bell.wake)()));
}

/// An event, freed when it is dropped.
#[derive(Debug)]
pub(super) struct Event(NonNull<rd::rd_kafka_event_t>);

impl Event {
    /// Returns the raw event, valid as long as `self`.
    pub(super) fn raw(&self) -> *mut rd::rd_kafka_event_t {
        self.0.as_ptr()
    }

    /// Returns what kind of event it is, one of `RD_KAFKA_EVENT_*`.
    pub(super) fn kind(&self) -> c_int {
        // SAFETY: the event lives.
        unsafe { rd::rd_kafka_event_type(self.raw()) }
    }

    /// Returns the token that the request was made with.
    pub(super) fn token(&self) -> u64 {
        // SAFETY: the event lives; the opaque is a number and not followed.
        unsafe { rd::rd_kafka_event_opaque(self.raw()) as usize as u64 }
    }

    /// Returns the error of the event as a whole.
    pub(super) fn error(&self) -> Code {
        // SAFETY: the event lives.
        Code(unsafe { rd_kafka_event_error(self.raw()) })
    }

    /// Returns the words that go with the error.
    pub(super) fn error_text(&self) -> String {
        // SAFETY: the event lives and so does its text.
        unsafe { text(rd::rd_kafka_event_error_string(self.raw())) }
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: the event is owned and not used again.
        unsafe { rd::rd_kafka_event_destroy(self.raw()) };
    }
}

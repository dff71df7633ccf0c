//! Questions and commands to a cluster: each is one asynchronous call of librdkafka, and its result
//! comes back as an event on the client's one queue.
//!
//! A thread waits on that queue. A call is known by its token, a plain number that librdkafka hands
//! back: a caller that stops waiting takes its token out of the map, and a result without an entry
//! is dropped.

use std::collections::HashMap;
use std::ffi::{c_int, c_void};
use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use rdkafka_sys as rd;
use tokio::sync::oneshot;

use super::config::LibrdkafkaConfig;
use super::errors::Code;
use super::native::{Client, Event, Kind};
use super::problems::Problems;
use super::values::millis;
use crate::broker::Isolation;
use crate::error::{ErrorCode, ProbeError, Result};
use crate::runtime::Deadline;

/// How long the thread waits before it looks whether it was told to end in vain.
const GUARD_TICK: Duration = Duration::from_millis(200);

/// librdkafka takes no longer timeout than this.
const LONGEST: Duration = Duration::from_secs(3600);

type Receive = Box<dyn FnOnce(&Event) + Send>;

/// The client for questions and commands.
#[derive(Debug)]
pub(super) struct Admin {
    shared: Arc<Shared>,
}

struct Shared {
    cluster: String,
    /// `None` once closed.
    client: RwLock<Option<Arc<Client>>>,
    waiting: Mutex<HashMap<u64, Receive>>,
    next_token: AtomicU64,
    closed: AtomicBool,
    problems: Problems,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("cluster", &self.cluster).finish_non_exhaustive()
    }
}

/// What a call is: its kind for librdkafka, its name for errors, its deadline.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'a> {
    pub(super) api: rd::rd_kafka_admin_op_t,
    pub(super) what: &'a str,
    pub(super) by: Deadline,
    /// Only ListOffsets has one.
    pub(super) isolation: Option<Isolation>,
}

/// Where a call is made: borrowed for the one function that makes it.
#[derive(Debug)]
pub(super) struct Desk<'a> {
    pub(super) rk: *mut rd::rd_kafka_t,
    pub(super) options: *const rd::rd_kafka_AdminOptions_t,
    pub(super) queue: *mut rd::rd_kafka_queue_t,
    alive: PhantomData<&'a Client>,
}

impl Admin {
    /// Starts the client and its thread, and lets it find the cluster. Does not wait for a broker.
    pub(super) fn start(config: &LibrdkafkaConfig, problems: Problems) -> Result<Self> {
        let client = Arc::new(Client::start(Kind::Producer, config.admin()?, None)?);
        let shared = Arc::new(Shared {
            cluster: config.cluster_name.clone(),
            client: RwLock::new(Some(Arc::clone(&client))),
            waiting: Mutex::default(),
            next_token: AtomicU64::new(1),
            closed: AtomicBool::new(false),
            problems,
        });
        let served = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("test-probe-kafka".to_owned());
        thread.spawn(move || served.serve(&client)).map_err(|error| {
            ProbeError::new(ErrorCode::Internal, format!("a thread did not start: {error}"))
        })?;
        let admin = Self { shared };
        warm_up(&*admin.shared.client()?);
        Ok(admin)
    }

    /// Makes a call. `start` hands it to librdkafka; `read` turns the result into what is wanted,
    /// on another thread and with the event borrowed.
    pub(super) fn call<T: Send + 'static>(
        &self,
        call: Call<'_>,
        start: impl FnOnce(&Desk<'_>),
        read: impl FnOnce(&Event) -> T + Send + 'static,
    ) -> Result<Pending<T>> {
        let client = self.shared.client()?;
        let token = self.shared.next_token.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        let receive: Receive = Box::new(move |event| {
            // The caller may have stopped waiting.
            let _ = answer.send(read(event));
        });
        self.shared.waiting().insert(token, receive);
        let pending = Pending {
            what: call.what.to_owned(),
            by: call.by,
            token,
            answered,
            shared: Arc::clone(&self.shared),
        };
        if self.shared.closed.load(Ordering::Acquire) {
            // Closed since the client was taken: nobody would read the answer.
            return Err(self.shared.closed_error());
        }
        let options = Options::new(&client, call, token);
        if call.api == rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS {
            client.events().describing();
        }
        start(&Desk {
            rk: client.raw(),
            options: options.0.as_ptr(),
            queue: client.events().raw(),
            alive: PhantomData,
        });
        Ok(pending)
    }

    /// Returns the error of a call that no broker answered in time.
    pub(super) fn unanswered(&self, what: &str) -> ProbeError {
        self.shared.unanswered(what)
    }

    /// Notes that a broker answered.
    pub(super) fn answered(&self) {
        self.shared.problems.clear();
    }

    /// Ends every call and lets go of the client. Does not wait.
    pub(super) fn close(&self) {
        self.shared.closed.store(true, Ordering::Release);
        let client = self.shared.client.write().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(client) = client {
            client.events().interrupt();
        }
        // Those who wait see their call end.
        let ended = std::mem::take(&mut *self.shared.waiting());
        drop(ended);
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    fn client(&self) -> Result<Arc<Client>> {
        let client = self.client.read().unwrap_or_else(PoisonError::into_inner);
        client.clone().ok_or_else(|| self.closed_error())
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<u64, Receive>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs on the thread until closed; the wait ends the moment an event comes.
    fn serve(&self, client: &Client) {
        while !self.closed.load(Ordering::Acquire) {
            let Some(event) = client.events().next_event(GUARD_TICK) else { continue };
            let receive = self.waiting().remove(&event.token());
            match receive {
                Some(receive) => receive(&event),
                None => drop(self.problems.hear(&event)),
            }
        }
    }

    fn closed_error(&self) -> ProbeError {
        ProbeError::new(
            ErrorCode::ShuttingDown,
            format!("the connection to cluster `{}` was closed", self.cluster),
        )
    }

    fn unanswered(&self, what: &str) -> ProbeError {
        let error = ProbeError::new(
            ErrorCode::BrokerUnreachable,
            format!("{what} was not answered by cluster `{}` within its time", self.cluster),
        )
        .with("cluster", self.cluster.as_str())
        .with("awaited", what);
        match self.problems.last() {
            Some(problem) => error.caused_by(problem),
            None => error,
        }
    }
}

/// A call that was made. Dropping it gives the answer up.
#[derive(Debug)]
pub(super) struct Pending<T> {
    what: String,
    by: Deadline,
    token: u64,
    answered: oneshot::Receiver<T>,
    shared: Arc<Shared>,
}

impl<T> Pending<T> {
    /// Waits for the answer until the deadline.
    pub(super) async fn wait(mut self) -> Result<T> {
        match tokio::time::timeout_at(self.by.instant(), &mut self.answered).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => Err(self.shared.closed_error()),
            Err(_) => Err(self.shared.unanswered(&self.what)),
        }
    }
}

impl<T> Drop for Pending<T> {
    fn drop(&mut self) {
        self.shared.waiting().remove(&self.token);
    }
}

impl<T> Pending<Result<T, Refusal>> {
    /// Waits for the answer; a refusal is an error of the call, `otherwise` for what has no code.
    pub(super) async fn wait_ok(self, otherwise: ErrorCode) -> Result<T> {
        let (what, shared) = (self.what.clone(), Arc::clone(&self.shared));
        match self.wait().await? {
            Ok(answer) => {
                shared.problems.clear();
                Ok(answer)
            }
            Err(refusal) if refusal.code == Code::TIMED_OUT => Err(shared.unanswered(&what)),
            Err(refusal) => Err(refusal.code.error(&what, Some(&refusal.words), otherwise)),
        }
    }
}

/// A call that failed as a whole, in the broker's words.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) code: Code,
    pub(super) words: String,
}

impl Event {
    /// Returns the refusal of a call that failed as a whole.
    pub(super) fn accepted(&self) -> Result<(), Refusal> {
        match self.error() {
            Code::NONE => Ok(()),
            code => Err(Refusal { code, words: self.error_text() }),
        }
    }
}

/// The options of one call.
struct Options(NonNull<rd::rd_kafka_AdminOptions_t>);

impl Options {
    fn new(client: &Client, call: Call<'_>, token: u64) -> Self {
        let left = millis(call.by.left().clamp(Duration::from_millis(1), LONGEST));
        // SAFETY: the client lives; librdkafka ends the process rather than returning null.
        let options = unsafe { rd::rd_kafka_AdminOptions_new(client.raw(), call.api) };
        let options = Self(NonNull::new(options).expect("librdkafka allocates"));
        let raw = options.0.as_ptr();
        // SAFETY: the options live; a value that the kind of call does not take is refused by a
        // code (no text is asked for), and the opaque is only a number.
        unsafe {
            rd::rd_kafka_AdminOptions_set_request_timeout(raw, left, ptr::null_mut(), 0);
            if call.api == rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_CREATETOPICS {
                rd::rd_kafka_AdminOptions_set_operation_timeout(raw, left as c_int, ptr::null_mut(), 0);
            }
            if let Some(isolation) = call.isolation {
                let level = match isolation {
                    Isolation::ReadCommitted => {
                        rd::rd_kafka_IsolationLevel_t::RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED
                    }
                    Isolation::ReadUncommitted => {
                        rd::rd_kafka_IsolationLevel_t::RD_KAFKA_ISOLATION_LEVEL_READ_UNCOMMITTED
                    }
                };
                let error = rd::rd_kafka_AdminOptions_set_isolation_level(raw, level);
                if !error.is_null() {
                    rd::rd_kafka_error_destroy(error);
                }
            }
            rd::rd_kafka_AdminOptions_set_opaque(raw, token as usize as *mut c_void);
        }
        options
    }
}

impl Drop for Options {
    fn drop(&mut self) {
        // SAFETY: the options are owned; a call copied what it needs.
        unsafe { rd::rd_kafka_AdminOptions_destroy(self.0.as_ptr()) };
    }
}

/// Lets a new client connect and learn the cluster, so that its first use does not wait for that.
/// The answer is nobody's.
pub(super) fn warm_up(client: &Client) {
    client.events().describing();
    // SAFETY: the client and its queue live; without options librdkafka takes its defaults.
    unsafe { rd::rd_kafka_DescribeCluster(client.raw(), ptr::null(), client.events().raw()) };
}

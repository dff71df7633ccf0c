//! HTTP around the registry: sockets, deadlines and time. What an answer says is decided without them, in `routes`.

use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{ACCEPT, ALLOW, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::oneshot;

use super::answer::{Answer, Body, Refusal};
use super::faults::{Action, Trials};
use super::request::{Method, Request};
use super::routes;
use super::state::Registry;
use crate::Quiet;
use crate::cluster::lock;

/// The largest body of a request, in bytes.
const LARGEST_BODY: usize = 5 * 1024 * 1024;
/// How long a client may take to send the head of a request, and its body.
const SENDING: Duration = Duration::from_secs(30);
/// How long the listener rests when the process has no file descriptor left for a connection.
const ACCEPT_REST: Duration = Duration::from_millis(20);

/// The content types of answers, the best one first.
const PRODUCED: [&str; 3] =
    ["application/vnd.schemaregistry.v1+json", "application/vnd.schemaregistry+json", "application/json"];
/// What a body may be besides: clients that name no type send this.
const ANY_BODY: &str = "application/octet-stream";

/// The state of a registry, which its handle and its server share.
#[derive(Debug)]
pub(super) struct Shared {
    registry: Mutex<Registry>,
    trials: Mutex<Trials>,
}

impl Shared {
    pub(super) fn new(trials: Trials) -> Self {
        Self { registry: Mutex::new(Registry::default()), trials: Mutex::new(trials) }
    }

    pub(super) fn registry(&self) -> MutexGuard<'_, Registry> {
        lock(&self.registry)
    }

    pub(super) fn trials(&self) -> MutexGuard<'_, Trials> {
        lock(&self.trials)
    }
}

/// Returns the time in milliseconds since 1970.
pub(super) fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as i64
}

/// Serves until the handle is gone; then the runtime drops every task, and with them the sockets.
pub(super) async fn run(shared: Arc<Shared>, listener: TcpListener, stopped: oneshot::Receiver<()>) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!(%error, "the embedded schema registry could not listen");
            return;
        }
    };
    tokio::select! {
        _ = stopped => {}
        () = accept(shared, listener) => {}
    }
}

async fn accept(shared: Arc<Shared>, listener: tokio::net::TcpListener) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_REST).await;
            continue;
        };
        // Answers are small, and clients wait for them.
        let _ = stream.set_nodelay(true);
        let shared = shared.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| serve(shared.clone(), request));
            let mut connection = http1::Builder::new();
            connection.timer(TokioTimer::new()).header_read_timeout(SENDING);
            if let Err(error) = connection.serve_connection(TokioIo::new(Quiet(stream)), service).await {
                tracing::debug!(%error, "a connection to the embedded schema registry ended");
            }
        });
    }
}

/// A connection that ends without an answer.
#[derive(Debug)]
struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a fault cut the connection")
    }
}

impl std::error::Error for Cut {}

async fn serve(
    shared: Arc<Shared>,
    request: hyper::Request<Incoming>,
) -> Result<hyper::Response<Full<Bytes>>, Cut> {
    let (head, body) = request.into_parts();
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    let client = head.headers.get(USER_AGENT).and_then(|name| name.to_str().ok()).unwrap_or("");
    let met = shared.trials().meet(head.method.as_str(), path, client, SystemTime::now());
    let (number, delay, ending) = met;
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let refused = match ending {
        Some(Action::Disconnect) => return Err(Cut),
        Some(Action::Silence) => std::future::pending::<Option<Answer>>().await,
        Some(Action::Status(status)) => Some(Answer::from(Refusal::http(status, reason(status)))),
        Some(Action::Delay(_)) | None => None,
    };
    let accepted = accepted(&head.headers);
    let answer = match (refused, accepted) {
        (Some(refused), _) => refused,
        (None, None) => Refusal::http(406, reason(406)).into(),
        (None, Some(_)) => answer(&shared, &head, body).await,
    };
    shared.trials().answered(number, answer.status);
    Ok(response(answer, accepted.unwrap_or(PRODUCED[0])))
}

async fn answer(shared: &Shared, head: &hyper::http::request::Parts, body: Incoming) -> Answer {
    let body = match tokio::time::timeout(SENDING, Limited::new(body, LARGEST_BODY).collect()).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => return Refusal::http(413, reason(413)).into(),
        Ok(Err(error)) => return Refusal::bad_request(error.to_string()).into(),
        Err(_) => return Refusal::http(408, reason(408)).into(),
    };
    let content_type = head.headers.get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or(""));
    if !body.is_empty() && !content_type.is_none_or(|given| is_read(essence(given))) {
        return Refusal::http(415, reason(415)).into();
    }
    let request = Request {
        method: Method::of_name(head.method.as_str()),
        path: head.uri.path(),
        query: head.uri.query().unwrap_or(""),
        body: &body,
        now: now(),
    };
    let mut registry = shared.registry();
    // A panic is a defect of ours, and must not leave a client without an answer.
    let answered = std::panic::AssertUnwindSafe(|| routes::answer(&mut registry, &request));
    std::panic::catch_unwind(answered).unwrap_or_else(|_| {
        tracing::error!(path = head.uri.path(), "the embedded schema registry panicked");
        Refusal::http(500, reason(500)).into()
    })
}

fn response(answer: Answer, content_type: &'static str) -> hyper::Response<Full<Bytes>> {
    let body = match answer.body {
        Body::Nothing => Bytes::new(),
        Body::Json(json) => Bytes::from(json.to_string()),
        Body::Text(text) => Bytes::from(text),
    };
    let mut response = hyper::Response::new(Full::new(body));
    *response.status_mut() =
        hyper::StatusCode::from_u16(answer.status).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if answer.status == 405 {
        headers.insert(ALLOW, HeaderValue::from_static("GET,POST,PUT,DELETE,OPTIONS,HEAD"));
    }
    response
}

/// Returns the best content type that a client accepts: of those with its highest weight our favourite.
fn accepted(headers: &HeaderMap) -> Option<&'static str> {
    let asked: Vec<&str> = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    if asked.is_empty() {
        return Some(PRODUCED[0]);
    }
    let mut best: Option<(f32, &'static str)> = None;
    for produced in PRODUCED {
        let kinds = asked.iter().flat_map(|list| list.split(','));
        let fitting = kinds.filter(|kind| fits(essence(kind), produced)).map(weight);
        let weight = fitting.fold(0.0, f32::max);
        if weight > 0.0 && best.is_none_or(|(known, _)| weight > known) {
            best = Some((weight, produced));
        }
    }
    best.map(|(_, produced)| produced)
}

/// Returns a media type without its parameters.
fn essence(kind: &str) -> &str {
    kind.split(';').next().unwrap_or("").trim()
}

fn weight(kind: &str) -> f32 {
    let quality = kind.split(';').skip(1).find_map(|parameter| parameter.trim().strip_prefix("q="));
    quality.and_then(|quality| quality.trim().parse().ok()).unwrap_or(1.0)
}

fn fits(asked: &str, produced: &str) -> bool {
    asked.eq_ignore_ascii_case(produced) || asked == "*/*" || asked.eq_ignore_ascii_case("application/*")
}

fn is_read(content_type: &str) -> bool {
    PRODUCED.iter().chain(&[ANY_BODY]).any(|known| known.eq_ignore_ascii_case(content_type))
}

fn reason(status: u16) -> &'static str {
    let status = hyper::StatusCode::from_u16(status).ok();
    status.and_then(|status| status.canonical_reason()).unwrap_or("Error")
}

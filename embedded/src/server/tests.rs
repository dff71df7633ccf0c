//! What goes wrong at one connection, and stays there. Over real sockets, since that is where it happens.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes, BytesMut};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{ApiKey, MetadataRequest, MetadataResponse, ProduceRequest, ProduceResponse};
use kafka_protocol::protocol::{Decodable, Request, StrBytes};
use tokio::net::TcpListener;

use super::Now;
use super::connection::{HANDSHAKE, serve};
use super::listeners::Door;
use crate::cluster::EmbeddedKafka;
use crate::options::Options;
use crate::security::Protocol;
use crate::state::State;
use crate::state::timers::Timer;
use crate::wire::records::BatchWriter;
use crate::wire::sampling;

/// How long anything here may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(20);
/// The beginning of a TLS client's hello, which promises more.
const HALF_A_HELLO: [u8; 11] = [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03];
/// The first byte of an alert.
const ALERT: u8 = 0x15;

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream
}

/// Asks, and returns what follows the header of the answer; none when the connection is closed.
fn ask<R: Request>(stream: &mut TcpStream, version: i16, request: &R) -> Option<Bytes> {
    let api = ApiKey::try_from(R::KEY).expect("an API");
    let mut body = BytesMut::new();
    request.encode(&mut body, version).expect("a request");
    let frame = sampling::frame(api, version, &body);
    stream.write_all(&(frame.len() as i32).to_be_bytes()).ok()?;
    stream.write_all(&frame).ok()?;
    let mut size = [0; 4];
    stream.read_exact(&mut size).ok()?;
    let mut answer = vec![0; u32::from_be_bytes(size) as usize];
    stream.read_exact(&mut answer).ok()?;
    let mut answer = Bytes::from(answer);
    answer.advance(if api.response_header_version(version) >= 1 { 5 } else { 4 });
    Some(answer)
}

/// Returns how many topics there are.
fn topics(stream: &mut TcpStream) -> Option<usize> {
    let mut answer = ask(stream, 12, &MetadataRequest::default().with_topics(None))?;
    Some(MetadataResponse::decode(&mut answer, 12).expect("an answer").topics.len())
}

/// Writes a record to `t`, and returns its offset.
fn produce(stream: &mut TcpStream) -> Option<i64> {
    let batch = BatchWriter::new().record(1_000, None, Some(b"v"), &[]).build();
    let data = PartitionProduceData::default().with_records(Some(batch));
    let name = StrBytes::from_static_str("t").into();
    let topic = TopicProduceData::default().with_name(name).with_partition_data(vec![data]);
    let request = ProduceRequest::default().with_acks(-1).with_timeout_ms(1_000).with_topic_data(vec![topic]);
    let mut answer = ask(stream, 9, &request)?;
    let answer = ProduceResponse::decode(&mut answer, 9).expect("an answer");
    Some(answer.responses[0].partition_responses[0].base_offset)
}

/// Waits until a condition holds.
#[track_caller]
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < until, "it did not come true that {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_panic_in_a_handler_closes_its_connection_only_and_is_counted() {
    let kafka = EmbeddedKafka::start(Options::default()).expect("a cluster");
    kafka.create_topic("t", None).expect("a topic");
    let address = kafka.bootstrap_servers();
    let (mut good, mut bad) = (connect(&address), connect(&address));
    assert_eq!((produce(&mut good), topics(&mut bad)), (Some(0), Some(1)));
    kafka.shared.with(|state, _| state.panics_on = Some(ApiKey::Produce));
    assert_eq!(produce(&mut bad), None, "its connection was closed");
    assert_eq!(topics(&mut good), Some(1), "the other one was served");
    assert_eq!(kafka.panics(), 1);
    kafka.shared.with(|state, _| state.panics_on = None);
    // The one that panicked had been served: the state is what it was then, and goes on.
    assert_eq!(produce(&mut good), Some(2));
    assert_eq!(produce(&mut connect(&address)), Some(3));
    kafka.create_topic("another", None).expect("a topic");
    assert_eq!(topics(&mut good), Some(2));
}

#[test]
fn a_panic_in_something_that_was_due_does_not_stop_the_clock() {
    let kafka = EmbeddedKafka::start(Options::default()).expect("a cluster");
    let soon = |state: &mut State, now: Now| {
        state.timers.set(now.mono + Duration::from_millis(5), Timer::Panic);
    };
    for count in 1..=3 {
        kafka.shared.with(soon);
        eventually("it was counted", || kafka.panics() == count);
    }
    assert_eq!(topics(&mut connect(&kafka.bootstrap_servers())), Some(0));
}

#[test]
fn a_panic_under_the_lock_is_the_callers_and_locks_nobody_out() {
    let kafka = EmbeddedKafka::start(Options::default()).expect("a cluster");
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        kafka.shared.with(|_, _| panic!("a test wanted this panic"));
    }));
    assert!(panicked.is_err());
    assert_eq!(kafka.panics(), 0);
    kafka.create_topic("t", None).expect("a topic");
    assert_eq!(topics(&mut connect(&kafka.bootstrap_servers())), Some(1));
}

#[test]
fn handshakes_that_never_finish_hold_nobody_up() {
    let listeners = vec![Protocol::Plaintext, Protocol::Ssl];
    let kafka = EmbeddedKafka::start(Options { listeners, ..Options::default() }).expect("a cluster");
    let secured = kafka.bootstrap_servers_of(Protocol::Ssl).expect("a listener");
    let mut waiting: Vec<TcpStream> = (0..50).map(|_| connect(&secured)).collect();
    for (number, stream) in waiting.iter_mut().enumerate() {
        stream.write_all(&HALF_A_HELLO[..number % HALF_A_HELLO.len()]).expect("sent");
    }
    assert_eq!(topics(&mut connect(&kafka.bootstrap_servers())), Some(0));
    // A fresh one of the same listener gets its answer: an alert, for it spoke no TLS.
    let mut rude = connect(&secured);
    rude.write_all(b"GET / HTTP/1.1\r\n\r\n").expect("sent");
    let mut first = [0];
    rude.read_exact(&mut first).expect("an answer");
    assert_eq!(first, [ALERT]);
    let began = Instant::now();
    drop(kafka);
    assert!(began.elapsed() < PATIENCE / 4, "they held up its end");
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_never_finishes_has_a_deadline() {
    let listeners = vec![Protocol::Ssl];
    let kafka = EmbeddedKafka::start(Options { listeners, ..Options::default() }).expect("a cluster");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let mut client = connect(&address);
    client.write_all(&HALF_A_HELLO).expect("sent");
    let (stream, peer) = listener.accept().await.expect("a connection");
    let began = tokio::time::Instant::now();
    serve(kafka.shared.clone(), stream, peer, Door { node: 1, listener: 0 }).await;
    let took = began.elapsed();
    assert!((HANDSHAKE..HANDSHAKE * 2).contains(&took), "it took {took:?}");
    assert_eq!(client.read(&mut [0]).ok(), Some(0), "it was closed");
}

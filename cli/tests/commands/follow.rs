//! What happens to a topic while `test-probe tail` follows it.

use std::future::Future;
use std::io::{BufRead, BufReader, Read};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions};
use rdkafka::client::DefaultClientContext;

use crate::support::{Place, Running, eventually};

/// Wakes the thread that waits.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let (mut future, mut context) = (pin!(future), Context::from_waker(&waker));
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
        std::thread::park();
    }
}

fn admin(place: &Place) -> AdminClient<DefaultClientContext> {
    ClientConfig::new().set("bootstrap.servers", place.servers()).create().expect("a client")
}

/// Starts to follow a topic, and returns once it has shown an event.
fn following(place: &Place, more: &[&str]) -> (Running, impl Iterator<Item = String>) {
    place.produce("orders", "t-1", "evt-1", "1");
    let words = [&["tail", "-t", "orders", "--start", "earliest"], more].concat();
    let mut child = place.start(&words);
    let mut lines = BufReader::new(child.stdout.take().expect("stdout")).lines().map_while(Result::ok);
    assert!(lines.next().expect("an event").contains("evt-1"));
    (child, lines)
}

#[test]
fn events_of_a_partition_that_was_added_are_shown() {
    let place = Place::with_topics(&["orders"]);
    let (mut child, mut lines) = following(&place, &["-n", "2"]);
    let added = admin(&place);
    let grown = block_on(added.create_partitions(&[NewPartitions::new("orders", 3)], &AdminOptions::new()));
    assert_eq!(grown.expect("an answer"), [Ok("orders".to_owned())]);
    let words =
        ["produce", "-t", "orders", "--test-id", "t-1", "--id", "evt-2", "--partition", "2", "--value", "2"];
    eventually("an event in the new partition", || place.run(&words).status.success());
    let shown = lines.next().expect("the event");
    assert!(shown.starts_with("orders[2]@0  ") && shown.contains("evt-2"), "{shown}");
    assert!(child.wait().expect("it ends").success());
}

#[test]
fn a_topic_that_is_deleted_ends_it_with_4() {
    let place = Place::with_topics(&["orders"]);
    let (mut child, _lines) = following(&place, &[]);
    block_on(admin(&place).delete_topics(&["orders"], &AdminOptions::new())).expect("an answer");
    eventually("the end", || child.try_wait().expect("a status").is_some());
    let mut said = String::new();
    child.stderr.take().expect("stderr").read_to_string(&mut said).expect("text");
    assert_eq!(child.wait().expect("it ends").code(), Some(4), "{said}");
    assert!(said.starts_with("error: "), "{said}");
}

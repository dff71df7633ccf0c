//! A proxy before one broker that corrupts a payload on its way to the client, withholds answers, or
//! cuts the connections.
//!
//! Of the protocol it knows the frames, the kind of a request and its number. In each response it replaces
//! the broker's port, which follows its host wherever brokers are listed, with its own, so that the client
//! keeps coming through it.

use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicI16, Ordering};
use std::sync::{Arc, Mutex};

/// The kind of requests for offsets.
pub(crate) const LIST_OFFSETS: i16 = 2;
/// No kind of request.
const NONE: i16 = -1;

/// The proxy; its threads end with their connections.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) address: String,
    orders: Arc<Orders>,
}

#[derive(Debug)]
struct Orders {
    corrupting: AtomicBool,
    is_cut: AtomicBool,
    /// The kind of requests that get no answer.
    withheld: AtomicI16,
    connections: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    /// Starts before a broker; `payload` is what it corrupts when told to.
    pub(crate) fn start(broker: &str, payload: &'static [u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("bound");
        let orders = Arc::new(Orders {
            corrupting: AtomicBool::new(false),
            is_cut: AtomicBool::new(false),
            withheld: AtomicI16::new(NONE),
            connections: Mutex::default(),
        });
        let (broker, obeyed) = (broker.to_owned(), Arc::clone(&orders));
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if obeyed.is_cut.load(Ordering::SeqCst) {
                    continue;
                }
                let server = TcpStream::connect(&broker).expect("the broker listens");
                let (host, port) = broker.rsplit_once(':').expect("host:port");
                let listed = |port: u16| [host.as_bytes(), &i32::from(port).to_be_bytes()].concat();
                let ports = (listed(port.parse().expect("a port")), listed(address.port()));
                let (up, down) = (client.try_clone().expect("cloned"), server.try_clone().expect("cloned"));
                obeyed.connections.lock().expect("kept").push(client.try_clone().expect("cloned"));
                let (orders, unanswered) = (Arc::clone(&obeyed), Arc::new(Mutex::new(HashSet::new())));
                let (asking, asked) = (Arc::clone(&orders), Arc::clone(&unanswered));
                std::thread::spawn(move || {
                    let _ = request(up, &down, &asking, &asked);
                    down.shutdown(Shutdown::Both)
                });
                std::thread::spawn(move || respond(server, client, &ports, payload, &orders, &unanswered));
            }
        });
        Self { address: address.to_string(), orders }
    }

    /// Begins or ends to corrupt.
    pub(crate) fn corrupt(&self, corrupt: bool) {
        self.orders.corrupting.store(corrupt, Ordering::SeqCst);
    }

    /// Withholds the answers to requests of a kind from now on, or of none.
    pub(crate) fn withhold(&self, kind: Option<i16>) {
        self.orders.withheld.store(kind.unwrap_or(NONE), Ordering::SeqCst);
    }

    /// Cuts every connection and accepts none, or accepts again.
    pub(crate) fn cut(&self, cut: bool) {
        self.orders.is_cut.store(cut, Ordering::SeqCst);
        if cut {
            for connection in self.orders.connections.lock().expect("kept").drain(..) {
                let _ = connection.shutdown(Shutdown::Both);
            }
        }
    }
}

fn frame(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut frame = vec![0; usize::try_from(i32::from_be_bytes(length)).expect("a length")];
    stream.read_exact(&mut frame)?;
    Ok(frame)
}

fn send(mut stream: &TcpStream, frame: &[u8]) -> std::io::Result<()> {
    let length = i32::try_from(frame.len()).expect("a length").to_be_bytes();
    stream.write_all(&[&length, frame].concat())
}

/// Hands on requests until one side ends, and notes which get no answer.
fn request(
    mut client: TcpStream,
    server: &TcpStream,
    orders: &Orders,
    unanswered: &Mutex<HashSet<[u8; 4]>>,
) -> std::io::Result<()> {
    loop {
        let request = frame(&mut client)?;
        let withheld = orders.withheld.load(Ordering::SeqCst).to_be_bytes();
        if let (true, Some(number)) = (request.starts_with(&withheld), request.get(4..8)) {
            let number = number.try_into().expect("four bytes");
            unanswered.lock().expect("kept").insert(number);
        }
        send(server, &request)?;
    }
}

/// Hands on responses until one side ends.
fn respond(
    mut server: TcpStream,
    client: TcpStream,
    (theirs, ours): &(Vec<u8>, Vec<u8>),
    payload: &[u8],
    orders: &Orders,
    unanswered: &Mutex<HashSet<[u8; 4]>>,
) -> std::io::Result<()> {
    loop {
        let mut response = frame(&mut server)?;
        let number: [u8; 4] = response[..4].try_into().expect("four bytes");
        if unanswered.lock().expect("kept").remove(&number) {
            continue;
        }
        each(&mut response, theirs, |found| found.copy_from_slice(ours));
        if orders.corrupting.load(Ordering::SeqCst) {
            each(&mut response, payload, |found| found[0] ^= 0xff);
        }
        send(&client, &response)?;
    }
}

fn each(bytes: &mut [u8], wanted: &[u8], change: impl Fn(&mut [u8])) {
    let last = bytes.len().saturating_sub(wanted.len());
    for start in 0..=last {
        if bytes[start..].starts_with(wanted) {
            change(&mut bytes[start..start + wanted.len()]);
        }
    }
}

//! A proxy before one broker that corrupts a payload on its way to the client.
//!
//! It takes apart no protocol: in each response it replaces the broker's port, which follows its
//! host wherever brokers are listed, with its own, so that the client keeps coming through it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The proxy; its threads end with their connections.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) address: String,
    corrupting: Arc<AtomicBool>,
}

impl Proxy {
    /// Starts before a broker; `payload` is what it corrupts when told to.
    pub(crate) fn start(broker: &str, payload: &'static [u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("bound");
        let corrupting = Arc::new(AtomicBool::new(false));
        let (broker, flag) = (broker.to_owned(), Arc::clone(&corrupting));
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = TcpStream::connect(&broker).expect("the broker listens");
                let (host, port) = broker.rsplit_once(':').expect("host:port");
                let listed = |port: u16| [host.as_bytes(), &i32::from(port).to_be_bytes()].concat();
                let ports = (listed(port.parse().expect("a port")), listed(address.port()));
                let (mut up, mut down) =
                    (client.try_clone().expect("cloned"), server.try_clone().expect("cloned"));
                std::thread::spawn(move || std::io::copy(&mut up, &mut down));
                let flag = Arc::clone(&flag);
                std::thread::spawn(move || respond(server, client, &ports, payload, &flag));
            }
        });
        Self { address: address.to_string(), corrupting }
    }

    /// Begins or ends to corrupt.
    pub(crate) fn corrupt(&self, corrupt: bool) {
        self.corrupting.store(corrupt, Ordering::SeqCst);
    }
}

/// Hands on responses, each a length and as many bytes, until one side ends.
fn respond(
    mut server: TcpStream,
    mut client: TcpStream,
    (theirs, ours): &(Vec<u8>, Vec<u8>),
    payload: &[u8],
    corrupting: &AtomicBool,
) -> std::io::Result<()> {
    loop {
        let mut length = [0; 4];
        server.read_exact(&mut length)?;
        let mut response = vec![0; usize::try_from(i32::from_be_bytes(length)).expect("a length")];
        server.read_exact(&mut response)?;
        each(&mut response, theirs, |found| found.copy_from_slice(ours));
        if corrupting.load(Ordering::SeqCst) {
            each(&mut response, payload, |found| found[0] ^= 0xff);
        }
        client.write_all(&length)?;
        client.write_all(&response)?;
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

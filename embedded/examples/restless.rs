//! Three brokers for clients in other languages, until standard input ends.
//!
//! `restless TOPIC` prints where they listen. From then on each line of standard input is a round, in which one
//! broker after the other is stopped and started again, and every partition of the topic gets another leader;
//! what was done is printed when the round is over.

use std::io::{Write, stdin, stdout};
use std::thread::sleep;
use std::time::Duration;

use test_probe_embedded::{BrokerError, EmbeddedKafka, Options};

/// How long each state of the cluster lasts.
const PAUSE: Duration = Duration::from_millis(150);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let topic = std::env::args().nth(1).ok_or("no topic was named")?;
    let options = Options { default_partitions: 3, ..Options::with_brokers(3) };
    let kafka = EmbeddedKafka::start(options)?;
    writeln!(stdout(), "{}", kafka.bootstrap_servers())?;
    for round in stdin().lines() {
        round?;
        for broker in kafka.brokers() {
            kafka.stop_broker(broker.id)?;
            sleep(PAUSE);
            kafka.start_broker(broker.id)?;
            sleep(PAUSE);
            for partition in 0..3 {
                match kafka.move_leader(&topic, partition, broker.id) {
                    // A client that has not begun has no topic yet.
                    Ok(()) | Err(BrokerError::UnknownPartition { .. }) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            sleep(PAUSE);
        }
        writeln!(stdout(), "{:?}", kafka.brokers())?;
    }
    Ok(())
}

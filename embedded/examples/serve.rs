//! Serves one cluster until standard input closes: what `test-probe cluster up` does, without the rest of the
//! command, for measuring.

use std::io::{Read, Write};

use test_probe_embedded::{EmbeddedKafka, Options};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let kafka = EmbeddedKafka::start(Options::default())?;
    let servers = kafka.bootstrap_servers();
    writeln!(std::io::stdout(), r#"{{"bootstrap_servers": "{servers}"}}"#)?;
    while std::io::stdin().read(&mut [0; 1024])? > 0 {}
    Ok(())
}

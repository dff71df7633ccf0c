//! The files that `cluster up` was asked to write.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use test_probe_embedded::EmbeddedKafka;

use super::arguments::Up;
use crate::exit::Failure;

/// The common name of the client whose certificate is written.
const CLIENT: &str = "client";

pub(super) fn write(up: &Up, kafka: &EmbeddedKafka) -> Result<(), Failure> {
    let Some(authority) = kafka.certificate_authority() else { return Ok(()) };
    if let Some(file) = up.ca_out() {
        put(file, &authority.pem())?;
    }
    if let Some(file) = up.client_out() {
        let client = authority.client(CLIENT, &[]);
        let client = client.map_err(|error| Failure::environment(error.to_string()))?;
        put(file, &format!("{}{}", client.certificate_pem, client.key_pem.reveal()))?;
    }
    Ok(())
}

/// Writes a file that only its owner reads: some have keys.
fn put(file: &Path, text: &str) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(file).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        Failure::environment(format!("file `{}` was not written: {}", file.display(), error.kind()))
    })
}

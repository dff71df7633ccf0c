//! How to connect: for people, ready to be copied, and for programs.

use std::io::{self, Write};

use serde_json::{Map, Value, json};
use test_probe_embedded::security::{Mechanism, Protocol};
use test_probe_embedded::{EmbeddedKafka, EmbeddedRegistry};

use super::arguments::Up;
use crate::output::Format;

pub(super) fn say(
    up: &Up,
    kafka: &EmbeddedKafka,
    registry: &EmbeddedRegistry,
    format: Format,
) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match format {
        Format::Text => text(&mut out, up, kafka, registry)?,
        Format::Json => writeln!(out, "{}", json(kafka, registry))?,
    }
    out.flush()
}

/// As the information of a probe about an embedded cluster.
fn json(kafka: &EmbeddedKafka, registry: &EmbeddedRegistry) -> Value {
    let listeners: Map<String, Value> = kafka
        .listeners()
        .into_iter()
        .map(|(protocol, servers)| (protocol.name().to_owned(), servers.into()))
        .collect();
    json!({
        "bootstrap_servers": kafka.bootstrap_servers(),
        "schema_registry_url": registry.url(),
        "cluster_id": kafka.cluster_id(),
        "listeners": listeners,
        "certificate_authority": kafka.certificate_authority().map(|authority| authority.pem()),
    })
}

fn text(out: &mut impl Write, up: &Up, kafka: &EmbeddedKafka, registry: &EmbeddedRegistry) -> io::Result<()> {
    let brokers = kafka.brokers().len();
    let plural = if brokers == 1 { "" } else { "s" };
    writeln!(out, "# Kafka is ready: {brokers} broker{plural}, cluster `{}`.", kafka.cluster_id())?;
    match up.until_stdin_closes() {
        true => writeln!(out, "# It ends when standard input closes, or with Ctrl-C.")?,
        false => writeln!(out, "# It ends with Ctrl-C.")?,
    }
    for (protocol, servers) in kafka.listeners() {
        let mechanisms: &[Mechanism] = if protocol.uses_sasl() { up.mechanisms() } else { &[] };
        let alternatives = mechanisms.len().max(1);
        for index in 0..alternatives {
            writeln!(out)?;
            writeln!(out, "bootstrap.servers={servers}")?;
            writeln!(out, "security.protocol={protocol}")?;
            if let Some(mechanism) = mechanisms.get(index) {
                login(out, up, *mechanism)?;
            }
            if protocol.uses_tls() {
                trust(out, up, protocol)?;
            }
        }
    }
    writeln!(out)?;
    writeln!(out, "schema.registry.url={}", registry.url())
}

fn login(out: &mut impl Write, up: &Up, mechanism: Mechanism) -> io::Result<()> {
    writeln!(out, "sasl.mechanism={}", mechanism.name())?;
    let module = match mechanism {
        Mechanism::Plain => "plain.PlainLoginModule",
        Mechanism::ScramSha256 | Mechanism::ScramSha512 => "scram.ScramLoginModule",
        Mechanism::OAuthBearer => {
            return match up.believes_every_token() {
                true => writeln!(out, "# every token without a signature is believed"),
                false => {
                    writeln!(out, "# tokens are signed with the secret of `--token-secret-file` (HS256)")
                }
            };
        }
    };
    for user in up.users() {
        let module = format!("org.apache.kafka.common.security.{module}");
        writeln!(out, "# Java:")?;
        writeln!(out, "sasl.jaas.config={module} required username=\"{user}\" password=\"...\";")?;
        writeln!(out, "# librdkafka (Python, Node, Go, .NET, C):")?;
        writeln!(out, "sasl.username={user}")?;
        writeln!(out, "sasl.password=...")?;
    }
    Ok(())
}

fn trust(out: &mut impl Write, up: &Up, protocol: Protocol) -> io::Result<()> {
    let absolute = |file| std::path::absolute(file).unwrap_or_else(|_| std::path::PathBuf::from(file));
    match up.ca_out().map(absolute) {
        Some(file) => {
            let file = file.display();
            writeln!(out, "# Java:")?;
            writeln!(out, "ssl.truststore.type=PEM")?;
            writeln!(out, "ssl.truststore.location={file}")?;
            writeln!(out, "# librdkafka (Python, Node, Go, .NET, C):")?;
            writeln!(out, "ssl.ca.location={file}")?;
        }
        None => writeln!(out, "# {protocol} needs the authority: `--ca-out FILE` writes it")?,
    }
    if let Some(file) = up.client_out().map(absolute) {
        let file = file.display();
        writeln!(out, "# Java:")?;
        writeln!(out, "ssl.keystore.type=PEM")?;
        writeln!(out, "ssl.keystore.location={file}")?;
        writeln!(out, "# librdkafka (Python, Node, Go, .NET, C):")?;
        writeln!(out, "ssl.certificate.location={file}")?;
        writeln!(out, "ssl.key.location={file}")?;
    }
    Ok(())
}

//! Which layers make the configuration, and what it says. What is shown is on a list; the rest is only named.

use std::path::Path;

use serde_json::{Map, Value, json};
use test_probe::config::{ClusterConfig, Config, DEFAULT_FILE, FILE_VARIABLE, PrincipalConfig, is_key};

use super::Doctor;
use super::report::{Finding, Group, Report, Status};
use crate::exit::Failure;
use crate::input;

/// Loads the configuration; `None` when it is wrong, which was said.
pub(super) fn check(report: &mut Report, doctor: &Doctor) -> Result<Option<Config>, Failure> {
    let group = Group::Configuration;
    let explicit = doctor.explicit();
    report.add(Finding::good(group, "layers", layers(doctor, explicit.is_some())))?;
    let text = explicit.map(|document| document.to_string());
    let config = match Config::from_environment(text.as_deref(), doctor.connection.config.as_deref()) {
        Ok(config) => config,
        Err(error) => {
            for problem in input::problems(&error) {
                let source = problem["source"].as_str().unwrap_or("options");
                let said = input::located(source, &problem);
                let mut finding = Finding::new(group, "", Status::Failed, said);
                finding.remedy = problem["hint"].as_str().map(str::to_owned);
                report.add(finding)?;
            }
            return Ok(None);
        }
    };
    for (name, cluster) in &config.clusters {
        let subject = format!("cluster `{name}`");
        let said = Finding::good(group, &subject, summary(cluster));
        report.add(said)?;
        if cluster.allow_unsafe {
            let warning = "properties that load code or weaken security are let through";
            let finding = Finding::new(group, &subject, Status::Warning, warning);
            report.add(finding.remedy("leave `allow-unsafe` out where it is not needed"))?;
        }
    }
    report.set_configuration(document(&config));
    Ok(Some(config))
}

/// Says which layers there are: names and never values.
fn layers(doctor: &Doctor, has_options: bool) -> String {
    let named = std::env::var(FILE_VARIABLE).ok().filter(|name| !name.is_empty());
    let file = match (&doctor.connection.config, named) {
        (Some(file), _) => Some(file.display().to_string()),
        (None, Some(file)) => Some(format!("{file} (by {FILE_VARIABLE})")),
        (None, None) => Path::new(DEFAULT_FILE).exists().then(|| DEFAULT_FILE.to_owned()),
    };
    let mut variables: Vec<String> = std::env::vars_os()
        .filter(|(_, value)| !value.is_empty())
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| is_key(name))
        .collect();
    variables.sort_unstable();
    let mut layers = vec!["defaults".to_owned()];
    layers.push(file.map_or_else(|| "no file".to_owned(), |file| format!("file {file}")));
    match variables.is_empty() {
        true => layers.push("no environment variable".to_owned()),
        false => layers.push(format!("environment {}", variables.join(", "))),
    }
    if has_options {
        layers.push("options".to_owned());
    }
    layers.join(", ")
}

fn summary(cluster: &ClusterConfig) -> String {
    let mut words = vec![match &cluster.embedded {
        Some(embedded) => format!("embedded, brokers {}", embedded.brokers),
        None => cluster.bootstrap_servers.clone(),
    }];
    if !cluster.properties.is_empty() {
        let names: Vec<&str> = cluster.properties.keys().map(String::as_str).collect();
        words.push(format!("properties {} (values are not shown)", names.join(", ")));
    }
    for (name, principal) in &cluster.principals {
        words.push(format!("principal `{name}` by {}", principal.protocol.name()));
    }
    words.join("; ")
}

fn document(config: &Config) -> Value {
    let clusters: Map<String, Value> = config
        .clusters
        .iter()
        .map(|(name, cluster)| {
            let said = json!({
                "bootstrap-servers": cluster.bootstrap_servers,
                "embedded": cluster.embedded.is_some(),
                "allow-unsafe": cluster.allow_unsafe,
                "schema-registry": cluster.schema_registry.is_some(),
                "properties": cluster.properties.keys().collect::<Vec<_>>(),
                "principals": principals(cluster.principals.iter()),
            });
            (name.clone(), said)
        })
        .collect();
    json!({
        "clusters": clusters,
        "principals": principals(config.principals.iter()),
        "strict-principals": config.strict_principals,
        "time-factor": config.time_factor,
        "dsl": {
            "ask-timeout-ms": config.dsl.ask_timeout.as_millis(),
            "blocking-timeout-ms": config.dsl.blocking_timeout.as_millis(),
            "within-ms": config.dsl.within.as_millis(),
            "verdict-grace-ms": config.dsl.verdict_grace.as_millis(),
            "late-grace-ms": config.dsl.late_grace.as_millis(),
        },
    })
}

fn principals<'a>(principals: impl Iterator<Item = (&'a String, &'a PrincipalConfig)>) -> Value {
    let said =
        principals.map(|(name, principal)| (name.clone(), json!({ "protocol": principal.protocol.name() })));
    said.collect::<Map<String, Value>>().into()
}

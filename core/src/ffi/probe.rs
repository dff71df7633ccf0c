//! The life of a probe.

use std::ffi::c_char;
use std::mem::MaybeUninit;

use super::about::write_text;
use super::error::CError;
use super::guard::{guarded, required};
use super::input::{Text, millis};
use super::registry;
use super::types::CProbe;
use crate::completion::lock;
use crate::config::{Config, DEFAULT_CLUSTER};
use crate::engine::Probe;

/// Opens a probe: starts the engine. Nothing connects yet, so a broker that is down is not found here.
/// Calls through the header go through a macro that first asks `test_probe_check_abi`.
///
/// @param config  YAML or JSON text with the keys of `test-probe.yaml`, on top of the environment;
///                NULL for the environment alone. TEST_PROBE_INVALID_CONFIG says all that is wrong.
/// @param out  the probe; close it with `test_probe_close`
/// @param err  out, may be NULL: NULL on success, else an error to free
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_open(
    config: Text,
    out: Option<&mut MaybeUninit<CProbe>>,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    guarded(err, || {
        let out = required("out", out)?;
        let config = Config::from_environment(config.optional("config")?, None)?;
        let probe = Probe::builder().config(config).build()?;
        out.write(registry::add_probe(probe)?);
        Ok(())
    })
}

/// Closes a probe with all its sessions, within the timeout, whatever the brokers do. Every call
/// that waits ends with TEST_PROBE_SHUTTING_DOWN. The handles of the probe and of its sessions are
/// stale from then on, also when this returns an error; only `test_probe_next` still hands out the
/// completions that were left.
///
/// @param timeout_ms  -1 for the configured one (1 second by default)
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_close(
    probe: CProbe,
    timeout_ms: i64,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    guarded(err, || {
        let timeout = millis("timeout_ms", timeout_ms)?;
        registry::probe(probe)?;
        let entry = registry::begin_close(probe)?;
        let result = entry.probe.close_blocking(timeout);
        if let Some(wake) = &*lock(&entry.wake) {
            wake.set();
        }
        registry::forget_when_drained(probe, &entry);
        result
    })
}

/// Returns where the clusters are, for the system under test:
/// `{"version", "clusters": {"default": {"bootstrap_servers", "schema_registry_url"}}, ...}`.
/// An embedded cluster also has `"listeners"` (servers by protocol), `"certificate_authority"` (PEM or null)
/// and `"cluster_id"`. `"schema_registry"` of a cluster whose registry was asked holds its `"circuit"` (`closed`, `open` or
/// `half-open`) and counts of calls; `"decode_errors"` are `[{"cluster", "topic", "error_type", "count", "first"}]`, the
/// records that could not be read, counted by kind, and what was wrong with the first.
///
/// @param json  out; free with `test_probe_string_free`
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_info(
    probe: CProbe,
    json: Option<&mut MaybeUninit<*mut c_char>>,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    guarded(err, || write_text("json", json, || Ok(registry::probe(probe)?.probe.info().to_string())))
}

/// Has an embedded cluster inject faults, tell of requests, stop and start brokers, or move leaders.
/// Commands are `{"do": "inject", "fault": {"api", "topic", "partition", "client-id", "broker", "times", "after",
/// "probability", "then"}}`, `{"do": "clear", "id"}`, `{"do": "faults"}`, `{"do": "requests", "api", "topic",
/// "client-id", "limit"}`, `{"do": "forget-requests"}`, `{"do": "brokers"}`, `{"do": "stop-broker", "broker"}`,
/// `{"do": "start-broker", "broker"}` and `{"do": "move-leader", "topic", "partition", "broker"}`.
/// Those of the cluster's embedded schema registry are `{"do": "inject", "registry": {"method", "path", "times", "after",
/// "then"}}`, `{"do": "clear", "registry": {"id"}}`, `{"do": "faults", "registry": {}}`,
/// `{"do": "requests", "registry": {"method", "path", "limit"}}` and `{"do": "forget-requests", "registry": {}}`.
/// TEST_PROBE_INVALID_ARGUMENT says where a command is wrong; TEST_PROBE_UNKNOWN_CLUSTER is a cluster, or
/// a registry, that is not embedded.
///
/// @param cluster  the cluster's name, or NULL for the default cluster
/// @param command_json  the command
/// @param json  out: the answer; free with `test_probe_string_free`
#[unsafe(no_mangle)]
pub extern "C" fn test_probe_embedded_control(
    probe: CProbe,
    cluster: Text,
    command_json: Text,
    json: Option<&mut MaybeUninit<*mut c_char>>,
    err: Option<&mut MaybeUninit<*mut CError>>,
) -> i32 {
    guarded(err, || {
        write_text("json", json, || {
            let entry = registry::probe(probe)?;
            let cluster = cluster.optional("cluster")?.unwrap_or(DEFAULT_CLUSTER);
            let command = crate::call::json(command_json.required("command_json")?, "`command_json`")
                .map_err(|error| error.with("argument", "command_json"))?;
            Ok(entry.probe.embedded_control(cluster, &command)?.to_string())
        })
    })
}

//! The conformance checks through rdkafka: one JSON line per check on stdout, anything else on stderr.
//!
//! `PROBE_BOOTSTRAP` names the cluster; an argument chooses the checks whose name contains it.

mod admin;
mod configs;
mod connect;
mod consumer_groups;
mod fetch;
mod groups;
mod offsets;
mod produce;
mod scope;
mod suite;
mod topics;
mod txn;

use std::process::ExitCode;

/// Names the functions of an area, each of which is a check.
macro_rules! checks {
    ($area:literal: $($name:ident),+ $(,)?) => {
        pub(crate) const CHECKS: &[crate::suite::Check] =
            &[$(crate::suite::Check { name: concat!($area, "/", stringify!($name)), body: $name }),+];
    };
}
pub(crate) use checks;

fn main() -> ExitCode {
    let Ok(servers) = std::env::var("PROBE_BOOTSTRAP") else {
        return suite::complain("`PROBE_BOOTSTRAP` was not set");
    };
    let areas = [
        consumer_groups::CHECKS,
        groups::CHECKS,
        txn::CHECKS,
        connect::CHECKS,
        topics::CHECKS,
        configs::CHECKS,
        admin::CHECKS,
        produce::CHECKS,
        fetch::CHECKS,
        offsets::CHECKS,
    ];
    let only = std::env::args().nth(1).unwrap_or_default();
    let chosen: Vec<_> = areas.concat().into_iter().filter(|check| check.name.contains(&only)).collect();
    suite::run(&servers, chosen)
}

//! Configuration: built-in defaults, `test-probe.yaml`, environment, explicit argument, in that order.

mod clusters;
mod model;

pub use model::*;

//! Configuration: built-in defaults, `test-probe.yaml`, environment, explicit argument, in that order.

mod model;

pub use model::*;

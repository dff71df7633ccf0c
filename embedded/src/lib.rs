//! An in-process Kafka for tests.

#[cfg_attr(not(test), expect(dead_code, reason = "the server that calls it is not there yet"))]
mod wire;

//! An in-process Kafka for tests.

#[cfg(test)]
mod allocations;
#[cfg_attr(
    not(test),
    expect(dead_code, unused_imports, reason = "the server that calls it is not there yet")
)]
mod wire;

//! An in-process Kafka for tests.

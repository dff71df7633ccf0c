//! A Kafka of our own in virtual time, with seeded faults.

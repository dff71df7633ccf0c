//! The Kafka client librdkafka behind the seam.

//! The bare client: librdkafka in batches, as somebody who knows it would use it.

use std::ffi::CString;
use std::ptr;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka_sys as rd;

/// A foreign producer that waits for each acknowledgement only when it is flushed.
pub(crate) struct BareProducer(BaseProducer);

impl BareProducer {
    pub(crate) fn open(servers: &str) -> Self {
        let producer: BaseProducer = ClientConfig::new()
            .set("bootstrap.servers", servers)
            .set("linger.ms", "0")
            .set("enable.idempotence", "true")
            .set("queue.buffering.max.messages", "1000000")
            .create()
            .expect("a producer");
        let _ = producer.client().fetch_metadata(None, Duration::from_secs(10)).expect("metadata");
        Self(producer)
    }

    /// Queues a record with a test id.
    pub(crate) fn send(&self, topic: &str, test_id: &str, id: &str, value: &[u8]) {
        let headers = OwnedHeaders::new()
            .insert(Header { key: "ce_testid", value: Some(test_id) })
            .insert(Header { key: "ce_correlationid", value: Some(id) })
            .insert(Header { key: "ce_type", value: Some("Benched") });
        let mut record = BaseRecord::<[u8], [u8]>::to(topic).partition(0).payload(value).headers(headers);
        while let Err((_, refused)) = self.0.send(record) {
            self.0.poll(Duration::from_millis(10));
            record = refused;
        }
        self.0.poll(Duration::ZERO);
    }

    /// Waits for every acknowledgement.
    pub(crate) fn flush(&self) {
        self.0.flush(Duration::from_secs(60)).expect("flushed");
    }
}

/// A consumer without a group that reads one partition in batches.
pub(crate) struct BareConsumer {
    client: BaseConsumer,
    queue: *mut rd::rd_kafka_queue_t,
}

impl BareConsumer {
    /// Begins at an offset; -1 is the end.
    pub(crate) fn open(servers: &str, topic: &str, offset: i64) -> Self {
        let client: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", servers)
            .set("group.id", "bench-bare")
            .set("enable.auto.commit", "false")
            .set("fetch.wait.max.ms", "100")
            .set("enable.partition.eof", "true")
            .create()
            .expect("a consumer");
        let _ = client.fetch_metadata(Some(topic), Duration::from_secs(10)).expect("metadata");
        let name = CString::new(topic).expect("a name");
        // SAFETY: the list lives until it is destroyed below, and the client outlives the queue.
        let queue = unsafe {
            let list = rd::rd_kafka_topic_partition_list_new(1);
            let partition = rd::rd_kafka_topic_partition_list_add(list, name.as_ptr(), 0);
            (*partition).offset = offset;
            rd::rd_kafka_assign(client.client().native_ptr(), list);
            rd::rd_kafka_topic_partition_list_destroy(list);
            rd::rd_kafka_queue_get_consumer(client.client().native_ptr())
        };
        Self { client, queue }
    }

    /// Takes up to 1,000 records and hands the payload of each to a function; returns how many came.
    /// With `headers` they are parsed as well, as who decides by headers must.
    pub(crate) fn batch(&self, wait: Duration, headers: bool, mut take: impl FnMut(&[u8])) -> usize {
        let mut messages: [*mut rd::rd_kafka_message_t; 1000] = [ptr::null_mut(); 1000];
        let wait = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: the array has room for as many messages as are asked for; each is destroyed once.
        unsafe {
            let count =
                rd::rd_kafka_consume_batch_queue(self.queue, wait, messages.as_mut_ptr(), messages.len());
            let count = usize::try_from(count).unwrap_or(0);
            let mut records = 0;
            for message in &messages[..count] {
                if (**message).err == rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
                    records += 1;
                    if headers {
                        let mut parsed = ptr::null_mut();
                        rd::rd_kafka_message_headers(*message, &raw mut parsed);
                    }
                    let bytes = (**message).payload.cast::<u8>();
                    if !bytes.is_null() {
                        take(std::slice::from_raw_parts(bytes, (**message).len));
                    }
                }
                rd::rd_kafka_message_destroy(*message);
            }
            records
        }
    }

    /// Waits for one record.
    pub(crate) fn one(&self) -> usize {
        let mut message = ptr::null_mut();
        loop {
            // SAFETY: room for one message, which is destroyed once.
            unsafe {
                if rd::rd_kafka_consume_batch_queue(self.queue, 1000, &raw mut message, 1) == 1 {
                    let good = (*message).err == rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;
                    let length = (*message).len;
                    rd::rd_kafka_message_destroy(message);
                    if good {
                        return length;
                    }
                }
            }
        }
    }
}

impl Drop for BareConsumer {
    fn drop(&mut self) {
        // SAFETY: taken in `open`, not used afterwards.
        unsafe { rd::rd_kafka_queue_destroy(self.queue) };
        self.client.unassign().ok();
    }
}

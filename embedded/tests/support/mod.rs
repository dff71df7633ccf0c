//! A client of raw frames, for tests.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{
    FetchRequest, FetchResponse, ProduceRequest, ProduceResponse, RequestHeader, ResponseHeader,
};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Request, StrBytes};
use kafka_protocol::records::{
    Compression, Record, RecordBatchDecoder, RecordBatchEncoder, RecordEncodeOptions, TimestampType,
};

/// How long anything in a test may take before it counts as hanging.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

/// Waits until a condition holds.
#[track_caller]
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < until, "it did not come true that {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A connection to a broker.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    client_id: String,
    correlation_id: i32,
}

impl Client {
    pub(crate) fn connect(address: &str) -> Self {
        Self::named(address, "test")
    }

    pub(crate) fn named(address: &str, client_id: &str) -> Self {
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        Self { stream, client_id: client_id.to_owned(), correlation_id: 0 }
    }

    /// Sends a request and returns its answer.
    #[track_caller]
    pub(crate) fn call<R: Request>(&mut self, version: i16, request: &R) -> R::Response {
        self.try_call(version, request).expect("an answer")
    }

    /// Sends a request; fails when the connection is closed instead of an answer.
    pub(crate) fn try_call<R: Request>(&mut self, version: i16, request: &R) -> io::Result<R::Response> {
        self.send(version, request)?;
        self.receive::<R>(version)
    }

    pub(crate) fn send<R: Request>(&mut self, version: i16, request: &R) -> io::Result<()> {
        self.correlation_id += 1;
        let header = RequestHeader::default()
            .with_request_api_key(R::KEY)
            .with_request_api_version(version)
            .with_correlation_id(self.correlation_id)
            .with_client_id(Some(text(&self.client_id)));
        let mut frame = BytesMut::new();
        header.encode(&mut frame, R::header_version(version)).expect("a header");
        request.encode(&mut frame, version).expect("a request");
        self.send_frame(&frame)
    }

    pub(crate) fn send_frame(&mut self, frame: &[u8]) -> io::Result<()> {
        let mut out = (frame.len() as i32).to_be_bytes().to_vec();
        out.extend_from_slice(frame);
        self.stream.write_all(&out)
    }

    pub(crate) fn receive<R: Request>(&mut self, version: i16) -> io::Result<R::Response> {
        let mut frame = self.receive_frame()?;
        let header =
            ResponseHeader::decode(&mut frame, R::Response::header_version(version)).expect("a header");
        assert_eq!(header.correlation_id, self.correlation_id, "answers are in order");
        let response = R::Response::decode(&mut frame, version).expect("a response");
        assert!(frame.is_empty(), "bytes were left after the answer");
        Ok(response)
    }

    pub(crate) fn receive_frame(&mut self) -> io::Result<Bytes> {
        let mut size = [0; 4];
        self.stream.read_exact(&mut size)?;
        let mut frame = vec![0; i32::from_be_bytes(size) as usize];
        self.stream.read_exact(&mut frame)?;
        Ok(frame.into())
    }

    /// Where this end of the connection is.
    pub(crate) fn address(&self) -> std::net::SocketAddr {
        self.stream.local_addr().expect("an address")
    }

    /// Returns whether the broker closes the connection, with a word or without.
    pub(crate) fn is_closed(&mut self) -> bool {
        let mut byte = [0];
        match self.stream.read(&mut byte) {
            Ok(read) => read == 0,
            Err(error) => matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe),
        }
    }

    /// Returns whether nothing comes for a while.
    pub(crate) fn is_silent_for(&mut self, time: Duration) -> bool {
        self.stream.set_read_timeout(Some(time)).expect("a timeout");
        let mut byte = [0];
        let read = self.stream.read(&mut byte);
        self.stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        read.is_err_and(|error| matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut))
    }

    pub(crate) fn produce(&mut self, places: &[(&str, i32)], values: &[&str]) -> ProduceResponse {
        self.call(9, &produce(places, batch(values, Producer::NONE), -1))
    }

    pub(crate) fn fetch(&mut self, place: (&str, i32), from: i64) -> FetchResponse {
        self.call(12, &fetch(&[place], from, 0))
    }
}

/// Who an idempotent or transactional producer is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Producer {
    pub(crate) id: i64,
    pub(crate) epoch: i16,
    pub(crate) sequence: i32,
    pub(crate) is_transactional: bool,
}

impl Producer {
    pub(crate) const NONE: Self = Self { id: -1, epoch: -1, sequence: -1, is_transactional: false };
}

/// Returns a batch with a record for each value.
pub(crate) fn batch(values: &[&str], producer: Producer) -> Bytes {
    let record = |(place, value): (usize, &&str)| Record {
        transactional: producer.is_transactional,
        control: false,
        delete_horizon: false,
        partition_leader_epoch: -1,
        producer_id: producer.id,
        producer_epoch: producer.epoch,
        timestamp_type: TimestampType::Creation,
        offset: place as i64,
        sequence: producer.sequence + place as i32,
        timestamp: 1_000 + place as i64,
        key: None,
        value: Some(Bytes::copy_from_slice(value.as_bytes())),
        headers: Default::default(),
    };
    let records: Vec<Record> = values.iter().enumerate().map(record).collect();
    let mut out = BytesMut::new();
    let options = RecordEncodeOptions { version: 2, compression: Compression::None };
    RecordBatchEncoder::encode(&mut out, &records, &options).expect("a batch");
    out.freeze()
}

/// Returns the records of batches, checked.
pub(crate) fn records(bytes: &Bytes) -> Result<Vec<Record>, String> {
    let sets = RecordBatchDecoder::decode_all(&mut bytes.clone()).map_err(|error| format!("{error:#}"))?;
    Ok(sets.into_iter().flat_map(|set| set.records).collect())
}

/// Returns a request that puts the same batch into each partition.
pub(crate) fn produce(places: &[(&str, i32)], batch: Bytes, acks: i16) -> ProduceRequest {
    let mut topics: Vec<TopicProduceData> = Vec::new();
    for (topic, partition) in places {
        let data = PartitionProduceData::default().with_index(*partition).with_records(Some(batch.clone()));
        match topics.iter_mut().find(|known| known.name.as_str() == *topic) {
            Some(known) => known.partition_data.push(data),
            None => topics.push(
                TopicProduceData::default().with_name(text(topic).into()).with_partition_data(vec![data]),
            ),
        }
    }
    ProduceRequest::default().with_acks(acks).with_timeout_ms(5_000).with_topic_data(topics)
}

/// Returns a request that reads partitions from an offset on and waits so long for a byte.
pub(crate) fn fetch(places: &[(&str, i32)], from: i64, wait_ms: i32) -> FetchRequest {
    let topic = |(topic, partition): &(&str, i32)| {
        let asked = FetchPartition::default()
            .with_partition(*partition)
            .with_current_leader_epoch(-1)
            .with_fetch_offset(from)
            .with_partition_max_bytes(1 << 20);
        FetchTopic::default().with_topic(text(topic).into()).with_partitions(vec![asked])
    };
    FetchRequest::default()
        .with_max_wait_ms(wait_ms)
        .with_min_bytes(1)
        .with_max_bytes(50 << 20)
        .with_session_epoch(-1)
        .with_topics(places.iter().map(topic).collect())
}

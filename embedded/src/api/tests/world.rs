//! A cluster without sockets, whose answers are written in the version that was asked in.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Instant;

use bytes::Buf;
use kafka_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use kafka_protocol::messages::{
    ApiKey, CreateTopicsRequest, CreateTopicsResponse, RequestKind, ResponseHeader, TopicName,
};
use kafka_protocol::protocol::{Decodable, StrBytes};

use crate::api::{self, Call, Reply};
use crate::options::Options;
use crate::security::Principal;
use crate::state::{NodeId, Now, State};
use crate::wire::frame;

pub(super) const OK: i16 = 0;

pub(super) struct World {
    pub(super) state: State,
    pub(super) now: Now,
    pub(super) principal: Principal,
}

impl World {
    pub(super) fn new() -> Self {
        Self::with(Options::default())
    }

    pub(super) fn with(options: Options) -> Self {
        let options = Options { seed: Some(7), ..options };
        let at = |index| SocketAddr::from(([127, 0, 0, 1], 9000 + index));
        let addresses: Vec<SocketAddr> = (0..options.brokers).map(at).collect();
        let now = Now { mono: Instant::now(), wall_ms: 1_700_000_000_000 };
        Self { state: State::new(options, &addresses), now, principal: Principal::anonymous() }
    }

    /// Asks a broker.
    pub(super) fn reply(&mut self, node: NodeId, version: i16, request: impl Into<RequestKind>) -> Reply {
        let client_id = StrBytes::from_static_str("client");
        let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let principal = &self.principal;
        let call = Call { now: self.now, node, listener: 0, version, client_id: &client_id, peer, principal };
        let mut request = request.into();
        api::topic_ids::name(&self.state, version, &mut request);
        api::handle(&mut self.state, &call, request)
    }

    /// Asks a broker, and reads the answer as a client would.
    pub(super) fn ask_at<T: Decodable>(
        &mut self,
        node: NodeId,
        version: i16,
        request: impl Into<RequestKind>,
    ) -> T {
        let request = request.into();
        let api = key_of(&request);
        let Reply::Now(response) = self.reply(node, version, request) else {
            panic!("{api:?} was not answered at once");
        };
        let mut written = frame::encode(5, api, version, &response).expect("the answer can be written");
        written.advance(4);
        ResponseHeader::decode(&mut written, api.response_header_version(version)).expect("a header");
        let response = T::decode(&mut written, version).expect("a response");
        assert!(written.is_empty(), "{api:?} v{version} was followed by {} bytes", written.len());
        response
    }

    /// Asks the first broker.
    pub(super) fn ask<T: Decodable>(&mut self, version: i16, request: impl Into<RequestKind>) -> T {
        self.ask_at(1, version, request)
    }

    /// Creates topics; returns their errors.
    pub(super) fn create(&mut self, topics: Vec<CreatableTopic>) -> Vec<i16> {
        let request = CreateTopicsRequest::default().with_topics(topics);
        let response: CreateTopicsResponse = self.ask(7, request);
        response.topics.iter().map(|topic| topic.error_code).collect()
    }
}

pub(super) fn key_of(request: &RequestKind) -> ApiKey {
    match request {
        RequestKind::AlterConfigs(_) => ApiKey::AlterConfigs,
        RequestKind::ApiVersions(_) => ApiKey::ApiVersions,
        RequestKind::CreateAcls(_) => ApiKey::CreateAcls,
        RequestKind::CreatePartitions(_) => ApiKey::CreatePartitions,
        RequestKind::CreateTopics(_) => ApiKey::CreateTopics,
        RequestKind::DeleteAcls(_) => ApiKey::DeleteAcls,
        RequestKind::DeleteRecords(_) => ApiKey::DeleteRecords,
        RequestKind::DeleteTopics(_) => ApiKey::DeleteTopics,
        RequestKind::DescribeAcls(_) => ApiKey::DescribeAcls,
        RequestKind::DescribeCluster(_) => ApiKey::DescribeCluster,
        RequestKind::DescribeConfigs(_) => ApiKey::DescribeConfigs,
        RequestKind::Fetch(_) => ApiKey::Fetch,
        RequestKind::FindCoordinator(_) => ApiKey::FindCoordinator,
        RequestKind::IncrementalAlterConfigs(_) => ApiKey::IncrementalAlterConfigs,
        RequestKind::InitProducerId(_) => ApiKey::InitProducerId,
        RequestKind::ListGroups(_) => ApiKey::ListGroups,
        RequestKind::ListOffsets(_) => ApiKey::ListOffsets,
        RequestKind::ListPartitionReassignments(_) => ApiKey::ListPartitionReassignments,
        RequestKind::Metadata(_) => ApiKey::Metadata,
        RequestKind::OffsetCommit(_) => ApiKey::OffsetCommit,
        RequestKind::OffsetFetch(_) => ApiKey::OffsetFetch,
        RequestKind::Produce(_) => ApiKey::Produce,
        RequestKind::WriteTxnMarkers(_) => ApiKey::WriteTxnMarkers,
        other => panic!("{other:?} is not asked in these tests"),
    }
}

pub(super) fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

pub(super) fn name(name: &str) -> TopicName {
    TopicName(text(name))
}

pub(super) fn topic(called: &str, partitions: i32, factor: i16) -> CreatableTopic {
    CreatableTopic::default()
        .with_name(name(called))
        .with_num_partitions(partitions)
        .with_replication_factor(factor)
}

pub(super) fn with_settings(topic: CreatableTopic, settings: &[(&str, &str)]) -> CreatableTopic {
    let config = |(name, value): &(&str, &str)| {
        CreatableTopicConfig::default().with_name(text(name)).with_value(Some(text(value)))
    };
    topic.with_configs(settings.iter().map(config).collect())
}

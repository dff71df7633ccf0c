package main

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// versionedAPIs are the calls whose ends are tried, each with content that makes sense.
var versionedAPIs = []versioned{
	{lowest: 3, request: func(_ *scope, w world) kmsg.Request {
		part := kmsg.NewProduceRequestTopicPartition()
		part.Records = batch()
		topic := kmsg.NewProduceRequestTopic()
		topic.Topic, topic.TopicID = w.topic, w.id
		topic.Partitions = append(topic.Partitions, part)
		r := kmsg.NewPtrProduceRequest()
		r.Acks, r.TimeoutMillis = -1, 5000
		r.Topics = append(r.Topics, topic)
		return r
	}},
	plain(func(_ *scope, w world) kmsg.Request {
		part := kmsg.NewFetchRequestTopicPartition()
		part.PartitionMaxBytes, part.CurrentLeaderEpoch, part.LastFetchedEpoch = 1<<20, -1, -1
		topic := kmsg.NewFetchRequestTopic()
		topic.Topic, topic.TopicID = w.topic, w.id
		topic.Partitions = append(topic.Partitions, part)
		r := kmsg.NewPtrFetchRequest()
		r.ReplicaID, r.MaxWaitMillis, r.MinBytes, r.MaxBytes = -1, 500, 1, 1<<20
		r.SessionID, r.SessionEpoch = 0, -1
		r.Topics = append(r.Topics, topic)
		return r
	}),
	plain(func(_ *scope, w world) kmsg.Request {
		part := kmsg.NewListOffsetsRequestTopicPartition()
		part.Timestamp, part.CurrentLeaderEpoch, part.MaxNumOffsets = -1, -1, 1
		topic := kmsg.NewListOffsetsRequestTopic()
		topic.Topic = w.topic
		topic.Partitions = append(topic.Partitions, part)
		r := kmsg.NewPtrListOffsetsRequest()
		r.ReplicaID = -1
		r.Topics = append(r.Topics, topic)
		return r
	}),
	plain(func(_ *scope, w world) kmsg.Request {
		topic := kmsg.NewMetadataRequestTopic()
		topic.Topic = kmsg.StringPtr(w.topic)
		r := kmsg.NewPtrMetadataRequest()
		r.Topics = append(r.Topics, topic)
		return r
	}),
	plain(func(_ *scope, w world) kmsg.Request {
		part := kmsg.NewOffsetCommitRequestTopicPartition()
		part.Offset, part.LeaderEpoch = 1, -1
		topic := kmsg.NewOffsetCommitRequestTopic()
		topic.Topic, topic.TopicID = w.topic, w.id
		topic.Partitions = append(topic.Partitions, part)
		r := kmsg.NewPtrOffsetCommitRequest()
		r.Group, r.Generation, r.RetentionTimeMillis = w.group, -1, -1
		r.Topics = append(r.Topics, topic)
		return r
	}),
	plain(func(_ *scope, w world) kmsg.Request {
		topic := kmsg.NewOffsetFetchRequestTopic()
		topic.Topic, topic.Partitions = w.topic, []int32{0}
		of := kmsg.NewOffsetFetchRequestGroupTopic()
		of.Topic, of.TopicID, of.Partitions = w.topic, w.id, []int32{0}
		group := kmsg.NewOffsetFetchRequestGroup()
		group.Group, group.MemberEpoch = w.group, -1
		group.Topics = append(group.Topics, of)
		r := kmsg.NewPtrOffsetFetchRequest()
		r.Group = w.group
		r.Topics, r.Groups = append(r.Topics, topic), append(r.Groups, group)
		return r
	}),
	plain(func(_ *scope, w world) kmsg.Request {
		r := kmsg.NewPtrFindCoordinatorRequest()
		r.CoordinatorKey, r.CoordinatorKeys = w.group, []string{w.group}
		return r
	}),
	refusing(kerr.UnknownMemberID, func(_ *scope, w world) kmsg.Request {
		protocol := kmsg.NewJoinGroupRequestProtocol()
		protocol.Name, protocol.Metadata = "range", []byte{0, 0, 0, 0, 0, 0, 255, 255, 255, 255}
		r := kmsg.NewPtrJoinGroupRequest()
		r.Group, r.SessionTimeoutMillis, r.RebalanceTimeoutMillis = w.group, 10_000, 10_000
		r.MemberID, r.ProtocolType = "nobody", "consumer"
		r.Protocols = append(r.Protocols, protocol)
		return r
	}),
	refusing(kerr.UnknownMemberID, func(_ *scope, w world) kmsg.Request {
		r := kmsg.NewPtrSyncGroupRequest()
		r.Group, r.MemberID, r.Generation = w.group, "nobody", 1
		r.ProtocolType, r.Protocol = kmsg.StringPtr("consumer"), kmsg.StringPtr("range")
		return r
	}),
	refusing(kerr.UnknownMemberID, func(_ *scope, w world) kmsg.Request {
		r := kmsg.NewPtrHeartbeatRequest()
		r.Group, r.MemberID, r.Generation = w.group, "nobody", 1
		return r
	}),
	refusing(kerr.UnknownMemberID, func(_ *scope, w world) kmsg.Request {
		member := kmsg.NewLeaveGroupRequestMember()
		member.MemberID = "nobody"
		r := kmsg.NewPtrLeaveGroupRequest()
		r.Group, r.MemberID = w.group, "nobody"
		r.Members = append(r.Members, member)
		return r
	}),
	plain(func(s *scope, w world) kmsg.Request {
		committed(s, w)
		r := kmsg.NewPtrDescribeGroupsRequest()
		r.Groups = []string{w.group}
		return r
	}),
	plain(func(*scope, world) kmsg.Request { return kmsg.NewPtrListGroupsRequest() }),
	plain(func(*scope, world) kmsg.Request {
		r := kmsg.NewPtrApiVersionsRequest()
		r.ClientSoftwareName, r.ClientSoftwareVersion = "conformance", "1"
		return r
	}),
	plain(func(s *scope, _ world) kmsg.Request {
		topic := kmsg.NewCreateTopicsRequestTopic()
		if s != nil {
			topic.Topic = s.name("topic")
		}
		topic.NumPartitions, topic.ReplicationFactor = 2, 1
		r := kmsg.NewPtrCreateTopicsRequest()
		r.TimeoutMillis = 5000
		r.Topics = append(r.Topics, topic)
		return r
	}),
	plain(func(_ *scope, w world) kmsg.Request {
		topic := kmsg.NewDeleteTopicsRequestTopic()
		topic.Topic = kmsg.StringPtr(w.topic)
		r := kmsg.NewPtrDeleteTopicsRequest()
		r.TimeoutMillis, r.TopicNames = 5000, []string{w.topic}
		r.Topics = append(r.Topics, topic)
		return r
	}),
	plain(func(_ *scope, w world) kmsg.Request {
		part := kmsg.NewDeleteRecordsRequestTopicPartition()
		part.Offset = 1
		topic := kmsg.NewDeleteRecordsRequestTopic()
		topic.Topic = w.topic
		topic.Partitions = append(topic.Partitions, part)
		r := kmsg.NewPtrDeleteRecordsRequest()
		r.TimeoutMillis = 5000
		r.Topics = append(r.Topics, topic)
		return r
	}),
	plain(func(*scope, world) kmsg.Request {
		r := kmsg.NewPtrInitProducerIDRequest()
		r.TransactionTimeoutMillis, r.ProducerID, r.ProducerEpoch = 10_000, -1, -1
		return r
	}),
	plain(func(_ *scope, w world) kmsg.Request {
		part := kmsg.NewOffsetForLeaderEpochRequestTopicPartition()
		part.CurrentLeaderEpoch, part.LeaderEpoch = -1, 0
		topic := kmsg.NewOffsetForLeaderEpochRequestTopic()
		topic.Topic = w.topic
		topic.Partitions = append(topic.Partitions, part)
		r := kmsg.NewPtrOffsetForLeaderEpochRequest()
		r.ReplicaID = -1
		r.Topics = append(r.Topics, topic)
		return r
	}),
	plain(func(s *scope, w world) kmsg.Request {
		r := kmsg.NewPtrAddPartitionsToTxnRequest()
		r.TransactionalID = w.txn
		r.ProducerID, r.ProducerEpoch = producerID(s, w)
		topic := kmsg.NewAddPartitionsToTxnRequestTopic()
		topic.Topic, topic.Partitions = w.topic, []int32{0}
		of := kmsg.NewAddPartitionsToTxnRequestTransactionTopic()
		of.Topic, of.Partitions = w.topic, []int32{0}
		txn := kmsg.NewAddPartitionsToTxnRequestTransaction()
		txn.TransactionalID, txn.ProducerID, txn.ProducerEpoch = w.txn, r.ProducerID, r.ProducerEpoch
		txn.Topics = append(txn.Topics, of)
		r.Topics, r.Transactions = append(r.Topics, topic), append(r.Transactions, txn)
		return r
	}),
	plain(func(s *scope, w world) kmsg.Request {
		r := kmsg.NewPtrAddOffsetsToTxnRequest()
		r.TransactionalID, r.Group = w.txn, w.group
		r.ProducerID, r.ProducerEpoch = producerID(s, w)
		return r
	}),
	refusing(kerr.InvalidProducerIDMapping, func(s *scope, w world) kmsg.Request {
		id, epoch := producerID(s, w)
		r := kmsg.NewPtrEndTxnRequest()
		r.TransactionalID, r.ProducerID, r.ProducerEpoch = w.txn, id+1_000_000, epoch
		return r
	}),
	plain(func(s *scope, w world) kmsg.Request {
		id, epoch := producerID(s, w)
		added(s, w, id, epoch)
		part := kmsg.NewTxnOffsetCommitRequestTopicPartition()
		part.Offset, part.LeaderEpoch = 1, -1
		topic := kmsg.NewTxnOffsetCommitRequestTopic()
		topic.Topic, topic.TopicID = w.topic, w.id
		topic.Partitions = append(topic.Partitions, part)
		r := kmsg.NewPtrTxnOffsetCommitRequest()
		r.TransactionalID, r.Group, r.Generation = w.txn, w.group, -1
		r.ProducerID, r.ProducerEpoch = id, epoch
		r.Topics = append(r.Topics, topic)
		return r
	}),
	plain(func(_ *scope, w world) kmsg.Request {
		resource := kmsg.NewDescribeConfigsRequestResource()
		resource.ResourceType, resource.ResourceName = kmsg.ConfigResourceTypeTopic, w.topic
		r := kmsg.NewPtrDescribeConfigsRequest()
		r.IncludeSynonyms, r.IncludeDocumentation = true, true
		r.Resources = append(r.Resources, resource)
		return r
	}),
	plain(func(_ *scope, w world) kmsg.Request {
		config := kmsg.NewAlterConfigsRequestResourceConfig()
		config.Name, config.Value = "retention.ms", kmsg.StringPtr("1000000")
		resource := kmsg.NewAlterConfigsRequestResource()
		resource.ResourceType, resource.ResourceName = kmsg.ConfigResourceTypeTopic, w.topic
		resource.Configs = append(resource.Configs, config)
		r := kmsg.NewPtrAlterConfigsRequest()
		r.Resources = append(r.Resources, resource)
		return r
	}),
	plain(func(_ *scope, w world) kmsg.Request {
		config := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
		config.Name, config.Value = "retention.ms", kmsg.StringPtr("1000000")
		resource := kmsg.NewIncrementalAlterConfigsRequestResource()
		resource.ResourceType, resource.ResourceName = kmsg.ConfigResourceTypeTopic, w.topic
		resource.Configs = append(resource.Configs, config)
		r := kmsg.NewPtrIncrementalAlterConfigsRequest()
		r.Resources = append(r.Resources, resource)
		return r
	}),
	plain(func(_ *scope, w world) kmsg.Request {
		topic := kmsg.NewCreatePartitionsRequestTopic()
		topic.Topic, topic.Count = w.topic, 2
		r := kmsg.NewPtrCreatePartitionsRequest()
		r.TimeoutMillis = 5000
		r.Topics = append(r.Topics, topic)
		return r
	}),
	plain(func(s *scope, w world) kmsg.Request {
		committed(s, w)
		r := kmsg.NewPtrDeleteGroupsRequest()
		r.Groups = []string{w.group}
		return r
	}),
	plain(func(s *scope, w world) kmsg.Request {
		committed(s, w)
		topic := kmsg.NewOffsetDeleteRequestTopic()
		topic.Topic = w.topic
		topic.Partitions = append(topic.Partitions, kmsg.NewOffsetDeleteRequestTopicPartition())
		r := kmsg.NewPtrOffsetDeleteRequest()
		r.Group = w.group
		r.Topics = append(r.Topics, topic)
		return r
	}),
	plain(func(s *scope, w world) kmsg.Request {
		topic := kmsg.NewListPartitionReassignmentsRequestTopic()
		topic.Topic, topic.Partitions = w.topic, []int32{0, 7}
		nowhere := kmsg.NewListPartitionReassignmentsRequestTopic()
		nowhere.Topic, nowhere.Partitions = w.topic+"-nowhere", []int32{0}
		r := kmsg.NewPtrListPartitionReassignmentsRequest()
		r.TimeoutMillis = 5000
		r.Topics = append(r.Topics, topic, nowhere)
		return r
	}),
	plain(func(s *scope, w world) kmsg.Request {
		id, epoch := producerID(s, w)
		topic := kmsg.NewWriteTxnMarkersRequestMarkerTopic()
		topic.Topic, topic.Partitions = w.topic, []int32{0}
		marker := kmsg.NewWriteTxnMarkersRequestMarker()
		marker.ProducerID, marker.ProducerEpoch = id, epoch
		marker.Topics = append(marker.Topics, topic)
		r := kmsg.NewPtrWriteTxnMarkersRequest()
		r.Markers = append(r.Markers, marker)
		return r
	}),
	plain(func(*scope, world) kmsg.Request { return kmsg.NewPtrDescribeClusterRequest() }),
	plain(func(_ *scope, w world) kmsg.Request {
		topic := kmsg.NewDescribeProducersRequestTopic()
		topic.Topic, topic.Partitions = w.topic, []int32{0}
		r := kmsg.NewPtrDescribeProducersRequest()
		r.Topics = append(r.Topics, topic)
		return r
	}),
	plain(func(s *scope, w world) kmsg.Request {
		producerID(s, w)
		r := kmsg.NewPtrDescribeTransactionsRequest()
		r.TransactionalIDs = []string{w.txn}
		return r
	}),
	plain(func(*scope, world) kmsg.Request { return kmsg.NewPtrListTransactionsRequest() }),
	plain(func(_ *scope, w world) kmsg.Request {
		r := kmsg.NewPtrConsumerGroupHeartbeatRequest()
		r.Group, r.MemberID, r.RebalanceTimeoutMillis = w.group, "wAx5uCA5RxmEiuDUk8wgjA", 10_000
		r.SubscribedTopicNames, r.Topics = []string{w.topic}, []kmsg.ConsumerGroupHeartbeatRequestTopic{}
		return r
	}),
	refusing(kerr.GroupIDNotFound, func(_ *scope, w world) kmsg.Request {
		r := kmsg.NewPtrConsumerGroupDescribeRequest()
		r.Groups = []string{w.group}
		return r
	}),
	plain(func(_ *scope, w world) kmsg.Request {
		topic := kmsg.NewDescribeTopicPartitionsRequestTopic()
		topic.Topic = w.topic
		r := kmsg.NewPtrDescribeTopicPartitionsRequest()
		r.ResponsePartitionLimit = 100
		r.Topics = append(r.Topics, topic)
		return r
	}),
}

// committed makes the group of the world, empty and with an offset.
func committed(s *scope, w world) {
	if s != nil {
		s.ok(s.admin().CommitAllOffsets(s, w.group, at(w.topic, 1)))
	}
}

// added makes the group of the world a part of its transaction.
func added(s *scope, w world, id int64, epoch int16) {
	if s == nil {
		return
	}
	r := kmsg.NewPtrAddOffsetsToTxnRequest()
	r.SetVersion(3)
	r.TransactionalID, r.Group, r.ProducerID, r.ProducerEpoch = w.txn, w.group, id, epoch
	response, err := call(w.address, r)
	s.ok(err)
	s.ok(kerr.ErrorForCode(response.(*kmsg.AddOffsetsToTxnResponse).ErrorCode))
}

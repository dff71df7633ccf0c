package main

import (
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

var topicChecks = []check{
	{"topics/a_created_topic_is_described_with_its_id", func(s *scope) {
		admin := s.admin()
		name := s.name("topic")
		made, err := admin.CreateTopic(s, 3, 1, map[string]*string{"retention.ms": text("777000")}, name)
		s.ok(err)
		s.equal([]any{made.NumPartitions, made.ReplicationFactor}, []any{int32(3), int16(1)})
		value := made.Configs["retention.ms"].Value
		if value == nil || *value != "777000" {
			s.fail("the reply showed retention.ms as %v", value)
		}
		var topic kadm.TopicDetail
		s.until("the topic was known", func() bool {
			listed, err := admin.ListTopics(s, name)
			s.ok(err)
			topic = listed[name]
			return topic.Err == nil
		})
		s.equal([]any{topic.ID, len(topic.Partitions), topic.IsInternal}, []any{made.ID, 3, false})
		for number, partition := range topic.Partitions {
			s.equal(partition.Partition, number)
			s.equal(partition.Replicas, []int32{partition.Leader})
			s.equal(partition.ISR, []int32{partition.Leader})
		}
	}},
	{"topics/creating_an_existing_topic_is_refused", func(s *scope) {
		admin := s.admin()
		name := s.topic(1)
		_, err := admin.CreateTopic(s, 1, 1, nil, name)
		s.refused(err, kerr.TopicAlreadyExists)
	}},
	{"topics/validation_creates_nothing", func(s *scope) {
		admin := s.admin()
		name := s.name("topic")
		answers, err := admin.ValidateCreateTopics(s, 1, 1, nil, name)
		s.ok(err)
		s.ok(answers[name].Err)
		listed, err := admin.ListTopics(s, name)
		s.ok(err)
		s.refused(listed[name].Err, kerr.UnknownTopicOrPartition)
	}},
	{"topics/partitions_are_added", func(s *scope) {
		admin := s.admin()
		name := s.topic(1)
		answers, err := admin.UpdatePartitions(s, 4, name)
		s.ok(err)
		s.ok(answers[name].Err)
		s.until("four partitions were known", func() bool {
			listed, err := admin.ListTopics(s, name)
			s.ok(err)
			return len(listed[name].Partitions) == 4
		})
		answers, err = admin.UpdatePartitions(s, 4, name)
		s.ok(err)
		s.refused(answers[name].Err, kerr.InvalidPartitions)
	}},
	{"topics/a_topic_made_anew_has_another_id", func(s *scope) {
		admin := s.admin()
		name := s.name("topic")
		first, err := admin.CreateTopic(s, 1, 1, nil, name)
		s.ok(err)
		deleted, err := admin.DeleteTopic(s, name)
		s.ok(err)
		s.equal(deleted.ID, first.ID)
		var second kadm.CreateTopicResponse
		s.until("the topic was made again", func() bool {
			second, err = admin.CreateTopic(s, 1, 1, nil, name)
			return err == nil
		})
		if second.ID == first.ID {
			s.fail("both topics had the id %v", first.ID)
		}
	}},
	{"topics/deleting_an_unknown_topic_is_refused", func(s *scope) {
		_, err := s.admin().DeleteTopic(s, s.name("nowhere"))
		s.refused(err, kerr.UnknownTopicOrPartition)
	}},
	{"topics/unfit_topics_are_refused", func(s *scope) {
		admin := s.admin()
		_, err := admin.CreateTopic(s, 0, 1, nil, s.name("topic"))
		s.refused(err, kerr.InvalidPartitions)
		_, err = admin.CreateTopic(s, 1, 99, nil, s.name("topic"))
		s.refused(err, kerr.InvalidReplicationFactor)
		_, err = admin.CreateTopic(s, 1, 1, nil, "with space")
		s.refused(err, kerr.InvalidTopicException)
		_, err = admin.CreateTopic(s, 1, 1, map[string]*string{"no.such.setting": text("1")}, s.name("topic"))
		s.refused(err, kerr.InvalidConfig)
	}},
}

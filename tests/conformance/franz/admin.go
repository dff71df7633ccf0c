package main

import (
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// at returns the offset of partition 0 of a topic.
func at(topic string, offset int64) kadm.Offsets {
	offsets := kadm.Offsets{}
	offsets.AddOffset(topic, 0, offset, -1)
	return offsets
}

var adminChecks = []check{
	{"admin/the_cluster_is_described", func(s *scope) {
		told, err := s.admin().BrokerMetadata(s)
		s.ok(err)
		s.equal(len(told.Cluster), 22)
		if !slices.Contains(told.Brokers.NodeIDs(), told.Controller) {
			s.fail("the controller %d was not among %v", told.Controller, told.Brokers.NodeIDs())
		}
	}},
	{"admin/deleted_records_move_the_start", func(s *scope) {
		admin := s.admin()
		topic := s.filled("a", "b", "c")
		answers, err := admin.DeleteRecords(s, at(topic, 2))
		s.ok(err)
		s.ok(answers.Error())
		s.equal(answers[topic][0].LowWatermark, int64(2))
		start, err := admin.ListStartOffsets(s, topic)
		s.ok(err)
		s.equal(start[topic][0].Offset, int64(2))
		answers, err = admin.DeleteRecords(s, at(topic, 4))
		s.ok(err)
		s.refused(answers[topic][0].Err, kerr.OffsetOutOfRange)
	}},
	{"admin/producers_of_a_partition_are_described", func(s *scope) {
		topic := s.topic(1)
		producer := s.client()
		s.send(producer, topic, "a", "b")
		id, epoch, err := producer.ProducerID(s)
		s.ok(err)
		told, err := s.admin().DescribeProducers(s, kadm.TopicsSet{topic: {0: {}}})
		s.ok(err)
		active := told[topic].Partitions[0].ActiveProducers.Sorted()
		s.equal(len(active), 1)
		s.equal([]int64{active[0].ProducerID, int64(active[0].ProducerEpoch), int64(active[0].LastSequence)},
			[]int64{id, int64(epoch), 1})
	}},
	{"configs/settings_are_altered_one_by_one", func(s *scope) {
		admin := s.admin()
		topic := s.topicWith(1, map[string]*string{"retention.ms": text("777000"), "cleanup.policy": text("delete")})
		answers, err := admin.AlterTopicConfigs(s, []kadm.AlterConfig{
			{Op: kadm.SetConfig, Name: "max.message.bytes", Value: text("2000")},
			{Op: kadm.AppendConfig, Name: "cleanup.policy", Value: text("compact")},
			{Op: kadm.DeleteConfig, Name: "retention.ms"},
		}, topic)
		s.ok(err)
		s.ok(answers[0].Err)
		setting := func(name string) (string, bool) {
			described, err := admin.DescribeTopicConfigs(s, topic)
			s.ok(err)
			for _, config := range described[0].Configs {
				if config.Key == name {
					return config.MaybeValue(), strings.Contains(config.Source.String(), "DYNAMIC")
				}
			}
			s.fail("`%s` was not shown", name)
			return "", false
		}
		s.until("the limit was altered", func() bool { value, _ := setting("max.message.bytes"); return value == "2000" })
		policy, own := setting("cleanup.policy")
		s.equal([]any{policy, own}, []any{"delete,compact", true})
		_, own = setting("retention.ms")
		s.equal(own, false)
	}},
	{"configs/an_unfit_value_is_refused", func(s *scope) {
		answers, err := s.admin().AlterTopicConfigs(s, []kadm.AlterConfig{
			{Op: kadm.SetConfig, Name: "retention.ms", Value: text("long")},
		}, s.topic(1))
		s.ok(err)
		s.refused(answers[0].Err, kerr.InvalidConfig)
	}},
	{"offsets/first_last_and_newest_are_listed", func(s *scope) {
		admin := s.admin()
		topic := s.topic(1)
		producer := s.client()
		for _, millis := range []int64{1000, 3000, 2000} {
			record := &kgo.Record{Topic: topic, Value: []byte("x"), Timestamp: at1970(millis)}
			s.ok(producer.ProduceSync(s, record).FirstErr())
		}
		start, err := admin.ListStartOffsets(s, topic)
		s.ok(err)
		s.equal(start[topic][0].Offset, int64(0))
		end, err := admin.ListEndOffsets(s, topic)
		s.ok(err)
		s.equal(end[topic][0].Offset, int64(3))
		newest, err := admin.ListMaxTimestampOffsets(s, topic)
		s.ok(err)
		s.equal([]int64{newest[topic][0].Offset, newest[topic][0].Timestamp}, []int64{1, 3000})
		for millis, offset := range map[int64]int64{1: 0, 1001: 1, 3000: 1, 3001: 3} {
			after, err := admin.ListOffsetsAfterMilli(s, millis, topic)
			s.ok(err)
			s.equal(after[topic][0].Offset, offset)
		}
	}},
	{"offsets/the_end_of_a_leader_epoch_is_told", func(s *scope) {
		topic := s.filled("a", "b")
		request := kadm.OffsetForLeaderEpochRequest{}
		request.Add(topic, 0, 0)
		told, err := s.admin().OffsetForLeaderEpoch(s, request)
		s.ok(err)
		s.ok(told[topic][0].Err)
		s.equal([]int64{int64(told[topic][0].LeaderEpoch), told[topic][0].EndOffset}, []int64{0, 2})
	}},
	{"groups/offsets_are_committed_fetched_and_deleted_from_outside", func(s *scope) {
		admin := s.admin()
		topic, group := s.filled("a", "b", "c"), s.name("group")
		offsets := kadm.Offsets{}
		offsets.Add(kadm.Offset{Topic: topic, At: 2, LeaderEpoch: 0, Metadata: "half way"})
		s.ok(admin.CommitAllOffsets(s, group, offsets))
		fetched, err := admin.FetchOffsets(s, group)
		s.ok(err)
		found := fetched[topic][0]
		s.equal([]any{found.At, found.Metadata, found.LeaderEpoch}, []any{int64(2), "half way", int32(0)})
		lags, err := admin.Lag(s, group)
		s.ok(err)
		s.equal([]any{lags[group].State, lags[group].Lag[topic][0].Lag}, []any{"Empty", int64(1)})
		deleted, err := admin.DeleteOffsets(s, group, kadm.TopicsSet{topic: {0: {}}})
		s.ok(err)
		s.ok(deleted[topic][0])
		// With its last offset, the group goes too.
		s.until("no offset was left", func() bool {
			fetched, err := admin.FetchOffsets(s, group)
			s.ok(err)
			return len(fetched) == 0
		})
	}},
	{"groups/offsets_of_many_groups_come_in_one_call", func(s *scope) {
		admin := s.admin()
		topic := s.filled("a", "b", "c")
		groups := []string{s.name("group"), s.name("group"), s.name("group")}
		for i, group := range groups {
			s.ok(admin.CommitAllOffsets(s, group, at(topic, int64(i))))
		}
		fetched := admin.FetchManyOffsets(s, groups...)
		for i, group := range groups {
			s.ok(fetched[group].Err)
			s.equal(fetched[group].Fetched[topic][0].At, int64(i))
		}
	}},
	{"groups/groups_are_deleted_or_named_as_unknown", func(s *scope) {
		admin := s.admin()
		topic, group := s.filled("a"), s.name("group")
		s.ok(admin.CommitAllOffsets(s, group, at(topic, 1)))
		_, err := admin.DeleteGroup(s, group)
		s.ok(err)
		_, err = admin.DeleteGroup(s, group)
		s.refused(err, kerr.GroupIDNotFound)
	}},
}

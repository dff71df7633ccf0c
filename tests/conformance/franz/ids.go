package main

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// idChecks ask raw, by ids of topics (KIP-516).
var idChecks = []check{
	{"fetch/a_fetch_by_the_id_of_a_topic_made_anew_is_refused", func(s *scope) {
		w, before := madeAnew(s)
		s.until("the old id was unknown", func() bool {
			return slices.Equal(fetchByID(s, w, before), []string{kerr.UnknownTopicID.Message})
		})
		s.equal(fetchByID(s, w, w.id), []string(nil))
	}},
	{"produce/a_record_for_the_id_of_a_topic_made_anew_is_refused", func(s *scope) {
		w, before := madeAnew(s)
		s.until("the old id was unknown", func() bool {
			return slices.Equal(produceByID(s, w, before), []string{kerr.UnknownTopicID.Message})
		})
		s.equal(produceByID(s, w, w.id), []string(nil))
	}},
}

// madeAnew deletes and creates the topic of a world, and returns the id that it had before.
func madeAnew(s *scope) (world, [16]byte) {
	w, admin := newWorld(s), s.admin()
	before := w.id
	_, err := admin.DeleteTopic(s, w.topic)
	s.ok(err)
	s.until("the topic was made again", func() bool {
		made, err := admin.CreateTopic(s, 1, 1, nil, w.topic)
		w.id = made.ID
		return err == nil
	})
	s.until("the topic could be read", func() bool {
		ends, err := admin.ListEndOffsets(s, w.topic)
		return err == nil && ends.Error() == nil
	})
	return w, before
}

func fetchByID(s *scope, w world, id [16]byte) []string {
	part := kmsg.NewFetchRequestTopicPartition()
	part.PartitionMaxBytes, part.CurrentLeaderEpoch, part.LastFetchedEpoch = 1<<20, -1, -1
	topic := kmsg.NewFetchRequestTopic()
	topic.TopicID = id
	topic.Partitions = append(topic.Partitions, part)
	r := kmsg.NewPtrFetchRequest()
	r.SetVersion(13)
	r.ReplicaID, r.MaxWaitMillis, r.MinBytes, r.MaxBytes = -1, 0, 1, 1<<20
	r.SessionID, r.SessionEpoch = 0, -1
	r.Topics = append(r.Topics, topic)
	return asked(s, w, r)
}

func produceByID(s *scope, w world, id [16]byte) []string {
	part := kmsg.NewProduceRequestTopicPartition()
	part.Records = batch()
	topic := kmsg.NewProduceRequestTopic()
	topic.TopicID = id
	topic.Partitions = append(topic.Partitions, part)
	r := kmsg.NewPtrProduceRequest()
	r.SetVersion(13)
	r.Acks, r.TimeoutMillis = -1, 5000
	r.Topics = append(r.Topics, topic)
	return asked(s, w, r)
}

// asked calls, and returns the errors that the answer names.
func asked(s *scope, w world, request kmsg.Request) []string {
	response, err := call(w.address, request)
	s.ok(err)
	return errorCodes(response)
}

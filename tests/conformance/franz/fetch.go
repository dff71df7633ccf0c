package main

import (
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

var fetchChecks = []check{
	{"fetch/a_waiting_fetch_wakes_when_a_record_comes", func(s *scope) {
		topic := s.filled("first")
		reader := s.reader(topic, kgo.FetchMaxWait(8*time.Second))
		s.read(reader, 1)
		started := time.Now()
		s.send(s.client(), topic, "wake")
		s.equal(s.through(reader, "wake"), []string{"wake"})
		if spent := time.Since(started); spent > 4*time.Second {
			s.fail("the fetch was only answered after %v", spent)
		}
	}},
	{"fetch/sessions_and_their_absence_bring_the_same", func(s *scope) {
		topic := s.filled("a", "b")
		producer := s.client()
		with, without := s.reader(topic), s.reader(topic, kgo.DisableFetchSessions())
		for i := range 5 {
			last := fmt.Sprint(i)
			s.send(producer, topic, last)
			for _, reader := range []*kgo.Client{with, without} {
				values := s.through(reader, last)
				s.equal(values[len(values)-1], last)
			}
		}
	}},
	{"fetch/partitions_join_and_leave_a_running_session", func(s *scope) {
		topic := s.topic(3)
		producer := s.client(kgo.RecordPartitioner(kgo.ManualPartitioner()))
		reader := s.client(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().AtStart()}}))
		write := func(partition int32) {
			record := &kgo.Record{Topic: topic, Partition: partition, Value: []byte(fmt.Sprint(partition))}
			s.ok(producer.ProduceSync(s, record).FirstErr())
		}
		write(0)
		s.equal(s.through(reader, "0"), []string{"0"})
		reader.AddConsumePartitions(map[string]map[int32]kgo.Offset{topic: {1: kgo.NewOffset().AtStart()}})
		write(1)
		s.equal(s.through(reader, "1"), []string{"1"})
		reader.RemoveConsumePartitions(map[string][]int32{topic: {0}})
		write(0)
		write(1)
		s.equal(s.through(reader, "1"), []string{"1"})
	}},
	{"fetch/an_offset_out_of_range_is_an_error_without_a_reset", func(s *scope) {
		topic := s.filled("a")
		place := map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().At(4000)}}
		reader := s.client(kgo.ConsumePartitions(place), kgo.ConsumeResetOffset(kgo.NoResetOffset()))
		s.refused(reader.PollFetches(s).Err(), kerr.OffsetOutOfRange)
	}},
	{"fetch/an_offset_out_of_range_falls_back_to_the_start", func(s *scope) {
		topic := s.filled("a", "b")
		place := map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().At(4000)}}
		reader := s.client(kgo.ConsumePartitions(place), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
		s.equal(s.through(reader, "b"), []string{"a", "b"})
	}},
	{"fetch/a_time_chooses_where_to_begin", func(s *scope) {
		topic := s.topic(1)
		producer := s.client()
		for _, millis := range []int64{1000, 2000, 3000} {
			record := &kgo.Record{Topic: topic, Value: []byte(fmt.Sprint(millis)), Timestamp: at1970(millis)}
			s.ok(producer.ProduceSync(s, record).FirstErr())
		}
		place := map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().AfterMilli(1001)}}
		s.equal(s.through(s.client(kgo.ConsumePartitions(place)), "3000"), []string{"2000", "3000"})
	}},
	{"fetch/small_answers_still_bring_every_record", func(s *scope) {
		topic := s.topic(1)
		producer := s.client()
		var values []string
		for i := range 40 {
			values = append(values, fmt.Sprintf("%0500d", i))
			s.send(producer, topic, values[i])
		}
		reader := s.reader(topic, kgo.FetchMaxBytes(1200), kgo.FetchMaxPartitionBytes(1200))
		s.equal(texts(s.read(reader, 40)), values)
	}},
	{"fetch/a_pattern_takes_the_topics_that_match", func(s *scope) {
		stem := s.name("stem")
		admin, producer := s.admin(), s.client()
		for _, end := range []string{"one", "two", "other"} {
			_, err := admin.CreateTopic(s, 1, 1, nil, stem+"."+end)
			s.ok(err)
			s.until("the topic could be read", func() bool {
				ends, err := admin.ListEndOffsets(s, stem+"."+end)
				return err == nil && ends.Error() == nil
			})
			s.send(producer, stem+"."+end, end)
		}
		reader := s.client(kgo.ConsumeRegex(), kgo.ConsumeTopics("^"+stem+`\.(one|two)$`),
			kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()))
		seen := map[string]bool{}
		for _, value := range texts(s.read(reader, 2)) {
			seen[value] = true
		}
		s.equal(seen, map[string]bool{"one": true, "two": true})
		s.quiet(reader, 300*time.Millisecond)
	}},
}

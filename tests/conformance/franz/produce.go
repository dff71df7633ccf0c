package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

func at1970(millis int64) time.Time { return time.UnixMilli(millis) }

var produceChecks = []check{
	{"produce/all_of_a_record_comes_back_as_sent", func(s *scope) {
		topic := s.topic(1)
		sent := &kgo.Record{
			Topic: topic, Key: []byte("schlüssel ☃"), Value: []byte{0, 255, 1}, Timestamp: at1970(1_700_000_000_123),
			Headers: []kgo.RecordHeader{{Key: "x", Value: []byte("1")}, {Key: "y"}, {Key: "x", Value: []byte("2")}},
		}
		s.ok(s.client().ProduceSync(s, sent).FirstErr())
		s.equal([]int64{sent.Offset, int64(sent.Partition)}, []int64{0, 0})
		got := s.read(s.reader(topic), 1)[0]
		s.equal([]any{got.Key, got.Value, got.Timestamp.UnixMilli()}, []any{sent.Key, sent.Value, int64(1_700_000_000_123)})
		s.equal(got.Headers, sent.Headers)
		s.equal([]int64{got.Offset, int64(got.LeaderEpoch)}, []int64{0, 0})
	}},
	{"produce/null_and_empty_differ", func(s *scope) {
		topic := s.topic(1)
		client := s.client()
		s.ok(client.ProduceSync(s,
			&kgo.Record{Topic: topic, Key: []byte{}, Value: []byte{}},
			&kgo.Record{Topic: topic, Key: []byte("k")},
			&kgo.Record{Topic: topic},
		).FirstErr())
		var nulls [][2]bool
		for _, record := range s.read(s.reader(topic), 3) {
			nulls = append(nulls, [2]bool{record.Key == nil, record.Value == nil})
		}
		s.equal(nulls, [][2]bool{{false, false}, {false, true}, {true, true}})
	}},
	{"produce/every_codec_comes_back_as_sent", func(s *scope) {
		codecs := map[string]kgo.CompressionCodec{
			"gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(),
			"zstd": kgo.ZstdCompression(),
		}
		for name, codec := range codecs {
			topic := s.topic(1)
			values := make([]string, 200)
			for i := range values {
				values[i] = fmt.Sprintf("%s %d %s", name, i, strings.Repeat("abc ", 30))
			}
			s.send(s.client(kgo.ProducerBatchCompression(codec)), topic, values...)
			s.equal(texts(s.read(s.reader(topic), 200)), values)
		}
	}},
	{"produce/acks_of_every_kind_deliver", func(s *scope) {
		for _, acks := range []kgo.Acks{kgo.NoAck(), kgo.LeaderAck(), kgo.AllISRAcks()} {
			topic := s.topic(1)
			s.send(s.client(kgo.RequiredAcks(acks), kgo.DisableIdempotentWrite()), topic, "a", "b")
			s.equal(s.through(s.reader(topic), "b"), []string{"a", "b"})
		}
	}},
	{"produce/log_append_time_is_told_and_kept", func(s *scope) {
		topic := s.topicWith(1, map[string]*string{"message.timestamp.type": text("LogAppendTime")})
		before := time.Now().UnixMilli()
		s.ok(s.client().ProduceSync(s, &kgo.Record{Topic: topic, Timestamp: at1970(1000)}).FirstErr())
		got := s.read(s.reader(topic), 1)[0]
		if millis := got.Timestamp.UnixMilli(); millis < before || millis > time.Now().UnixMilli() {
			s.fail("the timestamp was %d", millis)
		}
		s.equal(got.Attrs.TimestampType(), int8(1))
	}},
	{"produce/a_record_above_the_limit_of_the_topic_is_refused", func(s *scope) {
		topic := s.topicWith(1, map[string]*string{"max.message.bytes": text("2000")})
		record := &kgo.Record{Topic: topic, Value: []byte(strings.Repeat("x", 3000))}
		client := s.client(kgo.ProducerBatchCompression(kgo.NoCompression()))
		s.refused(client.ProduceSync(s, record).FirstErr(), kerr.MessageTooLarge)
	}},
	{"produce/a_compacted_topic_refuses_records_without_a_key", func(s *scope) {
		topic := s.topicWith(1, map[string]*string{"cleanup.policy": text("compact")})
		err := s.client().ProduceSync(s, &kgo.Record{Topic: topic, Value: []byte("no key")}).FirstErr()
		s.refused(err, kerr.InvalidRecord)
	}},
	{"produce/twenty_thousand_records_keep_their_order", func(s *scope) {
		topic := s.topic(1)
		values := make([]string, 20_000)
		for i := range values {
			values[i] = fmt.Sprint(i)
		}
		s.send(s.client(), topic, values...)
		s.equal(texts(s.read(s.reader(topic), len(values))), values)
	}},
	{"produce/an_unknown_topic_is_refused", func(s *scope) {
		client := s.client(kgo.UnknownTopicRetries(0))
		err := client.ProduceSync(s, &kgo.Record{Topic: s.name("nowhere")}).FirstErr()
		s.refused(err, kerr.UnknownTopicOrPartition)
	}},
	{"produce/a_topic_is_made_by_producing_to_it", func(s *scope) {
		record := &kgo.Record{Topic: s.name("made-by-producing"), Value: []byte("a")}
		client := s.client(kgo.AllowAutoTopicCreation(), kgo.UnknownTopicRetries(-1))
		s.ok(client.ProduceSync(s, record).FirstErr())
		s.equal([]int64{int64(record.Partition), record.Offset}, []int64{0, 0})
	}},
}

package main

import (
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

func (s *scope) transactional(options ...kgo.Opt) *kgo.Client {
	id := kgo.TransactionalID(s.name("transaction"))
	return s.client(append([]kgo.Opt{id, kgo.TransactionTimeout(20 * time.Second)}, options...)...)
}

func (s *scope) committed(topic string, options ...kgo.Opt) *kgo.Client {
	return s.reader(topic, append(options, kgo.FetchIsolationLevel(kgo.ReadCommitted()))...)
}

var txnChecks = []check{
	{"txn/commits_and_aborts_are_told_apart", func(s *scope) {
		topic := s.topic(1)
		producer := s.transactional()
		for i, end := range []kgo.TransactionEndTry{kgo.TryCommit, kgo.TryAbort, kgo.TryCommit, kgo.TryAbort} {
			s.ok(producer.BeginTransaction())
			s.send(producer, topic, string(rune('a'+i)))
			s.ok(producer.EndTransaction(s, end))
		}
		s.send(s.client(), topic, "mark")
		s.equal(s.through(s.committed(topic), "mark"), []string{"a", "c", "mark"})
		s.equal(s.through(s.reader(topic), "mark"), []string{"a", "b", "c", "d", "mark"})
	}},
	{"txn/markers_of_both_kinds_are_in_the_log", func(s *scope) {
		topic := s.topic(1)
		producer := s.transactional()
		for _, end := range []kgo.TransactionEndTry{kgo.TryCommit, kgo.TryAbort} {
			s.ok(producer.BeginTransaction())
			s.send(producer, topic, "x")
			s.ok(producer.EndTransaction(s, end))
		}
		var kinds []byte
		for _, record := range s.read(s.reader(topic, kgo.KeepControlRecords()), 4) {
			if record.Attrs.IsControl() {
				kinds = append(kinds, record.Key[3])
			}
		}
		s.equal(kinds, []byte{1, 0})
	}},
	{"txn/an_open_transaction_holds_back_what_comes_after_it", func(s *scope) {
		topic := s.topic(1)
		producer, plain := s.transactional(), s.client()
		s.ok(producer.BeginTransaction())
		s.send(producer, topic, "open")
		s.send(plain, topic, "after")
		reader := s.committed(topic)
		s.quiet(reader, 400*time.Millisecond)
		stable, err := s.admin().ListCommittedOffsets(s, topic)
		s.ok(err)
		s.equal(stable[topic][0].Offset, int64(0))
		s.ok(producer.EndTransaction(s, kgo.TryCommit))
		s.equal(s.through(reader, "after"), []string{"open", "after"})
	}},
	{"txn/a_newer_producer_fences_the_older", func(s *scope) {
		topic, id := s.topic(1), s.name("transaction")
		old := s.transactional(kgo.TransactionalID(id))
		s.ok(old.BeginTransaction())
		s.send(old, topic, "old")
		fresh := s.transactional(kgo.TransactionalID(id))
		s.ok(fresh.BeginTransaction())
		s.send(fresh, topic, "new")
		err := old.EndTransaction(s, kgo.TryCommit)
		if err == nil {
			s.fail("the older producer committed")
		}
		s.ok(fresh.EndTransaction(s, kgo.TryCommit))
		s.send(s.client(), topic, "mark")
		s.equal(s.through(s.committed(topic), "mark"), []string{"new", "mark"})
	}},
	{"txn/a_session_moves_records_and_offsets_together", func(s *scope) {
		from, to, group := s.filled("a", "b"), s.topic(1), s.name("group")
		session, err := kgo.NewGroupTransactSession(
			kgo.SeedBrokers(s.seeds...), kgo.TransactionalID(s.name("transaction")), kgo.ConsumerGroup(group),
			kgo.ConsumeTopics(from), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.RequireStableFetchOffsets(),
			kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.FetchMaxWait(100*time.Millisecond),
		)
		s.ok(err)
		defer session.Close()
		seen := 0
		for _, end := range []kgo.TransactionEndTry{kgo.TryAbort, kgo.TryCommit} {
			s.ok(session.Begin())
			for seen = 0; seen < 2; {
				fetches := session.PollFetches(s)
				s.ok(fetches.Err())
				for _, record := range fetches.Records() {
					seen++
					s.ok(session.ProduceSync(s, &kgo.Record{Topic: to, Value: record.Value}).FirstErr())
				}
			}
			committed, err := session.End(s, end)
			s.ok(err)
			s.equal(committed, bool(end))
		}
		s.send(s.client(), to, "mark")
		s.equal(s.through(s.committed(to), "mark"), []string{"a", "b", "mark"})
		s.until("the offset was stored", func() bool {
			offsets, err := s.admin().FetchOffsets(s, group)
			s.ok(err)
			return offsets[from][0].At == 2
		})
	}},
	{"txn/an_ongoing_transaction_is_described_and_listed", func(s *scope) {
		admin := s.admin()
		topic, id := s.topic(1), s.name("transaction")
		producer := s.transactional(kgo.TransactionalID(id))
		s.ok(producer.BeginTransaction())
		s.send(producer, topic, "open")
		producerID, epoch, err := producer.ProducerID(s)
		s.ok(err)
		told, err := admin.DescribeTransactions(s, id)
		s.ok(err)
		found := told[id]
		s.ok(found.Err)
		s.equal([]any{found.State, found.ProducerID, found.ProducerEpoch, found.TimeoutMillis, found.Topics},
			[]any{"Ongoing", producerID, epoch, int32(20_000), kadm.TopicsSet{topic: {0: {}}}})
		listed, err := admin.ListTransactions(s, []int64{producerID}, []string{"Ongoing"})
		s.ok(err)
		s.equal([]any{len(listed), listed[id].State}, []any{1, "Ongoing"})
		s.ok(producer.EndTransaction(s, kgo.TryAbort))
		_, err = admin.DescribeTransactions(s, s.name("unknown"))
		if err != nil {
			s.refused(err, kerr.TransactionalIDNotFound)
		}
	}},
	{"txn/an_abandoned_transaction_is_aborted_after_its_timeout", func(s *scope) {
		topic := s.topic(1)
		producer := s.transactional(kgo.TransactionTimeout(time.Second))
		s.ok(producer.BeginTransaction())
		s.send(producer, topic, "abandoned")
		s.send(s.client(), topic, "mark")
		s.equal(s.through(s.committed(topic), "mark"), []string{"mark"})
	}},
}

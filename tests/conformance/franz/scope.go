package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// scope is what a check works with: clients that end with it, and names that nobody else uses.
type scope struct {
	context.Context
	cancel context.CancelFunc
	id     string
	seeds  []string
	count  atomic.Int64
	open   []func()
}

func newScope(name string, seeds []string) *scope {
	random := make([]byte, 4)
	_, _ = rand.Read(random) // it never fails
	ctx, cancel := context.WithTimeout(context.Background(), deadline-time.Second)
	id := "go-" + strings.NewReplacer("/", "-", "_", "-").Replace(name) + "-" + hex.EncodeToString(random)
	return &scope{Context: ctx, cancel: cancel, id: id, seeds: seeds}
}

func (s *scope) close() {
	s.cancel()
	for _, end := range slices.Backward(s.open) {
		end()
	}
}

// fail ends the check.
func (s *scope) fail(format string, values ...any) {
	place := ""
	for skip := 1; skip < 5; skip++ {
		if _, file, number, ok := runtime.Caller(skip); ok && filepath.Base(file) != "scope.go" {
			place = fmt.Sprintf(" (%s:%d)", filepath.Base(file), number)
			break
		}
	}
	panic(failure(fmt.Sprintf(format, values...) + place))
}

func (s *scope) ok(err error) {
	if err != nil {
		s.fail("the call failed: %v", err)
	}
}

// refused requires an error of Kafka.
func (s *scope) refused(err error, expected error) {
	if !errors.Is(err, expected) {
		s.fail("expected `%v`, but got `%v`", expected, err)
	}
}

func (s *scope) equal(got, expected any) {
	if !reflect.DeepEqual(got, expected) {
		s.fail("expected `%v`, but got `%v`", expected, got)
	}
}

func (s *scope) until(what string, condition func() bool) {
	for !condition() {
		select {
		case <-s.Done():
			s.fail("gave up waiting until %s", what)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (s *scope) name(kind string) string {
	return fmt.Sprintf("%s-%s-%d", s.id, kind, s.count.Add(1))
}

func (s *scope) client(options ...kgo.Opt) *kgo.Client {
	defaults := []kgo.Opt{
		kgo.SeedBrokers(s.seeds...),
		kgo.ClientID(s.id),
		kgo.FetchMaxWait(100 * time.Millisecond),
		kgo.MetadataMinAge(100 * time.Millisecond),
		kgo.ProducerLinger(0),
	}
	client, err := kgo.NewClient(append(defaults, options...)...)
	s.ok(err)
	s.open = append(s.open, client.Close)
	return client
}

func (s *scope) admin() *kadm.Client {
	return kadm.NewClient(s.client())
}

// topic makes a topic with default settings.
func (s *scope) topic(partitions int32) string {
	return s.topicWith(partitions, nil)
}

func (s *scope) topicWith(partitions int32, settings map[string]*string) string {
	name := s.name("topic")
	admin := s.admin()
	made, err := admin.CreateTopic(s, partitions, 1, settings, name)
	s.ok(err)
	s.equal(made.Topic, name)
	// The controller answers before the node has made the logs.
	s.until("the topic could be read", func() bool {
		ends, err := admin.ListEndOffsets(s, name)
		return err == nil && ends.Error() == nil && len(ends[name]) == int(partitions)
	})
	return name
}

// filled makes a topic of one partition that holds these values.
func (s *scope) filled(values ...string) string {
	name := s.topic(1)
	s.send(s.client(), name, values...)
	return name
}

// send writes values to partition 0 and requires that all are delivered.
func (s *scope) send(client *kgo.Client, topic string, values ...string) []*kgo.Record {
	records := make([]*kgo.Record, len(values))
	for i, value := range values {
		records[i] = &kgo.Record{Topic: topic, Value: []byte(value)}
	}
	s.ok(client.ProduceSync(s, records...).FirstErr())
	return records
}

// reader returns a client that reads partition 0 of a topic from the start.
func (s *scope) reader(topic string, options ...kgo.Opt) *kgo.Client {
	start := map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().AtStart()}}
	return s.client(append([]kgo.Opt{kgo.ConsumePartitions(start)}, options...)...)
}

// read polls until this many records came.
func (s *scope) read(client *kgo.Client, count int) []*kgo.Record {
	var records []*kgo.Record
	for len(records) < count {
		fetches := client.PollFetches(s)
		s.ok(fetches.Err())
		records = append(records, fetches.Records()...)
	}
	return records
}

// through polls until a record of this value came, and returns the values of all that came.
func (s *scope) through(client *kgo.Client, last string) []string {
	var values []string
	for !slices.Contains(values, last) {
		fetches := client.PollFetches(s)
		s.ok(fetches.Err())
		values = append(values, texts(fetches.Records())...)
	}
	return values
}

func texts(records []*kgo.Record) []string {
	values := make([]string, len(records))
	for i, record := range records {
		values[i] = string(record.Value)
	}
	return values
}

// quiet requires that nothing comes for a while.
func (s *scope) quiet(client *kgo.Client, during time.Duration) {
	ctx, cancel := context.WithTimeout(s, during)
	defer cancel()
	for ctx.Err() == nil {
		if records := client.PollFetches(ctx).Records(); len(records) > 0 {
			s.fail("expected no record, but `%s` came", records[0].Value)
		}
	}
}

func text(value string) *string { return &value }

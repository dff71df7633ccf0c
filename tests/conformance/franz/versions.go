package main

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"regexp"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// world is what a raw request can speak of: a topic of one partition with one record, and names that are free.
type world struct {
	topic   string
	id      [16]byte
	group   string
	txn     string
	address string
	node    int32
}

// versioned is an API whose lowest and highest version are called raw.
type versioned struct {
	// lowest is the first version that Kafka 4 serves where it advertises more (KAFKA-18659).
	lowest  int16
	request func(*scope, world) kmsg.Request
	// code is the error that the answer must name, nil for none; it is looked for in all that is in the answer.
	code *kerr.Error
}

func plain(request func(*scope, world) kmsg.Request) versioned { return versioned{request: request} }

func refusing(code *kerr.Error, request func(*scope, world) kmsg.Request) versioned {
	return versioned{request: request, code: code}
}

// versionChecks makes two checks per API: at the lowest and at the highest version that both sides know.
func versionChecks() []check {
	var checks []check
	for _, api := range versionedAPIs {
		name := snake(kmsg.NameForKey(api.request(nil, world{}).Key()))
		for _, end := range []string{"lowest", "highest"} {
			checks = append(checks, check{"connect/the_" + end + "_" + name + "_is_answered", func(s *scope) {
				callAtTheEnd(s, api, end == "highest")
			}})
		}
	}
	return checks
}

func callAtTheEnd(s *scope, api versioned, highest bool) {
	w := newWorld(s)
	request := api.request(s, w)
	lowest, most := advertised(s, w, request.Key())
	version := max(lowest, api.lowest)
	if highest {
		version = min(most, request.MaxVersion())
	}
	request.SetVersion(version)
	response, err := call(w.address, request)
	if err != nil {
		s.fail("version %d got %v", version, err)
	}
	s.equal(response.GetVersion(), version)
	var expected []string
	if api.code != nil {
		expected = []string{api.code.Message}
	}
	if codes := errorCodes(response); fmt.Sprint(codes) != fmt.Sprint(expected) {
		s.fail("version %d was answered with the errors %v, not %v", version, codes, expected)
	}
}

func newWorld(s *scope) world {
	w := world{topic: s.filled("a"), group: s.name("group"), txn: s.name("transaction")}
	listed, err := s.admin().ListTopics(s, w.topic)
	s.ok(err)
	w.id = listed[w.topic].ID
	w.node = listed[w.topic].Partitions[0].Leader
	told, err := s.admin().BrokerMetadata(s)
	s.ok(err)
	for _, broker := range told.Brokers {
		if broker.NodeID == w.node {
			w.address = fmt.Sprintf("%s:%d", broker.Host, broker.Port)
		}
	}
	return w
}

// advertised asks for the versions of an API that the server says it knows.
func advertised(s *scope, w world, key int16) (lowest, most int16) {
	request := kmsg.NewPtrApiVersionsRequest()
	request.SetVersion(3)
	request.ClientSoftwareName, request.ClientSoftwareVersion = "conformance", "1"
	response, err := call(w.address, request)
	s.ok(err)
	for _, api := range response.(*kmsg.ApiVersionsResponse).ApiKeys {
		if api.ApiKey == key {
			return api.MinVersion, api.MaxVersion
		}
	}
	s.fail("%s is not advertised", kmsg.NameForKey(key))
	return 0, 0
}

var upper = regexp.MustCompile(`([a-z])([A-Z])`)

func snake(name string) string { return strings.ToLower(upper.ReplaceAllString(name, "${1}_${2}")) }

// batch returns a record batch of one record, made by hand as KIP-98 lays it out.
func batch() []byte {
	record := []byte{0, 0, 0, 1, 2, 'a', 0} // attributes, deltas, no key, the value "a", no headers
	record = append([]byte{byte(len(record) * 2)}, record...)
	body := []byte{0, 0}                                          // attributes
	body = binary.BigEndian.AppendUint32(body, 0)                 // last offset delta
	body = binary.BigEndian.AppendUint64(body, 1_700_000_000_000) // first timestamp
	body = binary.BigEndian.AppendUint64(body, 1_700_000_000_000) // largest timestamp
	body = append(body, 255, 255, 255, 255, 255, 255, 255, 255)   // producer id
	body = append(body, 255, 255, 255, 255, 255, 255)             // producer epoch, base sequence
	body = binary.BigEndian.AppendUint32(body, 1)                 // records
	body = append(body, record...)
	whole := make([]byte, 8) // base offset
	whole = binary.BigEndian.AppendUint32(whole, uint32(4+1+4+len(body)))
	whole = append(whole, 255, 255, 255, 255, 2) // leader epoch, magic
	whole = binary.BigEndian.AppendUint32(whole, crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)))
	return append(whole, body...)
}

// producerID returns an id that the transaction coordinator knows for the transaction of the world.
func producerID(s *scope, w world) (int64, int16) {
	if s == nil {
		return 0, 0
	}
	request := kmsg.NewPtrInitProducerIDRequest()
	request.SetVersion(4)
	request.TransactionalID, request.TransactionTimeoutMillis = &w.txn, 10_000
	var got *kmsg.InitProducerIDResponse
	s.until("a producer id was given", func() bool {
		response, err := call(w.address, request)
		s.ok(err)
		got = response.(*kmsg.InitProducerIDResponse)
		return got.ErrorCode == 0
	})
	return got.ProducerID, got.ProducerEpoch
}

package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// call sends a request at the version it is set to, on a connection of its own, and decodes the answer. The answer
// must be what its decoded form encodes to again, so that no byte of it is left over, missing or misread.
func call(address string, request kmsg.Request) (kmsg.Response, error) {
	connection, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return nil, err
	}
	const correlation = 77
	frame := kmsg.NewRequestFormatter(kmsg.FormatterClientID("versions")).AppendRequest(nil, request, correlation)
	if _, err := connection.Write(frame); err != nil {
		return nil, err
	}
	var size [4]byte
	if _, err := io.ReadFull(connection, size[:]); err != nil {
		return nil, fmt.Errorf("no answer: %w", err)
	}
	body := make([]byte, binary.BigEndian.Uint32(size[:]))
	if _, err := io.ReadFull(connection, body); err != nil {
		return nil, fmt.Errorf("a cut answer: %w", err)
	}
	if len(body) < 5 || binary.BigEndian.Uint32(body) != correlation {
		return nil, fmt.Errorf("an answer to another request: % x", body)
	}
	body = body[4:]
	response := request.ResponseKind()
	// The answer to ApiVersions has the old header at every version (KIP-511).
	if response.IsFlexible() && response.Key() != int16(kmsg.ApiVersions) {
		if body[0] != 0 {
			return nil, fmt.Errorf("a header with `%d` tags", body[0])
		}
		body = body[1:]
	}
	if err := response.ReadFrom(body); err != nil {
		return nil, fmt.Errorf("an answer that does not decode: %w", err)
	}
	if again := response.AppendTo(nil); !slices.Equal(again, body) {
		return nil, fmt.Errorf("an answer of %d bytes that encodes to %d others: % x", len(body), len(again), body)
	}
	return response, nil
}

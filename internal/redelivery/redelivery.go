// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package redelivery recognises a request of spans that a client sends again.
//
// A pipeline answers its client with the error of any of its exporters, and a client that gets an error, or no
// answer in time, sends the same request again, to the connectors that have counted it, too. A Filter
// remembers the requests seen last by a fingerprint of their span ids and tells a connector which ones to pass over.
package redelivery

import (
	"encoding/binary"
	"sync"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Filter remembers the last requests. It is safe for concurrent use.
type Filter struct {
	mu   sync.Mutex // guards all below; held for one look-up a request
	seen map[uint64]struct{}
	ring []uint64 // fingerprints in order of arrival; 0 marks a free place
	next int
}

// NewFilter returns a filter that remembers the given number of requests, which takes about 40 bytes each.
func NewFilter(requests int) *Filter {
	return &Filter{seen: make(map[uint64]struct{}, requests), ring: make([]uint64, requests)}
}

// Repeated remembers the request and reports whether it was among the last ones already. A request without
// span ids is never a repeated one.
func (f *Filter) Repeated(traces ptrace.Traces) bool {
	sum := fingerprint(traces)
	if sum == 0 {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.seen[sum]; ok {
		return true
	}
	if old := f.ring[f.next]; old != 0 {
		delete(f.seen, old)
	}
	f.ring[f.next] = sum
	f.next = (f.next + 1) % len(f.ring)
	f.seen[sum] = struct{}{}
	return false
}

// fingerprint adds up a hash of each span's identity, so that neither the order of spans nor their grouping by resource
// and scope matters; two sets of spans share one with a probability of 2^-64. It is 0 where no span has an id.
func fingerprint(traces ptrace.Traces) uint64 {
	var sum uint64
	resources := traces.ResourceSpans()
	for i := range resources.Len() {
		scopes := resources.At(i).ScopeSpans()
		for j := range scopes.Len() {
			spans := scopes.At(j).Spans()
			for k := range spans.Len() {
				span := spans.At(k)
				spanID := span.SpanID()
				id := binary.LittleEndian.Uint64(spanID[:])
				if id == 0 {
					continue
				}
				traceID := span.TraceID()
				sum += mix(id ^ mix(binary.LittleEndian.Uint64(traceID[8:])))
			}
		}
	}
	return sum
}

// mix is the finalizer of SplitMix64 (Steele, Lea, Flood 2014): every bit of x moves every bit of the result.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package nesting

// Signal is what a request of OTLP carries.
type Signal uint8

// The signals. Unknown is any of the others.
const (
	Unknown Signal = iota
	Traces
	Metrics
	Logs
	Profiles
)

// maxField is above the number of any field that leads to a value.
const maxField = 16

// message is a type of OTLP's protocol buffers (opentelemetry-proto, v1) with the fields that lead
// to values.
type message struct {
	fields [maxField]*message
	// value is set for AnyValue, each of which is one level.
	value bool
}

// roots are the requests by signal.
var roots = schema()

func schema() [Profiles + 1]*message {
	with := func(fields map[int32]*message) *message {
		m := new(message)
		for number, inner := range fields {
			m.fields[number] = inner
		}
		return m
	}
	value := &message{value: true}
	pair := with(map[int32]*message{2: value})
	value.fields[5] = with(map[int32]*message{1: value}) // ArrayValue
	value.fields[6] = with(map[int32]*message{1: pair})  // KeyValueList
	attributes := func(number int32) *message { return with(map[int32]*message{number: pair}) }
	request := func(item *message) *message {
		scope := with(map[int32]*message{1: attributes(3), 2: item})
		resource := with(map[int32]*message{1: attributes(1), 2: scope})
		return with(map[int32]*message{1: resource})
	}
	span := with(map[int32]*message{9: pair, 11: attributes(3), 13: attributes(4)})
	record := with(map[int32]*message{5: value, 6: pair})
	exemplar := attributes(7)
	points := func(attributes, exemplars int32) *message {
		return with(map[int32]*message{1: with(map[int32]*message{attributes: pair, exemplars: exemplar})})
	}
	metric := with(map[int32]*message{
		5: points(7, 5), 7: points(7, 5), 9: points(9, 8), 10: points(1, 11), 11: with(map[int32]*message{1: attributes(7)}), 12: pair,
	})
	profiles := request(new(message))
	// The attributes of all profiles are in the dictionary's table, field 6.
	profiles.fields[2] = with(map[int32]*message{6: with(map[int32]*message{2: value})})
	return [...]*message{Traces: request(span), Metrics: request(metric), Logs: request(record), Profiles: profiles}
}

// OTLP returns whether a value in a request of protocol buffers nests deeper than most levels. It
// does not tell whether data is a request: at what cannot be read it stops, as the decoder does.
// Its time is in proportion to the number of fields, its stack to most.
func OTLP(data []byte, signal Signal, most int) bool {
	if signal != Unknown {
		return deep(data, roots[signal], most)
	}
	for _, root := range roots[Unknown+1:] {
		if deep(data, root, most) {
			return true
		}
	}
	return false
}

// deep looks for values below a message that nest deeper than the levels that are left.
func deep(data []byte, m *message, left int) bool {
	if m.value {
		if left--; left < 0 {
			return true
		}
	}
	w := wire{data}
	for len(w.rest) > 0 {
		field, kind, ok := w.tag()
		if !ok {
			return false
		}
		if field < maxField && kind == bytesField && m.fields[field] != nil {
			content, ok := w.bytes()
			if !ok {
				return false
			}
			if deep(content, m.fields[field], left) {
				return true
			}
			continue
		}
		if !w.skip(kind) {
			return false
		}
	}
	return false
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package buffer

import (
	"encoding/binary"
	"errors"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Numbers of fields, opentelemetry/proto/trace/v1/trace.proto.
const (
	resourceSpansField = 1 // of TracesData
	scopeSpansField    = 2 // of ResourceSpans
	spansField         = 2 // of ScopeSpans
	traceIDField       = 1 // of Span
)

// Wire types, https://protobuf.dev/programming-guides/encoding.
const (
	varintType  = 0
	fixed64Type = 1
	bytesType   = 2
	fixed32Type = 5
)

var errProtobuf = errors.New("not a serialized TracesData")

// field is one field of a message.
type field struct {
	number uint64
	// value is the field's content where it has a length, else nil.
	value []byte
	// whole is the field with its tag.
	whole []byte
}

// next takes the first field off a message.
func next(message []byte) (f field, rest []byte, err error) {
	tag, n := binary.Uvarint(message)
	if n <= 0 {
		return f, nil, errProtobuf
	}
	f.number = tag >> 3
	end := n
	switch tag & 7 {
	case varintType:
		_, m := binary.Uvarint(message[n:])
		if m <= 0 {
			return f, nil, errProtobuf
		}
		end += m
	case fixed64Type:
		end += 8
	case fixed32Type:
		end += 4
	case bytesType:
		length, m := binary.Uvarint(message[n:])
		if m <= 0 || length > uint64(len(message)-n-m) {
			return f, nil, errProtobuf
		}
		end += m + int(length)
		f.value = message[n+m : end]
	default:
		return f, nil, errProtobuf
	}
	if end > len(message) {
		return f, nil, errProtobuf
	}
	f.whole = message[:end]
	return f, message[end:], nil
}

// traceIDOf returns the trace that a serialized span is of.
func traceIDOf(span []byte) (id pcommon.TraceID) {
	for len(span) > 0 {
		f, rest, err := next(span)
		if err != nil {
			return id
		}
		if f.number == traceIDField && len(f.value) == len(id) {
			copy(id[:], f.value)
			return id
		}
		span = rest
	}
	return id
}

// eachSpan calls do with each span of a serialized TracesData, until it returns false.
func eachSpan(data []byte, do func(span []byte) bool) error {
	_, err := walk(data, resourceSpansField, func(resource []byte) (bool, error) {
		return walk(resource, scopeSpansField, func(scope []byte) (bool, error) {
			return walk(scope, spansField, func(span []byte) (bool, error) { return do(span), nil })
		})
	})
	return err
}

// walk calls do with each field of a number, until it returns false.
func walk(message []byte, number uint64, do func(value []byte) (bool, error)) (bool, error) {
	for len(message) > 0 {
		f, rest, err := next(message)
		if err != nil {
			return false, err
		}
		if f.number == number && f.value != nil {
			if more, err := do(f.value); err != nil || !more {
				return false, err
			}
		}
		message = rest
	}
	return true, nil
}

// filter appends the spans of a serialized TracesData that are kept, with their resources and scopes.
// It appends nothing where there are none.
func filter(dst, data []byte, keep func(span []byte) bool) ([]byte, error) {
	return reduce(dst, data, resourceSpansField, func(dst, resource []byte) ([]byte, error) {
		return reduce(dst, resource, scopeSpansField, func(dst, scope []byte) ([]byte, error) {
			return reduce(dst, scope, spansField, func(dst, span []byte) ([]byte, error) {
				if !keep(span) {
					return dst, nil
				}
				return append(dst, span...), nil
			})
		})
	})
}

// reduce appends a message in which each field of a number is what inner makes of it. One of which
// nothing is left is left out, and so is a message without any.
func reduce(dst, message []byte, number uint64, inner func(dst, value []byte) ([]byte, error)) ([]byte, error) {
	start, kept := len(dst), false
	for len(message) > 0 {
		f, rest, err := next(message)
		if err != nil {
			return dst[:start], err
		}
		message = rest
		if f.number != number || f.value == nil {
			dst = append(dst, f.whole...)
			continue
		}
		// The length comes before the content: room for one as long as before is left, and closed up.
		begin := len(dst)
		dst = binary.AppendUvarint(dst, number<<3|bytesType)
		dst = binary.AppendUvarint(dst, uint64(len(f.value)))
		content := len(dst)
		if dst, err = inner(dst, f.value); err != nil {
			return dst[:start], err
		}
		size := len(dst) - content
		switch {
		case size == 0:
			dst = dst[:begin]
			continue
		case size != len(f.value):
			var head [2 * binary.MaxVarintLen64]byte
			h := binary.AppendUvarint(head[:0], number<<3|bytesType)
			h = binary.AppendUvarint(h, uint64(size))
			copy(dst[begin:], h)
			copy(dst[begin+len(h):], dst[content:])
			dst = dst[:begin+len(h)+size]
		}
		kept = true
	}
	if !kept {
		return dst[:start], nil
	}
	return dst, nil
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package imported

import (
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// message is an encoded protobuf message and where it begins in its file.
type message struct {
	data []byte
	at   int
}

// field is one of a message: num for varints and fixed numbers, message for what has a length.
type field struct {
	number protowire.Number
	kind   protowire.Type
	num    uint64
	message
}

func (f *field) double() float64 { return math.Float64frombits(f.num) }

func (f *field) text() string { return string(f.data) }

// each calls f for every field.
func (m message) each(f func(*field) error) error {
	for i := 0; i < len(m.data); {
		number, kind, n := protowire.ConsumeTag(m.data[i:])
		if n < 0 {
			return fmt.Errorf("byte %d: %w", m.at+i, protowire.ParseError(n))
		}
		start := i
		i += n
		of := field{number: number, kind: kind}
		switch kind {
		case protowire.VarintType:
			of.num, n = protowire.ConsumeVarint(m.data[i:])
		case protowire.Fixed64Type:
			of.num, n = protowire.ConsumeFixed64(m.data[i:])
		case protowire.BytesType:
			of.data, n = protowire.ConsumeBytes(m.data[i:])
			of.at = m.at + i + n - len(of.data)
		default:
			n = protowire.ConsumeFieldValue(number, kind, m.data[i:])
		}
		if n < 0 {
			return fmt.Errorf("byte %d: field %d: %w", m.at+start, number, protowire.ParseError(n))
		}
		i += n
		if err := f(&of); err != nil {
			return err
		}
	}
	return nil
}

// entry is one of a map field.
func (m message) entry() (key, value field, err error) {
	err = m.each(func(f *field) error {
		switch f.number {
		case 1:
			key = *f
		case 2:
			value = *f
		}
		return nil
	})
	return key, value, err
}

// sketch returns what is in field 1, where all messages of sketches have theirs.
func (m message) sketch() (out message, err error) {
	err = m.each(func(f *field) error {
		if f.number == 1 && f.kind == protowire.BytesType {
			out = f.message
		}
		return nil
	})
	return out, err
}

// delimited takes a message with its length before it off the front, and returns the rest.
func (m message) delimited() (first, rest message, err error) {
	data, n := protowire.ConsumeBytes(m.data)
	if n < 0 {
		return message{}, message{}, fmt.Errorf("byte %d: a message with its length: %w", m.at, protowire.ParseError(n))
	}
	return message{data, m.at + n - len(data)}, message{m.data[n:], m.at + n}, nil
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"time"
)

// Encoder appends to a record. The zero value is one without a header.
type Encoder struct {
	b []byte
	// strings are those that Text has written. From manyTexts on they are found by places.
	texts  []string
	places map[string]int
}

// manyTexts is the number from which on strings are found by a map.
const manyTexts = 48

// Bytes returns what has been written.
func (e *Encoder) Bytes() []byte { return e.b }

// Reset empties the Encoder for the next record and keeps its memory.
func (e *Encoder) Reset() {
	e.b, e.texts = e.b[:0], e.texts[:0]
	clear(e.places)
}

// Seal appends the checksum of all that has been written and returns the record.
func (e *Encoder) Seal() []byte {
	e.b = binary.LittleEndian.AppendUint32(e.b, crc32.Checksum(e.b, castagnoli))
	return e.b
}

// Byte writes a byte.
func (e *Encoder) Byte(v byte) { e.b = append(e.b, v) }

// Raw writes bytes without their number.
func (e *Encoder) Raw(v []byte) { e.b = append(e.b, v...) }

// Bool writes a boolean.
func (e *Encoder) Bool(v bool) { e.b = append(e.b, Flag(v, 1)) }

// Uvarint writes an integer that is not negative.
func (e *Encoder) Uvarint(v uint64) { e.b = binary.AppendUvarint(e.b, v) }

// Varint writes an integer.
func (e *Encoder) Varint(v int64) { e.b = binary.AppendVarint(e.b, v) }

// Uint64 writes an integer in eight bytes, such as a hash.
func (e *Encoder) Uint64(v uint64) { e.b = binary.LittleEndian.AppendUint64(e.b, v) }

// Float64 writes a number, NaN and its bits as well.
func (e *Encoder) Float64(v float64) { e.Uint64(math.Float64bits(v)) }

// Float64s writes numbers after their number.
func (e *Encoder) Float64s(s []float64) {
	e.Uvarint(uint64(len(s)))
	for _, v := range s {
		e.Float64(v)
	}
}

// Time writes nanoseconds since 1970; the zero time is 0.
func (e *Encoder) Time(t time.Time) {
	if t.IsZero() {
		e.Varint(0)
		return
	}
	e.Varint(t.UnixNano())
}

// String writes a string after the number of its bytes.
func (e *Encoder) String(s string) {
	e.Uvarint(uint64(len(s)))
	e.b = append(e.b, s...)
}

// Text writes a string that may have been written before: 0 is the empty one, 1 a new one that
// follows, and n+2 the n-th one that Text has written.
func (e *Encoder) Text(s string) {
	if s == "" {
		e.Uvarint(0)
		return
	}
	if n := e.place(s); n >= 0 {
		e.Uvarint(uint64(n) + 2)
		return
	}
	if e.places != nil {
		e.places[s] = len(e.texts)
	}
	if e.texts == nil {
		e.texts = make([]string, 0, manyTexts)
	}
	e.texts = append(e.texts, s)
	e.Uvarint(1)
	e.String(s)
}

// place is where a text is among those that were written, -1 for a new one.
func (e *Encoder) place(s string) int {
	if e.places != nil {
		if n, ok := e.places[s]; ok {
			return n
		}
		return -1
	}
	for i, text := range e.texts {
		if text == s {
			return i
		}
	}
	if len(e.texts) >= manyTexts {
		e.places = make(map[string]int, 2*manyTexts)
		for i, text := range e.texts {
			e.places[text] = i
		}
	}
	return -1
}

// PutCounts writes counts after their number; a zero is followed by how many more zeros follow.
func PutCounts[T uint32 | uint64](e *Encoder, s []T) {
	e.Uvarint(uint64(len(s)))
	for i := 0; i < len(s); i++ {
		if s[i] != 0 {
			e.Uvarint(uint64(s[i]))
			continue
		}
		j := i + 1
		for j < len(s) && s[j] == 0 {
			j++
		}
		e.Uvarint(0)
		e.Uvarint(uint64(j - i - 1))
		i = j - 1
	}
}

// PutSparse writes what PutCounts would of counts of which few are not zero: each calls yield with
// those, in order, whenever it is called.
func PutSparse(e *Encoder, each func(yield func(i uint32, count uint64))) {
	n := uint64(0)
	each(func(i uint32, _ uint64) { n = uint64(i) + 1 })
	e.Uvarint(n)
	next := uint32(0)
	each(func(i uint32, count uint64) {
		if i > next {
			e.Uvarint(0)
			e.Uvarint(uint64(i - next - 1))
		}
		e.Uvarint(count)
		next = i + 1
	})
}

// Flag returns a bit where on is set.
func Flag(on bool, bit byte) byte {
	if on {
		return bit
	}
	return 0
}

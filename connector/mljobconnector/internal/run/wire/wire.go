// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package wire writes and reads the small binary format in which runs and histories are stored: varints, and texts that are
// written once each and are a number from then on. A Reader never panics and never allocates more than a small multiple of its data.
package wire

import (
	"encoding/binary"
	"errors"
	"math"
)

// ErrDamaged is the error of data that is too short, too long or out of range.
var ErrDamaged = errors.New("the data is damaged")

// maxTime is the latest time, in nanoseconds since 1970: the year 2242. Differences of times do not overflow.
const maxTime = int64(1)<<33*1_000_000_000 + 999_999_999

// Flag returns a bit where on is set.
func Flag(on bool, bit byte) byte {
	if on {
		return bit
	}
	return 0
}

// Writer appends to a slice.
type Writer struct {
	b      []byte
	texts  []string
	places map[string]int
}

// manyTexts is the number from which on texts are found by a map.
const manyTexts = 48

// NewWriter returns a Writer that appends to b.
func NewWriter(b []byte) *Writer { return &Writer{b: b, texts: make([]string, 0, manyTexts)} }

// Bytes returns what b has become.
func (w *Writer) Bytes() []byte { return w.b }

// Byte writes one byte.
func (w *Writer) Byte(v byte) { w.b = append(w.b, v) }

// Raw writes bytes without their number.
func (w *Writer) Raw(v []byte) { w.b = append(w.b, v...) }

// Uint writes a number that is not negative.
func (w *Writer) Uint(v uint64) { w.b = binary.AppendUvarint(w.b, v) }

// Int writes a number.
func (w *Writer) Int(v int64) { w.b = binary.AppendVarint(w.b, v) }

// Float writes a number, NaN as well.
func (w *Writer) Float(v float64) { w.b = binary.LittleEndian.AppendUint64(w.b, math.Float64bits(v)) }

// Text writes a text: 0 is the empty one, 1 a new one that follows, and n+2 the n-th one that was written.
func (w *Writer) Text(v string) {
	if v == "" {
		w.Uint(0)
		return
	}
	if n := w.find(v); n >= 0 {
		w.Uint(uint64(n) + 2)
		return
	}
	if w.places != nil {
		w.places[v] = len(w.texts)
	}
	w.texts = append(w.texts, v)
	w.Uint(1)
	w.Uint(uint64(len(v)))
	w.b = append(w.b, v...)
}

func (w *Writer) find(v string) int {
	if w.places != nil {
		if n, ok := w.places[v]; ok {
			return n
		}
		return -1
	}
	for i, text := range w.texts {
		if text == v {
			return i
		}
	}
	if len(w.texts) >= manyTexts {
		w.places = make(map[string]int, 2*manyTexts)
		for i, text := range w.texts {
			w.places[text] = i
		}
	}
	return -1
}

// Reader reads what a Writer wrote. After the first error everything reads as zero.
type Reader struct {
	rest  []byte
	texts []string
	err   error
}

// NewReader returns a Reader of data.
func NewReader(data []byte) *Reader { return &Reader{rest: data} }

// Fail makes the data damaged.
func (r *Reader) Fail() {
	r.err, r.rest = ErrDamaged, nil
}

// Err is ErrDamaged if anything was wrong so far.
func (r *Reader) Err() error { return r.err }

// End is ErrDamaged if anything was wrong, or if there is more to read.
func (r *Reader) End() error {
	if len(r.rest) > 0 {
		r.Fail()
	}
	return r.err
}

// Byte reads one byte.
func (r *Reader) Byte() byte {
	if len(r.rest) == 0 {
		r.Fail()
		return 0
	}
	v := r.rest[0]
	r.rest = r.rest[1:]
	return v
}

// Raw fills v.
func (r *Reader) Raw(v []byte) {
	if len(r.rest) < len(v) {
		r.Fail()
		return
	}
	r.rest = r.rest[copy(v, r.rest):]
}

// Uint reads a number that is not above a maximum.
func (r *Reader) Uint(maximum uint64) uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || v > maximum {
		r.Fail()
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// Int reads a number.
func (r *Reader) Int() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.Fail()
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// Float reads a number.
func (r *Reader) Float() float64 {
	if len(r.rest) < 8 {
		r.Fail()
		return 0
	}
	v := math.Float64frombits(binary.LittleEndian.Uint64(r.rest))
	r.rest = r.rest[8:]
	return v
}

// Time reads nanoseconds since 1970, 0 for unknown.
func (r *Reader) Time() int64 { return r.TimeFrom(0) }

// TimeFrom reads a time as its distance to a base.
func (r *Reader) TimeFrom(base int64) int64 {
	d := r.Int()
	if d > maxTime || d < -maxTime || base+d < 0 || base+d > maxTime {
		r.Fail()
		return 0
	}
	return base + d
}

// Count reads a number of things of at least so many bytes each, of which as many must follow.
func (r *Reader) Count(least int) int {
	return int(r.Uint(uint64(len(r.rest) / least)))
}

// Text reads a text.
func (r *Reader) Text() string {
	switch n := r.Uint(uint64(len(r.texts)) + 1); n {
	case 0:
		return ""
	case 1:
		size := int(r.Uint(uint64(len(r.rest))))
		if r.err != nil || size == 0 || size > len(r.rest) {
			r.Fail()
			return ""
		}
		v := string(r.rest[:size])
		r.rest = r.rest[size:]
		r.texts = append(r.texts, v)
		return v
	default:
		return r.texts[n-2]
	}
}

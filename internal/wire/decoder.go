// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"math"
	"time"
)

// maxCounts bounds what TakeCounts allocates for one record, whatever its size.
const maxCounts = 1 << 29

// maxNanos is the latest time in nanoseconds since 1970 that Nanos reads: in the year 2242.
// Differences of times do not overflow.
const maxNanos = int64(1)<<33*1_000_000_000 + 999_999_999

// Decoder reads what an Encoder wrote. The first error sticks, and all that follows reads as zero.
type Decoder struct {
	// Version is the format of the record that was begun last.
	Version byte

	rest  []byte
	texts []string
	// counts may still be allocated: zeros among them cost no bytes.
	counts int
	err    error
}

// NewDecoder returns a Decoder of bytes without a header. What it reads does not share memory with
// them, but for that of Bytes and Rest.
func NewDecoder(data []byte) *Decoder {
	return &Decoder{rest: data, counts: min(1<<20+5000*len(data), maxCounts)}
}

// Fail makes the record corrupt.
func (d *Decoder) Fail() { d.failWith(ErrCorrupt) }

func (d *Decoder) failWith(err error) {
	if d.err == nil {
		d.err = err
	}
	d.rest = nil
}

// Err returns what was wrong first.
func (d *Decoder) Err() error { return d.err }

// Len returns the number of bytes that have not been read; 0 after an error.
func (d *Decoder) Len() int { return len(d.rest) }

// End returns what was wrong first; it is ErrCorrupt if there is more to read.
func (d *Decoder) End() error {
	if len(d.rest) > 0 {
		d.Fail()
	}
	return d.err
}

// Byte reads a byte.
func (d *Decoder) Byte() byte {
	if len(d.rest) == 0 {
		d.Fail()
		return 0
	}
	v := d.rest[0]
	d.rest = d.rest[1:]
	return v
}

// Raw fills v.
func (d *Decoder) Raw(v []byte) {
	if len(d.rest) < len(v) {
		d.Fail()
		return
	}
	d.rest = d.rest[copy(v, d.rest):]
}

// Bool reads a boolean.
func (d *Decoder) Bool() bool { return d.UvarintTo(1) == 1 }

// Uvarint reads an integer that is not negative.
func (d *Decoder) Uvarint() uint64 { return d.UvarintTo(math.MaxUint64) }

// UvarintTo reads an integer that is not negative and not above most.
func (d *Decoder) UvarintTo(most uint64) uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 || v > most {
		d.Fail()
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

// Varint reads an integer.
func (d *Decoder) Varint() int64 {
	v, n := binary.Varint(d.rest)
	if n <= 0 {
		d.Fail()
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

// Uint64 reads an integer of eight bytes.
func (d *Decoder) Uint64() uint64 {
	if len(d.rest) < 8 {
		d.Fail()
		return 0
	}
	v := binary.LittleEndian.Uint64(d.rest)
	d.rest = d.rest[8:]
	return v
}

// Float64 reads a number.
func (d *Decoder) Float64() float64 { return math.Float64frombits(d.Uint64()) }

// Float64s reads numbers, nil for none.
func (d *Decoder) Float64s() []float64 {
	n := d.Count(8)
	if n == 0 {
		return nil
	}
	out := make([]float64, n)
	for i := range out {
		out[i] = d.Float64()
	}
	return out
}

// Time reads a time in UTC.
func (d *Decoder) Time() time.Time {
	v := d.Varint()
	if v == 0 {
		return time.Time{}
	}
	return time.Unix(0, v).UTC()
}

// Nanos reads nanoseconds since 1970 that Varint wrote; 0 is unknown.
func (d *Decoder) Nanos() int64 { return d.NanosFrom(0) }

// NanosFrom reads nanoseconds since 1970 that were written as their distance to a base.
func (d *Decoder) NanosFrom(base int64) int64 {
	v := d.Varint()
	if v > maxNanos || v < -maxNanos || base+v < 0 || base+v > maxNanos {
		d.Fail()
		return 0
	}
	return base + v
}

// Count reads a number of things of at least so many bytes each, of which as many must follow.
func (d *Decoder) Count(least int) int {
	n := d.Uvarint()
	if n > uint64(len(d.rest)/least) {
		d.Fail()
		return 0
	}
	return int(n)
}

// Bytes reads bytes after their number. They are those of the record, not a copy.
func (d *Decoder) Bytes() []byte {
	n := d.Count(1)
	v := d.rest[:n]
	d.rest = d.rest[n:]
	return v
}

// Rest reads the bytes that are left. They are those of the record, not a copy.
func (d *Decoder) Rest() []byte {
	v := d.rest
	d.rest = nil
	return v
}

// String reads a string.
func (d *Decoder) String() string { return string(d.Bytes()) }

// Text reads a string that Text wrote.
func (d *Decoder) Text() string {
	switch n := d.UvarintTo(uint64(len(d.texts)) + 1); n {
	case 0:
		return ""
	case 1:
		s := d.String()
		if s == "" {
			d.Fail()
			return ""
		}
		d.texts = append(d.texts, s)
		return s
	default:
		return d.texts[n-2]
	}
}

// TakeCounts reads counts, nil for none.
func TakeCounts[T uint32 | uint64](d *Decoder) []T {
	n := int(d.UvarintTo(uint64(d.counts)))
	if n == 0 {
		return nil
	}
	d.counts -= n
	out := make([]T, n)
	for i := 0; i < n && d.err == nil; i++ {
		v := d.UvarintTo(uint64(^T(0)))
		if v == 0 {
			i += int(d.UvarintTo(uint64(n - i - 1)))
			continue
		}
		out[i] = T(v)
	}
	return out
}

// TakeSparse reads counts, at most so many, and calls yield with those that are not zero, in order.
// It allocates nothing for the others.
func TakeSparse(d *Decoder, most uint32, yield func(i uint32, count uint64)) {
	n := uint32(d.UvarintTo(uint64(most)))
	for i := uint32(0); i < n && d.err == nil; i++ {
		count := d.Uvarint()
		if count == 0 {
			i += uint32(d.UvarintTo(uint64(n - i - 1)))
			continue
		}
		yield(i, count)
	}
}

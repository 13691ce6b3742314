// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"

	"github.com/otelcol-ml/otelcol-ml/internal/boundedname"
	"github.com/otelcol-ml/otelcol-ml/internal/value"
)

// A saved value is the magic, the format's version, the payload of varints, and a CRC-32 (Castagnoli) of all before it.
const (
	magic         = "mldrift"
	formatVersion = 3
	// oldestVersion is the oldest format that is read: version 2 has no clock of its own, no totals of what found no room, and one
	// more flag a series.
	oldestVersion = 2
)

// maxBudget bounds the cells of a value whatever its size.
const maxBudget = 1 << 29

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var errCorrupt = errors.New("the value is corrupt")

// encoder appends varints.
type encoder struct{ b []byte }

func newEncoder(size int) *encoder {
	return &encoder{b: append(append(make([]byte, 0, size), magic...), formatVersion)}
}

func (e *encoder) finish() []byte {
	return binary.LittleEndian.AppendUint32(e.b, crc32.Checksum(e.b, castagnoli))
}

func (e *encoder) uint(v uint64)   { e.b = binary.AppendUvarint(e.b, v) }
func (e *encoder) int(v int64)     { e.b = binary.AppendVarint(e.b, v) }
func (e *encoder) float(v float64) { e.b = binary.LittleEndian.AppendUint64(e.b, math.Float64bits(v)) }
func (e *encoder) bool(v bool)     { e.b = append(e.b, map[bool]byte{true: 1}[v]) }
func (e *encoder) string(s string) { e.uint(uint64(len(s))); e.b = append(e.b, s...) }
func (e *encoder) floats(s []float64) {
	e.uint(uint64(len(s)))
	for _, v := range s {
		e.float(v)
	}
}

// cells writes a length and the values; a zero is followed by how many more zeros follow.
func cells[T uint32 | uint64](e *encoder, s []T) {
	e.uint(uint64(len(s)))
	for i := 0; i < len(s); i++ {
		if s[i] != 0 {
			e.uint(uint64(s[i]))
			continue
		}
		j := i + 1
		for j < len(s) && s[j] == 0 {
			j++
		}
		e.uint(0)
		e.uint(uint64(j - i - 1))
		i = j - 1
	}
}

// decoder reads what an encoder wrote. The first error sticks, and all that follows reads as zero.
type decoder struct {
	b       []byte
	version byte // of the format
	err     error
	budget  int    // cells that may still be allocated: zeros cost no bytes
	cuts    uint64 // names that were too long
	respelt bool   // a category has another spelling now
	// written are the series of a model as they were written, by version and segment.
	written [][][]*series
	groups  [][]*segment
}

// newDecoder checks magic, version and checksum.
func newDecoder(data []byte) (*decoder, error) {
	if len(data) < len(magic)+1+4 || string(data[:len(magic)]) != magic {
		return nil, fmt.Errorf("%w: it does not begin with %q", errCorrupt, magic)
	}
	version := data[len(magic)]
	if version < oldestVersion || version > formatVersion {
		return nil, fmt.Errorf("format version %d is not known (this version reads %d to %d)", version, oldestVersion, formatVersion)
	}
	body, sum := data[:len(data)-4], data[len(data)-4:]
	if binary.LittleEndian.Uint32(sum) != crc32.Checksum(body, castagnoli) {
		return nil, fmt.Errorf("%w: wrong checksum", errCorrupt)
	}
	return &decoder{b: body[len(magic)+1:], version: version, budget: min(1<<20+5000*len(data), maxBudget)}, nil
}

func (d *decoder) fail() {
	if d.err == nil {
		d.err = errCorrupt
	}
	d.b = nil
}

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) int() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) float() float64 {
	if len(d.b) < 8 {
		d.fail()
		return 0
	}
	v := math.Float64frombits(binary.LittleEndian.Uint64(d.b))
	d.b = d.b[8:]
	return v
}

func (d *decoder) bool() bool { return d.small(1) == 1 }

// small reads a number of at most most.
func (d *decoder) small(most uint64) uint64 {
	v := d.uint()
	if v > most {
		d.fail()
		return 0
	}
	return v
}

// length reads the number of items that take at least size bytes each.
func (d *decoder) length(size int) int {
	v := d.uint()
	if v > uint64(len(d.b)/size) {
		d.fail()
		return 0
	}
	return int(v)
}

func (d *decoder) string() string {
	n := d.length(1)
	if d.err != nil {
		return ""
	}
	s := string(d.b[:n])
	d.b = d.b[n:]
	return s
}

// name reads a name and cuts it where it is longer than those that are kept from telemetry.
func (d *decoder) name() string {
	n := d.length(1)
	if d.err != nil {
		return ""
	}
	s, cut := boundedname.Cut(string(d.b[:min(n, boundedname.Max+1)]))
	if cut {
		d.cuts++
	}
	d.b = d.b[n:]
	return s
}

// category reads the name of a category. One that an older version spelt in another way is read as it is spelt now.
func (d *decoder) category() string {
	name := d.name()
	category := value.Category(name)
	d.respelt = d.respelt || category != name
	return category
}

// time reads seconds since 1970 that some clock may show.
func (d *decoder) time() int64 {
	t := d.int()
	if t < -maxTime || t > maxTime {
		d.fail()
		return 0
	}
	return t
}

// maxTime is beyond what calendars have, in seconds.
const maxTime = 1 << 40

func (d *decoder) floats() []float64 {
	n := d.length(8)
	if n == 0 {
		return nil
	}
	out := make([]float64, n)
	for i := range out {
		out[i] = d.float()
	}
	return out
}

func readCells[T uint32 | uint64](d *decoder) []T {
	n := d.uint()
	if n > uint64(max(d.budget, 0)) {
		d.fail()
	}
	if n == 0 || d.err != nil {
		return nil
	}
	d.budget -= int(n)
	out := make([]T, n)
	for i := 0; i < len(out) && d.err == nil; i++ {
		v := d.uint()
		if v == 0 {
			i += int(d.small(uint64(len(out) - i - 1)))
			continue
		}
		if v > uint64(^T(0)) {
			d.fail()
		}
		out[i] = T(v)
	}
	return out
}

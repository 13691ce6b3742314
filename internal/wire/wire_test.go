// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var testFormat = Format{Magic: "test", Version: 3}

// step is one value of a record: how it is written, and a check of what is read.
type step struct {
	put  func(e *Encoder)
	take func(d *Decoder) (want, got any)
}

// random returns steps of every kind.
func random(r *rand.Rand, n int) []step {
	texts := []string{"", "a", "much the same", "ä"}
	for i := range 70 {
		texts = append(texts, fmt.Sprint("text ", i))
	}
	steps := make([]step, 0, n)
	for range n {
		u := r.Uint64() >> r.IntN(64)
		s := int64(u)
		if r.IntN(2) == 0 {
			s = -s
		}
		text := texts[r.IntN(len(texts))]
		floats := make([]float64, r.IntN(4))
		for i := range floats {
			floats[i] = r.NormFloat64()
		}
		counts, wide := make([]uint32, r.IntN(40)), make([]uint64, r.IntN(40))
		for i := range counts {
			counts[i] = uint32(r.IntN(3)) * uint32(u)
		}
		for i := range wide {
			wide[i] = uint64(r.IntN(2)) * u
		}
		base := r.Int64N(maxNanos)
		at := r.Int64N(maxNanos)
		moment := time.Unix(0, r.Int64()).UTC()
		kinds := []step{
			{func(e *Encoder) { e.Byte(byte(u)) }, func(d *Decoder) (any, any) { return byte(u), d.Byte() }},
			{func(e *Encoder) { e.Bool(u&1 == 1) }, func(d *Decoder) (any, any) { return u&1 == 1, d.Bool() }},
			{func(e *Encoder) { e.Uvarint(u) }, func(d *Decoder) (any, any) { return u, d.Uvarint() }},
			{func(e *Encoder) { e.Uvarint(u) }, func(d *Decoder) (any, any) { return u, d.UvarintTo(u) }},
			{func(e *Encoder) { e.Varint(s) }, func(d *Decoder) (any, any) { return s, d.Varint() }},
			{func(e *Encoder) { e.Uint64(u) }, func(d *Decoder) (any, any) { return u, d.Uint64() }},
			{func(e *Encoder) { e.Float64(float64(s) / 7) }, func(d *Decoder) (any, any) { return float64(s) / 7, d.Float64() }},
			{func(e *Encoder) { e.Float64(math.NaN()) }, func(d *Decoder) (any, any) { return math.Float64bits(math.NaN()), math.Float64bits(d.Float64()) }},
			{func(e *Encoder) { e.Float64s(floats) }, func(d *Decoder) (any, any) { return some(floats), d.Float64s() }},
			{func(e *Encoder) { e.String(text) }, func(d *Decoder) (any, any) { return text, d.String() }},
			{func(e *Encoder) { e.String(text) }, func(d *Decoder) (any, any) { return text, string(d.Bytes()) }},
			{func(e *Encoder) { e.Text(text) }, func(d *Decoder) (any, any) { return text, d.Text() }},
			{func(e *Encoder) { e.Raw([]byte(text)) }, func(d *Decoder) (any, any) {
				v := make([]byte, len(text))
				d.Raw(v)
				return []byte(text), v
			}},
			{func(e *Encoder) { e.Time(time.Time{}) }, func(d *Decoder) (any, any) { return time.Time{}, d.Time() }},
			{func(e *Encoder) { e.Time(moment) }, func(d *Decoder) (any, any) { return moment, d.Time() }},
			{func(e *Encoder) { e.Varint(at) }, func(d *Decoder) (any, any) { return at, d.Nanos() }},
			{func(e *Encoder) { e.Varint(at - base) }, func(d *Decoder) (any, any) { return at, d.NanosFrom(base) }},
			{func(e *Encoder) { PutCounts(e, counts) }, func(d *Decoder) (any, any) { return some(counts), TakeCounts[uint32](d) }},
			{func(e *Encoder) { PutCounts(e, wide) }, func(d *Decoder) (any, any) { return some(wide), TakeCounts[uint64](d) }},
			{func(e *Encoder) { PutSparse(e, sparse(wide)) }, func(d *Decoder) (any, any) { return trimmed(wide), TakeCounts[uint64](d) }},
			{func(e *Encoder) { PutCounts(e, wide) }, func(d *Decoder) (any, any) {
				got := make([]uint64, len(wide))
				TakeSparse(d, uint32(len(wide)), func(i uint32, count uint64) { got[i] = count })
				return some(wide), some(got)
			}},
			{func(e *Encoder) { Format{Version: 1}.Put(e) }, func(d *Decoder) (any, any) { Format{Version: 2}.Take(d); return byte(1), d.Version }},
		}
		steps = append(steps, kinds[r.IntN(len(kinds))])
	}
	return steps
}

// read begins to read a record without a seal.
func read(f Format, data []byte) *Decoder {
	d := NewDecoder(data)
	f.Take(d)
	return d
}

// sparse calls yield with the counts that are not zero.
func sparse(s []uint64) func(func(uint32, uint64)) {
	return func(yield func(uint32, uint64)) {
		for i, count := range s {
			if count != 0 {
				yield(uint32(i), count)
			}
		}
	}
}

// trimmed is s without the zeros at its end, nil for none.
func trimmed(s []uint64) []uint64 {
	for len(s) > 0 && s[len(s)-1] == 0 {
		s = s[:len(s)-1]
	}
	return some(s)
}

// some is nil for none.
func some[T any](s []T) []T {
	if len(s) == 0 {
		return nil
	}
	return s
}

// What is written is read back, whatever it is and however often; and no part of it is a record.
func TestRoundTrip(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		steps := random(r, 1+r.IntN(100))
		e := testFormat.NewEncoder(16)
		for _, s := range steps {
			s.put(e)
		}
		plain := bytes.Clone(e.Bytes())
		record := e.Seal()
		d, err := testFormat.Open(record)
		require.NoError(t, err)
		require.Equal(t, byte(3), d.Version)
		for _, s := range steps {
			want, got := s.take(d)
			require.Equal(t, want, got)
		}
		require.NoError(t, d.End())
		require.Zero(t, d.Len())
		require.NoError(t, read(testFormat, plain).Err())

		flipped := bytes.Clone(record)
		flipped[len("test")+1+r.IntN(len(record)-len("test")-1)] ^= 1 << r.IntN(8)
		_, err = testFormat.Open(flipped)
		require.ErrorIs(t, err, ErrCorrupt)
		cut := record[:r.IntN(len(record))]
		_, err = testFormat.Open(cut)
		require.ErrorIs(t, err, ErrCorrupt)
		// Without a seal, a part that is read as far as it goes is an error in the end, and no
		// panic.
		d = read(testFormat, plain[:r.IntN(len(plain))])
		for _, s := range steps {
			s.take(d)
		}
		if len(plain) > len("test")+1 {
			require.Error(t, d.End())
		}
	}
}

// The bytes are those that were written before there was this package.
func TestBytes(t *testing.T) {
	want := append([]byte("mldrift"), 3)
	want = binary.AppendUvarint(want, 300)
	want = binary.AppendVarint(want, -5)
	want = binary.LittleEndian.AppendUint64(want, math.Float64bits(0.1))
	want = append(want, 1, 2, 'a', 'b')
	want = append(want, 6, 0, 2, 7, 0, 1)           // three zeros, 7, two zeros
	want = append(want, 1, 1, 'x', 0, 1, 1, 'y', 2) // x, "", y, x
	want = binary.LittleEndian.AppendUint32(want, crc32.Checksum(want, crc32.MakeTable(crc32.Castagnoli)))
	e := Format{Magic: "mldrift", Version: 3}.NewEncoder(0)
	e.Uvarint(300)
	e.Varint(-5)
	e.Float64(0.1)
	e.Bool(true)
	e.String("ab")
	PutCounts(e, []uint64{0, 0, 0, 7, 0, 0})
	for _, s := range []string{"x", "", "y", "x"} {
		e.Text(s)
	}
	assert.Equal(t, want, e.Seal())
}

// A format and the one before are read, and no other.
func TestVersions(t *testing.T) {
	record := func(version byte) []byte { return Format{Magic: "m", Version: version}.NewEncoder(8).Seal() }
	for _, c := range []struct {
		reads, version byte
		ok             bool
	}{{1, 0, false}, {1, 1, true}, {1, 2, false}, {2, 1, true}, {2, 2, true}, {2, 3, false}, {3, 1, false}, {3, 2, true}, {3, 3, true}, {3, 4, false}} {
		d, err := Format{Magic: "m", Version: c.reads}.Open(record(c.version))
		if !c.ok {
			require.ErrorIs(t, err, ErrFormat, "%+v", c)
			assert.ErrorContains(t, err, fmt.Sprintf("format version %d ", c.version))
			continue
		}
		require.NoError(t, err, "%+v", c)
		assert.Equal(t, c.version, d.Version)
	}
	_, err := Format{Magic: "other", Version: 1}.Open(record(1))
	require.EqualError(t, err, `the value is corrupt: it does not begin with "other"`)
	_, err = Format{Version: 1}.Open(nil)
	require.ErrorIs(t, err, ErrCorrupt)
}

func TestOutOfRange(t *testing.T) {
	for name, c := range map[string]struct {
		put  func(e *Encoder)
		take func(d *Decoder)
	}{
		"above the most":       {func(e *Encoder) { e.Uvarint(8) }, func(d *Decoder) { d.UvarintTo(7) }},
		"no boolean":           {func(e *Encoder) { e.Uvarint(2) }, func(d *Decoder) { d.Bool() }},
		"more than follow":     {func(e *Encoder) { e.Uvarint(2); e.Uint64(1) }, func(d *Decoder) { d.Count(8) }},
		"a time before 1970":   {func(e *Encoder) { e.Varint(-1) }, func(d *Decoder) { d.Nanos() }},
		"a time after 2242":    {func(e *Encoder) { e.Varint(math.MaxInt64) }, func(d *Decoder) { d.Nanos() }},
		"a text nobody wrote":  {func(e *Encoder) { e.Uvarint(2) }, func(d *Decoder) { d.Text() }},
		"an empty text":        {func(e *Encoder) { e.Uvarint(1); e.Uvarint(0) }, func(d *Decoder) { d.Text() }},
		"a count of 33 bits":   {func(e *Encoder) { e.Uvarint(1); e.Uvarint(1 << 32) }, func(d *Decoder) { TakeCounts[uint32](d) }},
		"zeros past the end":   {func(e *Encoder) { e.Uvarint(2); e.Uvarint(0); e.Uvarint(2) }, func(d *Decoder) { TakeCounts[uint32](d) }},
		"zeros beyond measure": {func(e *Encoder) { e.Uvarint(1 << 28); e.Uvarint(0); e.Uvarint(1<<28 - 1) }, func(d *Decoder) { TakeCounts[uint64](d) }},
	} {
		e := testFormat.NewEncoder(16)
		c.put(e)
		d := read(testFormat, e.Bytes())
		c.take(d)
		require.ErrorIs(t, d.Err(), ErrCorrupt, name)
		assert.Zero(t, d.Len(), name)
		testFormat.Take(d) // the first error stays
		require.ErrorIs(t, d.End(), ErrCorrupt, name)
	}
}

// FuzzDecoder: no bytes make a Decoder panic or allocate without measure.
func FuzzDecoder(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 1))
	e := Format{Version: 1}.NewEncoder(16)
	for _, s := range random(r, 50) {
		s.put(e)
	}
	f.Add(uint64(1), e.Bytes())
	f.Fuzz(func(t *testing.T, seed uint64, data []byte) {
		d := read(Format{Version: 1}, data)
		for _, s := range random(rand.New(rand.NewPCG(seed, 1)), 50) {
			s.take(d)
		}
		if d.End() == nil && d.Len() > 0 {
			t.Fatal("the end is not the end")
		}
	})
}

// JSON in a record is read back; so is plain JSON, by the first format alone.
func TestJSON(t *testing.T) {
	first, second := Format{Version: 1}, Format{Version: 2}
	record, err := first.EncodeJSON([]int{1, 2})
	require.NoError(t, err)
	for _, f := range []Format{first, second} {
		var got []int
		require.NoError(t, f.DecodeJSON(record, &got))
		assert.Equal(t, []int{1, 2}, got)
	}

	var got []int
	require.NoError(t, first.DecodeJSON([]byte("[3]"), &got))
	assert.Equal(t, []int{3}, got)
	require.ErrorIs(t, second.DecodeJSON([]byte("[3] and more"), &got), ErrFormat)
	require.Error(t, first.DecodeJSON([]byte("["), &got))
	require.ErrorIs(t, first.DecodeJSON(nil, &got), ErrCorrupt)
	record[2] ^= 1
	require.ErrorIs(t, first.DecodeJSON(record, &got), ErrCorrupt)
	_, err = first.EncodeJSON(make(chan int))
	require.Error(t, err)
}

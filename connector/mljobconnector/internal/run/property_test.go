// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package run

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// rounds is the number of random runs per property.
const rounds = 300

func TestOrderAndRepetitionDoNotMatter(t *testing.T) {
	for seed := range uint64(rounds) {
		rng := rand.New(rand.NewPCG(seed, 1))
		spans := randomSpans(rng)
		want := dump(of(spans...))
		equal(t, "shuffled", want, dump(of(twice(rng, spans)...)))
	}
}

func TestMergeIsAddingTheSpans(t *testing.T) {
	for seed := range uint64(rounds) {
		rng := rand.New(rand.NewPCG(seed, 2))
		spans := randomSpans(rng)
		want := dump(of(spans...))
		// Each span is in one part, or in both.
		var left, right []Span
		for _, s := range spans {
			side := rng.IntN(3)
			if side != 0 {
				left = append(left, s)
			}
			if side != 1 {
				right = append(right, s)
			}
		}
		a := of(left...)
		a.Merge(of(right...))
		equal(t, "left takes right", want, dump(a))
		b := of(right...)
		b.Merge(of(left...))
		equal(t, "right takes left", want, dump(b))
	}
}

func TestCodecAtAnyPrefix(t *testing.T) {
	for seed := range uint64(rounds / 3) {
		rng := rand.New(rand.NewPCG(seed, 3))
		spans := randomSpans(rng)
		r := newRun(DefaultLimits)
		for i := range spans {
			r.Add(&spans[i], at(1000+i))
			data := encoded(r)
			read := New(Key{}, "", true, DefaultLimits)
			if err := decode(read, data); err != nil {
				t.Fatal(err)
			}
			equal(t, "read", dump(r), dump(read))
			if again := encoded(read); !bytes.Equal(data, again) {
				t.Fatal("what was read is written in another way")
			}
			if i%5 == 0 {
				r = read // goes on as if nothing had happened
			}
			if r.Add(&spans[i], at(1000+i)) && spans[i].Kind != KindRoot {
				t.Fatalf("span %d was taken twice", i)
			}
		}
		once := newRun(DefaultLimits)
		for i := range spans {
			once.Add(&spans[i], at(1000+i))
		}
		equal(t, "stored on the way", dump(once), dump(r))
	}
}

func TestCodecSharesNoMemory(t *testing.T) {
	r := of(span(KindStage, 1, 0, 10, task("load"), fails("ValueError", "no such table")))
	data := encoded(r)
	read := newRun(DefaultLimits)
	if err := decode(read, data); err != nil {
		t.Fatal(err)
	}
	for i := range data {
		data[i] = 0xff
	}
	equal(t, "after the data is gone", dump(r), dump(read))
}

func TestDamagedData(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	data := encoded(of(randomSpans(rng)...))
	r := of(span(KindStage, 1, 0, 10, task("load")))
	before := dump(r)
	for n := range data {
		if err := decode(r, data[:n]); err == nil {
			t.Fatalf("the first %d bytes of %d were read as a run", n, len(data))
		}
	}
	if err := decode(r, append(slices.Clone(data), 0)); err == nil {
		t.Fatal("a byte too many was not noticed")
	}
	data[0]++
	if err := decode(r, data); !errors.Is(err, wire.ErrFormat) {
		t.Fatalf("another version: %v", err)
	}
	equal(t, "after errors", before, dump(r))
}

func FuzzUnmarshal(f *testing.F) {
	for seed := range uint64(20) {
		data := encoded(of(randomSpans(rand.New(rand.NewPCG(seed, 4)))...))
		f.Add(data)
	}
	spare := span(KindStage, 999999, 0, 10, task("stage0"), fails("E", "m"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := newRun(DefaultLimits)
		if decode(r, data) != nil {
			return
		}
		_ = dump(r)
		r.Add(&spare, at(2000))
		other := of(spare)
		other.Merge(r)
		if err := decode(newRun(DefaultLimits), encoded(other)); err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
	})
}

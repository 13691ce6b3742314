// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package shadow

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

var now = start.Add(2 * time.Hour)

// After a restart all is as it was, but for what waited.
func TestSnapshot(t *testing.T) {
	all, _ := traffic(rand.New(rand.NewPCG(5, 5)), 600)
	e := New(options())
	for _, a := range all[:len(all)/2] {
		e.Answer(a, now)
	}
	again := New(options())
	require.NoError(t, again.Restore(e.Snapshot()))
	assert.Equal(t, resultsOf(e, now), resultsOf(again, now))
	for _, a := range all[len(all)/2:] {
		e.Answer(a, now)
		again.Answer(a, now)
	}
	want, got := resultsOf(e, now), resultsOf(again, now)
	require.Len(t, got, len(want))
	for name, w := range want {
		assert.InDelta(t, w.pairs(), got[name].pairs(), 4, "%s: those whose first side waited are lost", name)
	}
	first := again.Snapshot()
	assert.Equal(t, first, again.Snapshot(), "maps have no order")

	// With other bounds what has room stays.
	o := options()
	o.Comparisons, o.Segments, o.Classes = 2, 1, 2
	smaller := New(o)
	require.NoError(t, smaller.Restore(e.Snapshot()))
	got = resultsOf(smaller, now)
	assert.Len(t, got, 4)
	for name := range got {
		assert.InDelta(t, want[name].pairs(), got[name].pairs(), 1e-9)
	}
	o.Pairs = nil
	o.Comparisons = 10
	assert.NoError(t, smaller.Restore(e.Snapshot()))

	// The clock of what waits is that of the engine.
	again = New(options())
	require.NoError(t, again.Restore(e.Snapshot()))
	again.Answer(of(primary, 100_000, "ok"), now)
	again.Answer(of(shadow, 100_000, "ok"), now.Add(time.Hour))
	assert.Zero(t, again.Stats().Paired)
}

func TestRestoreRefuses(t *testing.T) {
	e := New(options())
	e.Answer(of(primary, 1, "ok"), now)
	e.Answer(of(shadow, 1, "ok"), now)
	snapshot := e.Snapshot()
	for i := range snapshot {
		assert.ErrorIs(t, e.Restore(snapshot[:i]), wire.ErrCorrupt)
	}
	longer := format.NewEncoder(10)
	longer.Uvarint(0)
	longer.Byte(1)
	assert.ErrorIs(t, e.Restore(longer.Seal()), wire.ErrCorrupt)
	newer := wire.Format{Magic: "mlshadow", Version: 9}.NewEncoder(10)
	assert.ErrorIs(t, e.Restore(newer.Seal()), wire.ErrFormat)
	assert.Len(t, resultsOf(e, now), 1, "the engine is as it was")
}

// A snapshot that was written by the first version of the format is read. WRITE_GOLDEN=1 writes it.
func TestGoldenSnapshot(t *testing.T) {
	all, _ := traffic(rand.New(rand.NewPCG(6, 6)), 60)
	e := New(options())
	for _, a := range all {
		e.Answer(a, now)
	}
	path := filepath.Join("testdata", "snapshot-1")
	if os.Getenv("WRITE_GOLDEN") != "" {
		require.NoError(t, os.WriteFile(path, e.Snapshot(), 0o600))
	}
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	golden := New(options())
	require.NoError(t, golden.Restore(data))
	want, got := resultsOf(e, now), resultsOf(golden, now)
	require.Len(t, got, len(want))
	for name, w := range want {
		g := got[name]
		assert.Equal(t, w.cells(), g.cells())
		assert.Equal(t, w.PrimaryFailed, g.PrimaryFailed)
		assert.Equal(t, w.Since, g.Since)
		require.Len(t, g.Scores, len(w.Scores))
		for _, s := range w.Scores {
			assert.InDelta(t, s.Upper, g.score(s.Measure).Upper, 1e-9)
		}
	}
}

func FuzzRestore(f *testing.F) {
	e := New(options())
	all, _ := traffic(rand.New(rand.NewPCG(7, 7)), 5)
	for _, a := range all {
		e.Answer(a, now)
	}
	snapshot := e.Snapshot()
	f.Add(snapshot[len(format.Magic)+1 : len(snapshot)-4])
	o := options()
	o.Waiting = 10
	f.Fuzz(func(t *testing.T, payload []byte) {
		w := format.NewEncoder(len(payload))
		w.Raw(payload)
		e := New(o)
		if e.Restore(w.Seal()) != nil {
			return
		}
		e.Answer(of(primary, 1, "ok"), now)
		e.Answer(of(shadow, 1, "ok"), now)
		e.Results(now, func(*Result) {})
		if again := New(o); again.Restore(e.Snapshot()) != nil {
			t.Error("its own snapshot is not read")
		}
	})
}

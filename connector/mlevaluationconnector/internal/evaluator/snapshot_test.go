// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluator

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/eventtime"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// counted is a table with something of everything.
func counted() *Table {
	o := options()
	o.MaxSeries, o.MaxCounts = 8, 3
	table := NewTable(o)
	answers, judgements := random(rand.New(rand.NewPCG(3, 4)), 200)
	for i := range answers {
		table.Judge(answers[i], judgements[i], noon)
	}
	return table
}

func TestSnapshotIsRestored(t *testing.T) {
	table := counted()
	record := table.Snapshot()
	again := NewTable(table.options)
	require.NoError(t, again.Restore(record))
	assert.Equal(t, record, again.Snapshot())
	assert.Equal(t, table.stats.Series, again.stats.Series)
	assert.Equal(t, rows(table, noon), rows(again, noon))

	more, judgement := answered("a", 0), scored("relevance", 0.5, "x")
	table.Judge(more, judgement, noon)
	again.Judge(more, judgement, noon)
	assert.Equal(t, rows(table, noon.Add(time.Minute)), rows(again, noon.Add(time.Minute)))
}

func TestSnapshotOfEachFormat(t *testing.T) {
	write := func() map[string][]byte { return map[string][]byte{"table": counted().Snapshot()} }
	testkit.GoldenStores(t, write, func(t *testing.T, stored map[string][]byte) {
		again := NewTable(counted().options)
		require.NoError(t, again.Restore(stored["table"]))
		assert.Equal(t, rows(counted(), noon), rows(again, noon))
	})
}

func TestSnapshotThatDoesNotFit(t *testing.T) {
	record := counted().Snapshot()
	o := options()
	o.MaxSeries, o.MaxCounts = 2, 1
	small := NewTable(o)
	require.NoError(t, small.Restore(record))
	assert.Equal(t, 2, small.Stats().Series)
	for _, r := range rows(small, noon) {
		if r.evaluator != "" {
			assert.Contains(t, r.counts, "*=")
		}
	}

	o.Panes.Window = eventtime.Window{Calendar: "day"}
	require.ErrorIs(t, NewTable(o).Restore(record), ErrOtherWindow)
	require.ErrorIs(t, small.Restore(record[:len(record)-1]), wire.ErrCorrupt)
	require.ErrorIs(t, small.Restore(nil), wire.ErrCorrupt)
}

func FuzzRestore(f *testing.F) {
	small := NewTable(options())
	small.Judge(answered("a", 0, "s=1"), scored("relevance", 0.5, "x"), noon)
	small.Judge(answered("a", -time.Hour), &Judgement{Source: Source{Evaluator: "relevance"}, ErrorType: "timeout"}, noon)
	record := small.Snapshot()
	f.Add(record[:len(record)-4])
	f.Fuzz(func(t *testing.T, data []byte) {
		// With the right checksum, so that what is behind it is reached.
		var e wire.Encoder
		e.Raw(data)
		table := NewTable(options())
		if table.Restore(e.Seal()) != nil {
			return
		}
		series := 0
		table.Results(noon, func(r *Result) {
			if !r.Overflow {
				series++
			}
		})
		assert.Equal(t, table.Stats().Series, series)
		table.Judge(answered("a", 0), scored("relevance", 1, "x"), noon)
		table.Unjudge(answered("a", 0), scored("relevance", 1, "x"))
		require.NoError(t, NewTable(options()).Restore(table.Snapshot()))
	})
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package quality

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/answer"
	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
	"github.com/otelcol-ml/otelcol-ml/internal/eventtime"
	"github.com/otelcol-ml/otelcol-ml/internal/label"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// described is all that results say, in a text, sorted.
func described(give func(func(*Result))) string {
	var out []string
	give(func(r *Result) {
		shown, total := *r, Total{}
		shown.Confusion, shown.Total = nil, nil
		if r.Total != nil {
			total = *r.Total
		}
		counts := cellsOf(total.Confusion)
		total.Confusion = nil
		out = append(out, fmt.Sprintf("%+v\n%+v\n%v\n%v\n", shown, total, cellsOf(r.Confusion), counts))
	})
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// twoVersions are versions 1 and 2 of a model, 2 against 1, with live and gold labels, a part of which
// is matured.
func twoVersions(e *Engine, rows int) {
	e.SetTasks(against1)
	s := &stream{rnd: rand.New(rand.NewPCG(5, 6))}
	s.answer = func(a *answer.Answer) {
		kinds["binary"].answer(s.rnd, a)
		a.Key, a.Weight = fmt.Sprint(s.rnd.IntN(300)), 1 // trials have no weights
	}
	s.label = func(a *answer.Answer, l *label.Label) {
		kinds["binary"].label(s.rnd, a, l)
		l.Weight = 1
	}
	s.make(rows)
	s.run(e)
}

func against1(id prediction.Identity) Task {
	t := calibrated("fraud")
	if id.Version == "2" {
		t.Against = "1"
	}
	return t
}

var restoreOptions = Options{
	Window: eventtime.Window{Length: 96 * time.Hour}, Maturity: day, Closed: true,
	Margins: map[evaluation.Measure]float64{evaluation.MeasureFPR: 0.005, evaluation.MeasureAccuracy: 0.01},
}

// What is shown after a restart is what was shown before, in whatever order records are read, and goes
// on alike.
func TestRestoredEnginesShowTheSame(t *testing.T) {
	e := New(restoreOptions)
	twoVersions(e, 3000)
	stored := map[string][]byte{}
	save := func() (records int) {
		e.Snapshot(func(key string, record []byte) {
			records++
			if record == nil {
				delete(stored, key)
				return
			}
			stored[key] = record
		})
		return records
	}
	restored := func() *Engine {
		again := New(restoreOptions)
		if len(stored)%2 == 0 {
			again.SetTasks(against1)
		}
		for key, record := range stored {
			require.NoError(t, again.Restore(key, record))
		}
		assert.Empty(t, again.SetTasks(against1))
		return again
	}
	first := save()
	assert.Greater(t, first, 50)
	assert.Zero(t, save(), "nothing has changed")

	want := described(e.Results)
	for _, part := range []string{"1 Method:sequential", "1 Method:paired", "live", "estimate"} {
		require.Contains(t, want, "ComparedWith:"+part)
	}
	again := restored()
	assert.Equal(t, want, described(again.Results))

	// A label more touches the records of its series alone.
	a := &answer.Answer{Identity: prediction.Identity{Name: "m", Version: "2"}, Time: monday.Add(19 * day).UnixNano(), Weight: 1, Class: "fraud"}
	for _, x := range []*Engine{e, again} {
		x.Label(a, after(a, time.Hour, "ok"))
	}
	assert.Equal(t, 2, save())
	assert.Equal(t, described(e.Results), described(again.Results))

	// Time goes on: what is over leaves the store.
	now := monday.Add(41 * day)
	closed := func(x *Engine) string { return described(func(f func(*Result)) { x.Closed(now, false, f) }) }
	assert.Equal(t, closed(e), closed(restored()))
	save()
	assert.Empty(t, closed(restored()), "what was given is known to have been")
	before := len(stored)
	a.Time = monday.Add(39 * day).UnixNano()
	e.Predict(a, now)
	e.Advance(now)
	save()
	assert.Less(t, len(stored), before)
	again = restored()
	assert.Equal(t, described(e.Results), described(again.Results))
	assert.Equal(t, e.Stats().Items, again.Stats().Items)
}

// What was found before is not shown when something late has changed it: each emission is that of an
// engine that finds all anew.
func TestLateRowsChangeWhatIsShown(t *testing.T) {
	for _, closed := range []bool{false, true} {
		o := restoreOptions
		o.Closed = closed
		e := New(o)
		twoVersions(e, 800)
		stored := map[string][]byte{}
		var waiting []*answer.Answer
		rnd := rand.New(rand.NewPCG(9, 9))
		now := monday.Add(40 * day)
		changed := 0
		before := ""
		for i := range 30 {
			a := scored([]string{"1", "2"}[rnd.IntN(2)], time.Duration(rnd.Int64N(int64(20*day))), "fraud", rnd.Float64())
			a.Name = "m"
			if rnd.IntN(3) == 0 {
				a.Segments = []string{"d0=1"}
			}
			e.Predict(a, now)
			waiting = append(waiting, a)
			if i%3 > 0 {
				a = waiting[rnd.IntN(len(waiting))]
			}
			l := after(a, time.Duration(rnd.Int64N(int64(2*day))), []string{"ok", "fraud"}[i%2])
			l.Set = []string{"", "gold"}[rnd.IntN(4)/3]
			e.Label(a, l)
			if rnd.IntN(3) == 0 {
				e.Unlabel(a, l)
			}
			if i%10 > 4 { // a label alone
				a = waiting[rnd.IntN(len(waiting))]
				e.Results(func(*Result) {})
				e.Label(a, after(a, time.Hour, "ok"))
			}
			if i%10 == 9 {
				later := scored("2", 20*day+time.Duration(i)*time.Hour, "ok", 0)
				later.Name = "m"
				e.Predict(later, now)
			}
			e.Advance(now)
			e.Snapshot(func(key string, record []byte) {
				if stored[key] = record; record == nil {
					delete(stored, key)
				}
			})
			anew := New(o)
			for key, record := range stored {
				require.NoError(t, anew.Restore(key, record))
			}
			anew.SetTasks(against1)
			shown := described(e.Results)
			require.Equal(t, described(anew.Results), shown, "after row %d", i)
			if shown != before {
				changed++
			}
			before = shown
			if closed {
				give := func(x *Engine) string { return described(func(f func(*Result)) { x.Closed(now, false, f) }) }
				require.Equal(t, give(e), give(anew), "after row %d", i)
			}
		}
		assert.Greater(t, changed, 20)
	}
}

func TestRecordsOfOtherSettings(t *testing.T) {
	e := New(restoreOptions)
	twoVersions(e, 3000)
	other := restoreOptions
	other.Window.Length = time.Hour
	again := New(other)
	e.Snapshot(func(key string, record []byte) {
		require.ErrorIs(t, again.Restore(key, record), ErrSettings)
		record[len(record)-1]++
		require.ErrorIs(t, again.Restore(key, record), wire.ErrCorrupt)
	})
	require.Error(t, again.Restore("quality/other/1", nil))
	require.Error(t, again.Restore("quality/group/x", nil))
	assert.Empty(t, results(again))
}

// Another task makes rows count anew; the same one does not.
func TestTasksThatChange(t *testing.T) {
	e := New(Options{Maturity: day})
	a := scored("7", time.Hour, "1", 0.9)
	e.Predict(a, monday.Add(day))
	e.Label(a, after(a, time.Minute, "1"))
	assert.Empty(t, e.SetTasks(func(prediction.Identity) Task { return Task{Positive: "1"} }), "it was found out to be that")
	assert.Empty(t, e.SetTasks(func(prediction.Identity) Task { return Task{} }))
	e.Advance(monday.Add(day))
	require.Len(t, results(e), 1)
	assert.Equal(t, []prediction.Identity{a.Identity}, e.SetTasks(func(prediction.Identity) Task { return calibrated("1") }))
	assert.Empty(t, results(e))

	// A label of what was forgotten is not taken away from what is there.
	again := scored("7", 90*time.Minute, "1", 0.9)
	e.Predict(again, monday.Add(day))
	e.Label(again, after(again, time.Minute, "1"))
	e.Unlabel(a, after(a, time.Minute, "1"))
	e.Label(a, after(a, time.Minute, "0"))
	require.Len(t, results(e), 2)
	assert.EqualValues(t, 1, results(e)[0].Total.Rows)
	assert.EqualValues(t, 1, e.Stats().Labels[Late])

	// Unless it is counted again.
	e.Predict(a, monday.Add(day))
	e.Label(a, after(a, time.Minute, "1"))
	assert.EqualValues(t, 2, results(e)[0].Total.Rows)
}

func TestGoldenRecords(t *testing.T) {
	testkit.GoldenStores(t, func() map[string][]byte {
		e := New(restoreOptions)
		twoVersions(e, 60)
		out := map[string][]byte{}
		e.Snapshot(func(key string, record []byte) { out[key] = record })
		return out
	}, func(t *testing.T, stored map[string][]byte) {
		e, want := New(restoreOptions), New(restoreOptions)
		for key, record := range stored {
			require.NoError(t, e.Restore(key, record))
		}
		e.SetTasks(against1)
		twoVersions(want, 60)
		assert.Equal(t, described(want.Results), described(e.Results))
	})
}

// FuzzRestore gives an engine records whose checksum is right.
func FuzzRestore(f *testing.F) {
	o := restoreOptions
	o.Bins, o.SegmentBins = 10, 5
	var settings wire.Encoder
	New(o).putSettings(&settings)
	seeds := New(o)
	seeds.SetTasks(against1)
	answers, labels := drawn(30, 1, 12*day)
	for i, a := range answers {
		a.Key = "k"
		labels[i].Set = []string{"", "gold"}[i%2]
		seeds.Predict(a, monday.Add(20*day))
		seeds.Label(a, labels[i])
	}
	seeds.Advance(monday.Add(20 * day))
	kindsOfRecords := []string{"model", "group", "pane"}
	seeds.Snapshot(func(key string, record []byte) {
		for i, kind := range kindsOfRecords {
			if strings.Contains(key, kind) {
				f.Add(byte(i), record[3+len(settings.Bytes()):len(record)-4])
			}
		}
	})
	f.Fuzz(func(t *testing.T, kind byte, payload []byte) {
		e := New(o)
		i := int(kind) % 3
		w := []wire.Format{modelFormat, groupFormat, paneFormat}[i].NewEncoder(len(payload))
		w.Raw(settings.Bytes())
		w.Raw(payload)
		if e.Restore("quality/"+kindsOfRecords[i]+"/1/2", w.Seal()) != nil {
			require.Empty(t, e.models)
			return
		}
		e.SetTasks(against1)
		for i, a := range answers[:4] {
			e.Predict(a, monday.Add(20*day))
			e.Label(a, labels[i])
		}
		now := monday.Add(21 * day)
		e.Closed(now, false, func(*Result) {})
		e.Results(func(*Result) {})
		e.Advance(now)
		e.Results(func(*Result) {})
		e.Snapshot(func(string, []byte) {})
	})
}

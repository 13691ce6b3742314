// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"testing"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/delta"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/eventtime"
)

// busy returns an engine with all kinds of state, after some hours.
func busy(t testing.TB) (*Engine, *catalog.Set, func(e *Engine, fromMinute, minutes int64) string) {
	e, set, minutes := busyMinutes(t)
	return e, set, func(e *Engine, from, n int64) string {
		out := ""
		for m := from; m < from+n; m++ {
			now := at(epoch + m*60 + 70)
			e.Add(now, minutes[m])
			out += lines(e.Advance(now))
		}
		return out
	}
}

// lines renders what an Advance returns.
func lines(closed []Result, changes []Change) string {
	out := render(closed)
	for _, c := range changes {
		out += fmt.Sprintf("%s vs %s %s -> %s\n", c.Key, c.Reference, c.From, c.Verdict)
	}
	return out
}

// busyMinutes returns the deltas of each minute.
func busyMinutes(t testing.TB) (*Engine, *catalog.Set, [][]Delta) {
	cols := columns(6)
	base := baseline(cols, 2000, 1)
	set := card(base, func(m *catalogModel) { m.Drift.Reference = []string{Baseline, Champion, Previous} })
	var minutes [][]Delta
	main, other := newTraffic(base, cols, 5), newTraffic(base, cols, 6)
	other.key.Version = "8"
	segment := newTraffic(base, cols, 7)
	segment.key.Segment = "country=DE"
	for m := range int64(400) {
		deltas := append(main.minute(epoch+m*60, 4), other.minute(epoch+m*60, 1)...)
		deltas = append(deltas, segment.minute(epoch+m*60, 2)...)
		k := key7
		k.Subject, k.Name = Feature, "expo"
		deltas = append(deltas, Delta{Key: k, Minute: epoch + m*60, Count: 5, Sum: 9, Exponential: &distribution.Exponential{
			Scale: 2, Zero: 1, Positive: distribution.ExponentialBuckets{Offset: int32(m % 7), Counts: []uint64{1, 2}}, Negative: distribution.ExponentialBuckets{Counts: []uint64{1}},
		}})
		k.Subject, k.Name = delta.Duration, ""
		deltas = append(deltas, Delta{Key: k, Minute: epoch + m*60, Count: 4, Sum: 0.1, Bounds: []float64{0.01, 0.1}, Counts: []uint64{1, 3, 0}})
		deltas = append(deltas, tokens(Consumer{Service: "shop", Unit: "output"}, 1, uint64(m%3), 0), cost(Consumer{Service: "shop", Unit: "USD"}, 0.5))
		k.Subject = Class
		deltas = append(deltas, Delta{Key: k, Minute: epoch + m*60, Count: 4, Categorical: true, Category: fmt.Sprint(m % 3)})
		for i := range deltas {
			deltas[i].Producer, deltas[i].Sequence = "p", uint64(m+1)
			deltas[i].Points, deltas[i].Ordinal = uint64(len(deltas)), uint64(i)
		}
		minutes = append(minutes, deltas)
	}
	return engine(t, set, nil), set, minutes
}

func restored(t testing.TB, set *catalog.Set, s Snapshot, now int64) *Engine {
	t.Helper()
	e := engine(t, set, nil)
	for _, key := range s.Keys {
		if err := e.Restore(at(now), s.Changed[key]); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.RestoreDedupe(at(now), s.Dedupe); err != nil {
		t.Fatal(err)
	}
	return e
}

// TestRestore goes on from a snapshot taken in the middle and ends where the engine does that never
// stopped; what is sent again after the restart is not counted twice.
func TestRestore(t *testing.T) {
	whole, set, run := busy(t)
	first := run(whole, 0, 237)
	snapshot := whole.Snapshot()
	before := state(whole)
	e := restored(t, set, snapshot, epoch+237*60)
	if after := state(e); after != before {
		t.Fatalf("restored\n%s\nwant\n%s", after, before)
	}
	want := run(whole, 237, 163)
	got := run(e, 230, 170) // seven minutes again
	if got != want || first == "" || want == "" {
		t.Errorf("windows after the restart\n%s\nwant\n%s", got, want)
	}
	if g, w := state(e), state(whole); g != w {
		t.Errorf("state in the end\n%s\nwant\n%s", g, w)
	}
	if s := e.TakeStats(); s.Points[Duplicate] == 0 || s.Series != whole.TakeStats().Series {
		t.Errorf("stats %+v", s)
	}
}

func TestSnapshotOnlyWhatChanged(t *testing.T) {
	e, _, run := busy(t)
	run(e, 0, 3)
	if s := e.Snapshot(); len(s.Changed) != 1 || s.Dedupe == nil || len(s.Keys) != 1 {
		t.Errorf("first: %d models", len(s.Changed))
	}
	if s := e.Snapshot(); len(s.Changed) != 0 || s.Dedupe != nil || len(s.Keys) != 1 {
		t.Errorf("unchanged: %d models", len(s.Changed))
	}
	unsaved(e)
	if s := e.Snapshot(); len(s.Changed) != 1 {
		t.Errorf("after a failed write: %d models", len(s.Changed))
	}
}

func TestRestoreWithAnotherWindow(t *testing.T) {
	e, set, run := busy(t)
	run(e, 0, 237)
	s := e.Snapshot()
	day := engine(t, set, func(o *Options) { o.Window = eventtime.Window{Calendar: "day"} })
	if err := day.Restore(at(epoch), s.Changed[s.Keys[0]]); err != nil {
		t.Fatal(err)
	}
	var totals uint64
	day.Totals(func(x *Total) {
		if x.Key.Subject == Predictions && x.Key.Version == "7" {
			totals = x.Count
		}
	})
	if totals != 4*237 {
		t.Errorf("totals %d", totals)
	}
	day.Scores(func(r *Result) { t.Errorf("a window of another length is kept: %s", renderOne(r)) })
	run(day, 237, 100)
}

func TestRestoreRefuses(t *testing.T) {
	e, set, run := busy(t)
	run(e, 0, 70)
	s := e.Snapshot()
	good := s.Changed[s.Keys[0]]
	flip := append([]byte(nil), good...)
	flip[len(flip)/2] ^= 4
	version := append([]byte(nil), good...)
	version[len(format.Magic)] = 9
	for name, test := range map[string]struct {
		data []byte
		want string
	}{
		"empty":         {nil, "corrupt"},
		"other":         {[]byte("something else entirely"), "corrupt"},
		"a flipped bit": {flip, "checksum"},
		"cut":           {good[:len(good)-9], "checksum"},
		"newer":         {version, "format version 9"},
		"other kind":    {s.Dedupe, "corrupt"},
	} {
		if err := engine(t, set, nil).Restore(at(epoch), test.data); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
		if name != "other kind" {
			if err := e.RestoreDedupe(at(epoch), test.data); err == nil {
				t.Errorf("%s: dedupe takes it", name)
			}
		}
	}
	twice := engine(t, set, nil)
	if err := twice.Restore(at(epoch), good); err != nil {
		t.Fatal(err)
	}
	if err := twice.Restore(at(epoch), good); err == nil {
		t.Error("a model is restored twice")
	}
}

// FuzzRestore: bytes of any kind, with a good checksum, are an error or an engine that works.
func FuzzRestore(f *testing.F) {
	e, set, run := busy(f)
	run(e, 0, 3)
	s := e.Snapshot()
	strip := func(b []byte) []byte { return b[len(format.Magic)+1 : len(b)-4] }
	f.Add(strip(s.Changed[s.Keys[0]]))
	f.Add(strip(s.Dedupe))
	small := engine(f, nil, nil)
	small.Add(at(epoch), []Delta{{Key: Key{Model: "m", Subject: Predictions}, Minute: epoch, Count: 3}})
	tiny := small.Snapshot()
	f.Add(strip(tiny.Changed[tiny.Keys[0]]))
	f.Fuzz(func(t *testing.T, payload []byte) {
		data := append([]byte(format.Magic), format.Version)
		data = append(data, payload...)
		data = binary.LittleEndian.AppendUint32(data, crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)))
		e := engine(t, set, nil)
		_ = e.RestoreDedupe(at(epoch+4000), data)
		if e.Restore(at(epoch+4000), data) != nil {
			return
		}
		state(e)
		e.Add(at(epoch+4000), []Delta{{Key: Key{Model: "fraud", Version: "7", Subject: Feature, Name: "f00"}, Minute: epoch, Categorical: true, Count: 1}})
		again := e.Snapshot()
		back := engine(t, set, nil)
		for _, key := range again.Keys {
			if err := back.Restore(at(epoch+4000), again.Changed[key]); err != nil {
				t.Fatalf("what was restored cannot be restored again: %v", err)
			}
		}
	})
}

// TestLiveEqualsReplay: minute by minute with a tick after each, or a year later in one go with the
// flushes of features and the rest apart, gives the same windows and verdicts.
func TestLiveEqualsReplay(t *testing.T) {
	live, set, run := busy(t)
	want := run(live, 0, 400)
	_, _, minutes := busyMinutes(t)
	all := slices.Concat(minutes...)
	replay := engine(t, set, nil)
	const year = 365 * 86400
	now := at(epoch + year)
	for _, features := range []bool{false, true} {
		var part []Delta
		for _, d := range all {
			d.Producer = "" // flushes that are taken apart so would be too old to be told apart
			if (d.Key.Subject >= Feature) == features {
				part = append(part, d)
			}
		}
		replay.Add(now, part)
		closed, changes := replay.Advance(now)
		if features {
			sortedEqual(t, want, lines(closed, changes))
		} else if len(closed) == 0 {
			t.Error("classes were not judged")
		} else {
			first := lines(closed, changes)
			wantFirst, rest := "", ""
			for _, line := range strings.SplitAfter(want, "\n") {
				if strings.Contains(line, "class") {
					wantFirst += line
				} else {
					rest += line
				}
			}
			sortedEqual(t, wantFirst, first)
			want = rest
		}
	}
	if g, w := state(replay), state(live); g != w {
		t.Errorf("state after the replay\n%s\nwant\n%s", g, w)
	}
}

func sortedEqual(t *testing.T, want, got string) {
	t.Helper()
	a, b := strings.SplitAfter(want, "\n"), strings.SplitAfter(got, "\n")
	slices.Sort(a)
	slices.Sort(b)
	if !slices.Equal(a, b) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(b, ""), strings.Join(a, ""))
	}
}

// The features of all segments share a binning, which grows with one of them only.
func TestRestoreSegmentsThatLackOtherFeatures(t *testing.T) {
	e := engine(t, nil, nil)
	for i := range 12 {
		k := key7
		k.Subject, k.Segment, k.Name = Missing, fmt.Sprint("s=", i%3), fmt.Sprint("f", i)
		e.Add(at(epoch), []Delta{{Key: k, Minute: epoch, Count: 1}})
	}
	e.Advance(at(epoch + 60))
	want := state(e)
	if got := state(restored(t, nil, e.Snapshot(), epoch+60)); got != want || want == "" {
		t.Errorf("restored\n%s\nwant\n%s", got, want)
	}
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package waiting

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/answer"
	"github.com/otelcol-ml/otelcol-ml/internal/label"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
)

var (
	start   = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	allKeys = Keys{PredictionID: true, Key: true, Span: true}
	roomy   = Options{Wait: 168 * time.Hour, Answers: 1 << 20, Labels: 1 << 20, Bytes: 1 << 30, Names: 10_000}
)

// tally is a Sink that adds up what it is told, so that what was counted can be compared.
type tally struct {
	answers int
	pairs   map[string]int
	alone   map[string]int
}

func newTally() *tally { return &tally{pairs: map[string]int{}, alone: map[string]int{}} }

func (t *tally) copy() *tally { return &tally{t.answers, maps.Clone(t.pairs), maps.Clone(t.alone)} }

func pair(a *answer.Answer, l *label.Label) string {
	return fmt.Sprint(a.Name, a.Version, a.Role, a.SpanID, a.Class, a.Score, a.Segments, " ", l.Set, l.Class, l.Value, l.Weight, l.Time.UnixNano())
}

func single(l *label.Label) string { return fmt.Sprint(l.Set, l.Class, l.Time.UnixNano(), l.Retracted) }

func (t *tally) Answered(*answer.Answer)                     { t.answers++ }
func (t *tally) Labelled(a *answer.Answer, l *label.Label)   { count(t.pairs, pair(a, l), 1) }
func (t *tally) Unlabelled(a *answer.Answer, l *label.Label) { count(t.pairs, pair(a, l), -1) }
func (t *tally) Alone(l *label.Label)                        { count(t.alone, single(l), 1) }
func (t *tally) Met(l *label.Label)                          { count(t.alone, single(l), -1) }

func count(counts map[string]int, key string, n int) {
	counts[key] += n
	if counts[key] == 0 {
		delete(counts, key)
	}
}

func spanID(n int) pcommon.SpanID {
	return pcommon.SpanID{7: byte(n), 6: byte(n >> 8), 5: byte(n >> 16), 0: 1}
}

func newAnswer(n int) *answer.Answer {
	return &answer.Answer{
		Identity: prediction.Identity{Name: "fraud", Version: "7"}, Segments: []string{"country=DE"},
		TraceID: pcommon.TraceID{15: byte(n), 14: byte(n >> 8), 0: 1}, SpanID: spanID(n), PredictionID: fmt.Sprint("id-", n),
		Time: start.Add(time.Duration(n) * time.Second).UnixNano(), Duration: 0.25, Weight: 1, Class: "fraud", Score: 0.75, HasScore: true,
	}
}

func labelOf(n int, class string, after time.Duration) *label.Label {
	return &label.Label{PredictionID: fmt.Sprint("id-", n), Class: class, Time: start.Add(after), Weight: 1}
}

func apply(l *Log, s Sink, now time.Time, items ...any) {
	var all []Item
	for _, i := range items {
		switch i := i.(type) {
		case *answer.Answer:
			all = append(all, allKeys.NewAnswer(i))
		case *label.Label:
			all = append(all, allKeys.NewLabel(i))
		}
	}
	l.Apply(all, now, s)
}

func TestEitherOrder(t *testing.T) {
	for _, order := range [][]any{
		{newAnswer(1), labelOf(1, "ok", time.Hour)},
		{labelOf(1, "ok", time.Hour), newAnswer(1)},
	} {
		l, s := New(roomy), newTally()
		apply(l, s, start, order...)
		assert.Equal(t, map[string]int{pair(newAnswer(1), labelOf(1, "ok", time.Hour)): 1}, s.pairs)
		assert.Equal(t, 1, l.TakeStats().Joined)
	}
}

func TestByEachKey(t *testing.T) {
	a := newAnswer(1)
	a.Key = "order-1"
	for _, l := range []*label.Label{
		{PredictionID: "id-1"}, {Key: "order-1"}, {TraceID: a.TraceID, SpanID: a.SpanID},
	} {
		l.Class, l.Weight = "ok", 1
		log, s := New(roomy), newTally()
		apply(log, s, start, a, l)
		assert.Len(t, s.pairs, 1, "%+v", l)
	}
	log, s := New(roomy), newTally()
	apply(log, s, start, a, &label.Label{TraceID: a.TraceID, Class: "ok", Weight: 1})
	assert.Empty(t, s.pairs)
	assert.Equal(t, 1, log.TakeStats().UnkeyedLabels)
}

func TestCorrectionsAndRetractions(t *testing.T) {
	l, s := New(roomy), newTally()
	retracted := labelOf(1, "", 3*time.Hour)
	retracted.Retracted = true
	gold := labelOf(1, "fraud", time.Minute)
	gold.Set = "gold"

	apply(l, s, start, newAnswer(1), labelOf(1, "ok", time.Hour), gold)
	assert.Len(t, s.pairs, 2, "sets are apart")
	apply(l, s, start, labelOf(1, "fraud", 2*time.Hour))
	assert.Equal(t, map[string]int{pair(newAnswer(1), labelOf(1, "fraud", 2*time.Hour)): 1, pair(newAnswer(1), gold): 1}, s.pairs)
	apply(l, s, start, labelOf(1, "ok", time.Hour), labelOf(1, "fraud", 2*time.Hour), newAnswer(1))
	apply(l, s, start, retracted)
	assert.Equal(t, map[string]int{pair(newAnswer(1), gold): 1}, s.pairs)
	apply(l, s, start, labelOf(1, "ok", 4*time.Hour))
	assert.Equal(t, map[string]int{pair(newAnswer(1), labelOf(1, "ok", 4*time.Hour)): 1, pair(newAnswer(1), gold): 1}, s.pairs)
	assert.Equal(t, Stats{
		Answers: 1, DuplicateAnswers: 1, Labels: 5, Stale: 1, DuplicateLabels: 1, Joined: 3, Corrected: 1, Retracted: 1,
	}, l.TakeStats())
}

func TestLabelOfSeveralAnswers(t *testing.T) {
	primary, shadow, other := newAnswer(1), newAnswer(2), newAnswer(3)
	shadow.PredictionID, shadow.Role = "id-1", "shadow"
	other.PredictionID, other.Name = "id-1", "churn"
	l, s := New(roomy), newTally()
	is := labelOf(1, "ok", 0)
	is.Model = "fraud"
	apply(l, s, start, primary, is, shadow, other)
	assert.Equal(t, map[string]int{pair(primary, is): 1, pair(shadow, is): 1}, s.pairs)
}

// stream is a random one of answers, labels, corrections, retractions and repeats.
func stream(r *rand.Rand, n int) (items []any) {
	for i := range n {
		a := newAnswer(i)
		switch r.IntN(6) {
		case 0:
			a.PredictionID = ""
		case 1:
			a.PredictionID = fmt.Sprint("id-", r.IntN(n)) // a second one of the same id
		}
		a.Class = []string{"fraud", "ok"}[r.IntN(2)]
		items = append(items, a)
		if r.IntN(20) == 0 {
			items = append(items, a)
		}
	}
	for range 2 * n {
		i := r.IntN(n)
		l := labelOf(i, []string{"fraud", "ok", "new"}[r.IntN(3)], time.Duration(r.IntN(1000))*time.Minute)
		if r.IntN(3) == 0 {
			l.PredictionID, l.TraceID, l.SpanID = "", newAnswer(i).TraceID, spanID(i)
		}
		if r.IntN(10) == 0 {
			l.Class, l.Retracted = "", true
		}
		if r.IntN(10) == 0 {
			l.Set = "gold"
		}
		items = append(items, l)
	}
	r.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
	return items
}

// latest is what must have been counted in the end: of each answer and set the label known last,
// of those known at once the one that came last.
func latest(items []any) map[string]int {
	answers, out := map[pcommon.SpanID]*answer.Answer{}, map[string]int{}
	for _, i := range items {
		if a, ok := i.(*answer.Answer); ok {
			answers[a.SpanID] = a
		}
	}
	for _, a := range answers {
		best := map[string]*label.Label{}
		for _, i := range items {
			l, ok := i.(*label.Label)
			if !ok || !(l.PredictionID != "" && l.PredictionID == a.PredictionID || l.SpanID == a.SpanID) {
				continue
			}
			if b := best[l.Set]; b == nil || !l.Time.Before(b.Time) {
				best[l.Set] = l
			}
		}
		for _, l := range best {
			if !l.Retracted {
				out[pair(a, l)] = 1
			}
		}
	}
	return out
}

// Whatever the order, and wherever the process is killed, the latest labels have been counted, once.
func TestAnyOrderAndKills(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 1))
		items := stream(r, 150)
		want := latest(items)

		l, s := New(roomy), newTally()
		disk, saved := map[string][]byte{}, newTally()
		var records [][]byte
		for len(items) > 0 {
			n := min(1+r.IntN(20), len(items))
			var batch []Item
			for _, i := range items[:n] {
				if a, ok := i.(*answer.Answer); ok {
					batch = append(batch, allKeys.NewAnswer(a))
				} else {
					is := *i.(*label.Label)
					batch = append(batch, allKeys.NewLabel(&is))
				}
			}
			items = items[n:]
			records = append(records, EncodeRecord(batch, start))
			l.Apply(batch, start, s)
			switch r.IntN(6) {
			case 0: // a save: blocks, and what was counted
				l.Save(func(key string, record []byte) { disk[key] = record }, func(key string) { delete(disk, key) })
				saved = s.copy()
				records = nil
			case 1: // a kill: what was saved, then the records
				l, s = New(roomy), saved.copy()
				for key, record := range disk {
					require.True(t, IsBlock(key))
					require.NoError(t, l.LoadBlock(key, record))
				}
				for _, record := range records {
					again, arrived, err := DecodeRecord(record)
					require.NoError(t, err)
					l.Apply(again, arrived, s)
				}
			}
		}
		require.Equal(t, want, s.pairs, "seed %d", seed)
		require.Equal(t, 150, s.answers)
		alone := 0
		for _, n := range s.alone {
			require.Positive(t, n)
			alone += n
		}
		require.Equal(t, unmet(l), alone)
	}
}

// unmet is the number of labels that are there without an answer.
func unmet(l *Log) (n int) {
	for _, b := range l.labels.blocks {
		b.places(func(p place) {
			if p.marks()&marked == 0 {
				n++
			}
		})
	}
	return n
}

func TestTimeOver(t *testing.T) {
	l, s := New(roomy), newTally()
	apply(l, s, start, newAnswer(1), newAnswer(2), labelOf(1, "ok", 0), labelOf(3, "ok", 0))
	l.Save(func(string, []byte) {}, func(string) {})
	l.Advance(start.Add(roomy.Wait - time.Second))
	answers, labels, _ := l.Waiting()
	assert.Equal(t, []int{2, 2}, []int{answers, labels})
	l.TakeStats()

	l.Advance(start.Add(roomy.Wait))
	answers, labels, _ = l.Waiting()
	assert.Equal(t, []int{0, 2}, []int{answers, labels})
	assert.Equal(t, Stats{ExpiredAnswers: 1, ExpiredLabels: 1}, l.TakeStats())

	// A label whose time is over meets no answer, and is not there any more in the end.
	apply(l, s, start.Add(roomy.Wait+time.Hour), newAnswer(3))
	assert.Len(t, s.pairs, 1)
	l.Advance(start.Add(4 * roomy.Wait))
	answers, labels, bytes := l.Waiting()
	assert.Equal(t, []int{0, 0, 0}, []int{answers, labels, bytes})
	for _, shard := range l.index {
		assert.Empty(t, shard)
	}
	var gone []string
	l.Save(func(string, []byte) {}, func(key string) { gone = append(gone, key) })
	assert.Len(t, gone, 3)
}

func TestNoRoom(t *testing.T) {
	o := roomy
	o.Answers, o.Labels = 32, 32
	l, s := New(o), newTally()
	for i := range 100 {
		apply(l, s, start, newAnswer(i))
	}
	answers, _, _ := l.Waiting()
	assert.LessOrEqual(t, answers, 32)
	assert.Equal(t, 100-answers, l.TakeStats().EvictedAnswers)

	// A label that counted and had to leave cannot be corrected: the pair is not counted twice.
	apply(l, s, start, labelOf(99, "ok", 0))
	for i := range 100 {
		apply(l, s, start, labelOf(1000+i, "ok", 0))
	}
	apply(l, s, start, labelOf(99, "fraud", time.Hour))
	assert.Equal(t, map[string]int{pair(newAnswer(99), labelOf(99, "ok", 0)): 1}, s.pairs)
	stats := l.TakeStats()
	assert.Equal(t, 1, stats.Forgotten)
	assert.Positive(t, stats.EvictedLabels)

	o = roomy
	o.Bytes = 8000
	l = New(o)
	for i := range 1000 {
		apply(l, s, start, newAnswer(i), labelOf(i, "ok", 0))
	}
	_, _, bytes := l.Waiting()
	assert.LessOrEqual(t, bytes, 8000)
}

func TestCrowdedKeys(t *testing.T) {
	l, s := New(roomy), newTally()
	for i := range 3 * maxChain {
		a := newAnswer(i)
		a.PredictionID = "always the same"
		apply(l, s, start, a)
	}
	assert.Equal(t, 2*maxChain, l.TakeStats().Crowded)
	apply(l, s, start, &label.Label{PredictionID: "always the same", Class: "ok", Weight: 1})
	assert.Len(t, s.pairs, maxChain)
	apply(l, s, start, &label.Label{TraceID: newAnswer(150).TraceID, SpanID: spanID(150), Class: "ok", Weight: 1})
	assert.Len(t, s.pairs, maxChain+1)
}

func TestRecordsAreWhole(t *testing.T) {
	a := newAnswer(1)
	a.Value, a.HasValue, a.Weight, a.Failed, a.Row = -3.5, true, 20, true, 7
	a.Scores = []answer.ClassScore{{Class: "fraud", Score: 0.75}, {Class: "ok", Score: 0.25}}
	a.Ranking = []string{"a", "b"}
	is := &label.Label{
		PredictionID: "id-1", Row: 7, Model: "fraud", Class: "ok", Value: 2, HasValue: true, Time: start, Weight: 3, Source: "chargeback", Set: "gold",
		Relevances: []label.Relevance{{Item: "a", Gain: 1}, {Item: "b"}},
	}
	items := []Item{allKeys.NewAnswer(a), allKeys.NewLabel(is)}
	record := EncodeRecord(items, start)
	again, arrived, err := DecodeRecord(record)
	require.NoError(t, err)
	assert.True(t, arrived.Equal(start))
	require.Len(t, again, 2)
	want := *a
	want.PredictionID = ""
	assert.Equal(t, &want, again[0].Answer)
	assert.Equal(t, items[0].keys, again[0].keys)
	assert.Equal(t, is.Relevances, again[1].Label.Relevances)
	assert.True(t, is.Time.Equal(again[1].Label.Time))
	assert.Equal(t, []any{"fraud", "ok", 2.0, 3.0, "chargeback", "gold"}, []any{
		again[1].Label.Model, again[1].Label.Class, again[1].Label.Value, again[1].Label.Weight, again[1].Label.Source, again[1].Label.Set,
	})

	for i := range record {
		broken := slices.Clone(record)
		broken[i] ^= 0x55
		_, _, err := DecodeRecord(broken)
		require.Error(t, err, "byte %d", i)
	}
}

func FuzzDecodeRecord(f *testing.F) {
	f.Add(EncodeRecord([]Item{allKeys.NewAnswer(newAnswer(1)), allKeys.NewLabel(labelOf(1, "ok", 0))}, start))
	f.Fuzz(func(t *testing.T, data []byte) {
		items, arrived, err := DecodeRecord(data)
		if err != nil {
			return
		}
		l := New(roomy)
		l.Apply(items, arrived, newTally())
		l.Advance(arrived.Add(time.Hour))
	})
}

// A label may be corrected as often as one likes.
func TestManyCorrections(t *testing.T) {
	l, s := New(roomy), newTally()
	apply(l, s, start, newAnswer(1))
	for i := range 3 * maxChain {
		apply(l, s, start, labelOf(1, fmt.Sprint("class ", i), time.Duration(i)*time.Minute))
	}
	last := 3*maxChain - 1
	assert.Equal(t, map[string]int{pair(newAnswer(1), labelOf(1, fmt.Sprint("class ", last), time.Duration(last)*time.Minute)): 1}, s.pairs)
	assert.Zero(t, l.TakeStats().Crowded)
}

func TestSampling(t *testing.T) {
	kept := 0
	for i := range 10_000 {
		a, l := allKeys.NewAnswer(newAnswer(i)), allKeys.NewLabel(labelOf(i, "ok", 0))
		require.Equal(t, a.Sampled(0.1), l.Sampled(0.1))
		if a.Sampled(0.1) {
			kept++
		}
	}
	assert.InDelta(t, 1000, kept, 120)
}

// newAnswers are items of as many answers.
func newAnswers(n int) []Item {
	items := make([]Item, n)
	for i := range items {
		items[i] = allKeys.NewAnswer(newAnswer(i))
	}
	return items
}

const benchmarkRows = 200_000

func BenchmarkAnswer(b *testing.B) {
	items := newAnswers(benchmarkRows)
	l := New(roomy)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%benchmarkRows == 0 {
			l = New(roomy)
		}
		l.Apply(items[i%benchmarkRows:i%benchmarkRows+1], start, nopSink{})
	}
}

func BenchmarkJoin(b *testing.B) {
	items := newAnswers(benchmarkRows)
	labels := make([]Item, benchmarkRows)
	for i := range labels {
		labels[i] = allKeys.NewLabel(labelOf(i*7919%benchmarkRows, "ok", 0))
	}
	var l *Log
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%benchmarkRows == 0 {
			b.StopTimer()
			l = New(roomy)
			l.Apply(items, start, nopSink{})
			b.StartTimer()
		}
		l.Apply(labels[i%benchmarkRows:i%benchmarkRows+1], start, nopSink{})
	}
}

// TestMemory prints what a waiting answer takes.
func TestMemory(t *testing.T) {
	const n = 1_000_000
	o := roomy
	o.Answers = 2 * n
	before := heap()
	l := New(o)
	size, a := 0, make([]Item, 1)
	for i := range n {
		a[0] = allKeys.NewAnswer(newAnswer(i))
		l.Apply(a, start, nil)
	}
	after := heap()
	l.Save(func(_ string, record []byte) { size += len(record) }, func(string) {})
	_, _, bytes := l.Waiting()
	t.Logf("%d answers: %d bytes of memory each (%d in blocks), %d in the storage", n, (after-before)/n, bytes/n, size/n)
	assert.Less(t, (after-before)/n, uint64(200))
	runtime.KeepAlive(l)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

type nopSink struct{}

func (nopSink) Answered(*answer.Answer)                 {}
func (nopSink) Labelled(*answer.Answer, *label.Label)   {}
func (nopSink) Unlabelled(*answer.Answer, *label.Label) {}
func (nopSink) Alone(*label.Label)                      {}
func (nopSink) Met(*label.Label)                        {}

// Answers of versions that nobody vouches for fill half of the room, so that the others wait as long
// as they may.
func TestStrangersHaveHalfTheRoom(t *testing.T) {
	o := roomy
	o.Answers = 64
	o.Vouched = func(id *prediction.Identity) bool { return id.Name == "fraud" }
	l, s := New(o), newTally()
	for i := range 20 {
		a := newAnswer(i)
		a.Name = "fraud"
		apply(l, s, start, a)
	}
	for i := range 1000 {
		a := newAnswer(100 + i)
		a.Name = "made up"
		apply(l, s, start, a)
	}
	stats := l.TakeStats()
	assert.Equal(t, 1000-32, stats.Strangers)
	assert.Zero(t, stats.EvictedAnswers)
	assert.Equal(t, 1020, s.answers, "all are counted")
	for i := range 20 {
		apply(l, s, start, labelOf(i, "ok", 0))
	}
	assert.Len(t, s.pairs, 20)

	// When they go, there is room for others.
	l.Advance(start.Add(o.Wait + time.Minute))
	apply(l, s, start.Add(o.Wait+time.Minute), newAnswer(5000))
	assert.Zero(t, l.TakeStats().Strangers)
}

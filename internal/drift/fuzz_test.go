// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/delta"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/eventtime"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// play is a sequence of operations on two engines, one of which is saved and restored now and then.
type play struct {
	t     testing.TB
	bytes []byte
	now   int64
	set   *catalog.Set
	sets  []*catalog.Set
	bins  [][]float64
	// never is not restored, often is.
	never, often *Engine
	log          []string
}

// next returns a byte of the input below n; 0 at its end.
func (p *play) next(n int) int {
	if len(p.bytes) == 0 {
		return 0
	}
	b := p.bytes[0]
	p.bytes = p.bytes[1:]
	return int(b) % n
}

func playOptions(o *Options) {
	o.Window = eventtime.Window{Length: 10 * time.Minute}
	o.MaxWindow, o.SegmentTotals = 30*time.Minute, true
	o.MinSamples, o.For, o.Lateness = 4, 1, time.Minute
	o.Reference = []string{Baseline, Champion, Previous}
	o.Limits = Limits{Models: 2, Versions: 2, Segments: 2, Features: 3, Categories: 3, Producers: 2, Series: 8}
}

func newPlay(t testing.TB, input []byte) *play {
	p := &play{t: t, bytes: input, now: epoch}
	r := rand.New(rand.NewPCG(1, 1))
	numbers := func(mean float64) *profile.Column {
		values := make([]float64, 60)
		for i := range values {
			values[i] = r.NormFloat64() + mean
		}
		return profile.NewNumeric("a", values, 5, 12)
	}
	categories := func(names ...string) *profile.Column {
		counts := map[string]uint64{}
		for i, name := range names {
			counts[name] = uint64(10 + i)
		}
		return profile.NewCategorical("a", counts, 3, 200)
	}
	named := func(name string, c *profile.Column) *profile.Column { c.Name = name; return c }
	base := func(a, b, class *profile.Column) *profile.Profile {
		return &profile.Profile{FormatVersion: profile.FormatVersion, Rows: 60, Features: []*profile.Column{named("a", a), named("b", b)}, Prediction: named("", class)}
	}
	one := base(numbers(0), categories("c0", "c1"), categories("c0", "c1"))
	other := base(numbers(5), categories("c2", "c1", "c3"), categories("c2"))
	swapped := base(categories("c0", "c4"), numbers(0), numbers(1))
	for _, profile := range []*profile.Profile{one, other} {
		c := profile.Features[0].Numeric
		p.bins = append(p.bins, c.Bounds, distribution.GroupByMass(c.Bounds, c.Counts, distribution.DefaultGroups).Bounds())
	}
	p.bins = append(p.bins, swapped.Features[1].Numeric.Bounds, []float64{0.5})
	champion := func(m *catalogModel) { m.Versions[0].Version, m.Versions[0].Aliases = "v0", []string{"champion"} }
	p.sets = []*catalog.Set{
		catalog.NewSet(nil, nil),
		card(one, champion),
		card(other, champion),
		card(swapped, champion),
		card(nil, champion),
		card(one, func(m *catalogModel) { champion(m); m.Versions = m.Versions[:1]; m.Drift.Window.Calendar = "day" }),
		card(other, func(m *catalogModel) {
			champion(m)
			m.Versions[1].Version, m.Versions[0].Aliases, m.Versions[1].Aliases = "v1", nil, []string{"champion"}
			m.Features = map[string]catalog.Feature{"b": {Ignore: true}}
		}),
	}
	p.set = p.sets[0]
	p.never, p.often = engine(t, p.set, playOptions), engine(t, p.set, playOptions)
	p.never.Advance(at(p.now)) // so that it knows the time, as one that was restored does
	p.often.Advance(at(p.now))
	return p
}

func (p *play) delta() Delta {
	models, versions := []string{"fraud", "m1", "m2", "m3"}, []string{"v0", "v1", "v2", "v3"}
	segments := []string{"", "", "s=1", "s=2", "s=3"}
	subjects := []Subject{Predictions, Class, Feature, Feature, Missing, Value, Confidence, delta.Duration, delta.Tokens}
	d := Delta{
		Key: Key{Model: models[p.next(4)], Version: versions[p.next(4)], Segment: segments[p.next(5)], Subject: subjects[p.next(9)]},
		// Minutes around now, and long ago.
		Minute: p.now - p.now%60 + int64(p.next(30)-20)*60,
		Count:  uint64(1 + p.next(9)),
	}
	if d.Key.Subject.Named() {
		d.Key.Name = []string{"a", "b", "c", "d", "e"}[p.next(5)]
	}
	exemplar := Exemplar{Value: float64(p.next(7)), Time: d.Minute*1e9 + int64(p.next(60)), TraceID: [16]byte{1}, SpanID: [8]byte{byte(p.next(8))}}
	switch d.Key.Subject {
	case Predictions:
	case Missing:
		d.Exemplars = []Exemplar{exemplar}
	case delta.Duration, delta.Tokens:
		d.Bounds, d.Counts = []float64{1, 2}, []uint64{d.Count, 0, 0}
		d.Consumer.Service = []string{"", "shop", "web"}[p.next(3)]
	case Class:
		d.Categorical, d.Category = true, fmt.Sprint("c", p.next(7))
	default:
		kind := p.next(4)
		if d.Key.Subject != Feature {
			kind = max(kind, 1)
		}
		switch kind {
		case 0:
			d.Categorical, d.Category = true, fmt.Sprint("c", p.next(7))
			if d.Overflow = d.Category == "c6"; d.Overflow {
				d.Category = ""
			}
		case 1:
			d = expoDelta(d.Key, d.Minute, []float64{float64(p.next(9) - 4), 0.5})
		default:
			d.Bounds = p.bins[p.next(len(p.bins))]
			d.Counts = make([]uint64, len(d.Bounds)+1)
			d.Counts[p.next(len(d.Counts))] += d.Count
			d.HasRange, d.Min, d.Max, d.Sum = true, -1, float64(p.next(5)), 2
		}
		d.Exemplars = []Exemplar{exemplar}
	}
	if producer := p.next(5); producer > 0 {
		d.Producer = fmt.Sprint("p", producer)
		d.Sequence, d.Points, d.Ordinal = uint64(1+p.next(4)), 3, uint64(p.next(3))
	}
	return d
}

// step does one operation on both engines and compares what they say.
func (p *play) step() {
	both := func(name string, f func(e *Engine) string) {
		p.log = append(p.log, name)
		want := f(p.never)
		if got := f(p.often); got != want {
			p.t.Fatalf("%s: the engine that was restored says\n%s\nwant\n%s\nafter %q", name, got, want, p.log)
		}
	}
	stats := func(e *Engine) string {
		s := e.TakeStats()
		return fmt.Sprintf("%v %v %d models, %d series\n", s.Points, s.Evicted, s.Models, s.Series)
	}
	switch op := p.next(16); {
	case op < 10:
		deltas := make([]Delta, 1+p.next(3))
		for i := range deltas {
			deltas[i] = p.delta()
		}
		both(fmt.Sprintf("add %+v", deltas), func(e *Engine) string {
			e.Add(at(p.now), append([]Delta(nil), deltas...))
			return stats(e)
		})
	case op < 12:
		p.now += []int64{1, 30, 60, 300, 600, 1800, 3600, 7200}[p.next(8)]
		both(fmt.Sprint("advance to ", p.now-epoch), func(e *Engine) string { return lines(e.Advance(at(p.now))) + stats(e) + state(e) })
	case op < 14:
		p.set = p.sets[p.next(len(p.sets))]
		both("catalog", func(e *Engine) string { e.SetCatalog(p.set); return state(e) })
	default:
		p.log = append(p.log, "restore")
		unsaved(p.often)
		s := p.often.Snapshot()
		e := engine(p.t, p.set, playOptions)
		for _, key := range s.Keys {
			if err := e.Restore(at(p.now), s.Changed[key]); err != nil {
				p.t.Fatalf("%v after %q", err, p.log)
			}
		}
		if err := e.RestoreDedupe(at(p.now), s.Dedupe); err != nil {
			p.t.Fatal(err)
		}
		sameTables(e, p.often)
		e.TakeStats()
		p.often.TakeStats()
		p.never.TakeStats()
		p.often = e
	}
}

// sameTables gives an engine what another one knows of who was turned away, which is not saved.
func sameTables(to, from *Engine) {
	to.door.Store(from.door.Load())
	to.seed, to.table = from.seed, from.table
	for key, m := range to.models {
		m.table = from.models[key].table
	}
}

// finish compares what the two have left, and their snapshots.
func (p *play) finish() {
	if got, want := state(p.often), state(p.never); got != want {
		p.t.Fatalf("in the end the engine that was restored says\n%s\nwant\n%s\nafter %q", got, want, p.log)
	}
	unsaved(p.often)
	unsaved(p.never)
	got, want := p.often.Snapshot(), p.never.Snapshot()
	if len(got.Keys) != len(want.Keys) || !bytes.Equal(got.Dedupe, want.Dedupe) {
		p.t.Fatalf("other snapshots after %q", p.log)
	}
	for _, key := range want.Keys {
		if !bytes.Equal(got.Changed[key], want.Changed[key]) {
			p.t.Fatalf("other snapshots of %s after %q", key, p.log)
		}
	}
}

// FuzzEngine plays any sequence of deltas, ticks, reloads of the catalog and restarts: an engine
// that was restored has the results, the counts and the snapshot of one that was not.
func FuzzEngine(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 20 {
		b := make([]byte, 100*(1+n%5))
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		p := newPlay(t, input[:min(len(input), 1500)])
		for len(p.bytes) > 0 {
			p.step()
		}
		p.finish()
	})
}

// TestEngineAnyOrder plays some thousands of random sequences, as FuzzEngine does.
func TestEngineAnyOrder(t *testing.T) {
	n := uint64(300)
	if testing.Short() {
		n = 100
	}
	for seed := range n {
		r := rand.New(rand.NewPCG(seed, 3))
		b := make([]byte, 200+r.IntN(600))
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		p := newPlay(t, b)
		for len(p.bytes) > 0 {
			p.step()
		}
		p.finish()
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/internal/eventtime"
)

// drive sends two versions of a model, hour by hour, features that are shifted at will.
type drive struct {
	scenario
	engine  *drift.Engine
	traffic map[string]*traffic
	now     int
	shift   float64
	changes []drift.Change
}

// newDrive has a baseline of rows, and n features.
func newDrive(rows, n, seed int, change func(*drift.Options)) *drive {
	d := &drive{traffic: map[string]*traffic{}}
	d.scenario = scenario{
		features: numbers(n, func(int) func(int) law {
			return func(phase int) law { return law{normal(float64(phase)/100, 1)} }
		}),
		phase: func(int) int { return int(math.Round(100 * d.shift)) },
		nref:  rows,
	}.defaults()
	features := ofFeatures(d.features())
	base, references := baseline(&d.scenario, features, rand.New(rand.NewPCG(uint64(seed), 1)))
	m := &catalog.Model{Name: "fraud", Baseline: base}
	for i, v := range []string{"7", "8"} {
		m.Versions = append(m.Versions, &catalog.Version{Model: m, Version: v, Baseline: base})
		d.traffic[v] = newTraffic(&d.scenario, 0, features, references, rand.New(rand.NewPCG(uint64(seed), uint64(2+i))))
		d.traffic[v].key.Version = v
	}
	m.Versions[0].Aliases = []string{drift.Champion}
	options := drift.DefaultOptions()
	if change != nil {
		change(&options)
	}
	d.engine = newEngine(options, catalog.NewSet([]*catalog.Model{m}, nil))
	return d
}

// send counts rows of a version in the hour that it is; their mean is shifted.
func (d *drive) send(version string, rows, shift float64) {
	d.shift = shift
	tr := d.traffic[version]
	tr.rate = rows
	d.engine.Add(d.at(d.now+1), tr.hour(d.now))
}

// tick ends the hour.
func (d *drive) tick() {
	d.now++
	_, changes := d.engine.Advance(d.at(d.now))
	d.changes = append(d.changes, changes...)
}

// ofFeature are the changes of a version's first feature.
func (d *drive) ofFeature(version string) (out []drift.Change) {
	for _, c := range d.changes {
		if c.Key.Version == version && c.Key.Subject == drift.Feature && c.Key.Name == name(0) {
			out = append(out, c)
		}
	}
	return out
}

// drifts are those to drift, and the hour of the first; -1 if there is none.
func (d *drive) drifts(version string) (n, first int) {
	first = -1
	for _, c := range d.ofFeature(version) {
		if c.Verdict == drift.Drift {
			n++
			if first < 0 {
				first = int((c.End - d.begin()) / 3600)
			}
		}
	}
	return n, first
}

// verdict is the one that a version's first feature has.
func (d *drive) verdict(version string) drift.Verdict {
	v := drift.Insufficient
	d.engine.Scores(func(r *drift.Result) {
		if r.Key.Version == version && r.Key.Subject == drift.Feature && r.Key.Name == name(0) {
			v = r.Verdict
		}
	})
	return v
}

// log is what changed.
func (d *drive) log() string {
	out := ""
	for _, c := range d.changes {
		out += fmt.Sprintf("\n%s vs %s: %v → %v, window %+d to %+d h, n=%d", c.Key, c.Reference, c.From, c.Verdict,
			(c.Start-d.begin())/3600, (c.End-d.begin())/3600, c.Samples)
	}
	return out
}

// findings are what a case is not as it should be.
type findings []string

func (f *findings) check(holds bool, format string, args ...any) {
	if !holds {
		*f = append(*f, fmt.Sprintf(format, args...))
	}
}

// report fails the test with what was found; of what is known not to hold, with SIMULATE=1, and
// without it where it does hold.
func (f *findings) report(t *testing.T, known bool) {
	t.Helper()
	if known && os.Getenv("SIMULATE") == "" {
		assert.NotEmpty(t, *f, "it holds now: take known away")
		t.Log("known: " + strings.Join(*f, "\n"))
		return
	}
	assert.Empty(t, *f, strings.Join(*f, "\n"))
}

// known says that the engine does not do yet what the case asks.
const known = true

func previous(o *drift.Options) { o.Reference = []string{drift.Previous} }

func champion(o *drift.Options) { o.Reference = []string{drift.Champion} }

// TestPreviousFindsAStep: previous is the last window that was good, so that a step is found though
// it takes two windows.
func TestPreviousFindsAStep(t *testing.T) {
	var f findings
	for _, step := range []float64{1, 5} {
		d := newDrive(10_000, 1, 1, previous)
		for h := range 96 {
			shift := 0.0
			if h >= 48 {
				shift = step
			}
			d.send("7", 1000, shift)
			d.tick()
		}
		n, first := d.drifts("7")
		f.check(n == 1 && first > 48 && first <= 52, "a step of %v sd after 48 h: %d episodes, first at %d h%s", step, n, first, d.log())
	}
	f.report(t, !known)
}

// TestPreviousFindsATrend: a mean that rises by a fiftieth of a standard deviation an hour.
func TestPreviousFindsATrend(t *testing.T) {
	var f findings
	d := newDrive(10_000, 1, 1, previous)
	for h := range 24 * 10 {
		d.send("7", 1000, max(0, float64(h-120)*0.02))
		d.tick()
	}
	n, first := d.drifts("7")
	f.check(n > 0 && first > 120, "2.4 sd in 5 days, from 120 h on: %d episodes, first at %d h%s", n, first, d.log())
	f.report(t, known)
}

// TestSilentChampion: a challenger does not differ for ever from a champion that few ask, or nobody.
func TestSilentChampion(t *testing.T) {
	var f findings
	for _, rows := range []float64{0, 0.5, 20} {
		d := newDrive(10_000, 1, 1, champion)
		for h := range 24 * 15 {
			shift, champions := 0.0, 1000.0
			if h >= 24 && h < 40 {
				shift = 1
			}
			if h >= 36 {
				champions = rows
			}
			d.send("7", champions, 0)
			d.send("8", 1000, shift)
			d.tick()
			if h == 35 {
				f.check(drift.Drift == d.verdict("8"), "while both are there%s", d.log())
			}
		}
		f.check(drift.Drift != d.verdict("8"), "the champion has %v rows an hour for two weeks%s", rows, d.log())
	}
	f.report(t, !known)
}

// TestBatches: a model that runs once a week or a month is judged by its last batches.
func TestBatches(t *testing.T) {
	var f findings
	for _, gap := range []int{24, 168, 169, 170, 192, 336, 720} {
		for _, w := range []eventtime.Window{{}, {Calendar: "day"}, {Calendar: "month"}} {
			d := newDrive(10_000, 1, 1, func(o *drift.Options) {
				if w != (eventtime.Window{}) {
					o.Window = w
				}
			})
			batches, limit := 5, 3*gap
			if gap == 24 {
				// A shift that has been there from the first row on may be the season, for a week.
				batches, limit = 10, 9*gap
			}
			if w.Calendar == "month" {
				batches, limit = max(4, 100*24/gap), max(limit, 95*24)
			}
			for range batches {
				d.send("7", 5000, 2)
				for range gap {
					d.tick()
				}
			}
			n, first := d.drifts("7")
			f.check(n > 0 && first < limit, "%d batches of 5000 rows at +2 sd, one in %d h, window %v: %d episodes, first at %d h", batches, gap, w, n, first)
		}
	}
	f.report(t, !known)
}

// TestRolledBackVersion: a version that drifted and was replaced does not drift on.
func TestRolledBackVersion(t *testing.T) {
	var f findings
	d := newDrive(10_000, 1, 1, nil)
	for h := -24 * 14; h < 24*6; h++ { // two weeks before it: the season is known
		switch {
		case h < 24:
			d.send("7", 1000, 0)
		case h < 36:
			d.send("7", 1000, 1)
		default:
			d.send("8", 1000, 0)
		}
		d.tick()
		if h == 35 {
			f.check(drift.Drift == d.verdict("7"), "at the end%s", d.log())
		}
		if h == 36+24 {
			f.check(drift.Drift != d.verdict("7"), "a day after its last row%s", d.log())
			f.check(drift.Drift != d.verdict("8"), "at the end%s", d.log())
		}
	}
	f.report(t, !known)
}

// TestQuietWeekendAfterADrift: what was repaired before a weekend without traffic is ok on Monday.
func TestQuietWeekendAfterADrift(t *testing.T) {
	var f findings
	d := newDrive(10_000, 1, 1, nil)
	for h := -24 * 14; h < 24*7; h++ { // two weeks before it: the season is known
		shift, rows := 0.0, 1000.0
		if h >= 24 && h < 36 {
			shift = 1
		}
		if h >= 36 && h < 96 {
			rows = 1
		}
		d.send("7", rows, shift)
		d.tick()
	}
	n, _ := d.drifts("7")
	f.check(n == 1 && d.verdict("7") == drift.OK, "%d episodes, at the end %v%s", n, d.verdict("7"), d.log())
	f.report(t, !known)
}

// TestEndOfAReplay: a last window that ends in the middle takes no verdict away.
func TestEndOfAReplay(t *testing.T) {
	var f findings
	d := newDrive(10_000, 1, 1, nil)
	for h := -24 * 14; h < 20; h++ { // two weeks before it: the season is known
		rows, shift := 1000.0, 1.0
		switch {
		case h < 0:
			shift = 0
		case h == 19:
			rows = 50
		}
		d.send("7", rows, shift)
		d.tick()
	}
	_, changes := d.engine.CloseAll(d.at(d.now))
	d.changes = append(d.changes, changes...)
	f.check(drift.Drift == d.verdict("7"), "at the end%s", d.log())
	f.report(t, !known)
}

// TestTinyBaseline: a dozen rows are no reference.
func TestTinyBaseline(t *testing.T) {
	var f findings
	for _, rows := range []int{12, 30, 100} {
		alarms, ok := 0, 0
		for seed := range 3 {
			d := newDrive(rows, 20, seed, nil)
			for range 72 {
				d.send("7", 500, 0)
				d.tick()
			}
			for _, c := range d.changes {
				if c.Verdict == drift.Drift {
					alarms++
				}
			}
			d.engine.Scores(func(r *drift.Result) {
				if r.Verdict != drift.Insufficient {
					ok++
				}
			})
		}
		f.check(alarms == 0 && ok == 0, "a baseline of %d rows: %d alarms, and %d verdicts", rows, alarms, ok)
	}
	f.report(t, !known)
}

// TestNoFlapping: a constant shift near the threshold is one episode.
func TestNoFlapping(t *testing.T) {
	var f findings
	for _, rows := range []float64{300, 2000} {
		for _, shift := range []float64{.2, .23, .25, .27, .3, .35} {
			d := newDrive(10_000, 1, 1, nil)
			for h := -24 * 14; h < 24*30; h++ { // two weeks before it: the season is known
				if h < 0 {
					d.send("7", rows, 0)
				} else {
					d.send("7", rows, shift)
				}
				d.tick()
			}
			n, _ := d.drifts("7")
			f.check(n == 1 || n == 0 && shift < .25, "+%v sd, %v/h: %d episodes", shift, rows, n)
		}
	}
	f.report(t, !known)
}

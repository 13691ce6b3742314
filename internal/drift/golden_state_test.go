// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/delta"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

var writeGoldenState = flag.String("write-golden-state", "", "write an engine with all kinds of state of this version into a file of testdata with this name")

// goldenState is all that an engine stores.
type goldenState struct {
	Models map[string][]byte
	Dedupe []byte
}

// story is traffic that leaves something of every kind behind: numbers, categories, missing values,
// cohorts with tables of their missing values, references, rows of evidence, usage, a baseline that
// is being learned and one that has been, what found no room.
type story struct {
	set     *catalog.Set
	change  func(*Options)
	minutes [][]Delta
}

func newStory(t testing.TB) *story {
	t.Helper()
	_, set, minutes := busyMinutes(t)
	fraud := *set.Model("", "fraud")
	fraud.Versions = fraud.Versions[:1] // nobody vouches for the others
	s := newShop(7)
	shop := &catalog.Model{Name: "shop", Baseline: s.base}
	shop.Versions = []*catalog.Version{{Model: shop, Version: "7", Baseline: s.base}}
	st := &story{
		set: catalog.NewSet([]*catalog.Model{&fraud, shop}, nil),
		change: func(o *Options) {
			o.Learn, o.SegmentTotals, o.For = 35_000, true, 1
			o.Limits.Models, o.Limits.Versions = 2, 1
		},
	}
	for m := range minutes {
		at := epoch + int64(m)*60
		deltas := minutes[m]
		add := func(k Key, d Delta) {
			d.Key, d.Minute = k, at
			d.Producer, d.Sequence, d.Points = "q", uint64(m+1), 1<<20
			d.Ordinal = uint64(len(deltas))
			deltas = append(deltas, d)
		}
		s.drifts = m >= 110
		for _, d := range s.minute(at, 30) {
			k := d.Key
			k.Model = "shop"
			add(k, d)
		}
		for _, model := range []string{"learns", "learned"} {
			rows := uint64(100)
			if model == "learned" {
				rows = 1000
			}
			k := Key{Environment: "prod", Model: model, Version: "1"}
			add(k, Delta{Count: rows})
			k.Subject, k.Name = Feature, "amount"
			add(k, Delta{Count: 4, Sum: 10, HasRange: true, Min: 1, Max: 4, Exponential: exponentialOf([]float64{1, 2, 3, float64(4 + m%5)})})
			k.Name = "kind"
			add(k, Delta{Categorical: true, Category: fmt.Sprint("k", m%3), Count: 7})
			add(k, Delta{Categorical: true, Overflow: true, Count: 1})
			k.Subject = Missing
			add(k, Delta{Count: 2})
		}
		add(Key{Model: "fraud", Version: "9"}, Delta{Count: 11}) // finds no room in its model
		add(Key{Model: "late", Version: "1"}, Delta{Count: 13})  // finds no room at all
		add(Key{Model: "shop", Version: "7", Subject: delta.FirstChunk}, Delta{Count: 1, Sum: 0.2, Bounds: []float64{0.1, 1}, Counts: []uint64{0, 1, 0}, Consumer: Consumer{Service: "web"}})
		st.minutes = append(st.minutes, deltas)
	}
	return st
}

// run counts n minutes and returns what has closed and what was learned.
func (st *story) run(e *Engine, from, n int) string {
	var out strings.Builder
	for m := from; m < from+n; m++ {
		now := at(epoch + int64(m)*60 + 70)
		e.Add(now, st.minutes[m])
		out.WriteString(lines(e.Advance(now)))
		for _, l := range e.Learned(now) {
			fmt.Fprintf(&out, "learned %s %s\n", l.Model, inJSON(l.Profile))
			e.FinishLearning(l.Environment, l.Model)
		}
	}
	return out.String()
}

func inJSON(p *profile.Profile) string {
	text, err := json.Marshal(p)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// everything renders all that can be seen of an engine, rows of evidence and uses too.
func everything(e *Engine) string {
	var s strings.Builder
	e.Scores(func(r *Result) {
		s.WriteString(renderOne(r))
		if r.Growth != nil {
			fmt.Fprintf(&s, "\t%+v\n", *r.Growth)
		}
		if r.Exemplar != nil {
			fmt.Fprintf(&s, "\t%x %x\n", r.Exemplar.TraceID, r.Exemplar.SpanID)
		}
	})
	e.Totals(func(t *Total) {
		fmt.Fprintf(&s, "%s overflow=%v %+v start=%d count=%d sum=%.9g %v %v %v rest=%d %v\n",
			t.Key, t.Key.Overflow, t.Consumer, t.Start, t.Count, t.Sum, t.Bounds, t.Groups, t.Categories, t.Rest, t.Exemplars)
	})
	e.LearningProgress(func(environment, model string, rows, wanted uint64) {
		fmt.Fprintf(&s, "learning %s %s %d of %d\n", environment, model, rows, wanted)
	})
	return s.String()
}

// TestGoldenState reads all that earlier versions stored: what is there is what the same traffic
// leaves behind today, in every detail, and what comes afterwards is what comes to an engine that
// never stopped.
func TestGoldenState(t *testing.T) {
	const minutes = 237
	st := newStory(t)
	if *writeGoldenState != "" {
		e := engine(t, st.set, st.change)
		st.run(e, 0, minutes)
		s := e.Snapshot()
		text, err := json.MarshalIndent(goldenState{s.Changed, s.Dedupe}, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join("testdata", *writeGoldenState), append(text, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files, err := filepath.Glob(filepath.Join("testdata", "state-*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no state: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			same := func(s string) string { return s }
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var stored goldenState
			if err := json.Unmarshal(text, &stored); err != nil {
				t.Fatal(err)
			}
			whole := engine(t, st.set, st.change)
			st.run(whole, 0, minutes)
			// The same wall clock on both sides, as a process has that was down for no time.
			now := at(epoch + (minutes-1)*60 + 70)
			e := engine(t, st.set, st.change)
			for key, data := range stored.Models {
				if err := e.Restore(now, data); err != nil {
					t.Fatalf("%s: %v", key, err)
				}
			}
			if err := e.RestoreDedupe(now, stored.Dedupe); err != nil {
				t.Fatal(err)
			}
			want := everything(whole)
			for _, has := range []string{
				"channel=web", "feature", "missing", "confidence", "class", "champion", "previous", " drift", "\t{Kind:", "overflow=true",
				"learning prod learns 23700 of 35000", "output", "USD", "exemplar",
			} {
				if !strings.Contains(want, has) {
					t.Errorf("the story lacks %q", has)
				}
			}
			if strings.Contains(want, "learning prod learned") {
				t.Error("the story lacks a baseline that has been learned")
			}
			if filepath.Base(file) == "state-3.json" {
				same = func(s string) string { return withoutSums(withoutCohortNumbers(s)) }
			}
			want = same(want)
			if got := same(everything(e)); got != want {
				t.Errorf("read\n%s\nwant\n%s", differences(got, want), differences(want, got))
			}
			again := e.Snapshot()
			if g, w := len(again.Keys), len(stored.Models); g != w {
				t.Errorf("%d models, want %d", g, w)
			}
			for _, key := range again.Keys {
				if stored.Models[key] == nil {
					t.Errorf("the key %q is new", key)
				}
			}
			wantLater, gotLater := same(st.run(whole, minutes, 163)), same(st.run(e, minutes-7, 170)) // seven minutes again
			if !strings.Contains(wantLater, "learned learns") || gotLater != wantLater {
				t.Errorf("afterwards\n%s\nwant\n%s", differences(gotLater, wantLater), differences(wantLater, gotLater))
			}
			if got, want := same(everything(e)), same(everything(whole)); got != want {
				t.Errorf("in the end\n%s\nwant\n%s", differences(got, want), differences(want, got))
			}
			if g, w := e.TakeStats().Series, whole.TakeStats().Series; g != w {
				t.Errorf("%v series, want %v", g, w)
			}
		})
	}
}

// withoutCohortNumbers leaves out the numbers of cohorts: version 3 has them in ten groups, without
// those of what is out of the baseline's range, and they begin anew.
func withoutCohortNumbers(s string) string {
	var out strings.Builder
	skip := false
	for line := range strings.Lines(s) {
		if !strings.HasPrefix(line, "\t") { // else it belongs to the line before
			skip = strings.Contains(line, "channel=web confidence") || strings.Contains(line, "channel=web feature amount")
		}
		if !skip {
			out.WriteString(line)
		}
	}
	return out.String()
}

// withoutSums leaves out what goes by the sums of windows, which version 3 does not have.
func withoutSums(s string) string {
	return regexp.MustCompile(` wasserstein=\S+ p=\S+`).ReplaceAllString(s, "")
}

// differences are the lines of a that b does not have.
func differences(a, b string) string {
	has := map[string]bool{}
	for line := range strings.Lines(b) {
		has[line] = true
	}
	var out strings.Builder
	for line := range strings.Lines(a) {
		if !has[line] {
			out.WriteString(line)
		}
	}
	return out.String()
}

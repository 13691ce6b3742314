// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"testing"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// reasonsOf returns the reason of each comparison, "ok" or "drift" where there is a verdict.
func reasonsOf(e *Engine) map[string]string {
	out := map[string]string{}
	e.Scores(func(r *Result) {
		reason := r.Reason.String()
		if r.Verdict != Insufficient {
			reason = r.Verdict.String()
		}
		if (reason == "") || (r.Reason == NoReason) != (r.Verdict != Insufficient) {
			reason = "no reason for " + r.Verdict.String()
		}
		out[r.Key.String()+" vs "+r.Reference] = reason
	})
	return out
}

// Every verdict that is insufficient says why, and after a window one line a version and reason
// says how much is lacking.
func TestReasons(t *testing.T) {
	base := &profile.Profile{FormatVersion: 1, Rows: 500, Features: []*profile.Column{
		profile.NewNumeric("x", []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 0, 5),
		profile.NewCategorical("c", map[string]uint64{"a": 300, "b": 200}, 0, 200),
	}}
	set := card(base, func(m *catalog.Model) { m.Drift.Reference = []string{Baseline, Champion, Previous} })
	e := engine(t, set, nil)
	other, _ := distribution.NewBins([]float64{2.5, 100}) // no bounds of the baseline's
	send := func(minute int64, rows uint64) {
		k := Key{Model: "fraud", Version: "8", Subject: Feature}
		add := func(name string, d Delta) {
			d.Key, d.Minute = k, epoch+minute*60
			d.Key.Name = name
			e.Add(at(epoch+minute*60+70), []Delta{d})
		}
		add("c", Delta{Categorical: true, Category: "a", Count: rows - rows*2/5})
		add("c", Delta{Categorical: true, Category: "b", Count: rows * 2 / 5})
		add("x", Delta{Count: rows, Bounds: other.Bounds(), Counts: []uint64{rows, 0, 0}})
		add("unknown", Delta{Categorical: true, Category: "a", Count: rows})
		k.Version = "6"
		add("c", Delta{Categorical: true, Category: "a", Count: 1})
		e.Advance(at(epoch + minute*60 + 70))
	}
	check := func(when string, want map[string]string) {
		t.Helper()
		got := reasonsOf(e)
		for key, reason := range want {
			if got["fraud 8 "+key] != reason {
				t.Errorf("%s: %s is %q, want %q", when, key, got["fraud 8 "+key], reason)
			}
		}
		if t.Failed() {
			t.Log(got)
		}
	}
	send(0, 10)
	check("at first", map[string]string{
		"feature c vs baseline": "few", "feature x vs baseline": "mismatch", "feature unknown vs baseline": "no_reference",
		"feature c vs champion": "no_reference", "feature c vs previous": "no_reference", "missing c vs baseline": "few",
		"missing unknown vs baseline": "no_reference",
	})
	if s := e.TakeStats().Shortages; len(s) != 0 {
		t.Errorf("no window has passed: %+v", s)
	}
	send(1, 300)
	check("enough, not closed", map[string]string{"feature c vs baseline": "pending", "missing c vs baseline": "pending"})
	for m := int64(2); m < 200; m++ {
		send(m, 3)
	}
	check("closed", map[string]string{"feature c vs baseline": "ok", "feature x vs baseline": "mismatch", "feature unknown vs baseline": "no_reference"})
	var mask Reasons
	e.Scores(func(r *Result) {
		if r.Key.Name == "c" && r.Key.Subject == Feature && r.Reference == Baseline {
			mask = r.Reasons
		}
	})
	if !mask.Has(Few) || !mask.Has(Pending) || mask.Has(NoReference) {
		t.Errorf("reasons given: %b", mask)
	}
	found := map[string]Shortage{}
	for _, s := range e.TakeStats().Shortages {
		found[s.Key.Version+" "+s.Reference+" "+s.Reason.String()] = s
	}
	for m := int64(200); m < 330; m++ {
		send(m, 5)
		for _, s := range e.TakeStats().Shortages {
			found[s.Key.Version+" "+s.Reference+" "+s.Reason.String()] = s
		}
	}
	want := map[string]Shortage{
		"8 baseline no_reference": {Key: Key{Name: "unknown"}, Samples: 300, Series: 2}, // and its missing values
		"8 champion no_reference": {Key: Key{Name: "c"}, Samples: 300, Series: 4},
	}
	for key, w := range want {
		g := found[key]
		if g.Key.Name != w.Key.Name || g.Series != w.Series || g.Samples != w.Samples || g.Needed != 200 {
			t.Errorf("%s: %+v, want %+v", key, g, w)
		}
	}
	if few := found["6 baseline few"]; few.Samples == 0 || few.Samples >= 200 || few.Key.Name != "c" {
		t.Errorf("%+v of %+v", few, found)
	}

	// They survive a restart.
	before := reasonsOf(e)
	again := engine(t, set, nil)
	for _, data := range e.Snapshot().Changed {
		if err := again.Restore(at(epoch+260*60), data); err != nil {
			t.Fatal(err)
		}
	}
	for key, reason := range reasonsOf(again) {
		if before[key] != reason {
			t.Errorf("%s: %q, before the restart %q", key, reason, before[key])
		}
	}
}

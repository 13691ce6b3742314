// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/eventtime"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// shiftedMinute is 1000 rows of which the first feature has moved, with a segment of them, and the
// set of cards that they are judged by.
func shiftedMinute(shift float64) (cols []column, deltas []Delta) {
	cols = columns(10)
	cols[0].shift = shift
	base := baseline(cols, 3000, 1)
	deltas = newTraffic(base, cols, 2).minute(epoch, 1000)
	part := newTraffic(base, cols, 3)
	part.key.Segment = "country=DE"
	return cols, append(deltas, part.minute(epoch, 300)...)
}

// Judge says what an engine says of its first window, whatever the options and the card say of how
// windows follow each other.
func TestJudgeIsAnEnginesFirstWindow(t *testing.T) {
	cols, deltas := shiftedMinute(0.5)
	set := card(baseline(cols, 3000, 1), func(m *catalogModel) {
		m.Drift.For, m.Drift.Window, m.Drift.Season = 3, eventtime.Window{Calendar: "week"}, "week"
		m.Drift.Reference, m.Drift.MaxWindow, m.Drift.MinSamples = []string{Champion, Previous}, time.Minute, 250
	})
	o := DefaultOptions()
	o.Learn = 1000
	got, err := o.Judge(set, deltas, nil)
	require.NoError(t, err)

	e := engine(t, card(baseline(cols, 3000, 1), func(m *catalogModel) { m.Drift.MinSamples = 250 }), func(o *Options) { o.For, o.Slow = 1, nil })
	e.Add(at(epoch), deltas)
	want, _ := e.CloseAll(at(epoch))
	require.Len(t, got, len(want))
	drifts := 0
	for i := range want {
		assert.Equal(t, want[i].Key, got[i].Key)
		assert.Equal(t, want[i].Verdict, got[i].Verdict, got[i].Key)
		assert.Equal(t, want[i].Samples, got[i].Samples, got[i].Key)
		assert.Equal(t, want[i].Scores, got[i].Scores, got[i].Key)
		assert.Equal(t, want[i].Growth, got[i].Growth, got[i].Key)
		if got[i].Verdict == Insufficient {
			assert.Equal(t, want[i].Reason, got[i].Reason, got[i].Key)
		} else {
			assert.Equal(t, NoReason, got[i].Reason, got[i].Key)
		}
		if got[i].Verdict == Drift {
			drifts++
		}
	}
	assert.Equal(t, 2, drifts, "f00, of all rows and of the segment")
}

// A design effect makes values of all rows and of segments worth fewer: of what is asked for, and of
// nothing else.
func TestJudgeByDesign(t *testing.T) {
	cols, deltas := shiftedMinute(0.5)
	set := card(baseline(cols, 3000, 1), nil)
	plain, err := DefaultOptions().Judge(set, deltas, nil)
	require.NoError(t, err)
	asked := map[Key]bool{}
	weighed, err := DefaultOptions().Judge(set, deltas, func(k Key) float64 {
		asked[k] = true
		switch k {
		case Key{Subject: Feature, Name: "f00"}:
			return 2
		case Key{Subject: Feature, Name: "f03"}:
			return 20
		case Key{Subject: Missing, Name: "f01"}:
			return 4
		}
		return 0 // at least 1
	})
	require.NoError(t, err)
	require.Len(t, weighed, len(plain))
	for i := range plain {
		p, w := &plain[i], &weighed[i]
		require.Equal(t, p.Key, w.Key)
		design := 1.0
		switch {
		case w.Key.Subject == Feature && w.Key.Name == "f00":
			design = 2
		case w.Key.Subject == Feature && w.Key.Name == "f03":
			design = 20
			assert.Equal(t, Dependent, w.Reason)
		case w.Key.Subject == Missing && w.Key.Name == "f01":
			design = 4
		}
		assert.InDelta(t, float64(w.Samples)/design, w.Effective, 1e-9, w.Key)
		if design == 1 {
			assert.Equal(t, p.Scores, w.Scores, w.Key)
		} else {
			ks := slices.IndexFunc(w.Scores, func(s Score) bool { return s.Method == "ks" || s.Method == missingMethod })
			assert.Greater(t, w.Scores[ks].PValue, p.Scores[ks].PValue, w.Key)
		}
	}
	for k := range asked {
		assert.Empty(t, k.Segment+k.Model)
	}
}

// What cannot be counted is an error that names it, and so are options that make no sense.
func TestJudgeErrors(t *testing.T) {
	cols, deltas := shiftedMinute(0)
	set := card(baseline(cols, 3000, 1), nil)
	bad := slices.Clone(deltas)
	bad[1].Counts = nil
	_, err := DefaultOptions().Judge(set, bad, nil)
	require.ErrorContains(t, err, "fraud 7 feature f00: unreadable")
	_, err = Options{}.Judge(set, deltas, nil)
	require.ErrorContains(t, err, "min_samples")
}

func TestMethodTypes(t *testing.T) {
	for name, want := range map[string][]profile.Type{
		"psi": {profile.Numeric, profile.Categorical}, "ks": {profile.Numeric}, "psi@evidently": {profile.Numeric, profile.Categorical},
		"wasserstein@evidently": {profile.Numeric}, "chi2@evidently": {profile.Categorical},
	} {
		types, err := MethodTypes(name)
		require.NoError(t, err, name)
		assert.Equal(t, want, types, name)
	}
	_, err := MethodTypes("magic")
	require.ErrorContains(t, err, `"magic"`)
	_, err = MethodTypes("anderson_darling")
	require.ErrorContains(t, err, "compares the rows themselves")
}

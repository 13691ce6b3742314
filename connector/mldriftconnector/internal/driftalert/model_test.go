// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package driftalert

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/change"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/internal/ranking"
)

// drifting is a verdict on a feature of model fraud.
func drifting(name string, effect float64, since int64) drift.Result {
	return drift.Result{
		Key: drift.Key{Model: "fraud", Version: "7", Subject: drift.Feature, Name: name}, Reference: drift.Baseline, Samples: 1000,
		Start: since + 3600, End: since + 7200, Since: since, Verdict: drift.Drift,
		Scores: []drift.Score{{Method: "ks", Effect: effect, Threshold: 0.1}}, Change: change.Change{Kind: change.Shift, Text: "shift: up"},
	}
}

// An alert of a model lists its drifts in their order and changes with them; it ends with the last.
// In a replay, all of that may come at once.
func TestPerModel(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	set := catalog.NewSet(nil, nil)
	a := New(Options{Limit: 10, Resend: time.Minute, KeepResolved: time.Minute, Severity: alert.Warning, PerModel: true})
	rank := func(results ...drift.Result) {
		g := ranking.New(set)
		for i := range results {
			g.Add(&results[i])
		}
		a.Rank(g)
	}
	begins := func(r drift.Result) drift.Change { return drift.Change{Result: r, From: drift.OK} }
	ends := func(r drift.Result) drift.Change {
		r.Verdict = drift.OK
		return drift.Change{Result: r, From: drift.Drift}
	}
	get := func() alert.Alert {
		e, ok := a.Get(Drifting{Key: drift.Key{Model: "fraud", Version: "7"}})
		require.True(t, ok)
		return e.Alert
	}
	x, y := drifting("x", 0.2, 1000), drifting("y", 0.4, 4600)
	rank(x)
	a.Observe(nil, []drift.Change{begins(x)}, set, now)
	a.HoldAll(set, now)
	a.Settle(now)
	begun := get()
	assert.Equal(t, "ModelDrift", begun.Name)
	assert.Equal(t, "model fraud 7: x drifts (KS 0.2 over 0.1, n = 1,000): shift: up", begun.Summary)
	assert.Equal(t, time.Unix(x.End, 0), begun.StartsAt)

	rank(x, y)
	a.Observe(nil, []drift.Change{begins(y)}, set, now)
	a.HoldAll(set, now)
	a.Settle(now)
	both := get()
	assert.Equal(t, "model fraud 7: 2 drifts; the first: y drifts (KS 0.4 over 0.1, n = 1,000): shift: up", both.Summary)
	assert.Equal(t, "1. y (shift); 2. x (shift)", both.Annotations["ranking"])
	assert.Equal(t, "2", both.Annotations["drifting"])
	assert.Equal(t, "y", both.Annotations["feature"])
	assert.Equal(t, "1970-01-01T00:16:40Z", both.Annotations["since"], "of the one that began first")
	assert.Equal(t, begun.StartsAt, both.StartsAt)
	assert.Equal(t, 1, a.Len())

	data, err := a.EncodeChanged(func(*drift.Key) bool { return true })
	require.NoError(t, err)
	restored := New(Options{Limit: 10, Resend: time.Minute, KeepResolved: time.Minute, PerModel: true})
	require.NoError(t, restored.Decode(data))
	for _, one := range []*Alerts{a, restored} {
		a = one
		rank(x)
		a.Observe(nil, []drift.Change{ends(y)}, set, now)
		assert.Equal(t, alert.Firing, get().State, "x still drifts")
		a.HoldAll(set, now)
		a.Settle(now)
		assert.Equal(t, "1. x (shift)", get().Annotations["ranking"])
		rank()
		a.Observe(nil, []drift.Change{ends(x)}, set, now)
		a.HoldAll(set, now)
		a.Settle(now)
		assert.Equal(t, alert.Resolved, get().State)
		assert.Equal(t, "model fraud 7: nothing drifts any more", get().Summary)
		assert.Equal(t, time.Unix(x.End, 0), get().EndsAt)
	}

	a.Observe(nil, []drift.Change{begins(x), begins(y), ends(x), ends(y)}, set, now)
	a.HoldAll(set, now)
	assert.Equal(t, alert.Resolved, get().State, "it began and ended between two emissions")

	rank(x)
	a.HoldAll(set, now)
	a.Settle(now)
	assert.Equal(t, alert.Firing, get().State, "a verdict that holds has an alert, whoever found it")
	rank()
	a.HoldAll(set, now)
	a.Settle(now)
	assert.Equal(t, "model fraud 7: what drifted is not watched any more", get().Summary)
}

// Alerts of drifts that a process with the other setting has left are resolved.
func TestChangeOfSetting(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	set := catalog.NewSet(nil, nil)
	x := drifting("x", 0.2, 1000)
	g := ranking.New(set)
	g.Add(&x)
	for _, perModel := range []bool{false, true} {
		before := New(Options{Limit: 10, Resend: time.Minute, KeepResolved: time.Minute, PerModel: !perModel})
		before.Rank(g)
		before.HoldAll(set, now)
		data, err := before.EncodeChanged(func(*drift.Key) bool { return true })
		require.NoError(t, err)
		a := New(Options{Limit: 10, Resend: time.Minute, KeepResolved: time.Minute, PerModel: perModel})
		require.NoError(t, a.Decode(data))
		a.Rank(g)
		a.HoldAll(set, now)
		a.Settle(now)
		states := map[string]alert.State{}
		for _, e := range a.All() {
			states[e.Alert.Name] = e.Alert.State
		}
		want := map[string]alert.State{"FeatureDrift": alert.Firing, "ModelDrift": alert.Resolved}
		if perModel {
			want = map[string]alert.State{"FeatureDrift": alert.Resolved, "ModelDrift": alert.Firing}
		}
		assert.Equal(t, want, states)
	}
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package ranking

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
)

// drifting is a result in drift.
func drifting(name, method string, effect float64) drift.Result {
	return drift.Result{
		Key: drift.Key{Model: "fraud", Version: "7", Subject: drift.Feature, Name: name}, Reference: drift.Baseline, Samples: 1000, Verdict: drift.Drift,
		Scores: []drift.Score{{Method: method, Effect: effect, Threshold: 0.1}},
	}
}

// in is a result of a segment with so many samples.
func in(r drift.Result, segment string, samples uint64) drift.Result {
	r.Key.Segment, r.Samples = segment, samples
	return r
}

// order names the drifts of model fraud in their order.
func order(features map[string]catalog.Feature, results ...drift.Result) (names []string) {
	g := New(catalog.NewSet([]*catalog.Model{{Name: "fraud", Features: features}}, nil))
	for i := range results {
		g.Add(&results[i])
		results[i].Scores = []drift.Score{{}} // it is shared only for the call
	}
	for m, items := range g.Lists {
		if m.Name != "fraud" {
			continue
		}
		for i, one := range items {
			if one.Rank != i+1 {
				return nil
			}
			names = append(names, strings.TrimSpace(one.Result.Key.Segment+" "+one.Result.Key.Name))
		}
	}
	return names
}

func TestOrder(t *testing.T) {
	ok := drifting("fine", "ks", 0.05)
	ok.Verdict = drift.OK
	answer := drifting("", "ks", 0.3)
	answer.Key.Subject = drift.Value
	missing := drifting("a", "l_infinity", 0.15)
	missing.Key.Subject = drift.Missing
	none := drifting("unscored", "ks", 0)
	none.Scores = nil
	importance := func(all map[string]float64) map[string]catalog.Feature {
		out := map[string]catalog.Feature{"unsaid": {}}
		for name, v := range all {
			out[name] = catalog.Feature{Importance: &v}
		}
		return out
	}
	for _, x := range []struct {
		what     string
		features map[string]catalog.Feature
		results  []drift.Result
		want     []string
	}{
		{"nothing drifts", nil, []drift.Result{ok}, nil},
		{"by effect where the card gives no importance", nil, []drift.Result{drifting("b", "ks", 0.2), drifting("a", "ks", 0.3), ok, none}, []string{"a", "b", "unscored"}},
		{"ties by name", nil, []drift.Result{drifting("b", "ks", 0.2), drifting("a", "ks", 0.2)}, []string{"a", "b"}},
		{
			"by importance", importance(map[string]float64{"a": 0.1, "b": 0.5}),
			[]drift.Result{drifting("a", "ks", 0.4), drifting("b", "ks", 0.2)},
			[]string{"b", "a"}, // .3 × .33 and .1 × 1.67
		},
		{
			"what the card says nothing of counts as the mean", importance(map[string]float64{"a": 0.2, "b": 0.4}),
			[]drift.Result{drifting("a", "ks", 0.2), drifting("b", "ks", 0.2), drifting("unsaid", "ks", 0.2), answer},
			[]string{"", "b", "unsaid", "a"},
		},
		{
			"importance 0", importance(map[string]float64{"a": 0, "b": 0.4}),
			[]drift.Result{drifting("a", "ks", 0.9), drifting("b", "ks", 0.11)},
			[]string{"b", "a"},
		},
		{"all importances 0 are equal", importance(map[string]float64{"a": 0, "b": 0}), []drift.Result{drifting("a", "ks", 0.2), drifting("b", "ks", 0.3)}, []string{"b", "a"}},
		{"missing values have the feature's", importance(map[string]float64{"a": 1, "b": 0.1}), []drift.Result{missing, drifting("b", "ks", 0.4)}, []string{"a", "b"}},
		{
			"an effect without an end is no more than ten times its threshold", importance(map[string]float64{"a": 0.1, "b": 0.5}),
			[]drift.Result{drifting("a", "wasserstein", 500), drifting("b", "ks", 0.5)},
			[]string{"b", "a"},
		},
		{"a relative change is of few rows", nil, []drift.Result{drifting("a", drift.RelativeChange, 5), drifting("b", "ks", 0.25)}, []string{"b", "a"}},
		{
			"a segment by its rows", nil,
			[]drift.Result{drifting("a", "ks", 0.12), in(drifting("a", "ks", 0.9), "c=BR", 100), in(drifting("a", "ks", 0.9), "c=DE", 10)},
			[]string{"c=BR a", "a", "c=DE a"}, // .8 × .1, .2, and .8 × .01
		},
	} {
		assert.Equal(t, x.want, order(x.features, x.results...), x.what)
	}
}

// Each model, version and role has a list of its own.
func TestModelsAreApart(t *testing.T) {
	g := New(catalog.NewSet(nil, nil))
	for i, change := range []func(*drift.Key){
		func(*drift.Key) {}, func(k *drift.Key) { k.Version = "8" }, func(k *drift.Key) { k.Role = "shadow" }, func(k *drift.Key) { k.Environment = "test" },
	} {
		r := drifting("a", "ks", 0.2+float64(i))
		change(&r.Key)
		g.Add(&r)
	}
	lists := maps.Collect(g.Lists)
	assert.Len(t, lists, 4)
	assert.Len(t, slices.Concat(slices.Collect(maps.Values(lists))...), 4)
	for m := range g.Lists {
		assert.Equal(t, Model{"", "fraud", "7", ""}, m, "the first")
		break
	}
}

// A drift that has a place no more is said to have none, once; no more than the first have one.
func TestShown(t *testing.T) {
	var s Shown
	places := func(names ...string) map[string]int {
		g := New(catalog.NewSet(nil, nil))
		fine := drifting("fine", "ks", 0)
		fine.Verdict = drift.OK
		g.Add(&fine)
		for i, name := range names {
			r := drifting(name, "ks", 0.9-float64(i)/10)
			g.Add(&r)
		}
		out := map[string]int{}
		s.Places(g, 2, func(r *drift.Result, place int) { out[r.Key.Name] = place })
		return out
	}
	assert.Equal(t, map[string]int{"a": 1, "b": 2}, places("a", "b", "c"))
	assert.Equal(t, map[string]int{"c": 1, "a": 2, "b": 0}, places("c", "a", "b"))
	assert.Equal(t, map[string]int{"a": 0, "c": 0}, places())
	assert.Empty(t, places())
	places("a")
	s.Places(New(catalog.NewSet(nil, nil)), 2, func(*drift.Result, int) { t.Error("the model has gone") })
}

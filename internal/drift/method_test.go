// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/convention"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// What a tool computes of a window is what it computes of the baseline's and the window's bins, with
// the tool's threshold; the p-value is ours.
func TestMethodOfATool(t *testing.T) {
	cols := columns(5)
	base := baseline(cols, 5000, 1)
	e := engine(t, card(base, func(m *catalogModel) {
		m.Drift.Methods = map[profile.Type][]string{
			profile.Numeric: {"psi@evidently", "ks@evidently", "psi@scouter", "ks", "psi"}, profile.Categorical: {"chi2@evidently", "js@nannyml"},
		}
		m.Drift.Thresholds = map[string]float64{"js@nannyml": 0.3, "ks@evidently": 0.01}
	}), nil)
	tr := newTraffic(base, cols, 2)
	deltas := tr.minute(epoch, 1000)
	e.Add(at(epoch+60), deltas)
	closed, _ := e.CloseAll(at(epoch + 120))

	numbers := closedOf(closed, "fraud 7 feature f00")
	require.Len(t, numbers, 1)
	column := base.Column("f00")
	delta := deltas[slices.IndexFunc(deltas, func(d Delta) bool { return d.Key.Name == "f00" && d.Key.Subject == Feature })]
	pair, err := CompareNumeric(column, delta.Counts, delta.Min, delta.Max)
	require.NoError(t, err)
	ref, cur := pair.Samples(stats.KS)
	for name, threshold := range map[string]float64{"psi@evidently": 0.1, "psi@scouter": convention.PSIThreshold(0.05, 10, float64(delta.Count)), "ks@evidently": 0.99} {
		m, _ := convention.Find(name)
		want, err := m.Compare(convention.Side{Bins: &ref}, convention.Side{Bins: &cur})
		require.NoError(t, err)
		got := scoreBy(numbers[0], name)
		require.NotNil(t, got, name)
		assert.InDelta(t, want.Score, got.Score, 1e-12, name)
		assert.InDelta(t, threshold, got.Threshold, 1e-12, name)
		if name == "ks@evidently" {
			assert.InDelta(t, 1-want.Score, got.Effect, 1e-12)
		}
		assert.Greater(t, got.PValue, 1e-6, name)
		assert.True(t, math.IsInf(got.Error, 1), "the tool's edges cut the bins")
	}

	// Ours say how far those of the values may be: up to the share of a bin on either side.
	assert.Less(t, scoreBy(numbers[0], "ks").Error, 0.02)
	assert.Positive(t, scoreBy(numbers[0], "ks").Error)
	assert.Zero(t, scoreBy(numbers[0], "psi").Error)

	categories := closedOf(closed, "fraud 7 feature f04")
	require.Len(t, categories, 1)
	assert.Equal(t, 0.3, scoreBy(categories[0], "js@nannyml").Threshold)
	assert.InDelta(t, 0.95, scoreBy(categories[0], "chi2@evidently").Threshold, 1e-12)
}

// The tool that is named chooses by type and size, and nothing beside it decides of values.
func TestPreset(t *testing.T) {
	for _, tt := range []struct {
		tool               string
		numeric, category  string
		rows               int
		numbers, threshold float64
	}{
		{"evidently", "wasserstein@evidently", "js@evidently", 5000, 0.1, 0.1},
		{"evidently", "ks@evidently", "chi2@evidently", 900, 0.95, 0.95},
		{"nannyml", "js@nannyml", "js@nannyml", 5000, 0.1, 0.1},
		{"tfdv", "jsd@tfdv", "l_infinity@tfdv", 5000, 0.3, 0.3},
	} {
		o := DefaultOptions()
		o.Method = tt.tool
		require.NoError(t, o.Validate())
		base := baseline(columns(5), tt.rows, 1)
		set := card(base, nil)
		for name, want := range map[string]string{"f00": tt.numeric, "f04": tt.category} {
			p := o.plan(set, modelKey{name: "fraud"}, "7", seriesKey{subject: Feature, name: name})
			methods := p.numeric
			if name == "f04" {
				methods = p.categorical
			}
			require.Len(t, methods, 1)
			assert.Equal(t, want, methods[0].name, "%s of %d rows", tt.tool, tt.rows)
			assert.True(t, p.asTool)
		}
	}
	// Numbers of few values are categories to Evidently.
	p := preset("evidently", profile.Numeric, profile.NewNumeric("x", manyOf(300, func(r *rand.Rand) float64 { return float64(r.IntN(3)) }), 0, distribution.DefaultBins))
	require.Len(t, p, 1)
	assert.Equal(t, "chi2@evidently", p[0].name)
	column := profile.NewNumeric("x", manyOf(300, func(r *rand.Rand) float64 { return float64(r.IntN(3)) }), 0, distribution.DefaultBins)
	bins, err := distribution.NewBins(column.Numeric.Bounds)
	require.NoError(t, err)
	values := []float64{0, 0, 0, 1, 1, 2, 2, 2, 2, 2}
	pair, err := CompareNumeric(column, bins.Count(values), 0, 2)
	require.NoError(t, err)
	res, threshold, err := p[0].compare(pair)
	require.NoError(t, err)
	counts := map[float64]float64{}
	for _, v := range manyOf(300, func(r *rand.Rand) float64 { return float64(r.IntN(3)) }) {
		counts[v]++
	}
	_, _, want := stats.Chi2GoodnessOfFit([]float64{counts[0], counts[1], counts[2]}, []float64{3, 2, 5})
	assert.InDelta(t, want, res.Score, 1e-12)
	assert.InDelta(t, 0.95, threshold, 1e-12)
}

func manyOf(n int, draw func(*rand.Rand) float64) []float64 {
	r := rand.New(rand.NewPCG(5, 6))
	out := make([]float64, n)
	for i := range out {
		out[i] = draw(r)
	}
	return out
}

func TestMethodsOfToolsAreChecked(t *testing.T) {
	o := DefaultOptions()
	o.Methods = map[profile.Type][]string{
		profile.Numeric:     {"psi@evidently", "anderson_darling", "fisher", "psi@evidentli"},
		profile.Categorical: {"fisher", "ks@evidently", "tvd_permutation@evidently"},
	}
	o.Thresholds = map[string]float64{"psi@evidently": 0.3, "psi@evidentli": 1}
	o.Method = "alibi"
	err := o.Validate()
	for _, want := range []string{
		`'methods::numeric[1]': "anderson_darling" compares the rows themselves, and windows keep bins and counts: mlprofile score --method anderson_darling`,
		`'methods::numeric[2]': "fisher" compares categories and has no meaning for numbers`,
		`'methods::numeric[3]': unknown drift method "psi@evidentli"`,
		`'methods::categorical[1]': "ks@evidently" compares numbers`,
		`'methods::categorical[2]': "tvd_permutation@evidently" compares the rows themselves`,
		`'thresholds::psi@evidentli'`, `'method': "alibi" is none of evidently, nannyml, scouter, tfdv`,
		`'methods::numeric': has no meaning beside method`,
	} {
		assert.ErrorContains(t, err, want)
	}
	assert.NotContains(t, err.Error(), "categorical[0]")
	assert.NotContains(t, err.Error(), "numeric[0]")
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package convention

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func generated(n int, f func(i int) float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = f(i)
	}
	return out
}

// What scipy 1.10 computes of small samples (exact distributions), larger ones, and ties.
func TestScipyNumbers(t *testing.T) {
	small := [2][]float64{{1.1, 2.3, 0.4, 5.6, 3.3, 2.2}, {2.9, 4.1, 6.6, 0.7, 7.2}}
	large := [2][]float64{
		generated(40, func(i int) float64 { return float64(i*37%101) / 10 }),
		generated(30, func(i int) float64 { return float64(i*53%97)/8 + 1 }),
	}
	ties := [2][]float64{{1, 2, 2, 3, 4, 4, 5, 1, 2, 3}, {2, 3, 3, 5, 6, 4, 4, 2}}
	for _, c := range []struct {
		method       string
		sides        [2][]float64
		statistic, p float64
	}{
		{"mann_whitney", small, 8, 0.24675324675324672},
		{"mann_whitney", large, 447.5, 0.07123828884205576},
		{"mann_whitney", ties, 25.5, 0.20344412077274776},
		{"mann_whitney@evidently", small, 8, 0.12337662337662336},
		{"mann_whitney@evidently", ties, 25.5, 0.10172206038637388},
		{"cramer_von_mises", small, 0.2151515151515151, 0.28354978354978355},
		{"cramer_von_mises", large, 0.33336309523809504, 0.1099235807519865},
		{"cramer_von_mises", ties, 0.16956018518518512, 0.3672471319530143},
		{"epps_singleton", small, 1.42252545599767, 0.8402706870484148},
		{"epps_singleton", large, 8.223001069550222, 0.0837425952644818},
		{"epps_singleton", ties, 2.1439382053275096, 0.7093049796968423},
		{"anderson_darling", large, 1.8663025186070878, 0.055241513924177026},
		{"anderson_darling", ties, 0.4674684074245706, 0.21328892512047123},
		{"ks@scipy", large, 0.24166666666666667, 0.23595727243117298},
		{"t_test", large, -1.9658498395065604, 0.053400753166167964},
		{"welch", ties, -1.4161277211806513, 0.17748233358675522},
	} {
		m, ok := Find(c.method)
		require.True(t, ok)
		r, err := m.Compare(Side{Values: c.sides[0]}, Side{Values: c.sides[1]})
		require.NoError(t, err)
		assert.InDelta(t, c.statistic, r.Statistic, 1e-9, c.method)
		assert.InDelta(t, c.p, r.PValue, 1e-9, c.method)
	}
	energy, _ := Find("energy")
	r, err := energy.Compare(Side{Values: large[0]}, Side{Values: large[1]})
	require.NoError(t, err)
	assert.InDelta(t, 0.6817257513105985, r.Score, 1e-12)
	for _, bins := range [][]float64{auto(newRaw(large[0])), doane(newRaw(large[0])), sturges(0, 10, 40)} {
		assert.Equal(t, []float64{6, 5, 6, 7, 4, 6, 6}, histogram(newRaw(large[0]), bins))
	}
}

func TestScipyTables(t *testing.T) {
	for _, c := range []struct {
		method       string
		ref, cur     []float64
		statistic, p float64
	}{
		{"g_test", []float64{12, 30, 7}, []float64{20, 18, 9}, 5.262416248113858, 0.07199143509492716},
		{"g_test", []float64{12, 30}, []float64{20, 18}, 3.886993535916508, 0.048661459587958256},
		{"chi2@scipy", []float64{12, 30, 7}, []float64{20, 18, 9}, 5.210594876248371, 0.07388115885581689},
		{"chi2@scipy", []float64{12, 30}, []float64{20, 18}, 3.8617376775271524, 0.049399141354776833},
		{"fisher", []float64{12, 30}, []float64{20, 18}, 0.36, 0.03980674380492476},
	} {
		m, _ := Find(c.method)
		r, err := m.CompareCounts(c.ref, c.cur)
		require.NoError(t, err)
		assert.InDelta(t, c.statistic, r.Statistic, 1e-9, c.method)
		assert.InDelta(t, c.p, r.PValue, 1e-9, c.method)
	}
	v, _ := Find("cramers_v")
	r, err := v.CompareCounts([]float64{12, 30, 7}, []float64{20, 18, 9})
	require.NoError(t, err)
	assert.InDelta(t, 0.23297431180480077, r.Score, 1e-12)
}

// Every method names its parameters, refuses others, and compares numbers or categories.
func TestEveryMethod(t *testing.T) {
	for _, name := range Names() {
		m, ok := Find(name)
		require.True(t, ok)
		assert.True(t, m.Numeric() || m.Categorical(), name)
		_, err := m.With(map[string]string{"nonsense": "1"})
		require.ErrorContains(t, err, "nonsense", name)
		for parameter := range m.defaults() {
			_, err = m.With(map[string]string{parameter: "-"})
			require.ErrorContains(t, err, parameter, name)
		}
		limited, err := m.With(map[string]string{"threshold": "0.05"})
		if err != nil {
			require.ErrorContains(t, err, "threshold", name)
			limited = m
		}
		equal := Side{Values: generated(60, func(i int) float64 { return float64(i * 7 % 60) })}
		if m.Numeric() {
			r, err := limited.Compare(equal, equal)
			require.NoError(t, err, name)
			assert.NotContains(t, []string{Drift, "DRIFT", "High", "Low"}, r.Verdict, name)
			_, err = m.Compare(equal, Side{Values: []float64{}})
			require.ErrorIs(t, err, errEmpty, name)
		}
	}
	soda, _ := Find("psi@soda")
	_, err := soda.With(map[string]string{"direction": "up"})
	require.EqualError(t, err, `psi@soda has no parameter "direction"; it has bins (10), zero (1e-05), threshold`)
	for _, preset := range Presets() {
		for _, numeric := range []bool{true, false} {
			for _, n := range []float64{100, 10_000} {
				for _, distinct := range []int{2, 4, 100} {
					_, ok := Find(Choose(preset, numeric, n, distinct))
					assert.True(t, ok, preset)
				}
			}
		}
	}
}

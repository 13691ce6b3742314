// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"encoding/hex"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func newDetector(t testing.TB, name string, given map[string]float64) *Detector {
	t.Helper()
	d, err := New(name, given)
	require.NoError(t, err)
	return d
}

// drifts returns the places of changes in a stream.
func drifts(t testing.TB, d *Detector, list []float64) (at []int) {
	t.Helper()
	for i, x := range list {
		c, ok := d.Add(x)
		require.True(t, ok)
		if c.Level == Drift {
			at = append(at, i)
		}
	}
	return at
}

// draws returns n values of a mean: bits for detectors of bits, else normal with a standard deviation
// of 0.1.
func draws(r *rand.Rand, name string, n int, mean float64) []float64 {
	list := make([]float64, n)
	for i := range list {
		if kinds[name].domain == binary {
			if r.Float64() < mean {
				list[i] = 1
			}
		} else {
			list[i] = min(max(mean+0.1*r.NormFloat64(), 0), 1)
		}
	}
	return list
}

// estimators have no changes.
var estimators = []string{"prequential", "rolling_mean"}

// Every detector finds a rise from 0.2 to 0.7 once and soon, says how large it is, and starts anew.
func TestEveryDetectorFindsARise(t *testing.T) {
	given := map[string]map[string]float64{
		"gma@frouros": {"threshold": 0.2}, "bocd": {"prior_mean": 0.4, "variance": 0.01, "hazard": 1e-6},
	}
	// These are known for false changes: docs/detectors.md has how many.
	restless := func(name string) bool {
		return strings.HasPrefix(name, "eddm") || strings.HasPrefix(name, "rddm") || name == "kswin@river"
	}
	for _, name := range Names() {
		if slices.Contains(estimators, name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			d := newDetector(t, name, given[name])
			assert.True(t, math.IsNaN(d.Estimate()))
			r := rand.New(rand.NewPCG(5, 1))
			list := append(draws(r, name, 2000, 0.2), draws(r, name, 1000, 0.7)...)
			var found []Change
			for i, x := range list {
				c, ok := d.Add(x)
				require.True(t, ok)
				if c.Level != Drift {
					assert.Zero(t, c.Before)
					continue
				}
				if i < 2000 {
					assert.True(t, restless(name), "a false change at %d", i)
					continue
				}
				found = append(found, c)
				assert.True(t, len(found) > 1 || i < 2400, "found late: %d", i)
				assert.LessOrEqual(t, c.Since, i)
			}
			require.NotEmpty(t, found)
			assert.Less(t, found[0].Before, 0.35)
			assert.Greater(t, found[0].After, found[0].Before)
			if !restless(name) && name != "adwin@river_0.9" && !strings.HasPrefix(name, "kswin@") {
				assert.Len(t, found, 1)
				assert.InDelta(t, 0.7, d.Estimate(), 0.1)
			}
		})
	}
}

// Ours look both ways unless they are told not to, but for those on errors.
func TestDirection(t *testing.T) {
	for _, name := range []string{"adwin", "page_hinkley", "cusum", "hddm_a", "hddm_w", "kswin"} {
		r := rand.New(rand.NewPCG(7, 2))
		list := append(draws(r, name, 2000, 0.7), draws(r, name, 1000, 0.3)...)
		at := drifts(t, newDetector(t, name, nil), list)
		if assert.Len(t, at, 1, name) {
			assert.Greater(t, at[0], 1999, name)
		}
		if slices.ContainsFunc(Parameters(name), func(p Parameter) bool { return p.Name == "direction" }) {
			assert.Empty(t, drifts(t, newDetector(t, name, map[string]float64{"direction": 1}), list), name)
			assert.Equal(t, at, drifts(t, newDetector(t, name, map[string]float64{"direction": -1}), list), name)
		}
	}
}

// The moments that river's test suite has (river/drift/test_drift_detectors.py, data_stream_3:
// 500 bits each of 0.5, nearly 1, 0.5, nearly 1), on both sides.
func TestRiverTwoSided(t *testing.T) {
	packed, err := hex.DecodeString("4fef267c1506f66b81e1bd77b0358a320f968d2615e821c0f3a03564f4472aa21516602956d8e36b6624b9e0f1e48e58e755ef3041f34f73494a5e51d996f" +
		"fffffbffffffffffffffffffffffffffffffffffdfffffffffffffffffffffffffffffffffffffffffffffff7ffffffffffffffffffffffffffffffffffff" +
		"46e6c3b23408512d7125506e049efe6ee7024985a82043544fc08af401092ef5fe265991fafb08502b4ba1e3550cba48c259dd113f6dd9d01cba4c2be10d7" +
		"fffffffefffffffffffffffffeffffffffffffffffffffffffffffffffffffffffffffdfffffffffffffffffffffffffffffffffffffffffffffffffffffd")
	require.NoError(t, err)
	var list []float64
	for _, b := range packed {
		for bit := 7; bit >= 0; bit-- {
			list = append(list, float64(b>>bit&1))
		}
	}
	require.Len(t, list, 2000)
	both := map[string]float64{"two_sided": 1}
	assert.Equal(t, []int{531, 1015, 1545}, drifts(t, newDetector(t, "hddm_a@river", both), list))
	assert.Equal(t, []int{507, 1032, 1508}, drifts(t, newDetector(t, "hddm_w@river", both), list))
}

// Values in another unit, with the range said, change at the same moment.
func TestRange(t *testing.T) {
	for _, name := range []string{"adwin", "hddm_a", "hddm_w"} {
		require.True(t, Bounded(name))
		r := rand.New(rand.NewPCG(3, 3))
		list := append(draws(r, name, 1000, 0.2), draws(r, name, 1000, 0.6)...)
		want := drifts(t, newDetector(t, name, nil), list)
		require.NotEmpty(t, want)
		d := newDetector(t, name, map[string]float64{"min": -500, "max": 1500})
		for i, x := range list {
			c, ok := d.Add(2000*x - 500)
			require.True(t, ok)
			assert.Equal(t, slices.Contains(want, i), c.Level == Drift)
			if i == want[0] {
				assert.InDelta(t, -100, c.Before, 40, name)
				assert.Greater(t, c.After, c.Before, name)
			}
		}
		assert.InDelta(t, 700, d.Estimate(), 150, name)
	}
}

func TestDomain(t *testing.T) {
	for _, name := range Names() {
		d := newDetector(t, name, nil)
		refused := []float64{math.NaN(), math.Inf(1), math.Inf(-1)}
		switch Domain(name) {
		case "0 or 1":
			refused = append(refused, 0.5, -1, 2)
		case "from min to max":
			refused = append(refused, -0.001, 1.001)
		default:
			_, ok := d.Add(1e9)
			assert.True(t, ok, name)
		}
		before := d.Estimate()
		for _, x := range refused {
			c, ok := d.Add(x)
			assert.False(t, ok, "%s %v", name, x)
			assert.Zero(t, c)
		}
		if !math.IsNaN(before) {
			assert.Equal(t, before, d.Estimate(), "what is refused is not taken")
		}
	}
}

func TestParametersAreChecked(t *testing.T) {
	for _, tt := range []struct {
		name  string
		given map[string]float64
		want  string
	}{
		{"adwim", nil, `there is no detector "adwim" (did you mean "adwin"?)`},
		{"adwin", map[string]float64{"dleta": 1}, `adwin has no parameter "dleta" (did you mean "delta"?)`},
		{"adwin", map[string]float64{"delta": 0}, "adwin: delta: 0 is not from 1e-12 to 0.5"},
		{"adwin", map[string]float64{"delta": math.NaN()}, "adwin: delta: NaN"},
		{"adwin", map[string]float64{"clock": 1.5}, "adwin: clock: 1.5 is not a whole number"},
		{"adwin", map[string]float64{"min": 2}, "adwin: max: 1 is not above min, 2"},
		{"adwin@river", map[string]float64{"min": 2}, `adwin@river has no parameter "min"`},
		{"kswin@river", map[string]float64{"recent": 60}, "kswin@river: window: has to be at least twice recent"},
		{"kswin", map[string]float64{"recent": 3}, "kswin: alpha: so few recent values"},
		{"cusum", map[string]float64{"mean": 3}, "cusum: mean: sd"},
	} {
		_, err := New(tt.name, tt.given)
		require.ErrorContains(t, err, tt.want)
	}
	_, err := New("ddm", map[string]float64{"drift": -1, "warning": -1})
	require.ErrorContains(t, err, "ddm: drift")
	require.ErrorContains(t, err, "ddm: warning", "all that is wrong is said at once")
	assert.Nil(t, Parameters("nothing"))
}

// An error after nothing but right answers is no change of ours; in the tools' it is.
func TestDDMWaitsForAnError(t *testing.T) {
	list := make([]float64, 200)
	list[100] = 1
	assert.Equal(t, []int{100}, drifts(t, newDetector(t, "ddm@river", nil), list))
	assert.Empty(t, drifts(t, newDetector(t, "ddm", nil), list))
}

// RDDM takes a long warning for a change, and works its numbers out anew after many values.
func TestRDDM(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 1))
	slow := draws(r, "rddm", 1000, 0.2)
	slow = append(slow, draws(r, "rddm", 1000, 0.24)...)
	impatient := map[string]float64{"max_warnings": 20, "drift": 50}
	require.NotEmpty(t, drifts(t, newDetector(t, "rddm", impatient), slow))
	assert.Empty(t, drifts(t, newDetector(t, "rddm", map[string]float64{"drift": 50}), slow))

	steady := draws(r, "rddm", 20_000, 0.2)
	risen := append(steady, draws(r, "rddm", 3000, 0.3)...)
	high := map[string]float64{"drift": 4, "warning": 3.5}
	slowest := drifts(t, newDetector(t, "ddm", high), risen)
	shrinks := map[string]float64{"drift": 4, "warning": 3.5, "max_concept": 5000, "min_concept": 500}
	soonest := drifts(t, newDetector(t, "rddm", shrinks), risen)
	require.NotEmpty(t, slowest)
	require.NotEmpty(t, soonest)
	assert.Greater(t, soonest[0], 20_000)
	assert.Less(t, soonest[0], slowest[0])
}

func TestEstimators(t *testing.T) {
	p := newDetector(t, "prequential", map[string]float64{"alpha": 0.5})
	m := newDetector(t, "rolling_mean", map[string]float64{"window": 2})
	var fading, rolling []float64
	for _, x := range []float64{1, 0, 0, 4, 4} {
		p.Add(x)
		m.Add(x)
		fading, rolling = append(fading, p.Estimate()), append(rolling, m.Estimate())
	}
	assert.InDeltaSlice(t, []float64{1, 1.0 / 3, 1.0 / 7, (4 + 1.0/8) / (15.0 / 8), (6 + 1.0/16) / (31.0 / 16)}, fading, 1e-12)
	assert.Equal(t, []float64{1, 0.5, 0, 2, 4}, rolling)
}

func TestConstants(t *testing.T) {
	for _, name := range Names() {
		list := make([]float64, 5000)
		assert.Empty(t, drifts(t, newDetector(t, name, nil), list), name)
		if strings.HasPrefix(name, "cusum") && !strings.Contains(name, "@") {
			list[4000] = 1e-9
			assert.Equal(t, []int{4000}, drifts(t, newDetector(t, name, nil), list), "of a constant")
		}
	}
}

// documented is the memory, in bytes, that the doc comments state.
var documented = map[string]int{
	"adwin": 3 << 10, "bocd": 7 << 10, "kswin": 17 << 10, "rddm": 2 << 10, "rolling_mean": 9 << 10,
}

// Memory is bounded, and no value allocates in the steady state.
func TestMemory(t *testing.T) {
	for _, name := range Names() {
		r := rand.New(rand.NewPCG(1, 2))
		list := draws(r, name, 1<<14, 0.4)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		d := newDetector(t, name, nil)
		for _, x := range list {
			d.Add(x)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		limit, ok := documented[strings.Split(name, "@")[0]]
		if !ok {
			limit = 1 << 10
		}
		assert.LessOrEqual(t, int(after.HeapAlloc)-int(before.HeapAlloc), limit+2<<10, name)
		i := 0
		assert.Zero(t, testing.AllocsPerRun(200, func() {
			d.Add(list[i])
			i++
		}), name)
	}
}

func BenchmarkAdd(b *testing.B) {
	for _, name := range Names() {
		b.Run(name, func(b *testing.B) {
			list := draws(rand.New(rand.NewPCG(1, 2)), name, 1<<14, 0.4)
			d := newDetector(b, name, nil)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				d.Add(list[i%len(list)])
			}
		})
	}
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package change

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// Changes of categories are told apart, and named with their shares.
func TestCategories(t *testing.T) {
	for _, x := range []struct {
		name     string
		ref, cur []float64 // of DE, FR, US, GB, and all others
		unlisted string
		of       float64
		want     Change
	}{
		{"nothing", []float64{4000, 3000, 2000, 900, 100}, []float64{405, 290, 205, 92, 8}, "", 0, Change{}},
		{"one value only", []float64{4000, 3000, 2000, 900, 100}, []float64{0, 1000, 0, 0, 0}, "", 0, Change{Constant, `constant: nearly all values are "FR", was 30 %`}},
		{"a new one", []float64{4000, 3000, 2000, 900, 100}, []float64{370, 270, 180, 80, 100}, "PL", 0.09, Change{NewCategory, `new category: "PL" is 9 %, was 0 %`}},
		{"many new ones", []float64{4000, 3000, 2000, 900, 100}, []float64{320, 240, 160, 80, 200}, "a", 0.01, Change{NewCategory, `new category: values that the reference does not list are 20 %, was 1 %`}},
		{"one that is named and was not there", []float64{4000, 3000, 2900, 0, 100}, []float64{380, 280, 280, 50, 10}, "", 0, Change{NewCategory, `new category: "GB" is 5 %, was 0 %`}},
		{"gone", []float64{4000, 3000, 2000, 900, 100}, []float64{500, 375, 0, 113, 12}, "", 0, Change{VanishedCategory, `category has vanished: "US" is 0 %, was 20 %`}},
		{"another spelling", []float64{4000, 3000, 2000, 900, 100}, []float64{400, 300, 0, 90, 210}, "us", 0.2, Change{NewCategory, `new category: "us" is 20 %, was 0 %; gone: "US" is 0 %, was 20 %`}},
		{"one more often", []float64{4000, 3000, 2000, 900, 100}, []float64{300, 225, 150, 317, 8}, "", 0, Change{Spike, `spike: "GB" is 32 %, was 9 %`}},
		{"one less often", []float64{4000, 3000, 2000, 900, 100}, []float64{182, 408, 273, 123, 14}, "", 0, Change{Gap, `gap: "DE" is 18 %, was 40 %`}},
		{"the rarer of two", []float64{9000, 1000, 0, 0, 0}, []float64{540, 460, 0, 0, 0}, "", 0, Change{Spike, `spike: "FR" is 46 %, was 10 %`}},
		{"from one to another", []float64{4000, 3000, 2000, 900, 100}, []float64{200, 500, 200, 90, 10}, "", 0, Change{Other, `changed: "DE" is 20 %, was 40 %; "FR" is 50 %, was 30 %`}},
		{"a rare one twice as often", []float64{50_000, 30_000, 18_000, 1900, 100}, []float64{4900, 2950, 1760, 380, 10}, "", 0, Change{Spike, `spike: "GB" is 3.8 %, was 1.9 %`}},
	} {
		got := Categories(Categorical{
			Names: []string{"DE", "FR", "US", "GB"}, Reference: stats.Sample{Counts: x.ref}, Current: stats.Sample{Counts: x.cur},
			Unlisted: x.unlisted, UnlistedShare: x.of,
		})
		assert.Equal(t, x.want, got, x.name)
	}
}

// Without a change there is none, with few categories and with many.
func TestNoChangeOfCategories(t *testing.T) {
	said, tries := 0, 0
	for _, categories := range []int{2, 10, 200} {
		for try := range 100 {
			r := rand.New(rand.NewPCG(uint64(categories), uint64(try)))
			names := make([]string, categories)
			draw := func(n int) stats.Sample {
				s := stats.Sample{Counts: make([]float64, categories+1)}
				for range n {
					v := int(math.Exp(r.Float64()*math.Log(float64(categories+1)))) - 1
					s.Counts[min(v, categories)]++
				}
				return s
			}
			for i := range names {
				names[i] = fmt.Sprint(i)
			}
			c := Categories(Categorical{Names: names, Reference: draw(10_000), Current: draw(1000)})
			if c != (Change{}) {
				said++
				t.Logf("%d categories: %q", categories, c.Text)
			}
			tries++
		}
	}
	assert.LessOrEqual(t, said, tries/50, "of %d", tries)
}

// What cannot be compared has no change, and nothing panics.
func TestDegenerateCategories(t *testing.T) {
	for _, x := range []Categorical{
		{},
		{Names: []string{"a"}, Reference: stats.Sample{Counts: []float64{1, 0}}},
		{Names: []string{"a"}, Reference: stats.Sample{Counts: []float64{1}}, Current: stats.Sample{Counts: []float64{1}}},
		{Names: []string{"a"}, Reference: stats.Sample{Counts: []float64{0, 0}}, Current: stats.Sample{Counts: []float64{1, 0}}},
		{Names: []string{"a"}, Reference: stats.Sample{Counts: []float64{1, 0}}, Current: stats.Sample{Counts: []float64{math.NaN(), 0}}},
	} {
		assert.Equal(t, Change{}, Categories(x))
	}
	none := Categories(Categorical{Reference: stats.Sample{Counts: []float64{10}}, Current: stats.Sample{Counts: []float64{10}}})
	assert.Equal(t, Change{}, none)
}

func TestMissing(t *testing.T) {
	assert.Equal(t, Change{MissingRose, "missing values rose: 2 % → 20 % of the rows"}, Missing(0.02, 0.2))
	assert.Equal(t, Change{MissingFell, "missing values fell: 20 % → 0 % of the rows"}, Missing(0.2, 0))
	assert.Equal(t, Change{}, Missing(0.2, 0.2))
}

func TestKinds(t *testing.T) {
	seen := map[string]bool{}
	for k := range kinds {
		assert.Regexp(t, `^[a-z_]+$`, k.String())
		assert.False(t, seen[k.String()], k.String())
		seen[k.String()] = true
	}
	assert.Equal(t, "unknown", Kind(200).String())
}

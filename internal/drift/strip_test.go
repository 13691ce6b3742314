// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// A slow window tells 48 categories apart. Those that the baseline happens to have most rows of
// would differ from any window without a drift.
func TestFewCategoriesWithoutADriftAreAlike(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, c := range []struct{ categories, rows int }{{150, 300}, {150, 1000}, {100, 2000}, {5000, 1000}} {
		small := 0
		for model := range 100 {
			counts := map[string]uint64{}
			for range c.rows {
				counts[fmt.Sprintf("c%04d", r.IntN(c.categories))]++
			}
			p := &plan{column: profile.NewCategorical(fmt.Sprint(model), counts, 0, profile.DefaultMaxCategories), shared: &binnings{}}
			s := &series{key: seriesKey{subject: Feature}, plan: p, binning: p.categoricalBinning()}
			w := newWindow(0, 0, 86400)
			w.cells = make([]uint32, cellsOf(s.binning))
			for range 5000 {
				bin, _ := s.binning.Lookup(fmt.Sprintf("c%04d", r.IntN(c.categories)))
				w.cells[cellFirst+bin]++
			}
			counted := make([]float64, s.stripCells())
			for i, n := range s.stripOf(w, nil).counts {
				counted[i] = float64(n)
			}
			slow := (&s.values).slowWindow(s, counted, 1, 0)
			slow.speed = SlowWeek
			pair, ok := distribution.Match(s.values.reference(nil, s, refBaseline, &slow), slow.values)
			if !ok || slow.samples != 5000 {
				t.Fatalf("%+v: %d values", c, slow.samples)
			}
			if res, err := pair.Compare(stats.Chi2); err != nil {
				t.Fatal(err)
			} else if res.PValue <= 0.05 {
				small++
			}
		}
		if small > 14 { // 5 are expected; more than 14 in one of ten thousand
			t.Errorf("%+v: %d of 100 baselines differ by p ≤ 0.05", c, small)
		}
	}
}

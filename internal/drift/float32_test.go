// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"math/rand/v2"
	"testing"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// A value that makes up much of a feature has a bin of its own, which a float32 of it falls into,
// too: through a restart and a reload of the catalog, what came as float64 and as float32 is the
// same distribution.
func TestRepeatedValueAsFloat32(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	draw := func() float64 {
		if r.IntN(2) == 0 {
			return 0.1
		}
		return r.Float64()
	}
	values := make([]float64, 3000)
	for i := range values {
		values[i] = draw()
	}
	base := &profile.Profile{FormatVersion: profile.FormatVersion, Rows: 3000, Features: []*profile.Column{
		profile.NewNumeric("x", append([]float64(nil), values...), 0, distribution.DefaultBins),
	}}
	bins, err := distribution.NewBins(base.Features[0].Numeric.Bounds)
	if err != nil {
		t.Fatal(err)
	}
	e := engine(t, card(base, nil), nil)
	k := key7
	k.Subject, k.Name = Feature, "x"
	var closed []Result
	for hour := range int64(6) {
		now := epoch + hour*3600
		rows := make([]float64, 400)
		for i := range rows {
			rows[i] = float64(float32(draw()))
			if hour%2 == 0 {
				rows[i] = draw()
			}
		}
		e.Add(at(now+60), []Delta{histogram(k, now, bins, rows)})
		set := card(base, func(m *catalog.Model) { m.Owner = "someone else" })
		if hour == 2 {
			e = restored(t, set, e.Snapshot(), now+60)
		}
		e.SetCatalog(set)
		c, _ := e.Advance(at(now + 200))
		closed = append(closed, c...)
	}
	got := closedOf(closed, "fraud 7 feature x")
	if len(got) != 4 {
		t.Fatalf("%d windows", len(got))
	}
	for _, res := range got {
		if res.Verdict != OK || res.Samples != 400 || res.Scores[0].Score > 0.1 {
			t.Errorf("%s", renderOne(&res))
		}
	}
}

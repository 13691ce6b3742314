// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// A user's twenty equal rows lack a value twenty times; a share that rises for good says nothing of
// how much rows depend on each other.
func TestDesignOfRareMissingValues(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	hours := func(cluster int, share func(hour int) float64) float64 {
		var rare rare
		var before []uint32
		for hour := range 168 {
			now := make([]uint32, missingCells)
			for range 2000 / cluster {
				cell := stripPresent
				if r.Float64() < share(hour) {
					cell = stripMissing
				}
				now[cell] += uint32(cluster)
			}
			if before != nil {
				rare.add(now, before, maxPairs)
			}
			before = now
		}
		return rare.design()
	}
	assert.InDelta(t, 1, hours(1, func(int) float64 { return 0.01 }), 0.3)
	assert.InDelta(t, 20, hours(20, func(int) float64 { return 0.01 }), 8)
	risen := func(hour int) float64 { return map[bool]float64{true: 0.03}[hour >= 160] }
	assert.InDelta(t, 1, hours(1, risen), 0.5)
}

// A feature that lacked hardly a value does not know how much missing values depend on each other,
// and goes by its values.
func TestRareMissingValuesGoByTheValues(t *testing.T) {
	cal := newCalendar(SeasonAuto, time.UTC, 3600)
	s := &series{key: seriesKey{Feature, "amount"}, missing: &missingVerdict{}}
	s.values.past = newHistory(cal, stripShape{cells: 10, order: true})
	s.missing.past = newHistory(cal, (*missingVerdict)(nil).stripShape(s))
	for range enough {
		s.values.past.hourly.chi = append(s.values.past.hourly.chi, logRatio(16))
		s.missing.past.hourly.chi = append(s.missing.past.hourly.chi, logRatio(1))
		s.missing.past.hourly.rare.add([]uint32{1, 199}, []uint32{0, 200}, maxPairs)
	}
	v := &version{groups: []*segment{{series: map[seriesKey]*series{s.key: s}}}}
	ref := &cohortRef{m: &model{versions: []*version{v}}, v: v}
	w := comparand{samples: 3200}
	ref.weighBy(s.key, true, &w)
	assert.InDelta(t, 200, w.effective(), 10)
	for range 200 {
		s.missing.past.hourly.rare.add([]uint32{10, 190}, []uint32{10, 190}, maxPairs)
	}
	w = comparand{samples: 3200}
	ref.weighBy(s.key, true, &w)
	assert.InDelta(t, 3200, w.effective(), 1, "it knows by now")
}

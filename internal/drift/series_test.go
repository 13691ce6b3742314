// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// Made-up event times cannot open windows without end: what finds no room is refused and counted,
// the rest goes on.
func TestOpenWindowsAreBounded(t *testing.T) {
	e := engine(t, nil, nil)
	const hours = maxOpen + 50
	key := Key{Model: "fraud", Subject: Class}
	now := at(hours * 3600)
	for hour := range int64(hours) {
		e.Add(now, []Delta{{Key: key, Minute: hour * 3600, Count: 1, Categorical: true, Category: "ok"}})
	}
	stats := e.TakeStats()
	assert.Equal(t, uint64(maxOpen), stats.Points[Counted])
	assert.Equal(t, uint64(50), stats.Points[Overflowed])
	e.Advance(now)
	e.Add(now, []Delta{{Key: key, Minute: (hours - 1) * 3600, Count: 1, Categorical: true, Category: "ok"}})
	assert.Equal(t, uint64(1), e.TakeStats().Points[Counted], "closing makes room")
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package derivation

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var start = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

func TestCells(t *testing.T) {
	for _, c := range []struct {
		grid, latitude, longitude float64
		want                      string
	}{
		{0.5, 52.52, 13.405, "52.5,13.0"},        // Berlin
		{0.5, 40.7128, -74.006, "40.5,-74.5"},    // New York
		{0.5, -33.8688, 151.2093, "-34.0,151.0"}, // Sydney
		{10, 52.52, 13.405, "50,10"},
		{7, 52.52, -13.405, "49,-14"},
		{0.25, 0, 0, "0.00,0.00"},
		{0.25, -0.1, -0.1, "-0.25,-0.25"},
		{0.25, math.Copysign(0, -1), math.Copysign(0, -1), "0.00,0.00"},
		{0.01, 0.57, 1.15, "0.57,1.15"}, // edges as they are written
		{0.1, 0.3, -0.3, "0.3,-0.3"},
		{0.001, 89.9999, 179.9999, "89.999,179.999"},
		{0.5, 90, 13, "89.5,0.0"}, // the poles are of all longitudes
		{0.5, 90, -170, "89.5,0.0"},
		{0.5, -90, 50, "-90.0,0.0"},
		{7, 90, 5, "84,0"}, // a row that is cut
		{90, 90, 5, "0,0"},
		{0.5, 10, 180, "10.0,-180.0"}, // the antimeridian
		{0.5, 10, -180, "10.0,-180.0"},
		{0.5, 10, 179.9, "10.0,179.5"},
		{0.5, 10, 190, "10.0,-170.0"}, // 0 to 360
		{0.5, 10, 359.9, "10.0,-0.5"},
		{0.5, 10, 360, "10.0,0.0"},
		{0.5, 10, -190, "10.0,170.0"},
	} {
		cells, ok := newCells(c.grid, 10)
		require.True(t, ok)
		got, ok := cells.of(c.latitude, c.longitude, start)
		assert.True(t, ok)
		assert.Equal(t, c.want, got, "%v: %v, %v", c.grid, c.latitude, c.longitude)
	}
	cells, _ := newCells(0.5, 10)
	for _, nowhere := range [][2]float64{{90.1, 0}, {-90.1, 0}, {0, 360.1}, {math.NaN(), 0}, {0, math.NaN()}, {math.Inf(1), 0}, {0, math.Inf(-1)}} {
		_, ok := cells.of(nowhere[0], nowhere[1], start)
		assert.False(t, ok, nowhere)
	}
	_, ok := newCells(0.1234567, 10)
	assert.False(t, ok)
}

// TestCellsAreBounded: beyond the limit places are other, until cells were unused for an hour.
func TestCellsAreBounded(t *testing.T) {
	cells, _ := newCells(1, 3)
	of := func(latitude float64, now time.Time) string {
		name, ok := cells.of(latitude, 0, now)
		require.True(t, ok)
		return name
	}
	for i := range 3 {
		assert.Equal(t, fmt.Sprintf("%d,0", i), of(float64(i), start))
	}
	assert.Equal(t, otherCell, of(5, start))
	assert.Equal(t, "1,0", of(1, start.Add(59*time.Minute)))
	assert.Equal(t, otherCell, of(5, start.Add(59*time.Minute)))
	assert.Equal(t, "5,0", of(5, start.Add(60*time.Minute)))
	assert.Equal(t, "6,0", of(6, start.Add(60*time.Minute)))
	assert.Equal(t, otherCell, of(0, start.Add(60*time.Minute)))
	assert.Equal(t, "1,0", of(1, start.Add(60*time.Minute)))
	assert.Len(t, cells.seen, 3)
}

// FuzzCells: a place is in the cell whose corner it gets, and its corner is in the same cell.
func FuzzCells(f *testing.F) {
	for _, grid := range []float64{0.001, 0.1, 0.25, 0.5, 1, 7, 33.333, 90} {
		f.Add(grid, 52.52, 13.405)
		f.Add(grid, -90.0, 180.0)
		f.Add(grid, 0.57, -0.3)
	}
	f.Fuzz(func(t *testing.T, grid, latitude, longitude float64) {
		if !(grid >= leastGrid && grid <= mostGrid) {
			return
		}
		cells, ok := newCells(grid, 10)
		if !ok {
			return
		}
		name, ok := cells.of(latitude, longitude, start)
		if !ok {
			return
		}
		y, x, found := strings.Cut(name, ",")
		require.True(t, found, name)
		south, err := strconv.ParseFloat(y, 64)
		require.NoError(t, err)
		west, err := strconv.ParseFloat(x, 64)
		require.NoError(t, err)
		assert.False(t, strings.HasPrefix(name, "-0,") || strings.HasPrefix(name, "-0.0,"), name)
		assert.LessOrEqual(t, south, latitude)
		assert.GreaterOrEqual(t, south+grid*(1+1e-9), latitude)
		assert.GreaterOrEqual(t, west+grid*(1+1e-9), -180.0)
		assert.Less(t, west, 180.0)
		if south >= -90 && west >= -180 { // a cell that is cut by the edge of the map has its corner beyond
			again, ok := cells.of(south, west, start)
			require.True(t, ok)
			if math.Abs(south) != 90 {
				assert.Equal(t, name, again)
			}
		}
	})
}

func TestIntervals(t *testing.T) {
	n := newIntervals([]float64{0, 50, 100})
	assert.Equal(t, []string{"<=0", "0..50", "50..100", ">100"}, n.names)
	for v, want := range map[float64]string{-1: "<=0", 0: "<=0", 0.1: "0..50", 50: "0..50", 50.1: "50..100", 100: "50..100", 101: ">100"} {
		assert.Equal(t, want, n.of(v), v)
	}
	assert.Equal(t, []string{"<=-10", "-10..-0.5", "-0.5..1e-7", "1e-7..1000000", ">1000000"}, newIntervals([]float64{-10, -0.5, 1e-7, 1e6}).names)
}

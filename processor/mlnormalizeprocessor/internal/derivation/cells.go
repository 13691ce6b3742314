// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package derivation

import (
	"math"
	"strconv"
	"strings"
	"sync"
	"time"
)

// otherCell is the cell of places beyond the limit of cells.
const otherCell = "other"

const (
	// maxDecimals is the most decimals of a grid, so that its multiples are exact.
	maxDecimals = 6
	// unused is how long a cell must not have been seen before it makes room for another.
	unused = time.Hour
)

// cells name the cells of a grid of degrees by their south-west corner, as "52.5,13.0". Corners are
// multiples of the grid. A cell has its southern and its western edge, but the poles are in the cells
// beside them, on the meridian of 0, and the antimeridian is the western edge of -180.
//
// The number of cells is bounded: one that finds no room, as none was unused for an hour, is "other".
// It is safe for concurrent use.
type cells struct {
	// step over scale is the grid: 5 over 10 for 0.5.
	step, scale float64
	decimals    int
	most        int

	mu   sync.Mutex
	seen map[corner]*cell
	// looked is when unused cells were looked for.
	looked time.Time
}

// corner is a south-west corner, in steps of the grid.
type corner struct{ latitude, longitude int32 }

type cell struct {
	name string
	used time.Time
}

// newCells returns the cells of a grid, or false where it has too many decimals.
func newCells(grid float64, most int) (*cells, bool) {
	text := strconv.FormatFloat(grid, 'f', -1, 64)
	_, decimals, _ := strings.Cut(text, ".")
	scale := math.Pow10(len(decimals))
	c := &cells{step: math.Round(grid * scale), scale: scale, decimals: len(decimals), most: most, seen: make(map[corner]*cell)}
	return c, len(decimals) <= maxDecimals
}

// of returns the name of the cell of a place, "other" where there is no room for it. There is none of
// latitudes beyond 90 and longitudes beyond 360 degrees, or where one is no number.
func (c *cells) of(latitude, longitude float64, now time.Time) (name string, ok bool) {
	if !(math.Abs(latitude) <= 90) || !(math.Abs(longitude) <= 360) {
		return "", false
	}
	at := c.corner(latitude, longitude)
	c.mu.Lock()
	defer c.mu.Unlock()
	found := c.seen[at]
	if found == nil {
		if !c.room(now) {
			return otherCell, true
		}
		found = &cell{name: c.name(at)}
		c.seen[at] = found
	}
	found.used = now
	return found.name, true
}

// corner returns the corner of the cell of a place.
func (c *cells) corner(latitude, longitude float64) corner {
	switch {
	case longitude >= 180:
		longitude -= 360
	case longitude < -180:
		longitude += 360
	}
	if math.Abs(latitude) == 90 {
		longitude = 0
	}
	at := corner{c.steps(latitude), c.steps(longitude)}
	if latitude == 90 && c.degrees(at.latitude) == 90 {
		at.latitude--
	}
	return at
}

// steps returns the number of steps to the edge of the cell, which is the number as it is written:
// 0.57 is on the edge of 0.57 of a grid of 0.01, though 0.57 times 100 is less than 57.
func (c *cells) steps(degrees float64) int32 {
	n := int32(math.Floor(degrees * c.scale / c.step))
	for c.degrees(n+1) <= degrees {
		n++
	}
	for c.degrees(n) > degrees {
		n--
	}
	return n
}

func (c *cells) degrees(steps int32) float64 { return float64(steps) * c.step / c.scale }

func (c *cells) name(at corner) string {
	b := strconv.AppendFloat(nil, c.degrees(at.latitude), 'f', c.decimals, 64)
	b = append(b, ',')
	return string(strconv.AppendFloat(b, c.degrees(at.longitude), 'f', c.decimals, 64))
}

// room makes room for a cell, and is false where there is none. Cells that are unused are looked for
// once a minute.
func (c *cells) room(now time.Time) bool {
	if len(c.seen) < c.most {
		return true
	}
	if now.Sub(c.looked) < time.Minute {
		return false
	}
	c.looked = now
	for at, s := range c.seen {
		if now.Sub(s.used) >= unused {
			delete(c.seen, at)
		}
	}
	return len(c.seen) < c.most
}

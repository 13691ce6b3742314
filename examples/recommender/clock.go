// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"sync"
	"time"
)

// A run of the job is from three to five at night, however long it takes here.
const runBegins, runEnds = 3 * time.Hour, 5 * time.Hour

// clock is the time in the story. It waits at the end of a part of the day until the story goes on, so that a slow computer makes no
// model older.
type clock struct {
	// day is how long a day lasts, but for the run. It is the teller's.
	day time.Duration

	mu       sync.Mutex
	from, to time.Time
	since    time.Time // when from was
	lasts    time.Duration
}

// set begins a part of the day.
func (c *clock) set(from, to time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.from, c.to, c.since, c.lasts = from, to, time.Now(), c.day
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	passed := min(time.Since(c.since).Seconds()/c.lasts.Seconds(), 1)
	return c.from.Add(time.Duration(passed * float64(c.to.Sub(c.from))))
}

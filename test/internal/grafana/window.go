// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package grafana

import (
	"fmt"
	"strconv"
	"time"

	"github.com/prometheus/common/model"
)

// maxPoints is how many points a series of a panel has at most.
const maxPoints = 300

// Window is the time that a dashboard shows.
type Window struct {
	Start, End time.Time
	// Scrape is the scrape interval, as the data source's settings in Grafana have it.
	Scrape time.Duration
}

// step is the step of a query, which is $__interval: as long as it takes for at most maxPoints points, and no shorter than the scrape
// interval and what the panel and the query want at least.
func (w Window) step(least ...string) (time.Duration, error) {
	step := max(w.Scrape, w.End.Sub(w.Start)/maxPoints).Truncate(time.Second)
	for _, text := range least {
		if text == "" {
			continue
		}
		d, err := model.ParseDuration(text)
		if err != nil {
			return 0, fmt.Errorf("the interval %q: %w", text, err)
		}
		step = max(step, time.Duration(d))
	}
	return max(step, time.Second), nil
}

// builtin returns the variables that are there without being declared.
func (w Window) builtin(step time.Duration) map[string]string {
	rate := max(step+w.Scrape, 4*w.Scrape)
	length := w.End.Sub(w.Start).Round(time.Second)
	return map[string]string{
		"__interval":         model.Duration(step).String(),
		"__interval_ms":      strconv.FormatInt(step.Milliseconds(), 10),
		"__rate_interval":    model.Duration(rate).String(),
		"__rate_interval_ms": strconv.FormatInt(rate.Milliseconds(), 10),
		"__range":            fmt.Sprintf("%.0fs", length.Seconds()),
		"__range_s":          fmt.Sprintf("%.0f", length.Seconds()),
		"__range_ms":         strconv.FormatInt(length.Milliseconds(), 10),
		"__from":             strconv.FormatInt(w.Start.UnixMilli(), 10),
		"__to":               strconv.FormatInt(w.End.UnixMilli(), 10),
	}
}

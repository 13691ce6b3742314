// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package objective

import (
	"math"
	"time"
)

// Day is 24 hours.
const Day = 24 * time.Hour

// DefaultPeriod is the period of an objective that has none.
const DefaultPeriod = 30 * Day

// Pair is an alert that is due while the error budget burns faster than a factor in a long window
// and in a short one.
type Pair struct {
	Page        bool
	Short, Long time.Duration
	// Factor is how many times faster than evenly over the period the budget burns.
	Factor float64
}

// shares are the windows of the SRE workbook's table with the share of the budget that each may
// spend in its long window: of a month, and of a week as Sloth's example for 7 days has them.
var shares = [...]struct {
	page        bool
	short, long time.Duration
	month, week float64
}{
	{true, 5 * time.Minute, time.Hour, 0.02, 0.08},
	{true, 30 * time.Minute, 6 * time.Hour, 0.05, 0.125},
	{false, 2 * time.Hour, Day, 0.10, 0.20},
	{false, 6 * time.Hour, 3 * Day, 0.10, 0.42},
}

// Pairs returns the alerts for a period: the workbook's for 30 days
// (https://sre.google/workbook/alerting-on-slos/), and Sloth's for 28 and 7. Of other periods the
// factors are those of 30 days: with the workbook's shares of the budget, those of a long period
// would let a burn pass that spends all of it, and those of a short one be below 1.
func Pairs(period time.Duration) []Pair {
	var pairs []Pair
	for _, s := range shares {
		share, of := s.month, DefaultPeriod
		switch period {
		case 28 * Day:
			of = period
		case 7 * Day:
			share, of = s.week, period
		}
		pairs = append(pairs, Pair{Page: s.page, Short: s.short, Long: s.long, Factor: Factor(share, of, s.long)})
	}
	return pairs
}

// Factor is the burn rate that spends a share of a period's budget in a window.
func Factor(share float64, period, window time.Duration) float64 {
	return math.Round(share*period.Hours()/window.Hours()*1e9) / 1e9
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package picture

import (
	"math"
	"time"
)

// axis maps values between low and high to pixels between from and to.
type axis struct{ low, high, from, to float64 }

func (a axis) at(v float64) float64 {
	return a.from + (v-a.low)/(a.high-a.low)*(a.to-a.from)
}

// ticks are at most n round values between low and high.
func ticks(low, high float64, n int) []float64 {
	if !(high > low) || n < 1 {
		return nil
	}
	step := math.Pow(10, math.Floor(math.Log10((high-low)/float64(n))))
	for _, factor := range []float64{1, 2, 2.5, 5, 10, 20} {
		if (high-low)/(step*factor) <= float64(n) {
			step *= factor
			break
		}
	}
	var all []float64
	for i := math.Ceil(low/step - 1e-9); i*step <= high+step*1e-9; i++ {
		all = append(all, i*step+0) // and not -0
	}
	return all
}

// timeTicks are at most n round times of a window, with what is written at them.
func timeTicks(start, end time.Time, n int) (at []time.Time, layout string) {
	layout = "15:04"
	for _, step := range []time.Duration{
		time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 20 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute,
		10 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 48 * time.Hour,
	} {
		if end.Sub(start) > step*time.Duration(n) && step < 48*time.Hour {
			continue
		}
		if step < time.Minute {
			layout = "15:04:05"
		}
		if step >= 24*time.Hour {
			layout = "01-02"
		}
		for t := start.Truncate(step); !t.After(end); t = t.Add(step) {
			if !t.Before(start) {
				at = append(at, t)
			}
		}
		return at, layout
	}
	return nil, layout
}

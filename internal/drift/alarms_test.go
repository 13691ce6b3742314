// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// stationary sends days of traffic at an hourly rate, in steps of 5 event minutes, and returns the
// changes of verdict. change may alter the columns when the traffic reaches the day given by from.
func stationary(t testing.TB, seed uint64, rate float64, days int, from float64, change func([]column)) (changes []Change, e *Engine) {
	cols := columns(20)
	base := baseline(cols, 10_000, seed)
	e = engine(t, card(base, nil), nil)
	traffic := newTraffic(base, cols, seed+1)
	const step = 300
	for s := int64(0); s < int64(days)*86400; s += step {
		if change != nil && float64(s) >= from*86400 {
			change(traffic.cols)
			change = nil
		}
		if rows := poisson(traffic.r, rate*step/3600); rows > 0 {
			e.Add(at(epoch+s+step), traffic.minute(epoch+s, rows))
		}
		if s%1800 == 0 {
			_, c := e.Advance(at(epoch + s + step))
			changes = append(changes, c...)
		}
	}
	return changes, e
}

func episodes(changes []Change) (n int, names []string) {
	for _, c := range changes {
		if c.Verdict == Drift {
			n++
			names = append(names, fmt.Sprintf("%s p=%.2g effect=%.3f n=%d", c.Key, c.Scores[0].PValue, c.Scores[0].Effect, c.Samples))
		}
	}
	return n, names
}

// TestFalseAlarms: 30 days without drift, at most 2 episodes a model. OTELCOL_ML_SEEDS=20 tests
// more seeds.
func TestFalseAlarms(t *testing.T) {
	seeds := 1
	if _, err := fmt.Sscan(os.Getenv("OTELCOL_ML_SEEDS"), &seeds); err != nil {
		seeds = 1
	}
	for _, rate := range []float64{20, 200, 2000} {
		for seed := range uint64(seeds) {
			if rate > 200 && seed > 4 {
				continue
			}
			t.Run(fmt.Sprintf("%v/%d", rate, seed), func(t *testing.T) {
				t.Parallel()
				changes, e := stationary(t, seed+1, rate, 30, 0, nil)
				n, names := episodes(changes)
				t.Logf("%d false episodes %s", n, strings.Join(names, "; "))
				if n > 2 {
					t.Errorf("%d false episodes", n)
				}
				ok := 0
				e.Scores(func(r *Result) {
					if r.Verdict == OK {
						ok++
					}
				})
				if ok < 36 { // of 20 features and 20 missing shares
					t.Errorf("only %d subjects have the verdict ok", ok)
				}
			})
		}
	}
}

// TestShiftIsFound: a change in one feature is found within a day, and only there.
func TestShiftIsFound(t *testing.T) {
	for name, test := range map[string]struct {
		change func([]column)
		want   string
	}{
		"half a standard deviation": {func(c []column) { c[0].shift = 0.5 }, "fraud 7 feature f00"},
		"missing values":            {func(c []column) { c[5].missing = 0.4 }, "fraud 7 missing f05"},
		"a new category": {func(c []column) {
			c[4].labels = append([]string{}, c[4].labels...)
			c[4].labels[2] = "NEW"
		}, "fraud 7 feature f04"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changes, _ := stationary(t, 3, 200, 4, 3, test.change)
			found := map[string]float64{}
			for _, c := range changes {
				if c.Verdict == Drift {
					found[c.Key.String()] = float64(c.End-epoch)/86400 - 3
				}
			}
			if after, ok := found[test.want]; !ok || after <= 0 || after > 1 {
				t.Errorf("found %v, want %s within a day", found, test.want)
			}
			if len(found) > 1 {
				t.Errorf("found %v, want nothing but %s", found, test.want)
			}
			t.Logf("found %v days after the change", found)
		})
	}
}

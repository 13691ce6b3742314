// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The streams of docs/detectors.md: 20,000 values at 200 an hour, normal with a mean of 0.6 and a
// standard deviation of 0.1, as confidences, or errors with a share of 0.1; without a change, and
// with one after 20,000 values.
const (
	quietValues = 20_000
	afterValues = 10_000
	dayValues   = 24 * 200
	runLength   = 5
)

// traffic is in what streams differ.
type traffic struct {
	// daily moves the mean with the day, by so many standard deviations.
	daily float64
	// runs gives each value five times.
	runs bool
	// shift moves the mean after the quiet values, in standard deviations.
	shift float64
}

// simulated returns the values of a stream.
func simulated(seed uint64, errors bool, of traffic) []float64 {
	r := rand.New(rand.NewPCG(seed, 1))
	n := quietValues
	if of.shift != 0 {
		n += afterValues
	}
	mean, sd := 0.6, 0.1
	if errors {
		mean, sd = 0.1, 0.3
	}
	list := make([]float64, 0, n)
	for i := range n {
		at := mean + of.daily*sd*math.Sin(2*math.Pi*float64(i)/dayValues)
		if i >= quietValues {
			at += of.shift * sd
		}
		switch {
		case of.runs && i%runLength != 0:
			list = append(list, list[i-1])
		case errors:
			x := 0.0
			if r.Float64() < at {
				x = 1
			}
			list = append(list, x)
		default:
			list = append(list, min(max(at+sd*r.NormFloat64(), 0), 1))
		}
	}
	return list
}

// watched is a detector of the table.
type watched struct {
	name   string
	given  map[string]float64
	errors bool
}

func (w watched) String() string {
	var words []string
	for k, v := range w.given {
		words = append(words, fmt.Sprintf("%s %v", k, v))
	}
	slices.Sort(words)
	return strings.TrimSpace("`" + w.name + "` " + strings.Join(words, ", "))
}

// alarms returns the changes in 100,000 values of the quiet part, and for streams with a shift the
// delays of those that were found.
func (w watched) alarms(t *testing.T, streams int, of traffic) (per100k float64, delays []int) {
	t.Helper()
	quiet := 0
	for seed := range streams {
		d := newDetector(t, w.name, w.given)
		found := false
		for i, x := range simulated(uint64(seed), w.errors, of) {
			c, ok := d.Add(x)
			require.True(t, ok)
			switch {
			case c.Level != Drift:
			case i < quietValues:
				quiet++
			case !found:
				found = true
				delays = append(delays, i-quietValues+1)
			}
		}
	}
	return 100_000 * float64(quiet) / float64(streams*quietValues), delays
}

// The table of docs/detectors.md: DETECTOR_STREAMS=100 go test -run TestAlarms -v ./internal/stream
// prints it. Without, few streams show what the page says of them.
func TestAlarms(t *testing.T) {
	streams, long := 3, os.Getenv("DETECTOR_STREAMS")
	list := []watched{
		{"adwin", nil, false}, {"adwin", map[string]float64{"delta": 1e-6}, false}, {"cusum", nil, false},
	}
	if long != "" {
		var err error
		streams, err = strconv.Atoi(long)
		require.NoError(t, err)
		list = []watched{
			{"adwin", nil, false},
			{"adwin", map[string]float64{"delta": 1e-6}, false},
			{"adwin@river", nil, false},
			{"page_hinkley", nil, false},
			{"page_hinkley", map[string]float64{"threshold": 5, "delta": 0.01}, false},
			{"cusum", nil, false},
			{"kswin", nil, false},
			{"kswin@river", nil, false},
			{"hddm_a", nil, false},
			{"hddm_w", nil, false},
			{"bocd", map[string]float64{"prior_mean": 0.6, "prior_variance": 0.01, "variance": 0.01, "hazard": 1e-6}, false},
			{"adwin", nil, true},
			{"ddm", nil, true},
			{"eddm", nil, true},
			{"rddm", nil, true},
			{"hddm_a", nil, true},
			{"hddm_a", map[string]float64{"drift": 1e-6}, true},
			{"hddm_w", nil, true},
			{"hddm_w", map[string]float64{"drift": 1e-6}, true},
		}
	}
	for _, w := range list {
		independent, _ := w.alarms(t, streams, traffic{})
		daily, _ := w.alarms(t, streams, traffic{daily: 0.2})
		runs, _ := w.alarms(t, streams, traffic{runs: true})
		_, half := w.alarms(t, streams, traffic{shift: 0.5})
		_, fifth := w.alarms(t, streams, traffic{shift: 0.2})
		t.Logf("| %s | %s | %.1f | %.1f | %.1f | %s | %s |", w, map[bool]string{false: "confidence", true: "error"}[w.errors],
			independent, daily, runs, delay(half, streams), delay(fifth, streams))
		if long == "" {
			assert.Less(t, independent, 4.0, "%s: independent", w)
			assert.Greater(t, runs+daily, independent, "%s: what depends on each other, or on the hour, looks like changes", w)
			assert.Len(t, half, streams, w)
		}
	}
}

// delay writes the median of the delays and how many streams had one.
func delay(found []int, streams int) string {
	if len(found) == 0 {
		return "not found"
	}
	slices.Sort(found)
	share := ""
	if len(found) < streams {
		share = fmt.Sprintf(" (%d %%)", 100*len(found)/streams)
	}
	return strconv.Itoa(found[len(found)/2]) + share
}

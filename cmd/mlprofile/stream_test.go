// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/internal/stats/drifttest"
	"github.com/otelcol-ml/otelcol-ml/internal/stream"
)

// streamDetectors are the names under which published moments are computed, by method and tool.
var streamDetectors = map[string]string{
	"adwin_stream frouros":                    "adwin@frouros",
	"adwin_stream river":                      "adwin@river",
	"bocd_stream frouros":                     "bocd",
	"cusum_stream frouros":                    "cusum@frouros",
	"ddm_stream frouros":                      "ddm@frouros",
	"ddm_stream river":                        "ddm@river",
	"eddm_stream frouros":                     "eddm@frouros",
	"eddm_stream river":                       "eddm@river_0.9",
	"geometric_moving_average_stream frouros": "gma@frouros",
	"hddm_a_stream frouros":                   "hddm_a@frouros",
	"hddm_a_stream river":                     "hddm_a@river",
	"hddm_w_stream frouros":                   "hddm_w@frouros",
	"hddm_w_stream river":                     "hddm_w@river",
	"kswin_stream frouros":                    "kswin@frouros",
	"kswin_stream river":                      "kswin@river",
	"page_hinkley_stream frouros":             "page_hinkley@frouros",
	"page_hinkley_stream river":               "page_hinkley@river",
	"prequential_error_fading frouros":        "prequential",
	"rddm_stream frouros":                     "rddm@frouros",
	"rolling_mean frouros":                    "rolling_mean",
}

// streamOptions are the flags of cases that do not take the defaults.
var streamOptions = map[string][]string{
	"130": {"delta=0.005", "threshold=50", "min_values=1"},
	"131": {"delta=0.005", "threshold=50", "alpha=0.9999", "min_values=1"},
	"132": {"alpha=0.99", "threshold=1", "min_values=1"},
	"133": {"prior_mean=0", "prior_variance=1", "variance=0.5", "hazard=0.01", "min_values=1"},
	"136": {"alpha=0.99", "threshold=0.3", "min_values=30"},
	"143": {"alpha=0.0001", "window=100", "recent=30", "seed=31"},
	"144": {"alpha=0.9"},
	"145": {"alpha=1"},
	"147": {"window=1"},
	"148": {"window=3"},
	"156": {"two_sided=0", "drift=0.001"},
	"158": {"two_sided=0"},
	"160": {"alpha=0.0001", "window=200", "recent=100", "seed=42"},
}

// The moments and means that other tools publish, from the command line.
func TestStreamCases(t *testing.T) {
	ran := 0
	for _, c := range drifttest.Load(t) {
		name, ok := streamDetectors[c.Method+" "+c.Peer]
		if !ok {
			continue
		}
		if c.ID == "151" { // river up to 0.9: the window is kept, and the sums leave buckets out
			name = "adwin@river_0.9"
		}
		ran++
		t.Run(c.ID+"_"+name, func(t *testing.T) {
			side := c.Current
			if m, ok := side.(map[string]any); ok && m["errors"] != nil {
				side = m["errors"]
			}
			values, ok := drifttest.Values(t, side)
			require.True(t, ok)
			var data strings.Builder
			data.WriteString("x\n")
			for _, v := range values {
				data.WriteString(strconv.FormatFloat(v, 'g', -1, 64) + "\n")
			}
			args := []string{"stream", write(t, "data.csv", data.String()), "--column", "x", "--detector", name, "--json", "--warnings"}
			for _, o := range streamOptions[c.ID] {
				args = append(args, "--option", o)
			}
			estimates := name == "prequential" || name == "rolling_mean"
			if estimates {
				args = append(args, "--estimates")
			}
			out := runStream(t, args...)
			if estimates {
				checkEstimates(t, c, out)
				return
			}
			checkMoments(t, c, out)
		})
	}
	assert.GreaterOrEqual(t, ran, 27)
}

func runStream(t *testing.T, args ...string) (out streamOutput) {
	t.Helper()
	stdout, _, err := mlprofile(t, args...)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal([]byte(stdout), &out), stdout)
	return out
}

// checkMoments compares the rows, which the file counts from 0, of the changes; of the first warning
// and the first change, or of the first change alone where the case says so.
func checkMoments(t *testing.T, c drifttest.Case, out streamOutput) {
	t.Helper()
	var want, got []int
	for _, v := range c.Expected.([]any) {
		want = append(want, int(v.(float64)))
	}
	var warnings []int
	for _, change := range out.Changes {
		if change.Level == "warning" {
			warnings = append(warnings, int(change.Row)-1)
		} else {
			got = append(got, int(change.Row)-1)
		}
	}
	_, firstOnly := c.Params["first_only"]
	defaults, _ := c.Params["expected_fields"].([]any)
	if inner, ok := c.Params["defaults"].(map[string]any); ok && defaults == nil {
		defaults, _ = inner["expected_fields"].([]any)
	}
	switch {
	case defaults != nil:
		require.Equal(t, []any{"first_warning", "drift"}, defaults)
		require.NotEmpty(t, warnings)
		require.NotEmpty(t, got)
		got = []int{warnings[0], got[0]}
	case firstOnly:
		require.NotEmpty(t, got)
		got = got[:1]
	}
	assert.Equal(t, want, got, c.Source)
}

func checkEstimates(t *testing.T, c drifttest.Case, out streamOutput) {
	t.Helper()
	var got []float64
	for _, v := range out.Estimates {
		require.NotNil(t, v)
		got = append(got, *v)
	}
	if last, ok := c.Expected.(float64); ok {
		require.NotEmpty(t, got)
		assert.InDelta(t, last, got[len(got)-1], c.Tolerance)
		return
	}
	var want []float64
	for _, v := range c.Expected.([]any) {
		want = append(want, v.(float64))
	}
	require.Len(t, got, len(want))
	assert.InDeltaSlice(t, want, got, c.Tolerance)
}

// steps are rows with a score that rises from 0.2 to 0.8 at row 201, one of them without a score and
// one out of order.
func steps() string {
	var data strings.Builder
	data.WriteString("at;score;answer;truth\n")
	for i := range 400 {
		score, truth := "0,2", "ok"
		if i >= 200 {
			score, truth = "0,8", "fraud"
		}
		if i == 100 {
			score = ""
		}
		minute := i
		if i == 50 {
			minute = 10
		}
		fmt.Fprintf(&data, "2026-11-01 %02d:%02d:00;%s;ok;%s\n", minute/60, minute%60, score, truth)
	}
	return data.String()
}

func TestStream(t *testing.T) {
	file := write(t, "scores.csv", steps())
	out, _, err := mlprofile(t, "stream", file, "--column", "score", "--timestamp", "at", "--option", "clock=1")
	require.NoError(t, err)
	assert.Equal(t, `row 220  2026-11-01 03:39:00  drift  0.2 → 0.7217  since 23 values
without a value, and passed over: 1 row
earlier than the row before: 1 row; the order of the file is that of the stream
1 change in 399 values of score by adwin; estimate 0.7911
`, out)

	got := runStream(t, "stream", file, "--column", "score", "--timestamp", "at", "--option", "clock=1", "--json")
	assert.Equal(t, int64(400), got.Rows)
	assert.Equal(t, int64(399), got.Values)
	assert.Equal(t, int64(1), got.Missing)
	assert.Equal(t, int64(1), got.OutOfOrder)
	assert.Equal(t, 1.0, got.Parameters["clock"])
	assert.Equal(t, 0.002, got.Parameters["delta"])
	require.Len(t, got.Changes, 1)
	assert.Equal(t, "2026-11-01T03:39:00Z", got.Changes[0].Time.Format("2006-01-02T15:04:05Z07:00"))
	assert.InDelta(t, 0.2, *got.Changes[0].Before, 1e-9)
	assert.InDelta(t, 0.8, *got.Estimate, 0.01)
	assert.Empty(t, got.Estimates)
}

// The error is the stream where a label is given: from row 201 on the answer is wrong.
func TestStreamOfErrors(t *testing.T) {
	file := write(t, "scores.csv", steps())
	got := runStream(t, "stream", file, "--column", "answer", "--label", "truth", "--detector", "hddm_a", "--json")
	require.Len(t, got.Changes, 1)
	assert.Greater(t, got.Changes[0].Row, int64(200))
	assert.Less(t, got.Changes[0].Row, int64(220))
	assert.Zero(t, *got.Changes[0].Before)
	assert.Equal(t, 1.0, *got.Changes[0].After)
	assert.Equal(t, int64(400), got.Values)
}

func TestStreamFromStandardInput(t *testing.T) {
	var lines strings.Builder
	for i := range 400 {
		fmt.Fprintf(&lines, `{"at": %d, "score": %d}`+"\n", 1_790_000_000+i, 1+2*(i/200))
	}
	cmd := newCommand()
	cmd.SetIn(strings.NewReader(lines.String()))
	var out strings.Builder
	err := console.Run(t.Context(), cmd, []string{"stream", "-", "--format", "jsonl", "--column", "score", "--timestamp", "at", "--detector", "page_hinkley"}, &out, &out)
	require.NoError(t, err)
	assert.Contains(t, out.String(), "row 227  2026-09-21 14:17:06  drift  1 → 3  since 27 values\n")
	assert.Contains(t, out.String(), "1 change in 400 values of score by page_hinkley; estimate 3")
}

func TestStreamWarnings(t *testing.T) {
	file := write(t, "bits.csv", "x\n"+strings.Repeat("0\n0\n1\n0\n", 50)+strings.Repeat("1\n", 50))
	got := runStream(t, "stream", file, "--column", "x", "--detector", "ddm", "--warnings", "--json")
	require.NotEmpty(t, got.Changes)
	assert.Equal(t, "warning", got.Changes[0].Level)
	assert.Nil(t, got.Changes[0].Before)
	without := runStream(t, "stream", file, "--column", "x", "--detector", "ddm", "--json")
	assert.Equal(t, slices.DeleteFunc(got.Changes, func(c streamChange) bool { return c.Level == "warning" }), without.Changes)
}

func TestStreamErrors(t *testing.T) {
	file := write(t, "scores.csv", steps())
	words := write(t, "words.csv", "x\n1\nmany\n2\nsome\nfew\n")
	wide := write(t, "wide.csv", "x\n0.5\n3\n")
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{file}, "column"},
		{[]string{file, "--column", "skore"}, `there is no column "skore"`},
		{[]string{file, "--column", "score", "--label", "y"}, `there is no column "y"`},
		{[]string{file, "--column", "score", "--detector", "adwn"}, `did you mean "adwin"?`},
		{[]string{file, "--column", "score", "--option", "delta"}, `"delta" is not PARAMETER=NUMBER`},
		{[]string{file, "--column", "score", "--option", "delta=0.1", "--option", "delta=0.2"}, "delta is given twice"},
		{[]string{file, "--column", "score", "--option", "delta=7"}, "adwin: delta: 7 is not from"},
		{[]string{file, "--column", "score", "--detector", "ddm"}, "scores.csv:2: column \"score\": 0.2: ddm takes 0 or 1"},
		{[]string{file, "--column", "score", "--timestamp", "answer"}, "is not a point in time"},
		{[]string{words, "--column", "x"}, `words.csv:3: column "x": "many" is not a number`},
		{[]string{wide, "--column", "x"}, "wide.csv:3: column \"x\": 3: adwin takes from min to max: give the range"},
		{[]string{"-", "--column", "x"}, "--format: standard input"},
		{[]string{"-", "--column", "x", "--format", "parquet"}, "cannot be read from a stream"},
	} {
		_, _, err := mlprofile(t, append([]string{"stream"}, tt.args...)...)
		require.ErrorContains(t, err, tt.want)
	}
	cmd := newCommand()
	cmd.SetIn(strings.NewReader("a\n1\n"))
	err := console.Run(t.Context(), cmd, []string{"stream", "-", "--format", "csv", "--column", "x"}, &strings.Builder{}, &strings.Builder{})
	require.ErrorContains(t, err, `there is no column "x"`)
}

func TestStreamList(t *testing.T) {
	out, _, err := mlprofile(t, "stream", "--list")
	require.NoError(t, err)
	for _, name := range stream.Names() {
		assert.Contains(t, out, name)
	}
	assert.Contains(t, out, "delta")
}

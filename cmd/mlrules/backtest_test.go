// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
)

// writeFraud writes a TSDB of nine days of a simulated model: each minute the false positive rate of the
// last hour, by country, with the bounds of its interval. Of 100 legitimate payments two are refused;
// on the sixth day, for five hours, five are in Brazil.
func writeFraud(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	db, err := tsdb.Open(dir, nil, nil, tsdb.DefaultOptions(), nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	db.DisableCompactions()
	begin := time.Date(2026, 6, 6, 0, 0, 0, 0, time.UTC)
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test
	countries := []struct {
		name     string
		requests int
		refused  []int
	}{{"BR", 8, make([]int, 60)}, {"DE", 20, make([]int, 60)}, {"", 60, make([]int, 60)}}
	for minute := range 9 * 24 * 60 {
		app := db.Appender(context.Background())
		at := begin.Add(time.Duration(minute) * time.Minute)
		for _, c := range countries {
			share := 0.02
			if d := at.Sub(begin) - (5*24+13)*time.Hour; c.name == "BR" && d >= 0 && d < 5*time.Hour {
				share = 0.05
			}
			n := 0
			for range c.requests {
				if random.Float64() < share {
					n++
				}
			}
			c.refused[minute%60] = n
			sum := 0
			for _, n := range c.refused {
				sum += n
			}
			all := float64(60 * c.requests)
			lower, upper := wilson(float64(sum), all)
			for bound, v := range map[string]float64{"point": float64(sum) / all, "lower": lower, "upper": upper} {
				l := labels.FromStrings("__name__", "ml_evaluation_score", "ml_model_name", "fraud", "ml_evaluation_measure", "fpr",
					"ml_evaluation_bound", bound, "country", c.name)
				_, err := app.Append(0, l, at.UnixMilli(), v)
				require.NoError(t, err)
			}
		}
		require.NoError(t, app.Commit())
		if minute%120 == 119 {
			require.NoError(t, db.Compact(context.Background()))
		}
	}
	return dir
}

// wilson returns the bounds at 95 %, as ml_evaluation computes them.
func wilson(k, n float64) (lower, upper float64) {
	const z = 1.959964
	p := k / n
	middle, half := p+z*z/(2*n), z*math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return (middle - half) / (1 + z*z/n), (middle + half) / (1 + z*z/n)
}

// TestBacktest compares what is printed with docs/backtest.md, which shows it.
func TestBacktest(t *testing.T) {
	dir := writeFraud(t)
	run := func(args ...string) (string, error) {
		var out, progress bytes.Buffer
		err := console.Run(t.Context(), newCommand(), append([]string{"backtest", "--tsdb", dir}, args...), &out, &progress)
		assert.Empty(t, progress.String(), "no bar where there is no terminal")
		return out.String(), err
	}
	times := []string{"testdata/fraud.yaml", "--since", "2026-06-01T00:00:00Z", "--until", "2026-06-15T00:00:00Z"}
	text, err := run(times...)
	require.NoError(t, err)
	took := regexp.MustCompile(`queries, [0-9a-z.]+\n`)
	t.Log(took.FindString(text))
	text = took.ReplaceAllString(text, "queries, 4s\n")
	if os.Getenv("UPDATE") != "" {
		require.NoError(t, os.WriteFile("testdata/backtest.txt", []byte(text), 0o600))
	}
	golden, err := os.ReadFile("testdata/backtest.txt")
	require.NoError(t, err)
	assert.Equal(t, string(golden), text)
	page, err := os.ReadFile("../../docs/backtest.md")
	require.NoError(t, err)
	assert.Contains(t, string(page), text, "docs/backtest.md shows what is printed")
	rules, err := os.ReadFile("testdata/fraud.yaml")
	require.NoError(t, err)
	assert.Contains(t, string(page), string(rules))

	text, err = run(append(times, "-o", "json", "--step", "10m", "--threshold", "FalsePositivesHigh=0.02,0.1")...)
	require.NoError(t, err)
	var report struct {
		Asked   float64 `json:"asked_seconds"`
		Covered float64 `json:"covered_seconds"`
		Rules   []struct {
			Alert      string
			Firing     map[string]any
			Thresholds []struct{ Value float64 }
			NoSeries   []string `json:"no_series"`
		}
	}
	require.NoError(t, json.Unmarshal([]byte(text), &report))
	assert.InDelta(t, 14*86400, report.Asked, 0)
	assert.InDelta(t, 9*86400, report.Covered, 3600)
	require.Len(t, report.Rules, 4)
	assert.Len(t, report.Rules[1].Thresholds, 2)
	assert.Positive(t, report.Rules[1].Firing["firing_seconds"])
	assert.Len(t, report.Rules[3].NoSeries, 1)
}

func TestBacktestOfObjectives(t *testing.T) {
	file := filepath.Join(t.TempDir(), "slo.yaml")
	require.NoError(t, os.WriteFile(file, []byte(`version: prometheus/v1
service: fraud
slos:
- name: answers
  objective: 99
  sli: {events: {error_query: 'sum(rate(errors_total[{{.window}}]))', total_query: 'sum(rate(requests_total[{{.window}}]))'}}
  alerting: {name: AnswersFail}
`), 0o600))
	dir := t.TempDir()
	db, err := tsdb.Open(dir, nil, nil, tsdb.DefaultOptions(), nil)
	require.NoError(t, err)
	app := db.Appender(t.Context())
	begin := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	for minute := range 120 { // from the 60th minute on, half of the answers fail
		at := begin.Add(time.Duration(minute) * time.Minute).UnixMilli()
		for name, v := range map[string]int{"requests_total": minute * 100, "errors_total": max(0, minute-60) * 50} {
			_, err := app.Append(0, labels.FromStrings("__name__", name), at, float64(v))
			require.NoError(t, err)
		}
	}
	require.NoError(t, app.Commit())
	require.NoError(t, db.Close())
	var out bytes.Buffer
	require.NoError(t, console.Run(t.Context(), newCommand(), []string{
		"backtest", file, "--tsdb", dir, "--since", "2026-06-01T00:00:00Z", "--until", "2026-06-01T02:00:00Z",
	}, &out, &out))
	assert.Regexp(t, `AnswersFail \(objectives, [^)]+\) would have fired 1 time`, out.String())
	assert.Contains(t, out.String(), "No threshold to vary: it compares with no number at its top")
}

func TestBacktestFlags(t *testing.T) {
	err := console.Run(t.Context(), newCommand(), []string{
		"backtest", "none.yaml", "builtin:none", "--since", "x", "--until", "y", "--step", "5", "--threshold", "a=b", "--threshold", "=1", "-o", "xml",
	}, &bytes.Buffer{}, &bytes.Buffer{})
	require.Error(t, err)
	for _, want := range []string{
		"none.yaml: there is no such file", "builtin:none: there is no such file", "--tsdb: name the folder", `--output: "xml" is neither text nor json`,
		`--since: "x" is neither a duration`, `--until: "y" is neither`, `--step: "5" is no duration`, `--threshold: "a=b" is not`, `--threshold: "=1" is not`,
	} {
		assert.ErrorContains(t, err, want)
	}
	err = console.Run(t.Context(), newCommand(), []string{"backtest", "testdata/fraud.yaml", "--tsdb", ".", "--since", "1h", "--until", "2h"}, &bytes.Buffer{}, &bytes.Buffer{})
	require.ErrorContains(t, err, "is not before --until")
	file := filepath.Join(t.TempDir(), "x.yaml")
	require.NoError(t, os.WriteFile(file, []byte("a: 1\n"), 0o600))
	err = console.Run(t.Context(), newCommand(), []string{"backtest", file, "--tsdb", "."}, &bytes.Buffer{}, &bytes.Buffer{})
	require.ErrorContains(t, err, strings.TrimSuffix(filepath.Base(file), ".yaml"))
}

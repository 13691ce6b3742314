// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const everyKind = `groups:
- name: records
  rules:
  - {record: "app:up:avg", expr: avg by (job) (up)}
  - {record: "app:up:avg5", expr: 'avg_over_time(app:up:avg[5m])', labels: {window: 5m}}
  - {alert: Low, expr: app:up:avg5 < 0.5, for: 3m, keep_firing_for: 2m, labels: {severity: page, last: '{{ $value | printf "%.1f" }}'}}
- name: alerts
  interval: 2m
  limit: 50
  rules:
  - {alert: High, expr: up > 0.9, for: 4m}
  - {alert: HighAtOnce, expr: 0.9 < up}
  - {alert: Asks, expr: up > 0.8, annotations: {all: '{{ with query "avg(up)" }}{{ . | first | value }}{{ end }}'}}
  - {alert: AnyFiring, expr: 'count by (alertname) (ALERTS{alertstate="firing"}) > 1'}
  - {alert: Jumps, expr: 'up - up offset 7m > 1'}
  - {alert: Errors, expr: 'rate(errors_total[5m]) > 0.05 and on (instance) up > 0.2'}
  - {alert: Gone, expr: 'absent(up{instance="1"})'}
  - {alert: ByRegex, expr: '{__name__=~"app:.*"} > 0.7', for: 1m}
  - {alert: Fails, expr: 'up / on () group_left () errors_total > 0'}
  - {alert: Subquery, expr: 'max_over_time((up * 2)[10m:1m]) > 2.4'}
  - {alert: Shares, expr: 'histogram_count(rate(sizes[5m])) > 0'}
- name: late
  query_offset: 3m
  rules:
  - {record: "late:up", expr: sum(up)}
  - {alert: Late, expr: 'late:up > 2 unless on () vector(0) > 1'}
`

func run(t *testing.T, o Options) *Report {
	t.Helper()
	r, err := Run(context.Background(), o)
	require.NoError(t, err)
	return r
}

// TestLikeTheEngine steps Prometheus' engine while series are written, and compares what fires at each
// evaluation with the backtest over the TSDB that was written.
func TestLikeTheEngine(t *testing.T) {
	m := random(1, "up", "errors_total", "x", "y", "sizes")
	file := ruleFile(t, everyKind)
	dir := t.TempDir()
	writeTSDB(t, dir, 601, m)
	r := run(t, Options{Files: []string{file}, Dir: dir, From: after(5 * time.Hour), Until: after(10 * time.Hour)})
	firing, failures := steps(r, map[string]time.Duration{"alerts": 2 * time.Minute})
	wantFiring, wantFailures := stepEngine(t, []string{file}, 300, 600, m)
	assert.Equal(t, wantFiring, firing)
	assert.Equal(t, wantFailures, failures)
	assert.Greater(t, len(firing), 10)
	assert.NotEmpty(t, failures)
}

// TestLikeTheEngineOnRulesOfOthers does so with the rules in the tests of Prometheus.
func TestLikeTheEngineOnRulesOfOthers(t *testing.T) {
	home := moduleOfPrometheus(t)
	m := random(2, "up", "errors_total", "requests", "test", "job:http_requests:rate5m", "http_requests", "test_2", "request_duration", "fixed_data")
	dir := t.TempDir()
	writeTSDB(t, dir, 241, m)
	tried, fired := 0, 0
	for _, pattern := range []string{"rules/fixtures/*.yaml", "cmd/promtool/testdata/*.yml"} {
		files, err := filepath.Glob(filepath.Join(home, pattern))
		require.NoError(t, err)
		for _, file := range files {
			if info, err := os.Stat(file); err != nil || info.Size() > 10_000 {
				continue // thousands of rules
			}
			r, err := Run(context.Background(), Options{Files: []string{file}, Dir: dir, From: after(2 * time.Hour), Until: after(4 * time.Hour), Step: time.Minute})
			if err != nil {
				continue // no rules, or wrong ones
			}
			tried++
			firing, failures := steps(r, nil)
			want, wantFailures := stepEngineEvery(t, []string{file}, 120, 240, m)
			assert.Equal(t, want, firing, file)
			assert.Equal(t, wantFailures, failures, file)
			fired += len(firing)
		}
	}
	assert.Greater(t, tried, 10)
	assert.Positive(t, fired)
}

// TestOpenTSDB reads a TSDB that a collector has open, its log included, and writes nothing into it.
func TestOpenTSDB(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	up := func(minute int) []point {
		v := 0.0
		if minute >= 130 && minute < 150 || minute >= 595 {
			v = 1
		}
		return []point{{labels: labels.FromStrings("__name__", "up"), value: v}}
	}
	dir := t.TempDir()
	db := writeTSDB(t, dir, 600, up)
	require.NotEmpty(t, db.Blocks())
	require.Less(t, db.Blocks()[len(db.Blocks())-1].MaxTime(), after(595*time.Minute).UnixMilli(), "the last minutes are in the log only")
	before := listing(t, dir)
	o := Options{
		Files: []string{ruleFile(t, "groups: [{name: g, rules: [{alert: Up, expr: up > 0}]}]")}, Dir: dir, From: begin, Until: after(599 * time.Minute),
	}
	r := run(t, o)
	assert.Equal(t, before, listing(t, dir))
	require.Len(t, r.Rules, 1)
	assert.Equal(t, 2, r.Rules[0].Firing.Episodes)
	assert.Equal(t, after(595*time.Minute), *r.Rules[0].Firing.Last)
	assert.Equal(t, 25*time.Minute, r.Rules[0].Firing.Time)
	assert.Nil(t, r.Rules[0].List[1].To, "it fires at the end")
	assert.Equal(t, r.Asked, r.Covered)
	assert.Less(t, r.Queries, 20, "most of 600 evaluations, their variants and what is there are answered ahead")

	appendPoints(t, db, 600, up(600)) // goes on
	o.Until = after(600 * time.Minute)
	assert.Equal(t, 26*time.Minute, run(t, o).Rules[0].Firing.Time)
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "mlrules-*"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

// TestWhileWritten reads a TSDB while it is written and compacted.
func TestWhileWritten(t *testing.T) {
	up := func(minute int) (list []point) {
		for i := range 100 {
			list = append(list, point{labels: labels.FromStrings("__name__", "up", "i", fmt.Sprint(i)), value: float64(minute % 7)})
		}
		return list
	}
	dir := t.TempDir()
	db := writeTSDB(t, dir, 300, up)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for minute := 300; ; minute++ {
			select {
			case <-stop:
				return
			default:
			}
			appendPoints(t, db, minute, up(minute))
			if minute%60 == 0 {
				assert.NoError(t, db.Compact(context.Background()))
			}
		}
	}()
	file := ruleFile(t, "groups: [{name: g, rules: [{alert: Up, expr: up > 5}]}]")
	for range 5 {
		r := run(t, Options{Files: []string{file}, Dir: dir, From: begin, Until: after(69 * time.Minute)})
		assert.Equal(t, 10*time.Minute, r.Rules[0].Firing.Time)
		assert.Equal(t, 1000, r.Rules[0].Firing.Episodes)
	}
	close(stop)
	<-stopped
}

func TestCoverage(t *testing.T) {
	dir := t.TempDir()
	writeTSDB(t, dir, 301, func(minute int) []point {
		if minute < 120 || minute >= 180 && minute < 240 {
			return nil
		}
		return []point{{labels: labels.FromStrings("__name__", "up"), value: 1}}
	})
	file := ruleFile(t, `groups:
- name: g
  rules:
  - {alert: Up, expr: 'up > 0.5 and on () (nothing or other{a=~"b.*"} offset 1h or absent(nothing))'}
  - {record: "r:up", expr: nothing}
  - {alert: OnRecord, expr: "r:up > 1"}
`)
	r := run(t, Options{Files: []string{file}, Dir: dir, From: begin, Until: after(300 * time.Minute)})
	assert.Equal(t, 5*time.Hour, r.Asked)
	assert.Less(t, r.Covered, 4*time.Hour)
	assert.Equal(t, after(2*time.Hour), *r.First)
	assert.Equal(t, []string{"nothing", `other{a=~"b.*"}`}, r.Rules[0].NoSeries)
	assert.Equal(t, []string{"nothing"}, r.Rules[1].NoSeries)
	assert.Equal(t, []string{"r:up"}, r.Rules[2].NoSeries)
	assert.Equal(t, 2, r.Rules[0].Firing.Episodes)
	require.Len(t, r.Selectors, 1)
	assert.Equal(t, "up", r.Selectors[0].Selector)
	assert.Equal(t, 121*time.Minute+5*time.Minute-time.Minute, r.Selectors[0].There, "five minutes after the last sample are there, too")
}

// TestRecordedBefore hides what the collector had recorded by the rules it had.
func TestRecordedBefore(t *testing.T) {
	dir := t.TempDir()
	writeTSDB(t, dir, 121, func(int) []point {
		return []point{{labels: labels.FromStrings("__name__", "up"), value: 1}, {labels: labels.FromStrings("__name__", "r:up"), value: 100}}
	})
	file := ruleFile(t, `groups:
- name: g
  rules:
  - {record: "r:up", expr: up * 2}
  - {alert: New, expr: "r:up == 2"}
  - {alert: Old, expr: "r:up offset 30m > 2"}
`)
	r := run(t, Options{Files: []string{file}, Dir: dir, From: after(time.Hour), Until: after(2 * time.Hour)})
	assert.Equal(t, 61*time.Minute, r.Rules[1].Firing.Time)
	assert.Equal(t, 30*time.Minute, r.Rules[2].Firing.Time, "what was recorded before the beginning is seen")
	assert.Equal(t, 1, r.Rules[0].Series)
}

func TestThresholds(t *testing.T) {
	dir := t.TempDir()
	writeTSDB(t, dir, 101, func(minute int) []point {
		return []point{{labels: labels.FromStrings("__name__", "share"), value: float64(minute) / 100}} // 0 to 1
	})
	file := ruleFile(t, `groups:
- name: g
  rules:
  - {alert: High, expr: share > 0.4, for: 5m}
  - {alert: Low, expr: share < 0.9}
  - {alert: Zero, expr: share > 0}
  - {alert: Chosen, expr: (share >= (0.1 * 4)) and share}
`)
	o := Options{
		Files: []string{file}, Dir: dir, From: begin, Until: after(100 * time.Minute), Thresholds: map[string][]float64{"Chosen": {0.9, 0.2}},
	}
	r := run(t, o)
	high := r.Rules[0]
	var values []float64
	for _, th := range high.Thresholds {
		values = append(values, th.Value)
		assert.Equal(t, th.Value == 0.4, th.Given)
		if th.Given {
			assert.Equal(t, *high.Firing, th.Firing)
		}
	}
	assert.Equal(t, []float64{0.2, 0.3, 0.36, 0.4, 0.44, 0.5, 0.6, 0.8}, values)
	assert.Equal(t, 75*time.Minute, high.Thresholds[0].Firing.Time, "minutes 26 to 100")
	assert.Equal(t, 15*time.Minute, high.Thresholds[7].Firing.Time)
	assert.Equal(t, &Values{Median: 0.5, Of10: 0.9, Of100: 0.99, Most: 1}, high.Values)
	assert.Equal(t, &Values{Median: 0.5, Of10: 0.1, Of100: 0.01, Most: 0}, r.Rules[1].Values)
	values = nil
	for _, th := range r.Rules[1].Thresholds {
		values = append(values, th.Value)
	}
	assert.Equal(t, []float64{0.8, 0.85, 0.875, 0.89, 0.9, 0.91, 0.925, 0.95}, values)
	assert.Empty(t, r.Rules[2].Thresholds)
	assert.InDelta(t, 0, *r.Rules[2].Threshold, 0)
	require.Len(t, r.Rules[3].Thresholds, 2)
	assert.Equal(t, 81*time.Minute, r.Rules[3].Thresholds[0].Firing.Time)
	assert.Equal(t, 11*time.Minute, r.Rules[3].Thresholds[1].Firing.Time)
}

// TestVariantsLikeRules compares variants with rules that have their threshold.
func TestVariantsLikeRules(t *testing.T) {
	dir := t.TempDir()
	m := random(3, "up", "errors_total", "x", "y", "sizes")
	writeTSDB(t, dir, 151, m)
	for _, expr := range []string{
		"up > %s", "up >= %s", "up < %s", "up <= %s", "%s < up", "%s >= up", "(up > %s) and on (instance) errors_total", "sum(up) > %s unless on () x > 1",
		`{__name__=~"up|sizes"} > %s`, "app:up:avg > %s",
	} {
		text := "groups:\n- name: g\n  rules:\n  - {record: \"app:up:avg\", expr: avg by (job) (up)}\n"
		for _, v := range []string{"0.4", "0.2", "0.6", "1.1"} {
			text += "  - {alert: A" + v[2:] + v[:1] + ", for: 2m, expr: '" + fmt.Sprintf(expr, v) + "'}\n"
		}
		r := run(t, Options{
			Files: []string{ruleFile(t, text)}, Dir: dir, From: begin, Until: after(150 * time.Minute), Thresholds: map[string][]float64{"A40": {0.2, 0.6, 1.1}},
		})
		require.Len(t, r.Rules[1].Thresholds, 3)
		for i, th := range r.Rules[1].Thresholds {
			assert.Equal(t, *r.Rules[i+2].Firing, th.Firing, "%s: %v", expr, th.Value)
		}
		assert.Positive(t, r.Rules[1].Firing.Episodes, expr)
	}
}

func TestFindThreshold(t *testing.T) {
	for text, want := range map[string]string{
		"a > 0.2": "a > 7", "0.2 < a": "7 < a", "(a > 1) and b > 3": "(a > 7) and b > 3", "a > 14.4 * 0.001 unless b": "a > 7 unless b",
		"a < -1": "a < 7", "sum(a) by (b) >= 2 ^ 3 % 5": "sum by (b) (a) >= 7", "a > +1": "a > 7",
	} {
		expr, err := parsed(text)
		require.NoError(t, err)
		th, err := findThreshold(expr)
		require.NoError(t, err, text)
		before := expr.String()
		got, err := th.with(7)
		require.NoError(t, err)
		assert.Equal(t, want, got.String())
		assert.Equal(t, before, expr.String(), "the rule is as it was")
	}
	for text, want := range map[string]string{
		"a": "no number at its top", "a > b": "two series", "a == 1": "one value (==)", "a > bool 1": "bool", "a > 1 or b > 1": `"or"`,
		"absent(a)": "no number at its top", "a + 1": "compares nothing", "a and b > 1": "no number at its top", "sum(a > 1)": "no number",
	} {
		expr, err := parsed(text)
		require.NoError(t, err)
		_, err = findThreshold(expr)
		assert.ErrorContains(t, err, want, text)
	}
	for text, above := range map[string]bool{"a > 1": true, "a >= 1": true, "a < 1": false, "1 < a": true, "1 >= a": false} {
		expr, err := parsed(text)
		require.NoError(t, err)
		th, err := findThreshold(expr)
		require.NoError(t, err)
		assert.Equal(t, above, th.above(), text)
	}
}

func TestWrong(t *testing.T) {
	good := ruleFile(t, "groups: [{name: g, rules: [{alert: Up, expr: up > 0}]}]")
	empty := t.TempDir()
	dir := t.TempDir()
	writeTSDB(t, dir, 10, func(int) []point { return nil })
	for want, o := range map[string]Options{
		"there is no TSDB in it":    {Files: []string{good}, Dir: empty, From: begin, Until: after(time.Hour)},
		"no such file":              {Files: []string{good}, Dir: filepath.Join(empty, "x"), From: begin, Until: after(time.Hour)},
		"could not parse":           {Files: []string{ruleFile(t, "groups: [{name: g, rules: [{alert: Up, expr: 'up >'}]}]")}, Dir: dir, From: begin, Until: after(time.Hour)},
		"there are no rules":        {Files: []string{ruleFile(t, "groups: []")}, Dir: dir, From: begin, Until: after(time.Hour)},
		"times, at most 5000000: a": {Files: []string{good}, Dir: dir, From: time.Unix(0, 0), Until: begin},
	} {
		_, err := Run(context.Background(), o)
		assert.ErrorContains(t, err, want)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := Run(ctx, Options{Files: []string{good}, Dir: dir, From: begin, Until: after(time.Hour)})
	require.ErrorIs(t, err, context.Canceled)
	entries, err := os.ReadDir(empty)
	require.NoError(t, err)
	assert.Empty(t, entries)
}

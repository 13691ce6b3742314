// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/tsdbutil"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/ruleengine"
	"github.com/otelcol-ml/otelcol-ml/internal/ruleset"
)

var begin = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

func after(d time.Duration) time.Time { return begin.Add(d) }

// point is a sample of a series of a test.
type point struct {
	labels labels.Labels
	value  float64
	h      *histogram.FloatHistogram
}

// material gives what is written at a minute.
type material func(minute int) []point

// writeTSDB writes a TSDB as a collector does, minute by minute, and compacts it on the way; it stays
// open.
func writeTSDB(t testing.TB, dir string, minutes int, m material) *tsdb.DB {
	t.Helper()
	o := tsdb.DefaultOptions()
	db, err := tsdb.Open(dir, nil, nil, o, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	db.DisableCompactions()
	for i := range minutes {
		appendPoints(t, db, i, m(i))
		if i%60 == 59 {
			require.NoError(t, db.Compact(context.Background()))
		}
	}
	return db
}

func appendPoints(t testing.TB, db *tsdb.DB, minute int, points []point) {
	t.Helper()
	app := db.Appender(context.Background())
	at := after(time.Duration(minute) * time.Minute).UnixMilli()
	for _, p := range points {
		var err error
		if p.h != nil {
			_, err = app.AppendHistogram(0, p.labels, at, nil, p.h)
		} else {
			_, err = app.Append(0, p.labels, at, p.value)
		}
		require.NoError(t, err)
	}
	require.NoError(t, app.Commit())
}

// random gives series that come and go, rise and fall, under names that rules of others use.
func random(seed uint64, names ...string) material {
	return func(minute int) []point {
		r := rand.New(rand.NewPCG(seed, uint64(minute/7))) //nolint:gosec // a test
		var list []point
		for i, name := range names {
			for j, instance := range []string{"0", "1", "2"} {
				l := labels.FromStrings("__name__", name, "instance", instance, "job", "app-server", "group", "canary", "env", "prod")
				switch v := r.Float64() + 0.5*math.Sin(float64(minute)/40+float64(i+j)); {
				case r.IntN(6) == 0: // a gap
				case i%5 == 4:
					list = append(list, point{labels: l, h: tsdbutil.GenerateTestFloatHistogram(int64(minute))})
				case strings.HasSuffix(name, "_total"):
					list = append(list, point{labels: l, value: float64(minute*(i+j+1)) + 30*r.Float64()})
				default:
					list = append(list, point{labels: l, value: v})
				}
			}
		}
		return list
	}
}

// listing is all files of a folder with size, time and content.
func listing(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		text := fmt.Sprint(info.Mode(), info.ModTime())
		if !e.IsDir() {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			text += fmt.Sprintf(" %d %x", info.Size(), content)
		}
		all[path] = text
		return nil
	}))
	return all
}

func ruleFile(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rules.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// stepped is what the engine gives that is stepped while the series are written: for each alert what
// fires at each evaluation.
type stepped map[string][]string

// stepEngine evaluates rules as the collector does: minute by minute, while series are written into the
// same TSDB.
func stepEngine(t testing.TB, files []string, from, until int, m material) (firing stepped, failures map[string]int) {
	return stepGroups(t, files, from, until, m, func(g *rules.Group) time.Duration { return g.Interval() })
}

// stepEngineEvery steps each group every minute, whatever its interval is.
func stepEngineEvery(t testing.TB, files []string, from, until int, m material) (firing stepped, failures map[string]int) {
	return stepGroups(t, files, from, until, m, func(*rules.Group) time.Duration { return time.Minute })
}

func stepGroups(
	t testing.TB, files []string, from, until int, m material, step func(*rules.Group) time.Duration,
) (firing stepped, failures map[string]int) {
	t.Helper()
	db, err := tsdb.Open(t.TempDir(), nil, nil, tsdb.DefaultOptions(), nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	db.DisableCompactions()
	engine := promql.NewEngine(promql.EngineOpts{
		MaxSamples: 50_000_000, Timeout: time.Minute, EnableAtModifier: true, EnableNegativeOffset: true,
		NoStepSubqueryIntervalFn: func(int64) int64 { return 60_000 }, Parser: ruleengine.Parser(),
	})
	t.Cleanup(func() { require.NoError(t, engine.Close()) })
	discard := slog.New(slog.DiscardHandler)
	manager := ruleengine.NewManager(context.Background(), ruleengine.Options{
		Engine: engine, Queryable: db, Appendable: db, Logger: discard, Loader: ruleset.Loader{Parser: ruleengine.Parser(), Logger: discard},
	})
	loaded, errs := manager.LoadGroups(time.Minute, labels.EmptyLabels(), "", nil, false, files...)
	require.Empty(t, errs)
	var groups []*rules.Group
	for _, g := range loaded {
		groups = append(groups, g)
		for _, rule := range g.Rules() {
			if alerting, ok := rule.(*rules.AlertingRule); ok {
				alerting.SetRestored(true)
			}
		}
	}
	slices.SortFunc(groups, func(a, b *rules.Group) int { return strings.Compare(a.File()+";"+a.Name(), b.File()+";"+b.Name()) })
	firing, failures = stepped{}, map[string]int{}
	for i := range until + 1 {
		appendPoints(t, db, i, m(i))
		if i < from {
			continue
		}
		for _, g := range groups {
			if at := after(time.Duration(i) * time.Minute); at.UnixNano()%int64(step(g)) == 0 {
				g.Eval(context.Background(), at)
				noteStep(firing, failures, g, at)
			}
		}
	}
	return firing, failures
}

func noteStep(firing stepped, failures map[string]int, g *rules.Group, at time.Time) {
	for i, rule := range g.Rules() {
		name := fmt.Sprint(g.File(), g.Name(), i)
		if rule.LastError() != nil {
			failures[name]++
		}
		alerting, ok := rule.(*rules.AlertingRule)
		if !ok {
			continue
		}
		alerting.ForEachActiveAlert(func(a *rules.Alert) {
			if a.State == rules.StateFiring {
				firing[name] = append(firing[name], at.Format(time.RFC3339)+a.Labels.String())
			}
		})
		slices.Sort(firing[name])
	}
}

// steps returns what a report says in the form of stepEngine; every names the groups that are not
// evaluated every minute.
func steps(r *Report, every map[string]time.Duration) (firing stepped, failures map[string]int) {
	firing, failures = stepped{}, map[string]int{}
	count := map[string]int{}
	for _, rule := range r.Rules {
		name := fmt.Sprint(rule.File, rule.Group, count[rule.File+rule.Group])
		count[rule.File+rule.Group]++
		if rule.Errors > 0 {
			failures[name] = rule.Errors
		}
		for _, e := range rule.List {
			for at := e.From; !at.After(r.Until) && (e.To == nil || at.Before(*e.To)); at = at.Add(max(every[rule.Group], time.Minute)) {
				firing[name] = append(firing[name], at.Format(time.RFC3339)+e.Labels.String())
			}
		}
		slices.Sort(firing[name])
	}
	return firing, failures
}

// moduleOfPrometheus returns the folder of Prometheus' module in the module cache.
func moduleOfPrometheus(t testing.TB) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/prometheus/prometheus").Output()
	if err != nil || strings.TrimSpace(string(out)) == "" {
		t.Skip("the module of Prometheus is not in the module cache")
	}
	return strings.TrimSpace(string(out))
}

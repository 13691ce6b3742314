// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/otelcol-ml/otelcol-ml/internal/eventtime"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const examples = "../../examples/catalog"

// folder writes files into a new folder.
func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
	}
	return dir
}

func TestLoadExamples(t *testing.T) {
	set, err := Load(examples)
	require.NoError(t, err)
	require.Len(t, set.Models, 1)
	require.Len(t, set.Jobs, 1)

	m := set.Model("production", "fraud")
	require.NotNil(t, m)
	require.NotNil(t, m.Baseline)
	assert.Nil(t, set.Model("staging", "fraud"))
	assert.Equal(t, BinaryClassification, m.Task)
	assert.Equal(t, "risk-ml@example.com", m.Owner)
	assert.Equal(t, Drift{Window: eventtime.Window{Length: time.Hour}, MinSamples: 200, Reference: []string{"baseline", "champion"}}, m.Drift)
	assert.Equal(t, []string{"country", "channel"}, m.Segments)
	assert.Equal(t, map[string]Feature{
		"amount":  {Min: new(0.0), Max: new(50000.0), MaxMissing: new(0.01), Importance: new(0.4)},
		"country": {Values: []string{"DE", "FR", "US"}, MaxUnseen: new(0.001)},
	}, m.Features)
	assert.Equal(t, Alerts{Severity: "critical", Runbook: "https://example.com/runbooks/fraud"}, m.Alerts)
	assert.Equal(t, []SLO{
		{Name: "latency", Objective: 0.999, LatencyBelow: 100 * time.Millisecond, Line: 24},
		{
			Name: "false-positives", Measure: "false_positive_rate", MaxIncrease: &Change{Absolute: new(0.005)},
			ComparedWith: 7 * 24 * time.Hour, For: 15 * time.Minute, Line: 25,
		},
		{Name: "errors", Objective: 0.995, Measure: MeasureErrors, Line: 26},
		{Name: "labels", Measure: MeasureCoverage, Min: new(0.5), For: time.Hour, NoData: "alert", Line: 27},
	}, m.SLOs)

	v := set.Version("production", "fraud", "champion")
	require.NotNil(t, v)
	assert.Same(t, v, set.Version("production", "fraud", "7"))
	assert.Same(t, m.Baseline, v.Baseline, "a version without a baseline inherits the model's")
	assert.Equal(t, time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), v.TrainedAt)
	assert.Equal(t, map[string]any{
		"ml.model.framework": "xgboost", "ml.model.training.dataset": "transactions_2026_10",
		"ml.feature_view.name": "transactions_1d", "ml.feature_view.version": "3",
	}, v.Attributes)
	assert.Equal(t, time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC), set.Version("production", "fraud", "6").TrainedAt)

	j := set.Job("production", "recsys_daily")
	require.NotNil(t, j, "a card without an environment is for any")
	assert.Equal(t, "0 3 * * *", j.Schedule)
	assert.Equal(t, "Europe/Berlin", j.Timezone.String())
	assert.Equal(t, 2*time.Hour, j.FinishWithin)
	assert.Equal(t, Produces{Model: "recsys", MaxAge: 36 * time.Hour}, j.Produces)
	assert.Equal(t, []Stage{
		{Name: "build_features", Timeout: 20 * time.Minute, MaxRowDrop: new(0.2), MaxNullIncrease: new(0.05)},
		{Name: "score_shard", After: []string{"build_features"}, Instances: 500},
		{Name: "explain", Optional: true},
		{Name: "train", After: []string{"score_shard"}, Heartbeat: 30 * time.Minute, Metrics: map[string]StageMetric{"val_auc": {Min: new(0.8), MaxDrop: new(0.02)}}},
	}, j.Stages)
}

// everyModelKey and everyJobKey use every key of the schema (TestCardsUseEveryKey).
const everyModelKey = `
kind: model
name: churn
also_known_as: [churn-blue]
models: [churn-green, "churn-2*"]
environment: staging
task: multiclass
owner: a team
description: Who will leave.
feature_views: [calls_1d, contracts]
baseline: b.json
versions: [{version: "1.10", aliases: [a, b], trained_at: 2026-11-01 12:00:00+01:00, baseline: other.json, attributes: {x: 1, y: 2.5, z: true, w: text}}]
drift:
  window: month
  min_samples: 10
  max_window: 2w
  for: 3
  season: week
  time_zone: Europe/Berlin
  reference: [previous]
  methods: {numeric: [wasserstein, ks], categorical: [chi2]}
  thresholds: {psi: 0.1, jensen_shannon: 0.1, kl: 0.1, ks: 0.1, wasserstein: 0.1, chi2: 0.1, hellinger: 0.1, l_infinity: 0.1, total_variation: 0.1, missing: 0.1, relative_change: 0.7, low_confidence: 0.6}
segments: [s]
segment_features: [n]
derive: [ml.embedding.q#projections, text#words]
max_batch: 512
features:
  n: {type: numeric, min: -1, max: 1, max_missing: 0, importance: 1, methods: [psi], thresholds: {psi: 2}, ignore: true}
  c: {type: categorical, values: [x, 1, true, 0x10, 3.0], max_unseen: 0.5}
attributes: {x: 0, v: base}
prices: {from: 2026-11-01, input_per_million: 0.15, output_per_million: 0.6, cached_input_per_million: 0.075, cache_write_per_million: 0.19, currency: EUR}
alerts: {severity: info, runbook: r}
slos:
  - {name: l, description: d, objective: 0.9, period: 7d, latency_below: 1.5s, own_bucket: true}
  - {name: q, measure: fpr, max_increase: {absolute: 1, relative: 0.1}, compared_with: 1d12h, for: 1m, window: 20m, min_samples: 50, no_data: alert}
  - {name: r, measure: recall, max_decrease: {absolute: 0.1}, compared_with: 7d}
  - {name: e, measure: evaluator_score, evaluator: relevance, min: 0.8}
  - {name: m, measure: missing, feature: n, max: 0.1}
  - {name: c, measure: cost_per_day, currency: USD, max: 100}
contract:
  severity: critical
  only_known_features: true
  schema_versions: ["3", "4"]
  checks:
    - {feature: n, type: [integer, number], required: true, not_missing: true, max_violations: 0.1}
    - {features: [c, d], name: known, not_values: ["-1", 9], severity: info, description: no codes}
    - {feature: c, pattern: "^[a-z]", not_pattern: x$, min_length: 1, max_length: 3}
    - {attribute: ml.feature_view.age, max_age: 2h, above: -5, below: 7e5}
    - {name: order, condition: 'attributes["ml.feature.n"] < 3'}
    - {attribute: input, json_schema: {type: object, required: [a]}}
    - {feature: d, max_missing: 0.1, max_unseen: 0.2, statistic: quantile, quantile: 0.9, max: 3}
    - {name: volume, statistic: rows, compared_with: 1d, max_increase: 1, max_decrease: 0.5}
`

const everyJobKey = `
kind: job
name: j
environment: staging
owner: o
every: 90m
timezone: UTC
finish_within: 1h30m
produces: {model: m, max_age: 1w}
attributes: {a: b}
alerts: {severity: warning, runbook: r, disable: [JobSlow, StageMissing]}
accept_since: 2026-11-01
slos:
  - {name: f, description: d, measure: freshness, max_age: 36h, for: 1h, no_data: ignore}
  - {name: r, measure: rows, stage: a, min: 1, objective: 0.9, period: 7d}
  - {name: s, measure: rows, stage: a, max: 9}
stages:
  - {name: a, after: [b], optional: true, timeout: 1s, heartbeat: 1m, instances: 3, max_failed: 3, max_row_drop: 1, max_null_increase: 0, metrics: {m: {min: 1, max: 1, max_drop: 0}}}
  - {name: b}
contract: {checks: [{stage: a, attribute: ml.stage.rows.out, min: 1000}]}
---
kind: job
name: k
schedule: "@daily"
`

func everyKey(t testing.TB) string {
	t.Helper()
	small := `{"format_version":1,"rows":1,"features":[{"name":"n","type":"numeric","count":0,"missing":1},{"name":"c","type":"categorical","count":1,"missing":0,"categories":[{"value":"x","count":1}]}]}`
	return folder(t, map[string]string{"m.yaml": everyModelKey, "sub/j.yml": everyJobKey, "b.json": small, "other.json": small, "note.txt": "kind: nothing", ".hidden.yaml": "x: ["})
}

func TestLoadEveryKey(t *testing.T) {
	dir := everyKey(t)
	set, err := Load(dir)
	require.NoError(t, err)
	m := set.Model("staging", "churn")
	assert.Equal(t, Drift{
		Window: eventtime.Window{Calendar: "month"}, MinSamples: 10, MaxWindow: 336 * time.Hour, For: 3,
		Season: "week", TimeZone: "Europe/Berlin", Reference: []string{"previous"},
		Methods: map[profile.Type][]string{profile.Numeric: {"wasserstein", "ks"}, profile.Categorical: {"chi2"}},
		Thresholds: map[string]float64{
			"psi": 0.1, "jensen_shannon": 0.1, "kl": 0.1, "ks": 0.1, "wasserstein": 0.1, "chi2": 0.1, "hellinger": 0.1, "l_infinity": 0.1,
			"total_variation": 0.1, "missing": 0.1, "low_confidence": 0.6, "relative_change": 0.7,
		},
	}, m.Drift)
	assert.Equal(t, Feature{
		Type: profile.Numeric, Min: new(-1.0), Max: new(1.0), MaxMissing: new(0.0), Importance: new(1.0),
		Methods: []string{"psi"}, Thresholds: map[string]float64{"psi": 2}, Ignore: true,
	}, m.Features["n"])
	assert.Equal(t, []string{"x", "1", "true", "16", "3"}, m.Features["c"].Values)
	assert.Equal(t, "Who will leave.", m.Description)
	assert.Equal(t, []string{"calls_1d", "contracts"}, m.FeatureViews)
	v := m.Versions[0]
	assert.Equal(t, "1.10", v.Version)
	assert.NotSame(t, m.Baseline, v.Baseline)
	assert.Equal(t, time.Date(2026, 11, 1, 11, 0, 0, 0, time.UTC), v.TrainedAt)
	assert.Equal(t, map[string]any{"x": int64(1), "y": 2.5, "z": true, "w": "text", "v": "base"}, v.Attributes)
	assert.Equal(t, map[string]any{"x": int64(0), "v": "base"}, m.Attributes, "the version's attributes stay its own")
	assert.Equal(t, &Prices{
		InputPerMillion: new(0.15), OutputPerMillion: new(0.6), CachedInputPerMillion: new(0.075), CacheWritePerMillion: new(0.19), Currency: "EUR",
		From: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
	}, m.Prices)
	assert.Equal(t, 512, m.MaxBatch)
	assert.Same(t, m, set.Model("staging", "churn-blue"), "by another name")
	assert.Same(t, m, set.Model("staging", "churn-green"))
	assert.Same(t, m, set.Model("staging", "churn-2026"), "by a pattern")
	assert.Same(t, v, set.Version("staging", "churn-blue", "b"))
	assert.Nil(t, set.Model("production", "churn-blue"), "of another environment")
	assert.Equal(t, &Change{Absolute: new(1.0), Relative: new(0.1)}, m.SLOs[1].MaxIncrease)
	assert.Equal(t, 36*time.Hour, m.SLOs[1].ComparedWith)
	require.Len(t, set.Jobs, 2)
	assert.Equal(t, 90*time.Minute, set.Jobs[0].Every)
	assert.Equal(t, filepath.Join(dir, "sub/j.yml"), set.Jobs[1].File)
	assert.Equal(t, 22, set.Jobs[1].Line)
	assert.Equal(t, Stage{
		Name: "a", After: []string{"b"}, Optional: true, Timeout: time.Second, Heartbeat: time.Minute, Instances: 3, MaxFailed: 3,
		MaxRowDrop: new(1.0), MaxNullIncrease: new(0.0), Metrics: map[string]StageMetric{"m": {Min: new(1.0), Max: new(1.0), MaxDrop: new(0.0)}},
	}, set.Jobs[0].Stages[0])
}

// A file gives what its folder gives, with baselines beside it; what is wrong names file and line.
func TestLoadFile(t *testing.T) {
	set, err := LoadFile(filepath.Join(examples, "fraud.yaml"))
	require.NoError(t, err)
	all, err := Load(examples)
	require.NoError(t, err)
	assert.Equal(t, all.Model("production", "fraud").Drift, set.Model("production", "fraud").Drift)
	assert.Equal(t, all.Model("production", "fraud").Baseline, set.Model("production", "fraud").Baseline)

	dir := folder(t, map[string]string{"bad.yaml": "kind: model\nname: m\nwindow: 1h\n"})
	_, err = LoadFile(filepath.Join(dir, "bad.yaml"))
	require.ErrorContains(t, err, filepath.Join(dir, "bad.yaml")+":3")
	_, err = LoadFile(filepath.Join(dir, "absent.yaml"))
	require.ErrorContains(t, err, filepath.Join(dir, "absent.yaml"))
}

func TestLoadEmptyFolderAndMissingFolder(t *testing.T) {
	set, err := Load(t.TempDir())
	require.NoError(t, err)
	assert.Empty(t, set.Models)
	_, err = Load(filepath.Join(t.TempDir(), "absent"))
	assert.ErrorContains(t, err, "absent: cannot be read: no such file or directory")
}

// TestLoadConfigMap has the links that the kubelet makes: the cards are links into a folder with a
// date, through ..data.
func TestLoadConfigMap(t *testing.T) {
	dir := folder(t, map[string]string{"..2026_11_22/fraud.yaml": "{kind: model, name: fraud}"})
	require.NoError(t, os.Symlink("..2026_11_22", filepath.Join(dir, "..data")))
	require.NoError(t, os.Symlink("..data/fraud.yaml", filepath.Join(dir, "fraud.yaml")))
	set, err := Load(dir)
	require.NoError(t, err)
	require.Len(t, set.Models, 1)
	assert.Equal(t, filepath.Join(dir, "fraud.yaml"), set.Models[0].File)
}

func TestLoadLinks(t *testing.T) {
	dir := folder(t, map[string]string{"a/card.yaml": "{kind: model, name: fraud}"})
	require.NoError(t, os.Symlink("a", filepath.Join(dir, "b")), "a folder that is there twice")
	require.NoError(t, os.Symlink("..", filepath.Join(dir, "a/up")), "a circle")
	require.NoError(t, os.Symlink("card.yaml", filepath.Join(dir, "a/link.yaml")), "a file that is there twice")
	set, err := Load(dir)
	require.NoError(t, err)
	assert.Len(t, set.Models, 1)

	require.NoError(t, os.Symlink("nowhere.yaml", filepath.Join(dir, "broken.yaml")))
	_, err = Load(dir)
	assert.ErrorContains(t, err, "broken.yaml: cannot be read: no such file or directory")
}

func TestLoadBounds(t *testing.T) {
	dir := folder(t, map[string]string{"big.yaml": strings.Repeat("#", maxFileSize+1)})
	_, err := Load(dir)
	assert.ErrorContains(t, err, fmt.Sprintf("big.yaml: has more than %d bytes", maxFileSize))

	files := map[string]string{}
	for i := range maxFiles + 1 {
		files[fmt.Sprintf("%d.yaml", i)] = ""
	}
	_, err = Load(folder(t, files))
	assert.ErrorContains(t, err, fmt.Sprintf("has more than %d YAML files", maxFiles))

	var bomb strings.Builder
	bomb.WriteString("kind: model\nname: x\na: &a [x,x,x,x,x,x,x,x,x]\n")
	for c := 'b'; c <= 'j'; c++ {
		fmt.Fprintf(&bomb, "%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n", c, c, c-1, c-1, c-1, c-1, c-1, c-1, c-1, c-1, c-1)
	}
	_, err = Load(folder(t, map[string]string{"bomb.yaml": bomb.String()}))
	assert.ErrorContains(t, err, "too large: at most 200000 values, 32 levels deep")

	_, err = Load(folder(t, map[string]string{"loop.yaml": "kind: model\nname: x\nattributes: &a\n  b: *a\n"}))
	assert.Error(t, err)
}

func TestLoaderKeepsWhatHasNotChanged(t *testing.T) {
	dir := everyKey(t)
	l := NewLoader(dir)
	load := func() (*Set, bool, error) {
		result, changed := l.Load()
		return result.Set, changed, result.Err
	}
	first, changed, err := load()
	require.NoError(t, err)
	assert.True(t, changed)
	assert.Equal(t, []string{dir, filepath.Join(dir, "sub")}, l.Folders())
	assert.Equal(t, []string{filepath.Join(dir, "b.json"), filepath.Join(dir, "other.json")}, l.Baselines())

	again, changed, err := load()
	require.NoError(t, err)
	assert.False(t, changed)
	assert.Same(t, first, again)

	require.NoError(t, os.WriteFile(filepath.Join(dir, "other.json"), []byte(`{"format_version":1,"rows":2,"features":[{"name":"n","type":"numeric","count":0,"missing":2},{"name":"c","type":"categorical","count":0,"missing":2}]}`), 0o644))
	second, changed, err := load()
	require.NoError(t, err)
	assert.True(t, changed, "a baseline is part of the folder's contents")
	assert.Same(t, first.Models[0].Baseline, second.Models[0].Baseline, "a baseline that has not changed stays")
	assert.NotSame(t, first.Models[0].Versions[0].Baseline, second.Models[0].Versions[0].Baseline)

	require.NoError(t, os.Remove(filepath.Join(dir, "b.json")))
	third, changed, err := load()
	assert.Same(t, second.Models[0], third.Models[0], "the card stays as it was")
	assert.True(t, changed)
	assert.ErrorContains(t, err, "baseline: cannot be loaded: open "+filepath.Join(dir, "b.json"))
	_, changed, err2 := load()
	assert.False(t, changed, "the same error is not reported again")
	assert.Equal(t, err, err2)
}

func FuzzLoad(f *testing.F) {
	for _, name := range []string{"fraud.yaml", "recsys_daily.yaml"} {
		data, err := os.ReadFile(filepath.Join(examples, name))
		require.NoError(f, err)
		f.Add(data)
	}
	f.Add([]byte(everyModelKey))
	f.Add([]byte(everyJobKey))
	f.Add([]byte("kind: &a [*a]\n"))
	f.Add([]byte("kind: job\nname: x\nschedule: 'TZ=0'\n"))
	f.Add([]byte("? {a: b}\n: c\n<<: x\n"))
	f.Add([]byte("kind: model\nname: .inf\ndrift: {min_samples: 1e400, window: 99999999999999w}\n"))
	f.Fuzz(func(t *testing.T, data []byte) { // without the file system, which takes most of the time
		b := &builder{report: &yamldoc.Report{}, baseline: func(string) (*profile.Profile, error) { return nil, errors.New("there is none") }}
		b.add("card.yaml", data)
		r := b.result(nil)
		if r.Err == nil && r.Set == nil {
			t.Fatal("neither cards nor an error")
		}
		for _, v := range yamldoc.Violations(r.Err) {
			if !strings.HasPrefix(v.Error(), "card.yaml") {
				t.Fatalf("no file in %q", v)
			}
		}
	})
}

func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Load(examples); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoaderUnchanged(b *testing.B) {
	l := NewLoader(examples)
	b.ReportAllocs()
	for b.Loop() {
		if result, _ := l.Load(); result.Err != nil {
			b.Fatal(result.Err)
		}
	}
}

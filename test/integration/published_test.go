// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

var writePublished = flag.Bool("published", false, "write docs/published-tables.md with what TestPublishedTables finds")

// TestPublishedTables replays the data sets that have published figures through a collector. Each
// number is held to the published one within what its bins can tell, and to docs/published-tables.md.
func TestPublishedTables(t *testing.T) {
	shared := filepath.Join(processtest.RepoRoot(t), "..", "shared", "data")
	if _, err := os.Stat(shared); err != nil {
		t.Skip("../shared/data is absent: the data sets with published figures are not part of this repository")
	}
	p := &publishedPage{}
	p.intro()
	for _, set := range []struct {
		name string
		run  func(t *testing.T, p *publishedPage, dir string)
	}{
		{"california_housing", housingTables},
		{"taxi", taxiTables},
		{"penguin", penguinTables},
		{"churn", churnTables},
	} {
		t.Run(set.name, func(t *testing.T) { set.run(t, p, filepath.Join(shared, set.name)) })
	}
	if t.Failed() {
		return
	}
	file := filepath.Join(processtest.RepoRoot(t), "docs", "published-tables.md")
	page := strings.TrimRight(p.b.String(), "\n") + "\n"
	if *writePublished {
		require.NoError(t, os.WriteFile(file, []byte(page), 0o600))
		return
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), page, "go test ./test/integration -run TestPublishedTables -published")
}

// publishedPage is the page as far as it is written.
type publishedPage struct{ b strings.Builder }

func (p *publishedPage) intro() {
	p.text("# Published tables, reproduced")
	p.text("Four data sets come with figures that other tools have published, or that were worked out by their rules. Their rows went through a collector as spans: " +
		"`mlreplay` sends them, `ml_summary` counts them, `ml_drift` compares them; what they wrote is below, beside the figures. What is no statistic of ours, or needs the values themselves, " +
		"went through `mlprofile score --method NAME` with the same rows, and says so. Every deviation has its cause. `TestPublishedTables` of [test/integration](../test/integration) replays all of it, " +
		"holds each number to the published one and to this page, and writes the page:")
	p.b.WriteString("```sh\ngo test ./test/integration -run TestPublishedTables -published\n```\n\n")
	p.text("The data are not part of this repository; their origin and licence stand in `../shared/data/DATASETS.md`. In a table, one number is both the published and the replayed one, as they are the same to six digits.")
	p.text("Most deviations are of **bins**: a collector counts into the 240 bins of the baseline. A Kolmogorov-Smirnov statistic (KS) of bins is at most the exact one, and less by no more than the largest share " +
		"that either side has in one bin. A Wasserstein distance of bins is off by no more than the widths of the bins, each weighed with the larger share in it. Where a column has fewer than 240 values, each has a bin of its own, and both are exact.")
}

// text adds a paragraph, or a heading, in lines of 100 characters.
func (p *publishedPage) text(format string, args ...any) {
	const width = 100
	length := 0
	for i, word := range strings.Fields(fmt.Sprintf(format, args...)) {
		switch n := utf8.RuneCountInString(word); {
		case i == 0:
			length = n
		case length+1+n > width:
			p.b.WriteString("\n")
			length = n
		default:
			p.b.WriteString(" ")
			length += 1 + n
		}
		p.b.WriteString(word)
	}
	p.b.WriteString("\n\n")
}

func (p *publishedPage) table(head string, rows []string) {
	p.b.WriteString("| " + head + " |\n|" + strings.Repeat("---|", strings.Count(head, "|")+1) + "\n")
	for _, r := range rows {
		p.b.WriteString("| " + r + " |\n")
	}
	p.b.WriteString("\n")
}

// digits writes a number with six digits that count.
func digits(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e12 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.6g", v)
}

// cells joins numbers and texts to a row of a table.
func cells(all ...any) string {
	out := make([]string, len(all))
	for i, c := range all {
		if v, ok := c.(float64); ok {
			out[i] = digits(v)
			continue
		}
		out[i] = fmt.Sprint(c)
	}
	return strings.Join(out, " | ")
}

// published reads a file of expected results.
func published[T any](t *testing.T, parts ...string) T {
	t.Helper()
	var expected T
	data, err := os.ReadFile(filepath.Join(parts...))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &expected))
	return expected
}

const replayToFiles = `
extensions: {ml_catalog: {directory: "${env:CATALOG}"}}
receivers: {otlp: {protocols: {grpc: {endpoint: "${env:OTLP}"}}}}
connectors:
  ml_summary: {flush_interval: 100ms, feature_flush_interval: 100ms}
  ml_drift: {window: day, timestamps: event, emit_interval: 100ms, lateness: 1m}
exporters:
  file: {path: "${env:OUT}/scores.json", flush_interval: 50ms}
  file/summary: {path: "${env:OUT}/summary.json", flush_interval: 50ms}
  file/spans: {path: "${env:OUT}/spans.json", flush_interval: 50ms}
service:
  extensions: [ml_catalog]
  pipelines:
    traces: {receivers: [otlp], exporters: [ml_summary, file/spans]}
    metrics/summary: {receivers: [ml_summary], exporters: [ml_drift, file/summary]}
    metrics: {receivers: [ml_drift], exporters: [file]}
`

// replay sends files of rows through a collector whose catalog is the folder, in which the results
// are then: scores.json, summary.json and spans.json. Arguments are those of each mlreplay.
func replay(t *testing.T, folder string, runs ...[]string) {
	t.Helper()
	c := start(t, replayToFiles, "OUT="+folder, "CATALOG="+folder)
	for _, args := range runs {
		command(t, "mlreplay", append([]string{"--endpoint", c.otlp}, args...)...)
	}
	c.Stop()
}

// writeReplayCard writes the card of the model of a folder.
func writeReplayCard(t *testing.T, folder, name, rest string) {
	t.Helper()
	card := fmt.Sprintf("kind: model\nname: %s\nbaseline: %s.json\n%s\n", name, name, rest)
	require.NoError(t, os.WriteFile(filepath.Join(folder, name+".yaml"), []byte(card), 0o600))
}

// summedColumn is what ml_summary has counted of a feature.
type summedColumn struct {
	count, sum, missing float64
	low, high           float64
	bins                []float64
	categories          map[string]float64
}

// summed adds up the deltas of ml_summary, by feature.
func summed(t *testing.T, folder string) map[string]*summedColumn {
	t.Helper()
	all := map[string]*summedColumn{}
	of := func(attributes interface{ AsRaw() map[string]any }) (*summedColumn, map[string]any) {
		raw := attributes.AsRaw()
		name, _ := raw[mlconv.AttrFeatureName].(string)
		if all[name] == nil {
			all[name] = &summedColumn{low: math.Inf(1), high: math.Inf(-1), categories: map[string]float64{}}
		}
		return all[name], raw
	}
	for _, line := range lines(t, filepath.Join(folder, "summary.json")) {
		metrics, err := (&pmetric.JSONUnmarshaler{}).UnmarshalMetrics(line)
		require.NoError(t, err)
		for _, rm := range metrics.ResourceMetrics().All() {
			for _, sm := range rm.ScopeMetrics().All() {
				for _, m := range sm.Metrics().All() {
					switch m.Name() {
					case mlconv.MetricFeatureValue:
						if m.Type() != pmetric.MetricTypeHistogram {
							for _, p := range m.ExponentialHistogram().DataPoints().All() {
								c, _ := of(p.Attributes())
								c.count, c.sum = c.count+float64(p.Count()), c.sum+p.Sum()
								c.low, c.high = min(c.low, p.Min()), max(c.high, p.Max())
							}
							continue
						}
						for _, p := range m.Histogram().DataPoints().All() {
							c, _ := of(p.Attributes())
							c.count, c.sum = c.count+float64(p.Count()), c.sum+p.Sum()
							c.low, c.high = min(c.low, p.Min()), max(c.high, p.Max())
							for i, n := range p.BucketCounts().All() {
								for len(c.bins) <= i {
									c.bins = append(c.bins, 0)
								}
								c.bins[i] += float64(n)
							}
						}
					case mlconv.MetricFeatureCategoryCount:
						for _, p := range m.Sum().DataPoints().All() {
							c, raw := of(p.Attributes())
							c.count += number(p)
							c.categories[fmt.Sprint(raw[mlconv.AttrFeatureCategory])] += number(p)
						}
					case mlconv.MetricFeatureMissingCount:
						for _, p := range m.Sum().DataPoints().All() {
							c, _ := of(p.Attributes())
							c.missing += number(p)
						}
					}
				}
			}
		}
	}
	return all
}

// judged are the results of ml_drift for one model.
type judged struct {
	t     *testing.T
	model string
	all   map[string][]point
}

func judgements(t *testing.T, folder, model string) *judged {
	t.Helper()
	return &judged{t, model, points(t, filepath.Join(folder, "scores.json"), mlconv.AttrModelVersion)}
}

// at returns a number of the window that starts then: of a metric by method, where it has one, and
// by subject and feature.
func (j *judged) at(metric, method, subject, feature string, start time.Time) float64 {
	j.t.Helper()
	key := metric + "{"
	if method != "" {
		key += "ml.drift.method=" + method + ","
	}
	key += "ml.drift.reference=baseline,ml.drift.subject=" + subject + ","
	if feature != "" {
		key += "ml.feature.name=" + feature + ","
	}
	key += "ml.model.name=" + j.model + "}"
	for _, p := range j.all[key] {
		if p.start.Equal(start) {
			return p.value
		}
	}
	require.Failf(j.t, "no result", "%s from %s", key, start)
	return 0
}

// toolScores runs mlprofile score on columns of two data files, by another tool's convention.
func toolScores(t *testing.T, method, reference, current string, columns []string, args ...string) map[string]toolScore {
	t.Helper()
	stdout := command(t, "mlprofile", append([]string{
		"score", "--method", method, "--reference", reference, "--current", current, "--column", strings.Join(columns, ","), "--json",
	}, args...)...)
	var list []toolScore
	if len(columns) == 1 {
		stdout = "[" + stdout + "]"
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &list), stdout)
	out := map[string]toolScore{}
	for _, s := range list {
		out[s.Column] = s
	}
	return out
}

// toolScore is what mlprofile prints of a column.
type toolScore struct {
	Column string
	Score  float64
	PValue float64 `json:"p_value"`
}

// replayDay is the day that rows without a time of their own are replayed as, a second apart.
var replayDay = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// withTime copies the rows of a file that have no time of their own, with a column "replayed_at".
func withTime(t *testing.T, file string) string {
	t.Helper()
	rows := readRows(t, file)
	for i := range rows {
		cell := "replayed_at"
		if i > 0 {
			cell = replayDay.Add(time.Duration(i) * time.Second).Format(time.RFC3339)
		}
		rows[i] = append(rows[i], cell)
	}
	return writeRows(t, filepath.Join(t.TempDir(), filepath.Base(file)), rows)
}

func readRows(t *testing.T, file string) [][]string {
	t.Helper()
	f, err := os.Open(file)
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	return rows
}

func writeRows(t *testing.T, file string, rows [][]string) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, csv.NewWriter(&b).WriteAll(rows))
	require.NoError(t, os.WriteFile(file, []byte(b.String()), 0o600))
	return file
}

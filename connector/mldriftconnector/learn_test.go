// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mldriftconnector

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/catalogtest"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// The first rows become a file, over a restart in the middle; it is said with its card, and never
// written again.
func TestLearn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := testBaseline()
		set := settings()
		lines := testkit.ObserveLogs(&set.TelemetrySettings, zap.InfoLevel)
		directory := filepath.Join(t.TempDir(), "catalog", "learned")
		disk := testkit.NewStorage(nil)
		h := testkit.Host{catalogID: catalogtest.NewExtension(catalog.NewSet(nil, nil)), storageID: disk}
		cfg := func() *Config {
			return config(func(c *Config) {
				c.Storage = &storageID
				c.Learn = Learn{Rows: 1000, Directory: directory}
			})
		}
		out := &testkit.MetricsSink{}
		p := newProducer(base, "p", 1)
		c := started(t, set, cfg(), h, out)
		hours(t, c, p, 2, 5, 0) // 600 rows
		testkit.Advance(31 * time.Second)
		all := out.AllMetrics()
		assert.Equal(t, 1.0, value(t, all[len(all)-1], mlconv.MetricDriftVerdict, mlconv.AttrFeatureName, "x",
			mlconv.AttrDriftSubject, "feature", mlconv.AttrDriftReason, "learning"))
		progress := lines.FilterMessageSnippet("is being learned").All()
		require.NotEmpty(t, progress)
		assert.EqualValues(t, 1000, progress[0].ContextMap()["needed"])
		require.NoError(t, c.Shutdown(t.Context()))
		c = started(t, set, cfg(), h, out)
		hours(t, c, p, 2, 5, 0)
		path := filepath.Join(directory, "fraud.json")
		got, err := profile.Load(path)
		require.NoError(t, err)
		assert.GreaterOrEqual(t, got.Rows, uint64(1000))
		assert.Less(t, got.Rows, uint64(1050))
		require.NotNil(t, got.Column("x"))
		assert.Equal(t, got.Rows, got.Column("x").Count)
		assert.InDelta(t, 0.6, float64(got.Column("country").Categories[0].Count)/float64(got.Rows), 0.05)
		assert.Equal(t, "prediction", got.Prediction.Name)
		said := lines.FilterMessageSnippet("A baseline was learned").All()
		require.Len(t, said, 1)
		assert.Contains(t, said[0].Message, "kind: model\nname: \"fraud\"\nbaseline: \""+path+"\"")
		left, err := os.ReadDir(directory)
		require.NoError(t, err)
		assert.Len(t, left, 1, "no temporary file is left")

		// Without its state it learns again, and leaves the file alone.
		before, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, c.Shutdown(t.Context()))
		h[storageID] = testkit.NewStorage(nil)
		c = started(t, set, cfg(), h, out)
		hours(t, c, p, 4, 5, 0)
		require.Len(t, lines.FilterMessageSnippet("There is a file for the learned baseline already").All(), 1)
		after, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, before, after)
		require.NoError(t, c.Shutdown(t.Context()))
	})
}

// A folder that cannot be written costs nothing but lines: the baseline waits.
func TestLearnedWaitsForItsFolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := testBaseline()
		set := settings()
		lines := testkit.ObserveLogs(&set.TelemetrySettings, zap.InfoLevel)
		file := filepath.Join(t.TempDir(), "file")
		require.NoError(t, os.WriteFile(file, nil, 0o600))
		c := started(t, set, config(func(c *Config) { c.Learn = Learn{Rows: 100, Directory: filepath.Join(file, "learned")} }), testkit.Host{}, &testkit.MetricsSink{})
		assert.Len(t, lines.FilterMessageSnippet("raise 'learn::rows': 100 rows are few").All(), 1)
		hours(t, c, newProducer(base, "p", 1), 2, 5, 0)
		said := len(lines.FilterMessageSnippet("cannot be written").All())
		assert.Positive(t, said)
		assert.LessOrEqual(t, said, 2, "once an hour")
		require.NoError(t, os.Remove(file))
		testkit.Advance(31 * time.Second)
		_, err := profile.Load(filepath.Join(file, "learned", "fraud.json"))
		require.NoError(t, err)
		require.NoError(t, c.Shutdown(t.Context()))
	})
}

func TestLearnConfig(t *testing.T) {
	assert.ErrorContains(t, config(func(c *Config) { c.Learn.Rows = 100 }).Validate(), "'learn::directory'")
	assert.ErrorContains(t, config(func(c *Config) { c.Learn.Directory = "x" }).Validate(), "'learn::rows'")
	assert.ErrorContains(t, config(func(c *Config) { c.Learn = Learn{Rows: -1, Directory: "x"} }).Validate(), "'learn::rows'")
	assert.ErrorContains(t, config(func(c *Config) { c.Segments.Scores = "some" }).Validate(), "'segments::scores'")
	assert.ErrorContains(t, config(func(c *Config) { c.Severity = "high" }).Validate(), "'severity'")
	assert.ErrorContains(t, config(func(c *Config) { c.TraceURL = "jaeger" }).Validate(), "'trace_url'")
	assert.ErrorContains(t, config(func(c *Config) { c.Limits.Alerts = 0 }).Validate(), "'limits::alerts'")
	assert.ErrorContains(t, config(func(c *Config) { c.Alerts.ResendInterval = 60 }).Validate(), "'alerts::resend_interval': 60ns must be at least 10ms; a number without a unit is nanoseconds: write 60s")
	assert.ErrorContains(t, config(func(c *Config) { c.Alerts.KeepResolved = 15 }).Validate(), "'alerts::keep_resolved'")
}

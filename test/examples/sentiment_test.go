// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package examples

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
)

// The slow release and the forged reviews are found, and nothing else: version 1 is not slow, version 2 does not drift, and neither do
// the reviews from the web and the app.
func TestSentiment(t *testing.T) {
	t.Parallel()
	x := newTale(t, "sentiment")
	x.walk(4 * time.Minute)

	seen := map[string]bool{}
	for _, record := range records(t, filepath.Join(x.dir, "state/sentiment/alerts.json")) {
		label := func(name string) string { return text(record.Attributes(), name) }
		seen[strings.Join([]string{
			label("ml.alert.name"), label("ml.alert.label.model"), label("ml.alert.label.version"), label("ml.alert.label.environment"),
			label("ml.alert.label.subject"), label("ml.alert.label.feature"), label("ml.alert.label.segment"),
		}, "|")] = true
		assert.False(t, record.TraceID().IsEmpty(), "an alert has a trace: %s", record.Body().AsString())
	}
	assert.Equal(t, map[string]bool{
		"VersionSlow|reviews|2|production|||":                         true,
		"FeatureDrift|reviews|1|production|feature|text_length|":      true,
		"PredictionDrift|reviews|1|production|class||":                true,
		"PredictionDrift|reviews|1|production|class||client=api":      true,
		"ConfidenceDrift|reviews|1|production|confidence||":           true,
		"ConfidenceDrift|reviews|1|production|confidence||client=api": true,
	}, seen)

	// Every line of the log belongs to a span.
	logs := records(t, filepath.Join(x.dir, "state/sentiment/logs.json"))
	assert.Greater(t, len(logs), 5_000)
	for _, record := range logs {
		if record.TraceID().IsEmpty() || record.SpanID().IsEmpty() {
			t.Fatalf("a line without ids: %s", record.Body().AsString())
		}
	}
}

// The baseline on the card is the one that the commands in the README make.
func TestSentimentBaseline(t *testing.T) {
	t.Parallel()
	root := processtest.RepoRoot(t)
	training, baseline := filepath.Join(t.TempDir(), "training.csv"), filepath.Join(t.TempDir(), "reviews.json")
	run := func(args ...string) []byte {
		cmd := exec.CommandContext(t.Context(), "go", append([]string{"run"}, args...)...)
		cmd.Dir = root
		out, err := cmd.Output()
		require.NoError(t, err)
		return out
	}
	require.NoError(t, os.WriteFile(training, run("./examples/sentiment", "-training"), 0o600))
	run("./cmd/mlprofile", "build", training, "--prediction", "class", "--confidence", "confidence", "-o", baseline)
	assert.Equal(t, withoutTime(t, filepath.Join(root, "examples/sentiment/catalog/reviews.json")), withoutTime(t, baseline))
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFilesAreCurrent(t *testing.T) {
	page, metrics, err := generate("../..")
	require.NoError(t, err)
	for file, want := range map[string][]byte{"../../../docs/attributes.md": page, "../../generated_metrics.go": metrics} {
		got, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Equal(t, string(want), string(got), "%s is out of date: run make generate", file)
	}
}

func TestCommentsAreChecked(t *testing.T) {
	dir := t.TempDir()
	source := `package x
// Names.
const (
	// AttrGood (string) is fine. Example: "a|b".
	AttrGood = "ml.good"
	// AttrBad has no type.
	AttrBad = "ml.bad"
	// AttrOther (int) is about another constant.
	AttrWrong = "ml.wrong"
)
`
	require.NoError(t, os.WriteFile(filepath.Join(dir, "attributes.go"), []byte(source), 0o600))
	metric := `package x
// Metrics.
const (
	// MetricRows (sum, {row}) counts rows.
	MetricRows = "ml.rows"
)
`
	require.NoError(t, os.WriteFile(filepath.Join(dir, "metrics.go"), []byte(metric), 0o600))
	page, metrics, err := generate(dir)
	assert.ErrorContains(t, err, "attributes.go:7")
	assert.ErrorContains(t, err, "attributes.go:9")
	assert.Contains(t, string(page), "| `ml.good` | string |  | Fine. | `\"a\\|b\"` |")
	assert.Contains(t, string(metrics), "\tMetricRows: {\"{row}\", \"Counts rows.\"},\n")
}

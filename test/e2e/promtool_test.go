// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/ruletest"
	"github.com/otelcol-ml/otelcol-ml/internal/servertest"
)

// TestPromtoolAgrees runs unit tests of rules, Prometheus' own and those of the shipped rules, with
// promtool and with ours: the verdict on every file is the same.
func TestPromtoolAgrees(t *testing.T) {
	promtool := servertest.Tool(t, "promtool")
	var files []string
	for _, pattern := range []string{filepath.Join(prometheusSource(t), "cmd", "promtool", "testdata", "*.yml"), "../../rules/*_test.yaml"} {
		found, err := filepath.Glob(pattern)
		require.NoError(t, err)
		require.NotEmpty(t, found, pattern)
		files = append(files, found...)
	}
	verdicts := map[bool]int{}
	for _, file := range files {
		output, err := exec.CommandContext(t.Context(), promtool, "test", "rules", file).CombinedOutput()
		if err != nil && !isExit(err) {
			require.NoError(t, err, file)
		}
		result, failure := ruletest.Run(t.Context(), file, ruletest.Options{})
		assert.Equal(t, err != nil, failure != nil || result.Failed(), "%s: promtool says:\n%s\nours:\n%v\n%v", file, output, failure, result.Tests)
		verdicts[err == nil]++
	}
	assert.Greater(t, verdicts[true], 10, "good ones")
	assert.Greater(t, verdicts[false], 10, "and bad ones")
}

func isExit(err error) bool {
	_, ok := errors.AsType[*exec.ExitError](err)
	return ok
}

// prometheusSource is the folder of Prometheus' module.
func prometheusSource(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/prometheus/prometheus").Output()
	require.NoError(t, err)
	return strings.TrimSpace(string(out))
}

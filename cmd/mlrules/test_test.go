// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
)

func TestTest(t *testing.T) {
	t.Chdir(t.TempDir())
	write := func(name, content string) {
		t.Helper()
		require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
	}
	const good = "{name: good, promql_expr_test: [{expr: '1', exp_samples: [{value: 1}]}]}"
	write("good.yaml", "rule_files: ['builtin:*', none.yaml]\ntests: ["+good+"]")
	write("bad.yaml", "tests:\n- "+good+"\n- {name: bad, promql_expr_test: [{expr: '1', exp_samples: [{value: 2}]}]}")
	write("broken.yaml", "tests: 1")

	run := func(args ...string) (string, error) {
		var out bytes.Buffer
		err := console.Run(t.Context(), newCommand(), append([]string{"test"}, args...), &out, &out)
		return out.String(), err
	}
	out, err := run("good.yaml")
	require.NoError(t, err)
	assert.Equal(t, "good.yaml: 'rule_files': no file matches none.yaml\nok      good.yaml: 1 test\n", out)

	out, err = run("bad.yaml", "--run", "good")
	require.NoError(t, err)
	assert.Equal(t, "ok      bad.yaml: 1 test\n", out)

	out, err = run("bad.yaml", "good.yaml", "broken.yaml", "missing.yaml")
	var status *console.StatusError
	require.ErrorAs(t, err, &status)
	assert.Equal(t, 1, status.Status)
	assert.Contains(t, out, "FAILED  bad.yaml: 2 tests\n  bad.yaml:3: test \"bad\": 1 at 0s:\n      - {} 2\n      + {} 1\n")
	assert.Contains(t, out, "ok      good.yaml: 1 test\nFAILED  broken.yaml: yaml: unmarshal errors:")
	assert.Contains(t, out, "missing.yaml")

	_, err = run("bad.yaml", "--run", "(")
	require.ErrorContains(t, err, "--run: ")
	_, err = run(filepath.Join("bad.yaml"), "--unknown")
	require.Error(t, err)
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package ruletest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("go.opencensus.io/stats/view.(*worker).start"))
}

// TestPrometheus runs the files with which Prometheus tests promtool. The verdicts are those of its
// own tests (cmd/promtool/unittest_test.go).
func TestPrometheus(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/prometheus/prometheus").Output()
	if err != nil || len(out) == 0 {
		t.Skip("needs Go and the module github.com/prometheus/prometheus in its cache")
	}
	folder := filepath.Join(strings.TrimSpace(string(out)), "cmd", "promtool", "testdata")
	for _, c := range []struct {
		file, tests   string
		ignoreUnknown bool
		says          string
	}{
		{file: "unittest.yml"},
		{file: "long-period.yml"},
		{file: "at-modifier-test.yml"},
		{file: "negative-offset-test.yml"},
		{file: "no-test-group-interval.yml"},
		{file: "start-time-test.yml"},
		{file: "rules_run.yml", tests: "correct"},
		{file: "rules_run_fuzzy.yml", tests: "correct"},
		{file: "rules_run_extrafields.yml", ignoreUnknown: true},

		{file: "rules_run_extrafields.yml", says: "field ownership not found"},
		{file: "bad-input-series.yml", says: "input series"},
		{file: "bad-promql.yml", says: "many-to-many matching not allowed"},
		{file: "bad-rules-syntax-test.yml", says: "bad-rules-syntax.yml"},
		{file: "bad-rules-error-test.yml", says: "many-to-many matching not allowed"},
		{file: "failing.yml", says: "+ fires, not expected:     {alertname=\"AlwaysFiring\"}"},
		{file: "rules_run.yml", says: `test "wrong test"`},
		{file: "rules_run.yml", tests: "correct|wrong", says: `test "wrong test"`},
		{file: "rules_run.yml", tests: "wrong", says: `test "wrong test"`},
		{file: "rules_run_no_fuzzy.yml", says: "2.9999999999999996"},
		{file: "rules_run_fuzzy.yml", tests: "wrong", says: "3.0000000000000013"},
	} {
		t.Run(c.file+"/"+c.tests, func(t *testing.T) {
			o := Options{IgnoreUnknownFields: c.ignoreUnknown}
			if c.tests != "" {
				o.Tests = regexp.MustCompile(c.tests)
			}
			failures := failuresOf(t, filepath.Join(folder, c.file), o)
			if c.says == "" {
				assert.Empty(t, failures)
				return
			}
			assert.Contains(t, failures, c.says)
		})
	}
}

// failuresOf is all that is said of a file, and that some test was run.
func failuresOf(t *testing.T, name string, o Options) string {
	t.Helper()
	result, err := Run(t.Context(), name, o)
	if err != nil {
		return err.Error()
	}
	require.NotEmpty(t, result.Tests)
	var b strings.Builder
	for _, test := range result.Tests {
		for _, failure := range test.Failures {
			b.WriteString(failure.Error() + "\n")
		}
	}
	assert.Equal(t, result.Failed(), b.Len() > 0)
	return b.String()
}

const ruleFile = `groups:
  - name: second
    rules:
      - record: b
        expr: a * 2
  - name: first
    rules:
      - record: a
        expr: in + 1
      - alert: High
        expr: in > 2
        for: 2m
        labels: {severity: warning}
        annotations: {summary: "in is {{ $value }}", link: "{{ $externalURL }}/{{ $externalLabels.site }}"}
`

// runTest runs a test file beside ruleFile, and returns what is said of it without the folder's name.
func runTest(t *testing.T, content string) string {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "rules.yaml"), []byte(ruleFile), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "test.yaml"), []byte(content), 0o600))
	return strings.ReplaceAll(failuresOf(t, filepath.Join(folder, "test.yaml"), Options{}), folder+string(filepath.Separator), "")
}

func TestAlerts(t *testing.T) {
	const head = `
rule_files: [rules.yaml]
tests:
  - name: level
    input_series:
      - {series: 'in{x="1"}', values: 1 3x5}
      - {series: 'in{x="2"}', values: 1 1 5x5}
    external_labels: {site: home}
    external_url: http://localhost
    alert_rule_test:
`
	assert.Empty(t, runTest(t, head+`
      - {eval_time: 4m, alertname: High, exp_alerts: [
          {exp_labels: {x: "2", severity: warning}, exp_annotations: {summary: in is 5, link: http://localhost/home}},
          {exp_labels: {x: "1", severity: warning}, exp_annotations: {summary: in is 3, link: http://localhost/home}}]}
      - {eval_time: 3m59s, alertname: High, exp_alerts: [
          {exp_labels: {x: "1", severity: warning}, exp_annotations: {summary: in is 3, link: http://localhost/home}}]}
      - {eval_time: 2m, alertname: High}
`))
	assert.Equal(t, `test.yaml:12: test "level": alert High at 4m:
      annotations of {alertname="High", severity="warning", x="1"}:
      - summary: "in is 4"
      + summary: "in is 3"
    - expected, does not fire: {alertname="High", x="7"}
        summary: "seven"
    + fires, not expected:     {alertname="High", severity="warning", x="2"}
        link: "http://localhost/home"
        summary: "in is 5"
`, runTest(t, head+`
      - {eval_time: 4m, alertname: High, exp_alerts: [
          {exp_labels: {x: "7"}, exp_annotations: {summary: seven}},
          {exp_labels: {x: "1", severity: warning}, exp_annotations: {summary: in is 4, link: http://localhost/home}}]}
`))
}

// TestOrder evaluates groups in the order of the file, which sees b a step late, or in the order that
// is asked for.
func TestOrder(t *testing.T) {
	const test = `
rule_files: [rules.yaml]
tests:
  - input_series: [{series: in, values: 1 _ 2}]
    promql_expr_test: [{expr: b, eval_time: 2m, exp_samples: [{labels: b, value: 6}]}]
`
	assert.Empty(t, runTest(t, "group_eval_order: [first, second]\n"+test))
	assert.Equal(t, `test.yaml:5: test "unnamed#0": b at 2m:
    - {__name__="b"} 6
    + {__name__="b"} 4
`, runTest(t, test))
}

func TestShipped(t *testing.T) {
	assert.Empty(t, runTest(t, `
rule_files: ["builtin:*"]
tests:
  - promql_expr_test: [{expr: time(), eval_time: 1m, exp_samples: [{value: 60}]}]
`))
}

func TestWrongFiles(t *testing.T) {
	for content, says := range map[string]string{
		"tests: [{unknown: 1}]":                         "test.yaml: yaml: unmarshal errors:\n  line 1: field unknown not found",
		"tests:\n- alert_rule_test:\n  - eval_time: 1m": `test.yaml: line 3: test "unnamed#0": 'alertname' is missing at eval_time 1m`,
		"group_eval_order: [a, b,\n a]":                 `test.yaml: line 2: 'group_eval_order': "a" is there twice, first on line 1`,
		"tests: [{start_timestamp: tomorrow}]":          `test.yaml: line 1: "tomorrow" is neither a time as 2026-01-31T12:00:00Z nor seconds since 1970`,
		"rule_files: ['[']":                             "test.yaml:1: 'rule_files': \"[\": syntax error in pattern",
		"rule_files: ['builtin:none']\ntests: [{}]":     "",
		"tests: [{promql_expr_test: [{expr: 'vector(1)', exp_samples: [{histogram: 1}]}]}]": `test.yaml:1: test "unnamed#0": vector(1) at 0s: 'histogram' of "": is no histogram` + "\n",
		"tests: [{promql_expr_test: [{expr: '\"a\"'}]}]":                                    `test.yaml:1: test "unnamed#0": "a" at 0s: the result is a string, neither a vector nor a scalar` + "\n",
	} {
		assert.Equal(t, says, runTest(t, content), content)
	}
}

func TestUnmatched(t *testing.T) {
	name := filepath.Join(t.TempDir(), "test.yaml")
	require.NoError(t, os.WriteFile(name, []byte("rule_files: ['builtin:none', 'builtin:*']\ntests: [{name: a}, {name: b}]"), 0o600))
	result, err := Run(t.Context(), name, Options{Tests: regexp.MustCompile("b")})
	require.NoError(t, err)
	assert.Equal(t, Result{Unmatched: []string{"builtin:none"}, Tests: []TestResult{{Name: "b"}}}, result)
	_, err = Run(t.Context(), name+"x", Options{})
	require.ErrorIs(t, err, os.ErrNotExist)
}

// TestStops says that a test ends with its context.
func TestStops(t *testing.T) {
	name := filepath.Join(t.TempDir(), "test.yaml")
	require.NoError(t, os.WriteFile(name, []byte("evaluation_interval: 1ms\ntests: [{promql_expr_test: [{expr: '1', eval_time: 100y}]}]"), 0o600))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	result, err := Run(ctx, name, Options{})
	require.NoError(t, err)
	require.Len(t, result.Tests[0].Failures, 1)
	require.ErrorIs(t, result.Tests[0].Failures[0], context.Canceled)
}

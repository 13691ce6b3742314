// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/internal/ruleengine"
)

// generate runs the command and returns what it prints.
func generate(t *testing.T, stdin string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, notes bytes.Buffer
	cmd := newCommand()
	cmd.SetIn(strings.NewReader(stdin))
	err = console.Run(t.Context(), cmd, append([]string{"generate"}, args...), &out, &notes)
	return out.String(), notes.String(), err
}

// groupNames are the names of the groups of a file that Prometheus reads.
func groupNames(t *testing.T, text string) []string {
	t.Helper()
	groups, errs := rulefmt.Parse([]byte(text), false, model.UTF8Validation, ruleengine.Parser(), promslog.NewNopLogger())
	require.Empty(t, errs)
	var names []string
	for _, g := range groups.Groups {
		names = append(names, g.Name)
	}
	return names
}

const slothFile = `
version: prometheus/v1
service: shop
slos:
  - name: answers
    objective: 90
    sli: {events: {error_query: 'sum(rate(a{code="500"}[{{.window}}]))', total_query: 'sum(rate(a[{{.window}}]))'}}
    alerting: {name: Shop}
`

// TestGenerateExamples makes rules of the example cards.
func TestGenerateExamples(t *testing.T) {
	stdout, stderr, err := generate(t, "", "../../examples/catalog")
	require.NoError(t, err)
	assert.Contains(t, groupNames(t, stdout), "slo-production-fraud-latency")
	assert.Contains(t, groupNames(t, stdout), "slo-recsys_daily-freshness")
	assert.Empty(t, stderr)
}

// TestGenerateMixed reads a folder of cards and other files, and writes a file.
func TestGenerateMixed(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "sloth.yml"), []byte(slothFile), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "card.yaml"), []byte("kind: model\nname: m\nslos: [{name: drift, measure: drift}]\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".hidden.yaml"), []byte("no"), 0o600))
	output := filepath.Join(dir, "out.rules")
	stdout, stderr, err := generate(t, "", dir, "-o", output)
	require.NoError(t, err)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "sloth.yml:5: answers: the windows 1h and 5m are left out of the alerts: 14.4 times a budget of 0.1 is a share of errors of 1.44")
	text, err := os.ReadFile(output)
	require.NoError(t, err)
	assert.Equal(t, []string{"slo-m-drift", "period-slo-shop-answers", "slo-shop-answers"}, groupNames(t, string(text)))
}

func TestGenerateStandardInput(t *testing.T) {
	stdout, _, err := generate(t, slothFile, "-")
	require.NoError(t, err)
	assert.Equal(t, []string{"period-slo-shop-answers", "slo-shop-answers"}, groupNames(t, stdout))
}

// TestGenerateErrors: all that is wrong is said, with file and line.
func TestGenerateErrors(t *testing.T) {
	dir := t.TempDir()
	card := filepath.Join(dir, "card.yaml")
	require.NoError(t, os.WriteFile(card, []byte("kind: model\nname: m\nslos: [{name: a, measure: fpr, max: 2}]\npositive_class: p\n"), 0o600))
	_, _, err := generate(t, strings.Replace(slothFile, "objective: 90", "objetive: 90", 1), card, "-", filepath.Join(dir, "none.yaml"))
	require.Error(t, err)
	assert.ErrorContains(t, err, `card.yaml:3: objective "a": the bound 2 can never be passed`)
	assert.ErrorContains(t, err, `<stdin>:6:5: slos[0].objetive: unknown key; did you mean objective?`)
	assert.ErrorContains(t, err, "none.yaml: no such file or directory")

	_, _, err = generate(t, slothFile+"---"+slothFile, "-")
	assert.ErrorContains(t, err, `<stdin>:13: there is an objective "shop-answers" already, <stdin>:5`)
	_, _, err = generate(t, "kind: job\nname: j\n", "-")
	assert.ErrorContains(t, err, "-: there are no objectives")
	_, _, err = generate(t, "")
	assert.Error(t, err)
}

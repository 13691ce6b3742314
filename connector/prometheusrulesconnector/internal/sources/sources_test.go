// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package sources

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog/catalogtest"
)

const sloth = `version: prometheus/v1
service: shop
slos:
  - name: availability
    objective: 99.9
    sli: {events: {error_query: 'sum(rate(errors_total[{{.window}}]))', total_query: 'sum(rate(requests_total[{{.window}}]))'}}
    alerting: {name: ShopDown}
`

func write(t *testing.T, folder, name, content string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600))
}

func TestFind(t *testing.T) {
	folder := t.TempDir()
	s := Sources{
		RuleFiles: []string{"builtin:drift", filepath.Join(folder, "rules-*.yaml")},
		SLOFiles:  []string{filepath.Join(folder, "slo-*.yaml")},
	}
	before := s.Fingerprint()
	empty, err := s.Find(nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"builtin:drift"}, empty.Files)
	assert.Len(t, empty.Unmatched, 2)

	write(t, folder, "rules-1.yaml", "groups: []\n")
	write(t, folder, "slo-1.yaml", sloth)
	cards := catalogtest.Load(t, `
kind: model
name: fraud
slos:
  - {name: latency, objective: 0.999, latency_below: 100ms}
  - {name: impossible, objective: 0.01, latency_below: 100ms}
`)
	found, err := s.Find(cards)
	require.NoError(t, err)
	assert.Len(t, found.Files, 2)
	assert.Empty(t, found.Unmatched)
	after := s.Fingerprint()
	assert.NotEqual(t, before, after)
	assert.Equal(t, after, s.Fingerprint(), "nothing has changed")
	assert.Equal(t, 2, found.Objectives, "the impossible one does not take the others with it")
	assert.ErrorContains(t, found.BadCards, "impossible")
	assert.NotEmpty(t, found.Generated["slo:files"].Groups)
	assert.NotEmpty(t, found.Generated["slo:cards"].Groups)

	write(t, folder, "slo-2.yaml", "version: prometheus/v1\nservise: x\n")
	_, err = s.Find(cards)
	require.ErrorContains(t, err, "slo-2.yaml:2")
	require.ErrorContains(t, err, "'slo_files'")
}

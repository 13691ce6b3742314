// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
)

const withCatalog = `
extensions: {ml_catalog: {directory: "${env:CATALOG}"}}
receivers: {otlp: {protocols: {grpc: {endpoint: "${env:OTLP}"}}}}
processors: {ml_metadata: {}}
exporters: {debug: {}}
service:
  extensions: [ml_catalog]
  pipelines: {traces: {receivers: [otlp], processors: [ml_metadata], exporters: [debug]}}
`

// TestOneBadCard starts with a card that is not good; "validate" refuses it, and a folder that is
// not there.
func TestOneBadCard(t *testing.T) {
	catalog := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(catalog, "bad.yaml"), []byte("kind: model\nname: a\nonwer: me\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(catalog, "good.yaml"), []byte("kind: model\nname: b\n"), 0o600))
	env := func(folder string) []string {
		return []string{"CATALOG=" + folder, "OTLP=" + processtest.FreeAddr(t)}
	}

	_, stderr, status := harness.Run(t, env(catalog), append([]string{"validate"}, harness.ConfigArgs(t, withCatalog)...)...)
	assert.NotZero(t, status)
	assert.Contains(t, stderr, "bad.yaml:3:1: onwer: unknown key; did you mean owner?")
	_, stderr, status = harness.Run(t, env(filepath.Join(catalog, "absent")), append([]string{"validate"}, harness.ConfigArgs(t, withCatalog)...)...)
	assert.NotZero(t, status)
	assert.Contains(t, stderr, "'directory': "+filepath.Join(catalog, "absent")+" does not exist")

	c := harness.StartCollector(t, harness.Options{Configs: []string{withCatalog}, Env: env(catalog)})
	c.WaitForLog(10*time.Second, "bad.yaml:3:1: onwer: unknown key")
	c.WaitForLog(10*time.Second, `"rejected": 1`)
	c.Stop()
}

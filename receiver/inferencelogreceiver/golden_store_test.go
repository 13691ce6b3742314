// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package inferencelogreceiver

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"

	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

// TestGoldenStore starts on what earlier versions stored of lines that were read and not sent: they
// are sent, and no more kept.
func TestGoldenStore(t *testing.T) {
	testkit.GoldenStores(t, func() map[string][]byte { return storeOfFullPipeline(t) }, func(t *testing.T, stored map[string][]byte) {
		synctest.Test(t, func(t *testing.T) {
			id, m, next := component.MustNewID("memory"), testkit.NewStorage(stored), &sink{}
			cfg := config(func(c *Config) {
				c.SageMaker.Include = []string{filepath.Join(t.TempDir(), "*.jsonl")}
				c.SageMaker.Storage = &id
			})
			r := offline(t, cfg, next, testkit.Host{id: m})
			time.Sleep(3 * time.Second)
			assert.ElementsMatch(t, []string{"1 pair", "2 pair", "3 pair"}, next.names())
			require.NoError(t, r.Shutdown(t.Context()))
			assert.NotContains(t, m.Values(), unsentKey)
		})
	})
}

// storeOfFullPipeline is what a receiver stores that stops while the pipeline has no room for three
// lines of two files.
func storeOfFullPipeline(t *testing.T) map[string][]byte {
	t.Helper()
	id, m, next := component.MustNewID("memory"), testkit.NewStorage(nil), &sink{}
	next.Fail(errFull)
	back, err := os.Getwd()
	require.NoError(t, err)
	t.Chdir(t.TempDir())
	for name, lines := range map[string]string{"12/a.jsonl": csvLine("1", "1,1", "3") + "\n" + csvLine("2", "1,2", "3"), "13/b.jsonl": csvLine("3", "1,3", "3")} {
		path := filepath.Join("captured", "ep", "AllTraffic", "2026", "11", "28", name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(lines+"\n"), 0o600))
	}
	synctest.Test(t, func(t *testing.T) {
		r := offline(t, config(func(c *Config) {
			c.SageMaker.Include, c.SageMaker.StartAt = []string{"captured/*/*/*/*/*/*/*.jsonl"}, "beginning"
			c.SageMaker.Storage = &id
		}), next, testkit.Host{id: m})
		time.Sleep(3 * time.Second)
		require.NoError(t, r.Shutdown(t.Context()))
	})
	t.Chdir(back)
	return m.Values()
}

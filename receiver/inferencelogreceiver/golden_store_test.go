// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package inferencelogreceiver

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
)

var writeGolden = flag.String("write-golden", "", "write the storage of this version into a file of testdata with this name")

// TestGoldenStore starts on what earlier versions stored of lines that were read and not sent: they are sent, and no more kept.
func TestGoldenStore(t *testing.T) {
	if *writeGolden != "" {
		m, u := &memory{values: map[string][]byte{}}, &unsent{}
		require.True(t, u.add("/captured/ep/AllTraffic/2026/11/28/12/a.jsonl", [][]byte{[]byte(csvLine("1", "1,1", "3")), []byte(csvLine("2", "1,2", "3"))}))
		require.True(t, u.add("/captured/ep/AllTraffic/2026/11/28/13/b.jsonl", [][]byte{[]byte(csvLine("3", "1,3", "3"))}))
		require.NoError(t, u.save(t.Context(), m))
		text, err := json.MarshalIndent(m.values, "", " ")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join("testdata", *writeGolden), append(text, '\n'), 0o600))
	}
	files, err := filepath.Glob(filepath.Join("testdata", "store-*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				text, err := os.ReadFile(file)
				require.NoError(t, err)
				id, m, next := component.MustNewID("memory"), &memory{}, &sink{}
				require.NoError(t, json.Unmarshal(text, &m.values))
				cfg := config(func(c *Config) {
					c.SageMaker.Include = []string{filepath.Join(t.TempDir(), "*.jsonl")}
					c.SageMaker.Storage = &id
				})
				r := offline(t, cfg, next, host{id: m})
				time.Sleep(3 * time.Second)
				assert.Equal(t, []string{"1 pair", "2 pair", "3 pair"}, next.names())
				require.NoError(t, r.Shutdown(t.Context()))
				assert.NotContains(t, m.values, unsentKey)
			})
		})
	}
}

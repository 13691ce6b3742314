// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package groundtruthreceiver

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/receiver/groundtruthreceiver/internal/metadata"
)

// TestGoldenStore starts on what earlier versions stored: lines that were read and not sent are
// sent, and what it says of Parquet files is read.
func TestGoldenStore(t *testing.T) {
	testkit.GoldenStores(t, func() map[string][]byte { return storeOfFullPipeline(t) }, func(t *testing.T, stored map[string][]byte) {
		require.Contains(t, stored, "ground_truth.parquet")
		require.Contains(t, stored, "ground_truth.parquet.current")
		synctest.Test(t, func(t *testing.T) {
			m, next := testkit.NewStorage(stored), &sink{}
			cfg := follows(t.TempDir(), func(c *Config) { c.Files.Storage = &storageID })
			r, err := newReceiver(receivertest.NewNopSettings(metadata.Type), cfg, next)
			require.NoError(t, err)
			require.NoError(t, r.Start(t.Context(), testkit.Host{storageID: m}))
			time.Sleep(3 * time.Second)
			assert.Equal(t, []string{"a=1", "b=0", "c=x"}, next.ids(t))
			require.NoError(t, r.Shutdown(t.Context()))
			assert.NotContains(t, m.Values(), unsentKey)
			for key := range m.Values() {
				assert.False(t, strings.HasPrefix(key, "corrupt/"), key)
			}
		})
	})
}

// storeOfFullPipeline is what a receiver stores that has sent a thousand rows of one Parquet file
// and all of another, and stops while the pipeline has no room for lines.
func storeOfFullPipeline(t *testing.T) map[string][]byte {
	t.Helper()
	m, next := testkit.NewStorage(nil), &sink{}
	back, err := os.Getwd()
	require.NoError(t, err)
	t.Chdir(t.TempDir())
	require.NoError(t, os.Mkdir("labels", 0o755))
	yes, rows := true, []parquetRow{}
	for i := range 1500 {
		rows = append(rows, parquetRow{int64(i), &yes, time.Unix(1, 0)})
	}
	require.NoError(t, parquet.WriteFile(filepath.Join("labels", "a.parquet"), rows[:1]))
	require.NoError(t, parquet.WriteFile(filepath.Join("labels", "b.parquet"), rows))
	synctest.Test(t, func(t *testing.T) {
		r, err := newReceiver(receivertest.NewNopSettings(metadata.Type), follows("labels", func(c *Config) { c.Files.Storage = &storageID }), next)
		require.NoError(t, err)
		next.Fail(nil, nil, errFull)
		require.NoError(t, r.Start(t.Context(), testkit.Host{storageID: m}))
		time.Sleep(3 * time.Second)
		write(t, filepath.Join("labels", "a.csv"), "prediction_id,label\na,1\nb,0\n")
		write(t, filepath.Join("labels", "b.jsonl"), `{"prediction_id":"c","label":"x"}`)
		time.Sleep(3 * time.Second)
		require.NoError(t, r.Shutdown(t.Context()))
	})
	t.Chdir(back)
	return m.Values()
}

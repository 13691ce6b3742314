// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package filestorageextension

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelcol-ml/otelcol-ml/extension/filestorageextension/internal/metadatatest"
)

func open(t *testing.T, s storage.Extension) storage.Client {
	t.Helper()
	client, err := s.GetClient(t.Context(), component.KindConnector, owner, "")
	require.NoError(t, err)
	return client
}

// A folder that is deleted while its files are open is made again, with all that they held.
func TestFolderThatIsDeleted(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "storage")
	s, telemetry, logs := start(t, dir, func(c *Config) { c.CreateDirectory = true })
	client := open(t, s)
	big := make([]byte, 1<<20)
	for n := range 10 {
		require.NoError(t, client.Set(t.Context(), fmt.Sprint("k", n), big))
	}
	for range 2 {
		require.NoError(t, os.RemoveAll(dir))
		require.NoError(t, client.Set(t.Context(), "last", []byte("1")))
	}
	require.NoError(t, client.Set(t.Context(), "after", []byte("2")))
	assert.Equal(t, 2, logs.FilterMessageSnippet("written anew with all that it held").Len())
	metadatatest.AssertEqualFileStorageRewritten(t, telemetry, []metricdata.DataPoint[int64]{{Value: 2}}, metricdatatest.IgnoreTimestamp())
	require.NoError(t, client.Close(t.Context()))

	client = open(t, s)
	for key, want := range map[string][]byte{"k0": big, "k9": big, "last": []byte("1"), "after": []byte("2")} {
		got, err := client.Get(t.Context(), key)
		require.NoError(t, err)
		assert.Len(t, got, len(want), key)
	}
	require.NoError(t, client.Close(t.Context()))
}

// Where it cannot be made again, what is written fails, and that is said once.
func TestFolderThatStaysDeleted(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "storage")
	require.NoError(t, os.Mkdir(dir, 0o700))
	s, _, logs := start(t, dir, nil)
	client := open(t, s)
	require.NoError(t, client.Set(t.Context(), "before", []byte("1")))
	require.NoError(t, os.RemoveAll(dir))
	for range 3 {
		require.ErrorContains(t, client.Set(t.Context(), "k", []byte("2")), "is gone: what is written to it would be lost")
	}
	assert.Equal(t, 1, logs.FilterMessageSnippet("cannot be written anew").Len())
	require.NoError(t, os.Mkdir(dir, 0o700))
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		require.NoError(c, client.Set(t.Context(), "k", []byte("2")))
	}, time.Minute, 50*time.Millisecond)
	require.NoError(t, client.Close(t.Context()))
	client = open(t, s)
	for key, want := range map[string]string{"before": "1", "k": "2"} {
		got, err := client.Get(t.Context(), key)
		require.NoError(t, err)
		assert.Equal(t, want, string(got))
	}
	require.NoError(t, client.Close(t.Context()))
}

// A file that is cut while it is open fails, and the process goes on.
func TestFileThatIsCutWhileItIsOpen(t *testing.T) {
	dir := t.TempDir()
	s, _, logs := start(t, dir, nil)
	client := open(t, s)
	for n := range 200 {
		require.NoError(t, client.Set(t.Context(), fmt.Sprint("k", n), make([]byte, 10_000)))
	}
	require.NoError(t, os.Truncate(filepath.Join(dir, "connector_ml_drift_a~002Fb"), 8192))
	for range 3 {
		_, err := client.Get(t.Context(), "k1")
		require.ErrorContains(t, err, "to 8192 while it was open")
		require.ErrorContains(t, client.Set(t.Context(), "k1", []byte("new")), "to 8192 while it was open")
	}
	assert.Equal(t, 1, logs.FilterMessageSnippet("was cut while it was open").Len())
	require.Error(t, client.Close(t.Context()))
}

// An empty file is named: it may have held something.
func TestEmptyFileIsNamed(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "connector_ml_drift_a~002Fb")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	s, telemetry, logs := start(t, dir, nil)
	client := open(t, s)
	require.NoError(t, client.Set(t.Context(), "k", []byte("1")))
	require.NoError(t, client.Close(t.Context()))
	assert.Equal(t, path, logs.FilterMessageSnippet("is empty").All()[0].ContextMap()["file"])
	metadatatest.AssertEqualFileStorageSetAside(t, telemetry, []metricdata.DataPoint[int64]{{Value: 1}}, metricdatatest.IgnoreTimestamp())
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package filestorageextension

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-ml/otelcol-ml/extension/filestorageextension/internal/datafile"
	"github.com/otelcol-ml/otelcol-ml/extension/filestorageextension/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/extension/filestorageextension/internal/metadatatest"
	"github.com/otelcol-ml/otelcol-ml/internal/readmetest"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

var owner = component.MustNewIDWithName("ml_drift", "a/b")

// start starts the extension on a folder.
func start(t *testing.T, dir string, change func(*Config)) (storage.Extension, *componenttest.Telemetry, *observer.ObservedLogs) {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	cfg.Directory, cfg.Timeout = dir, 20*time.Millisecond
	if change != nil {
		change(cfg)
	}
	require.NoError(t, confmap.Validate(cfg))
	telemetry := componenttest.NewTelemetry()
	t.Cleanup(func() { assert.NoError(t, telemetry.Shutdown(context.Background())) })
	set := extension.Settings{ID: component.NewID(metadata.Type), TelemetrySettings: telemetry.NewTelemetrySettings(), BuildInfo: component.NewDefaultBuildInfo()}
	logs := testkit.ObserveLogs(&set.TelemetrySettings, zap.WarnLevel)
	e, err := NewFactory().Create(t.Context(), set, cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { assert.NoError(t, e.Shutdown(context.Background())) })
	return e.(storage.Extension), telemetry, logs
}

// save keeps a value in the file of a component, and returns the file.
func save(t *testing.T, dir string) string {
	t.Helper()
	s, _, _ := start(t, dir, nil)
	client, err := s.GetClient(t.Context(), component.KindConnector, owner, "")
	require.NoError(t, err)
	require.NoError(t, client.Set(t.Context(), "k", make([]byte, 100_000)))
	require.NoError(t, client.Close(t.Context()))
	path := filepath.Join(dir, "connector_ml_drift_a~002Fb")
	require.FileExists(t, path)
	return path
}

var damages = map[string]func(data []byte) []byte{
	"zeroed":      func(d []byte) []byte { return make([]byte, len(d)) },
	"cut at half": func(d []byte) []byte { return d[:len(d)/2] },
	"pages overwritten": func(d []byte) []byte {
		copy(d[2*4096:], strings.Repeat("x", len(d)-2*4096))
		return d
	},
}

func TestDamagedFileIsRefused(t *testing.T) {
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := save(t, dir)
			data, err := os.ReadFile(path)
			require.NoError(t, err)
			data = damage(data)
			require.NoError(t, os.WriteFile(path, data, 0o600))
			s, _, _ := start(t, dir, nil)
			_, err = s.GetClient(t.Context(), component.KindConnector, owner, "")
			require.ErrorContains(t, err, path+" is damaged: ")
			require.ErrorContains(t, err, `set 'on_corrupt: set_aside' of extension "file_storage"`)
			after, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, data, after, "the file stays as it is")
		})
	}
}

func TestDamagedFileIsSetAside(t *testing.T) {
	for name, damage := range damages {
		for option, change := range map[string]func(*Config){
			"on_corrupt": func(c *Config) { c.OnCorrupt = OnCorruptSetAside },
			"recreate":   func(c *Config) { c.Recreate = true },
		} {
			t.Run(name+" with "+option, func(t *testing.T) {
				dir := t.TempDir()
				path := save(t, dir)
				data, err := os.ReadFile(path)
				require.NoError(t, err)
				data = damage(data)
				require.NoError(t, os.WriteFile(path, data, 0o600))
				s, telemetry, logs := start(t, dir, change)
				client, err := s.GetClient(t.Context(), component.KindConnector, owner, "")
				require.NoError(t, err)
				value, err := client.Get(t.Context(), "k")
				require.NoError(t, err)
				assert.Nil(t, value)
				require.NoError(t, client.Set(t.Context(), "k", []byte("v")))
				require.NoError(t, client.Close(t.Context()))

				require.Equal(t, 1, logs.Len())
				fields := logs.All()[0].ContextMap()
				assert.Equal(t, path, fields["file"])
				kept, err := os.ReadFile(fields["moved_to"].(string))
				require.NoError(t, err)
				assert.Equal(t, data, kept)
				metadatatest.AssertEqualFileStorageSetAside(t, telemetry, []metricdata.DataPoint[int64]{{Value: 1}}, metricdatatest.IgnoreTimestamp())
			})
		}
	}
}

func TestFileInUse(t *testing.T) {
	dir := t.TempDir()
	path := save(t, dir)
	s, _, _ := start(t, dir, func(c *Config) { c.OnCorrupt = OnCorruptSetAside })
	client, err := s.GetClient(t.Context(), component.KindConnector, owner, "")
	require.NoError(t, err)
	_, err = s.GetClient(t.Context(), component.KindConnector, owner, "")
	require.ErrorContains(t, err, path+" is open in another process, or by another component of the same kind and id in this one")
	require.NoError(t, client.Close(t.Context()))
}

// TestSameFilesAsContrib: a config that used contrib's extension finds its data.
func TestSameFilesAsContrib(t *testing.T) {
	dir := t.TempDir()
	cfg := filestorage.NewFactory().CreateDefaultConfig().(*filestorage.Config)
	cfg.Directory = dir
	contrib, err := filestorage.NewFactory().Create(t.Context(), extensiontest.NewNopSettings(filestorage.NewFactory().Type()), cfg)
	require.NoError(t, err)
	for _, c := range []struct {
		kind     component.Kind
		id, name string
	}{
		{component.KindReceiver, "file_log", ""},
		{component.KindProcessor, "batch/x", "n"},
		{component.KindExporter, "otlp_grpc/a:ü", "traces ~"},
		{component.KindExtension, "ml_catalog/" + strings.Repeat("y", 100), "sources"},
		{component.KindConnector, "ml_job/" + strings.Repeat("/", 90), ""}, // too long for a file's name
	} {
		var id component.ID
		require.NoError(t, id.UnmarshalText([]byte(c.id)))
		client, err := contrib.(storage.Extension).GetClient(t.Context(), c.kind, id, c.name)
		require.NoError(t, err)
		require.NoError(t, client.Set(t.Context(), "k", []byte(c.id)))
		require.NoError(t, client.Close(t.Context()))
		path := datafile.Path(dir, c.kind, id, c.name)
		if _, err := os.Stat(path); err != nil {
			path = datafile.HashedPath(dir, c.kind, id, c.name)
		}
		assert.FileExists(t, path)

		ours, _, _ := start(t, dir, nil)
		client, err = ours.GetClient(t.Context(), c.kind, id, c.name)
		require.NoError(t, err)
		value, err := client.Get(t.Context(), "k")
		require.NoError(t, err)
		assert.Equal(t, c.id, string(value))
		assert.Implements(t, (*storage.Walker)(nil), client)
		require.NoError(t, client.Close(t.Context()))
	}
}

func TestConfig(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, confmap.NewFromStringMap(map[string]any{"directory": "/absent", "on_corrupt": "ignore"}).Unmarshal(cfg))
	err := confmap.Validate(cfg)
	require.ErrorContains(t, err, `'on_corrupt': "ignore" is none of refuse, set_aside`)
	require.ErrorContains(t, err, "directory must exist")
	assert.Equal(t, 1, strings.Count(err.Error(), "directory must exist"))

	dir := filepath.Join(t.TempDir(), "new")
	s, _, _ := start(t, dir, func(c *Config) { c.CreateDirectory, c.DirectoryPermissions = true, "0700" })
	info, err := os.Stat(dir)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	client, err := s.GetClient(t.Context(), component.KindConnector, owner, "")
	require.NoError(t, err)
	require.NoError(t, client.Close(t.Context()))
}

func TestReadme(t *testing.T) {
	assert.Equal(t, 1, readmetest.Configs(t, "extensions", NewFactory()))
	assert.Contains(t, readmetest.Text(t), "| `on_corrupt` | `refuse` |")
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package filestorageextension

import (
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// BenchmarkSet writes a value of 1 KiB with contrib's extension and with this one, which looks whether
// its file is still there.
func BenchmarkSet(b *testing.B) {
	stock := filestorage.NewFactory()
	for _, of := range []struct {
		name    string
		factory extension.Factory
		config  func(dir string) component.Config
	}{
		{"contrib", stock, func(dir string) component.Config {
			cfg := stock.CreateDefaultConfig().(*filestorage.Config)
			cfg.Directory = dir
			return cfg
		}},
		{"ours", NewFactory(), func(dir string) component.Config {
			cfg := createDefaultConfig().(*Config)
			cfg.Directory = dir
			return cfg
		}},
	} {
		b.Run(of.name, func(b *testing.B) {
			e, err := of.factory.Create(b.Context(), extensiontest.NewNopSettings(of.factory.Type()), of.config(b.TempDir()))
			require.NoError(b, err)
			require.NoError(b, e.Start(b.Context(), componenttest.NewNopHost()))
			client, err := e.(storage.Extension).GetClient(b.Context(), component.KindConnector, owner, "")
			require.NoError(b, err)
			value := make([]byte, 1024)
			b.ReportAllocs()
			for b.Loop() {
				if err := client.Set(b.Context(), "k", value); err != nil {
					b.Fatal(err)
				}
			}
			require.NoError(b, client.Close(b.Context()))
			require.NoError(b, e.Shutdown(b.Context()))
		})
	}
}

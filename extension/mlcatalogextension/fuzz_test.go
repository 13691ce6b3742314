// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlcatalogextension

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/extensiontest"

	"github.com/otelcol-ml/otelcol-ml/extension/mlcatalogextension/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/state/storageclient"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

// FuzzRestore: whatever the storage has of a source is facts that can be merged, or nothing.
func FuzzRestore(f *testing.F) {
	f.Add([]byte(`{"format":1,"config":"c","at":"2026-01-01T00:00:00Z","facts":{"models":[{"name":"m","versions":[{"version":"1"}]}],"feature_views":[{"name":"v"}]}}`))
	f.Add([]byte(`{"format":1,"config":"c","at":"2026-01-01T00:00:00Z","facts":{"models":[null],"feature_views":[null]}}`))
	f.Add([]byte(`{"format":2}`))
	f.Add([]byte(`{`))
	e, err := newExtension(extensiontest.NewNopSettings(metadata.Type), createDefaultConfig().(*Config))
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, data []byte) {
		e.storage = storageclient.New(testkit.NewStorage(map[string][]byte{"source/s": data}).Client(t), "storage")
		at, facts, ok := e.restore(context.Background(), &plan{name: "s", fingerprint: "c"})
		if !ok {
			return
		}
		if at.After(time.Now()) {
			panic("facts of the future")
		}
		catalog.Merge(catalog.NewSet(nil, nil), facts)
	})
}

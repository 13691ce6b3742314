// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlcatalogextension

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/extensiontest"

	"github.com/otelcol-ml/otelcol-ml/extension/mlcatalogextension/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/state/storageclient"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

// TestGoldenStore reads the facts that earlier versions stored: all of them are there.
func TestGoldenStore(t *testing.T) {
	at := time.Date(2026, 11, 28, 12, 30, 0, 5000, time.UTC)
	facts := catalog.Facts{
		Models: []catalog.ModelFacts{{
			Name: "fraud", Environment: "prod", Task: "binary_classification", PositiveClass: "yes", Owner: "risk@example.com", Description: "Card payments",
			FeatureViews: []string{"payments"}, Attributes: map[string]any{"tier": "gold", "weight": 1e-7, "audited": true},
			Versions: []catalog.VersionFacts{
				{Version: "7", Aliases: []string{"champion"}, TrainedAt: at.Add(-time.Hour), Attributes: map[string]any{"run": "r-7"}},
				{Version: "8"},
			},
		}, {Name: "churn"}},
		FeatureViews: []*catalog.FeatureView{{Name: "payments", Owner: "risk"}},
	}
	p := &plan{name: "m", fingerprint: "the config's fingerprint"}
	open := func(stored map[string][]byte) (*catalogExtension, *testkit.Storage) {
		e, err := newExtension(extensiontest.NewNopSettings(metadata.Type), createDefaultConfig().(*Config))
		require.NoError(t, err)
		m := testkit.NewStorage(stored)
		e.storage = storageclient.New(m.Client(t), "storage")
		t.Cleanup(func() { require.NoError(t, e.Shutdown(context.WithoutCancel(t.Context()))) })
		return e, m
	}
	testkit.GoldenStores(t, func() map[string][]byte {
		e, m := open(nil)
		e.saver(p)(t.Context(), at, facts)
		return m.Values()
	}, func(t *testing.T, stored map[string][]byte) {
		e, _ := open(stored)
		gotAt, got, ok := e.restore(t.Context(), p)
		require.True(t, ok)
		assert.Equal(t, at, gotAt)
		assert.Equal(t, facts, got)
		_, _, ok = e.restore(t.Context(), &plan{name: "m", fingerprint: "another one"})
		assert.False(t, ok)
	})
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/state/storageclient"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

const testKey = "test.unsent"

// FuzzUnsent: whatever the storage has of lines that were not sent, it is set aside or there are
// lines.
func FuzzUnsent(f *testing.F) {
	f.Add([]byte(`[{"path":"a","lines":["MQ=="]}]`))
	f.Add([]byte(`{`))
	f.Fuzz(func(t *testing.T, data []byte) {
		kept := testkit.NewStorage(map[string][]byte{testKey: data})
		u, damaged, err := loadUnsent(t.Context(), storageclient.New(kept.Client(t), "storage"), testKey)
		require.NoError(t, err)
		if damaged != nil {
			require.Empty(t, u.take())
			require.Equal(t, data, kept.Values()[damaged.As])
			require.NotContains(t, kept.Values(), testKey)
		}
		for _, lines := range u.take() {
			_ = len(lines.Lines)
		}
	})
}

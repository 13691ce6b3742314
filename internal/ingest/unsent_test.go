// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"

	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

const testKey = "test.unsent"

// FuzzUnsent: whatever the storage has of lines that were not sent, there is an error or lines.
func FuzzUnsent(f *testing.F) {
	f.Add([]byte(`[{"path":"a","lines":["MQ=="]}]`))
	f.Add([]byte(`{`))
	f.Fuzz(func(t *testing.T, data []byte) {
		client, err := testkit.NewStorage(map[string][]byte{testKey: data}).GetClient(t.Context(), component.KindReceiver, component.MustNewID("test"), "")
		require.NoError(t, err)
		u, err := loadUnsent(t.Context(), client, testKey)
		if err != nil {
			require.Empty(t, u.take())
		}
		for _, lines := range u.take() {
			_ = len(lines.Lines)
		}
	})
}

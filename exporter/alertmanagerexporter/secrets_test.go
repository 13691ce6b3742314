// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package alertmanagerexporter

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/bearertokenauthextension"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/internal/alert/alerttest"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

// TestEchoedSecrets: a proxy that says in its error what it was sent has no token logged.
func TestEchoedSecrets(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, "not allowed with %s and %s", r.Header.Get("Authorization"), r.Header.Get("X-Api-Key"))
	}))
	defer server.Close()
	host := newHost(t, bearertokenauthextension.NewFactory(), map[string]any{"token": "CANARY-token"})
	factory := NewFactory()
	cfg := factory.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(map[string]any{
		"endpoints": []any{server.URL}, "auth": map[string]any{"authenticator": "bearertokenauth"}, "headers": map[string]any{"X-Api-Key": "CANARY-key"},
	}).Unmarshal(cfg))
	set := exportertest.NewNopSettings(factory.Type())
	logs := testkit.ObserveLogs(&set.TelemetrySettings, zap.DebugLevel)
	e, err := factory.CreateLogs(t.Context(), set, cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), host))
	consume(t, e, alerttest.Firing("train", time.Now()))
	said := ""
	assert.EventuallyWithT(t, func(c *assert.CollectT) {
		said = ""
		for _, entry := range logs.All() {
			said += fmt.Sprintln(entry.Message, entry.ContextMap())
		}
		assert.Contains(c, said, "not allowed with [REDACTED] and [REDACTED]")
	}, 30*time.Second, 5*time.Millisecond)
	require.NoError(t, e.Shutdown(t.Context()))
	assert.NotContains(t, said, "CANARY")
}

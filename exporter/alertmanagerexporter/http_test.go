// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package alertmanagerexporter

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/basicauthextension"
	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/bearertokenauthextension"
	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/oauth2clientauthextension"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-ml/otelcol-ml/exporter/alertmanagerexporter/internal/api"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/alert/alerttest"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

// newHost starts one extension under its own type.
func newHost(t *testing.T, factory extension.Factory, options map[string]any) testkit.Host {
	t.Helper()
	cfg := factory.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(options).Unmarshal(cfg))
	e, err := factory.Create(t.Context(), extensiontest.NewNopSettings(factory.Type()), cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, e.Shutdown(context.WithoutCancel(t.Context()))) })
	return testkit.Host{component.NewID(factory.Type()): e}
}

// run starts an exporter through its factory, with the options as users write them.
func run(t *testing.T, h component.Host, options map[string]any) exporter.Logs {
	t.Helper()
	factory := NewFactory()
	cfg := factory.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(options).Unmarshal(cfg))
	require.NoError(t, confmap.Validate(cfg))
	e, err := factory.CreateLogs(t.Context(), exportertest.NewNopSettings(factory.Type()), cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), h))
	return e
}

func consume(t *testing.T, e exporter.Logs, alerts ...*alert.Alert) {
	t.Helper()
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for _, a := range alerts {
		a.Encode(records.AppendEmpty())
	}
	require.NoError(t, e.ConsumeLogs(t.Context(), ld))
}

// alertmanager is a server that hands over what it is posted where check agrees.
func alertmanager(check func(*http.Request) bool) (http.Handler, <-chan []byte) {
	bodies := make(chan []byte, 16)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		switch {
		case err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json":
			w.WriteHeader(http.StatusUnsupportedMediaType)
		case r.URL.Path != "/prefix/api/v2/alerts":
			w.WriteHeader(http.StatusNotFound)
		case !check(r):
			w.WriteHeader(http.StatusUnauthorized)
		default:
			bodies <- body
		}
	}), bodies
}

func receive(t *testing.T, bodies <-chan []byte) []api.Alert {
	t.Helper()
	select {
	case body := <-bodies:
		require.NoError(t, keeps(body))
		var alerts []api.Alert
		require.NoError(t, json.Unmarshal(body, &alerts))
		return alerts
	case <-time.After(5 * time.Second):
		require.FailNow(t, "nothing was posted")
		return nil
	}
}

func TestTLSAndAuth(t *testing.T) {
	token := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"access_token": "from-the-token-server", "token_type": "Bearer", "expires_in": 3600}`)
	}))
	defer token.Close()
	header := func(want string) func(*http.Request) bool {
		return func(r *http.Request) bool { return r.Header.Get("Authorization") == want }
	}
	for name, c := range map[string]struct {
		factory extension.Factory
		options map[string]any
		check   func(*http.Request) bool
	}{
		"basic": {
			basicauthextension.NewFactory(),
			map[string]any{"client_auth": map[string]any{"username": "ml", "password": "secret"}},
			func(r *http.Request) bool {
				user, password, _ := r.BasicAuth()
				return user == "ml" && password == "secret"
			},
		},
		"bearer": {bearertokenauthextension.NewFactory(), map[string]any{"token": "given"}, header("Bearer given")},
		"oauth2": {
			oauth2clientauthextension.NewFactory(),
			map[string]any{"client_id": "ml", "client_secret": "secret", "token_url": token.URL},
			header("Bearer from-the-token-server"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			handler, bodies := alertmanager(c.check)
			server := httptest.NewTLSServer(handler)
			defer server.Close()
			ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
			e := run(t, newHost(t, c.factory, c.options), map[string]any{
				"endpoints": []any{server.URL + "/prefix/"},
				"tls":       map[string]any{"ca_pem": string(ca)},
				"auth":      map[string]any{"authenticator": c.factory.Type().String()},
				"headers":   map[string]any{"X-Scope-OrgID": "ml"},
			})
			consume(t, e, alerttest.Firing("a", time.Now()))
			alerts := receive(t, bodies)
			require.Len(t, alerts, 1)
			assert.Equal(t, "a", alerts[0].Labels["job"])
			require.NoError(t, e.Shutdown(t.Context()))
		})
	}
}

func TestUnknownAuthenticator(t *testing.T) {
	factory := NewFactory()
	cfg := factory.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(map[string]any{"auth": map[string]any{"authenticator": "basicauth"}}).Unmarshal(cfg))
	e, err := factory.CreateLogs(t.Context(), exportertest.NewNopSettings(factory.Type()), cfg)
	require.NoError(t, err)
	require.ErrorContains(t, e.Start(t.Context(), componenttest.NewNopHost()), "basicauth")
	require.NoError(t, e.Shutdown(t.Context()))
}

// A redirected post would become a get without a body, and its answer would look like success.
func TestRedirectsAreNotFollowed(t *testing.T) {
	followed := make(chan struct{}, 16)
	asked := make(chan struct{}, 16)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/login" {
			followed <- struct{}{}
			return
		}
		http.Redirect(w, r, "/login", http.StatusFound)
		asked <- struct{}{}
	}))
	defer server.Close()
	e := run(t, componenttest.NewNopHost(), map[string]any{"endpoints": []any{server.URL}})
	consume(t, e, alerttest.Firing("a", time.Now()))
	<-asked
	require.NoError(t, e.Shutdown(t.Context()))
	assert.Empty(t, followed)
}

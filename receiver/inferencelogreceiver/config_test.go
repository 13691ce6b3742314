// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package inferencelogreceiver

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configauth"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/otelcol-ml/otelcol-ml/internal/readmetest"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/metadata"
)

func nopSettings() receiver.Settings { return receivertest.NewNopSettings(metadata.Type) }

func TestValidate(t *testing.T) {
	assert.NoError(t, createDefaultConfig().(*Config).Validate())
	assert.NoError(t, config(func(c *Config) { c.Path = "/v1/inference-log/" }).Validate())
	for want, change := range map[string]func(*Config){
		"'endpoint': is empty, and so is 'sagemaker::include'": func(c *Config) { c.NetAddr.Endpoint = "" },
		"'path': \"x\" must start with /":                      func(c *Config) { c.Path = "x" },
		"'path': \"/{x}\" must":                                func(c *Config) { c.Path = "/{x}" },
		"'path': \"/a\\tb\" must":                              func(c *Config) { c.Path = "/a\tb" },
		"'path': \"/a//b\" must":                               func(c *Config) { c.Path = "/a//b" },
		"'path': \"/a/../b\" must":                             func(c *Config) { c.Path = "/a/../b" },
		"'sagemaker::include[1]': \"[\" is":                    func(c *Config) { c.SageMaker.Include = []string{"/a/**/*.{json,jsonl}", "["} },
		"'sagemaker::exclude[0]': \"\" is":                     func(c *Config) { c.SageMaker.Exclude = []string{""} },
		"'max_request_body_size': -1 must be":                  func(c *Config) { c.MaxRequestBodySize = -1 },
		"'pairing_timeout': 2h0m0s must be at most 1h0m0s":     func(c *Config) { c.PairingTimeout = 2 * time.Hour },
		"'pairing_timeout': 30ns must be at least 10ms; a number without a unit is nanoseconds: write 30s": func(c *Config) { c.PairingTimeout = 30 },
		"'sagemaker::poll_interval': 5ns must be at least 10ms":                                            func(c *Config) { c.SageMaker.PollInterval = 5 },
		"'read_timeout': 5ns must be at least 10ms":                                                        func(c *Config) { c.ReadTimeout = 5 },
		"'unpaired': \"x\" is none of emit, drop":                                                          func(c *Config) { c.Unpaired = "x" },
		"'unpaired': drop with 'pairing_timeout' 0":                                                        func(c *Config) { c.Unpaired, c.PairingTimeout = UnpairedDrop, 0 },
		"'model_name': must name at least one":                                                             func(c *Config) { c.ModelName = nil },
		"\"Model-Name\" is no extension attribute":                                                         func(c *Config) { c.ModelName = []string{"Model-Name"} },
		"\"metadata.\" is no extension attribute":                                                          func(c *Config) { c.ModelVersion = []string{"metadata."} },
		"'sagemaker::start_at': \"middle\" is none of beginning, end":                                      func(c *Config) { c.SageMaker.StartAt = "middle" },
		"'sagemaker::poll_interval': 1ms must be at":                                                       func(c *Config) { c.SageMaker.PollInterval = time.Millisecond },
		"'sagemaker::exclude_older_than': 1s must":                                                         func(c *Config) { c.SageMaker.ExcludeOlderThan = time.Second },
		"'sagemaker::max_record_size': 0 must be from 1 to":                                                func(c *Config) { c.SageMaker.MaxRecordSize = 0 },
		"'limits::pending': 0 must be from 1 to":                                                           func(c *Config) { c.Limits.Pending = 0 },
		"'limits::pending_size': 0 must be from 1 to":                                                      func(c *Config) { c.Limits.PendingSize = 0 },
		"'limits::events': 0 must be from 1 to 1048576":                                                    func(c *Config) { c.Limits.Events = 0 },
		"'limits::event_size': 0 must be from 1 to":                                                        func(c *Config) { c.Limits.EventSize = 0 },
		"'limits::rows': 1048577 must be from 1 to 1048576":                                                func(c *Config) { c.Limits.Rows = 1<<20 + 1 },
		"'limits::values': 0 must be from 1 to":                                                            func(c *Config) { c.Limits.Values = 0 },
		"'limits::columns': 0 must be from 1 to":                                                           func(c *Config) { c.Limits.Columns = 0 },
		"'limits::text': 0 must be from 1 to":                                                              func(c *Config) { c.Limits.Text = 0 },
		"'models::m::features[1]': must not be empty":                                                      func(c *Config) { c.Models = map[string]ModelConfig{"m": {Features: []string{"a", ""}}} },
		"'models::m::classes[1]': \"a\" is there twice":                                                    func(c *Config) { c.Models = map[string]ModelConfig{"m": {Classes: []string{"a", "a"}}} },
	} {
		cfg := createDefaultConfig().(*Config)
		change(cfg)
		assert.ErrorContains(t, cfg.Validate(), want)
	}
	cfg := createDefaultConfig().(*Config)
	cfg.Limits = Limits{}
	cfg.Path = ""
	assert.Len(t, cfg.Validate().(interface{ Unwrap() []error }).Unwrap(), 9, "all at once")
}

func TestStartErrors(t *testing.T) {
	id := component.MustNewID("missing")
	r, err := newReceiver(nopSettings(), config(func(c *Config) { c.Catalog = &id }), &sink{})
	require.NoError(t, err)
	assert.ErrorContains(t, r.Start(t.Context(), componenttest.NewNopHost()), `'catalog': extension "missing" is not enabled`)
	require.NoError(t, r.Shutdown(t.Context()))
	r, err = newReceiver(nopSettings(), config(func(c *Config) { c.NetAddr.Endpoint = "localhost:99999" }), &sink{})
	require.NoError(t, err)
	assert.ErrorContains(t, r.Start(t.Context(), componenttest.NewNopHost()), "'endpoint'")
	require.NoError(t, r.Shutdown(t.Context()))
}

// guard is an authenticator that wants one header.
type guard struct {
	component.StartFunc
	component.ShutdownFunc
}

func (guard) Authenticate(ctx context.Context, headers map[string][]string) (context.Context, error) {
	if v := headers["Authorization"]; len(v) == 1 && v[0] == "Bearer secret" {
		return ctx, nil
	}
	return ctx, errors.New("no")
}

func TestAuth(t *testing.T) {
	id := component.MustNewID("guard")
	next := &sink{}
	r := started(t, config(func(c *Config) {
		c.PairingTimeout = 0
		c.Auth = configoptional.Some(confighttp.AuthConfig{Config: configauth.Config{AuthenticatorID: id}})
	}), next, testkit.Host{id: guard{}})
	for header, want := range map[string]int{"": http.StatusUnauthorized, "Bearer secret": http.StatusOK} {
		m := request("a")
		req, err := http.NewRequest(http.MethodPost, r.url(), m.request(t).Body)
		require.NoError(t, err)
		for k, v := range m.with("Authorization", header).Headers {
			req.Header.Set(k, v)
		}
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, want, resp.StatusCode)
	}
	http.DefaultClient.CloseIdleConnections()
	assert.Len(t, next.spans(), 1)
}

// TestReadme keeps the configs and the options in the README.
func TestReadme(t *testing.T) {
	readmetest.Options(t, NewFactory())
	assert.Equal(t, 5, readmetest.Configs(t, "receivers", NewFactory()))
	readme := readmetest.Text(t)
	for _, name := range outcomeNames {
		assert.Contains(t, readme, "`"+name+"`")
	}
}

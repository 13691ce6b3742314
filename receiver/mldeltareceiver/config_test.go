// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mldeltareceiver

import (
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/kafka/configkafka"
	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/otelcol-ml/otelcol-ml/internal/readmetest"
	"github.com/otelcol-ml/otelcol-ml/receiver/mldeltareceiver/internal/metadata"
)

func TestValidate(t *testing.T) {
	assert.NoError(t, createDefaultConfig().(*Config).Validate())
	for want, change := range map[string]func(*Config){
		"'topic': must be set":                         func(c *Config) { c.Topic = "" },
		"'group_id': must be set":                      func(c *Config) { c.GroupID = "" },
		"'reread': -1h0m0s must not be negative":       func(c *Config) { c.Reread = -time.Hour },
		"'session_timeout': 10ms must be at least 1s":  func(c *Config) { c.SessionTimeout = 10 * time.Millisecond },
		"'brokers': must be set":                       func(c *Config) { c.Brokers = nil },
		"'auth::sasl::mechanism': AWS_MSK_IAM_OAUTHBE": func(c *Config) { c.Auth.SASL = &configkafka.SASLConfig{Mechanism: "AWS_MSK_IAM_OAUTHBEARER"} },
	} {
		c := createDefaultConfig().(*Config)
		change(c)
		assert.ErrorContains(t, c.Validate(), want)
	}
}

// A source of tokens that is no extension, or gives none, is named at the start.
func TestTokenSource(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Auth.SASL = &configkafka.SASLConfig{
		Mechanism: "OAUTHBEARER", OAuthBearerTokenSource: component.MustNewID("oauth2client"),
	}
	r, err := newReceiver(receivertest.NewNopSettings(metadata.Type), cfg, &reader{})
	assert.NoError(t, err)
	assert.ErrorContains(t, r.Start(t.Context(), componenttest.NewNopHost()), `'auth::sasl::oauthbearer_token_source': "oauth2client" is no extension`)
	assert.NoError(t, r.Shutdown(t.Context()))
}

func TestReadme(t *testing.T) {
	readmetest.Options(t, NewFactory())
	assert.Equal(t, 2, readmetest.Configs(t, "receivers", NewFactory()))
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package broker turns the config of a connection to Kafka into options of the client.
package broker

import (
	"context"
	"fmt"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/kafka/configkafka"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configtls"
	"golang.org/x/oauth2"
)

// Config is a connection, with the keys of contrib's kafka receiver.
type Config struct {
	// Brokers are where to find the cluster. Default localhost:9092.
	Brokers []string `mapstructure:"brokers"`
	// ClientID is how the client calls itself. Default otelcol-ml.
	ClientID string `mapstructure:"client_id"`
	// RackID is the rack of the client, for brokers that serve from the nearest replica. None by
	// default.
	RackID string `mapstructure:"rack_id"`
	// TLS is the encryption; none by default.
	TLS *configtls.ClientConfig `mapstructure:"tls"`
	// Auth is how the client says who it is.
	Auth Auth `mapstructure:"auth"`
}

// Auth is how the client says who it is.
type Auth struct {
	// SASL is PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER; none by default.
	SASL *configkafka.SASLConfig `mapstructure:"sasl"`
}

// Options returns the options of a client that connects as the config says. The host has the
// extension that gives tokens, where one is named.
func Options(ctx context.Context, host component.Host, c *Config) ([]kgo.Opt, error) {
	opts := []kgo.Opt{kgo.SeedBrokers(c.Brokers...), kgo.ClientID(c.ClientID), kgo.Rack(c.RackID), kgo.DisableClientMetrics()}
	if c.TLS != nil {
		loaded, err := c.TLS.LoadTLSConfig(ctx)
		if err != nil {
			return nil, fmt.Errorf("'tls': %w", err)
		}
		if loaded != nil {
			opts = append(opts, kgo.DialTLSConfig(loaded))
		}
	}
	mechanism, err := mechanismOf(host, c.Auth.SASL)
	if err != nil {
		return nil, err
	}
	if mechanism != nil {
		opts = append(opts, kgo.SASL(mechanism))
	}
	return opts, nil
}

// mechanismOf returns how the client says who it is; nil where it does not.
func mechanismOf(host component.Host, c *configkafka.SASLConfig) (sasl.Mechanism, error) {
	if c == nil {
		return nil, nil
	}
	switch c.Mechanism {
	case "PLAIN":
		return plain.Auth{User: c.Username, Pass: c.Password}.AsMechanism(), nil
	case "SCRAM-SHA-256":
		return scram.Auth{User: c.Username, Pass: c.Password}.AsSha256Mechanism(), nil
	case "SCRAM-SHA-512":
		return scram.Auth{User: c.Username, Pass: c.Password}.AsSha512Mechanism(), nil
	case "OAUTHBEARER":
		return tokens(host, c.OAuthBearerTokenSource)
	}
	return nil, fmt.Errorf("'auth::sasl::mechanism': %q is not supported", c.Mechanism)
}

// tokenSource is what an extension that gives tokens implements.
type tokenSource interface {
	Token(ctx context.Context) (*oauth2.Token, error)
}

func tokens(host component.Host, id component.ID) (sasl.Mechanism, error) {
	source, ok := host.GetExtensions()[id].(tokenSource)
	if !ok {
		return nil, fmt.Errorf("'auth::sasl::oauthbearer_token_source': %q is no extension that gives tokens", id)
	}
	return oauth.Oauth(func(ctx context.Context) (oauth.Auth, error) {
		token, err := source.Token(ctx)
		if err != nil {
			return oauth.Auth{}, err
		}
		return oauth.Auth{Token: token.AccessToken}, nil
	}), nil
}

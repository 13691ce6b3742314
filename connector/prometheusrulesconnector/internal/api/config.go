// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"time"

	"go.opentelemetry.io/collector/config/confighttp"

	"github.com/otelcol-ml/otelcol-ml/internal/configcheck"
)

// Config is the configuration of the API.
type Config struct {
	// ServerConfig is the HTTP server: endpoint (default localhost:9099), tls, auth, cors and so on. An
	// empty endpoint opens none. The time to write an answer counts from the request on (write_timeout,
	// default 1m).
	confighttp.ServerConfig `mapstructure:",squash"`
	// QueryTimeout is the longest that one request may take, up to 10m (default 30s). A shorter one in
	// the request's parameter "timeout" holds.
	QueryTimeout time.Duration `mapstructure:"query_timeout"`
	// MaxSamples is how many samples one query may hold in memory at a time, 16 bytes each, 1000 to
	// 1000000000 (default 5000000).
	MaxSamples int `mapstructure:"max_samples"`
	// MaxConcurrency is how many requests may read series at a time, 1 to 1000 (default 4). One more
	// waits for a second, then it is told to try again.
	MaxConcurrency int `mapstructure:"max_concurrency"`
	// MaxSeries is how many series, names or values one answer has at most, 1 to 10000000 (default
	// 40000, what Grafana asks for). What is cut says so in the answer's warnings.
	MaxSeries int `mapstructure:"max_series"`
}

// DefaultConfig returns the config that holds where "api:" is there and says nothing else.
func DefaultConfig() Config {
	server := confighttp.NewDefaultServerConfig()
	server.NetAddr.Endpoint = "localhost:9099"
	server.MaxRequestBodySize = maxBody
	server.ReadTimeout = 30 * time.Second
	server.WriteTimeout = time.Minute
	return Config{ServerConfig: server, QueryTimeout: 30 * time.Second, MaxSamples: 5_000_000, MaxConcurrency: 4, MaxSeries: 40_000}
}

// Validate returns all that is wrong.
func (c *Config) Validate() error {
	var wrong configcheck.Violations
	if c.NetAddr.Endpoint == "" {
		wrong.Add("endpoint", "is empty: without an address, leave 'api' out")
	}
	wrong.Check(
		configcheck.Duration("query_timeout", c.QueryTimeout, 0, 10*time.Minute),
		configcheck.Range("max_samples", c.MaxSamples, 1000, 1_000_000_000),
		configcheck.Range("max_concurrency", c.MaxConcurrency, 1, 1000),
		configcheck.Range("max_series", c.MaxSeries, 1, 10_000_000),
		configcheck.DurationOrZero("read_timeout", c.ReadTimeout, 0, 0),
		configcheck.DurationOrZero("read_header_timeout", c.ReadHeaderTimeout, 0, 0),
		configcheck.DurationOrZero("write_timeout", c.WriteTimeout, 0, 0),
		configcheck.DurationOrZero("idle_timeout", c.IdleTimeout, 0, 0),
	)
	if c.WriteTimeout > 0 && c.WriteTimeout <= c.QueryTimeout {
		wrong.Add("write_timeout", "%s must be longer than 'query_timeout', %s, or an answer cannot be sent", c.WriteTimeout, c.QueryTimeout)
	}
	return wrong.Err()
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package alertmanagerexporter

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/configcheck"
)

// Config is the configuration of the alertmanager exporter. The empty config works.
type Config struct {
	// ClientConfig is the collector's HTTP client: tls, auth, headers, timeout (default 10s) and
	// the rest. Its endpoint is not used.
	ClientConfig confighttp.ClientConfig `mapstructure:",squash"`
	// Endpoints are the base URLs of all replicas of one Alertmanager, perhaps with a path prefix.
	// Each gets every alert. Default http://localhost:9093.
	Endpoints []string `mapstructure:"endpoints"`
	// Labels are added to every alert that does not have them. Default none.
	Labels map[string]string `mapstructure:"labels"`
	// Lease is how long Alertmanager keeps a firing alert that is not renewed. Default 4m; 0 is
	// refused.
	Lease time.Duration `mapstructure:"lease"`
	// ResendInterval is the time between two posts of an alert that keeps firing. Default 1m; at
	// most half of the lease, and 0 is refused.
	ResendInterval time.Duration `mapstructure:"resend_interval"`
	// SourceTimeout is the silence of an alert's source after which its lease is not renewed any
	// more. Default 3m; 0 is refused.
	SourceTimeout time.Duration `mapstructure:"source_timeout"`
	// MaxAlerts is the number of alerts held per replica. Resolved ones make room, then new ones
	// are dropped. Default 10000; 0 is refused.
	MaxAlerts int `mapstructure:"max_alerts"`
	// BatchSize is the number of alerts in one post. Default 100; from 1 to 1000.
	BatchSize int `mapstructure:"batch_size"`
	// Retry is the backoff after a post that failed. Default: from 1s on, without an end. When it
	// is not enabled, the next attempt is a resend_interval later.
	Retry configretry.BackOffConfig `mapstructure:"retry_on_failure"`
}

var _ confmap.Validator = (*Config)(nil)

func createDefaultConfig() component.Config {
	client := confighttp.NewDefaultClientConfig()
	client.Timeout = 10 * time.Second
	retry := configretry.NewDefaultBackOffConfig()
	retry.InitialInterval, retry.MaxElapsedTime = time.Second, 0
	return &Config{
		ClientConfig:   client,
		Endpoints:      []string{"http://localhost:9093"},
		Lease:          4 * time.Minute,
		ResendInterval: time.Minute,
		SourceTimeout:  3 * time.Minute,
		MaxAlerts:      10_000,
		BatchSize:      100,
		Retry:          retry,
	}
}

// Validate returns all violations, each naming its key.
func (c *Config) Validate() error {
	var wrong configcheck.Violations
	if c.ClientConfig.Endpoint != "" {
		wrong.Add("endpoint", "is not used here: list the base URLs of all replicas in 'endpoints'")
	}
	if len(c.Endpoints) == 0 {
		wrong.Add("endpoints", "must have at least one URL")
	}
	for i, endpoint := range c.Endpoints {
		if err := checkEndpoint(endpoint); err != nil {
			wrong.Add(fmt.Sprintf("endpoints[%d]", i), "%w", err)
		} else if slices.ContainsFunc(c.Endpoints[:i], func(other string) bool { return alertsURL(other) == alertsURL(endpoint) }) {
			wrong.Add(fmt.Sprintf("endpoints[%d]", i), "%s is there twice", endpoint)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Labels)) {
		switch {
		case name == "alertname" || name == "severity":
			wrong.Add("labels::"+name, "is the alert's own")
		case alert.CleanName(name) != name:
			wrong.Add("labels::"+name, "the name must be of letters, digits and underscores, with no digit in front")
		case c.Labels[name] == "":
			wrong.Add("labels::"+name, "must not be empty")
		}
	}
	c.checkDurations(&wrong)
	wrong.Check(
		configcheck.AtLeast("max_alerts", c.MaxAlerts, 1),
		configcheck.Range("batch_size", c.BatchSize, 1, maxBatch),
	)
	if c.Retry.MaxElapsedTime != 0 {
		wrong.Add("retry_on_failure::max_elapsed_time", "%v must be 0: an alert is sent until it is taken, or superseded by its newer state", c.Retry.MaxElapsedTime)
	}
	return wrong.Err()
}

// checkDurations checks all options that are a time.
func (c *Config) checkDurations(wrong *configcheck.Violations) {
	wrong.Check(
		configcheck.Duration("timeout", c.ClientConfig.Timeout, 0, 0),
		configcheck.DurationOrZero("idle_conn_timeout", c.ClientConfig.IdleConnTimeout, 0, 0),
		configcheck.DurationOrZero("http2_read_idle_timeout", c.ClientConfig.HTTP2ReadIdleTimeout, 0, 0),
		configcheck.DurationOrZero("http2_ping_timeout", c.ClientConfig.HTTP2PingTimeout, 0, 0),
		configcheck.Duration("lease", c.Lease, 0, 0),
	)
	if err := configcheck.Duration("resend_interval", c.ResendInterval, 0, 0); err != nil {
		wrong.Check(err)
	} else if c.ResendInterval > c.Lease/2 {
		wrong.Add("resend_interval", "%v must be at most half of 'lease' (%v)", c.ResendInterval, c.Lease)
	}
	wrong.Check(configcheck.Duration("source_timeout", c.SourceTimeout, 0, 0))
	if c.Retry.Enabled {
		wrong.Check(
			configcheck.Duration("retry_on_failure::initial_interval", c.Retry.InitialInterval, 0, 0),
			configcheck.DurationOrZero("retry_on_failure::max_interval", c.Retry.MaxInterval, 0, 0),
		)
	}
}

// maxBatch bounds the size of a post.
const maxBatch = 1000

// path is where Alertmanager takes alerts, below the base URL.
const path = "/api/v2/alerts"

// alertsURL returns where alerts are posted to.
func alertsURL(endpoint string) string { return strings.TrimRight(endpoint, "/") + path }

func checkEndpoint(endpoint string) error {
	u, err := url.Parse(endpoint)
	switch {
	case err != nil:
		return errors.New("it is no URL") // the error of url.Parse quotes all of it, perhaps with a password
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("%s must begin with http:// or https://", u.Redacted())
	case u.Host == "":
		return fmt.Errorf("%s has no host", u.Redacted())
	case u.User != nil:
		return fmt.Errorf("%s must not have a user: use 'auth' with an extension", u.Redacted())
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		return fmt.Errorf("%s must not have a query or a fragment", endpoint)
	case strings.HasSuffix(strings.TrimRight(u.Path, "/"), path):
		return fmt.Errorf("%s must be the base URL, without %s", endpoint, path)
	}
	return nil
}

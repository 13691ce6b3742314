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
	// ClientConfig is the collector's HTTP client: tls, auth, headers, timeout (default 10s) and the rest. Its
	// endpoint is not used.
	ClientConfig confighttp.ClientConfig `mapstructure:",squash"`
	// Endpoints are the base URLs of all replicas of one Alertmanager, perhaps with a path prefix; each gets every alert.
	Endpoints []string `mapstructure:"endpoints"`
	// Labels are added to every alert that does not have them.
	Labels map[string]string `mapstructure:"labels"`
	// Lease is how long Alertmanager keeps a firing alert that is not renewed.
	Lease time.Duration `mapstructure:"lease"`
	// ResendInterval is the time between two posts of an alert that keeps firing; at most half of the lease.
	ResendInterval time.Duration `mapstructure:"resend_interval"`
	// SourceTimeout is the silence of an alert's source after which its lease is not renewed any more.
	SourceTimeout time.Duration `mapstructure:"source_timeout"`
	// MaxAlerts is the number of alerts held per replica; resolved ones make room, then new ones are dropped.
	MaxAlerts int `mapstructure:"max_alerts"`
	// BatchSize is the number of alerts in one post.
	BatchSize int `mapstructure:"batch_size"`
	// Retry is the backoff after a post that failed. When it is not enabled, the next attempt is a resend_interval later.
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
	var errs []error
	violated := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.ClientConfig.Endpoint != "" {
		violated("'endpoint' is not used here: list the base URLs of all replicas in 'endpoints'")
	}
	if len(c.Endpoints) == 0 {
		violated("'endpoints' must have at least one URL")
	}
	for i, endpoint := range c.Endpoints {
		if err := checkEndpoint(endpoint); err != nil {
			violated("'endpoints[%d]': %w", i, err)
		} else if slices.ContainsFunc(c.Endpoints[:i], func(other string) bool { return alertsURL(other) == alertsURL(endpoint) }) {
			violated("'endpoints[%d]': %s is listed twice", i, endpoint)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Labels)) {
		switch {
		case name == "alertname" || name == "severity":
			violated("'labels::%s' is the alert's own", name)
		case alert.CleanName(name) != name:
			violated("'labels::%s': the name must be of letters, digits and underscores, with no digit in front", name)
		case c.Labels[name] == "":
			violated("'labels::%s' must not be empty", name)
		}
	}
	errs = append(errs, c.durations()...)
	if c.MaxAlerts < 1 {
		violated("'max_alerts': %d must be at least 1", c.MaxAlerts)
	}
	if c.BatchSize < 1 || c.BatchSize > maxBatch {
		violated("'batch_size': %d must be from 1 to %d", c.BatchSize, maxBatch)
	}
	if c.Retry.MaxElapsedTime != 0 {
		violated("'retry_on_failure::max_elapsed_time': %v must be 0: an alert is sent until it is taken, or superseded by its newer state", c.Retry.MaxElapsedTime)
	}
	return errors.Join(errs...)
}

// durations are the violations of all options that are a time.
func (c *Config) durations() []error {
	resend := configcheck.Duration("resend_interval", c.ResendInterval, 0, 0)
	if resend == nil && c.ResendInterval > c.Lease/2 {
		resend = fmt.Errorf("'resend_interval': %v must be at most half of 'lease' (%v)", c.ResendInterval, c.Lease)
	}
	all := []error{
		configcheck.Duration("timeout", c.ClientConfig.Timeout, 0, 0),
		configcheck.DurationOrZero("idle_conn_timeout", c.ClientConfig.IdleConnTimeout, 0, 0),
		configcheck.DurationOrZero("http2_read_idle_timeout", c.ClientConfig.HTTP2ReadIdleTimeout, 0, 0),
		configcheck.DurationOrZero("http2_ping_timeout", c.ClientConfig.HTTP2PingTimeout, 0, 0),
		configcheck.Duration("lease", c.Lease, 0, 0),
		resend,
		configcheck.Duration("source_timeout", c.SourceTimeout, 0, 0),
	}
	if c.Retry.Enabled {
		all = append(all,
			configcheck.Duration("retry_on_failure::initial_interval", c.Retry.InitialInterval, 0, 0),
			configcheck.DurationOrZero("retry_on_failure::max_interval", c.Retry.MaxInterval, 0, 0))
	}
	return slices.DeleteFunc(all, func(err error) bool { return err == nil })
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

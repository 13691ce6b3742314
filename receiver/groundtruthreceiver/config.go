// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package groundtruthreceiver

import (
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-ml/otelcol-ml/internal/configcheck"
	"github.com/otelcol-ml/otelcol-ml/internal/ingest"
	"github.com/otelcol-ml/otelcol-ml/internal/label"
)

// Config is the configuration of the ground_truth receiver. The empty config takes labels that are
// posted to http://localhost:4319/v1/ground-truth.
type Config struct {
	// ServerConfig is the HTTP server: endpoint, tls, auth, cors, max_request_body_size and so on. An
	// empty endpoint opens none.
	confighttp.ServerConfig `mapstructure:",squash"`
	// Path is the path to which labels are posted (default /v1/ground-truth).
	Path string `mapstructure:"path"`
	// HandOnTimeout is how long the pipeline may take for the labels of a request, up to 1h (default
	// 10s). Then the sender is told to try again.
	HandOnTimeout time.Duration `mapstructure:"hand_on_timeout"`
	// LateAfter is the age of a prediction, or of the truth where the prediction's time is not known,
	// from which on its label is counted and not passed on; 0 (the default) takes any.
	LateAfter time.Duration `mapstructure:"late_after"`
	// Columns are the names of fields (prediction_id, label, label_time, …) in objects and tables
	// where they are other ones than those that are known; none by default.
	Columns map[string]string `mapstructure:"columns"`
	// Defaults are what is true of labels that do not say it themselves.
	Defaults DefaultsConfig `mapstructure:"defaults"`
	// Files follows files of labels.
	Files FilesConfig `mapstructure:"files"`
	// Limits bound the memory.
	Limits Limits `mapstructure:"limits"`
}

// DefaultsConfig is what is true of labels that do not say it themselves. Each is empty by default.
type DefaultsConfig struct {
	// Model is the name of the model; empty leaves it to the prediction's id.
	Model string `mapstructure:"model"`
	// Environment is deployment.environment.name of the model; empty leaves it open.
	Environment string `mapstructure:"environment"`
	// Source is who says so.
	Source string `mapstructure:"source"`
	// Set is the set of labels, such as gold; empty means those of live traffic.
	Set string `mapstructure:"set"`
}

// FilesConfig says which files of labels to follow: CSV, JSON lines and Parquet.
type FilesConfig struct {
	ingest.Files `mapstructure:",squash"`
	// Storage is the id of the storage extension that keeps how far files were read; without one a
	// restart begins as StartAt says.
	Storage *component.ID `mapstructure:"storage"`
}

// Limits bound what is kept of labels.
type Limits struct {
	// Labels is the largest number of labels in one request, 1 to 1048576 (default 10000).
	Labels int `mapstructure:"labels"`
	// Requests is how many requests may wait for the pipeline at a time, 1 to 65536 (default 64); one
	// more is told to try again.
	Requests int `mapstructure:"requests"`
	// Remembered is how many labels are known again when they come twice, up to 1073741824 (default
	// 1000000, 32 MB); 0 knows none.
	Remembered int `mapstructure:"remembered"`
}

var _ confmap.Validator = (*Config)(nil)

func createDefaultConfig() component.Config {
	server := confighttp.NewDefaultServerConfig()
	server.NetAddr.Endpoint = "localhost:4319"
	server.MaxRequestBodySize = 4 << 20
	server.ReadTimeout = 30 * time.Second
	return &Config{
		ServerConfig:  server,
		Path:          "/v1/ground-truth",
		HandOnTimeout: 10 * time.Second,
		Files:         FilesConfig{Files: ingest.DefaultFiles()},
		Limits:        Limits{Labels: 10_000, Requests: 64, Remembered: 1_000_000},
	}
}

// maxRequestBodySize is the most of Config.MaxRequestBodySize, in bytes.
const maxRequestBodySize = 1 << 28

// Validate returns all that is wrong.
func (c *Config) Validate() error {
	var wrong configcheck.Violations
	wrong.Check(
		configcheck.Duration("hand_on_timeout", c.HandOnTimeout, 0, time.Hour),
		configcheck.DurationOrZero("late_after", c.LateAfter, 0, 0),
		c.Files.Check("files"),
		configcheck.DurationOrZero("read_timeout", c.ReadTimeout, 0, 0),
		configcheck.DurationOrZero("read_header_timeout", c.ReadHeaderTimeout, 0, 0),
		configcheck.DurationOrZero("write_timeout", c.WriteTimeout, 0, 0),
		configcheck.DurationOrZero("idle_timeout", c.IdleTimeout, 0, 0),
	)
	if c.NetAddr.Endpoint == "" && len(c.Files.Include) == 0 {
		wrong.Add("endpoint", "is empty, and so is 'files::include': there is nothing to receive")
	}
	if !ingest.ValidPath(c.Path) {
		wrong.Add("path", "%q must start with / and have no blanks, no braces and no empty or dotted part", c.Path)
	}
	if c.MaxRequestBodySize < 0 || c.MaxRequestBodySize > maxRequestBodySize {
		wrong.Add("max_request_body_size", "%d must be from 0 (the collector's default) to %d", c.MaxRequestBodySize, maxRequestBodySize)
	}
	if c.NetAddr.Endpoint != "" && c.WriteTimeout > 0 && c.WriteTimeout <= c.HandOnTimeout {
		wrong.Add("write_timeout", "%s must be longer than 'hand_on_timeout', %s, or the answer cannot be sent", c.WriteTimeout, c.HandOnTimeout)
	}
	if _, err := label.NewParser(label.Options{Columns: c.Columns}); err != nil {
		wrong.Add("columns", "%v", err)
	}
	for _, d := range []struct{ key, text string }{
		{"model", c.Defaults.Model}, {"environment", c.Defaults.Environment}, {"source", c.Defaults.Source}, {"set", c.Defaults.Set},
	} {
		if len(d.text) > label.MaxText {
			wrong.Add("defaults::"+d.key, "has %d bytes, at most %d", len(d.text), label.MaxText)
		}
	}
	wrong.Check(
		configcheck.Range("limits::labels", c.Limits.Labels, 1, 1<<20),
		configcheck.Range("limits::requests", c.Limits.Requests, 1, 1<<16),
		configcheck.Range("limits::remembered", c.Limits.Remembered, 0, 1<<30),
	)
	return wrong.Err()
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package inferencelogreceiver

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-ml/otelcol-ml/internal/configcheck"
	"github.com/otelcol-ml/otelcol-ml/internal/ingest"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/spans"
)

// The values of Config.Unpaired.
const (
	// UnpairedEmit makes a span of what there is.
	UnpairedEmit = "emit"
	// UnpairedDrop drops it.
	UnpairedDrop = "drop"
)

// Config is the configuration of the inference_log receiver. The empty config takes CloudEvents on
// localhost:4320.
type Config struct {
	// ServerConfig is the HTTP server for CloudEvents: endpoint, tls, auth, max_request_body_size
	// and so on. An empty endpoint opens none.
	confighttp.ServerConfig `mapstructure:",squash"`
	// Path is the path to which events are posted (default /).
	Path string `mapstructure:"path"`
	// PairingTimeout is how long a request waits for its response, or a response for its request,
	// up to 1h (default 30s). 0 makes each event a span of its own, as loggers need that send only
	// one of the two.
	PairingTimeout time.Duration `mapstructure:"pairing_timeout"`
	// Unpaired is what happens to a request or a response alone: emit (the default) or drop.
	Unpaired string `mapstructure:"unpaired"`
	// Components are the parts of an InferenceService whose events are read (default predictor),
	// beside events that name no part; an empty list reads all.
	Components []string `mapstructure:"components"`
	// ModelName and ModelVersion are where an event names its model: extension attributes, or keys
	// of those that hold JSON (metadata.X-Model-Version). The first that is there counts. The
	// defaults are inferenceservicename, then modelid, and modelversion.
	ModelName    []string `mapstructure:"model_name"`
	ModelVersion []string `mapstructure:"model_version"`
	// Environment is deployment.environment.name of the spans; empty (the default) sets none.
	Environment string `mapstructure:"environment"`
	// Models tells what no card does, by model name; none by default.
	Models map[string]ModelConfig `mapstructure:"models"`
	// SageMaker follows files of data capture.
	SageMaker SageMakerConfig `mapstructure:"sagemaker"`
	// Catalog is the id of the catalog extension; by default the only one that is enabled.
	Catalog *component.ID `mapstructure:"catalog"`
	// Limits bound the memory.
	Limits Limits `mapstructure:"limits"`
}

// ModelConfig is what is known of one model.
type ModelConfig struct {
	// Version is the version where the event has none; empty means unknown.
	Version string `mapstructure:"version"`
	// Features are the features in the model's order; none means as the card's baseline has them.
	Features []string `mapstructure:"features"`
	// Classes are the labels of a classifier in the order of its scores; none means as the card has
	// them.
	Classes []string `mapstructure:"classes"`
}

// models are the models as spans are made of them.
func (c *Config) models() map[string]spans.Model {
	models := make(map[string]spans.Model, len(c.Models))
	for name, m := range c.Models {
		models[name] = spans.Model{Version: m.Version, Features: m.Features, Classes: m.Classes}
	}
	return models
}

// SageMakerConfig says which files of SageMaker's data capture to follow.
type SageMakerConfig struct {
	ingest.Files `mapstructure:",squash"`
	// Model is the model's name; without one it is the endpoint's in the file's path.
	Model string `mapstructure:"model"`
	// Storage is the id of the storage extension that keeps how far files were read; without one a
	// restart begins as StartAt says.
	Storage *component.ID `mapstructure:"storage"`
}

// Limits bound what is kept of events. Each is at least 1.
type Limits struct {
	// Pending is the number of events that wait for the other side of their call; the oldest gives
	// way (default 10000). As many past ones are remembered, to know an event that is delivered
	// again.
	Pending int `mapstructure:"pending"`
	// PendingSize is what they may take in memory, in bytes (default 67108864).
	PendingSize int `mapstructure:"pending_size"`
	// Events is the largest number of events, or of records of KServe's agent, in one request
	// (default 10000); a request with more is refused.
	Events int `mapstructure:"events"`
	// EventSize is the largest data of one event, decoded, in bytes (default 4194304); larger are
	// refused.
	EventSize int `mapstructure:"event_size"`
	// Rows and Values are the largest numbers of rows and of values in one payload (default 10000
	// and 1048576); more are refused.
	Rows   int `mapstructure:"rows"`
	Values int `mapstructure:"values"`
	// Columns is the largest number of features (default 1000); the values of a wider payload (an
	// image) are left out.
	Columns int `mapstructure:"columns"`
	// Text is the longest string that is a feature or an answer, in bytes (default 256); columns
	// with longer ones are left out.
	Text int `mapstructure:"text"`
}

var _ confmap.Validator = (*Config)(nil)

func createDefaultConfig() component.Config {
	server := confighttp.NewDefaultServerConfig()
	server.NetAddr.Endpoint = "localhost:4320"
	server.MaxRequestBodySize = 4 << 20
	server.ReadTimeout = 30 * time.Second
	return &Config{
		ServerConfig:   server,
		Path:           "/",
		PairingTimeout: 30 * time.Second,
		Unpaired:       UnpairedEmit,
		Components:     []string{"predictor"},
		ModelName:      []string{"inferenceservicename", "modelid"},
		ModelVersion:   []string{"modelversion"},
		SageMaker:      SageMakerConfig{Files: ingest.DefaultFiles()},
		Limits:         Limits{Pending: 10_000, PendingSize: 64 << 20, Events: 10_000, EventSize: 4 << 20, Rows: 10_000, Values: 1 << 20, Columns: 1_000, Text: 256},
	}
}

// Validate returns all that is wrong.
func (c *Config) Validate() error {
	var wrong configcheck.Violations
	wrong.Check(
		configcheck.DurationOrZero("pairing_timeout", c.PairingTimeout, 0, time.Hour),
		c.SageMaker.Check("sagemaker"),
		configcheck.DurationOrZero("read_timeout", c.ReadTimeout, 0, 0),
		configcheck.DurationOrZero("read_header_timeout", c.ReadHeaderTimeout, 0, 0),
		configcheck.DurationOrZero("write_timeout", c.WriteTimeout, 0, 0),
		configcheck.DurationOrZero("idle_timeout", c.IdleTimeout, 0, 0),
		configcheck.OneOf("unpaired", c.Unpaired, UnpairedEmit, UnpairedDrop),
	)
	if c.NetAddr.Endpoint == "" && len(c.SageMaker.Include) == 0 {
		wrong.Add("endpoint", "is empty, and so is 'sagemaker::include': there is nothing to receive")
	}
	if !ingest.ValidPath(c.Path) {
		wrong.Add("path", "%q must start with / and have no blanks, no braces and no empty or dotted part", c.Path)
	}
	if c.MaxRequestBodySize < 0 || c.MaxRequestBodySize > maxRequestBodySize {
		wrong.Add("max_request_body_size", "%d must be from 0 (the collector's default) to %d", c.MaxRequestBodySize, maxRequestBodySize)
	}
	if c.PairingTimeout == 0 && c.Unpaired == UnpairedDrop {
		wrong.Add("unpaired", "drop with 'pairing_timeout' 0 would drop everything")
	}
	if len(c.ModelName) == 0 {
		wrong.Add("model_name", "must name at least one attribute")
	}
	for _, list := range []struct {
		key   string
		names []string
	}{{"model_name", c.ModelName}, {"model_version", c.ModelVersion}} {
		for i, name := range list.names {
			if !validAttribute(name) {
				wrong.Add(fmt.Sprintf("%s[%d]", list.key, i),
					"%q is no extension attribute (lower-case letters and digits) or key in one (metadata.X-Version)", name)
			}
		}
	}
	wrong.Check(
		configcheck.Range("limits::pending", c.Limits.Pending, 1, 1<<24),
		configcheck.Range("limits::pending_size", c.Limits.PendingSize, 1, 1<<36),
		configcheck.Range("limits::events", c.Limits.Events, 1, 1<<20),
		configcheck.Range("limits::event_size", c.Limits.EventSize, 1, 1<<28),
		configcheck.Range("limits::rows", c.Limits.Rows, 1, 1<<20), // the largest ml.batch.size that ml_summary reads
		configcheck.Range("limits::values", c.Limits.Values, 1, 1<<26),
		configcheck.Range("limits::columns", c.Limits.Columns, 1, 1<<16),
		configcheck.Range("limits::text", c.Limits.Text, 1, 1<<20),
	)
	for _, name := range slices.Sorted(maps.Keys(c.Models)) {
		for _, list := range []struct {
			key   string
			names []string
		}{{"features", c.Models[name].Features}, {"classes", c.Models[name].Classes}} {
			key := "models::" + name + "::" + list.key
			if i := slices.Index(list.names, ""); i >= 0 {
				wrong.Add(fmt.Sprintf("%s[%d]", key, i), "must not be empty")
			}
			wrong.Check(configcheck.Distinct(key, list.names))
		}
	}
	return wrong.Err()
}

// maxRequestBodySize is the most of Config.MaxRequestBodySize, in bytes.
const maxRequestBodySize = 1 << 28

// validAttribute is true for a name of CloudEvents' extension attributes, with or without a key
// behind it.
func validAttribute(name string) bool {
	attribute, key, dotted := strings.Cut(name, ".")
	for _, c := range attribute {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return attribute != "" && (!dotted || key != "")
}

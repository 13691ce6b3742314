// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlmetadataprocessor

import (
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-ml/otelcol-ml/processor/mlmetadataprocessor/internal/facts"
)

// Config is the configuration of the ml_metadata processor. The empty config works.
type Config struct {
	// Add is what is put on spans: the groups model, training, feature_view, attributes (the cards'
	// own, beside those) and job, or single names of attributes, which have a dot. All groups by
	// default; empty adds nothing.
	Add []string `mapstructure:"add"`
	// Overwrite replaces what the span already says; by default the span is right.
	Overwrite bool `mapstructure:"overwrite"`
	// MarkUnknown sets ml.model.known = false on predictions whose model or version has no card.
	MarkUnknown bool `mapstructure:"mark_unknown"`
	// Catalog is the id of the catalog extension; without one the only one that is enabled.
	Catalog *component.ID `mapstructure:"catalog"`
}

var _ confmap.Validator = (*Config)(nil)

func createDefaultConfig() component.Config {
	return &Config{Add: []string{"model", "training", "feature_view", "attributes", "job"}}
}

// Validate returns the first name under add that is unknown.
func (c *Config) Validate() error {
	_, err := facts.NewSelection(c.Add)
	return err
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package nestinglimitextension

import (
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-ml/otelcol-ml/internal/configcheck"
)

// Config is the configuration of the nesting_limit extension. The empty config works.
type Config struct {
	// MaxDepth is how many levels of values in values a request may have, 1 to 1,000 (default 64).
	// A number or a string is one level, a list of them two.
	MaxDepth int `mapstructure:"max_depth"`
}

var _ confmap.Validator = (*Config)(nil)

func createDefaultConfig() component.Config { return &Config{MaxDepth: 64} }

// Validate returns what is wrong.
func (c *Config) Validate() error {
	return configcheck.Range("max_depth", c.MaxDepth, 1, 1000)
}

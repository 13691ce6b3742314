// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlcontractprocessor

import (
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-ml/otelcol-ml/internal/spanottl"
	"github.com/otelcol-ml/otelcol-ml/processor/mlcontractprocessor/internal/privacy"
)

// maxEvents is the most events that a span can get.
const maxEvents = 128

// Config is the configuration of the ml_contract processor. The empty config works.
type Config struct {
	// Conditions are OTTL conditions of which one must be true for a span to be checked; all spans
	// are, by default.
	Conditions []string `mapstructure:"conditions"`
	// Events are what a span says of its violations.
	Events Events `mapstructure:"events"`
	// Results are the attributes, of a span or of its events, in which Great Expectations or Soda
	// say as JSON what their checks found.
	Results []string `mapstructure:"results"`
	// Protect are values that do not go on as they are: they are hashed or dropped after the checks.
	Protect []Protection `mapstructure:"protect"`
	// HashKey is the secret of the hashes (HMAC-SHA256). Without one, a hash of a value that can be
	// guessed gives it away.
	HashKey configopaque.String `mapstructure:"hash_key"`
	// Catalog is the id of the catalog extension; without one the only one that is enabled.
	Catalog *component.ID `mapstructure:"catalog"`
}

// Events are what a span says of its violations.
type Events struct {
	// Limit is the most events of one span, those of the highest severity; 10 by default, 0 for none.
	Limit int `mapstructure:"limit"`
	// Observed says whether events have the value that was found; true by default. Those of names
	// that look like personal data, of Redact and of Protect never have it.
	Observed bool `mapstructure:"observed"`
	// Redact are features and attributes, with * for any text, whose values are not put into events.
	Redact []string `mapstructure:"redact"`
}

// Protection is what becomes of values after the checks.
type Protection struct {
	// Features are names of features, with * for any text, Attributes keys of attributes.
	Features   []string `mapstructure:"features"`
	Attributes []string `mapstructure:"attributes"`
	// Action is hash or drop.
	Action string `mapstructure:"action"`
}

var _ confmap.Validator = (*Config)(nil)

func createDefaultConfig() component.Config {
	return &Config{
		Events:  Events{Limit: 10, Observed: true},
		Results: []string{"great_expectations.validation_result", "soda.scan_result"},
	}
}

// Validate returns all that is wrong.
func (c *Config) Validate() error {
	var errs []error
	if err := spanottl.CheckConditions("conditions", c.Conditions); err != nil {
		errs = append(errs, err)
	}
	if c.Events.Limit < 0 || c.Events.Limit > maxEvents {
		errs = append(errs, fmt.Errorf("'events::limit': %d must be 0 to %d", c.Events.Limit, maxEvents))
	}
	for i, key := range c.Results {
		if key == "" {
			errs = append(errs, fmt.Errorf("'results[%d]': must not be empty", i))
		}
	}
	hashes := false
	for i, p := range c.Protect {
		if len(p.Features)+len(p.Attributes) == 0 {
			errs = append(errs, fmt.Errorf("'protect[%d]': needs features or attributes", i))
		}
		if !privacy.Action(p.Action).Known() {
			errs = append(errs, fmt.Errorf("'protect[%d]::action': %q is neither hash nor drop", i, p.Action))
		}
		hashes = hashes || privacy.Action(p.Action) == privacy.Hash
	}
	if c.HashKey != "" && !hashes {
		errs = append(errs, errors.New("'hash_key': nothing is hashed"))
	}
	return errors.Join(errs...)
}

// rules are those of Protect.
func (c *Config) rules() []privacy.Rule {
	rules := make([]privacy.Rule, 0, len(c.Protect))
	for _, p := range c.Protect {
		rules = append(rules, privacy.Rule{Features: p.Features, Attributes: p.Attributes, Action: privacy.Action(p.Action)})
	}
	return rules
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlnormalizeprocessor

import (
	"encoding"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/internal/configcheck"
	"github.com/otelcol-ml/otelcol-ml/processor/mlnormalizeprocessor/internal/derivation"
	"github.com/otelcol-ml/otelcol-ml/processor/mlnormalizeprocessor/internal/dialect"
)

// Config is the configuration of the ml_normalize processor. The empty config works.
type Config struct {
	// Dialects are tables in the format of docs/dialects.md, beside the embedded ones; one of the
	// same name replaces an embedded one.
	Dialects []map[string]any `mapstructure:"dialects"`
	// DisabledDialects are names of tables that are not read.
	DisabledDialects []string `mapstructure:"disabled_dialects"`
	// RemoveOriginals removes an attribute whose value was moved to the vocabulary; by default it
	// stays.
	RemoveOriginals bool `mapstructure:"remove_originals"`
	// DropContent removes what holds prompts and completions from spans and log records: false, true
	// (what is known to), or strict (also what is not known not to).
	DropContent dialect.Drop `mapstructure:"drop_content"`
	// Keep are attributes whose texts stay, up to 64 bytes, whatever drop_content says: a key, a.* for
	// all that begin so, event:NAME for events of a name, span:message for the messages of statuses,
	// log:body for the bodies of log records.
	Keep []string `mapstructure:"keep"`
	// Features is about names of features that people write by hand.
	Features Features `mapstructure:"features"`
	// Derive are features and segments of predictions that are worked out by OTTL value expressions,
	// after all else is read and removed; by the name of their attribute.
	Derive map[string]Derivation `mapstructure:"derive"`
	// AgentCalls counts an agent or a workflow with a model and tokens as a call where no call of
	// its trace has come, as nothing else then says what it cost. Where calls come through other
	// collectors than their agents, it must be off, or they count twice.
	AgentCalls bool `mapstructure:"agent_calls"`
	// MaxJSONBytes is the largest text that is read as JSON; a larger one is left as it is and
	// counted.
	MaxJSONBytes int `mapstructure:"max_json_bytes"`
	// MaxSeries is how many series pass in pipelines of metrics; 0 is no bound.
	MaxSeries int `mapstructure:"max_series"`
	// Catalog is the id of the catalog extension, which knows prices; without one the only one that
	// is enabled.
	Catalog *component.ID `mapstructure:"catalog"`
}

// Features is about ml.features.NAME and features.NAME, which become ml.feature.NAME on spans of
// hand-written dialects.
type Features struct {
	// Bare reads feature.NAME too, which feature flags use as well.
	Bare bool `mapstructure:"bare"`
	// Categories are features whose strings and booleans are taken; of others, numbers alone are.
	Categories []string `mapstructure:"categories"`
	// Exclude are names that are no features.
	Exclude []string `mapstructure:"exclude"`
}

// Derivation is how an attribute is worked out. A text stands for its value.
type Derivation struct {
	// Value is the expression.
	Value string `mapstructure:"value"`
	// Bounds cut a number into intervals, which are named: each has its upper bound in it. At most 64.
	Bounds []float64 `mapstructure:"bounds"`
	// Latitude and Longitude are expressions of degrees, in place of a value.
	Latitude  string `mapstructure:"latitude"`
	Longitude string `mapstructure:"longitude"`
	// Grid is the side of the cells that places are put into, 0.001 to 90 degrees.
	Grid float64 `mapstructure:"grid"`
	// MaxCells is how many cells are told apart, 1 to 10000; 1000 by default. Places beyond are
	// "other".
	MaxCells int `mapstructure:"max_cells"`
	// Overwrite replaces what the span has; by default the span is right.
	Overwrite bool `mapstructure:"overwrite"`
}

var (
	_ confmap.Validator        = (*Config)(nil)
	_ encoding.TextUnmarshaler = (*Derivation)(nil)
)

// UnmarshalText takes a text as the value.
func (d *Derivation) UnmarshalText(text []byte) error {
	*d = Derivation{Value: string(text)}
	return nil
}

// Bounds of max_json_bytes.
const (
	leastJSON = 1 << 10
	mostJSON  = 64 << 20
)

// defaultMaxSeries take about 200 MB of memory in an exporter and in a TSDB.
const defaultMaxSeries = 50_000

func createDefaultConfig() component.Config {
	return &Config{MaxJSONBytes: dialect.DefaultMaxJSON, AgentCalls: true, MaxSeries: defaultMaxSeries}
}

// Unmarshal reads drop_content where it is true or false as where it is a word.
func (c *Config) Unmarshal(conf *confmap.Conf) error {
	switch given := conf.Get("drop_content").(type) {
	case nil, string:
	case bool:
		if err := conf.Merge(confmap.NewFromStringMap(map[string]any{"drop_content": strconv.FormatBool(given)})); err != nil {
			return err
		}
	default:
		return fmt.Errorf("'drop_content': must be true, false or strict, not %v", given)
	}
	return conf.Unmarshal(c)
}

// Validate returns all violations, each naming its key.
func (c *Config) Validate() error {
	_, err := c.engine()
	_, deriveErr := c.derivations(zap.NewNop())
	return errors.Join(
		configcheck.Range("max_json_bytes", c.MaxJSONBytes, leastJSON, mostJSON),
		configcheck.Range("max_series", c.MaxSeries, 0, 100_000_000),
		featureNames("categories", c.Features.Categories),
		featureNames("exclude", c.Features.Exclude),
		c.keep(),
		deriveErr,
		err,
	)
}

// keep checks that what is kept would be removed.
func (c *Config) keep() error {
	if len(c.Keep) > 0 && c.DropContent == dialect.DropNothing {
		return errors.New("'keep': says what drop_content leaves, which is false")
	}
	return configcheck.Distinct("keep", c.Keep)
}

// featureNames checks that names are without the prefix of their attributes.
func featureNames(key string, names []string) error {
	var errs []error
	for i, n := range names {
		if n == "" || strings.HasPrefix(n, "feature.") || strings.HasPrefix(n, "ml.feature.") {
			errs = append(errs, fmt.Errorf("'features::%s[%d]': %q must be what follows feature. in the attribute's name", key, i, n))
		}
	}
	return errors.Join(errs...)
}

// derivations compiles what is derived; nil where nothing is.
func (c *Config) derivations(logger *zap.Logger) (*derivation.Set, error) {
	specs := make(map[string]derivation.Spec, len(c.Derive))
	for name, d := range c.Derive {
		specs[name] = derivation.Spec(d)
	}
	return derivation.New(specs, logger)
}

// engine compiles the tables.
func (c *Config) engine() (*dialect.Engine, error) {
	var errs []error
	var extra []*dialect.Table
	for i, raw := range c.Dialects {
		t, err := dialect.FromConfig(raw, fmt.Sprintf("dialects[%d]", i))
		errs = append(errs, err)
		if t != nil { // a broken one may still be extended, disabled or there twice
			extra = append(extra, t)
		}
	}
	engine, err := dialect.New(dialect.Options{
		Extra: extra, Disabled: c.DisabledDialects, RemoveOriginals: c.RemoveOriginals, Drop: c.DropContent, Keep: c.Keep,
		BareFeatures: c.Features.Bare, Categories: c.Features.Categories, ExcludeFeatures: c.Features.Exclude, MaxJSON: c.MaxJSONBytes,
		KeepAgents: !c.AgentCalls,
	})
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	return engine, nil
}

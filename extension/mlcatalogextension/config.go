// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlcatalogextension

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-ml/otelcol-ml/extension/mlcatalogextension/internal/feast"
	"github.com/otelcol-ml/otelcol-ml/extension/mlcatalogextension/internal/fetch"
	"github.com/otelcol-ml/otelcol-ml/extension/mlcatalogextension/internal/mlflow"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/configcheck"
	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc"
)

// defaultDirectory may be absent; any other directory must exist, when the config is validated and
// when the collector starts.
const defaultDirectory = "./catalog"

// Config is the configuration of the ml_catalog extension. The empty config works.
type Config struct {
	// Directory is the folder with the cards, with all folders below it; relative to the working
	// directory. The default, ./catalog, may be absent and is waited for; any other must exist.
	Directory string `mapstructure:"directory"`
	// ReloadInterval is the time between two looks at the folder, for file systems that send no
	// events (at least 1s); events are acted on within a fraction of a second. 0 turns the looks
	// off and leaves the events.
	ReloadInterval time.Duration `mapstructure:"reload_interval"`
	// Sources are registries whose facts are laid under the cards.
	Sources Sources `mapstructure:"sources"`
	// Storage is the id of the storage extension that keeps the last good answer of each source
	// over a restart; without one a source that is down when the collector starts is as if it knew
	// nothing.
	Storage *component.ID `mapstructure:"storage"`
}

var _ confmap.Validator = (*Config)(nil)

func createDefaultConfig() component.Config {
	return &Config{Directory: defaultDirectory, ReloadInterval: 30 * time.Second}
}

// Validate returns all violations, each naming its key. For the command "validate" those of the
// cards are among them; they keep no collector from starting.
func (c *Config) Validate() error {
	var errs []error
	if c.Directory == "" {
		errs = append(errs, errors.New("'directory': must not be empty"))
	}
	if err := configcheck.DurationOrZero("reload_interval", c.ReloadInterval, minInterval, 0); err != nil {
		errs = append(errs, err)
	}
	errs = append(errs, c.Sources.problems()...)
	if c.Storage != nil && len(c.Sources.MLflow)+len(c.Sources.Feast) == 0 {
		errs = append(errs, errors.New("'storage': is for 'sources', there are none"))
	}
	there, err := c.folder()
	switch {
	case c.Directory == "":
	case err != nil:
		errs = append(errs, err)
	case there && configcheck.Validating():
		_, err := catalog.Load(c.Directory)
		errs = append(errs, yamldoc.Violations(err)...)
	}
	return errors.Join(errs...)
}

// folder reports whether the folder with the cards is there. It is an error if it is not, unless it
// is the default, or cannot be read.
func (c *Config) folder() (there bool, err error) {
	info, err := os.Stat(c.Directory)
	switch {
	case errors.Is(err, fs.ErrNotExist) && c.Directory == defaultDirectory:
		return false, nil
	case errors.Is(err, fs.ErrNotExist):
		return false, fmt.Errorf("'directory': %s does not exist", absolute(c.Directory))
	case err != nil:
		return false, fmt.Errorf("'directory': %w", err)
	case !info.IsDir():
		return false, fmt.Errorf("'directory': %s is a file, must be a folder", absolute(c.Directory))
	}
	if _, err := os.ReadDir(c.Directory); err != nil {
		return false, fmt.Errorf("'directory': %w", err)
	}
	return true, nil
}

// absolute shows where a path leads to.
func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// Sources are the registries whose facts are laid under the cards. Where two of them speak of one
// model, MLflow's come before Feast's, and those of a kind in their order.
type Sources struct {
	// MLflow are model registries of MLflow.
	MLflow []MLflowConfig `mapstructure:"mlflow"`
	// Feast are projects of Feast registries.
	Feast []FeastConfig `mapstructure:"feast"`
}

// maxSources bounds the list, as each source has a goroutine.
const maxSources = 50

// SourceConfig is what all sources have.
type SourceConfig struct {
	// ClientConfig is the HTTP client: endpoint, tls, auth, headers, timeout (of one request) and
	// so on.
	confighttp.ClientConfig `mapstructure:",squash"`
	// Name tells the source apart in logs, metrics and the storage. Empty is the kind with the
	// endpoint's host (and Feast's project).
	Name string `mapstructure:"name"`
	// Interval is the time between two rounds of requests that are answered; failures wait from 5s
	// on, doubling, to 5m or the interval if that is longer.
	Interval time.Duration `mapstructure:"interval"`
	// StaleAfter is how long the last good answer counts as fresh; from then on its models have
	// ml.catalog.stale. 0 never marks.
	StaleAfter time.Duration `mapstructure:"stale_after"`
	// Environment is deployment.environment.name of all that the registry knows; empty is any.
	Environment string `mapstructure:"environment"`
	// Tags are globs of the tags that become attributes.
	Tags []string `mapstructure:"tags"`
	// MaxResponseSize is the largest answer to one request, in bytes; a larger one is a failure.
	MaxResponseSize int64 `mapstructure:"max_response_size"`
}

// MLflowConfig is a model registry of MLflow.
type MLflowConfig struct {
	SourceConfig `mapstructure:",squash"`
	// Models are globs of the registered models' names that are read; none is all.
	Models []string `mapstructure:"models"`
	// EnvironmentTag is the tag of a registered model, or of a version, whose value is its
	// environment; it goes before Environment.
	EnvironmentTag string `mapstructure:"environment_tag"`
	// Params and Metrics are globs of the run's parameters and metrics that become attributes of
	// the version.
	Params  []string `mapstructure:"params"`
	Metrics []string `mapstructure:"metrics"`
	// Limits bound what is kept.
	Limits MLflowLimits `mapstructure:"limits"`
}

// MLflowLimits bound what is kept of a model registry.
type MLflowLimits struct {
	// Models is the number of registered models; those after them by name are left out.
	Models int `mapstructure:"models"`
	// Versions is the number of the newest versions of a model, beside those with an alias (at most
	// 100).
	Versions int `mapstructure:"versions"`
	// Attributes is the number of tags, of parameters and of metrics each, of one model or version.
	Attributes int `mapstructure:"attributes"`
}

// FeastConfig is a project of a Feast registry.
type FeastConfig struct {
	SourceConfig `mapstructure:",squash"`
	// Project is Feast's.
	Project string `mapstructure:"project"`
	// FeatureViews are globs of the views that are read; none is all.
	FeatureViews []string `mapstructure:"feature_views"`
	// Limits bound what is kept.
	Limits FeastLimits `mapstructure:"limits"`
}

// FeastLimits bound what is kept of a Feast project.
type FeastLimits struct {
	// FeatureViews is the number of views, and Features that of the features of one.
	FeatureViews int `mapstructure:"feature_views"`
	Features     int `mapstructure:"features"`
}

var (
	_ confmap.Unmarshaler = (*MLflowConfig)(nil)
	_ confmap.Unmarshaler = (*FeastConfig)(nil)
)

func defaultSource() SourceConfig {
	client := confighttp.NewDefaultClientConfig()
	client.Timeout = 30 * time.Second
	client.IdleConnTimeout = 10 * time.Second // a round needs the connection for a moment
	return SourceConfig{
		ClientConfig: client, Interval: time.Minute, StaleAfter: 15 * time.Minute,
		Tags: []string{"ml.*"}, MaxResponseSize: fetch.DefaultMaxBody,
	}
}

// Unmarshal lays what is given over the defaults, as the items of a list have none.
func (c *MLflowConfig) Unmarshal(conf *confmap.Conf) error {
	*c = MLflowConfig{
		SourceConfig: defaultSource(), Params: []string{"*"}, Metrics: []string{"*"},
		Limits: MLflowLimits{Models: mlflow.DefaultMaxModels, Versions: mlflow.DefaultMaxVersions, Attributes: mlflow.DefaultMaxAttributes},
	}
	return conf.Unmarshal(c)
}

// Unmarshal lays what is given over the defaults, as the items of a list have none.
func (c *FeastConfig) Unmarshal(conf *confmap.Conf) error {
	*c = FeastConfig{
		SourceConfig: defaultSource(),
		Limits:       FeastLimits{FeatureViews: feast.DefaultMaxViews, Features: feast.DefaultMaxFeatures},
	}
	return conf.Unmarshal(c)
}

// minInterval is the least time between two looks at the folder or a source.
const minInterval = time.Second

// bounds of one source's options.
const (
	minResponseSize = 1 << 10
	maxResponseSize = 1 << 30
	maxLimit        = 100_000
	maxGlobs        = 1000
)

// problems are the violations of what all sources have, each with its key below the source's.
func (c *SourceConfig) problems() []error {
	var wrong configcheck.Violations
	if _, err := fetch.CheckEndpoint(c.Endpoint); err != nil {
		wrong.Add("endpoint", "%w", err)
	}
	wrong.Check(configcheck.Duration("interval", c.Interval, minInterval, 0))
	if err := configcheck.DurationOrZero("stale_after", c.StaleAfter, 0, 0); err != nil {
		wrong.Check(err)
	} else if c.StaleAfter != 0 && c.StaleAfter < c.Interval {
		wrong.Add("stale_after", "%v must be at least 'interval', %v, or 0 for never", c.StaleAfter, c.Interval)
	}
	wrong.Check(
		configcheck.Duration("timeout", c.Timeout, 0, 0),
		configcheck.DurationOrZero("idle_conn_timeout", c.IdleConnTimeout, 0, 0),
		configcheck.DurationOrZero("http2_read_idle_timeout", c.HTTP2ReadIdleTimeout, 0, 0),
		configcheck.DurationOrZero("http2_ping_timeout", c.HTTP2PingTimeout, 0, 0),
		configcheck.Range("max_response_size", c.MaxResponseSize, minResponseSize, maxResponseSize),
	)
	if len(c.Name) > fetch.MaxName {
		wrong.Add("name", "must have at most %d bytes", fetch.MaxName)
	}
	return append(wrong, globProblems("tags", c.Tags)...)
}

// globProblems are those of a list of globs.
func globProblems(key string, globs []string) (errs []error) {
	if len(globs) > maxGlobs {
		return []error{fmt.Errorf("'%s': has %d globs, at most %d are allowed", key, len(globs), maxGlobs)}
	}
	for i, g := range globs {
		if g == "" {
			errs = append(errs, fmt.Errorf("'%s[%d]': must not be empty", key, i))
		}
	}
	return errs
}

func limitProblem(key string, value int) []error {
	if err := configcheck.Range("limits::"+key, value, 1, maxLimit); err != nil {
		return []error{err}
	}
	return nil
}

// problems are all violations of an MLflow source.
func (c *MLflowConfig) problems() []error {
	return slices.Concat(c.SourceConfig.problems(), globProblems("models", c.Models), globProblems("params", c.Params), globProblems("metrics", c.Metrics),
		limitProblem("models", c.Limits.Models), limitProblem("versions", c.Limits.Versions), limitProblem("attributes", c.Limits.Attributes))
}

// problems are all violations of a Feast source.
func (c *FeastConfig) problems() []error {
	errs := slices.Concat(c.SourceConfig.problems(), globProblems("feature_views", c.FeatureViews),
		limitProblem("feature_views", c.Limits.FeatureViews), limitProblem("features", c.Limits.Features))
	if c.Project == "" {
		errs = append(errs, errors.New("'project': must not be empty"))
	}
	return errs
}

// name is the source's own or the kind with the host and more.
func (c *SourceConfig) name(kind string, more ...string) string {
	if c.Name != "" {
		return c.Name
	}
	host := ""
	if u, err := fetch.CheckEndpoint(c.Endpoint); err == nil {
		host = u.Host + strings.TrimSuffix(u.Path, "/")
	}
	return strings.Join(append([]string{kind, host}, more...), " ")
}

// problems are all violations of the sources, each with its key.
func (s *Sources) problems() (errs []error) {
	if n := len(s.MLflow) + len(s.Feast); n > maxSources {
		errs = append(errs, fmt.Errorf("'sources': there are %d, at most %d are allowed", n, maxSources))
	}
	at := func(kind string, i int, problems []error) {
		for _, err := range problems {
			errs = append(errs, fmt.Errorf("'sources::%s[%d]::%s", kind, i, strings.TrimPrefix(err.Error(), "'")))
		}
	}
	for i := range s.MLflow {
		at("mlflow", i, s.MLflow[i].problems())
	}
	for i := range s.Feast {
		at("feast", i, s.Feast[i].problems())
	}
	first := map[string]string{}
	for _, p := range s.plans() {
		if other, ok := first[p.name]; ok {
			errs = append(errs, fmt.Errorf("'%s::name': %q is the name of %s, too; give the two names of their own", p.key, p.name, other))
			continue
		}
		first[p.name] = p.key
	}
	return errs
}

// dependencies are the extensions that have to start before: those that authenticate and the
// storage.
func (c *Config) dependencies() []component.ID {
	var ids []component.ID
	add := func(id component.ID) {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	for _, p := range c.Sources.plans() {
		if p.config.Auth.HasValue() {
			add(p.config.Auth.Get().AuthenticatorID)
		}
		for _, m := range p.config.Middlewares {
			add(m.ID)
		}
	}
	if c.Storage != nil {
		add(*c.Storage)
	}
	return ids
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlcatalogextension

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/configcheck"
	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc"
)

// defaultDirectory may be absent; any other directory must exist, when the config is validated and when the collector starts.
const defaultDirectory = "./catalog"

// Config is the configuration of the ml_catalog extension. The empty config works.
type Config struct {
	// Directory is the folder with the cards, with all folders below it; relative to the working directory.
	// The default, ./catalog, may be absent and is waited for; any other must exist.
	Directory string `mapstructure:"directory"`
	// ReloadInterval is the time between two looks at the folder, for file systems that send no events (at least 1s);
	// events are acted on within a fraction of a second. 0 turns the looks off and leaves the events.
	ReloadInterval time.Duration `mapstructure:"reload_interval"`
	// Sources are registries whose facts are laid under the cards.
	Sources Sources `mapstructure:"sources"`
	// Storage is the id of the storage extension that keeps the last good answer of each source over a restart; without one a source
	// that is down when the collector starts is as if it knew nothing.
	Storage *component.ID `mapstructure:"storage"`
}

var _ confmap.Validator = (*Config)(nil)

func createDefaultConfig() component.Config {
	return &Config{Directory: defaultDirectory, ReloadInterval: 30 * time.Second}
}

// Validate returns all violations, each naming its key. For the command "validate" those of the cards are among them; they keep no collector
// from starting.
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

// folder reports whether the folder with the cards is there. It is an error if it is not, unless it is the default, or cannot be read.
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

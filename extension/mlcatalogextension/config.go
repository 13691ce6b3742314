// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlcatalogextension

import (
	"errors"
	"fmt"
	"os"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

// defaultDirectory may be absent; any other directory must exist.
const defaultDirectory = "./catalog"

// Config is the configuration of the ml_catalog extension. The empty config works.
type Config struct {
	// Directory is the folder with the cards, with all folders below it; relative to the working directory.
	// The default, ./catalog, may be absent and is waited for.
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

// Validate returns all violations, each naming its key, with those of the cards where the directory exists. A
// directory that does not is left to Start: the machine that validates need not be the one that runs.
func (c *Config) Validate() error {
	var errs []error
	if c.Directory == "" {
		errs = append(errs, errors.New("'directory': must not be empty"))
	}
	if c.ReloadInterval != 0 && c.ReloadInterval < time.Second {
		errs = append(errs, fmt.Errorf("'reload_interval': %v must be at least 1s, or 0 for none", c.ReloadInterval))
	}
	errs = append(errs, c.Sources.problems()...)
	if c.Storage != nil && len(c.Sources.MLflow)+len(c.Sources.Feast) == 0 {
		errs = append(errs, errors.New("'storage': is for 'sources', there are none"))
	}
	if info, err := os.Stat(c.Directory); err == nil {
		if !info.IsDir() {
			errs = append(errs, fmt.Errorf("'directory': %s is a file, must be a folder", c.Directory))
		} else if _, err := catalog.Load(c.Directory); err != nil {
			errs = append(errs, catalog.Violations(err)...)
		}
	}
	return errors.Join(errs...)
}

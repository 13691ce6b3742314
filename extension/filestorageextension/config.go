// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package filestorageextension

import (
	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-ml/otelcol-ml/internal/configcheck"
)

// The values of Config.OnCorrupt.
const (
	// OnCorruptRefuse refuses to start.
	OnCorruptRefuse = "refuse"
	// OnCorruptSetAside moves the file away and starts with an empty one.
	OnCorruptSetAside = "set_aside"
)

// Config is the configuration of the file_storage extension: contrib's, and one option more.
type Config struct {
	filestorage.Config `mapstructure:",squash"`
	// OnCorrupt is what happens at the start with a data file that is damaged: refuse (the default)
	// or set_aside.
	OnCorrupt string `mapstructure:"on_corrupt"`
}

var _ confmap.Validator = (*Config)(nil)

func createDefaultConfig() component.Config {
	return &Config{Config: *filestorage.NewFactory().CreateDefaultConfig().(*filestorage.Config), OnCorrupt: OnCorruptRefuse}
}

// Validate checks what is ours; contrib's part is validated as a field.
func (c *Config) Validate() error {
	return configcheck.OneOf("on_corrupt", c.OnCorrupt, OnCorruptRefuse, OnCorruptSetAside)
}

// setsAside is true where a damaged file is moved away. Contrib's recreate means the same for the
// damages that it sees.
func (c *Config) setsAside() bool { return c.OnCorrupt == OnCorruptSetAside || c.Recreate }

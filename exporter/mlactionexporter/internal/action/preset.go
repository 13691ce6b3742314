// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package action

import (
	"embed"
	"fmt"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc"
)

//go:embed presets/*.yaml
var presets embed.FS

// Presets returns the names of the actions that are shipped, sorted.
func Presets() []string {
	entries, err := presets.ReadDir("presets")
	if err != nil {
		panic("BUG: the presets are not embedded: " + err.Error())
	}
	names := make([]string, 0, len(entries))
	for _, entry := range entries {
		names = append(names, strings.TrimSuffix(entry.Name(), ".yaml"))
	}
	return names
}

// Preset returns the shipped action of a name. The error for an unknown name lists the known ones.
func Preset(name string) (*Definition, error) {
	data, err := presets.ReadFile("presets/" + name + ".yaml")
	if err != nil {
		known := Presets()
		return nil, fmt.Errorf("there is no preset %q%s (there are %s)", yamldoc.Clip(name), yamldoc.Suggest(name, known), strings.Join(known, ", "))
	}
	return Read("presets/"+name+".yaml", data)
}

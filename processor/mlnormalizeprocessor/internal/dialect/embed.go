// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"embed"
	"fmt"
	"path"
	"sync"
)

//go:embed dialects/*.yaml
var files embed.FS

// embedded returns the tables of the folder dialects, in the order of their files. They are shared
// and must not be changed.
var embedded = sync.OnceValue(func() []*Table {
	tables, err := loadEmbedded()
	if err != nil {
		panic(fmt.Sprintf("BUG: %v", err)) // a test loads them
	}
	return tables
})

// systems returns what content.yaml has. They are shared and must not be changed.
var systems = sync.OnceValue(func() []system {
	found, err := loadSystems()
	if err != nil {
		panic(fmt.Sprintf("BUG: %v", err)) // a test loads them
	}
	return found
})

func loadEmbedded() ([]*Table, error) {
	entries, err := files.ReadDir("dialects")
	if err != nil {
		return nil, err
	}
	var out []*Table
	for _, e := range entries {
		data, err := files.ReadFile(path.Join("dialects", e.Name()))
		if err != nil {
			return nil, err
		}
		tables, err := Tables("processor/mlnormalizeprocessor/internal/dialect/dialects/"+e.Name(), data)
		if err != nil {
			return nil, err
		}
		out = append(out, tables...)
	}
	return out, nil
}

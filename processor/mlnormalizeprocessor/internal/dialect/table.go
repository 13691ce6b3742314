// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc"
)

// Tables parses the documents of a YAML file, one table each. The error joins every violation.
func Tables(file string, data []byte) ([]*Table, error) {
	report := &yamldoc.Report{}
	docs, _ := yamldoc.Parse(file, data, documents, report)
	var out []*Table
	for _, doc := range docs {
		out = append(out, (&decoder{doc}).table(doc.Root, ""))
	}
	return out, report.Err()
}

// FromConfig reads a table that the collector's config gives at a path such as dialects[0].
func FromConfig(raw map[string]any, path string) (*Table, error) {
	data, err := yaml.Marshal(raw)
	if err != nil {
		return nil, fmt.Errorf("'%s': %w", path, err)
	}
	report := &yamldoc.Report{}
	options := documents
	options.Key = path
	docs, _ := yamldoc.Parse("", data, options, report)
	if len(docs) == 0 {
		return nil, report.Err()
	}
	t := (&decoder{docs[0]}).table(docs[0].Root, path)
	return t, report.Err()
}

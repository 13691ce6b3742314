// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package distro

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Components are component types by kind ("receivers"); the schemes of config providers are under
// "providers".
type Components map[string][]string

// Stock are the components of the stock distribution otelcol v0.158.0.
var Stock = Components{
	"receivers":  {"nop", "otlp", "host_metrics", "jaeger", "kafka", "prometheus", "zipkin"},
	"processors": {"batch", "memory_limiter", "attributes", "resource", "span", "probabilistic_sampler", "filter"},
	"exporters": {
		"debug", "nop", "otlp_grpc", "otlp_http", "file", "kafka", "prometheus", "prometheus_remote_write", "zipkin",
	},
	"connectors": {"forward"},
	"extensions": {"zpages", "health_check", "pprof"},
	"providers":  {"env", "file", "http", "https", "yaml"},
}

// renamed are the names that stock components had before, by kind.
var renamed = map[string]map[string]string{
	"receivers": {"hostmetrics": "host_metrics"},
	"exporters": {"otlp": "otlp_grpc", "otlphttp": "otlp_http", "prometheusremotewrite": "prometheus_remote_write"},
}

// Missing returns what is in want and not in have, as "receivers: kafka", in order.
func Missing(want, have Components) []string {
	var missing []string
	for _, kind := range slices.Sorted(maps.Keys(want)) {
		for _, name := range want[kind] {
			if !slices.Contains(have[kind], name) {
				missing = append(missing, kind+": "+name)
			}
		}
	}
	return missing
}

// ParseComponents reads the output of the collector's components command.
func ParseComponents(output []byte) (Components, error) {
	var document map[string]yaml.Node
	if err := yaml.Unmarshal(output, &document); err != nil {
		return nil, err
	}
	parsed := Components{}
	for kind := range Stock {
		var entries []struct{ Name, Scheme string }
		node, ok := document[kind]
		if !ok {
			return nil, fmt.Errorf("no %q in the output", kind)
		}
		if err := node.Decode(&entries); err != nil {
			return nil, fmt.Errorf("%q: %w", kind, err)
		}
		for _, entry := range entries {
			parsed[kind] = append(parsed[kind], entry.Name+entry.Scheme) // one of them is empty
		}
	}
	return parsed, nil
}

// Used adds the components that a config uses to used, old names under their new ones, and notes
// the old names in old.
func Used(config []byte, used Components, old map[string]bool) error {
	var document map[string]any
	if err := yaml.Unmarshal(config, &document); err != nil {
		return err
	}
	for kind := range Stock {
		section, ok := document[kind].(map[string]any)
		if !ok {
			continue // absent, or taken from a provider
		}
		for id := range section {
			name, _, _ := strings.Cut(id, "/")
			if now, ok := renamed[kind][name]; ok {
				old[name] = true
				name = now
			}
			used[kind] = append(used[kind], name)
		}
	}
	for _, scheme := range Stock["providers"] {
		if strings.Contains(string(config), "${"+scheme+":") {
			used["providers"] = append(used["providers"], scheme)
		}
	}
	return nil
}

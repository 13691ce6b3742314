// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package enabledconverter refuses a config in which a component names an extension that is not
// enabled.
//
// A component sees its own part of the config alone, so that the collector would find this at the
// start, one component at a time, and "validate" never. A converter of confmap sees the whole
// config before any component does; this one changes nothing and returns all that is wrong at once.
// It looks at components that are in a pipeline or in service::extensions, as the others are never
// started.
package enabledconverter

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-ml/otelcol-ml/internal/nearest"
)

// delimiter stands between the keys of a path.
const delimiter = "::"

// sections are the parts of a config in which components are configured.
var sections = []string{"receivers", "processors", "exporters", "connectors", "extensions"}

// references are the keys with the ids of extensions, by section and type. Those of a type "" are
// of all components of the section.
var references = map[string]map[string][]string{
	"receivers": {
		"":               {middlewaresKey, "protocols::grpc::" + middlewaresKey, "protocols::http::" + middlewaresKey},
		"ground_truth":   {"files::storage"},
		"inference_log":  {catalogKey, "sagemaker::storage"},
		"ml_delta":       {"auth::sasl::oauthbearer_token_source"},
		"file_log":       {storageKey},
		"filelog":        {storageKey},
		"otlp_json_file": {storageKey},
		"otlpjsonfile":   {storageKey},
	},
	"processors": {
		"ml_normalize": {catalogKey},
		"ml_metadata":  {catalogKey},
		"ml_contract":  {catalogKey},
	},
	"exporters": {
		"":          {"sending_queue::storage"},
		"ml_action": {catalogKey, storageKey, "leader_elector"},
	},
	"connectors": {
		"ml_summary":       {catalogKey},
		"ml_drift":         {catalogKey, storageKey},
		"ml_job":           {catalogKey, storageKey},
		"ml_evaluation":    {catalogKey, storageKey},
		"prometheus_rules": {catalogKey},
	},
	"extensions": {
		catalogType: {storageKey},
	},
}

const (
	catalogKey = "catalog"
	storageKey = "storage"
	// middlewaresKey has a list of {id: …}.
	middlewaresKey = "middlewares"

	catalogType = "ml_catalog"
)

// NewFactory returns the factory of the converter.
func NewFactory() confmap.ConverterFactory {
	return confmap.NewConverterFactory(func(confmap.ConverterSettings) confmap.Converter { return converter{} })
}

type converter struct{}

// Convert returns an error that lists each reference to an extension that is not enabled, and
// leaves the config as it is.
func (converter) Convert(_ context.Context, conf *confmap.Conf) error {
	all := conf.ToStringMap()
	service := mapping(all["service"])
	c := check{
		configured: mapping(all["extensions"]),
		enabled:    list(service["extensions"]),
	}
	for _, id := range c.enabled {
		if kind(id) == catalogType {
			c.catalogs = append(c.catalogs, id)
		}
	}
	slices.Sort(c.catalogs)
	used := usedComponents(mapping(service["pipelines"]), c.enabled)
	for _, section := range sections {
		components := mapping(all[section])
		for _, id := range slices.Sorted(maps.Keys(components)) {
			if !used[use{section, id}] {
				continue
			}
			keys := slices.Concat(references[section][""], references[section][kind(id)])
			for _, key := range keys {
				c.reference(section+delimiter+id+delimiter+key, key, mapping(components[id]))
			}
		}
	}
	return errors.Join(c.errs...)
}

// use is a component in the section of a pipeline where it stands. A connector stands among
// receivers and exporters.
type use struct{ section, id string }

// usedComponents returns the components that are started.
func usedComponents(pipelines map[string]any, enabled []string) map[use]bool {
	used := make(map[use]bool)
	for _, p := range pipelines {
		pipeline := mapping(p)
		for _, section := range []string{"receivers", "processors", "exporters"} {
			for _, id := range list(pipeline[section]) {
				used[use{section, id}], used[use{"connectors", id}] = true, true
			}
		}
	}
	for _, id := range enabled {
		used[use{"extensions", id}] = true
	}
	return used
}

type check struct {
	configured        map[string]any
	enabled, catalogs []string
	errs              []error
}

func (c *check) fail(format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf(format, args...))
}

// reference checks what a component's config says under key.
func (c *check) reference(path, key string, config map[string]any) {
	ids := find(config, key)
	if len(ids) == 0 {
		if key == catalogKey && len(c.catalogs) > 1 {
			c.fail("'%s': %s are enabled; name the one to use", path, strings.Join(c.catalogs, " and "))
		}
		return
	}
	for _, id := range ids {
		if !slices.Contains(c.enabled, id) {
			c.missing(path, id)
		}
	}
}

// missing says what is to be done about an extension that is not enabled.
func (c *check) missing(path, id string) {
	_, configured := c.configured[id]
	where := "is not enabled; list it in service::extensions"
	if !configured {
		where = "is not configured; add it to extensions and to service::extensions"
		known := slices.Sorted(maps.Keys(c.configured))
		if near, ok := nearest.Name(id, known); ok {
			where = fmt.Sprintf("is not configured; did you mean %q?", near)
		}
	}
	c.fail("'%s': extension %q %s", path, id, where)
}

// find returns the ids under a path of keys: one, or those of a list of middlewares. What is none
// is the component's to refuse.
func find(config map[string]any, path string) []string {
	keys := strings.Split(path, delimiter)
	last := keys[len(keys)-1]
	for _, key := range keys[:len(keys)-1] {
		config = mapping(config[key])
	}
	values := []any{config[last]}
	if last == middlewaresKey {
		entries, _ := config[last].([]any)
		values = make([]any, len(entries))
		for i, entry := range entries {
			values[i] = mapping(entry)["id"]
		}
	}
	return list(values)
}

// kind is the type in the id of a component.
func kind(id string) string {
	before, _, _ := strings.Cut(id, "/")
	return strings.TrimSpace(before)
}

func mapping(value any) map[string]any {
	m, _ := value.(map[string]any)
	return m
}

func list(value any) []string {
	values, _ := value.([]any)
	var ids []string
	for _, v := range values {
		if id, ok := v.(string); ok && strings.TrimSpace(id) != "" {
			ids = append(ids, strings.TrimSpace(id))
		}
	}
	return ids
}

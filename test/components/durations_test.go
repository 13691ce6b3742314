// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package components

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-ml/otelcol-ml/connector/mldriftconnector"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector"
	"github.com/otelcol-ml/otelcol-ml/connector/prometheusrulesconnector"
	"github.com/otelcol-ml/otelcol-ml/exporter/alertmanagerexporter"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter"
	"github.com/otelcol-ml/otelcol-ml/extension/mlcatalogextension"
	"github.com/otelcol-ml/otelcol-ml/processor/mlcontractprocessor"
	"github.com/otelcol-ml/otelcol-ml/processor/mlmetadataprocessor"
	"github.com/otelcol-ml/otelcol-ml/processor/mlnormalizeprocessor"
	"github.com/otelcol-ml/otelcol-ml/receiver/groundtruthreceiver"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver"
	"github.com/otelcol-ml/otelcol-ml/receiver/mldeltareceiver"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
)

var factories = map[string]component.Factory{
	"alertmanager":  alertmanagerexporter.NewFactory(),
	"ground_truth":  groundtruthreceiver.NewFactory(),
	"inference_log": inferencelogreceiver.NewFactory(),
	"ml_action":     mlactionexporter.NewFactory(),
	"ml_catalog":    mlcatalogextension.NewFactory(),
	"ml_delta":      mldeltareceiver.NewFactory(),
	"ml_drift":      mldriftconnector.NewFactory(),
	"ml_job":        mljobconnector.NewFactory(),
	"ml_metadata":   mlmetadataprocessor.NewFactory(),
	"ml_contract":   mlcontractprocessor.NewFactory(),
	"ml_normalize":  mlnormalizeprocessor.NewFactory(),
	"ml_summary":    mlsummaryconnector.NewFactory(),

	"prometheus_rules": prometheusrulesconnector.NewFactory(),
}

const module = "github.com/otelcol-ml/otelcol-ml/"

var duration = reflect.TypeFor[time.Duration]()

// durations returns the paths to all durations of a config; structs of the collector's own
// packages, embedded or not, are left alone.
func durations(config reflect.Type, path []reflect.StructField) [][]reflect.StructField {
	switch config.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return durations(config.Elem(), path)
	case reflect.Struct:
	default:
		return nil
	}
	if !strings.HasPrefix(config.PkgPath()+"/", module) {
		return nil
	}
	var found [][]reflect.StructField
	for field := range config.Fields() {
		if !field.IsExported() {
			continue
		}
		at := append(slices.Clip(path), field)
		switch {
		case field.Type == duration, field.Type.Kind() == reflect.Pointer && field.Type.Elem() == duration:
			found = append(found, at)
		default:
			found = append(found, durations(field.Type, at)...)
		}
	}
	return found
}

// set gives the duration at a path a value; lists and maps on the way have one element.
func set(value reflect.Value, path []reflect.StructField, to time.Duration) {
	switch value.Kind() {
	case reflect.Pointer:
		if value.IsNil() {
			value.Set(reflect.New(value.Type().Elem()))
		}
		set(value.Elem(), path, to)
	case reflect.Slice:
		if value.Len() == 0 {
			value.Set(reflect.MakeSlice(value.Type(), 1, 1))
		}
		set(value.Index(0), path, to)
	case reflect.Map:
		element := reflect.New(value.Type().Elem()).Elem()
		set(element, path, to)
		value.Set(reflect.MakeMap(value.Type()))
		value.SetMapIndex(reflect.ValueOf("key").Convert(value.Type().Key()), element)
	case reflect.Struct:
		set(value.FieldByIndex(path[0].Index), path[1:], to)
	default:
		value.SetInt(int64(to))
	}
}

// key is the name in YAML.
func key(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("mapstructure"), ",")
	return name
}

func TestNumbersWithoutAUnitAreRefused(t *testing.T) {
	total := 0
	for _, name := range slices.Sorted(maps.Keys(factories)) {
		for _, path := range durations(reflect.TypeOf(factories[name].CreateDefaultConfig()), nil) {
			total++
			keys := make([]string, 0, len(path))
			for _, field := range path {
				keys = append(keys, key(field))
			}
			t.Run(name+"/"+strings.Join(keys, "::"), func(t *testing.T) {
				config := factories[name].CreateDefaultConfig()
				set(reflect.ValueOf(config), path, 5)
				err := confmap.Validate(config)
				require.Error(t, err)
				last := regexp.QuoteMeta(keys[len(keys)-1])
				assert.Regexp(t, `(?m)`+last+`\b.*5ns.*write 5s`, err.Error())
			})
		}
	}
	assert.GreaterOrEqual(t, total, 20)
}

// The same as a user writes it, through the binary.
func TestValidateSaysWhatToWrite(t *testing.T) {
	const config = `
receivers: {otlp: {protocols: {grpc: {}}}}
connectors: {ml_summary: {flush_interval: 5}}
exporters: {debug: {}}
service:
  pipelines:
    traces: {receivers: [otlp], exporters: [ml_summary]}
    metrics: {receivers: [ml_summary], exporters: [debug]}
`
	_, stderr, status := harness.Run(t, nil, append([]string{"validate"}, harness.ConfigArgs(t, config)...)...)
	assert.NotZero(t, status)
	assert.Contains(t, stderr, "flush_interval")
	assert.Contains(t, stderr, "write 5s")
}

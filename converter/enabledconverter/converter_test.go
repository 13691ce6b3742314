// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package enabledconverter

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

func convert(t *testing.T, yaml string) error {
	t.Helper()
	retrieved, err := confmap.NewRetrievedFromYAML([]byte(yaml))
	require.NoError(t, err)
	conf, err := retrieved.AsConf()
	require.NoError(t, err)
	before := conf.ToStringMap()
	defer func() { assert.Equal(t, before, conf.ToStringMap(), "the config stays as it is") }()
	return NewFactory().Create(confmap.ConverterSettings{}).Convert(t.Context(), conf)
}

// everything names an extension wherever one can be named.
const everything = `
receivers:
  otlp: {protocols: {grpc: {middlewares: [{id: nesting_limit}]}, http: {middlewares: [{id: nesting_limit}, {}, 5]}}}
  file_log: {storage: file_storage}
  inference_log/a: {catalog: ml_catalog, sagemaker: {storage: file_storage}}
processors:
  ml_normalize: {catalog: ml_catalog}
  ml_metadata: {catalog: ml_catalog}
exporters:
  debug:
  otlp_grpc/queue: {sending_queue: {storage: file_storage}}
  otlp_http/unused: {sending_queue: {storage: elsewhere}}
connectors:
  ml_summary: {catalog: ml_catalog}
  ml_drift: {catalog: ml_catalog, storage: file_storage}
  ml_job: {catalog: ml_catalog, storage: file_storage}
extensions:
  file_storage:
  nesting_limit:
  ml_catalog: {storage: file_storage}
service:
  extensions: [EXTENSIONS]
  pipelines:
    traces: {receivers: [otlp, inference_log/a], processors: [ml_normalize, ml_metadata], exporters: [ml_summary, ml_job, otlp_grpc/queue]}
    metrics: {receivers: [ml_summary, ml_job], exporters: [ml_drift]}
    metrics/results: {receivers: [ml_drift], exporters: [debug]}
    logs: {receivers: [file_log], exporters: [debug]}
`

func TestAllEnabled(t *testing.T) {
	require.NoError(t, convert(t, strings.Replace(everything, "EXTENSIONS", "ml_catalog, file_storage, nesting_limit", 1)))
}

func TestNothingEnabled(t *testing.T) {
	err := convert(t, strings.Replace(everything, "EXTENSIONS", "", 1))
	require.Error(t, err)
	var want []string
	for _, key := range []string{
		"receivers::file_log::storage", "receivers::inference_log/a::catalog", "receivers::inference_log/a::sagemaker::storage", "receivers::otlp::protocols::grpc::middlewares",
		"receivers::otlp::protocols::http::middlewares", "processors::ml_metadata::catalog",
		"processors::ml_normalize::catalog", "exporters::otlp_grpc/queue::sending_queue::storage", "connectors::ml_drift::catalog", "connectors::ml_drift::storage",
		"connectors::ml_job::catalog", "connectors::ml_job::storage", "connectors::ml_summary::catalog",
	} {
		id := "file_storage"
		if strings.HasSuffix(key, "catalog") {
			id = "ml_catalog"
		}
		if strings.HasSuffix(key, "middlewares") {
			id = "nesting_limit"
		}
		want = append(want, "'"+key+"': extension \""+id+"\" is not enabled; list it in service::extensions")
	}
	assert.Equal(t, want, strings.Split(err.Error(), "\n"))

	err = convert(t, strings.Replace(everything, "EXTENSIONS", "ml_catalog", 1))
	assert.ErrorContains(t, err, `'extensions::ml_catalog::storage': extension "file_storage" is not enabled`, "an extension that is enabled, too")
}

func TestReference(t *testing.T) {
	const frame = `
exporters: {debug: }
connectors: {ml_drift: {DRIFT}}
extensions: {file_storage: , ml_catalog: , ml_catalog/b: }
service:
  extensions: [EXTENSIONS]
  pipelines: {metrics: {receivers: [x], exporters: [ml_drift]}, logs: {receivers: [ml_drift], exporters: [debug]}}
`
	for name, c := range map[string]struct{ drift, extensions, want string }{
		"none named":        {"", "file_storage, ml_catalog", ""},
		"no catalog":        {"", "file_storage", ""},
		"blanks":            {"storage: ' file_storage '", "file_storage", ""},
		"misspelt":          {"storage: file_storag", "file_storage", `'connectors::ml_drift::storage': extension "file_storag" is not configured; did you mean "file_storage"?`},
		"unknown":           {"storage: redis_storage/x", "file_storage", `'connectors::ml_drift::storage': extension "redis_storage/x" is not configured; add it to extensions and to service::extensions`},
		"two catalogs":      {"", "ml_catalog/b, ml_catalog", `'connectors::ml_drift::catalog': ml_catalog and ml_catalog/b are enabled; name the one to use`},
		"one of them":       {"catalog: ml_catalog/b", "ml_catalog/b, ml_catalog", ""},
		"of another type":   {"storage: [file_storage]", "", ""}, // the component's to refuse
		"nothing is there":  {"storage: ", "", ""},
		"enabled, not made": {"storage: other", "other", ""}, // the collector's to refuse
	} {
		t.Run(name, func(t *testing.T) {
			err := convert(t, strings.NewReplacer("DRIFT", c.drift, "EXTENSIONS", c.extensions).Replace(frame))
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			assert.EqualError(t, err, c.want)
		})
	}
}

func TestConfigsWithoutSections(t *testing.T) {
	for _, yaml := range []string{"{}", "service: ", "service: 5", "service: {extensions: x, pipelines: [1]}", "extensions: [1]\nconnectors: x", "service: {pipelines: {traces: {receivers: 1, exporters: [{a: b}]}}}"} {
		require.NoError(t, convert(t, yaml), yaml)
	}
}

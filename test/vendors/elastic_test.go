// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package vendors

import (
	"net/http"
	"regexp"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

var elasticService = regexp.MustCompile(`^[a-zA-Z0-9 _-]+$`)

// elastic is the managed OTLP endpoint of Elastic Cloud, as these pages (github.com/elastic/opentelemetry) have it:
//
//   - docs/reference/motlp: the header "Authorization: ApiKey …" ("ApiKey prefix not found" without the word); cumulative histograms are dropped;
//     429 where too much comes.
//   - docs/reference/compatibility/limitations: the same of histograms, "exemplars are currently discarded", and the expression that service.name
//     has to match.
func elastic() vendor {
	service := func(resource pcommon.Resource, f *findings) {
		if name, ok := resource.Attributes().Get("service.name"); ok && !elasticService.MatchString(name.Str()) {
			f.lose("service.name is %q", name.Str())
		}
	}
	return vendor{
		name: "elastic", host: "shop.ingest.eu-west-1.aws.elastic.cloud:443",
		env:    []string{"ELASTIC_OTLP_ENDPOINT=https://shop.ingest.eu-west-1.aws.elastic.cloud:443", "ELASTIC_API_KEY=VGhl=="},
		header: "Authorization", secret: "ApiKey VGhl==", denied: refusal{http.StatusUnauthorized, "ApiKey prefix not found"},
		paths:        map[string]signal{"/v1/traces": traces, "/v1/metrics": metrics, "/v1/logs": logs},
		accepted:     map[signal]int{traces: http.StatusOK, metrics: http.StatusOK, logs: http.StatusOK},
		compressions: []string{"", "gzip"},
		traceRules: []func(ptrace.Traces, *findings){func(td ptrace.Traces, f *findings) {
			eachSpan(td, func(resource pcommon.Resource, _ ptrace.Span) { service(resource, f) })
		}},
		metricRules: []func(pmetric.Metrics, *findings){cumulative(false, false, true, "kept"), pointsHaveValues, func(md pmetric.Metrics, f *findings) {
			eachPoint(md, func(resource pcommon.Resource, _ pmetric.Metric, _ point) { service(resource, f) })
		}},
		logRules: []func(plog.Logs, *findings){func(ld plog.Logs, f *findings) {
			eachRecord(ld, func(resource pcommon.Resource, _ plog.LogRecord) { service(resource, f) })
		}},
	}
}

func elasticRefuses() []bad {
	return []bad{
		{"a key without its scheme", func(r *message) { r.header.Set("Authorization", "VGhl==") }, "401: ApiKey prefix not found"},
		{"a cumulative histogram", func(r *message) { r.histogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative) }, "duration is cumulative"},
		{"a name with a dot, of spans", func(r *message) { r.only(traces); r.resource().PutStr("service.name", "shop.eu") }, `service.name is "shop.eu"`},
		{"a name with a slash, of metrics", func(r *message) { r.resource().PutStr("service.name", "shop/eu") }, `service.name is "shop/eu"`},
		{"no name, of logs", func(r *message) { r.only(logs); r.resource().PutStr("service.name", "") }, `service.name is ""`},
		{"a point without a value", func(r *message) {
			r.sum().DataPoints().At(0).SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(true))
		}, "a point of requests has no value"},
	}
}

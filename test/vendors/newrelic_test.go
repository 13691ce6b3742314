// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package vendors

import (
	"net/http"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// newRelic is New Relic's OTLP endpoint, as these pages of docs.newrelic.com (github.com/newrelic/docs-website) have it. What is wrong inside
// of a request is answered with success, and said later in an NrIntegrationError.
//
//   - opentelemetry/best-practices/opentelemetry-otlp: the hosts, the header api-key, 404 for another path, TLS 1.2; names of 255 characters,
//     values of 4,095, arrays of 64; no maps; less than 1 MB (10^6 bytes) a request; gzip and zstd.
//   - opentelemetry/best-practices/opentelemetry-best-practices-metrics: deltas that go up and down are not supported. Cumulative sums and histograms
//     are, and cost more: here they are taken for a mistake.
//   - data-apis/ingest-apis/metric-api/metric-api-limits-restricted-attributes: 100 attributes a point, none with the metric's name; at most 48 hours old;
//     no NaN and no infinity.
//   - data-apis/custom-data/custom-events/data-requirements-limits-custom-event-data: 254 attributes an event, as spans and log records are.
func newRelic() vendor {
	of := limits{name: 255, value: 4095, array: 64, count: 254}
	ofPoint := of
	ofPoint.count = 100
	return vendor{
		name: "newrelic", host: "otlp.eu01.nr-data.net:443",
		env:    []string{"NEW_RELIC_OTLP_ENDPOINT=https://otlp.eu01.nr-data.net", "NEW_RELIC_LICENSE_KEY=eu01xx"},
		header: "api-key", secret: "eu01xx", denied: refusal{http.StatusForbidden, ""},
		paths:        map[string]signal{"/v1/traces": traces, "/v1/metrics": metrics, "/v1/logs": logs},
		accepted:     map[signal]int{traces: http.StatusOK, metrics: http.StatusOK, logs: http.StatusOK},
		compressions: []string{"", "gzip"},
		size: func(_ signal, _ bool, wire, _ int) *refusal {
			return tooLarge(wire, 999_999, "")
		},
		traceRules: []func(ptrace.Traces, *findings){func(td ptrace.Traces, f *findings) {
			eachSpan(td, func(resource pcommon.Resource, span ptrace.Span) {
				of.check("a span", f, resource.Attributes(), span.Attributes())
				for _, event := range span.Events().All() {
					of.check("a span's event", f, event.Attributes())
				}
			})
		}},
		metricRules: []func(pmetric.Metrics, *findings){cumulative(false, true, true, "kept"), pointsHaveValues, func(md pmetric.Metrics, f *findings) {
			eachPoint(md, func(resource pcommon.Resource, m pmetric.Metric, p point) {
				ofPoint.check("a point of "+m.Name(), f, resource.Attributes(), p.attributes)
				if _, same := p.attributes.Get(m.Name()); same {
					f.lose("%s has an attribute of its own name", m.Name())
				}
				if m.Type() == pmetric.MetricTypeSum && !p.monotonic && p.temporality == pmetric.AggregationTemporalityDelta {
					f.lose("%s is a delta that goes up and down", m.Name())
				}
				if age := f.now.Sub(p.time.AsTime()); age > 48*time.Hour {
					f.lose("a point of %s is %v old", m.Name(), age.Round(time.Hour))
				}
			})
		}},
		deltas: true,
		logRules: []func(plog.Logs, *findings){old(48 * time.Hour), func(ld plog.Logs, f *findings) {
			eachRecord(ld, func(resource pcommon.Resource, record plog.LogRecord) {
				of.check("a record", f, resource.Attributes(), record.Attributes())
			})
		}},
	}
}

func newRelicRefuses() []bad {
	return []bad{
		{"no key", func(r *message) { r.header.Del("api-key") }, "403: "},
		{"a path of another vendor", func(r *message) { r.path = "/api/v2/otlp/v1/metrics" }, "404: there is no POST /api/v2/otlp/v1/metrics"},
		{"a request of 1 MB", func(r *message) { r.only(traces); r.span().SetName(text(1_000_000)) }, "413: "},
		{"a long value", func(r *message) { r.only(traces); r.span().Attributes().PutStr("ml.features", text(4096)) }, "a span: ml.features has 4096 characters"},
		{"a long name", func(r *message) { r.only(traces); r.span().Attributes().PutStr(text(256), "") }, "a span: a name of 256 characters"},
		{"a long array", func(r *message) {
			r.only(traces)
			list := r.span().Attributes().PutEmptySlice("ml.embedding.query")
			for range 65 {
				list.AppendEmpty().SetDouble(1)
			}
		}, "a span: ml.embedding.query has 65 entries"},
		{"a map", func(r *message) { r.only(traces); r.span().Attributes().PutEmptyMap("ml.features").PutInt("amount", 1) }, "a span: ml.features is a map"},
		{"many attributes", func(r *message) {
			r.only(traces)
			for i := range 254 {
				r.span().Attributes().PutInt(text(i+1), 1)
			}
		}, "a span: 255 attributes"},
		{"a long value of an event", func(r *message) {
			r.only(traces)
			r.span().Events().AppendEmpty().Attributes().PutStr("exception.stacktrace", text(4096))
		}, "a span's event: exception.stacktrace has 4096 characters"},
		{"a long value of a resource", func(r *message) { r.resource().PutStr("process.command_line", text(4096)) }, "a point of duration: process.command_line has 4096 characters"},
		{"a long value of a record", func(r *message) { r.only(logs); r.record().Attributes().PutStr("stack", text(4096)) }, "a record: stack has 4096 characters"},
		{"many attributes of a point", func(r *message) {
			for i := range 99 {
				r.sum().DataPoints().At(0).Attributes().PutInt(text(i+10), 1)
			}
		}, "a point of requests: 101 attributes"},
		{"an attribute with the metric's name", func(r *message) { r.sum().DataPoints().At(0).Attributes().PutStr("requests", "") }, "requests has an attribute of its own name"},
		{"a delta that goes up and down", func(r *message) { r.sum().SetIsMonotonic(false) }, "requests is a delta that goes up and down"},
		{"a cumulative sum", func(r *message) { r.sum().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative) }, "requests is cumulative"},
		{"a cumulative histogram", func(r *message) { r.histogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative) }, "duration is cumulative"},
		{"an old point", func(r *message) { r.sum().DataPoints().At(0).SetTimestamp(ago(49 * time.Hour)) }, "a point of requests is 49h0m0s old"},
		{"an old record", func(r *message) { r.only(logs); r.record().SetTimestamp(ago(49 * time.Hour)) }, "a record  is 49h0m0s old"},
	}
}

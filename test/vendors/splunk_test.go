// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package vendors

import (
	"net/http"
	"slices"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// splunk is Splunk Observability Cloud, as these have it:
//
//   - github.com/signalfx/splunk-otel-collector, cmd/otelcol/config/collector/{gateway_config,otlp_config_linux}.yaml: the host, /v2/trace/otlp, the header
//     X-SF-Token. There is no path for logs.
//   - help.splunk.com "Get histogram data into Splunk Observability Cloud": /v2/datapoint/otlp, by HTTP alone; explicit histograms; more than 31 buckets are
//     dropped ("use less than 31"), a least value that is not below the largest too, and counts that do not add up; "use delta aggregation temporality".
//   - developers.signalfx.com "Criteria for metric and dimension names and values": names of metrics 256 characters, of dimensions 128, values of dimensions
//     256, 36 dimensions a series.
//   - help.splunk.com "System limits for Splunk APM": 64 kB a span.
func splunk() vendor {
	of := limits{name: 128, value: 256, array: 0, count: 36}
	return vendor{
		name: "splunk", host: "ingest.eu0.observability.splunkcloud.com:443", env: []string{"SPLUNK_REALM=eu0", "SPLUNK_ACCESS_TOKEN=sf0"},
		header: "X-SF-Token", secret: "sf0", denied: refusal{http.StatusUnauthorized, "Unauthorized"},
		paths:        map[string]signal{"/v2/trace/otlp": traces, "/v2/datapoint/otlp": metrics},
		accepted:     map[signal]int{traces: http.StatusOK, metrics: http.StatusOK},
		compressions: []string{"", "gzip"},
		traceRules: []func(ptrace.Traces, *findings){func(td ptrace.Traces, f *findings) {
			eachSpan(td, func(_ pcommon.Resource, span ptrace.Span) {
				one := ptrace.NewTraces()
				span.CopyTo(one.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty())
				if n := (&ptrace.ProtoMarshaler{}).TracesSize(one); n > 64_000 {
					f.lose("a span of %d kB is dropped", n/1000)
				}
			})
		}},
		metricRules: []func(pmetric.Metrics, *findings){cumulative(false, false, true, "kept"), pointsHaveValues, func(md pmetric.Metrics, f *findings) {
			eachPoint(md, func(resource pcommon.Resource, m pmetric.Metric, p point) {
				of.check("a point of "+m.Name(), f, resource.Attributes(), p.attributes)
				if n := utf8.RuneCountInString(m.Name()); n > 256 {
					f.lose("a metric's name of %d characters", n)
				}
				switch {
				case m.Type() == pmetric.MetricTypeExponentialHistogram:
					f.lose("%s is an exponential histogram", m.Name())
				case p.explicit:
					splunkHistogram(m.Name(), p.histogram, f)
				}
			})
		}},
	}
}

func splunkHistogram(name string, h pmetric.HistogramDataPoint, f *findings) {
	counts, bounds := h.BucketCounts().AsRaw(), h.ExplicitBounds().AsRaw()
	total := uint64(0)
	for _, n := range counts {
		total += n
	}
	sorted := slices.IsSorted(bounds) && len(slices.Compact(slices.Clone(bounds))) == len(bounds)
	switch {
	case len(counts) > 31:
		f.lose("a histogram of %s has %d buckets", name, len(counts))
	case len(counts) != len(bounds)+1 || total != h.Count() || !sorted:
		f.lose("a histogram of %s does not add up", name)
	case h.HasMin() && h.HasMax() && h.Min() >= h.Max():
		f.lose("a histogram of %s has a least value that is not below the largest", name)
	}
}

func splunkRefuses() []bad {
	return []bad{
		{"a wrong token", func(r *message) { r.header.Set("X-SF-Token", "") }, "401: Unauthorized"},
		{"logs", func(r *message) { r.only(logs); r.path = "/v1/logs" }, "404: there is no POST /v1/logs"},
		{"metrics by the path of OTLP", func(r *message) { r.path = "/v1/metrics" }, "404: there is no POST /v1/metrics"},
		{"a cumulative histogram", func(r *message) { r.histogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative) }, "duration is cumulative"},
		{"an exponential histogram", func(r *message) {
			h := r.metric().SetEmptyExponentialHistogram()
			h.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
			h.DataPoints().AppendEmpty()
		}, "another is an exponential histogram"},
		{"32 buckets", func(r *message) { r.buckets(32) }, "a histogram of duration has 32 buckets"},
		{"counts that do not add up", func(r *message) { r.histogram().DataPoints().At(0).SetCount(7) }, "a histogram of duration does not add up"},
		{"bounds that repeat", func(r *message) {
			h := r.histogram().DataPoints().At(0)
			h.ExplicitBounds().FromRaw([]float64{1, 1})
			h.BucketCounts().FromRaw([]uint64{h.Count(), 0, 0})
		}, "a histogram of duration does not add up"},
		{"a least value that is the largest", func(r *message) {
			h := r.histogram().DataPoints().At(0)
			h.SetMin(1)
			h.SetMax(1)
		}, "a histogram of duration has a least value that is not below the largest"},
		{"a long value of a dimension", func(r *message) { r.sum().DataPoints().At(0).Attributes().PutStr("path", text(257)) }, "a point of requests: path has 257 characters"},
		{"a long name of a dimension", func(r *message) { r.sum().DataPoints().At(0).Attributes().PutStr(text(129), "") }, "a point of requests: a name of 129 characters"},
		{"37 dimensions", func(r *message) {
			for i := range 35 {
				r.sum().DataPoints().At(0).Attributes().PutInt(text(i+10), 1)
			}
		}, "a point of requests: 37 attributes"},
		{"a large span", func(r *message) { r.only(traces); r.span().Attributes().PutStr("ml.features", text(64_000)) }, "a span of 64 kB is dropped"},
	}
}

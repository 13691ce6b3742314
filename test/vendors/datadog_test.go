// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package vendors

import (
	"net/http"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// datadog is Datadog's OTLP intake, as these pages of docs.datadoghq.com (github.com/DataDog/documentation) have it:
//
//   - opentelemetry/setup/otlp_ingest/metrics: https://otlp.<site>/v1/metrics, the header dd-api-key; deltas alone, "you will receive an error"
//     for cumulative ones; 413 over 500 kB uncompressed, or 5 MB after decompression; of points of one second with the same tags the last
//     one is kept; attributes of resources are tags with resource_attributes_as_tags.
//   - opentelemetry/setup/otlp_ingest/traces: http/protobuf alone, 413 over 3.2 MB, 202 for success, 403 for a key that is not allowed.
//   - opentelemetry/setup/otlp_ingest/logs, and api/latest/logs/send-logs: 5 MB a request and 1 MB a record, which is cut there; up to 18 hours old.
func datadog() vendor {
	return vendor{
		name: "datadog", host: "otlp.datadoghq.eu:443", env: []string{"DD_SITE=datadoghq.eu", "DD_API_KEY=d0c5"},
		header: "dd-api-key", secret: "d0c5", denied: refusal{http.StatusForbidden, "Forbidden"},
		paths:        map[string]signal{"/v1/traces": traces, "/v1/metrics": metrics, "/v1/logs": logs},
		accepted:     map[signal]int{traces: http.StatusAccepted, metrics: http.StatusOK, logs: http.StatusOK},
		compressions: []string{"", "gzip"},
		size: func(s signal, compressed bool, wire, decoded int) *refusal {
			switch {
			case s == traces:
				return tooLarge(decoded, 3_200_000, "Request Entity Too Large: 3.2MB")
			case s == logs:
				return tooLarge(decoded, 5_000_000, "Payload too large: 5MB")
			case !compressed:
				return tooLarge(decoded, 500_000, "Request Entity Too Large: 500KB")
			case wire > 500_000:
				return tooLarge(wire, 500_000, "Request Entity Too Large: 500KB")
			}
			return tooLarge(decoded, 5_000_000, "Request Entity Too Large: 5MB")
		},
		metricRules: []func(pmetric.Metrics, *findings){cumulative(true, true, true, "refused"), pointsHaveValues},
		logRules: []func(plog.Logs, *findings){old(18 * time.Hour), func(ld plog.Logs, f *findings) {
			eachRecord(ld, func(_ pcommon.Resource, record plog.LogRecord) {
				if n := len(record.Body().AsString()); n > 1_000_000 {
					f.lose("a record of %d bytes is cut", n)
				}
			})
		}},
		deltas:     true,
		resolution: time.Second,
	}
}

func datadogRefuses() []bad {
	return []bad{
		{"a wrong key", func(r *message) { r.header.Set("dd-api-key", "other") }, "403: Forbidden"},
		{"a path of another vendor", func(r *message) { r.path = "/otlp/v1/metrics" }, "404: there is no POST /otlp/v1/metrics"},
		{"JSON", func(r *message) { r.header.Set("Content-Type", "application/json") }, "415: application/json is not read"},
		{"a cumulative sum", func(r *message) { r.sum().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative) }, "400: requests is cumulative"},
		{"a cumulative sum that goes up and down", func(r *message) {
			r.sum().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
			r.sum().SetIsMonotonic(false)
		}, "400: requests is cumulative"},
		{"a cumulative histogram", func(r *message) { r.histogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative) }, "400: duration is cumulative"},
		{"metrics of more than 500 kB", func(r *message) { r.many(3000) }, "413: Request Entity Too Large: 500KB"},
		{"metrics of more than 5 MB, compressed", func(r *message) { r.many(40_000); r.compress() }, "413: Request Entity Too Large: 5MB"},
		{"traces of more than 3.2 MB", func(r *message) { r.only(traces); r.span().Attributes().PutStr("long", text(3_200_001)) }, "413: Request Entity Too Large: 3.2MB"},
		{"logs of more than 5 MB", func(r *message) { r.only(logs); r.record().Attributes().PutStr("long", text(5_000_001)) }, "413: Payload too large: 5MB"},
		{"a record of more than 1 MB", func(r *message) { r.only(logs); r.record().Body().SetStr(text(1_000_001)) }, "a record of 1000001 bytes is cut"},
		{"a record of yesterday", func(r *message) { r.only(logs); r.record().SetTimestamp(ago(19 * time.Hour)) }, "a record  is 19h0m0s old"},
		{"two points of one second", func(r *message) {
			again := r.sum().DataPoints().AppendEmpty()
			r.sum().DataPoints().At(0).CopyTo(again)
			r.sum().DataPoints().At(0).SetTimestamp(r.second + 1)
			again.SetTimestamp(r.second + 999_999_999)
			again.SetIntValue(6)
		}, "two points of requests in one second: the last one stays: path=/,service.name=shop,"},
		{"a point without a value", func(r *message) {
			r.sum().DataPoints().At(0).SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(true))
		}, "a point of requests has no value"},
	}
}

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

// grafanaCloud is the OTLP gateway of Grafana Cloud, as these have it:
//
//   - grafana.com/docs/grafana-cloud/send-data/otlp/send-data-otlp: https://otlp-gateway-<zone>.grafana.net/otlp, Basic auth of the instance and a token.
//   - grafana.com/docs/grafana-cloud/send-data/otlp/otlp-format-considerations: binary protobuf by HTTP, uncompressed or gzip; metrics are those of Prometheus.
//   - github.com/grafana/mimir issue 6696: 400 "invalid temporality and type combination" for deltas. Mimir's runbooks: err-mimir-sample-duplicate-timestamp,
//     where a series has another value at a time.
//   - grafana.com/docs/grafana-cloud/send-data/metrics/label-handling-and-limits: values of labels have 2,048 characters; longer ones are cut.
//   - grafana.com/docs/loki, reject_old_samples_max_age: records of at most a week.
func grafanaCloud() vendor {
	return vendor{
		name: "grafana-cloud", host: "otlp-gateway-prod-eu-west-2.grafana.net:443",
		env:    []string{"GRAFANA_CLOUD_ZONE=prod-eu-west-2", "GRAFANA_CLOUD_INSTANCE_ID=123456", "GRAFANA_CLOUD_API_KEY=glc_x"},
		header: "Authorization", secret: "Basic MTIzNDU2OmdsY194", denied: refusal{http.StatusUnauthorized, "authentication error: invalid authentication credentials"},
		paths:        map[string]signal{"/otlp/v1/traces": traces, "/otlp/v1/metrics": metrics, "/otlp/v1/logs": logs},
		accepted:     map[signal]int{traces: http.StatusOK, metrics: http.StatusOK, logs: http.StatusOK},
		compressions: []string{"", "gzip"},
		metricRules: []func(pmetric.Metrics, *findings){func(md pmetric.Metrics, f *findings) {
			of := limits{name: 1024, value: 2048, array: 1 << 20, count: 1 << 20, maps: true}
			eachPoint(md, func(resource pcommon.Resource, m pmetric.Metric, p point) {
				if p.temporality == pmetric.AggregationTemporalityDelta {
					f.refuse(http.StatusBadRequest, "otlp parse error: invalid temporality and type combination for metric %q", m.Name())
				}
				of.check("a point of "+m.Name(), f, resource.Attributes(), p.attributes)
				known := f.kept.series[m.Name()][identity(resource.Attributes(), p.attributes)]
				if known == nil {
					return
				}
				if p.temporality == pmetric.AggregationTemporalityCumulative && p.start < known.start {
					f.lose("two writers of %s: Prometheus takes what is less for a reset", m.Name())
				}
				if value, twice := known.points[f.kept.at(p)]; twice && value != p.value {
					f.refuse(http.StatusBadRequest, "err-mimir-sample-duplicate-timestamp: %s", m.Name())
				}
			})
		}},
		logRules:       []func(plog.Logs, *findings){old(7 * 24 * time.Hour)},
		keepsExemplars: true,
		resolution:     time.Millisecond,
	}
}

func grafanaCloudRefuses() []bad {
	return []bad{
		{"a token without an instance", func(r *message) { r.header.Set("Authorization", "Bearer glc_x") }, "401: authentication error: invalid authentication credentials"},
		{"a path without /otlp", func(r *message) { r.path = "/v1/metrics" }, "404: there is no POST /v1/metrics"},
		{"zstd", func(r *message) { r.header.Set("Content-Encoding", "zstd") }, "415: compression zstd is not read"},
		{"a delta", func(r *message) { r.sum().SetAggregationTemporality(pmetric.AggregationTemporalityDelta) }, `400: otlp parse error: invalid temporality and type combination for metric "requests"`},
		{
			"a delta of a histogram", func(r *message) { r.histogram().SetAggregationTemporality(pmetric.AggregationTemporalityDelta) },
			`400: otlp parse error: invalid temporality and type combination for metric "duration"`,
		},
		{"a long value of a label", func(r *message) { r.sum().DataPoints().At(0).Attributes().PutStr("path", text(2049)) }, "a point of requests: path has 2049 characters"},
		{"another value at the same time", func(r *message) {
			r.before = append(r.before, r.copy())
			r.sum().DataPoints().At(0).SetIntValue(8)
		}, "400: err-mimir-sample-duplicate-timestamp: requests"},
		{"a series of two collectors", func(r *message) {
			r.before = append(r.before, r.copy())
			r.before[0].sum().DataPoints().At(0).SetStartTimestamp(r.second - 5)
			r.sum().DataPoints().At(0).SetStartTimestamp(r.second - 9)
			r.sum().DataPoints().At(0).SetTimestamp(r.second + 1e9)
		}, "two writers of requests: Prometheus takes what is less for a reset"},
		{"a record of last month", func(r *message) { r.only(logs); r.record().SetTimestamp(ago(30 * 24 * time.Hour)) }, "a record  is 720h0m0s old"},
	}
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// StrictTraces says why a back end that decodes OTLP with Google's protobuf would refuse traces:
// strings must be valid UTF-8, which pdata does not look at.
func StrictTraces(td ptrace.Traces) error {
	body, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	return strict(body, err, &trace.TracesData{})
}

// StrictMetrics is StrictTraces for metrics.
func StrictMetrics(md pmetric.Metrics) error {
	body, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(md)
	return strict(body, err, &metrics.MetricsData{})
}

// StrictLogs is StrictTraces for log records.
func StrictLogs(ld plog.Logs) error {
	body, err := (&plog.ProtoMarshaler{}).MarshalLogs(ld)
	return strict(body, err, &logs.LogsData{})
}

func strict(body []byte, err error, to proto.Message) error {
	if err != nil {
		return err
	}
	return proto.Unmarshal(body, to)
}

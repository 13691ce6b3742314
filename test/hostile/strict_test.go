//go:build hostile

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"fmt"
	"net"
	"path"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	logs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	metrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	trace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// strictBackend takes OTLP by gRPC and decodes it with Google's protobuf, which refuses a request in
// which a string is no valid UTF-8.
type strictBackend struct {
	address string

	mu      sync.Mutex
	refused []string
	// spans are names of spans with their number, text all that was taken, as JSON, without spans.
	spans map[string]int
	text  []byte
}

// raw passes messages on as they came.
type raw struct{}

func (raw) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil }
func (raw) Unmarshal(data []byte, v any) error {
	*v.(*[]byte) = append([]byte(nil), data...)
	return nil
}
func (raw) Name() string { return "proto" }

func newStrictBackend(t *testing.T) *strictBackend {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	b := &strictBackend{address: listener.Addr().String(), spans: map[string]int{}}
	server := grpc.NewServer(grpc.ForceServerCodec(raw{}), grpc.MaxRecvMsgSize(64<<20), grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		var body []byte
		if err := stream.RecvMsg(&body); err != nil {
			return err
		}
		method, _ := grpc.MethodFromServerStream(stream)
		if err := b.take(path.Base(path.Dir(method)), body); err != nil {
			return status.Error(codes.InvalidArgument, err.Error())
		}
		return stream.SendMsg(&[]byte{})
	}))
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return b
}

func (b *strictBackend) take(service string, body []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var request proto.Message
	switch service {
	case "opentelemetry.proto.collector.trace.v1.TraceService":
		request = &trace.ExportTraceServiceRequest{}
	case "opentelemetry.proto.collector.metrics.v1.MetricsService":
		request = &metrics.ExportMetricsServiceRequest{}
	case "opentelemetry.proto.collector.logs.v1.LogsService":
		request = &logs.ExportLogsServiceRequest{}
	default:
		return fmt.Errorf("no service %s", service)
	}
	if err := proto.Unmarshal(body, request); err != nil {
		b.refused = append(b.refused, service+": "+err.Error())
		return err
	}
	if td, ok := request.(*trace.ExportTraceServiceRequest); ok {
		for _, rs := range td.ResourceSpans {
			for _, ss := range rs.ScopeSpans {
				for _, span := range ss.Spans {
					b.spans[span.Name]++
				}
			}
		}
		return nil
	}
	text, err := protojson.Marshal(request)
	b.text = append(b.text, text...)
	return err
}

// strictly sends all that leaves the collector to a back end, too: what our components emit as it
// comes from them, what applications send as it comes from ml_normalize.
func strictly(b *strictBackend) option {
	return withConfig(`
exporters: {otlp_grpc/strict: {endpoint: "` + b.address + `", tls: {insecure: true}, compression: none}}
service:
  pipelines:
    traces: {exporters: [file, debug, ml_summary, ml_evaluation, ml_job, otlp_grpc/strict]}
    metrics/strict: {receivers: [ml_drift, ml_evaluation, ml_job, prometheus_rules], exporters: [otlp_grpc/strict]}
    metrics/strict_applications: {receivers: [otlp], processors: [ml_normalize], exporters: [otlp_grpc/strict]}
    logs/strict: {receivers: [ml_job, prometheus_rules], exporters: [otlp_grpc/strict]}
`)
}

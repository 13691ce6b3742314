// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
)

const limitsNesting = `
extensions: {nesting_limit: }
receivers:
  otlp:
    protocols:
      grpc: {endpoint: "${env:OTLP}", max_recv_msg_size_mib: 64, middlewares: [{id: nesting_limit}]}
      http: {endpoint: "${env:HTTP}", middlewares: [{id: nesting_limit}]}
processors: {ml_normalize: {}}
connectors: {ml_summary: {}}
exporters: {nop: }
service:
  extensions: [nesting_limit]
  pipelines:
    traces: {receivers: [otlp], processors: [ml_normalize], exporters: [ml_summary]}
    metrics: {receivers: [ml_summary], exporters: [nop]}
`

// deepProto is a request whose span has a value of the given number of levels.
func deepProto(levels int) []byte {
	buffer := make([]byte, 20*levels+100)
	at := len(buffer)
	wrap := func(number byte) { // what stands at the end becomes a field
		var header [11]byte
		header[0] = number<<3 | 2
		n := 1 + binary.PutUvarint(header[1:], uint64(len(buffer)-at))
		at -= n
		copy(buffer[at:], header[:n])
	}
	for range levels {
		wrap(1) // ArrayValue's values
		wrap(5) // AnyValue's array_value
	}
	for _, number := range []byte{2, 9, 2, 2, 1} { // KeyValue, Span, ScopeSpans, ResourceSpans, the request
		wrap(number)
	}
	return buffer[at:]
}

// raw sends bytes as they are.
type raw struct{ encoding.CodecV2 }

func (raw) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(v.([]byte))}, nil
}
func (raw) Unmarshal(mem.BufferSlice, any) error { return nil }
func (raw) Name() string                         { return "proto" }

// Bodies that would end the process in its decoding are refused, and the collector goes on.
func TestDeepRequestsAreRefused(t *testing.T) {
	otlp, web := processtest.FreeAddr(t), processtest.FreeAddr(t)
	collector := harness.StartCollector(t, harness.Options{Configs: []string{limitsNesting}, Env: []string{"OTLP=" + otlp, "HTTP=" + web}})
	post := func(media string, body []byte) (int, string) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+web+"/v1/traces", bytes.NewReader(body))
		require.NoError(t, err)
		r.Header.Set("Content-Type", media)
		resp, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer func() { _ = resp.Body.Close() }()
		text, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return resp.StatusCode, string(text)
	}
	const million = 1_000_000
	deepJSON := `{"resourceSpans":[{"resource":{"attributes":[{"key":"a","value":` + strings.Repeat(`{"arrayValue":{"values":[`, million/2) + strings.Repeat(`]}}`, million/2) + `}]}}]}`
	for _, c := range []struct {
		media string
		body  []byte
	}{{"application/x-protobuf", deepProto(million)}, {"application/x-protobuf", deepProto(65)}, {"application/json", []byte(deepJSON)}} {
		code, text := post(c.media, c.body)
		assert.Equal(t, http.StatusBadRequest, code)
		assert.Contains(t, text, "deeper than 64 levels")
	}
	conn, err := grpc.NewClient(otlp, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	err = conn.Invoke(t.Context(), "/opentelemetry.proto.collector.trace.v1.TraceService/Export", deepProto(million), new([]byte), grpc.ForceCodecV2(raw{}))
	assert.Equal(t, codes.Internal, status.Code(err), "%v", err)
	assert.ErrorContains(t, err, "deeper than 64 levels")

	code, _ := post("application/x-protobuf", deepProto(60))
	assert.Equal(t, http.StatusOK, code)
	td := ptrace.NewTraces()
	td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty().SetName("predict")
	body, err := ptraceotlp.NewExportRequestFromTraces(td).MarshalJSON()
	require.NoError(t, err)
	code, _ = post("application/json", body)
	assert.Equal(t, http.StatusOK, code)
	dial(t, otlp).send(td)
	_, page := processtest.Get("http://" + collector.Metrics + "/metrics")
	assert.Regexp(t, `(?m)^otelcol_nesting_limit_refused\S*protocol="http"\S* 3$`, page)
	assert.Regexp(t, `(?m)^otelcol_nesting_limit_refused\S*protocol="grpc"\S* 1$`, page)
}

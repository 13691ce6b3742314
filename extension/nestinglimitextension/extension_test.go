// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package nestinglimitextension

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/otelcol-ml/otelcol-ml/extension/nestinglimitextension/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/extension/nestinglimitextension/internal/metadatatest"
	"github.com/otelcol-ml/otelcol-ml/internal/readmetest"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

func start(t *testing.T, depth int) (*nestingLimit, *componenttest.Telemetry, *observer.ObservedLogs) {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	cfg.MaxDepth = depth
	require.NoError(t, confmap.Validate(cfg))
	telemetry := componenttest.NewTelemetry()
	t.Cleanup(func() { assert.NoError(t, telemetry.Shutdown(context.Background())) })
	set := extension.Settings{TelemetrySettings: telemetry.NewTelemetrySettings()}
	set.ID = component.NewID(metadata.Type)
	logs := testkit.ObserveLogs(&set.TelemetrySettings, zap.WarnLevel)
	e, err := NewFactory().Create(t.Context(), set, cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { assert.NoError(t, e.Shutdown(context.Background())) })
	return e.(*nestingLimit), telemetry, logs
}

// logs is a request with a value of the given number of levels.
func logs(levels int) plogotlp.ExportRequest {
	ld := plog.NewLogs()
	v := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body()
	for range levels - 1 {
		v = v.SetEmptySlice().AppendEmpty()
	}
	v.SetStr("leaf")
	return plogotlp.NewExportRequestFromLogs(ld)
}

func refused(protocol string, n int64) []metricdata.DataPoint[int64] {
	return []metricdata.DataPoint[int64]{{Value: n, Attributes: attribute.NewSet(attribute.String("protocol", protocol))}}
}

func TestHTTP(t *testing.T) {
	l, telemetry, lines := start(t, 4)
	wrap, err := l.GetHTTPHandler(t.Context())
	require.NoError(t, err)
	var got []byte
	handler, err := wrap(t.Context(), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var err error
		if got, err = io.ReadAll(r.Body); err != nil {
			w.WriteHeader(http.StatusTeapot)
		}
	}))
	require.NoError(t, err)
	proto := func(levels int) string {
		data, err := logs(levels).MarshalProto()
		require.NoError(t, err)
		return string(data)
	}
	json := func(levels int) string {
		data, err := logs(levels).MarshalJSON()
		require.NoError(t, err)
		return string(data)
	}
	for name, c := range map[string]struct {
		path, media, body string
		want              int
	}{
		"proto":                  {"/v1/logs", "application/x-protobuf", proto(4), 200},
		"deep proto":             {"/v1/logs", "application/x-protobuf", proto(5), 400},
		"deep, another path":     {"/ingest", "application/x-protobuf", proto(5), 400},
		"json":                   {"/v1/logs", "application/json; charset=utf-8", json(4), 200},
		"deep json":              {"/v1/logs", "application/json", json(20), 400},
		"a million levels":       {"/v1/logs", "application/json", strings.Repeat(`{"arrayValue":{"values":[`, 1_000_000), 400},
		"events":                 {"/", "application/cloudevents+json", strings.Repeat("[", 100), 400},
		"of no type that nests":  {"/", "text/plain", strings.Repeat("[", 100), 200},
		"of no type":             {"/", "", strings.Repeat("[", 100), 200},
		"empty":                  {"/v1/logs", "application/x-protobuf", "", 200},
		"what is no proto":       {"/v1/logs", "application/x-protobuf", "hello", 200}, // the receiver's to refuse
		"as another signal's is": {"/v1/traces", "application/x-protobuf", proto(5), 200},
	} {
		t.Run(name, func(t *testing.T) {
			got = nil
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, c.path, strings.NewReader(c.body))
			r.Header.Set("Content-Type", c.media)
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			assert.Equal(t, c.want, w.Code)
			if c.want == http.StatusOK {
				assert.Equal(t, c.body, string(got), "the body is passed on as it was")
			} else {
				assert.Nil(t, got)
				assert.Contains(t, w.Body.String(), "deeper than 4 levels")
			}
		})
	}
	metadatatest.AssertEqualNestingLimitRefused(t, telemetry, refused("http", 5), metricdatatest.IgnoreTimestamp())
	assert.Equal(t, 1, lines.Len(), "one line a minute")

	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", io.MultiReader(strings.NewReader("[1"), iotest.ErrReader(errors.New("gone"))))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	assert.Equal(t, http.StatusTeapot, w.Code, "the receiver sees the error")
	assert.Equal(t, "[1", string(got))
}

type server struct {
	plogotlp.UnimplementedGRPCServer
	got chan plog.Logs
}

func (s *server) Export(_ context.Context, request plogotlp.ExportRequest) (plogotlp.ExportResponse, error) {
	s.got <- request.Logs()
	return plogotlp.NewExportResponse(), nil
}

func TestGRPC(t *testing.T) {
	l, telemetry, _ := start(t, 4)
	options, err := l.GetGRPCServerOptions(t.Context())
	require.NoError(t, err)
	s := grpc.NewServer(options...)
	handler := &server{got: make(chan plog.Logs, 1)}
	plogotlp.RegisterGRPCServer(s, handler)
	listener := bufconn.Listen(1 << 20)
	done := make(chan struct{})
	go func() { defer close(done); assert.NoError(t, s.Serve(listener)) }()
	defer func() { s.Stop(); <-done }()
	conn, err := grpc.NewClient("passthrough:///", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	client := plogotlp.NewGRPCClient(conn)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()

	_, err = client.Export(ctx, logs(4))
	require.NoError(t, err)
	assert.Equal(t, logs(4).Logs(), <-handler.got)
	_, err = client.Export(ctx, logs(5))
	assert.Equal(t, codes.Internal, status.Code(err))
	require.ErrorContains(t, err, "deeper than 4 levels")
	_, err = client.Export(ctx, logs(300_000))
	require.ErrorContains(t, err, "deeper than 4 levels")
	metadatatest.AssertEqualNestingLimitRefused(t, telemetry, refused("grpc", 2), metricdatatest.IgnoreTimestamp())
}

func TestConfig(t *testing.T) {
	for _, depth := range []int{0, 1001} {
		require.ErrorContains(t, (&Config{MaxDepth: depth}).Validate(), "'max_depth'")
	}
}

func TestReadme(t *testing.T) {
	readmetest.Options(t, NewFactory())
	assert.Equal(t, 1, readmetest.Configs(t, "extensions", NewFactory()))
}

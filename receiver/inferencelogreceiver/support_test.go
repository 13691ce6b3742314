// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package inferencelogreceiver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/metadata"
)

// host is a component.Host with extensions.
type host map[component.ID]component.Component

func (h host) GetExtensions() map[component.ID]component.Component { return h }

// cards is a catalog.
type cards struct {
	component.StartFunc
	component.ShutdownFunc
	set *catalog.Set
}

func (c cards) Snapshot() *catalog.Set { return c.set }

// withCards is a host with a catalog of the given models.
func withCards(models ...*catalog.Model) host {
	return host{component.MustNewID("ml_catalog"): cards{set: catalog.NewSet(models, nil)}}
}

// memory is a storage extension.
type memory struct {
	component.StartFunc
	component.ShutdownFunc

	mu     sync.Mutex
	values map[string][]byte
}

func (m *memory) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	return m, nil
}

func (m *memory) Get(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.values[key], nil
}

func (m *memory) Set(ctx context.Context, key string, value []byte) error {
	return m.Batch(ctx, storage.SetOperation(key, value))
}

func (m *memory) Delete(ctx context.Context, key string) error {
	return m.Batch(ctx, storage.DeleteOperation(key))
}

func (m *memory) Batch(_ context.Context, ops ...*storage.Operation) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, op := range ops {
		switch op.Type {
		case storage.Get:
			op.Value = m.values[op.Key]
		case storage.Set:
			m.values[op.Key] = op.Value
		case storage.Delete:
			delete(m.values, op.Key)
		}
	}
	return nil
}

func (m *memory) Close(context.Context) error { return nil }

// sink keeps traces and fails while told to.
type sink struct {
	consumertest.TracesSink
	mu  sync.Mutex
	err error
}

func (s *sink) set(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *sink) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	s.mu.Lock()
	err := s.err
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return s.TracesSink.ConsumeTraces(ctx, td)
}

// spans returns all spans in the order of their arrival.
func (s *sink) spans() []ptrace.Span {
	var all []ptrace.Span
	for _, td := range s.AllTraces() {
		for _, rs := range td.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, span := range ss.Spans().All() {
					all = append(all, span)
				}
			}
		}
	}
	return all
}

// names are the parts of a span that tell what it was made of.
func (s *sink) names() []string {
	var all []string
	for _, span := range s.spans() {
		missing := "pair"
		if v, ok := span.Attributes().Get("ml.payload.missing"); ok {
			missing = "no " + v.Str()
		}
		id, _ := span.Attributes().Get("ml.prediction.id")
		all = append(all, id.Str()+" "+missing)
	}
	return all
}

var errFull = errors.New("the queue is full")

// config is the default one with a free port.
func config(change ...func(*Config)) *Config {
	cfg := createDefaultConfig().(*Config)
	cfg.NetAddr.Endpoint = "localhost:0"
	for _, c := range change {
		c(cfg)
	}
	return cfg
}

// started is a receiver that listens.
func started(tb testing.TB, cfg *Config, next consumer.Traces, h component.Host) *inferenceLog {
	tb.Helper()
	require.NoError(tb, cfg.Validate())
	r, err := newReceiver(receivertest.NewNopSettings(metadata.Type), cfg, next)
	require.NoError(tb, err)
	if h == nil {
		h = componenttest.NewNopHost()
	}
	require.NoError(tb, r.Start(context.Background(), h))
	tb.Cleanup(func() { require.NoError(tb, r.Shutdown(context.Background())) })
	return r
}

// offline is a receiver without a listener, whose handler is called directly; it sweeps.
func offline(tb testing.TB, cfg *Config, next consumer.Traces, h component.Host) *inferenceLog {
	tb.Helper()
	cfg.NetAddr.Endpoint = ""
	r, err := newReceiver(receivertest.NewNopSettings(metadata.Type), cfg, next)
	require.NoError(tb, err)
	if h == nil {
		h = componenttest.NewNopHost()
	}
	require.NoError(tb, r.Start(context.Background(), h))
	ctx, stop := context.WithCancel(context.Background())
	r.running.Go(func() { r.sweep(ctx) })
	inner := r.stop
	r.stop = func() { stop(); inner() }
	return r
}

func (r *inferenceLog) url() string { return "http://" + r.listener.Addr().String() + r.cfg.Path }

// message is one event in binary mode.
type message struct {
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
}

func (m message) request(tb testing.TB) *http.Request {
	tb.Helper()
	req, err := http.NewRequest(http.MethodPost, "/", bytes.NewReader(m.Body))
	require.NoError(tb, err)
	for k, v := range m.Headers {
		req.Header.Set(k, v)
	}
	return req
}

// with returns the message with other headers; an empty value takes one away.
func (m message) with(headers ...string) message {
	m.Headers = maps.Clone(m.Headers)
	for i := 0; i < len(headers); i += 2 {
		if headers[i+1] == "" {
			delete(m.Headers, headers[i])
		} else {
			m.Headers[headers[i]] = headers[i+1]
		}
	}
	return m
}

var eventTime = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// kserve is an event as KServe's logger sends it.
func kserve(id, kind, body string) message {
	at := eventTime
	if kind == "response" {
		at = at.Add(5 * time.Millisecond)
	}
	return message{Headers: map[string]string{
		"Ce-Specversion": "1.0", "Ce-Type": "org.kubeflow.serving.inference." + kind, "Ce-Source": "http://localhost:9081/", "Ce-Id": id,
		"Ce-Time": at.Format(time.RFC3339Nano), "Ce-Inferenceservicename": "fraud", "Ce-Namespace": "prod", "Ce-Component": "predictor", "Ce-Endpoint": "default",
		"Content-Type": "application/json",
	}, Body: json.RawMessage(body)}
}

func request(id string) message  { return kserve(id, "request", `{"instances":[[1,2]]}`) }
func response(id string) message { return kserve(id, "response", `{"predictions":[1]}`) }

// post calls the handler.
func (r *inferenceLog) post(tb testing.TB, m message) *httptest.ResponseRecorder {
	tb.Helper()
	w := httptest.NewRecorder()
	r.serve(w, m.request(tb))
	return w
}

// structured is an event in structured mode, as JSON.
func (m message) structured() string {
	h := m.Headers
	return fmt.Sprintf(`{"specversion":"1.0","type":%q,"source":%q,"id":%q,"time":%q,"inferenceservicename":%q,"namespace":%q,"datacontenttype":"application/json","data":%s}`,
		h["Ce-Type"], h["Ce-Source"], h["Ce-Id"], h["Ce-Time"], h["Ce-Inferenceservicename"], h["Ce-Namespace"], m.Body)
}

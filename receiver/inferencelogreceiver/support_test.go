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
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/spans"
)

// sink keeps traces, and refuses them when told to.
type sink struct{ testkit.TracesSink }

// spans returns all spans in the order of their arrival.
func (s *sink) spans() []ptrace.Span { return slices.Collect(testkit.Spans(s.AllTraces()...)) }

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
	r.running.Go(func() { r.pairs.Sweep(ctx) })
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

// capture adds a line of data capture to a batch.
func (r *inferenceLog) capture(b *spans.Batch, line, endpoint, variant string) error {
	pair, err := r.captures.Read([]byte(line), endpoint, variant, b.IsHeader)
	if err == nil {
		b.Add(pair)
	}
	return err
}

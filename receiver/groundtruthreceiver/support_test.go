// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package groundtruthreceiver

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/otelcol-ml/otelcol-ml/internal/label"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/receiver/groundtruthreceiver/internal/metadata"
)

// sink keeps log records, and refuses them when told to.
type sink struct{ testkit.LogsSink }

// labels returns all labels that arrived, as a reader of records reads them.
func (s *sink) labels(tb testing.TB) []label.Label {
	tb.Helper()
	p, err := label.NewParser(label.Options{Unread: func(name string) { tb.Error("not of a label: " + name) }})
	require.NoError(tb, err)
	var all []label.Label
	for lr := range testkit.LogRecords(s.AllLogs()...) {
		l, ok, err := p.Record(lr)
		require.NoError(tb, err)
		require.True(tb, ok)
		require.NotZero(tb, lr.ObservedTimestamp())
		all = append(all, l)
	}
	return all
}

// ids returns the prediction ids of the labels that arrived, sorted, with the class.
func (s *sink) ids(tb testing.TB) []string {
	tb.Helper()
	var all []string
	for _, l := range s.labels(tb) {
		all = append(all, l.PredictionID+"="+l.Class)
	}
	slices.Sort(all)
	return all
}

var (
	errFull   = errors.New("the queue is full")
	storageID = component.MustNewID("memory")
)

// config is the default one with a free port.
func config(change ...func(*Config)) *Config {
	cfg := createDefaultConfig().(*Config)
	cfg.NetAddr.Endpoint = "localhost:0"
	for _, c := range change {
		c(cfg)
	}
	return cfg
}

// started is a receiver that has started and is shut down with the test.
func started(tb testing.TB, cfg *Config, next consumer.Logs, h component.Host) *groundTruth {
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

// offline is a receiver without a listener, whose handler is called directly.
func offline(tb testing.TB, cfg *Config, next consumer.Logs) *groundTruth {
	tb.Helper()
	r, err := newReceiver(receivertest.NewNopSettings(metadata.Type), cfg, next)
	require.NoError(tb, err)
	return r
}

func (r *groundTruth) url() string { return "http://" + r.listener.Addr().String() + r.cfg.Path }

// post calls the handler.
func (r *groundTruth) post(tb testing.TB, text string) (int, answer) {
	tb.Helper()
	w := httptest.NewRecorder()
	r.serve(w, httptest.NewRequestWithContext(tb.Context(), http.MethodPost, "/", strings.NewReader(text)))
	var a answer
	require.NoError(tb, json.Unmarshal(w.Body.Bytes(), &a), w.Body.String())
	require.Equal(tb, w.Code == http.StatusTooManyRequests, w.Header().Get("Retry-After") != "")
	return w.Code, a
}

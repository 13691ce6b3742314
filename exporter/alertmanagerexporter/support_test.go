// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package alertmanagerexporter

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-ml/otelcol-ml/exporter/alertmanagerexporter/internal/api"
	"github.com/otelcol-ml/otelcol-ml/exporter/alertmanagerexporter/internal/metadatatest"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

// receiver plays one Alertmanager. It keeps what was posted, whatever it answered.
type receiver struct {
	mu     sync.Mutex
	posts  []post
	answer func(p post) answer // nil: 200
}

// answers sets what the replica answers from now on; nil: 200.
func (r *receiver) answers(answer func(p post) answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

type post struct {
	at     time.Time
	alerts []api.Alert
	taken  bool
}

type answer struct {
	status     int
	body       string
	retryAfter string
	err        error
	after      time.Duration
}

func (r *receiver) roundTrip(request *http.Request) (*http.Response, error) {
	p := post{at: time.Now()}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(keeps(body), json.Unmarshal(body, &p.alerts)); err != nil {
		panic(err) // what is posted must keep the contract, in every test
	}
	a := answer{status: http.StatusOK}
	r.mu.Lock()
	answers := r.answer
	r.mu.Unlock()
	if answers != nil {
		a = answers(p)
	}
	if a.after > 0 {
		select {
		case <-time.After(a.after):
		case <-request.Context().Done():
			a.err = request.Context().Err()
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	p.taken = a.err == nil && a.status/100 == 2
	r.posts = append(r.posts, p)
	if a.err != nil {
		return nil, a.err
	}
	response := &http.Response{
		StatusCode: a.status, Status: http.StatusText(a.status), Header: http.Header{}, Request: request, Body: io.NopCloser(strings.NewReader(a.body)),
	}
	if a.retryAfter != "" {
		response.Header.Set("Retry-After", a.retryAfter)
	}
	return response, nil
}

func (r *receiver) all() []post {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.posts
}

// summaries returns the summaries of what was taken, in order.
func (r *receiver) summaries() []string {
	var all []string
	for _, p := range r.all() {
		if p.taken {
			for _, a := range p.alerts {
				all = append(all, a.Annotations["summary"])
			}
		}
	}
	return all
}

func (r *receiver) times(since time.Time) []time.Duration {
	var all []time.Duration
	for _, p := range r.all() {
		all = append(all, p.at.Sub(since))
	}
	return all
}

// network finds the receiver by its host.
type network map[string]*receiver

func (n network) RoundTrip(request *http.Request) (*http.Response, error) {
	return n[request.URL.Host].roundTrip(request)
}

// fixture is an exporter in a bubble, with the replicas a and b.
type fixture struct {
	t         *testing.T
	exporter  *alertmanagerExporter
	a, b      *receiver
	telemetry *componenttest.Telemetry
	logs      *observer.ObservedLogs
	began     time.Time
}

func start(t *testing.T, change func(*Config)) *fixture {
	t.Helper()
	f := &fixture{t: t, a: &receiver{}, b: &receiver{}, telemetry: componenttest.NewTelemetry(), began: time.Now()}
	t.Cleanup(func() { require.NoError(t, f.telemetry.Shutdown(context.WithoutCancel(t.Context()))) })
	cfg := createDefaultConfig().(*Config)
	cfg.Endpoints = []string{"http://a"}
	cfg.Retry.RandomizationFactor = 0
	if change != nil {
		change(cfg)
	}
	require.NoError(t, cfg.Validate())
	set := metadatatest.NewSettings(f.telemetry)
	f.logs = testkit.ObserveLogs(&set.TelemetrySettings, zap.DebugLevel)
	var err error
	f.exporter, err = newExporter(set, cfg)
	require.NoError(t, err)
	require.NoError(t, f.exporter.start(&http.Client{Transport: network{"a": f.a, "b": f.b}, Timeout: cfg.ClientConfig.Timeout}))
	return f
}

func (f *fixture) stop() {
	f.t.Helper()
	require.NoError(f.t, f.exporter.Shutdown(context.WithoutCancel(f.t.Context())))
}

func (f *fixture) send(alerts ...*alert.Alert) {
	f.t.Helper()
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for _, a := range alerts {
		a.Encode(records.AppendEmpty())
	}
	ld.MarkReadOnly()
	require.NoError(f.t, f.exporter.ConsumeLogs(f.t.Context(), ld))
}

// alerts reads the counter of alerts by endpoint and outcome.
func (f *fixture) alerts(endpoint, outcome string) int64 {
	f.t.Helper()
	got, err := f.telemetry.GetMetric("otelcol_alertmanager_alerts")
	if err != nil {
		return 0
	}
	for _, dp := range got.Data.(metricdata.Sum[int64]).DataPoints {
		if dp.Attributes.Equals(new(attribute.NewSet(attribute.String("endpoint", endpoint), attribute.String("outcome", outcome)))) {
			return dp.Value
		}
	}
	return 0
}

// logged returns how many lines of the level have the text.
func (f *fixture) logged(level zapcore.Level, text string) int {
	return f.logs.FilterLevelExact(level).FilterMessageSnippet(text).Len()
}

// entries is the number of alerts that are held, by all replicas.
func (f *fixture) entries() int64 {
	var total int64
	for _, r := range f.exporter.replicas {
		total += r.Counts().Held
	}
	return total
}

var errDown = errors.New("connection refused")

func down(post) answer { return answer{err: errDown} }

func wait(d time.Duration) { time.Sleep(d) } // in a bubble: fake time

func assertGauges(t *testing.T, f *fixture, active, waiting int64) {
	t.Helper()
	endpoint := attribute.NewSet(attribute.String("endpoint", "http://a"))
	ignore := metricdataOptions()
	metadatatest.AssertEqualAlertmanagerActive(t, f.telemetry, []metricdata.DataPoint[int64]{{Attributes: endpoint, Value: active}}, ignore...)
	metadatatest.AssertEqualAlertmanagerPending(t, f.telemetry, []metricdata.DataPoint[int64]{{Attributes: endpoint, Value: waiting}}, ignore...)
}

func assertRecords(t *testing.T, f *fixture, outcomes map[string]int64) {
	t.Helper()
	var points []metricdata.DataPoint[int64]
	for outcome, n := range outcomes {
		points = append(points, metricdata.DataPoint[int64]{Attributes: attribute.NewSet(attribute.String("outcome", outcome)), Value: n})
	}
	metadatatest.AssertEqualAlertmanagerRecords(t, f.telemetry, points, metricdataOptions()...)
	assert.NotEmpty(t, points)
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package vendors

import (
	"bytes"
	"compress/gzip"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// bad is a request that a vendor does not take as it is: what is wrong with it, how it comes about, and what is found.
type bad struct {
	name  string
	spoil func(*message)
	found string
}

// Each rule of a stand-in bites, and a good request of each signal passes.
func TestWhatVendorsRefuse(t *testing.T) {
	for _, x := range all() {
		t.Run(x.vendor.name, func(t *testing.T) {
			for _, to := range x.vendor.paths {
				good := newMessage(x.vendor)
				good.only(to)
				s := newStandIn(x.vendor)
				assert.Equal(t, x.vendor.accepted[to], good.send(t, s))
				assert.Empty(t, s.problems())
			}
			require.NotEmpty(t, x.refuses)
			for _, b := range x.refuses {
				t.Run(strings.ReplaceAll(b.name, " ", "_"), func(t *testing.T) {
					m, s := newMessage(x.vendor), newStandIn(x.vendor)
					b.spoil(m)
					for _, before := range m.before {
						require.Equal(t, http.StatusOK, before.send(t, s))
					}
					require.Empty(t, s.problems())
					m.send(t, s)
					require.NotEmpty(t, s.problems())
					assert.Equal(t, b.found, s.problems()[0])
				})
			}
		})
	}
}

// message is a request: one of metrics, unless it is told to be of another signal.
type message struct {
	vendor  vendor
	before  []*message
	to      signal
	path    string
	header  http.Header
	zip     bool
	second  pcommon.Timestamp
	spans   ptrace.Traces
	points  pmetric.Metrics
	records plog.Logs
}

func newMessage(v vendor) *message {
	now := time.Now().Truncate(time.Second)
	m := &message{
		vendor: v, header: http.Header{}, second: pcommon.NewTimestampFromTime(now),
		spans: ptrace.NewTraces(), points: pmetric.NewMetrics(), records: plog.NewLogs(),
	}
	m.header.Set("Content-Type", "application/x-protobuf")
	m.header.Set(v.header, v.secret)
	m.only(metrics)
	temporality := pmetric.AggregationTemporalityDelta
	if v.name == "grafana-cloud" {
		temporality = pmetric.AggregationTemporalityCumulative
	}
	list := m.points.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics()
	one := list.AppendEmpty()
	one.SetName("requests")
	one.SetEmptySum().SetIsMonotonic(true)
	one.Sum().SetAggregationTemporality(temporality)
	p := one.Sum().DataPoints().AppendEmpty()
	p.SetTimestamp(m.second)
	p.SetIntValue(5)
	p.Attributes().PutStr("path", "/")
	other := list.AppendEmpty()
	other.SetName("duration")
	other.SetEmptyHistogram().SetAggregationTemporality(temporality)
	other.Histogram().DataPoints().AppendEmpty().SetTimestamp(m.second)
	m.buckets(3)

	span := m.spans.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.SetTraceID(pcommon.TraceID{1})
	record := m.records.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	record.Body().SetStr("hello")
	record.SetTimestamp(m.second)
	for _, resource := range m.resources() {
		resource.PutStr("service.name", "shop")
	}
	return m
}

// only makes it a request of one signal.
func (m *message) only(to signal) {
	m.to, m.path = to, ""
	for path, takes := range maps.All(m.vendor.paths) {
		if takes == to {
			m.path = path
		}
	}
}

func (m *message) resources() []pcommon.Map {
	return []pcommon.Map{
		m.points.ResourceMetrics().At(0).Resource().Attributes(), m.spans.ResourceSpans().At(0).Resource().Attributes(),
		m.records.ResourceLogs().At(0).Resource().Attributes(),
	}
}

func (m *message) resource() pcommon.Map {
	return m.resources()[map[signal]int{metrics: 0, traces: 1, logs: 2}[m.to]]
}

func (m *message) list() pmetric.MetricSlice {
	return m.points.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
}

func (m *message) sum() pmetric.Sum             { return m.list().At(0).Sum() }
func (m *message) histogram() pmetric.Histogram { return m.list().At(1).Histogram() }
func (m *message) span() ptrace.Span {
	return m.spans.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
}

func (m *message) record() plog.LogRecord {
	return m.records.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
}

// metric adds one.
func (m *message) metric() pmetric.Metric {
	another := m.list().AppendEmpty()
	another.SetName("another")
	return another
}

// buckets gives the histogram so many, with a value in each.
func (m *message) buckets(n int) {
	h := m.histogram().DataPoints().At(0)
	h.BucketCounts().FromRaw(nil)
	h.ExplicitBounds().FromRaw(nil)
	for i := range n {
		h.BucketCounts().Append(1)
		if i > 0 {
			h.ExplicitBounds().Append(float64(i))
		}
	}
	h.SetCount(uint64(n))
	h.SetSum(float64(n))
}

// many adds so many series.
func (m *message) many(n int) {
	for i := range n {
		p := m.sum().DataPoints().AppendEmpty()
		p.SetTimestamp(m.second)
		p.SetIntValue(1)
		p.Attributes().PutStr("path", text(i%100+100))
		p.Attributes().PutInt("n", int64(i))
	}
}

func (m *message) compress() { m.zip = true }

func (m *message) copy() *message {
	c := *m
	c.points = pmetric.NewMetrics()
	m.points.CopyTo(c.points)
	return &c
}

func (m *message) send(t *testing.T, s *standIn) int {
	t.Helper()
	var body []byte
	var err error
	switch m.to {
	case traces:
		body, err = ptraceotlp.NewExportRequestFromTraces(m.spans).MarshalProto()
	case metrics:
		body, err = pmetricotlp.NewExportRequestFromMetrics(m.points).MarshalProto()
	case logs:
		body, err = plogotlp.NewExportRequestFromLogs(m.records).MarshalProto()
	}
	require.NoError(t, err)
	if m.zip {
		var zipped bytes.Buffer
		w := gzip.NewWriter(&zipped)
		_, err := w.Write(body)
		require.NoError(t, err)
		require.NoError(t, w.Close())
		body = zipped.Bytes()
		m.header.Set("Content-Encoding", "gzip")
	}
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+s.vendor.host+m.path, bytes.NewReader(body))
	request.Header = m.header
	answer := httptest.NewRecorder()
	s.ServeHTTP(answer, request)
	return answer.Code
}

// text is so many characters.
func text(n int) string { return strings.Repeat("x", n) }

func ago(d time.Duration) pcommon.Timestamp { return pcommon.NewTimestampFromTime(time.Now().Add(-d)) }

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package vendors

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
	"github.com/otelcol-ml/otelcol-ml/test/internal/traffic"
)

// oddService is a name that Elastic does not take.
const oddService = "scorer.eu/west (blue)"

// catalog is that of the model fraud, judged each hour by two windows.
func catalog(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, traffic.WriteCatalog(dir, 1))
	card, err := os.OpenFile(filepath.Join(dir, "fraud.yaml"), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = card.WriteString("drift: {season: none, window: 1h, for: 2}\n")
	require.NoError(t, err)
	require.NoError(t, card.Close())
	return dir
}

// shop sends what a collector of a shop gets, and counts it.
type shop struct {
	t    *testing.T
	seed uint64
	// began is the hour in which it began: yesterday, so that alerts are older than some vendors take.
	began time.Time

	predictions, orders, records int
	traces                       map[pcommon.TraceID]bool
	labels                       strings.Builder // of the first hour
	conn                         *grpc.ClientConn
}

// newShop sends to a collector.
func newShop(t *testing.T, n int, address string) *shop {
	t.Helper()
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return &shop{
		t: t, seed: uint64(n + 1), conn: conn, traces: map[pcommon.TraceID]bool{},
		began: time.Now().Truncate(time.Hour).Add(-26 * time.Hour),
	}
}

func (s *shop) context() context.Context {
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	s.t.Cleanup(cancel)
	return ctx
}

func (s *shop) send(td ptrace.Traces) {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				s.traces[span.TraceID()] = true
			}
		}
	}
	_, err := ptraceotlp.NewGRPCClient(s.conn).Export(s.context(), ptraceotlp.NewExportRequestFromTraces(td))
	require.NoError(s.t, err)
}

// hour sends 600 predictions of an hour, whose amounts are shifted or not.
func (s *shop) hour(hour int, shift float64) {
	seed := s.seed*1000 + uint64(hour)
	for n, td := range traffic.Spans(seed, s.began.Add(time.Duration(hour)*time.Hour), 6*time.Second, 600, shift) {
		td.ResourceSpans().At(0).Resource().Attributes().PutStr("service.name", oddService)
		for i, span := range td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
			if hour == 0 {
				fmt.Fprintf(&s.labels, `{"model": "fraud", "trace_id": "%s", "span_id": "%s", "label": "%s"}`+"\n", span.TraceID(), span.SpanID(), [...]string{"ok", "ok", "fraud"}[i%3])
			}
			if hour == 1 {
				span.Attributes().PutStr(mlconv.AttrFeatures, longFeatures(i))
			}
			if i%40 == 0 {
				vector := span.Attributes().PutEmptySlice("ml.embedding.query")
				for k := range 768 {
					vector.AppendEmpty().SetDouble(float64(k % 7))
				}
				span.Attributes().PutStr(strings.Repeat("a_name_too_long.", 20), "x")
				ranking := span.Attributes().PutEmptySlice(mlconv.AttrPredictionRanking)
				for k := range 100 {
					ranking.AppendEmpty().SetStr(fmt.Sprint("article-", k))
				}
				event := span.Events().AppendEmpty()
				event.SetName("exception")
				event.Attributes().PutStr("exception.stacktrace", strings.Repeat("at shop.score\n", 500))
			}
			if n == 0 && i == 1 {
				features := span.Attributes().PutEmptyMap(mlconv.AttrFeatures)
				features.PutDouble("speed", 3)
				scores := span.Attributes().PutEmptyMap(mlconv.AttrPredictionScores)
				scores.PutDouble("fraud", 0.25)
				scores.PutDouble("ok", 0.75)
			}
		}
		s.send(td)
	}
	s.predictions += 600
}

// longFeatures is JSON of more than 4,095 characters: numbers without a baseline.
func longFeatures(i int) string {
	features := map[string]float64{}
	for k := range 60 {
		features[fmt.Sprintf("mean_of_the_amounts_that_this_customer_has_paid_in_shops_of_this_kind_in_the_last_%03d_days", k)] = float64(i*k%97) * 1.5
	}
	text, err := json.Marshal(features)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// odds sends a batch, a wide prediction, a large one, calls of a generative model, and a job that fails.
func (s *shop) odds() {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "desk: assistant")
	spans := rs.ScopeSpans().AppendEmpty().Spans()
	number := byte(0)
	span := func(name string) pcommon.Map {
		number++
		one := spans.AppendEmpty()
		one.SetName(name)
		one.SetTraceID(pcommon.TraceID{0xee, byte(s.seed), number})
		one.SetSpanID(pcommon.SpanID{0xee, byte(s.seed), number})
		one.SetStartTimestamp(pcommon.NewTimestampFromTime(time.Now().Add(-2 * time.Second)))
		one.SetEndTimestamp(pcommon.NewTimestampFromTime(time.Now().Add(-time.Second)))
		return one.Attributes()
	}
	batch := span("batch")
	batch.PutStr(mlconv.AttrModelName, "batcher")
	batch.PutInt(mlconv.AttrBatchSize, 100)
	amounts, classes := batch.PutEmptySlice("ml.feature.amount"), batch.PutEmptySlice(mlconv.AttrPredictionClass)
	for i := range 100 {
		amounts.AppendEmpty().SetDouble(float64(i))
		classes.AppendEmpty().SetStr("ok")
	}
	wide := span("wide")
	wide.PutStr(mlconv.AttrModelName, "wide")
	wide.PutDouble(mlconv.AttrPredictionValue, 7)
	for i := range 300 {
		wide.PutDouble(fmt.Sprintf("ml.feature.column_%03d", i), float64(i))
	}
	large := span("large")
	large.PutStr(mlconv.AttrModelName, "wide")
	large.PutDouble(mlconv.AttrPredictionValue, 8)
	for i := range 3 {
		large.PutStr(fmt.Sprint("document.", i), strings.Repeat("lorem ipsum ", 3000))
	}
	for i := range 30 {
		call := span("chat gpt")
		call.PutStr("gen_ai.operation.name", "chat")
		call.PutStr("gen_ai.provider.name", "openai")
		call.PutStr("gen_ai.request.model", "gpt")
		call.PutStr("gen_ai.response.model", "gpt-2026-11")
		call.PutInt("gen_ai.usage.input_tokens", int64(100+i))
		call.PutInt("gen_ai.usage.output_tokens", int64(10+i))
	}
	s.send(td)
	s.predictions += 100 + 1 + 1 + 30
	for _, td := range (traffic.JobRun{Seed: s.seed, Job: fmt.Sprint("nightly-", s.seed), RunID: "1", Start: time.Now().Add(-time.Minute), Stage: time.Second, Fails: "train"}).Requests() {
		s.send(td)
	}
}

// measures sends what the application measures itself, and then again, as it has gone on.
func (s *shop) measures() {
	began := pcommon.NewTimestampFromTime(time.Now())
	for round := 1; round <= 2; round++ {
		<-time.After(1100 * time.Millisecond) // an SDK sends each minute; of one second Datadog keeps one
		md := pmetric.NewMetrics()
		rm := md.ResourceMetrics().AppendEmpty()
		rm.Resource().Attributes().PutStr("service.name", oddService)
		rm.Resource().Attributes().PutStr("service.instance.id", fmt.Sprint("shop-", s.seed))
		list := rm.ScopeMetrics().AppendEmpty().Metrics()
		metric := func(name string) pmetric.Metric {
			m := list.AppendEmpty()
			m.SetName(name)
			return m
		}
		now := pcommon.NewTimestampFromTime(time.Now())
		number := func(p pmetric.NumberDataPoint, value int) {
			p.SetStartTimestamp(began)
			p.SetTimestamp(now)
			p.SetIntValue(int64(value))
		}
		orders := metric("shop.orders").SetEmptySum()
		orders.SetIsMonotonic(true)
		orders.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		p := orders.DataPoints().AppendEmpty()
		number(p, 70*round)
		p.Attributes().PutStr("path", "/order/"+strings.Repeat("item/", 60))
		s.orders += 70
		queue := metric("shop.queue").SetEmptySum()
		queue.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		number(queue.DataPoints().AppendEmpty(), 9-round)
		stock := metric("shop.stock").SetEmptyGauge()
		for i := range 5000 {
			p := stock.DataPoints().AppendEmpty()
			number(p, i)
			p.Attributes().PutStr("article", fmt.Sprintf("article %05d, of which the shop has some in one of its three warehouses, as far as is known", i))
		}
		latency := metric("shop.latency").SetEmptyHistogram()
		latency.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		h := latency.DataPoints().AppendEmpty()
		h.SetStartTimestamp(began)
		h.SetTimestamp(now)
		for i := range 41 {
			h.BucketCounts().Append(uint64(round))
			if i > 0 {
				h.ExplicitBounds().Append(float64(i))
			}
		}
		h.SetCount(uint64(41 * round))
		h.SetSum(100 * float64(round))
		h.SetMin(0.5)
		h.SetMax(60)
		sizes := metric("shop.sizes").SetEmptyExponentialHistogram()
		sizes.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		x := sizes.DataPoints().AppendEmpty()
		x.SetStartTimestamp(began)
		x.SetTimestamp(now)
		x.SetScale(1)
		x.Positive().BucketCounts().FromRaw([]uint64{uint64(2 * round), uint64(3 * round)})
		x.SetCount(uint64(5 * round))
		x.SetSum(7 * float64(round))
		_, err := pmetricotlp.NewGRPCClient(s.conn).Export(s.context(), pmetricotlp.NewExportRequestFromMetrics(md))
		require.NoError(s.t, err)
	}
}

// knows sends what has become known of the first hour.
func (s *shop) knows(address string) {
	request, err := http.NewRequestWithContext(s.context(), http.MethodPost, "http://"+address+"/v1/ground-truth", strings.NewReader(s.labels.String()))
	require.NoError(s.t, err)
	answer, err := http.DefaultClient.Do(request)
	require.NoError(s.t, err)
	require.NoError(s.t, answer.Body.Close())
	require.Equal(s.t, http.StatusAccepted, answer.StatusCode)
}

// says sends log records of the application.
func (s *shop) says() {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", oddService)
	list := rl.ScopeLogs().AppendEmpty().LogRecords()
	for i := range 3 {
		record := list.AppendEmpty()
		record.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
		record.Body().SetStr("an order could not be scored")
		record.Attributes().PutStr("exception.stacktrace", strings.Repeat("at shop.order\n", 400))
		record.Attributes().PutInt("order", int64(i))
		s.records++
	}
	_, err := plogotlp.NewGRPCClient(s.conn).Export(s.context(), plogotlp.NewExportRequestFromLogs(ld))
	require.NoError(s.t, err)
}

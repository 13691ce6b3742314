//go:build hostile

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

const (
	modelLeaf      = "leaf" // is counted by another collector, which sends deltas
	claimedPoints  = 1 << 22
	claimedFlushes = 13_000 // of 512 KiB each they would take 6.6 GB
	claimsAtOnce   = 500
	sizeOfClaims   = 100 << 20 // the most memory that they may take
)

// claim is what a point says of itself.
type claim struct {
	producer, model, version string
	sequence, points         int64
	ordinal                  int64
	minute                   time.Time
	count                    int64
	partition                string
}

// summaries is a collector that sends deltas to the site's ml_drift.
type summaries struct {
	s      *site
	client pmetricotlp.GRPCClient
	// sent is the predictions of modelLeaf.
	sent int
	// sequence is that of its last flush.
	sequence int64
	bytes    int
}

// put writes the point of a claim into a request.
func (c *claim) put(md pmetric.Metrics) {
	rm := md.ResourceMetrics().AppendEmpty()
	attrs := rm.Resource().Attributes()
	attrs.PutStr(mlconv.AttrSummaryProducer, c.producer)
	attrs.PutInt(mlconv.AttrSummarySequence, c.sequence)
	attrs.PutInt(mlconv.AttrSummaryPoints, c.points)
	if c.partition != "" {
		attrs.PutStr(mlconv.AttrSummaryPartition, c.partition)
	}
	m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName(mlconv.MetricPredictionCount)
	m.SetEmptySum().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	p := m.Sum().DataPoints().AppendEmpty()
	p.SetStartTimestamp(pcommon.NewTimestampFromTime(c.minute))
	p.SetTimestamp(pcommon.NewTimestampFromTime(c.minute.Add(time.Minute)))
	p.SetIntValue(c.count)
	p.Attributes().PutStr(mlconv.AttrModelName, c.model)
	p.Attributes().PutStr(mlconv.AttrModelVersion, c.version)
	p.Attributes().PutInt(mlconv.AttrSummaryPoint, c.ordinal)
}

// send sends a request until it is taken.
func (w *summaries) send(md pmetric.Metrics) {
	t := w.s.t
	request := pmetricotlp.NewExportRequestFromMetrics(md)
	body, err := request.MarshalProto()
	require.NoError(t, err)
	w.bytes += len(body)
	for begun := time.Now(); ; <-time.After(100 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		_, err := w.client.Export(ctx, request, grpc.WaitForReady(true))
		cancel()
		if err == nil {
			return
		}
		if code := status.Code(err); code != codes.Unavailable && code != codes.ResourceExhausted || time.Since(begun) > patience {
			t.Errorf("deltas were not taken: %v", err)
			return
		}
	}
}

// leaf sends a flush of the leaf as three requests, of which two come twice, as after an answer that was
// lost; play sends something else in between.
func (w *summaries) leaf(play func()) {
	w.sequence++
	for ordinal := range int64(3) {
		md := pmetric.NewMetrics()
		c := claim{producer: "a-leaf", model: modelLeaf, version: "1", sequence: w.sequence, points: 3, ordinal: ordinal, minute: now(), count: 7}
		c.put(md)
		w.send(md)
		play()
		if ordinal > 0 {
			w.send(md)
		}
		w.sent += 7
	}
}

func now() time.Time { return time.Now().Truncate(time.Minute) }

// state is a request that says what becomes of a partition of a topic.
func state(partition string, state int64) pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr(mlconv.AttrSummaryPartition, partition)
	m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName(mlconv.MetricSummaryPartitionState)
	m.SetEmptyGauge().DataPoints().AppendEmpty().SetIntValue(state)
	return md
}

// wild are points that nobody counts: of times that cannot be, of numbers that do not add up, of flushes
// that contradict themselves, and of partitions of a topic that is not read.
func wild() pmetric.Metrics {
	md := pmetric.NewMetrics()
	for i, minute := range []time.Time{time.Unix(60, 0), time.Unix(1<<33, 0), now().AddDate(-30, 0, 0), now().AddDate(30, 0, 0)} {
		(&claim{producer: "wild", model: "wild", version: fmt.Sprint(i), sequence: 1, points: 9, ordinal: int64(i), minute: minute, count: 1}).put(md)
	}
	for i, c := range []claim{
		{sequence: 2, points: 1, ordinal: 0, count: math.MaxInt64},
		{sequence: 3, points: math.MaxInt64, ordinal: math.MaxInt64 - 1},
		{sequence: math.MaxInt64, points: 2, ordinal: 1},
		{sequence: -1, points: -1, ordinal: -1, count: -1},
		{sequence: 4, points: 1, ordinal: 5},
		{sequence: 5, points: 1, ordinal: 0, partition: "ml_deltas/0"},
	} {
		c.producer, c.model, c.version, c.minute = fmt.Sprint("wild-", i), "wild", "1", now()
		c.put(md)
	}
	// The leaf's model is said to be of a partition, and of none.
	c := claim{producer: "wild", model: modelLeaf, version: "1", sequence: 2, points: 1, minute: now(), partition: "ml_deltas/0"}
	c.put(md)
	return md
}

// An ml_drift that takes deltas from other collectors, as in the example of two collectors, is sent points
// that claim flushes of four million, by the thousand, and whatever else does not fit. They take what they
// are, and what the leaf has counted is counted once.
func TestClaimedPoints(t *testing.T) {
	address := processtest.FreeAddr(t)
	s := newSite(t, withConfig(fmt.Sprintf(`
receivers: {otlp/leaves: {protocols: {grpc: {endpoint: %q, max_recv_msg_size_mib: 4}}}}
service: {pipelines: {metrics/summary: {receivers: [ml_summary, otlp/leaves], processors: [memory_limiter]}}}
`, address)))
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = connection.Close() })
	w := &summaries{s: s, client: pmetricotlp.NewGRPCClient(connection)}
	counted := func(when string) {
		t.Helper()
		s.until("all that the leaf has counted "+when, func() bool { return countedOf(s.page(), modelLeaf, "1") == w.sent }, func() {})
	}
	w.leaf(func() {})
	counted("before")

	s.under(attack{"claimed points", func(t *testing.T, s *site) {
		before, next := s.peak(), 0
		claims := func() {
			md := pmetric.NewMetrics()
			for range claimsAtOnce {
				c := claim{
					producer: fmt.Sprintf("p%d", next%100), model: fmt.Sprintf("claims-%d", next%7), version: "1", sequence: int64(1 + next/100),
					points: claimedPoints, ordinal: int64(claimedPoints - 1 - next%3), minute: now(), count: 1,
				}
				c.put(md)
				next++
			}
			w.send(md)
		}
		for next < claimedFlushes {
			for partition := range int64(3) {
				w.send(state("ml_deltas/0", partition))
			}
			w.leaf(claims)
			w.send(wild())
		}
		counted("while points claim much")
		t.Logf("%d KB of claims, %d MB more in memory", w.bytes>>10, (s.peak()-before)>>20)
		assert.Less(t, s.peak()-before, sizeOfClaims)
		assert.Positive(t, s.own("otelcol_ml_drift_points", `outcome="unreadable"`))
		assert.Positive(t, s.own("otelcol_ml_drift_points", `outcome="duplicate"`))
	}})

	assert.Contains(t, s.log(), mlconv.MetricSummaryPartitionState, "what is not believed is named")
}

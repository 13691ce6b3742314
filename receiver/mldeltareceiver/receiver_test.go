// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mldeltareceiver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelcol-ml/otelcol-ml/internal/delta"
	"github.com/otelcol-ml/otelcol-ml/internal/delta/otlp"
	"github.com/otelcol-ml/otelcol-ml/internal/metricbuilder"
	"github.com/otelcol-ml/otelcol-ml/receiver/mldeltareceiver/internal/lease"
	"github.com/otelcol-ml/otelcol-ml/receiver/mldeltareceiver/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/receiver/mldeltareceiver/internal/metadatatest"
)

const patience = 30 * time.Second

// cluster starts a broker with a topic of so many partitions, and a client that writes to it.
func cluster(t *testing.T, partitions int32) (*kfake.Cluster, *kgo.Client) {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(partitions, "ml_deltas"),
		kfake.BrokerConfigs(map[string]string{"group.initial.rebalance.delay.ms": "0"}), kfake.GroupMinSessionTimeout(time.Second))
	require.NoError(t, err)
	t.Cleanup(c.Close)
	client, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return c, client
}

// flush is the n-th flush of a producer of a model: n predictions.
func flush(t *testing.T, model string, n int) []byte {
	t.Helper()
	b := metricbuilder.New("test", "", pmetric.AggregationTemporalityDelta)
	f := otlp.NewFlush(b, "producer of "+model, uint64(n))
	f.Add(&delta.Delta{Key: delta.Key{Model: model}, Minute: 1_800_000_000, Count: uint64(n)})
	data, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(b.Metrics())
	require.NoError(t, err)
	return data
}

func write(t *testing.T, client *kgo.Client, partition int32, at time.Time, value []byte) {
	t.Helper()
	record := &kgo.Record{Topic: "ml_deltas", Partition: partition, Timestamp: at, Value: value}
	require.NoError(t, client.ProduceSync(t.Context(), record).FirstErr())
}

// reader is what stands behind a receiver: it notes what it was given, in order.
type reader struct {
	mu     sync.Mutex
	got    []string
	refuse error
	// refused is how often it did.
	refused int
}

func (r *reader) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (r *reader) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refuse != nil {
		r.refused++
		return r.refuse
	}
	in := otlp.Decode(ctx, md)
	for _, c := range in.Changes {
		r.got = append(r.got, fmt.Sprintf("%s %s", c.Partition, [...]string{"released", "rereading", "current"}[c.State]))
	}
	for _, d := range in.Deltas {
		r.got = append(r.got, fmt.Sprintf("%s %s=%d", d.Partition, d.Key.Model, d.Count))
	}
	return nil
}

func (r *reader) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.got...)
}

func (r *reader) setRefuse(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refuse = err
}

func (r *reader) refusals() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.refused
}

func (r *reader) eventually(t *testing.T, want ...string) {
	t.Helper()
	assert.EventuallyWithT(t, func(c *assert.CollectT) { assert.Equal(c, want, r.all()) }, patience, 10*time.Millisecond)
}

func started(t *testing.T, c *kfake.Cluster, tel *componenttest.Telemetry, change ...func(*Config)) (*deltaReceiver, *reader) {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	cfg.Brokers = c.ListenAddrs()
	cfg.SessionTimeout = 3 * time.Second
	for _, f := range change {
		f(cfg)
	}
	require.NoError(t, cfg.Validate())
	set := receivertest.NewNopSettings(metadata.Type)
	if tel != nil {
		set.TelemetrySettings = tel.NewTelemetrySettings()
	}
	next := &reader{}
	r, err := newReceiver(set, cfg, next)
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
	return r, next
}

// A partition is read again from the midnight before the depth on, then it is current, and at the
// end it is released; who comes next reads the same.
func TestRereadsAndReleases(t *testing.T) {
	c, client := cluster(t, 1)
	midnight := time.Now().UTC().Truncate(24 * time.Hour)
	write(t, client, 0, midnight.Add(-25*time.Hour), flush(t, "old", 1))
	write(t, client, 0, midnight.Add(-time.Second), flush(t, "fraud", 1))
	write(t, client, 0, midnight.Add(-time.Second), flush(t, "fraud", 2))
	write(t, client, 0, time.Now(), flush(t, "fraud", 3))
	depth := func(cfg *Config) { cfg.Reread = time.Since(midnight) + time.Minute }

	tel := componenttest.NewTelemetry()
	r, next := started(t, c, tel, depth)
	again := []string{
		"ml_deltas/0 rereading", "ml_deltas/0 fraud=1", "ml_deltas/0 fraud=2", "ml_deltas/0 fraud=3", "ml_deltas/0 current",
	}
	next.eventually(t, again...)
	write(t, client, 0, time.Now(), []byte("{}"))
	write(t, client, 0, time.Now(), flush(t, "fraud", 4))
	next.eventually(t, append(again, "ml_deltas/0 fraud=4")...)
	assert.EventuallyWithT(t, func(c *assert.CollectT) {
		lag, err := tel.GetMetric("otelcol_ml_delta_lag")
		require.NoError(c, err)
		assert.Zero(c, lag.Data.(metricdata.Gauge[int64]).DataPoints[0].Value)
	}, patience, 10*time.Millisecond)
	metadatatest.AssertEqualMlDeltaMessages(t, tel, []metricdata.DataPoint[int64]{
		{Attributes: attribute.NewSet(attribute.String("outcome", "delivered")), Value: 4},
		{Attributes: attribute.NewSet(attribute.String("outcome", "unreadable")), Value: 1},
	}, metricdatatest.IgnoreTimestamp())
	require.NoError(t, r.Shutdown(t.Context()))
	next.eventually(t, append(again, "ml_deltas/0 fraud=4", "ml_deltas/0 released")...)
	require.NoError(t, tel.Shutdown(context.Background()))

	r, next = started(t, c, nil, depth)
	next.eventually(t, "ml_deltas/0 rereading", "ml_deltas/0 fraud=1", "ml_deltas/0 fraud=2", "ml_deltas/0 fraud=3",
		"ml_deltas/0 fraud=4", "ml_deltas/0 current")
	require.NoError(t, r.Shutdown(t.Context()))

	r, next = started(t, c, nil, func(cfg *Config) { cfg.Reread = 0 })
	next.eventually(t, "ml_deltas/0 rereading", "ml_deltas/0 old=1", "ml_deltas/0 fraud=1", "ml_deltas/0 fraud=2", "ml_deltas/0 fraud=3",
		"ml_deltas/0 fraud=4", "ml_deltas/0 current")
	require.NoError(t, r.Shutdown(t.Context()))
}

// What is written to an empty partition while it is asked where to begin is read: the client asks
// for the first message since a time and, as there is none, for the end, before which one was
// written.
func TestWrittenWhileItIsAssigned(t *testing.T) {
	for name, last := range map[string]time.Duration{"empty": 0, "all too old": -100 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			c, client := cluster(t, 1)
			if last != 0 {
				write(t, client, 0, time.Now().Add(last), flush(t, "old", 1))
			}
			var since, written bool // the cluster runs one control at a time
			c.ControlKey(int16(kmsg.ListOffsets), func(req kmsg.Request) (kmsg.Response, error, bool) {
				c.KeepControl()
				asks := req.(*kmsg.ListOffsetsRequest).Topics[0].Partitions[0].Timestamp
				if asks == -1 && since && !written {
					written = true
					c.SleepControl(func() { write(t, client, 0, time.Now(), flush(t, "fraud", 1)) })
				}
				since = since || asks >= 0
				return nil, nil, false
			})
			r, next := started(t, c, nil, func(cfg *Config) { cfg.Reread = time.Hour })
			assert.EventuallyWithT(t, func(c *assert.CollectT) {
				assert.ElementsMatch(c, []string{"ml_deltas/0 rereading", "ml_deltas/0 current", "ml_deltas/0 fraud=1"}, next.all())
			}, patience, 10*time.Millisecond)
			require.NoError(t, r.Shutdown(t.Context()))
			assert.True(t, written)
		})
	}
}

// A message that the pipeline has no room for is delivered again; one that it will never take is
// left out.
func TestRefusedMessages(t *testing.T) {
	c, client := cluster(t, 1)
	tel := componenttest.NewTelemetry()
	r, next := started(t, c, tel)
	next.eventually(t, "ml_deltas/0 rereading", "ml_deltas/0 current")
	next.setRefuse(errors.New("no room"))
	write(t, client, 0, time.Now(), flush(t, "fraud", 1))
	assert.EventuallyWithT(t, func(c *assert.CollectT) { assert.Positive(c, next.refusals()) }, patience, 10*time.Millisecond)
	next.setRefuse(nil)
	next.eventually(t, "ml_deltas/0 rereading", "ml_deltas/0 current", "ml_deltas/0 fraud=1")
	next.setRefuse(consumererror.NewPermanent(errors.New("never")))
	write(t, client, 0, time.Now(), flush(t, "fraud", 2))
	assert.EventuallyWithT(t, func(c *assert.CollectT) {
		m, err := tel.GetMetric("otelcol_ml_delta_messages")
		require.NoError(c, err)
		assert.Len(c, m.Data.(metricdata.Sum[int64]).DataPoints, 2, "one delivered, one refused")
	}, patience, 10*time.Millisecond)
	next.setRefuse(nil)
	write(t, client, 0, time.Now(), flush(t, "fraud", 3))
	next.eventually(t, "ml_deltas/0 rereading", "ml_deltas/0 current", "ml_deltas/0 fraud=1", "ml_deltas/0 fraud=3")
	require.NoError(t, r.Shutdown(t.Context()))
}

// A second member takes a partition over, which the first one lets go of, and reads it again; the
// partition that the first one keeps is not read again.
func TestMembersShareThePartitions(t *testing.T) {
	c, client := cluster(t, 2)
	for i := range int32(2) {
		write(t, client, i, time.Now(), flush(t, fmt.Sprintf("m%d", i), 1))
	}
	one, first := started(t, c, nil)
	assert.Eventually(t, func() bool { return len(first.all()) == 6 }, patience, 10*time.Millisecond)
	two, second := started(t, c, nil)
	assert.Eventually(t, func() bool { return len(second.all()) == 3 }, patience, 10*time.Millisecond)
	taken := second.all()[0][len("ml_deltas/") : len("ml_deltas/")+1]
	second.eventually(t, "ml_deltas/"+taken+" rereading", "ml_deltas/"+taken+" m"+taken+"=1", "ml_deltas/"+taken+" current")
	assert.Equal(t, "ml_deltas/"+taken+" released", first.all()[6])
	for i := range int32(2) {
		write(t, client, i, time.Now(), flush(t, fmt.Sprintf("m%d", i), 2))
	}
	assert.Eventually(t, func() bool { return len(first.all()) == 8 && len(second.all()) == 4 }, patience, 10*time.Millisecond)
	require.NoError(t, two.Shutdown(t.Context()))
	assert.Eventually(t, func() bool { return len(first.all()) == 12 }, patience, 10*time.Millisecond, "it is read again")
	assert.Equal(t, []string{
		"ml_deltas/" + taken + " rereading", "ml_deltas/" + taken + " m" + taken + "=1", "ml_deltas/" + taken + " m" + taken + "=2",
		"ml_deltas/" + taken + " current",
	}, first.all()[8:])
	require.NoError(t, one.Shutdown(t.Context()))
}

// BenchmarkDeliver is the way of a message from a fetch to the next consumer: 200 points, as of a
// flush of a model with some features.
func BenchmarkDeliver(b *testing.B) {
	const points = 200
	metrics := metricbuilder.New("test", "", pmetric.AggregationTemporalityDelta)
	f := otlp.NewFlush(metrics, "producer", 1)
	for i := range points {
		f.Add(&delta.Delta{
			Key:    delta.Key{Model: "fraud", Version: "1", Subject: delta.Feature, Name: fmt.Sprintf("feature_%d", i%20)},
			Minute: 1_800_000_000 + int64(i/20)*60, Categorical: true, Category: "DE", Count: 7,
		})
	}
	md := metrics.Metrics()
	require.Equal(b, points, md.DataPointCount())
	value, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(md)
	require.NoError(b, err)
	r, err := newReceiver(receivertest.NewNopSettings(metadata.Type), createDefaultConfig().(*Config), consumertest.NewNop())
	require.NoError(b, err)
	r.client, err = kgo.NewClient() // asks no broker before it has to
	require.NoError(b, err)
	defer r.client.Close()
	p := lease.Partition{Topic: "ml_deltas"}
	r.leases.Assign(p)
	r.leases.Position(p, 0, 0)
	record := &kgo.Record{Topic: p.Topic, Value: value}
	fetches := kgo.Fetches{{Topics: []kgo.FetchTopic{{Topic: p.Topic, Partitions: []kgo.FetchPartition{{Records: []*kgo.Record{record}}}}}}}
	b.SetBytes(int64(len(value)))
	b.ReportAllocs()
	for b.Loop() {
		for _, m := range r.take(fetches) {
			r.deliver(b.Context(), &m)
		}
		record.Offset++
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*points), "ns/point")
	require.EqualValues(b, 0, r.leases[p].Lag())
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mldeltareceiver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/plugin/kzap"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/internal/delta"
	"github.com/otelcol-ml/otelcol-ml/internal/delta/otlp"
	"github.com/otelcol-ml/otelcol-ml/internal/loglimit"
	"github.com/otelcol-ml/otelcol-ml/internal/visible"
	"github.com/otelcol-ml/otelcol-ml/receiver/mldeltareceiver/internal/broker"
	"github.com/otelcol-ml/otelcol-ml/receiver/mldeltareceiver/internal/lease"
	"github.com/otelcol-ml/otelcol-ml/receiver/mldeltareceiver/internal/metadata"
)

const (
	// maxFetch is the most bytes that one broker is asked for at a time.
	maxFetch = 16 << 20
	// maxPoll is the most messages between two looks at the state of the partitions.
	maxPoll = 200
	// pollWait is how long a poll waits for messages.
	pollWait = time.Second
	// firstPause and longestPause are between two attempts to deliver what the pipeline refused.
	firstPause, longestPause = 100 * time.Millisecond, 5 * time.Second
)

// deltaReceiver is one member of the group.
type deltaReceiver struct {
	cfg       *Config
	logger    *zap.Logger
	telemetry *telemetry
	next      consumer.Metrics
	limit     *loglimit.Limiter
	now       func() time.Time

	client *kgo.Client
	admin  *kadm.Client
	stop   context.CancelFunc
	done   chan struct{}

	// mu guards what follows, and is held while the next consumer is called: messages and states
	// reach it in the order of the partition.
	mu     sync.Mutex
	leases lease.Table
	// unsaid are the changes that the next consumer has not taken yet. Nothing overtakes them.
	unsaid []delta.PartitionChange
}

var _ receiver.Metrics = (*deltaReceiver)(nil)

func newReceiver(set receiver.Settings, cfg *Config, next consumer.Metrics) (*deltaReceiver, error) {
	set.Logger = visible.Logger(set.Logger)
	builder, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	return &deltaReceiver{
		cfg: cfg, logger: set.Logger, telemetry: &telemetry{builder}, next: next,
		limit: loglimit.New(time.Minute), now: time.Now, leases: make(lease.Table),
	}, nil
}

// Start joins the group. Brokers that cannot be reached are tried again and again.
func (r *deltaReceiver) Start(ctx context.Context, host component.Host) error {
	opts, err := broker.Options(ctx, host, &r.cfg.Config)
	if err != nil {
		return err
	}
	opts = append(opts,
		kgo.ConsumerGroup(r.cfg.GroupID), kgo.ConsumeTopics(r.cfg.Topic), kgo.Balancers(kgo.CooperativeStickyBalancer()),
		kgo.SessionTimeout(r.cfg.SessionTimeout), kgo.HeartbeatInterval(r.cfg.SessionTimeout/3), kgo.BlockRebalanceOnPoll(),
		kgo.AutoCommitMarks(), kgo.KeepControlRecords(), kgo.FetchMaxBytes(maxFetch), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.OnPartitionsAssigned(r.assigned), kgo.OnPartitionsRevoked(r.released), kgo.OnPartitionsLost(r.released),
		kgo.AdjustFetchOffsetsFn(r.position), kgo.WithLogger(kzap.New(r.logger, kzap.Level(kgo.LogLevelWarn))),
	)
	if r.client, err = kgo.NewClient(opts...); err != nil {
		return err
	}
	r.admin = kadm.NewClient(r.client)
	run, stop := context.WithCancel(context.Background())
	r.stop, r.done = stop, make(chan struct{})
	go r.run(run)
	return nil
}

// Shutdown leaves the group, which releases the partitions.
func (r *deltaReceiver) Shutdown(context.Context) error {
	if r.stop != nil {
		r.stop()
		<-r.done
		r.client.CloseAllowingRebalance()
	}
	r.telemetry.Shutdown()
	return nil
}

// assigned begins the leases of partitions.
func (r *deltaReceiver) assigned(ctx context.Context, _ *kgo.Client, added map[string][]int32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for p := range partitions(added) {
		r.leases.Assign(p)
		r.change(ctx, p, delta.Rereading)
	}
}

// released ends the leases of partitions that were revoked or lost.
func (r *deltaReceiver) released(ctx context.Context, _ *kgo.Client, gone map[string][]int32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for p := range partitions(gone) {
		if r.leases.Revoke(p) {
			r.change(context.WithoutCancel(ctx), p, delta.Released)
		}
	}
}

// partitions calls yield for each partition, in order.
func partitions(of map[string][]int32) func(yield func(lease.Partition) bool) {
	return func(yield func(lease.Partition) bool) {
		for _, topic := range slices.Sorted(maps.Keys(of)) {
			for _, number := range slices.Sorted(slices.Values(of[topic])) {
				if !yield(lease.Partition{Topic: topic, Number: number}) {
					return
				}
			}
		}
	}
}

// position says from which offsets partitions are read that were just assigned.
func (r *deltaReceiver) position(ctx context.Context, offsets map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error) {
	// The ends come first. Where no message is as young as asked for, the start is the end at a later
	// moment: what is written in between begins at the end of before.
	ends, err := r.admin.ListEndOffsets(ctx, r.cfg.Topic)
	if err != nil {
		return nil, fmt.Errorf("cannot tell where a partition ends: %w", err)
	}
	starts, err := r.startOffsets(ctx)
	if err != nil {
		return nil, fmt.Errorf("cannot tell where to read from: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for topic, numbers := range offsets {
		for number := range numbers {
			start, ok := starts.Lookup(topic, number)
			end, known := ends.Lookup(topic, number)
			if !ok || !known || start.Err != nil || end.Err != nil {
				return nil, fmt.Errorf("the offsets of %s/%d are not known: %w", topic, number, firstError(start.Err, end.Err))
			}
			from := min(start.Offset, end.Offset)
			numbers[number] = kgo.NewOffset().At(from)
			p := lease.Partition{Topic: topic, Number: number}
			r.leases.Position(p, from, end.Offset)
			r.logger.Info("A partition was assigned and is read again",
				zap.Stringer("partition", p), zap.Int64("messages", end.Offset-from))
		}
	}
	return offsets, nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return errors.New("the brokers do not list it")
}

// startOffsets are those of the first messages that are read again.
func (r *deltaReceiver) startOffsets(ctx context.Context) (kadm.ListedOffsets, error) {
	if r.cfg.Reread == 0 {
		return r.admin.ListStartOffsets(ctx, r.cfg.Topic)
	}
	// Windows of an hour or a day that begin after midnight are whole.
	from := r.now().Add(-r.cfg.Reread).UTC().Truncate(24 * time.Hour)
	return r.admin.ListOffsetsAfterMilli(ctx, from.UnixMilli(), r.cfg.Topic)
}

// run reads until it is stopped.
func (r *deltaReceiver) run(ctx context.Context) {
	defer close(r.done)
	for ctx.Err() == nil {
		limited, cancel := context.WithTimeout(ctx, pollWait)
		fetches := r.client.PollRecords(limited, maxPoll)
		cancel()
		batch := r.take(fetches)
		r.client.AllowRebalance()
		for i := range batch {
			if !r.deliver(ctx, &batch[i]) {
				break
			}
		}
		r.catch(ctx)
	}
}

// message is a record with the lease that it was fetched under.
type message struct {
	*kgo.Record
	lease *lease.Lease
}

// take returns the records of a poll. No partition changes hands meanwhile.
func (r *deltaReceiver) take(fetches kgo.Fetches) []message {
	r.mu.Lock()
	defer r.mu.Unlock()
	var batch []message
	fetches.EachPartition(func(p kgo.FetchTopicPartition) {
		l := r.leases[lease.Partition{Topic: p.Topic, Number: p.Partition}]
		if l == nil {
			return
		}
		l.Known(p.HighWatermark)
		for _, record := range p.Records {
			batch = append(batch, message{record, l})
		}
	})
	fetches.EachError(func(topic string, partition int32, err error) {
		if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || errors.Is(err, kgo.ErrClientClosed) {
			return
		}
		if more, ok := r.limit.Allow("fetch", r.now()); ok {
			r.logger.Warn("Messages cannot be fetched; it is tried again", zap.String("topic", topic),
				zap.Int32("partition", partition), zap.Int("not_logged", more), zap.Error(err))
		}
	})
	return batch
}

// deliver hands a message on, again and again until it is taken, is refused for good or its lease
// is over. It returns false where the receiver is stopped.
func (r *deltaReceiver) deliver(ctx context.Context, m *message) bool {
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		r.mu.Lock()
		settled := m.lease.Over() || r.say(ctx) && r.attempt(ctx, m)
		r.mu.Unlock()
		if settled {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(pause):
		}
	}
}

// attempt hands a message on and returns whether that settles it.
func (r *deltaReceiver) attempt(ctx context.Context, m *message) bool {
	if !m.Attrs.IsControl() && !r.pass(ctx, m) {
		return false
	}
	m.lease.Read(m.Offset)
	r.client.MarkCommitRecords(m.Record)
	return true
}

// pass hands the metrics of a message on and returns whether that settles it.
func (r *deltaReceiver) pass(ctx context.Context, m *message) bool {
	md, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(m.Value)
	if err != nil {
		r.telemetry.message(ctx, "unreadable")
		if more, ok := r.limit.Allow("unreadable", r.now()); ok {
			r.logger.Error("A message is no OTLP metrics and is left out: write the topic with 'encoding: otlp_proto'",
				zap.Stringer("partition", m.lease.Partition), zap.Int64("offset", m.Offset), zap.Int("not_logged", more), zap.Error(err))
		}
		return true
	}
	ctx = otlp.StampPartition(ctx, md, m.lease.Partition.String())
	switch err := r.next.ConsumeMetrics(ctx, md); {
	case err == nil:
		r.telemetry.message(ctx, "delivered")
	case consumererror.IsPermanent(err):
		r.telemetry.message(ctx, "refused")
		r.logger.Error("A message was refused for good and is left out",
			zap.Stringer("partition", m.lease.Partition), zap.Int64("offset", m.Offset), zap.Error(err))
	default:
		if more, ok := r.limit.Allow("refused", r.now()); ok {
			r.logger.Warn("A message was refused and is delivered again",
				zap.Stringer("partition", m.lease.Partition), zap.Int("not_logged", more), zap.Error(err))
		}
		return false
	}
	return true
}

// catch says which partitions have been read up to where they were when they were assigned.
func (r *deltaReceiver) catch(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for p, l := range r.leases {
		if l.Catch() {
			r.change(ctx, p, delta.Current)
		}
	}
	r.say(ctx)
	r.telemetry.held(ctx, r.leases)
}

// change says that a partition is in another state now.
func (r *deltaReceiver) change(ctx context.Context, p lease.Partition, state delta.PartitionState) {
	r.telemetry.changed(ctx, state)
	r.unsaid = append(r.unsaid, delta.PartitionChange{Partition: p.String(), State: state})
	r.say(ctx)
}

// say hands on the changes that the next consumer has not taken yet, and returns whether it has all
// of them now.
func (r *deltaReceiver) say(ctx context.Context) bool {
	for len(r.unsaid) > 0 {
		c := r.unsaid[0]
		err := r.next.ConsumeMetrics(otlp.PartitionState(ctx, c.Partition, c.State))
		if err != nil && !consumererror.IsPermanent(err) {
			if more, ok := r.limit.Allow("state", r.now()); ok {
				r.logger.Warn("The state of a partition was refused and is said again",
					zap.String("partition", c.Partition), zap.Int("not_logged", more), zap.Error(err))
			}
			return false
		}
		r.unsaid = r.unsaid[1:]
	}
	return true
}

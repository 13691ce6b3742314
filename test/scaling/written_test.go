// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package scaling

import (
	"context"
	"maps"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/internal/delta"
	"github.com/otelcol-ml/otelcol-ml/internal/delta/otlp"
)

// written follows the topic: the predictions of each model in it, each point once.
type written struct {
	mu    sync.Mutex
	count map[string]int
}

func readAll(t *testing.T, c *kfake.Cluster) *written {
	client, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.ConsumeTopics(topic))
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	w := &written{count: make(map[string]int)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		seen := make(map[point]bool)
		for ctx.Err() == nil {
			for _, r := range client.PollFetches(ctx).Records() {
				md, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(r.Value)
				assert.NoError(t, err)
				w.add(md, seen)
			}
		}
	}()
	t.Cleanup(func() {
		stop()
		<-done
		client.Close()
	})
	return w
}

// point tells a point of a flush of a producer from all others.
type point struct {
	producer          string
	sequence, ordinal uint64
}

func (w *written) add(md pmetric.Metrics, seen map[point]bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, d := range otlp.Decode(context.Background(), md).Deltas {
		id := point{d.Producer, d.Sequence, d.Ordinal}
		if d.Key.Subject == delta.Predictions && !seen[id] {
			w.count[d.Key.Model] += int(d.Count)
		}
		seen[id] = true
	}
}

func (w *written) counts() map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.count)
}

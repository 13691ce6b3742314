// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package groundtruthreceiver

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/plog"
)

// moody is a sink that has no room for one request in three.
type moody struct {
	sink
	mu     sync.Mutex // guards random
	random *rand.Rand
}

func (m *moody) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	m.mu.Lock()
	full := m.random.IntN(3) == 0
	m.mu.Unlock()
	if full {
		return errFull
	}
	return m.sink.ConsumeLogs(ctx, ld)
}

// Many senders, each of which sends its labels until they are taken and once more, and a pipeline
// that is full now and then: each label arrives once.
func TestManySenders(t *testing.T) {
	const senders, requests, each = 8, 50, 5
	next := &moody{random: rand.New(rand.NewPCG(1, 2))}
	r := offline(t, config(func(c *Config) { c.Limits.Requests = 4 }), next)
	var wg sync.WaitGroup
	for s := range senders {
		wg.Go(func() {
			for i := range requests {
				var text strings.Builder
				for l := range each {
					fmt.Fprintf(&text, "{\"prediction_id\":\"%d-%d-%d\",\"label\":1,\"label_time\":\"1999-12-31\",\"sender\":%d}\n", s, i, l, s)
				}
				status, a := r.post(t, text.String())
				for ; status == http.StatusTooManyRequests; status, a = r.post(t, text.String()) {
				}
				assert.Equal(t, http.StatusAccepted, status)
				assert.Equal(t, each, a.Accepted+a.Duplicate)
				for status = http.StatusTooManyRequests; status == http.StatusTooManyRequests; status, a = r.post(t, text.String()) {
				}
				assert.Equal(t, answer{Duplicate: each}, a)
			}
		})
	}
	wg.Wait()
	seen := map[string]int{}
	for _, l := range next.labels(t) {
		seen[l.PredictionID]++
	}
	assert.Len(t, seen, senders*requests*each)
	for id, n := range seen {
		assert.Equal(t, 1, n, id)
	}
}

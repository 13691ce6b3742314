// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package inferencelogreceiver

import (
	"context"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

// moody is a sink that has no room for one request in three.
type moody struct {
	sink
	mu     sync.Mutex // guards random
	random *rand.Rand
}

func (m *moody) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	m.mu.Lock()
	full := m.random.IntN(3) == 0
	m.mu.Unlock()
	if full {
		return errFull
	}
	return m.sink.ConsumeTraces(ctx, td)
}

// Many senders, halves in any order, each sent again until it is taken and once more, and a
// pipeline that is full now and then: each call becomes one span.
func TestManySenders(t *testing.T) {
	const senders, calls = 8, 200
	next := &moody{random: rand.New(rand.NewPCG(1, 2))}
	r := offline(t, config(), next, nil)
	var wg sync.WaitGroup
	for s := range senders {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(uint64(s), 0))
			var events []message
			for i := range calls {
				// the two sides of a call come from two senders
				events = append(events, request(strconv.Itoa(s)+"-"+strconv.Itoa(i)), response(strconv.Itoa((s+1)%senders)+"-"+strconv.Itoa(i)))
			}
			random.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
			for _, e := range events {
				for r.post(t, e).Code == http.StatusServiceUnavailable {
				}
				assert.Equal(t, http.StatusOK, r.post(t, e).Code, "delivered twice")
			}
		})
	}
	wg.Wait()
	waiting, size := r.pairs.Waiting()
	assert.Zero(t, waiting)
	assert.Zero(t, size)
	require.NoError(t, r.Shutdown(t.Context()))
	var want []string
	for s := range senders {
		for i := range calls {
			want = append(want, strconv.Itoa(s)+"-"+strconv.Itoa(i)+" pair")
		}
	}
	got := next.names()
	slices.Sort(want)
	slices.Sort(got)
	assert.Equal(t, want, got)
}

// A collector that stops while events come in answers each of them, and makes a span of each that
// it has taken.
func TestStopWhileEventsCome(t *testing.T) {
	next := &sink{}
	cfg := config()
	r, err := newReceiver(nopSettings(), cfg, next)
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context(), testkit.Host{}))
	var wg sync.WaitGroup
	var mu sync.Mutex
	taken, broken := 0, 0
	first := make(chan struct{})
	var once sync.Once
	transport := &http.Transport{}
	client := &http.Client{Transport: transport, Timeout: 10 * time.Second}
	for s := range 4 {
		wg.Go(func() {
			for i := range 100_000 {
				m := request(strconv.Itoa(s) + "-" + strconv.Itoa(i)).request(t)
				req, err := http.NewRequest(http.MethodPost, r.url(), m.Body)
				if !assert.NoError(t, err) {
					return
				}
				req.Header = m.Header
				resp, err := client.Do(req)
				if err != nil { // the door is shut, or was while this request went through it
					mu.Lock()
					broken++
					mu.Unlock()
					return
				}
				resp.Body.Close()
				if resp.StatusCode == http.StatusOK {
					mu.Lock()
					taken++
					mu.Unlock()
				}
				once.Do(func() { close(first) })
			}
		})
	}
	<-first
	require.NoError(t, r.Shutdown(t.Context()))
	wg.Wait()
	transport.CloseIdleConnections()
	mu.Lock()
	defer mu.Unlock()
	// net/http closes a connection without its answer if it is still new after five seconds of Shutdown.
	assert.GreaterOrEqual(t, next.SpanCount(), taken)
	assert.LessOrEqual(t, next.SpanCount(), taken+broken)
}

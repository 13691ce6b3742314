// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package pairs

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/call"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errFull = errors.New("full")

// pipeline takes calls unless err is set, and counts.
type pipeline struct {
	mu       sync.Mutex // guards all below
	err      error
	sent     []string
	unpaired map[Cause]int
	sides    int
}

func (p *pipeline) send(_ context.Context, calls []call.Pair) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return p.err
	}
	for _, c := range calls {
		switch {
		case c.Right == nil:
			p.sent = append(p.sent, c.Left.Value.ID+" no response")
		case c.Left == nil:
			p.sent = append(p.sent, c.Right.Value.ID+" no request")
		default:
			p.sent = append(p.sent, c.Left.Value.ID+" pair")
		}
	}
	return nil
}

func (p *pipeline) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = err
}

func (p *pipeline) Unpaired(_ context.Context, why Cause, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n > 0 {
		p.unpaired[why] += n
	}
}

func (p *pipeline) Waiting(_ context.Context, sides, _ int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sides = sides
}

func (p *pipeline) taken() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sent
}

func newPairs(change ...func(*Options)) (*Pairs, *pipeline) {
	p := &pipeline{unpaired: map[Cause]int{}}
	options := Options{Timeout: time.Minute, Keys: 2, Bytes: 1000, Send: p.send, Observer: p, Logger: zap.NewNop()}
	for _, c := range change {
		c(&options)
	}
	return New(options), p
}

func side(id string, response bool) *call.Side {
	return &call.Side{Key: call.Key{id[0]}, Size: 1, Value: &call.Call{ID: id, Response: response}}
}

func TestPairsMeet(t *testing.T) {
	pairs, p := newPairs()
	first := pairs.Begin()
	assert.True(t, first.Add(side("a", true)))
	assert.False(t, first.Add(side("a", true)), "delivered again")
	_, err := first.Send(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1, p.sides)

	p.fail(errFull)
	for range 2 { // refused, and sent again
		b := pairs.Begin()
		assert.True(t, b.Add(side("a", false)))
		refused, err := b.Send(t.Context())
		require.ErrorIs(t, err, errFull)
		assert.Equal(t, 1, refused)
	}
	p.fail(nil)
	b := pairs.Begin()
	b.Add(side("a", false))
	refused, err := b.Send(t.Context())
	require.NoError(t, err)
	assert.Zero(t, refused)
	assert.Equal(t, []string{"a pair"}, p.taken())
	assert.Empty(t, p.unpaired)
}

func TestUnpaired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pairs, p := newPairs()
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go pairs.Sweep(ctx)
		add := func(id string, response bool) {
			b := pairs.Begin()
			b.Add(side(id, response))
			_, _ = b.Send(t.Context())
		}
		add("a", false)
		p.fail(errFull)
		time.Sleep(2 * time.Minute)
		sides, _ := pairs.Waiting()
		assert.Equal(t, 1, sides, "it waits while there is no room")
		p.fail(nil)
		time.Sleep(time.Minute)
		assert.Equal(t, []string{"a no response"}, p.taken())

		for _, id := range []string{"b", "c", "d"} {
			add(id, true)
		}
		p.fail(consumererror.NewPermanent(errFull))
		time.Sleep(90 * time.Second)
		p.fail(nil)
		stop()
		synctest.Wait()
		add("e", false)
		pairs.Drain(t.Context())
		assert.Equal(t, []string{"a no response", "b no request", "e no response"}, p.taken())
		assert.Equal(t, map[Cause]int{Timeout: 1, Evicted: 1, Lost: 2, Shutdown: 1}, p.unpaired)
	})
}

func TestWithoutPairing(t *testing.T) {
	pairs, p := newPairs(func(o *Options) { o.Timeout = 0 })
	b := pairs.Begin()
	b.Add(side("a", false))
	b.Add(side("a", true))
	_, err := b.Send(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"a no response", "a no request"}, p.taken())

	pairs, p = newPairs(func(o *Options) { o.DropUnpaired = true })
	b = pairs.Begin()
	b.Add(side("a", false))
	_, err = b.Send(t.Context())
	require.NoError(t, err)
	pairs.Drain(t.Context())
	assert.Empty(t, p.taken())
	assert.Equal(t, map[Cause]int{Shutdown: 1}, p.unpaired)
}

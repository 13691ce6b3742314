// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package lease

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

// shared is a storage that several replicas have, each write of which takes a while.
type shared struct {
	mu     sync.Mutex
	values map[string][]byte
	delay  func() time.Duration
	fail   error
}

func (s *shared) Get(context.Context, string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.values[key], s.fail
}

func (s *shared) Batch(_ context.Context, set map[string][]byte) error {
	if s.delay != nil {
		time.Sleep(s.delay())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	s.values = set
	return nil
}

// replica is one that counts how many lead.
type replica struct {
	*Storage
	stop func()
}

func start(t *testing.T, store *shared, name string, leaders *atomic.Int32) *replica {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s := NewStorage(Options{
		Store: store, Holder: name, Duration: 30 * time.Second, Logger: zap.NewNop(),
		Gained: func() { leaders.Add(1) }, Lost: func() { leaders.Add(-1) },
	})
	var work sync.WaitGroup
	work.Go(func() { s.Run(ctx) })
	return &replica{s, func() { cancel(); work.Wait() }}
}

func TestOneOfManyLeads(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			var mu sync.Mutex
			store := &shared{delay: func() time.Duration {
				mu.Lock()
				defer mu.Unlock()
				return time.Duration(r.Int64N(int64(4 * time.Second)))
			}}
			var leaders atomic.Int32
			var replicas []*replica
			for i := range 5 {
				replicas = append(replicas, start(t, store, fmt.Sprint("pod-", i), &leaders))
			}
			leading := func() (n int, who *replica) {
				for _, r := range replicas {
					if ok, note := r.Leading(); ok {
						n, who = n+1, r
					} else {
						require.NotEmpty(t, note)
					}
				}
				return n, who
			}
			var first *replica
			for range 600 {
				time.Sleep(500 * time.Millisecond)
				n, who := leading()
				require.LessOrEqual(t, n, 1)
				if who != nil {
					first = who
				}
			}
			require.NotNil(t, first)
			first.stop() // the lease is given back, and another one takes it
			time.Sleep(time.Minute)
			n, second := leading()
			require.Equal(t, 1, n)
			require.NotSame(t, first, second)
			for _, r := range replicas {
				if r != first {
					r.stop()
				}
			}
			require.Zero(t, leaders.Load())
		})
	}
}

// A leader that cannot renew its lease does not lead any more when it runs out; another one does
// after that.
func TestLeaseRunsOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &shared{}
		var leaders atomic.Int32
		a := start(t, store, "a", &leaders)
		time.Sleep(time.Minute)
		leading, _ := a.Leading()
		require.True(t, leading)
		store.mu.Lock()
		store.fail = errors.New("no route to host")
		store.mu.Unlock()
		time.Sleep(31 * time.Second)
		leading, _ = a.Leading()
		assert.False(t, leading)
		time.Sleep(20 * time.Second)
		assert.Zero(t, leaders.Load())
		a.stop()

		store.fail = nil
		b := start(t, store, "b", &leaders)
		time.Sleep(time.Minute)
		leading, _ = b.Leading()
		assert.True(t, leading)
		b.stop()
	})
}

func TestAlways(t *testing.T) {
	leading, _ := Always{}.Leading()
	assert.True(t, leading)
}

type elector struct {
	component.StartFunc
	component.ShutdownFunc
}

func (elector) SetCallBackFuncs(func(context.Context), func()) {}

type other struct {
	component.StartFunc
	component.ShutdownFunc
}

func TestFindElector(t *testing.T) {
	id, not := component.MustNewID("k8s_leader_elector"), component.MustNewID("zpages")
	host := testkit.Host{id: elector{}, not: other{}}
	_, err := FindElector(host, id)
	require.NoError(t, err)
	_, err = FindElector(host, not)
	require.ErrorContains(t, err, "elects no leader")
	_, err = FindElector(testkit.Host{}, id)
	require.ErrorContains(t, err, "is not enabled")
}

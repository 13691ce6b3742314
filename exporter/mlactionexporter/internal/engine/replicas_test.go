// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/lease"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
)

// shared is a storage that replicas have in common.
type shared struct {
	mu     sync.Mutex
	values map[string][]byte
}

func (s *shared) Get(_ context.Context, key string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.values[key], nil
}

func (s *shared) Batch(_ context.Context, set map[string][]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.Copy(s.values, set)
	maps.DeleteFunc(s.values, func(_ string, v []byte) bool { return v == nil })
	return nil
}

// replica is an engine with a lease, as the exporter puts them together.
type replica struct {
	engine *Engine
	lease  *lease.Storage
	stop   func()
}

func (s *script) replica(store *shared, name string) *replica {
	r := &replica{}
	s.options.Leader = leaderOf{r}
	r.engine = s.engine()
	r.lease = lease.NewStorage(lease.Options{
		Store: store, Holder: name, Duration: 30 * time.Second, Logger: zap.NewNop(),
		Gained: func() {
			_, err := r.engine.Activate(context.Background(), store)
			assert.NoError(s.t, err)
		},
		Lost: r.engine.Deactivate,
	})
	ctx, cancel := context.WithCancel(s.t.Context())
	var work sync.WaitGroup
	work.Go(func() { r.lease.Run(ctx) })
	work.Go(func() { r.engine.Run(ctx) })
	r.stop = func() {
		cancel()
		work.Wait()
		r.engine.Stop()
	}
	return r
}

type leaderOf struct{ r *replica }

func (l leaderOf) Leading() (bool, string) { return l.r.lease.Leading() }

// Three replicas hear the same alerts, and one of them acts. When it goes, at any time, another one
// goes on with what it has done.
func TestReplicas(t *testing.T) {
	for minute := 0; minute < 35; minute += 3 {
		t.Run(fmt.Sprint(minute), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScript(t)
				store := &shared{values: map[string][]byte{}}
				replicas := []*replica{s.replica(store, "a"), s.replica(store, "b"), s.replica(store, "c")}
				a, restored := breach(time.Now()), time.Time{}
				for m := range 60 {
					if m == minute {
						for i, r := range replicas {
							if leading, _ := r.lease.Leading(); leading {
								r.stop()
								replicas = append(replicas[:i:i], replicas[i+1:]...)
								break
							}
						}
					}
					now := time.Now()
					alias := s.world.at()
					s.serve(alias, now, now)
					state := a
					if alias == "6" {
						if restored.IsZero() {
							restored = now
						}
						if now.Sub(restored) > 5*time.Minute {
							state = resolved(a, restored.Add(5*time.Minute))
						}
					}
					for _, r := range replicas {
						c := *state
						_, err := r.engine.Take([]*alert.Alert{&c})
						require.NoError(t, err)
					}
					time.Sleep(time.Minute)
				}
				synctest.Wait()
				assert.Equal(t, []string{"6"}, s.world.changes)
				require.Len(t, s.world.issues, 1)
				assert.False(t, s.world.issues[0].Open)
				for _, r := range replicas {
					r.stop()
				}
			})
		})
	}
}

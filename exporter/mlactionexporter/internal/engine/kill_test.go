// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/state"
	"github.com/otelcol-ml/otelcol-ml/internal/state/storageclient"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

// death is the end of a process at its n-th moment: before or after a write, before a request
// arrives or after it was answered. What is not done by then is never done.
type death struct {
	mu   sync.Mutex
	at   int
	n    int
	dead bool
	what string
}

func (d *death) moment(what string) (alive bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.n++
	if d.n == d.at {
		d.dead, d.what = true, what
	}
	return !d.dead
}

// dying is a store of a process that dies.
type dying struct {
	state.Store
	death *death
}

func (s dying) Batch(ctx context.Context, set map[string][]byte) error {
	if !slices.ContainsFunc(slices.Collect(maps.Keys(set)), func(key string) bool { return strings.HasPrefix(key, "case/") || key == "done" }) {
		if s.death.isDead() {
			return errLost
		}
		return s.Store.Batch(ctx, set) // what is known of versions, each minute
	}
	if !s.death.moment("before a write") {
		return errLost
	}
	if err := s.Store.Batch(ctx, set); err != nil {
		return err
	}
	if !s.death.moment("after a write") {
		return errLost
	}
	return nil
}

// A process that is killed at any moment has done everything once when its successor is through: one
// rollback, one incident that is closed.
func TestKilledAnywhere(t *testing.T) {
	moments := 0
	for at := 1; at < 500; at++ {
		d := &death{at: at}
		synctest.Test(t, func(t *testing.T) { killedAt(t, d) })
		if !d.dead {
			moments = at - 1
			break
		}
	}
	t.Logf("%d moments", moments)
	assert.Greater(t, moments, 20)
}

// Two deaths, at all pairs of moments of which the second is soon after the first.
func TestKilledTwice(t *testing.T) {
	for at := 1; at < 40; at += 2 {
		for again := 1; again <= 4; again++ {
			synctest.Test(t, func(t *testing.T) { killedAt(t, &death{at: at}, &death{at: again}) })
		}
	}
}

func killedAt(t *testing.T, deaths ...*death) {
	s := newScript(t)
	storage := testkit.NewStorage(nil)
	s.alert = breach(time.Now())
	for _, d := range append(deaths, &death{}) {
		client := storageclient.New(storage.Client(t), "storage")
		s.world.step = func(when string) error {
			if !d.moment(when + " a request") {
				return errLost
			}
			return nil
		}
		e := s.engine()
		_, err := e.Activate(t.Context(), dying{client, d})
		if err != nil {
			require.ErrorIs(t, err, errLost)
		} else {
			s.live(e, d)
		}
		require.NoError(t, client.Close(t.Context()))
	}
	what := ""
	for _, d := range deaths {
		what += fmt.Sprintf("killed at %d, %s; ", d.at, d.what)
	}
	assert.Equal(t, []string{"6"}, s.world.changes, what)
	require.Len(t, s.world.issues, 1, what)
	assert.False(t, s.world.issues[0].Open, what)
}

// live plays the story until the process dies, or all is over: the alert fires until the version is
// restored, and for five minutes more.
func (s *script) live(e *Engine, d *death) {
	ctx, cancel := context.WithCancel(s.t.Context())
	var work sync.WaitGroup
	work.Go(func() { e.Run(ctx) })
	for end := time.Now().Add(2 * time.Hour); time.Now().Before(end) && !d.isDead(); time.Sleep(10 * time.Second) {
		now := time.Now()
		alias := s.world.at()
		s.serve(alias, now, now)
		if alias == "6" && s.restoredAt.IsZero() {
			s.restoredAt = now
		}
		state := *s.alert
		if !s.restoredAt.IsZero() && now.Sub(s.restoredAt) > 5*time.Minute {
			state = *resolved(s.alert, s.restoredAt.Add(5*time.Minute))
		}
		_, err := e.Take([]*alert.Alert{&state})
		if err != nil {
			require.ErrorIs(s.t, err, errLost)
		}
	}
	cancel()
	work.Wait()
	e.Stop()
}

func (d *death) isDead() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.dead
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package follow

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-ml/otelcol-ml/extension/mlcatalogextension/internal/fetch"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// script is a source that answers as it is told.
type script struct {
	mu     sync.Mutex
	start  time.Time
	asked  []time.Duration // since start
	answer func(ctx context.Context, n int) (catalog.Facts, error)
	closed bool
}

func (s *script) Fetch(ctx context.Context) (catalog.Facts, error) {
	s.mu.Lock()
	s.asked = append(s.asked, time.Since(s.start))
	n := len(s.asked)
	s.mu.Unlock()
	return s.answer(ctx, n)
}

func (s *script) Close() { s.closed = true }

// followed is a follower in a bubble, and what it does.
type followed struct {
	*Follower
	source    *script
	published []catalog.Facts
	saved     []time.Duration
	counts    map[Outcome]int
	logs      *observer.ObservedLogs
	stop      func()
}

// follow runs a test with a follower whose waits are not cut.
func follow(t *testing.T, cfg Options, answer func(ctx context.Context, n int) (catalog.Facts, error), test func(t *testing.T, f *followed)) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zapcore.DebugLevel)
		s := &script{start: time.Now(), answer: answer}
		f := &followed{Follower: New(s, cfg, zap.New(core)), source: s, counts: map[Outcome]int{}, logs: logs}
		f.jitter = func() float64 { return 0 }
		locked := func(change func()) {
			s.mu.Lock()
			defer s.mu.Unlock()
			change()
		}
		f.Publish = func(facts catalog.Facts) { locked(func() { f.published = append(f.published, facts) }) }
		f.Save = func(_ context.Context, at time.Time, _ catalog.Facts) {
			locked(func() { f.saved = append(f.saved, at.Sub(s.start)) })
		}
		f.Count = func(outcome Outcome, _ catalog.Facts) { locked(func() { f.counts[outcome]++ }) }
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		f.stop = func() { cancel(); <-done }
		go func() { defer close(done); f.Run(ctx) }()
		test(t, f)
		f.stop()
		assert.True(t, s.closed)
	})
}

func model(name string) catalog.Facts {
	return catalog.Facts{Models: []catalog.ModelFacts{{Name: name}}}
}

var minute = Options{Name: "s", Interval: time.Minute, StaleAfter: 10 * time.Minute}

// sleep lets time pass. The lock orders what the test reads and writes before and after it with
// what the follower does.
func (f *followed) sleep(d time.Duration) {
	f.source.mu.Lock()
	f.source.mu.Unlock() //nolint:staticcheck // only the order counts
	testkit.Advance(d)
	f.source.mu.Lock()
	f.source.mu.Unlock() //nolint:staticcheck // only the order counts
}

func TestIntervalAndUnchangedAnswers(t *testing.T) {
	follow(t, minute, func(_ context.Context, n int) (catalog.Facts, error) {
		if n < 4 {
			return model("a"), nil
		}
		return model("b"), nil
	}, func(t *testing.T, f *followed) {
		f.sleep(5*time.Minute + time.Second)
		assert.Equal(t, []time.Duration{0, time.Minute, 2 * time.Minute, 3 * time.Minute, 4 * time.Minute, 5 * time.Minute}, f.source.asked)
		assert.Equal(t, []catalog.Facts{model("a"), model("b")}, f.published, "an answer that says the same publishes nothing")
		assert.Equal(t, map[Outcome]int{Changed: 2, Unchanged: 4}, f.counts)
		assert.Equal(t, time.Second, f.Age())
		assert.Equal(t, []time.Duration{0, 3 * time.Minute}, f.saved)
		f.stop()
		assert.Equal(t, []time.Duration{0, 3 * time.Minute, 5 * time.Minute}, f.saved, "the end saves when the last answer came")
	})
}

func TestBackOff(t *testing.T) {
	down := true
	follow(t, minute, func(context.Context, int) (catalog.Facts, error) {
		if down {
			return catalog.Facts{}, errors.New("refused")
		}
		return model("a"), nil
	}, func(t *testing.T, f *followed) {
		f.sleep(25*time.Minute + time.Second)
		seconds := make([]float64, len(f.source.asked))
		for i, a := range f.source.asked {
			seconds[i] = a.Seconds()
		}
		assert.Equal(t, []float64{0, 5, 15, 35, 75, 155, 315, 615, 915, 1215}, seconds, "doubling up to 5m")
		assert.Empty(t, f.published, "what has never answered has nothing to be marked")
		assert.Empty(t, f.saved)
		assert.Equal(t, 25*time.Minute+time.Second, f.Age(), "since the start")
		assert.Len(t, f.logs.FilterLevelExact(zapcore.WarnLevel).All(), 1, "once per outage")
		assert.Contains(t, f.logs.All()[0].Message, "does without it until it answers")

		down = false
		f.sleep(time.Minute)
		assert.Equal(t, []catalog.Facts{model("a")}, f.published)
		assert.Equal(t, 1, f.logs.FilterMessage("The registry answers again.").Len())
		f.sleep(2 * time.Minute)
		down = true
		f.sleep(70 * time.Second)
		last := f.source.asked[len(f.source.asked)-4:]
		assert.Equal(t, []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second}, []time.Duration{last[1] - last[0], last[2] - last[1], last[3] - last[2]},
			"a new outage begins anew")
	})
}

func TestJitterAndRetryAfter(t *testing.T) {
	f := New(&script{}, minute, zap.NewNop())
	f.failures = 3
	for _, share := range []float64{0, 0.5, 1} {
		f.jitter = func() float64 { return share }
		assert.Equal(t, time.Duration(float64(20*time.Second)*(1-share/2)), f.backoff(errors.New("x")))
	}
	f.jitter = func() float64 { return 1 }
	assert.Equal(t, 17*time.Minute, f.backoff(&fetch.Error{Status: 429, RetryAfter: 17 * time.Minute}))
	assert.Equal(t, 10*time.Second, f.backoff(&fetch.Error{Status: 503, RetryAfter: time.Second}), "it asks for less than it gets")
	f.failures = 1 << 30
	assert.Equal(t, maxBackoff/2, f.backoff(errors.New("x")))
	slow := New(&script{}, Options{Name: "s", Interval: time.Hour}, zap.NewNop())
	slow.jitter, slow.failures = func() float64 { return 0 }, 100
	assert.Equal(t, time.Hour, slow.backoff(errors.New("x")))
	fast := New(&script{}, Options{Name: "s", Interval: time.Second}, zap.NewNop())
	fast.jitter, fast.failures = func() float64 { return 0 }, 1
	assert.Equal(t, time.Second, fast.backoff(errors.New("x")))
	for range 100 { // the real one
		wait := New(&script{}, minute, zap.NewNop()).backoff(errors.New("x"))
		assert.GreaterOrEqual(t, wait, 2500*time.Millisecond)
		assert.LessOrEqual(t, wait, 5*time.Second)
	}
}

func TestStaleFactsAreMarked(t *testing.T) {
	down := false
	follow(t, minute, func(context.Context, int) (catalog.Facts, error) {
		if down {
			return catalog.Facts{}, &fetch.Error{Path: "/x", Status: 500}
		}
		return model("a"), nil
	}, func(t *testing.T, f *followed) {
		f.sleep(90 * time.Second)
		down = true
		f.sleep(9*time.Minute + 29*time.Second)
		assert.Len(t, f.published, 1, "stale is what is older than 10 minutes: the last answer came after one")
		f.sleep(2 * time.Second)
		require.Len(t, f.published, 2, "it does not wait for the next attempt")
		stale := model("a")
		stale.Stale = true
		assert.Equal(t, stale, f.published[1])
		f.sleep(time.Hour)
		assert.Len(t, f.published, 2, "once")
		assert.Len(t, f.logs.FilterMessageSnippet("marked with ml.catalog.stale").All(), 1)
		down = false
		f.sleep(10 * time.Minute)
		assert.Equal(t, model("a"), f.published[2], "the mark goes although the facts are the same")
		assert.Len(t, f.published, 3)
		assert.Zero(t, f.counts[Changed]-1)
	})
}

func TestStaleAfterZero(t *testing.T) {
	follow(t, Options{Name: "s", Interval: time.Minute}, func(_ context.Context, n int) (catalog.Facts, error) {
		if n > 1 {
			return catalog.Facts{}, errors.New("down")
		}
		return model("a"), nil
	}, func(t *testing.T, f *followed) {
		f.sleep(100 * time.Hour)
		assert.Len(t, f.published, 1)
	})
}

func TestRestoredFacts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var published []catalog.Facts
		f := New(&script{}, minute, zap.NewNop())
		f.Publish = func(facts catalog.Facts) { published = append(published, facts) }
		f.Restore(time.Now().Add(-5*time.Minute), model("a"))
		assert.Equal(t, 5*time.Minute, f.Age())
		f.Restore(time.Now().Add(-11*time.Minute), model("b"))
		require.Len(t, published, 2)
		assert.False(t, published[0].Stale)
		assert.True(t, published[1].Stale)
	})
}

func TestStopDuringARequest(t *testing.T) {
	follow(t, minute, func(ctx context.Context, _ int) (catalog.Facts, error) {
		<-ctx.Done()
		return catalog.Facts{}, ctx.Err()
	}, func(t *testing.T, f *followed) {
		f.sleep(roundTimeout - time.Second)
		assert.Empty(t, f.counts)
		f.sleep(2 * time.Second)
		assert.Equal(t, map[Outcome]int{Failed: 1}, f.counts, "a round that hangs is a failure")
		f.sleep(10 * time.Second)
		f.stop()
		assert.Equal(t, map[Outcome]int{Failed: 1}, f.counts, "one that the collector's end cuts off is not")
	})
}

func TestNotesAreLoggedWhenTheyChange(t *testing.T) {
	follow(t, minute, func(_ context.Context, n int) (catalog.Facts, error) {
		facts := model("a")
		if n < 4 {
			facts.Notes = []string{"too many"}
		}
		return facts, nil
	}, func(t *testing.T, f *followed) {
		f.sleep(10 * time.Minute)
		assert.Len(t, f.logs.FilterField(zap.String("reason", "too many")).All(), 1)
		assert.Len(t, f.published, 1)
	})
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/journal"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/procedure"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/version"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/state/storageclient"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

func TestStory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		e := s.engine()
		_, err := e.Activate(t.Context(), nil)
		require.NoError(t, err)
		a := breach(time.Now())
		s.run(e, 14*time.Minute, a)
		assert.Equal(t, "7", s.world.alias)
		require.Len(t, s.world.issues, 1, "an incident needs no 15 minutes")
		assert.Equal(t, "the false positive rate is 4.1 %", s.world.issues[0].Title)
		assert.Equal(t, "version 7", s.world.issues[0].Body)
		assert.Equal(t, []string{"wait sustained"}, s.said("rollback"))

		s.run(e, 2*time.Minute, a)
		assert.Equal(t, "6", s.world.alias)
		assert.Equal(t, []string{"wait sustained", "act", "completed"}, s.said("rollback"))
		require.Len(t, s.world.issues[0].Comments, 1)
		assert.Contains(t, s.world.issues[0].Comments[0], "rollback: ")

		// Predictions return to version 6, and the alert is resolved; 10 minutes later the incident is closed.
		s.serve("6", time.Now(), time.Now().Add(5*time.Minute))
		end := resolved(a, time.Now())
		s.run(e, 9*time.Minute, end)
		assert.True(t, s.world.issues[0].Open)
		s.run(e, 3*time.Minute, end)
		assert.False(t, s.world.issues[0].Open)
		assert.Equal(t, []string{"6"}, s.world.changes)
		assert.Equal(t, []string{"act", "completed", "updated", "updated", "closed"}, s.said("incident"))
		s.run(e, 2*time.Minute, nil)
		assert.Zero(t, e.Cases())
		e.Stop()
	})
}

// What happens while an incident is being opened, and is not in what it says, it is told of.
func TestNewsWhileItOpens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		run := s.actions[1].Run
		s.actions[1].Run = func(ctx context.Context, request *procedure.Request) procedure.Result {
			if request.Name == procedureDo {
				time.Sleep(20 * time.Second) // it has not sent anything yet
			}
			return run(ctx, request)
		}
		s.actions[0].Policy.Sustained = 10 * time.Second
		e := s.engine()
		_, err := e.Activate(t.Context(), nil)
		require.NoError(t, err)
		s.run(e, time.Minute, breach(time.Now()))
		require.Len(t, s.world.issues, 1)
		require.Len(t, s.world.issues[0].Comments, 1)
		assert.Contains(t, s.world.issues[0].Comments[0], "rollback: version 6 is back in place of 7")
		e.Stop()
	})
}

// While the version that was to go still serves, the incident stays open.
func TestNotRestored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		e := s.engine()
		_, err := e.Activate(t.Context(), nil)
		require.NoError(t, err)
		a := breach(time.Now())
		s.run(e, 16*time.Minute, a)
		s.serve("7", time.Now(), time.Now().Add(20*time.Minute))
		s.run(e, 15*time.Minute, resolved(a, time.Now()))
		assert.True(t, s.world.issues[0].Open)
		assert.Contains(t, s.said("incident"), "kept_open")
		s.serve("6", time.Now(), time.Now().Add(30*time.Minute))
		s.run(e, time.Minute, nil)
		assert.False(t, s.world.issues[0].Open)
		e.Stop()
	})
}

// An incident waits no longer for the version to go than it does for the alert to be over.
func TestRestoredSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		s.actions[1].ResolveAfter = 5 * time.Second
		e := s.engine()
		_, err := e.Activate(t.Context(), nil)
		require.NoError(t, err)
		a := breach(time.Now())
		s.run(e, 16*time.Minute, a)
		s.serve("7", time.Now(), time.Now())
		s.serve("6", time.Now().Add(2*time.Second), time.Now().Add(2*time.Second))
		s.run(e, 8*time.Second, resolved(a, time.Now()))
		assert.True(t, s.world.issues[0].Open)
		s.serve("6", time.Now(), time.Now())
		s.run(e, 8*time.Second, nil)
		assert.False(t, s.world.issues[0].Open)
		e.Stop()
	})
}

// When a version came is known after a kill, too, however soon after it.
func TestNewVersionIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := storageclient.New(testkit.NewStorage(nil).Client(t), "storage")
		s := newScript(t)
		e := s.engine()
		_, err := e.Activate(t.Context(), store)
		require.NoError(t, err)
		s.run(e, 90*time.Second, nil)
		came := time.Now()
		s.serve("8", came, came)
		s.run(e, 2*time.Second, nil) // and is killed
		s.versions = version.NewTracker()
		s.serve("8", came.Add(10*time.Second), came.Add(10*time.Second))
		_, err = s.engine().Activate(t.Context(), store)
		require.NoError(t, err)
		seen, _ := s.versions.Seen(version.ID{Environment: "production", Name: "fraud"})
		assert.Equal(t, came, seen.Versions["8"].First.In(came.Location()))
		assert.False(t, seen.Versions["8"].FromStart)
	})
}

// An alert that fires again before its incident is closed goes on with it, and is not rolled back
// twice.
func TestFiresAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		e := s.engine()
		_, err := e.Activate(t.Context(), nil)
		require.NoError(t, err)
		a := breach(time.Now())
		s.run(e, 16*time.Minute, a)
		s.run(e, 5*time.Minute, resolved(a, time.Now()))
		s.run(e, 30*time.Minute, breach(time.Now()))
		require.Len(t, s.world.issues, 1)
		assert.True(t, s.world.issues[0].Open)
		assert.Contains(t, strings.Join(s.world.issues[0].Comments, " "), "fires again")
		assert.Equal(t, []string{"6"}, s.world.changes)
		e.Stop()
	})
}

func TestModes(t *testing.T) {
	for _, c := range []struct {
		mode           Mode
		requests       int
		changes        int
		rollback       []string
		awaitsApproval bool
	}{
		{mode: Observe, rollback: []string{"wait sustained", "observe"}},
		{mode: DryRun, requests: 1, rollback: []string{"wait sustained", "act", "dry_run"}},
		{mode: Approve, rollback: []string{"wait sustained", "awaiting_approval"}, awaitsApproval: true},
		{mode: Enforce, requests: 3, changes: 1, rollback: []string{"wait sustained", "act", "completed"}},
	} {
		t.Run(string(c.mode), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScript(t)
				s.actions = s.actions[:1]
				s.actions[0].Mode = c.mode
				e := s.engine()
				_, err := e.Activate(t.Context(), nil)
				require.NoError(t, err)
				s.run(e, 20*time.Minute, breach(time.Now()))
				assert.Len(t, s.world.seen, c.requests, "%v", s.world.seen)
				assert.Len(t, s.world.changes, c.changes)
				assert.Equal(t, c.rollback, s.said("rollback"))
				e.Stop()
			})
		})
	}
}

func TestApproval(t *testing.T) {
	for _, c := range []struct {
		name     string
		do       func(t *testing.T, s *script, e *Engine, key string)
		changes  int
		rollback []string
	}{
		{"approved", func(t *testing.T, _ *script, e *Engine, key string) {
			require.NoError(t, e.Approve(key, "ada", true))
			assert.ErrorIs(t, e.Approve(key, "ada", true), ErrNotAwaited)
		}, 1, []string{"approved", "act", "completed"}},
		{"rejected", func(t *testing.T, _ *script, e *Engine, key string) { require.NoError(t, e.Approve(key, "ada", false)) }, 0, []string{"rejected"}},
		{"nobody answers", func(t *testing.T, s *script, e *Engine, _ string) {
			s.run(e, time.Hour, breach(time.Now().Add(-time.Hour)))
		}, 0, []string{"expired"}},
		{"another key", func(t *testing.T, _ *script, e *Engine, _ string) {
			assert.ErrorIs(t, e.Approve("0000", "ada", true), ErrNoRun)
		}, 0, nil},
		{"guards object after it was approved", func(t *testing.T, s *script, e *Engine, key string) {
			require.NoError(t, e.Kill(true, "bob", "a release"))
			require.NoError(t, e.Approve(key, "ada", true))
			s.run(e, time.Minute, nil)
			assert.Empty(t, s.world.changes)
			require.NoError(t, e.Kill(false, "bob", "done"))
		}, 1, []string{"approved", "wait kill_switch", "act", "completed"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScript(t)
				s.actions = s.actions[:1]
				s.actions[0].Mode = Approve
				e := s.engine()
				_, err := e.Activate(t.Context(), nil)
				require.NoError(t, err)
				a := breach(time.Now())
				s.run(e, 16*time.Minute, a)
				runs := e.Overview().Runs
				require.Len(t, runs, 1)
				require.Equal(t, journal.Approval, runs[0].Phase)
				c.do(t, s, e, runs[0].Key)
				s.run(e, time.Minute, a)
				assert.Len(t, s.world.changes, c.changes)
				assert.Equal(t, append([]string{"wait sustained", "awaiting_approval"}, c.rollback...), s.said("rollback"))
				e.Stop()
			})
		})
	}
}

// What may have changed between the decision and the request is looked at once more.
func TestJustBeforeTheRequest(t *testing.T) {
	file := filepath.Join(t.TempDir(), "off")
	for name, change := range map[string]func(e *Engine, a *alert.Alert){
		"the kill switch by HTTP": func(e *Engine, _ *alert.Alert) { _ = e.Kill(true, "ada", "stop") },
		"the kill switch's file":  func(*Engine, *alert.Alert) { _ = os.WriteFile(file, nil, 0o600) },
		"the alert is over":       func(e *Engine, a *alert.Alert) { _, _ = e.Take([]*alert.Alert{resolved(a, time.Now())}) },
		"data are lost": func(e *Engine, _ *alert.Alert) {
			_, _ = e.Take([]*alert.Alert{{Name: "ExporterLosesData", Severity: alert.Critical, State: alert.Firing, StartsAt: time.Now()}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScript(t)
				s.options.KillFile = file
				s.actions = s.actions[:1]
				s.actions[0].Policy.HoldOn = []string{"ExporterLosesData"}
				e := s.engine()
				_, err := e.Activate(t.Context(), nil)
				require.NoError(t, err)
				a := breach(time.Now())
				s.world.answer = func(r *http.Request) *http.Response { // between the reading and the change
					if r.Method == http.MethodGet && time.Since(a.StartsAt) >= 15*time.Minute {
						s.world.answer = nil
						change(e, a)
					}
					return nil
				}
				s.run(e, 15*time.Minute+30*time.Second, a)
				assert.Empty(t, s.world.changes)
				assert.Contains(t, s.said("rollback"), "held")
				assert.Empty(t, e.journal.Done(), "what was not sent does not count")
				e.Stop()
				_ = os.Remove(file)
			})
		})
	}
}

// A storage that refuses stops everything: nothing is sent that is not written before.
func TestNothingIsSentThatIsNotWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		e := s.engine()
		storage := testkit.NewStorage(nil)
		_, err := e.Activate(t.Context(), storageclient.New(storage.Client(t), "storage"))
		require.NoError(t, err)
		storage.Fail(errLost)
		_, err = e.Take([]*alert.Alert{breach(time.Now())})
		require.ErrorIs(t, err, errLost)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		e.Run(ctx)
		synctest.Wait()
		assert.Empty(t, s.world.issues)
		storage.Fail(nil)
		s.run(e, time.Minute, breach(time.Now()))
		assert.Len(t, s.world.issues, 1)
		e.Stop()
	})
}

const twoChanges = `
description: two changes, one after the other
kind: rollback
do:
  - {name: first, request: POST /issues, json: {key: first, version: '{{ .target.to }}'}, repeat: never}
  - {name: second, request: POST /issues, json: {key: second}, repeat: never}
`

// What speaks against a request in the middle of a procedure holds it there; it goes on when nothing
// does any more, and does not repeat what was done.
func TestHeldInTheMiddle(t *testing.T) {
	for name, change := range map[string]func(e *Engine, storage *testkit.Storage, on bool){
		"the kill switch":        func(e *Engine, _ *testkit.Storage, on bool) { _ = e.Kill(on, "ada", "stop") },
		"a storage that refuses": func(_ *Engine, storage *testkit.Storage, on bool) { storage.Fail(map[bool]error{true: errLost}[on]) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScript(t)
				s.actions = []*Action{s.action("two", twoChanges, `severity="critical"`)}
				e := s.engine()
				storage := testkit.NewStorage(nil)
				client := storageclient.New(storage.Client(t), "storage")
				_, err := e.Activate(t.Context(), client)
				require.NoError(t, err)
				s.world.step = func(when string) error {
					if when == "after" && len(s.world.issues) == 1 {
						change(e, storage, true)
					}
					return nil
				}
				a := breach(time.Now().Add(-15 * time.Minute))
				_, err = e.Take([]*alert.Alert{a})
				require.NoError(t, err)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				e.Run(ctx)
				synctest.Wait()
				require.Len(t, s.world.issues, 1)
				assert.Equal(t, journal.Acting, e.Overview().Runs[0].Phase)

				s.world.step = nil
				change(e, storage, false)
				s.run(e, time.Minute, a)
				require.Len(t, s.world.issues, 2)
				assert.Equal(t, "second", s.world.issues[1].Key)
				assert.Equal(t, journal.Over, e.Overview().Runs[0].Phase)
				e.Stop()
				require.NoError(t, client.Close(t.Context()))
			})
		})
	}
}

func TestOwnTraceIsLinkedOnce(t *testing.T) {
	links := []any{map[string]any{"text": "trace 1", "href": "http://jaeger/trace/1"}, map[string]any{"text": "trace 2", "href": "http://jaeger/trace/2"}}
	got := withoutLink(map[string]any{"links": links}, "http://jaeger/trace/1")
	assert.Equal(t, []any{map[string]any{"text": "trace 2", "href": "http://jaeger/trace/2"}}, got["links"])
}

const again = `
description: one change that can be repeated
kind: rollback
do:
  - {name: set, request: POST /alias, json: {version: '{{ .target.to }}'}, repeat: always}
`

// A request of which no answer came, and that is held before it is sent again, is not the end: it is
// sent again when nothing speaks against it any more.
func TestHeldBeforeTheSecondAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		s.actions = []*Action{s.action("again", again, `severity="critical"`)}
		e := s.engine()
		_, err := e.Activate(t.Context(), nil)
		require.NoError(t, err)
		s.world.step = func(when string) error {
			if when == "after" {
				s.world.step = nil
				require.NoError(t, e.Kill(true, "ada", "stop"))
				return errLost
			}
			return nil
		}
		a := breach(time.Now().Add(-15 * time.Minute))
		s.run(e, time.Minute, a)
		assert.Equal(t, []string{"6"}, s.world.changes)
		assert.Equal(t, journal.Acting, e.Overview().Runs[0].Phase)
		assert.Equal(t, []string{"act", "held"}, s.said("again"))
		require.NoError(t, e.Kill(false, "ada", "go on"))
		s.run(e, time.Minute, a)
		assert.Equal(t, []string{"6", "6"}, s.world.changes)
		assert.Equal(t, []string{"act", "held", "resumed", "completed"}, s.said("again"))
		e.Stop()
	})
}

// Whoever turns an action down stops what it has begun, too: nothing more is sent, and a week after the
// alert is over the case is given up, with its incident open.
func TestModeTurnedDown(t *testing.T) {
	for _, mode := range []Mode{Observe, DryRun} {
		t.Run(string(mode), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScript(t)
				s.actions = s.actions[1:]
				storage := testkit.NewStorage(nil)
				live := func(d time.Duration, a *alert.Alert) int {
					client := storageclient.New(storage.Client(t), "storage")
					e := s.engine()
					_, err := e.Activate(t.Context(), client)
					require.NoError(t, err)
					s.run(e, d, a)
					cases := e.Cases()
					e.Stop()
					require.NoError(t, client.Close(t.Context()))
					return cases
				}
				a := breach(time.Now())
				live(time.Minute, a)
				require.Len(t, s.world.issues, 1)
				before := len(s.world.seen)
				s.actions[0].Mode = mode
				end := resolved(a, time.Now())
				assert.Equal(t, 1, live(time.Hour, end))
				assert.Len(t, s.world.seen, before)
				assert.Equal(t, 0, live(stuckAfter, end))
				assert.True(t, s.world.issues[0].Open)
				assert.Len(t, s.world.seen, before)
				assert.Contains(t, s.said("incident"), "forgotten")
			})
		})
	}
}

// An approval is good for as long as it could be given.
func TestApprovalOfLongAgo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		s.actions = s.actions[:1]
		s.actions[0].Mode = Approve
		e := s.engine()
		_, err := e.Activate(t.Context(), nil)
		require.NoError(t, err)
		a := breach(time.Now())
		s.run(e, 16*time.Minute, a)
		require.NoError(t, e.Kill(true, "bob", "a release"))
		require.NoError(t, e.Approve(e.Overview().Runs[0].Key, "ada", true))
		s.run(e, 2*time.Hour, a)
		require.NoError(t, e.Kill(false, "bob", "done"))
		s.run(e, time.Minute, a)
		assert.Empty(t, s.world.changes)
		assert.Equal(t, journal.Approval, e.Overview().Runs[0].Phase)
		e.Stop()
	})
}

// There are no more cases than alerts may be held.
func TestCasesHaveABound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		s.actions = s.actions[1:]
		s.actions[0].Mode = Observe
		e := s.engine()
		_, err := e.Activate(t.Context(), nil)
		require.NoError(t, err)
		total := Outcomes{}
		for i := range 150 {
			a := breach(time.Now())
			a.Labels["stage"] = strings.Repeat("x", i+1)
			out, err := e.Take([]*alert.Alert{a, resolved(a, time.Now())}) // it makes room among the alerts
			require.NoError(t, err)
			total.Full += out.Full
		}
		assert.LessOrEqual(t, e.Cases(), 100)
		assert.Equal(t, 50, total.Full)
		e.Stop()
	})
}

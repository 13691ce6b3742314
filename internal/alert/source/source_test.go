// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var epoch = time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)

func at(d time.Duration) time.Time { return epoch.Add(d) }

// entry is an alert on a name.
type entry struct {
	Entry
	name string
}

// rig is a source and what it has told its component.
type rig struct {
	*Source[string, *entry]
	changed, dropped, early []string
}

func newRig(change func(*Options[*entry])) *rig {
	r := &rig{}
	o := Options[*entry]{
		Limit: 3, Resend: time.Minute, KeepResolved: 15 * time.Minute, Retry: 5 * time.Second,
		Changed: func(e *entry) { r.changed = append(r.changed, e.name) },
		Dropped: func(e *entry, early bool) {
			r.dropped = append(r.dropped, e.name)
			if early {
				r.early = append(r.early, e.name)
			}
		},
	}
	if change != nil {
		change(&o)
	}
	r.Source = New[string](o)
	return r
}

func about(name, summary string, startsAt time.Time) alert.Alert {
	return alert.Alert{Name: "Fault", Severity: alert.Warning, Labels: map[string]string{"of": name}, Summary: summary, StartsAt: startsAt}
}

// begin lets the alert on a name fire.
func (r *rig) begin(now time.Time, name string) bool {
	e, ok := r.Get(name)
	if !ok {
		e = &entry{name: name}
	}
	return r.Begin(now, name, e, about(name, "began", now))
}

func (r *rig) resolve(now time.Time, name string) {
	e, _ := r.Get(name)
	a := e.Alert
	a.Summary, a.EndsAt = "ended", now
	r.Resolve(now, e, a)
}

// emit returns what is due as "+name" for what fires and "-name" for what has ended, and delivers
// it.
func (r *rig) emit(now time.Time) []string {
	out := r.due(now)
	r.Delivered(now)
	return out
}

func (r *rig) due(now time.Time) []string {
	var out []string
	for _, a := range r.Due(now) {
		sign := "+"
		if a.State == alert.Resolved {
			sign = "-"
		}
		out = append(out, sign+a.Labels["of"])
	}
	return out
}

func TestAnAlertIsRepeatedUntilItWasResolvedForLongEnough(t *testing.T) {
	r := newRig(nil)
	assert.Zero(t, r.Next())
	require.True(t, r.begin(at(0), "a"))
	assert.Equal(t, time.Unix(0, 0).UTC(), r.Next(), "at once")
	assert.Equal(t, []string{"+a"}, r.emit(at(0)))
	assert.Equal(t, at(time.Minute), r.Next())
	assert.Empty(t, r.emit(at(59*time.Second)))
	assert.Equal(t, []string{"+a"}, r.emit(at(time.Minute)))

	r.resolve(at(90*time.Second), "a")
	assert.Equal(t, []string{"-a"}, r.emit(at(90*time.Second)))
	e, _ := r.Get("a")
	assert.Equal(t, epoch, e.Alert.StartsAt)
	assert.Equal(t, at(90*time.Second), e.Alert.EndsAt)
	repeated := 0
	for now := at(90 * time.Second); r.Len() > 0; now = now.Add(10 * time.Second) {
		repeated += len(r.emit(now))
		r.Tidy(now)
		require.True(t, r.Next().IsZero() || r.Next().After(now))
	}
	assert.Equal(t, 15, repeated)
	assert.Equal(t, []string{"a"}, r.dropped)
	assert.Empty(t, r.early)
}

func TestWhatFiresAgainIsAnotherAlert(t *testing.T) {
	r := newRig(nil)
	r.begin(at(0), "a")
	r.resolve(at(0), "a")
	r.begin(at(0), "a")
	assert.Equal(t, []string{"+a"}, r.emit(at(0)), "the latest state only")
	e, _ := r.Get("a")
	assert.Equal(t, at(1), e.Alert.StartsAt, "later than the one before, at the same moment")
	assert.Zero(t, e.Alert.EndsAt)
	assert.Zero(t, e.Until)
}

func TestAnAlertDoesNotEndBeforeItBegan(t *testing.T) {
	r := newRig(nil)
	r.begin(at(time.Hour), "a")
	r.resolve(at(0), "a")
	e, _ := r.Get("a")
	assert.Equal(t, at(time.Hour), e.Alert.EndsAt)
}

func TestUpdateIsEmittedAtOnceAndAmendWhenItsTurnComes(t *testing.T) {
	r := newRig(nil)
	r.begin(at(0), "a")
	r.emit(at(0))
	e, _ := r.Get("a")
	r.Amend(at(time.Second), e, about("a", "amended", at(time.Hour)))
	assert.Empty(t, r.Due(at(time.Second)))
	assert.Equal(t, "amended", r.Due(at(time.Minute))[0].Summary)
	r.Delivered(at(time.Minute))
	r.Update(at(61*time.Second), e, about("a", "updated", at(time.Hour)))
	due := r.Due(at(61 * time.Second))
	require.Len(t, due, 1)
	assert.Equal(t, "updated", due[0].Summary)
	assert.Equal(t, epoch, due[0].StartsAt, "it is the same alert")
	assert.Equal(t, at(61*time.Second), e.ChangedAt())
	assert.Equal(t, []string{"a", "a", "a"}, r.changed)
}

func TestWhatWasNotDeliveredIsDueAgain(t *testing.T) {
	r := newRig(nil)
	r.begin(at(0), "a")
	assert.Len(t, r.Due(at(0)), 1)
	assert.Equal(t, at(5*time.Second), r.Next(), "not at once")
	assert.Len(t, r.Due(at(5*time.Second)), 1)
	e, _ := r.Get("a")
	r.Update(at(6*time.Second), e, about("a", "updated", epoch)) // while the delivery is under way
	r.Delivered(at(6 * time.Second))
	assert.Equal(t, time.Unix(0, 0).UTC(), r.Next())
	assert.Equal(t, "updated", r.Due(at(6 * time.Second))[0].Summary)
}

func TestHeldStatesWaitUntilTheyAreWritten(t *testing.T) {
	r := newRig(func(o *Options[*entry]) { o.Hold = true })
	r.begin(at(0), "a")
	assert.Empty(t, r.Due(at(0)))
	assert.Zero(t, r.Next())
	e, _ := r.Get("a")
	e.Release()
	assert.Equal(t, []string{"+a"}, r.emit(at(0)))
	r.resolve(at(time.Second), "a")
	assert.Equal(t, []string{"+a"}, r.emit(at(time.Minute)), "as it was written: its lease goes on")
	r.Tidy(at(time.Hour))
	assert.Equal(t, 1, r.Len(), "its end was not emitted")
	e.Release()
	assert.Equal(t, []string{"-a"}, r.emit(at(time.Hour)))
	r.Tidy(at(time.Hour))
	assert.Zero(t, r.Len())
}

// What cannot be written is emitted from memory, and says so until it is written.
func TestUnstoredStatesSaySo(t *testing.T) {
	r := newRig(func(o *Options[*entry]) { o.Hold = true })
	r.begin(at(0), "a")
	r.begin(at(0), "b")
	a, _ := r.Get("a")
	a.Release()
	r.ReleaseUnstored()
	due := r.Due(at(0))
	r.Delivered(at(0))
	require.Len(t, due, 2)
	assert.NotContains(t, due[0].Annotations, NotStored, "it is written")
	assert.Contains(t, due[1].Annotations, NotStored)
	b, _ := r.Get("b")
	assert.NotContains(t, b.Alert.Annotations, NotStored, "it is not part of what is stored")
	r.ReleaseUnstored()
	assert.Empty(t, r.Due(at(1)), "it was said")
	b.Release()
	due = r.Due(at(2))
	r.Delivered(at(2))
	require.Len(t, due, 1, "what is not true any more is corrected at once")
	assert.NotContains(t, due[0].Annotations, NotStored)
	b.Release()
	assert.Empty(t, r.Due(at(3)))
}

func TestRestoredAlertsAreDueAtOnce(t *testing.T) {
	r := newRig(nil)
	firing, ended := &entry{name: "a"}, &entry{name: "b"}
	firing.Alert, ended.Alert = about("a", "", at(0)), about("b", "", at(0))
	firing.Alert.State = alert.Firing
	ended.Alert.State, ended.Alert.EndsAt = alert.Resolved, at(time.Hour)
	r.Restore("b", ended)
	r.Restore("a", firing)
	assert.Equal(t, at(75*time.Minute), ended.Until)
	assert.Empty(t, r.changed)
	r.Tidy(at(48 * time.Hour))
	assert.Equal(t, []string{"+a", "-b"}, r.emit(at(48*time.Hour)), "in the order of their beginning, then of their fingerprints")
	r.Tidy(at(48 * time.Hour))
	assert.Equal(t, []string{"b"}, r.dropped)
}

func TestResolvedAlertsMakeRoom(t *testing.T) {
	r := newRig(func(o *Options[*entry]) {
		o.Outranks = func(newcomer, held *entry) bool { return newcomer.name == "VIP" && held.name != "VIP" }
	})
	for i, name := range []string{"a", "b", "c"} {
		require.True(t, r.begin(at(time.Duration(i)), name))
	}
	assert.False(t, r.begin(at(3), "d"), "those that fire make none")
	r.resolve(at(4), "c")
	r.resolve(at(5), "b")
	assert.True(t, r.begin(at(6), "d"))
	assert.Equal(t, []string{"c"}, r.early, "the one that was resolved first")
	assert.True(t, r.begin(at(7), "VIP"))
	assert.Equal(t, []string{"c", "b"}, r.early)
	assert.True(t, r.begin(at(7), "VIP"), "what has a place needs none")
	r.drop("d", func() *entry { e, _ := r.Get("d"); return e }(), false)
	require.True(t, r.begin(at(8), "e"))
	r.early = nil
	assert.False(t, r.begin(at(9), "f"))
	e := &entry{name: "VIP"}
	assert.True(t, r.Begin(at(9), "VIP 2", e, about("VIP 2", "", at(9))))
	assert.Equal(t, []string{"a"}, r.early, "the one that fires for longest of those that are outranked")
}

func TestTransitionsAreDeliveredInOrder(t *testing.T) {
	r := newRig(func(o *Options[*entry]) { o.Transitions = 4 })
	r.begin(at(0), "b")
	r.begin(at(1), "a")
	r.resolve(at(2), "b")
	assert.True(t, r.Undelivered())
	assert.Equal(t, []string{"+b", "+a", "-b"}, r.due(at(3)))
	r.begin(at(4), "b") // while the delivery fails
	assert.Equal(t, []string{"+b", "+a", "-b", "+b"}, r.due(at(5)))
	r.resolve(at(6), "a") // while the delivery is under way: the oldest goes
	assert.Equal(t, 1, r.TakeLost())
	assert.Zero(t, r.TakeLost())
	r.Delivered(at(7))
	assert.Equal(t, []string{"-a"}, r.emit(at(8)))
	assert.False(t, r.Undelivered())
	assert.Empty(t, r.Due(at(8)))
	assert.Equal(t, []string{"-a", "+b"}, r.emit(at(8).Add(time.Minute)), "and again, the latest state of each")
}

func TestAlertsAreDueEarlyForATicker(t *testing.T) {
	r := newRig(func(o *Options[*entry]) { o.Early = time.Second })
	r.begin(at(0), "a")
	r.emit(at(0))
	assert.Empty(t, r.Due(at(58*time.Second)))
	assert.Len(t, r.Due(at(59*time.Second)), 1)
}

// Whatever happens in whatever order: no more alerts than there is room for, what was delivered
// last is the state, no alert stays once it has ended, and each that fires is emitted at least once
// a minute.
func TestAnyOrder(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 9))
		r := newRig(func(o *Options[*entry]) {
			o.Hold = seed%2 == 0
			o.Transitions = int(seed % 3 * 5)
		})
		now, told, toldAt := epoch, map[string]alert.Alert{}, map[string]time.Time{}
		for range 300 {
			now = now.Add(time.Duration(random.IntN(20)) * time.Second)
			name := fmt.Sprint(random.IntN(5))
			e, known := r.Get(name)
			switch {
			case random.IntN(3) > 0:
			case !known || !e.Firing():
				r.begin(now, name)
			case random.IntN(2) == 0:
				r.Update(now, e, about(name, fmt.Sprint(now), now))
			default:
				r.resolve(now, name)
			}
			for _, e := range r.All() {
				e.Release()
			}
			if random.IntN(4) > 0 {
				for range 2 { // what was said of an alert after its beginning comes after it
					for _, a := range r.Due(now) {
						told[a.Labels["of"]], toldAt[a.Labels["of"]] = a, now
					}
					r.Delivered(now)
				}
				require.Empty(t, r.Due(now))
				for name, e := range r.All() {
					require.Equal(t, e.Alert, told[name])
					require.Less(t, now.Sub(toldAt[name]), time.Minute)
				}
			}
			r.Tidy(now)
			require.LessOrEqual(t, r.Len(), 3)
		}
		for range 20 {
			now = now.Add(time.Minute)
			for name, e := range r.All() {
				if e.Firing() {
					r.resolve(now, name)
				}
				e.Release()
			}
			r.emit(now)
			r.Tidy(now)
		}
		require.Zero(t, r.Len())
	}
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/judge"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/alert/source"
	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// notStored reports whether what was emitted last of an alert says that it is not stored.
func (r *rig) notStored(n int) bool {
	_, ok := r.emitted[r.order[n]].Annotations[source.NotStored]
	return ok
}

// An alert does not wait for a store that refuses, and says so until the store takes it.
func TestStoreFails(t *testing.T) {
	r := newRig(t, options())
	r.script.runs["a"] = line{stage: "train"}
	r.store.fail = errors.New("disk full")
	o := of{id: "a", trace: 1, start: day0}
	spans := []run.Span{o.root(run.Failure, day0)}
	require.ErrorContains(t, r.w.Observe(context.Background(), r.now, spans), "disk full")
	require.ErrorContains(t, r.w.Observe(context.Background(), r.now, spans), "disk full", "who sends it again hears the same")
	assert.Equal(t, uint64(1), r.w.SelfStats().FailedWrites, "a store that has just refused is not asked again")
	r.now = r.w.Next()
	for range 3 {
		require.Error(t, r.w.Tick(context.Background(), r.now))
		r.emit()
		next := r.w.Next()
		require.True(t, next.After(r.now), "Next does not spin")
		r.now = next
	}
	require.Equal(t, []string{"+JobFailed daily train"}, r.all())
	assert.True(t, r.notStored(0))
	assert.Empty(t, r.store.values)
	assert.Equal(t, uint64(4), r.w.SelfStats().FailedWrites)
	r.store.fail = nil
	require.NoError(t, r.w.Observe(context.Background(), r.now, spans))
	r.emit()
	require.Equal(t, []string{"+JobFailed daily train"}, r.all(), "it is the same alert")
	assert.False(t, r.notStored(0))
	assert.Equal(t, uint64(1), r.w.Stats(r.now)[0].Runs[run.Failure], "what came three times counts once")
	assert.Equal(t, uint64(2), r.w.SelfStats().Duplicates)

	// The same of its end.
	r.pass(time.Hour)
	r.whole(of{id: "b", trace: 2}, run.Success)
	r.store.fail = errors.New("disk full")
	id, before := r.order[0], r.sends[r.order[0]]
	for range 70 {
		r.now = r.now.Add(5 * time.Second)
		_ = r.w.Tick(context.Background(), r.now)
		r.emit()
	}
	assert.Equal(t, []string{"-JobFailed daily train"}, r.all())
	assert.True(t, r.notStored(0))
	assert.InDelta(t, 6, r.sends[id]-before, 1, "it is emitted every minute meanwhile")
	r.store.fail = nil
	r.now = r.now.Add(5 * time.Second)
	r.tick()
	assert.Equal(t, []string{"-JobFailed daily train"}, r.all())
	assert.False(t, r.notStored(0))
}

// What was offered and not delivered is due again.
func TestNotDelivered(t *testing.T) {
	r := newRig(t, options())
	r.script.runs["a"] = line{stage: "train"}
	r.whole(of{id: "a", trace: 1}, run.Failure)
	r.now = r.now.Add(10 * time.Second)
	require.NoError(t, r.w.Tick(t.Context(), r.now))
	for range 3 {
		require.Len(t, r.w.Due(r.now), 1)
	}
	assert.Equal(t, r.now.Add(retryAfter), r.w.Next())
	// It changes between Due and Sent: the new state is due.
	r.w.Due(r.now)
	r.script.runs["b"] = line{stage: "train"}
	o := of{id: "b", trace: 2, start: r.now}
	require.NoError(t, r.w.Observe(t.Context(), r.now, []run.Span{o.root(run.Failure, r.now)}))
	later := r.now.Add(10 * time.Second)
	require.NoError(t, r.w.Tick(t.Context(), later))
	r.w.Sent(later)
	due := r.w.Due(later)
	require.Len(t, due, 1)
	assert.Equal(t, "b", due[0].Annotations["run_id"])
	r.w.Sent(later)
	assert.Empty(t, r.w.Due(later))

	// A resolution is kept until it is delivered.
	r.now = later.Add(time.Hour)
	r.whole(of{id: "c", trace: 3}, run.Success)
	for range 30 {
		r.now = r.now.Add(time.Minute)
		require.NoError(t, r.w.Tick(t.Context(), r.now))
		require.Len(t, r.w.Due(r.now), 1)
	}
	r.emit()
	r.tick()
	assert.Zero(t, r.w.ledger.alerts.Len())
}

func TestWithoutStore(t *testing.T) {
	r := newRig(t, options())
	r.w = New(r.options)
	r.w.judge = r.script
	_, err := r.w.Load(t.Context(), nil, r.now)
	require.NoError(t, err)
	r.script.runs["a"] = line{stage: "train"}
	r.whole(of{id: "a", trace: 1}, run.Failure)
	r.pass(time.Minute)
	assert.Equal(t, []string{"+JobFailed daily train"}, r.all())
	assert.Empty(t, r.store.values)
}

// After a restart everything is there, and every alert is emitted again, the same as before.
func TestRestart(t *testing.T) {
	r := newRig(t, options(nightly()))
	r.script.runs["a"], r.script.runs["x"] = line{stage: "train"}, line{stage: "publish"}
	r.whole(of{id: "a", trace: 1}, run.Failure)
	r.whole(of{job: "other", id: "x", trace: 2}, run.Failure)
	r.observe(of{id: "goes-on", trace: 3, start: r.now}.inner(5, r.now))
	r.pass(time.Minute)
	r.whole(of{job: "other", id: "y", trace: 4}, run.Success)
	r.pass(time.Minute)
	before := r.w.Stats(r.now)
	order, sends := slices.Clone(r.order), r.sends[r.order[0]]
	r.start()
	r.emit()
	assert.Equal(t, order, r.order, "the same alerts")
	assert.Equal(t, sends+1, r.sends[r.order[0]])
	assert.Equal(t, []string{"goes-on"}, r.runs())
	after := r.w.Stats(r.now)
	require.Len(t, after, len(before))
	for i := range after {
		assert.Equal(t, before[i].LastSuccess, after[i].LastSuccess)
		assert.Equal(t, before[i].Active, after[i].Active)
	}
	assert.Equal(t, 1, r.w.SelfStats().ActiveAlerts)
	assert.Len(t, r.w.index.runs, 4)
}

// Each value in turn is damaged, or of a later format: it is set aside, the rest is there, and
// nothing stands in its way.
func TestDamage(t *testing.T) {
	story := func(t *testing.T) *rig {
		r := newRig(t, options(nightly()))
		r.script.runs["a"] = line{stage: "train"}
		r.whole(of{id: "a", trace: 1}, run.Failure)
		r.pass(time.Minute)
		return r
	}
	keys := keysOf(story(t).store.values)
	require.Greater(t, len(keys), 8)
	for _, key := range keys {
		for name, spoil := range map[string]func([]byte) []byte{
			"a bit":   func(v []byte) []byte { v[len(v)/2] ^= 4; return v },
			"cut":     func(v []byte) []byte { return v[:len(v)/2] },
			"empty":   func([]byte) []byte { return []byte{} },
			"version": func(v []byte) []byte { return sealed(wire.Format{Version: 9}, v[1:len(v)-4]) },
			"foreign": func([]byte) []byte { return sealed(format, []byte("abcde")) },
		} {
			t.Run(strings.ReplaceAll(key, "/", "_")+" "+name, func(t *testing.T) {
				r := story(t)
				bad := spoil(slices.Clone(r.store.values[key]))
				r.store.values[key] = bad
				r.w = New(r.options)
				r.w.judge = r.script
				failed, err := r.w.Load(t.Context(), r.store, r.now)
				require.NoError(t, err)
				require.Len(t, failed, 1)
				assert.True(t, strings.HasPrefix(failed[0], key+": "), failed[0])
				r.tick()
				assert.Equal(t, bad, append([]byte{}, r.store.values["corrupt/"+key]...))
				r.start() // nothing is damaged any more
				r.whole(of{id: "b", trace: 2}, run.Success)
				r.pass(time.Minute)
				r.start()
			})
		}
	}
}

// An alert whose labels have control characters had another fingerprint in versions that did not
// escape them: it is there, and an alert under a wrong key is not.
func TestAlertsOfBeforeEscapes(t *testing.T) {
	for job, ok := range map[string]bool{"nightly\x1b[2J": true, "nightly": false} {
		r := newRig(t, options())
		value, err := (&entry{Entry: source.Entry{Alert: alert.Alert{
			Name: "JobFailed", Severity: alert.Critical, State: alert.Firing, StartsAt: r.now, Labels: map[string]string{"job": job},
		}}}).Encode()
		require.NoError(t, err)
		err = r.w.ledger.load(prefixAlert+"0123456789abcdef", value)
		assert.Equal(t, ok, err == nil, job)
		assert.Equal(t, map[bool]int{true: 1}[ok], r.w.SelfStats().ActiveAlerts, job)
	}
}

// A value that the index names and that is not there is forgotten.
func TestValueIsGone(t *testing.T) {
	r := newRig(t, options())
	r.whole(of{id: "a", trace: 1}, run.Success)
	for key := range r.store.values {
		if strings.HasPrefix(key, prefixRun) || strings.HasPrefix(key, prefixJob) {
			delete(r.store.values, key)
		}
	}
	r.start()
	assert.Empty(t, r.w.index.runs)
	r.tick()
	r.start()
}

// sealed is a record with any payload.
func sealed(f wire.Format, payload []byte) []byte {
	e := f.NewEncoder(len(payload) + 8)
	e.Raw(payload)
	return e.Seal()
}

func TestLoadFails(t *testing.T) {
	m := newMemory()
	m.fail = errors.New("locked")
	w := New(options())
	_, err := w.Load(t.Context(), m, day0)
	assert.ErrorContains(t, err, "locked")
}

// A batch that changes one run writes that run and meta, nothing else.
func TestWriteAmplification(t *testing.T) {
	r := newRig(t, options())
	for n := range 200 {
		r.observe(of{id: string(rune('a' + n)), trace: n, start: r.now}.inner(5, r.now))
	}
	r.store.bytes, r.store.sizes, r.store.batches = 0, map[string]int{}, 0
	o := of{id: "a", trace: 0, start: r.now}
	r.observe(o.inner(2, r.now), o.inner(3, r.now), o.inner(4, r.now))
	assert.Equal(t, 1, r.store.batches)
	assert.Equal(t, []string{"run"}, keysOf(r.store.sizes))
	r.observe(o.inner(4, r.now))
	assert.Equal(t, 1, r.store.batches, "nothing has changed")
}

// What is remembered of a run that was forgotten goes with its hash, and is brought up to date in its
// place.
func TestForgottenRing(t *testing.T) {
	p := &past{history: &judge.History{}}
	name := func(n int) string { return "run-" + string(rune(n)) }
	knew := func(p *past, n int, want fate) {
		t.Helper()
		got, ok := p.knew(name(n))
		assert.True(t, ok)
		assert.Equal(t, want, got)
	}
	forgot := func(p *past, n int) {
		t.Helper()
		_, ok := p.knew(name(n))
		assert.False(t, ok)
	}
	for n := range maxForgotten + 10 {
		p.forget(name(n), fateCut)
	}
	p.forget(name(11), fateClean)
	forgot(p, 9)
	knew(p, 10, fateCut)
	value, err := p.Encode()
	require.NoError(t, err)
	var q past
	require.NoError(t, q.decode(value))
	q.forget("one more", fateJudged)
	forgot(&q, 10)
	knew(&q, 11, fateClean)
	knew(&q, 12, fateCut)

	// In version 1 there was nothing but hashes.
	e := wire.Format{Version: 1}.NewEncoder(0)
	data := q.history.Encode()
	e.Uvarint(uint64(len(data)))
	e.Raw(data)
	e.Uvarint(1)
	e.Uint64(hashID(name(1)) | fateBits)
	require.NoError(t, q.decode(e.Seal()))
	knew(&q, 1, fateJudged)
}

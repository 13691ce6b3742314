// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/catalogtest"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// bubble runs a test on a clock that does not wait.
func bubble(t *testing.T, f func(t *testing.T)) { synctest.Test(t, f) }

// A failed run fires within decision_wait, is repeated every minute, and resolves with the next
// good run.
func TestFailureFiresAndResolves(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, nil).start()
		defer r.shutdown()
		testkit.Advance(time.Hour)
		r.consume(r.run("extract", "train!"))
		testkit.Advance(10 * time.Second)
		got := r.logs.take()
		require.Len(t, got, 1)
		a := got[0]
		assert.Equal(t, "JobFailed", a.Name)
		assert.Equal(t, map[string]string{"job": "recsys", "stage": "train"}, a.Labels)
		assert.Equal(t, alert.Critical, a.Severity)
		assert.Equal(t, alert.Firing, a.State)
		assert.True(t, a.at.Equal(a.observed))
		assert.Equal(t, traceID(1), a.TraceID)
		assert.Equal(t, spanID(3), a.SpanID)
		assert.Equal(t, "http://localhost:16686/trace/00000000000000000000000000000001?uiFind=0000000000000003", a.Annotations["trace_url"])
		assert.Equal(t, "ValueError", a.Annotations["exception_type"])
		resource := r.logs.first().ResourceLogs().At(0)
		assert.Equal(t, map[string]any{"service.name": "otelcol-ml"}, resource.Resource().Attributes().AsRaw())
		assert.True(t, strings.HasSuffix(resource.ScopeLogs().At(0).Scope().Name(), "mljobconnector"))

		testkit.Advance(time.Minute)
		again := r.logs.take()
		require.Len(t, again, 1)
		assert.Equal(t, a.StartsAt, again[0].StartsAt, "the same alert")
		r.consume(r.run("extract", "train"))
		testkit.Advance(10 * time.Second)
		assert.Equal(t, []string{"JobFailed recsys/train resolved"}, r.logs.names())
		testkit.Advance(15 * time.Minute)
		assert.NotEmpty(t, r.logs.names())
		testkit.Advance(time.Hour)
		assert.Empty(t, r.logs.names())
	})
}

// Both edges get every request; it counts once.
func TestTwoEdgesCountOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, nil).start()
		defer r.shutdown()
		r.consume(r.run("extract", "train"))
		r.consume(r.run("extract", "train!"))
		testkit.Advance(time.Minute)
		md := r.metrics.last()
		assert.Equal(t, map[string]float64{
			"recsys success ": 1, "recsys failure ": 1, "recsys error ": 0, "recsys timeout ": 0, "recsys cancellation ": 0, "recsys skip ": 0,
		}, points(md, mlconv.MetricJobRunCount))
		stages := points(md, mlconv.MetricStageCount)
		assert.EqualValues(t, 2, stages["recsys extract success "])
		assert.EqualValues(t, 1, stages["recsys train success "])
		assert.EqualValues(t, 1, stages["recsys train failure "])
		assert.Zero(t, stages["recsys train skip "])
		assert.Len(t, stages, 12)
		assert.Zero(t, r.state().tracker.SelfStats().Duplicates)
		assert.Equal(t, map[string]float64{
			"recsys critical ": 1, "recsys warning ": 0, "recsys info ": 0, "critical ": 0,
		}, points(md, mlconv.MetricAlertActive))
	})
}

func TestOneEdge(t *testing.T) {
	t.Run("logs", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			r := newRig(t, nil).start("logs")
			defer r.shutdown()
			r.consume(r.run("train!"))
			testkit.Advance(10 * time.Second)
			assert.Equal(t, []string{"JobFailed recsys/train firing"}, r.logs.names())
		})
	})
	t.Run("metrics", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			r := newRig(t, nil).start("metrics")
			defer r.shutdown()
			r.consume(r.run("train!"))
			testkit.Advance(time.Minute)
			assert.Equal(t, 1, r.state().tracker.SelfStats().ActiveAlerts)
			assert.EqualValues(t, 1, points(r.metrics.last(), mlconv.MetricAlertActive)["recsys critical "])
			r.consume(r.run("train"))
			testkit.Advance(time.Hour)
			assert.Zero(t, points(r.metrics.last(), mlconv.MetricAlertActive)["recsys critical "])
			assert.Empty(t, r.state().tracker.Due(time.Now()), "nobody is to be told")
		})
	})
}

// What was stored is emitted when the last edge has started, and not before: not all that is
// downstream runs.
func TestNothingBeforeEveryEdgeHasStarted(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, nil).withDisk(testkit.NewStorage(nil)).start()
		r.consume(r.run("train!"))
		testkit.Advance(10 * time.Second)
		first := r.logs.take()
		require.Len(t, first, 1)
		r.shutdown()

		r = r.again().build()
		require.NoError(t, r.edges[0].Start(t.Context(), r.host))
		testkit.Advance(10 * time.Minute)
		assert.Empty(t, r.logs.names())
		require.NoError(t, r.edges[1].Start(t.Context(), r.host))
		synctest.Wait()
		got := r.logs.take()
		require.Len(t, got, 1)
		assert.Equal(t, first[0].Alert, got[0].Alert)
		r.shutdown()
	})
}

func TestRestart(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := testkit.NewStorage(nil)
		r := newRig(t, nil).withDisk(d).start()
		r.consume(r.run("train!"))
		testkit.Advance(11 * time.Second)
		fired := r.logs.take()[0]
		r.shutdown()
		assert.Zero(t, d.Open())

		r = r.again().start()
		testkit.Advance(time.Second)
		assert.Equal(t, fired.Alert, r.logs.take()[0].Alert)
		r.consume(r.run("train"))
		testkit.Advance(11 * time.Second)
		resolved := r.logs.take()[0]
		assert.Equal(t, alert.Resolved, resolved.State)
		assert.Equal(t, fired.StartsAt, resolved.StartsAt)
		testkit.Advance(15 * time.Second)
		assert.Positive(t, points(r.metrics.last(), mlconv.MetricJobLastSuccess)["recsys "])
		r.shutdown()
		assert.Zero(t, d.Open())
		owner := testkit.StorageOwner{Kind: component.KindConnector, ID: r.set.ID}
		assert.Equal(t, []testkit.StorageOwner{owner, owner}, d.Owners(), "once per life, whatever the number of edges")
	})
}

// At shutdown errors are decided at once, while all that is downstream runs; what is merely absent
// waits for the restart.
func TestFlush(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, nil).withDisk(testkit.NewStorage(nil)).start()
		r.consume(r.run("train!"))
		testkit.Advance(time.Second)
		assert.Empty(t, r.logs.names())
		require.NoError(t, r.edges[1].Shutdown(t.Context()))
		assert.Equal(t, []string{"JobFailed recsys/train firing"}, r.logs.names())
		assert.EqualValues(t, 1, points(r.metrics.last(), mlconv.MetricJobRunCount)["recsys failure "])
		testkit.Advance(time.Hour)
		require.NoError(t, r.edges[0].Shutdown(t.Context()))
		assert.Empty(t, r.logs.names(), "downstream may have stopped")
	})
}

// A flush that nobody takes is not lost: the alert is in the storage.
func TestFlushFails(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, nil).withDisk(testkit.NewStorage(nil)).start()
		r.consume(r.run("train!"))
		r.logs.Fail(errors.New("gone"))
		r.metrics.Fail(errors.New("gone"))
		r.shutdown()
		assert.Empty(t, r.logs.names())
		r = r.again().start()
		testkit.Advance(time.Second)
		assert.Equal(t, []string{"JobFailed recsys/train firing"}, r.logs.names())
		r.shutdown()
	})
}

func TestNotDelivered(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, nil).start()
		defer r.shutdown()
		r.logs.Fail(errors.New("try later"), errors.New("try later"), nil)
		r.consume(r.run("train!"))
		testkit.Advance(10 * time.Second)
		assert.Empty(t, r.logs.names())
		testkit.Advance(11 * time.Second)
		got := r.logs.take()
		require.Len(t, got, 1, "within seconds")

		testkit.Advance(time.Minute)
		require.Len(t, r.logs.take(), 1)
		r.logs.Fail(consumererror.NewPermanent(errors.New("never")), nil)
		testkit.Advance(time.Minute)
		assert.Empty(t, r.logs.names())
		testkit.Advance(30 * time.Second)
		assert.Empty(t, r.logs.names(), "a permanent error is not tried at once again")
		testkit.Advance(30 * time.Second)
		assert.Equal(t, []string{"JobFailed recsys/train firing"}, r.logs.names())
	})
}

// A consumer of metrics that hangs does not hold up alerts, and one of alerts gives way after a
// while.
func TestHangingConsumers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, nil).start()
		r.metrics.Hang(true)
		testkit.Advance(20 * time.Second)
		r.consume(r.run("train!"))
		testkit.Advance(10 * time.Second)
		assert.Equal(t, []string{"JobFailed recsys/train firing"}, r.logs.names())
		r.logs.Hang(true)
		testkit.Advance(time.Minute)
		r.logs.Hang(false)
		testkit.Advance(sendTimeout + time.Second)
		assert.NotEmpty(t, r.logs.names())
		r.logs.Hang(true)
		testkit.Advance(time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		require.NoError(t, r.edges[0].Shutdown(ctx))
		assert.LessOrEqual(t, time.Since(began), time.Second, "the shutdown's own time holds")
		require.NoError(t, r.edges[1].Shutdown(ctx))
	})
}

// A consumer that does not even listen to its context delays the shutdown no longer than that may
// take.
func TestDeafConsumer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, nil).withDisk(testkit.NewStorage(nil))
		until := make(chan struct{})
		r.metrics.Hold(until)
		r.start()
		r.consume(r.run("train!"))
		testkit.Advance(30 * time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		began := time.Now()
		require.NoError(t, r.edges[0].Shutdown(ctx))
		require.NoError(t, r.edges[1].Shutdown(ctx))
		assert.Equal(t, 5*time.Second, time.Since(began))
		close(until)
		synctest.Wait()
	})
}

// What a client sent is written before it is told so, also if it does not wait for that.
func TestWrittenBeforeReturn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := testkit.NewStorage(nil)
		r := newRig(t, nil).withDisk(d).start()
		defer r.shutdown()
		testkit.Advance(time.Second)
		before := d.Batches()
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		td := r.run("extract", "train")
		require.NoError(t, r.edges[0].ConsumeTraces(gone, td))
		require.NoError(t, r.edges[1].ConsumeTraces(gone, td))
		assert.Equal(t, before+1, d.Batches(), "one write a batch")
		assert.Zero(t, d.Canceled())
		testkit.Advance(time.Second)
		ordinary := ordinary(t, 10)
		before = d.Batches()
		r.consume(ordinary)
		assert.Equal(t, before, d.Batches(), "nothing has changed")
	})
}

func TestStorageFails(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := testkit.NewStorage(nil)
		r := newRig(t, nil).withDisk(d)
		logs := testkit.ObserveLogs(&r.set.TelemetrySettings, zap.ErrorLevel)
		r.start()
		d.Fail(errors.New("disk full"))
		for range 50 {
			require.Error(t, r.send(r.run("train")))
			testkit.Advance(time.Second)
		}
		require.Equal(t, 1, logs.Len(), "once a minute")
		assert.Contains(t, logs.All()[0].ContextMap()["error"], "'storage'")
		assert.Contains(t, logs.All()[0].ContextMap()["error"], "disk full")
		testkit.Advance(time.Minute)
		require.Equal(t, 2, logs.Len())
		assert.Positive(t, logs.All()[1].ContextMap()["not_logged_since"])
		assert.EqualValues(t, 50, points(r.metrics.last(), mlconv.MetricJobRunCount)["recsys success "], "they count")
		d.Fail(nil)
		testkit.Advance(10 * time.Second)
		r.consume(r.run("train!"))
		killed := d.Copy()
		r.shutdown()
		r = r.again()
		r.host = testkit.Host{diskID: killed}
		r.start()
		testkit.Advance(15 * time.Second)
		assert.Equal(t, []string{"JobFailed recsys/train firing"}, r.logs.names(), "it was written, and all before it")
		r.shutdown()
	})
}

func TestDamagedValues(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := testkit.NewStorage(nil)
		r := newRig(t, nil).withDisk(d).start()
		r.consume(r.run("train!"))
		testkit.Advance(11 * time.Second)
		r.shutdown()
		for k := range d.Values() {
			if strings.HasPrefix(k, "run/") {
				d.Put(k, []byte("damaged"))
			}
		}
		r = r.again()
		logs := testkit.ObserveLogs(&r.set.TelemetrySettings, zap.ErrorLevel)
		r.start()
		testkit.Advance(time.Second)
		assert.Equal(t, []string{"JobFailed recsys/train firing"}, r.logs.names(), "what can be read is")
		require.Equal(t, 1, logs.Len())
		assert.Contains(t, fmt.Sprint(logs.All()[0].ContextMap()["values"]), "run/")
		r.shutdown()
	})
}

func TestStartFails(t *testing.T) {
	missing := component.MustNewID("missing")
	used := testkit.NewStorage(nil)
	broken := testkit.NewStorage(nil)
	for name, c := range map[string]struct {
		change func(*rig)
		want   []string
	}{
		"no storage":    {func(r *rig) { r.cfg.Storage = &missing }, []string{"'storage'", "missing", "service::extensions"}},
		"not a storage": {func(r *rig) { r.cfg.Storage = &missing; r.host[missing] = testkit.NopExtension{} }, []string{"'storage'", "is not a storage"}},
		"storage in use": {func(r *rig) {
			_, err := r.withDisk(used).host[diskID].(*testkit.Storage).GetClient(t.Context(), component.KindConnector, r.set.ID, "")
			require.NoError(t, err)
		}, []string{"'storage'", "cannot open"}},
		"storage is broken": {func(r *rig) { r.withDisk(broken); broken.Fail(errors.New("i/o error")) }, []string{"'storage'", "i/o error"}},
		"no catalog":        {func(r *rig) { r.cfg.Catalog = &missing }, []string{"'catalog'", "missing"}},
	} {
		r := newRig(t, nil)
		c.change(r)
		r.build()
		for _, e := range r.edges {
			err := e.Start(t.Context(), r.host)
			for _, want := range c.want {
				assert.ErrorContains(t, err, want, name)
			}
		}
		require.ErrorIs(t, r.edges[0].ConsumeTraces(t.Context(), ordinary(t, 1)), errNotOpen)
		r.shutdown()
	}
	assert.Len(t, broken.Owners(), 1)
	assert.Zero(t, broken.Open(), "what was opened is closed")
}

func TestNotOpen(t *testing.T) {
	r := newRig(t, nil).build()
	td := ordinary(t, 1)
	require.ErrorIs(t, r.edges[0].ConsumeTraces(t.Context(), td), errNotOpen)
	require.NoError(t, r.edges[1].ConsumeTraces(t.Context(), td), "the other edge speaks for it")
	for _, e := range r.edges {
		require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	}
	require.NoError(t, r.edges[0].ConsumeTraces(t.Context(), td))
	r.shutdown()
	require.ErrorIs(t, r.edges[0].ConsumeTraces(t.Context(), td), errNotOpen)
}

// The catalog is asked for every decision, so that a card that is edited counts.
func TestCatalog(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.host[catalogtest.ID] = catalogtest.NewExtension(catalog.NewSet(nil, []*catalog.Job{{
			Name: "recsys", Owner: "recsys@example.com", Alerts: catalog.Alerts{Severity: "warning", Runbook: "https://example.com/recsys"},
		}}))
		r.start()
		defer r.shutdown()
		r.consume(r.run("train!"))
		testkit.Advance(10 * time.Second)
		got := r.logs.take()
		require.Len(t, got, 1)
		assert.Equal(t, alert.Warning, got[0].Severity)
		assert.Equal(t, "https://example.com/recsys", got[0].Annotations["runbook_url"])
		assert.Equal(t, "recsys@example.com", got[0].Annotations["owner"])
	})
}

// An error of another service in a run's trace is the evidence, whichever of them comes first.
func TestEvidenceOfAnotherService(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, nil).start()
		defer r.shutdown()
		query, s := request(t, attributes{"service.name": "warehouse"}, nil)
		s.SetName("SELECT")
		s.SetParentSpanID(spanID(2)) // the stage
		s.SetSpanID(spanID(9))
		s.SetStartTimestamp(0)
		exceptionEvent(s, "OperationalError", "disk quota exceeded")
		r.consume(query)
		r.consume(r.run("extract!"))
		testkit.Advance(10 * time.Second)
		got := r.logs.take()
		require.Len(t, got, 1)
		assert.Equal(t, spanID(9), got[0].SpanID)
		assert.Equal(t, "OperationalError", got[0].Annotations["exception_type"])
		assert.Contains(t, got[0].Annotations["root_cause"]+got[0].Summary+got[0].Annotations["exception_message"], "disk quota exceeded")
	})
}

func TestConcurrentRequests(t *testing.T) {
	r := newRig(t, func(c *Config) { c.MetricsInterval, c.DecisionWait = 10*time.Millisecond, 0 }).withDisk(testkit.NewStorage(nil)).start()
	const senders, each = 4, 25
	var wg sync.WaitGroup
	for n := range senders {
		wg.Go(func() {
			for i := range each {
				td, s := request(t, attributes{"service.name": "trainer", "cicd.pipeline.name": "recsys"}, attributes{"cicd.pipeline.result": "failure"})
				s.SetTraceID([16]byte{1: byte(n), 2: byte(i), 15: 1})
				for _, e := range r.edges {
					assert.NoError(t, e.ConsumeTraces(t.Context(), td))
					assert.NoError(t, e.ConsumeTraces(t.Context(), ordinary(t, 3)))
				}
			}
		})
	}
	wg.Wait()
	r.shutdown()
	assert.EqualValues(t, senders*each, points(r.metrics.last(), mlconv.MetricJobRunCount)["recsys failure "])
	assert.NotEmpty(t, r.logs.names())
}

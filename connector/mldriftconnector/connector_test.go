// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mldriftconnector

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/connector/mldriftconnector/internal/metadatatest"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// hours sends live traffic: a flush a minute, x shifted.
func hours(t testing.TB, c *edge, p *producer, n, rows int, shift float64) {
	for range n * 60 {
		minute := time.Now().Truncate(time.Minute)
		time.Sleep(time.Minute) // in a synctest bubble, where it takes no time
		require.NoError(t, c.ConsumeMetrics(context.Background(), p.flush(minute, rows, shift)))
	}
}

// golden compares an emission with a file; GOLDEN=write writes the file.
func golden(t *testing.T, name string, md pmetric.Metrics) {
	t.Helper()
	raw, err := (&pmetric.JSONMarshaler{}).MarshalMetrics(md)
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, json.Indent(&out, raw, "", " "))
	path := filepath.Join("testdata", name)
	if os.Getenv("GOLDEN") == "write" {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, out.Bytes(), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), out.String(), "run with GOLDEN=write and look at the difference")
}

func TestLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := testBaseline()
		set := settings()
		logs := testkit.ObserveLogs(&set.TelemetrySettings, zap.InfoLevel)
		out := &testkit.MetricsSink{}
		c := started(t, set, config(nil), testkit.Host{catalogID: testCards(base)}, out)
		p := newProducer(base, "p", 1)
		hours(t, c, p, 2, 5, 0)
		testkit.Advance(5 * time.Minute)
		all := out.AllMetrics()
		golden(t, "live.json", all[len(all)-1])
		first := all[len(all)-1]
		assert.Equal(t, 0.0, value(t, first, mlconv.MetricDriftDetected, mlconv.AttrDriftSubject, "feature", mlconv.AttrFeatureName, "x"))
		assert.Equal(t, 600.0, value(t, first, mlconv.MetricPredictionCount))
		assert.Empty(t, logs.FilterMessageSnippet("DRIFT").All())

		hours(t, c, p, 3, 5, 1)
		testkit.Advance(31 * time.Second)
		all = out.AllMetrics()
		last := all[len(all)-1]
		assert.Equal(t, 1.0, value(t, last, mlconv.MetricDriftDetected, mlconv.AttrDriftSubject, "feature", mlconv.AttrFeatureName, "x"))
		assert.Equal(t, 0.0, value(t, last, mlconv.MetricDriftDetected, mlconv.AttrDriftSubject, "feature", mlconv.AttrFeatureName, "country"))
		assert.Greater(t, value(t, last, mlconv.MetricDriftScore, mlconv.AttrFeatureName, "x", mlconv.AttrDriftMethod, "ks"), 0.3)
		assert.Equal(t, 1500.0, value(t, last, mlconv.MetricPredictionCount))
		for q := range testkit.Points(mlconv.MetricDriftScore, last) {
			name, _ := q.Attributes().Get(mlconv.AttrFeatureName)
			if subject, _ := q.Attributes().Get(mlconv.AttrDriftSubject); subject.Str() == "feature" && name.Str() == "x" {
				require.Equal(t, 1, q.Exemplars().Len())
				assert.Equal(t, byte(0xab), q.Exemplars().At(0).TraceID()[0])
			}
		}
		entries := logs.FilterMessageSnippet("DRIFT").All()
		require.Len(t, entries, 1)
		assert.Regexp(t, `^DRIFT model \w+.*: x drifts \(KS 0\.\d+ over 0\.1, n = \d+\)`, entries[0].Message)
		fields := entries[0].ContextMap()
		assert.Equal(t, "x", fields["feature"])
		assert.Equal(t, "ks", fields["method"])
		assert.NotEmpty(t, fields["trace_id"])
		require.NoError(t, c.Shutdown(context.Background()))
	})
}

// TestEventTime closes windows as they end, stamps them with event time, and closes the last one at
// shutdown.
func TestEventTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := testBaseline()
		out := &testkit.MetricsSink{}
		c := started(t, settings(), config(func(c *Config) { c.Timestamps = TimestampsEvent }), testkit.Host{catalogID: testCards(base)}, out)
		p := newProducer(base, "p", 1)
		// A replay: three and a half hours of last year in no time.
		start := time.Date(1999, 3, 1, 0, 0, 0, 0, time.UTC)
		for m := range 210 {
			require.NoError(t, c.ConsumeMetrics(context.Background(), p.flush(start.Add(time.Duration(m)*time.Minute), 10, 0)))
		}
		testkit.Advance(31 * time.Second)
		all := out.AllMetrics()
		require.Len(t, all, 1)
		golden(t, "event.json", all[0])
		// A failing downstream loses nothing.
		out.Fail(errDown)
		require.NoError(t, c.ConsumeMetrics(context.Background(), p.flush(start.Add(242*time.Minute), 5, 0)))
		testkit.Advance(time.Minute)
		require.Len(t, out.AllMetrics(), 1)
		out.Fail(nil)
		require.NoError(t, c.Shutdown(context.Background()))
		all = out.AllMetrics()
		require.Len(t, all, 2)
		ends := map[int64]bool{}
		for q := range testkit.Points(mlconv.MetricDriftSamples, all[1]) {
			ends[int64(q.Timestamp().AsTime().Sub(start)/time.Minute)] = true
		}
		assert.Equal(t, map[int64]bool{240: true, 243: true}, ends)
	})
}

// TestEventTimeRestart keeps open windows, and points that could not be sent, for the restart.
func TestEventTimeRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := testBaseline()
		disk := testkit.NewStorage(nil)
		cfg := config(func(c *Config) { c.Timestamps, c.Storage = TimestampsEvent, &storageID })
		h := testkit.Host{catalogID: testCards(base), storageID: disk}
		p := newProducer(base, "p", 1)
		start := time.Date(1999, 3, 1, 0, 0, 0, 0, time.UTC)
		out := failing()
		replay := func(c *edge, from, to int) {
			for m := from; m < to; m++ {
				require.NoError(t, c.ConsumeMetrics(context.Background(), p.flush(start.Add(time.Duration(m)*time.Minute), 10, 0)))
			}
			testkit.Advance(31 * time.Second)
		}
		c := started(t, settings(), cfg, h, out)
		replay(c, 0, 90)
		require.NoError(t, c.Shutdown(context.Background()))
		require.Contains(t, disk.Values(), keyWaiting)
		out.Fail(nil)
		c = started(t, settings(), cfg, h, out)
		replay(c, 90, 130)
		require.NoError(t, c.Shutdown(context.Background()))
		samples := map[int64]int64{}
		for _, md := range out.AllMetrics() {
			for q := range testkit.Points(mlconv.MetricDriftSamples, md) {
				if name, _ := q.Attributes().Get(mlconv.AttrFeatureName); name.Str() == "x" {
					samples[int64(q.Timestamp().AsTime().Sub(start)/time.Hour)] = q.IntValue()
				}
			}
		}
		assert.Equal(t, map[int64]int64{1: 600, 2: 600}, samples)
		assert.NotContains(t, disk.Values(), keyWaiting)
	})
}

// TestMonths closes calendar months of a replay.
func TestMonths(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := testBaseline()
		out := &testkit.MetricsSink{}
		c := started(t, settings(), config(func(c *Config) {
			c.Timestamps, c.Window = TimestampsEvent, "month"
		}), testkit.Host{catalogID: testCards(base)}, out)
		p := newProducer(base, "p", 1)
		for m := range 4 {
			require.NoError(t, c.ConsumeMetrics(context.Background(),
				p.flush(time.Date(1998, time.Month(11+m), 15, 0, 0, 0, 0, time.UTC), 300, 0)))
		}
		require.NoError(t, c.Shutdown(context.Background()))
		all := out.AllMetrics()
		require.Len(t, all, 1)
		var got []string
		for q := range testkit.Points(mlconv.MetricDriftScore, all[0]) {
			if m, _ := q.Attributes().Get(mlconv.AttrDriftMethod); m.Str() == "ks" {
				got = append(got, q.StartTimestamp().AsTime().Format("2006-01-02")+" "+q.Timestamp().AsTime().Format("2006-01-02T15:04"))
			}
		}
		assert.Equal(t, []string{
			"1998-11-01 1998-12-01T00:00", "1998-12-01 1999-01-01T00:00", "1999-01-01 1999-02-01T00:00", "1999-02-01 1999-02-15T00:01",
		}, got)
	})
}

func TestDownstreamError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tel := componenttest.NewTelemetry()
		base := testBaseline()
		out := failing()
		c := started(t, metadatatest.NewSettings(tel), config(nil), testkit.Host{catalogID: testCards(base)}, out)
		p := newProducer(base, "p", 1)
		first := p.flush(time.Now(), 5, 0)
		require.NoError(t, c.ConsumeMetrics(context.Background(), first))
		repeated := p.flush(time.Now(), 5, 0)
		require.NoError(t, c.ConsumeMetrics(context.Background(), repeated))
		require.NoError(t, c.ConsumeMetrics(context.Background(), repeated))
		testkit.Advance(61 * time.Second)
		out.Fail(nil)
		testkit.Advance(30 * time.Second)
		all := out.AllMetrics()
		require.Len(t, all, 1)
		assert.Equal(t, 10.0, value(t, all[0], mlconv.MetricPredictionCount))
		metadatatest.AssertEqualMlDriftEmissions(t, tel, []metricdata.DataPoint[int64]{
			{Value: 2, Attributes: attrs("outcome", "failed")}, {Value: 1, Attributes: attrs("outcome", "sent")},
		}, metricdatatest.IgnoreTimestamp())
		metadatatest.AssertEqualMlDriftPoints(t, tel, []metricdata.DataPoint[int64]{
			{Value: int64(first.DataPointCount() + repeated.DataPointCount()), Attributes: attrs("outcome", "counted")},
			{Value: int64(repeated.DataPointCount()), Attributes: attrs("outcome", "duplicate")},
		}, metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreExemplars())
		metadatatest.AssertEqualMlDriftModels(t, tel, []metricdata.DataPoint[int64]{{Value: 1}}, metricdatatest.IgnoreTimestamp())
		metadatatest.AssertEqualMlDriftSeries(t, tel, []metricdata.DataPoint[int64]{{Value: 3}}, metricdatatest.IgnoreTimestamp())
		require.NoError(t, c.Shutdown(context.Background()))
		require.NoError(t, tel.Shutdown(context.Background()))
	})
}

func TestUnreadable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tel := componenttest.NewTelemetry()
		set := metadatatest.NewSettings(tel)
		logs := testkit.ObserveLogs(&set.TelemetrySettings, zap.WarnLevel)
		c := started(t, set, config(nil), testkit.Host{}, &testkit.MetricsSink{})
		md := pmetric.NewMetrics()
		sm := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty()
		gauge := sm.Metrics().AppendEmpty()
		gauge.SetName("system.cpu.utilization")
		gauge.SetEmptyGauge().DataPoints().AppendEmpty()
		cumulative := sm.Metrics().AppendEmpty()
		cumulative.SetName(mlconv.MetricPredictionCount)
		s := cumulative.SetEmptySum()
		s.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		s.DataPoints().AppendEmpty()
		s.DataPoints().AppendEmpty()
		overflow := sm.Metrics().AppendEmpty()
		overflow.SetName(mlconv.MetricPredictionCount)
		s = overflow.SetEmptySum()
		s.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		q := s.DataPoints().AppendEmpty()
		q.SetStartTimestamp(1)
		q.SetIntValue(1)
		q.Attributes().PutBool(mlconv.AttrOverflow, true)
		require.NoError(t, c.ConsumeMetrics(context.Background(), md))
		require.NoError(t, c.ConsumeMetrics(context.Background(), md))
		entries := logs.FilterMessageSnippet("no deltas of ml_summary").All()
		require.Len(t, entries, 1)
		assert.Equal(t, "system.cpu.utilization", entries[0].ContextMap()["metric"])
		assert.Len(t, logs.FilterMessageSnippet("No catalog is enabled").All(), 1)
		metadatatest.AssertEqualMlDriftPoints(t, tel, []metricdata.DataPoint[int64]{
			{Value: 6, Attributes: attrs("outcome", "unreadable")}, {Value: 2, Attributes: attrs("outcome", "overflow")},
		}, metricdatatest.IgnoreTimestamp())
		require.NoError(t, c.Shutdown(context.Background()))
		require.NoError(t, tel.Shutdown(context.Background()))
	})
}

// TestRestart compares a connector that is shut down, or killed, and started again with one that
// never stopped.
func TestRestart(t *testing.T) {
	for _, kill := range []bool{false, true} {
		t.Run(map[bool]string{false: "shutdown", true: "kill"}[kill], func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				base := testBaseline()
				out, want := &testkit.MetricsSink{}, &testkit.MetricsSink{}
				cfg := config(func(c *Config) { c.Storage = &storageID })
				disk := testkit.NewStorage(nil)
				whole := started(t, settings(), config(nil), testkit.Host{catalogID: testCards(base)}, want)
				c := started(t, settings(), cfg, testkit.Host{catalogID: testCards(base), storageID: disk}, out)
				p := newProducer(base, "p", 1)
				send := func(minutes int, shift float64) {
					for range minutes {
						minute := time.Now().Truncate(time.Minute)
						time.Sleep(time.Minute)
						md := p.flush(minute, 5, shift)
						require.NoError(t, whole.ConsumeMetrics(context.Background(), md))
						require.NoError(t, c.ConsumeMetrics(context.Background(), md))
					}
				}
				send(100, 0)
				time.Sleep(61 * time.Second) // a save, and an emission
				synctest.Wait()
				if kill {
					disk = disk.Copy() // what the process that is killed does from here on is lost
				}
				require.NoError(t, c.Shutdown(context.Background()))
				c = started(t, settings(), cfg, testkit.Host{catalogID: testCards(base), storageID: disk}, out)
				send(200, 1)
				testkit.Advance(2*time.Minute + 5*time.Second) // to no emission of either
				require.NoError(t, c.Shutdown(context.Background()))
				require.NoError(t, whole.Shutdown(context.Background()))
				a, b := want.AllMetrics(), out.AllMetrics()
				compact := func(md pmetric.Metrics) string {
					raw, err := (&pmetric.JSONMarshaler{}).MarshalMetrics(md)
					require.NoError(t, err)
					return string(raw)
				}
				assert.Equal(t, compact(a[len(a)-1]), compact(b[len(b)-1]))
				assert.Equal(t, 1.0, value(t, b[len(b)-1], mlconv.MetricDriftDetected, mlconv.AttrDriftSubject, "feature", mlconv.AttrFeatureName, "x"))
			})
		})
	}
}

func TestCorruptSnapshot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := testBaseline()
		disk := testkit.NewStorage(nil)
		cfg := config(func(c *Config) { c.Storage = &storageID })
		h := testkit.Host{catalogID: testCards(base), storageID: disk}
		c := started(t, settings(), cfg, h, &testkit.MetricsSink{})
		require.NoError(t, c.ConsumeMetrics(context.Background(), newProducer(base, "p", 1).flush(time.Now(), 5, 0)))
		require.NoError(t, c.Shutdown(context.Background()))
		const key = "model/\"\"/\"fraud\""
		require.Contains(t, disk.Values(), key)
		broken := bytes.Clone(disk.Values()[key])
		broken[40] ^= 1
		disk.Put(key, broken)

		tel := componenttest.NewTelemetry()
		set := metadatatest.NewSettings(tel)
		logs := testkit.ObserveLogs(&set.TelemetrySettings, zap.ErrorLevel)
		c = started(t, set, cfg, h, &testkit.MetricsSink{})
		require.Len(t, logs.All(), 1)
		assert.Equal(t, key, logs.All()[0].ContextMap()["key"])
		assert.Equal(t, broken, disk.Values()["corrupt/"+key])
		assert.NotContains(t, disk.Values(), key)
		metadatatest.AssertEqualMlDriftSaves(t, tel, []metricdata.DataPoint[int64]{
			{Value: 1, Attributes: attrs("outcome", "loaded")}, {Value: 1, Attributes: attrs("outcome", "load_failed")},
		}, metricdatatest.IgnoreTimestamp())

		// It goes on, and a save that fails is made up for.
		require.NoError(t, c.ConsumeMetrics(context.Background(), newProducer(base, "q", 1).flush(time.Now(), 5, 0)))
		disk.Fail(errDown)
		testkit.Advance(61 * time.Second)
		disk.Fail(nil)
		require.NoError(t, c.Shutdown(context.Background()))
		assert.Contains(t, disk.Values(), key)
		require.NoError(t, tel.Shutdown(context.Background()))

		// An index that is none.
		disk.Put(keyIndex, []byte("{"))
		c = started(t, settings(), cfg, h, &testkit.MetricsSink{})
		require.NoError(t, c.Shutdown(context.Background()))
		assert.Contains(t, disk.Values(), "corrupt/index")
	})
}

func TestFileStorage(t *testing.T) {
	base := testBaseline()
	id := component.MustNewID("file_storage")
	cfg := config(func(c *Config) { c.Storage = &id })
	directory := t.TempDir()
	now := time.Now().Truncate(time.Minute)
	p := newProducer(base, "p", 1)
	out := &testkit.MetricsSink{}
	set := settings()
	for range 2 {
		f := filestorage.NewFactory()
		ec := f.CreateDefaultConfig().(*filestorage.Config)
		ec.Directory = directory
		ext, err := f.Create(context.Background(), extension.Settings{ID: id, TelemetrySettings: componenttest.NewNopTelemetrySettings()}, ec)
		require.NoError(t, err)
		require.NoError(t, ext.Start(context.Background(), nopHost()))
		c := started(t, set, cfg, testkit.Host{catalogID: testCards(base), id: ext}, out)
		require.NoError(t, c.ConsumeMetrics(context.Background(), p.flush(now, 5, 0)))
		require.NoError(t, c.Shutdown(context.Background()))
		require.NoError(t, ext.Shutdown(context.Background()))
	}
	all := out.AllMetrics()
	assert.Equal(t, 10.0, value(t, all[len(all)-1], mlconv.MetricPredictionCount))
}

func TestStartErrors(t *testing.T) {
	other := component.MustNewID("other")
	for name, test := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"no storage": {func(c *Config) { c.Storage = &storageID }, "'storage': extension \"memory\" is not enabled"},
		"not one":    {func(c *Config) { c.Storage = &other }, "'storage': extension \"other\" is not a storage"},
		"no catalog": {func(c *Config) { c.Catalog = &storageID }, "'catalog': extension \"memory\" is not enabled"},
		"not that":   {func(c *Config) { c.Catalog = &other }, "'catalog': extension \"other\" is not a catalog"},
	} {
		c := between(t, settings(), config(test.change), &testkit.MetricsSink{})
		err := c.Start(context.Background(), testkit.Host{other: struct {
			component.StartFunc
			component.ShutdownFunc
		}{}})
		require.ErrorContains(t, err, test.want, name)
		require.NoError(t, c.Shutdown(context.Background()), name)
	}
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package series

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/prometheusexporter"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestAsScraped writes the same metrics here and through the collector's Prometheus exporter, whose page is read with
// Prometheus' own parser: series, values and exemplars are the same, for each way to name them.
func TestAsScraped(t *testing.T) {
	for name, c := range map[string]struct {
		ours   Options
		theirs func(*prometheusexporter.Config)
	}{
		"defaults":      {Options{Suffixes: true, ScopeInfo: true}, func(*prometheusexporter.Config) {}},
		"without scope": {Options{Suffixes: true}, func(c *prometheusexporter.Config) { c.WithoutScopeInfo = true }},
		"bare": {Options{}, func(c *prometheusexporter.Config) {
			c.WithoutScopeInfo, c.TranslationStrategy = true, "UnderscoreEscapingWithoutSuffixes"
		}},
		"namespace and constant labels": {
			Options{Suffixes: true, Namespace: "shop", ConstLabels: map[string]string{"site": "north"}},
			func(c *prometheusexporter.Config) {
				c.WithoutScopeInfo, c.Namespace, c.ConstLabels = true, "shop", map[string]string{"site": "north"}
			},
		},
		"resource attributes": {
			Options{Suffixes: true, ResourceAttributes: true},
			func(c *prometheusexporter.Config) {
				c.WithoutScopeInfo, c.ResourceToTelemetrySettings.Enabled = true, true
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			now := time.Now()
			md := everything(now)
			db := open(t)
			w := New(db, db.Head().NumSeries, withLimit(c.ours))
			result, err := w.Write(context.Background(), md, now)
			require.NoError(t, err)
			for reason, refused := range result.All {
				t.Errorf("%s: %+v", reason, refused)
			}
			wantSeries, wantExemplars := scrape(t, md, c.theirs)
			gotSeries, gotExemplars := stored(t, db)
			if c.ours.ConstLabels != nil { // the exporter leaves them out of the target's description
				drop(wantSeries, "target_info")
				drop(gotSeries, "target_info")
			}
			assert.Equal(t, wantSeries, gotSeries)
			assert.Equal(t, wantExemplars, gotExemplars)
			assert.Greater(t, len(gotSeries), 20)
			assert.NotEmpty(t, gotExemplars)
		})
	}
}

func withLimit(o Options) Options {
	o.MaxSeries = 10_000
	return o
}

func drop(series map[string]float64, name string) {
	for key := range series {
		if strings.Contains(key, name) {
			delete(series, key)
		}
	}
}

type database struct {
	*tsdb.DB
	full bool
}

func (d *database) Full() bool { return d.full }

func open(t testing.TB) *database {
	t.Helper()
	o := tsdb.DefaultOptions()
	o.EnableExemplarStorage, o.MaxExemplars = true, 1000
	db, err := tsdb.Open(t.TempDir(), nil, nil, o, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return &database{DB: db}
}

// everything is a request with each kind of metric and with names that need care.
func everything(now time.Time) pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	for k, v := range map[string]string{"service.name": "api", "service.namespace": "shop", "service.instance.id": "i-1", "host.name": "h"} {
		rm.Resource().Attributes().PutStr(k, v)
	}
	sm := rm.ScopeMetrics().AppendEmpty()
	sm.Scope().SetName("lib")
	sm.Scope().SetVersion("1.2")
	sm.Scope().Attributes().PutStr("colour", "blue")
	at := pcommon.NewTimestampFromTime(now)

	add := func(name, unit string) pmetric.Metric {
		m := sm.Metrics().AppendEmpty()
		m.SetName(name)
		m.SetUnit(unit)
		m.SetDescription("help of " + name)
		return m
	}
	number := func(p pmetric.NumberDataPoint, v float64, attributes ...string) pmetric.NumberDataPoint {
		p.SetDoubleValue(v)
		p.SetTimestamp(at)
		p.SetStartTimestamp(pcommon.NewTimestampFromTime(now.Add(-time.Hour)))
		for i := 0; i < len(attributes); i += 2 {
			p.Attributes().PutStr(attributes[i], attributes[i+1])
		}
		return p
	}
	for i, unit := range []string{"", "1", "s", "ms", "By", "By/s", "{item}", "%", "Cel", "km/h"} {
		number(add(fmt.Sprintf("gauge.number.%d", i), unit).SetEmptyGauge().DataPoints().AppendEmpty(), float64(i)+0.5, "ml.model.name", "fraud", "odd-name!", "ü", "_x", "1")
		sum := add(fmt.Sprintf("sum.number.%d", i), unit).SetEmptySum()
		sum.SetIsMonotonic(true)
		sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		p := number(sum.DataPoints().AppendEmpty(), float64(i), "a.b", "1", "a__c", "2", "empty", "")
		e := p.Exemplars().AppendEmpty()
		e.SetTraceID(pcommon.TraceID{1, byte(i + 1)})
		e.SetSpanID(pcommon.SpanID{2})
		e.SetDoubleValue(1)
		e.SetTimestamp(at)
	}
	up := add("up.down", "{item}").SetEmptySum()
	up.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	number(up.DataPoints().AppendEmpty(), 3)

	h := add("request.duration", "s").SetEmptyHistogram()
	h.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	hp := h.DataPoints().AppendEmpty()
	hp.SetTimestamp(at)
	hp.SetCount(10)
	hp.SetSum(12.5)
	hp.ExplicitBounds().FromRaw([]float64{0.005, 0.1, 1, 5, 1000, 1e7})
	hp.BucketCounts().FromRaw([]uint64{1, 2, 3, 1, 1, 1, 1})
	he := hp.Exemplars().AppendEmpty()
	he.SetTraceID(pcommon.TraceID{9})
	he.SetDoubleValue(0.7)
	he.SetTimestamp(at)

	s := add("old.summary", "ms").SetEmptySummary().DataPoints().AppendEmpty()
	s.SetTimestamp(at)
	s.SetCount(5)
	s.SetSum(7)
	for _, q := range []float64{0.5, 0.99, 1} {
		x := s.QuantileValues().AppendEmpty()
		x.SetQuantile(q)
		x.SetValue(q * 10)
	}
	return md
}

// scrape reads the page of the Prometheus exporter.
func scrape(t *testing.T, md pmetric.Metrics, change func(*prometheusexporter.Config)) (series map[string]float64, exemplars map[string]string) {
	t.Helper()
	f := prometheusexporter.NewFactory()
	cfg := f.CreateDefaultConfig().(*prometheusexporter.Config)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	cfg.ServerConfig.NetAddr.Endpoint = l.Addr().String()
	cfg.EnableOpenMetrics = true
	change(cfg)
	e, err := f.CreateMetrics(context.Background(), exportertest.NewNopSettings(f.Type()), cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(context.Background(), componenttest.NewNopHost()))
	defer func() { require.NoError(t, e.Shutdown(context.Background())) }()
	require.NoError(t, e.ConsumeMetrics(context.Background(), md))

	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+l.Addr().String()+"/metrics", nil)
	require.NoError(t, err)
	req.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	page, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return parse(t, page)
}

func parse(t *testing.T, page []byte) (series map[string]float64, exemplars map[string]string) {
	t.Helper()
	series, exemplars = map[string]float64{}, map[string]string{}
	p := textparse.NewOpenMetricsParser(page, labels.NewSymbolTable())
	for {
		entry, err := p.Next()
		if errors.Is(err, io.EOF) {
			return series, exemplars
		}
		require.NoError(t, err)
		if entry != textparse.EntrySeries {
			continue
		}
		var ls labels.Labels
		p.Labels(&ls)
		_, _, v := p.Series()
		if strings.HasSuffix(ls.Get(model.MetricNameLabel), "_created") {
			continue // the time of the start, which Prometheus does not keep as a series by default
		}
		ls = ls.WithoutEmpty()
		series[ls.String()] = v
		var x exemplar.Exemplar
		if p.Exemplar(&x) {
			exemplars[ls.String()] = x.Labels.String()
		}
	}
}

// stored reads all series and exemplars of a TSDB.
func stored(t *testing.T, db *database) (series map[string]float64, exemplars map[string]string) {
	t.Helper()
	series, exemplars = map[string]float64{}, map[string]string{}
	q, err := db.Querier(math.MinInt64, math.MaxInt64)
	require.NoError(t, err)
	defer func() { require.NoError(t, q.Close()) }()
	all := labels.MustNewMatcher(labels.MatchRegexp, model.MetricNameLabel, ".+")
	set := q.Select(context.Background(), false, nil, all)
	for set.Next() {
		it := set.At().Iterator(nil)
		for kind := it.Next(); kind != chunkenc.ValNone; kind = it.Next() {
			if kind == chunkenc.ValFloat {
				_, series[set.At().Labels().String()] = it.At()
			} else {
				_, h := it.AtFloatHistogram(nil)
				series[set.At().Labels().String()] = h.Count
			}
		}
	}
	require.NoError(t, set.Err())
	eq, err := db.ExemplarQuerier(context.Background())
	require.NoError(t, err)
	results, err := eq.Select(math.MinInt64/2, math.MaxInt64/2, []*labels.Matcher{all})
	require.NoError(t, err)
	for _, r := range results {
		exemplars[r.SeriesLabels.String()] = r.Exemplars[len(r.Exemplars)-1].Labels.String()
	}
	return series, exemplars
}

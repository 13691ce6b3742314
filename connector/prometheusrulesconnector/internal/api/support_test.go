// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"log/slog"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/grafana/regexp"
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/route"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/metadata"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/scrape"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/tsdbutil"
	v1 "github.com/prometheus/prometheus/web/api/v1"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/ruleengine"
	"github.com/otelcol-ml/otelcol-ml/internal/ruleset"
)

// begin is when the series of the tests begin. They have a sample a minute for two hours.
var begin = time.Date(2026, 6, 1, 8, 0, 0, 0, time.UTC)

const ruleFile = `groups:
- name: models
  interval: 1m
  limit: 10
  rules:
  - record: model:errors:share
    expr: sum by (model) (rate(errors_total[5m])) / sum by (model) (rate(requests_total[5m]))
    labels: {team: risk}
  - alert: ErrorsHigh
    expr: model:errors:share > 0.25 # one alert: Prometheus gives several in any order
    for: 5m
    keep_firing_for: 10m
    labels: {severity: page}
    annotations: {summary: 'errors of {{ $labels.model }} are {{ $value | humanizePercentage }} "<&>"'}
- name: broken
  rules:
  - alert: ManyToMany
    expr: requests_total / on () errors_total > 1
`

// fixture is a database with rules that have been evaluated.
type fixture struct {
	db    *tsdb.DB
	rules *rules.Manager
}

func newFixture(t testing.TB) fixture {
	t.Helper()
	db := openDB(t)
	appendSeries(t, db)
	f := fixture{db: db}
	engine := ruleengine.NewQueryEngine(ruleengine.QueryOptions{MaxSamples: 1e6, Timeout: time.Minute, Interval: time.Minute})
	t.Cleanup(func() { require.NoError(t, engine.Close()) })
	f.rules = ruleengine.NewManager(context.Background(), ruleengine.Options{
		Engine: engine, Queryable: db, Appendable: db, Logger: slog.New(slog.DiscardHandler),
		Loader: ruleset.Loader{Parser: ruleengine.Parser(), Logger: slog.New(slog.DiscardHandler)},
	})
	path := filepath.Join(t.TempDir(), "rules.yaml")
	require.NoError(t, os.WriteFile(path, []byte(ruleFile), 0o600))
	require.NoError(t, f.rules.Update(time.Hour, []string{path}, labels.EmptyLabels(), "", nil))
	for _, group := range f.rules.RuleGroups() {
		for minute := range 30 { // the head takes no samples that are older
			group.Eval(context.Background(), begin.Add(time.Duration(90+minute)*time.Minute+time.Second))
		}
	}
	return f
}

func openDB(t testing.TB) *tsdb.DB {
	o := tsdb.DefaultOptions()
	o.EnableExemplarStorage, o.MaxExemplars = true, 1000
	db, err := tsdb.Open(t.TempDir(), nil, nil, o, nil)
	require.NoError(t, err)
	db.DisableCompactions()
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func appendSeries(t testing.TB, db *tsdb.DB) {
	app := db.Appender(context.Background())
	for minute := range 121 {
		at := begin.Add(time.Duration(minute) * time.Minute).UnixMilli()
		for i, name := range []string{"fraud", "churn", "größe", `quo"te\`} {
			requests := labels.FromStrings("__name__", "requests_total", "model", name, "instance", "a:1")
			ref, err := app.Append(0, requests, at, float64(100*minute*(i+1)))
			require.NoError(t, err)
			_, err = app.AppendExemplar(ref, requests, exemplar.Exemplar{
				Labels: labels.FromStrings("trace_id", "4bf92f3577b34da6a3ce929d0e0e4736"), Value: float64(minute), Ts: at, HasTs: true,
			})
			require.NoError(t, err)
			_, err = app.Append(0, labels.FromStrings("__name__", "errors_total", "model", name, "instance", "a:1"), at, float64(10*minute*(i+1)*i))
			require.NoError(t, err)
		}
		odd := []float64{math.NaN(), math.Inf(1), math.Inf(-1), 0, math.SmallestNonzeroFloat64, -1e300, 1e21, math.Float64frombits(value.StaleNaN)}
		_, err := app.Append(0, labels.FromStrings("__name__", "odd"), at, odd[minute%len(odd)])
		require.NoError(t, err)
		_, err = app.Append(0, labels.FromStrings("__name__", "utf8.metric", "label.with.dots", "x"), at, 1)
		require.NoError(t, err)
		_, err = app.AppendHistogram(0, labels.FromStrings("__name__", "duration_seconds", "model", "fraud"), at, nil,
			tsdbutil.GenerateTestFloatHistogram(int64(minute)))
		require.NoError(t, err)
	}
	require.NoError(t, app.Commit())
}

var known = map[string]metadata.Metadata{
	"requests_total":   {Type: model.MetricTypeCounter, Help: "Requests \"answered\" & <refused>.", Unit: "{request}"},
	"errors_total":     {Type: model.MetricTypeCounter, Help: "Errors."},
	"duration_seconds": {Type: model.MetricTypeHistogram, Help: "Duration.", Unit: "s"},
}

func (f fixture) api(t testing.TB, change func(*Options)) *API {
	t.Helper()
	o := Options{
		Config: DefaultConfig(), Storage: f.db, Rules: f.rules, Metadata: maps.All(known), Version: "0.9.0", Retention: "15d",
		Reloaded:           func() (bool, time.Time) { return true, begin },
		EvaluationInterval: time.Minute,
		Logger:             slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&o)
	}
	a := New(o)
	t.Cleanup(func() { require.NoError(t, a.Close()) })
	return a
}

// theirs is the handler of a Prometheus server over the same database and rules.
func (f fixture) theirs(t testing.TB) http.Handler {
	engine := promql.NewEngine(promql.EngineOpts{
		MaxSamples: 50_000_000, Timeout: 2 * time.Minute, EnableAtModifier: true, EnableNegativeOffset: true,
		NoStepSubqueryIntervalFn: func(int64) int64 { return 60_000 }, Parser: parser.NewParser(parser.Options{}),
	})
	t.Cleanup(func() { require.NoError(t, engine.Close()) })
	router := route.New().WithPrefix("/api/v1")
	v1.NewAPI(engine, f.db, nil, nil, f.db, nil, func(context.Context) v1.TargetRetriever { return scraped{t} }, nil,
		func() config.Config { return config.Config{} }, nil, v1.GlobalURLOptions{},
		func(h http.HandlerFunc) http.HandlerFunc { return h }, nil, "", false, false, 0, slog.New(slog.DiscardHandler),
		func(context.Context) v1.RulesRetriever { return f.rules }, 1, 1, 1, false, regexp.MustCompile("^$"), nil,
		&v1.PrometheusVersion{Version: compatible, Revision: "otelcol-ml 0.9.0", GoVersion: runtime.Version()}, nil, nil, nil, nil, nil,
		false, nil, false, false, false, false, 5*time.Minute, false, false, nil, nil, v1.OpenAPIOptions{}, nil).Register(router)
	return router
}

// scraped has two targets that say the same.
type scraped struct{ testing.TB }

func (s scraped) TargetsActive() map[string][]*scrape.Target {
	var targets []*scrape.Target
	for _, address := range []string{"a:1", "b:1"} {
		target := scrape.NewTarget(labels.FromStrings("__address__", address), &config.ScrapeConfig{}, nil, nil)
		target.SetMetadataStore(scrapedMetadata{})
		targets = append(targets, target)
	}
	return map[string][]*scrape.Target{"models": targets}
}

func (scraped) TargetsDropped() map[string][]*scrape.Target                   { return nil }
func (scraped) TargetsDroppedCounts() map[string]int                          { return nil }
func (s scraped) ScrapePoolConfig(string) (c *config.ScrapeConfig, err error) { return nil, nil }

type scrapedMetadata struct{}

func (scrapedMetadata) ListMetadata() (list []scrape.MetricMetadata) {
	for name, m := range known {
		list = append(list, scrape.MetricMetadata{MetricFamily: name, Type: m.Type, Help: m.Help, Unit: m.Unit})
	}
	return list
}

func (scrapedMetadata) GetMetadata(name string) (scrape.MetricMetadata, bool) {
	m, ok := known[name]
	return scrape.MetricMetadata{MetricFamily: name, Type: m.Type, Help: m.Help, Unit: m.Unit}, ok
}
func (scrapedMetadata) SizeMetadata() int   { return 0 }
func (scrapedMetadata) LengthMetadata() int { return len(known) }

// ask sends a request; a method of POST sends the parameters as a form.
func ask(h http.Handler, method, path string, parameters url.Values) *httptest.ResponseRecorder {
	var r *http.Request
	if method == http.MethodPost {
		r = httptest.NewRequest(method, path, strings.NewReader(parameters.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	} else {
		r = httptest.NewRequest(method, path+"?"+parameters.Encode(), nil)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

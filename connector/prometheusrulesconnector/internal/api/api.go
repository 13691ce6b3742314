// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package api is Prometheus' HTTP API, to read only: Grafana, promtool and other clients of Prometheus
// query the series of the connector and look at its rules.
//
// A request passes four gates before Prometheus' own handlers (web/api/v1) answer it: its path and
// method are among those of a list (endpoints.go), its form is small and its expressions are flat
// (form.go), there is a free slot (slots.go), and its time is bounded. What is not on the list (writes,
// admin, remote read, config, targets) never reaches those handlers. Queries have an engine of their
// own, so that they do not take the samples that rules may use.
package api

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"github.com/grafana/regexp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/route"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/model/metadata"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/storage"
	v1 "github.com/prometheus/prometheus/web/api/v1"

	"github.com/otelcol-ml/otelcol-ml/internal/ruleengine"
)

// prefix is where the API lies, as in Prometheus.
const prefix = "/api/v1"

// slotWait is how long a request waits for others to end.
const slotWait = time.Second

// compatible is the version of Prometheus that the API says to be: clients such as Grafana choose by
// it what they ask for. It is that of the module that go.mod requires.
const compatible = "3.13.2"

// Storage is what is queried: a *tsdb.DB.
type Storage interface {
	storage.SampleAndChunkQueryable
	storage.ExemplarQueryable
}

// Options are what an API needs. All of them are required but where it says otherwise.
type Options struct {
	Config  Config
	Storage Storage
	// Rules are the groups and alerting rules: a *rules.Manager.
	Rules v1.RulesRetriever
	// Metadata yields type, help and unit of each metric by its name in the storage; nil for none.
	Metadata iter.Seq2[string, metadata.Metadata]
	// Version is that of the collector.
	Version string
	// Retention says in words how long samples are kept, such as "15d or 1GiB".
	Retention string
	// Reloaded says whether the last reading of the rule files went well, and when it was.
	Reloaded func() (bool, time.Time)
	// EvaluationInterval is the step of a subquery that has none.
	EvaluationInterval time.Duration
	Logger             *slog.Logger
	// Registerer gets the metrics of the query engine; nil for none.
	Registerer prometheus.Registerer
}

// API answers requests. Its owner closes it, after the last request.
type API struct {
	config Config
	engine *promql.Engine
	// prometheus makes Prometheus' handlers with the first request: they take a tenth of a second.
	prometheus func() http.Handler
	slots      slots
	logger     *slog.Logger
}

// New returns the API, which is an http.Handler for /api/v1/.
func New(o Options) *API {
	engine := ruleengine.NewQueryEngine(ruleengine.QueryOptions{
		MaxSamples: o.Config.MaxSamples, Timeout: o.Config.QueryTimeout, Interval: o.EvaluationInterval,
		Logger: o.Logger, Registerer: o.Registerer,
	})
	started := time.Now().UTC()
	handlers := sync.OnceValue(func() http.Handler {
		router := route.New().WithPrefix(prefix)
		newPrometheusAPI(engine, o, started).Register(router)
		return router
	})
	return &API{config: o.Config, engine: engine, prometheus: handlers, slots: newSlots(o.Config.MaxConcurrency), logger: o.Logger}
}

// newPrometheusAPI returns Prometheus' API without all that writes, administrates or shows secrets. What
// is nil here belongs to paths that are not on the list.
func newPrometheusAPI(engine promql.QueryEngine, o Options, started time.Time) *v1.API {
	return v1.NewAPI(
		boundedEngine{engine}, warned{o.Storage}, nil, nil, o.Storage,
		nil, // scrape pools
		func(context.Context) v1.TargetRetriever { return newTargets(o.Metadata) },
		nil, // Alertmanagers
		func() config.Config { return config.Config{} },
		nil, // flags
		v1.GlobalURLOptions{},
		func(f http.HandlerFunc) http.HandlerFunc { return f },
		nil, "", // no admin, so no database to administrate
		false, false, 0, // no admin, no search
		o.Logger,
		func(context.Context) v1.RulesRetriever { return o.Rules },
		1, 1, 1, // remote read, which is not on the list
		false,
		regexp.MustCompile("^$"), // no origin; the server's own "cors" sets some
		func() (v1.RuntimeInfo, error) { return runtimeInfo(o, started), nil },
		buildInfo(o.Version),
		nil, nil, // notifications
		nil, nil,
		nil,
		false, nil, // no remote write
		false, false, false, false, // no OTLP
		ruleengine.LookbackDelta,
		false, false,
		nil, nil,
		v1.OpenAPIOptions{IncludePaths: []string{"/none"}}, // makes less of the description of itself, which is not on the list
		ruleengine.Parser(),
	)
}

func buildInfo(version string) *v1.PrometheusVersion {
	return &v1.PrometheusVersion{Version: compatible, Revision: "otelcol-ml " + version, GoVersion: runtime.Version()}
}

func runtimeInfo(o Options, started time.Time) v1.RuntimeInfo {
	ok, at := o.Reloaded()
	return v1.RuntimeInfo{
		StartTime: started, ServerTime: time.Now().UTC(),
		ReloadConfigSuccess: ok, LastConfigTime: at.UTC(),
		GoroutineCount: runtime.NumGoroutine(), GOMAXPROCS: runtime.GOMAXPROCS(0), GOMEMLIMIT: debug.SetMemoryLimit(-1),
		StorageRetention: o.Retention,
	}
}

// Close closes the query engine.
func (a *API) Close() error { return a.engine.Close() }

// ServeHTTP answers one request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer a.contain(w, r)
	endpoint, refusal := find(r)
	if refusal == nil {
		refusal = readForm(w, r)
	}
	if refusal != nil {
		refusal.write(w)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), a.config.QueryTimeout)
	defer cancel()
	if endpoint.reads {
		r.Form.Set("limit", a.limitOf(r.Form.Get("limit")))
		if err := a.slots.take(ctx, slotWait); err != nil {
			refuse(http.StatusServiceUnavailable, "unavailable",
				"%d requests are being answered, which is 'max_concurrency': try again", a.config.MaxConcurrency).write(w)
			return
		}
		defer a.slots.give()
	}
	r.Header.Del("Origin") // answers to other origins are the server's business
	a.prometheus().ServeHTTP(w, r.WithContext(ctx))
}

// contain answers a request whose handler has panicked.
func (a *API) contain(w http.ResponseWriter, r *http.Request) {
	switch cause := recover(); {
	case cause == nil:
	case cause == http.ErrAbortHandler: //nolint:errorlint // the value itself is the signal
		panic(cause)
	default:
		a.logger.Error("A request to the API has failed", "path", r.URL.Path, "error", cause, "stack", string(debug.Stack()))
		w.Header().Del("Content-Encoding")
		refuse(http.StatusInternalServerError, "internal", "the request has failed: %v", cause).write(w)
	}
}

var errNoSlot = errors.New("no slot is free")

// limitOf says what the limit of an answer is: what is asked for, but at most the config's.
func (a *API) limitOf(asked string) string {
	if n, err := parseLimit(asked); err != nil || n > 0 && n <= a.config.MaxSeries {
		return asked // what is no number is refused by Prometheus
	}
	return strconv.Itoa(a.config.MaxSeries)
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"runtime/debug"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// failure reads an answer that is an error in Prometheus' format.
func failure(t *testing.T, w *httptest.ResponseRecorder, status int) string {
	t.Helper()
	var body struct{ Status, ErrorType, Error string }
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body), w.Body.String())
	assert.Equal(t, status, w.Code, w.Body.String())
	assert.Equal(t, "error", body.Status)
	assert.NotEmpty(t, body.ErrorType)
	return body.Error
}

func TestClosed(t *testing.T) {
	f := newFixture(t)
	reached := &recorder{}
	a := f.api(t, nil)
	a.prometheus = func() http.Handler { return reached }
	for _, path := range []string{
		"/", "/api/v1", "/api/v1/", "/api/v1/write", "/api/v1/read", "/api/v1/otlp/v1/metrics", "/api/v1/admin/tsdb/delete_series", "/api/v1/admin/tsdb/snapshot",
		"/api/v1/admin/tsdb/clean_tombstones", "/api/v1/targets", "/api/v1/targets/metadata", "/api/v1/scrape_pools", "/api/v1/alertmanagers", "/api/v1/status/config",
		"/api/v1/status/flags", "/api/v1/status/tsdb", "/api/v1/status/walreplay", "/api/v1/status/self_metrics", "/api/v1/openapi.yaml", "/api/v1/features",
		"/api/v1/notifications/live", "/api/v1/search/metric_names", "/api/v1/query/", "/api/v1//query", "/api/v1/label//values", "/api/v1/label/a/b/values",
		"/api/v1/label/../../admin/values", "/debug/pprof/", "/metrics", "/-/quit", "/query", "/API/V1/query", "/api/v1/query_range/../write",
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodOptions, http.MethodConnect} {
			text := failure(t, ask(a, method, path, nil), http.StatusNotFound)
			assert.Contains(t, text, "/api/v1/query_range, ")
		}
	}
	for path, e := range endpoints {
		for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodOptions, http.MethodHead, "QUERY", http.MethodPost} {
			if method == http.MethodPost && e.post {
				continue
			}
			w := ask(a, method, "/api/v1"+path, nil)
			failure(t, w, http.StatusMethodNotAllowed)
			assert.Contains(t, w.Header().Get("Allow"), "GET")
		}
	}
	failure(t, ask(a, http.MethodPost, "/api/v1/label/model/values", nil), http.StatusMethodNotAllowed)
	assert.Zero(t, reached.n)
	ask(a, http.MethodGet, "/api/v1/alerts", nil)
	assert.Equal(t, 1, reached.n)
}

type recorder struct{ n int }

func (r *recorder) ServeHTTP(http.ResponseWriter, *http.Request) { r.n++ }

func TestNoOtherOrigin(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/api/v1/query?query=1", nil)
	r.Header.Set("Origin", "https://evil.example")
	w := httptest.NewRecorder()
	newFixture(t).api(t, nil).ServeHTTP(w, r)
	assert.Equal(t, http.StatusOK, w.Code)
	for key := range w.Header() {
		assert.NotContains(t, key, "Access-Control")
	}
}

func TestSeriesAreCut(t *testing.T) {
	a := newFixture(t).api(t, func(o *Options) { o.Config.MaxSeries = 2 })
	for _, path := range []string{"/api/v1/query", "/api/v1/query_range", "/api/v1/series", "/api/v1/labels", "/api/v1/label/model/values"} {
		for limit, want := range map[string]int{"": 2, "0": 2, "1": 1, "3": 2, "9223372036854775807": 2} {
			parameters := url.Values{"query": {"requests_total"}, "match[]": {"requests_total"}, "time": {at(9)}, "start": {at(0)}, "end": {at(9)}, "step": {"60"}}
			if limit != "" {
				parameters.Set("limit", limit)
			}
			w := ask(a, http.MethodGet, path, parameters)
			var answer struct {
				Data     json.RawMessage
				Warnings []string
			}
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer), w.Body.String())
			var list []any
			if strings.Contains(path, "query") {
				var data struct{ Result []any }
				require.NoError(t, json.Unmarshal(answer.Data, &data))
				list = data.Result
			} else {
				require.NoError(t, json.Unmarshal(answer.Data, &list))
			}
			assert.Len(t, list, want, path)
			assert.Equal(t, []string{"results truncated due to limit"}, answer.Warnings, path)
		}
	}
}

func TestSamples(t *testing.T) {
	a := newFixture(t).api(t, func(o *Options) { o.Config.MaxSamples = 100 })
	w := ask(a, http.MethodGet, "/api/v1/query_range", url.Values{"query": {"requests_total"}, "start": {at(0)}, "end": {at(60)}, "step": {"60"}})
	assert.Contains(t, failure(t, w, http.StatusUnprocessableEntity), "too many samples")
}

func TestPoints(t *testing.T) {
	var series []string
	for i := range 101 {
		series = append(series, fmt.Sprintf(`label_replace(vector(1), "a", "%d", "", "")`, i))
	}
	parameters := url.Values{"query": {strings.Join(series, " or ")}, "start": {at(0)}, "end": {at(9_999)}, "step": {"60"}}
	text := failure(t, ask(newFixture(t).api(t, nil), http.MethodPost, "/api/v1/query_range", parameters), http.StatusUnprocessableEntity)
	assert.Equal(t, "the answer has 1010000 points, at most 1000000 are sent: ask for fewer series (sum by, topk), a shorter time or a larger step", text)
}

func TestForm(t *testing.T) {
	a := newFixture(t).api(t, nil)
	post := func(kind string, body io.Reader) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "/api/v1/query", body)
		r.Header.Set("Content-Type", kind)
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		return w
	}
	form := "application/x-www-form-urlencoded"
	assert.Equal(t, http.StatusOK, post(form+"; charset=utf-8", strings.NewReader("query=1")).Code)
	assert.Contains(t, failure(t, post(form, strings.NewReader("query="+strings.Repeat("1", maxBody))), http.StatusRequestEntityTooLarge), "1048576 bytes")
	assert.Contains(t, failure(t, post(form, strings.NewReader("query=%zz")), http.StatusBadRequest), "invalid URL escape")
	assert.Contains(t, failure(t, post("application/json", strings.NewReader("{}")), http.StatusUnsupportedMediaType), "x-www-form-urlencoded")
	assert.Contains(t, failure(t, post("x/;", strings.NewReader("{}")), http.StatusUnsupportedMediaType), "x-www-form-urlencoded")
	var parts bytes.Buffer
	w := multipart.NewWriter(&parts)
	require.NoError(t, w.WriteField("query", "1"))
	require.NoError(t, w.Close())
	failure(t, post(w.FormDataContentType(), &parts), http.StatusUnsupportedMediaType)

	many := url.Values{"match[]": make([]string, maxSelectors+1)}
	assert.Contains(t, failure(t, ask(a, http.MethodPost, "/api/v1/series", many), http.StatusBadRequest), "101 of it, at most 100")
	long := url.Values{"query": {strings.Repeat("1", maxExpression+1)}}
	assert.Contains(t, failure(t, ask(a, http.MethodPost, "/api/v1/query", long), http.StatusBadRequest), "65537 bytes, at most 65536")
	failure(t, ask(a, http.MethodGet, "/api/v1/label/"+strings.Repeat("a", maxLabelName)+"/values", nil), http.StatusBadRequest)
}

// TestDeep sends what would need a deep stack where it is walked; the stack of the test is small.
func TestDeep(t *testing.T) {
	defer debug.SetMaxStack(debug.SetMaxStack(64 << 20))
	a := newFixture(t).api(t, nil)
	for name, query := range map[string]string{
		"parentheses":  strings.Repeat("(", maxExpression/2-1) + "1" + strings.Repeat(")", maxExpression/2-1),
		"signs":        strings.Repeat("-", maxExpression-1) + "a",
		"sum":          "1" + strings.Repeat("+1", maxExpression/2-1),
		"powers":       "a" + strings.Repeat("^a", maxExpression/2-1),
		"calls":        strings.Repeat("abs(", maxExpression/5-1) + "a" + strings.Repeat(")", maxExpression/5-1),
		"aggregations": strings.Repeat("sum(", maxExpression/5-1) + "a" + strings.Repeat(")", maxExpression/5-1),
		"subqueries":   strings.Repeat("rate(", 3000) + "a" + strings.Repeat("[1m:])", 3000),
	} {
		for _, path := range []string{"query", "query_range", "query_exemplars", "format_query", "parse_query"} {
			w := ask(a, http.MethodPost, "/api/v1/"+path, url.Values{"query": {query}, "start": {at(0)}, "end": {at(60)}, "step": {"60"}})
			assert.Contains(t, failure(t, w, http.StatusBadRequest), "nested more than 500 deep", name)
		}
	}
	for name, query := range map[string]string{
		"parentheses": strings.Repeat("(", maxDepth-1) + "1" + strings.Repeat(")", maxDepth-1), "sum": "1" + strings.Repeat("+1", maxDepth-1),
		"wide": `{__name__="a", a=~"` + strings.Repeat("x|", 30_000) + `"}`,
	} {
		w := ask(a, http.MethodPost, "/api/v1/query", url.Values{"query": {query}})
		assert.Equal(t, http.StatusOK, w.Code, "%s: %.300s", name, w.Body.String())
	}
}

// TestHostile sends what asks for more than there is: each is answered soon, by an error or not.
func TestHostile(t *testing.T) {
	a := newFixture(t).api(t, func(o *Options) { o.Config.QueryTimeout = 5 * time.Second })
	start := time.Now()
	for _, parameters := range []url.Values{
		{"query": {"count_over_time(vector(1)[1000y:1ms])"}},
		{"query": {"max_over_time(requests_total[290y])"}},
		{"query": {"requests_total @ 9e15"}},
		{"query": {"requests_total @ -9e15"}},
		{"query": {"requests_total offset -290y"}},
		{"query": {"requests_total"}, "time": {"9e18"}},
		{"query": {"requests_total"}, "time": {"-9e18"}},
		{"query": {"requests_total"}, "time": {"Inf"}},
		{"query": {"requests_total"}, "start": {"-9e18"}, "end": {"9e18"}, "step": {"9e8"}},
		{"query": {"requests_total"}, "start": {"-9e15"}, "end": {"9e15"}, "step": {"9e9"}},
		{"query": {"requests_total"}, "start": {"-9e8"}, "end": {"9e8"}, "step": {"1e-9"}},
		{"query": {"requests_total"}, "start": {at(0)}, "end": {at(60)}, "step": {"1e-12"}},
		{"query": {"requests_total"}, "lookback_delta": {"290y"}},
		{"query": {`{__name__=~"` + strings.Repeat("(a|b)*", 1000) + `"}`}},
		{"query": {`{__name__=~"(((a{1,30}){1,30}){1,30})"}`}},
		{"query": {`label_replace(requests_total, "a", "$1", "model", "` + strings.Repeat("(.*)", 200) + `")`}},
		{"query": {`label_replace(requests_total, "a\xff", "$1", "model", "(.*)")`}},
		{"query": {"\xff\xfe{\x00}"}},
		{"query": {"requests_total" + strings.Repeat(" + on() group_left() requests_total", 100)}},
		{"query": {"topk(9e18, requests_total)"}},
		{"query": {"quantile_over_time(NaN, requests_total[1h:1ms])"}},
		{"query": {"requests_total"}, "timeout": {"1e-9"}},
	} {
		for _, path := range []string{"query", "query_range", "query_exemplars", "format_query", "parse_query"} {
			if path == "query_range" && parameters.Get("step") == "" {
				parameters.Set("start", at(0))
				parameters.Set("end", at(0))
				parameters.Set("step", "60")
			}
			w := ask(a, http.MethodPost, "/api/v1/"+path, parameters)
			assert.Contains(t, []int{200, 204, 400, 422, 503}, w.Code, "%s %.200v: %.500s", path, parameters, w.Body.String())
			assert.NotContains(t, w.Body.String(), "unexpected error", "%s %.200v", path, parameters)
			assert.Less(t, w.Body.Len(), 1<<20)
		}
	}
	t.Logf("took %v", time.Since(start))
	entries, err := os.ReadDir(os.TempDir())
	require.NoError(t, err)
	for _, e := range entries {
		assert.NotContains(t, e.Name(), "multipart-")
	}
}

// slow is a storage whose queries end when they are told to.
type slow struct {
	Storage
	begun chan struct{}
	end   chan struct{}
}

func (s slow) Querier(mint, maxt int64) (storage.Querier, error) {
	q, err := s.Storage.Querier(mint, maxt)
	return slowQuerier{q, s}, err
}

type slowQuerier struct {
	storage.Querier
	slow
}

func (q slowQuerier) LabelNames(ctx context.Context, _ *storage.LabelHints, _ ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	q.begun <- struct{}{}
	select {
	case <-q.end:
		return []string{"a"}, nil, nil
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
}

func (q slowQuerier) Close() error { return q.Querier.Close() }

func TestConcurrency(t *testing.T) {
	f := newFixture(t)
	synctest.Test(t, func(t *testing.T) {
		s := slow{Storage: f.db, begun: make(chan struct{}, 10), end: make(chan struct{})}
		a := f.api(t, func(o *Options) { o.Storage, o.Config.MaxConcurrency = s, 2 })
		codes := make(chan int, 10)
		get := func() { codes <- ask(a, http.MethodGet, "/api/v1/labels", nil).Code }
		go get()
		go get()
		<-s.begun
		<-s.begun

		started := time.Now()
		w := ask(a, http.MethodGet, "/api/v1/query", url.Values{"query": {"1"}})
		assert.Equal(t, slotWait, time.Since(started))
		assert.Equal(t, "2 requests are being answered, which is 'max_concurrency': try again", failure(t, w, http.StatusServiceUnavailable))
		assert.Equal(t, "1", w.Header().Get("Retry-After"))
		assert.Equal(t, http.StatusOK, ask(a, http.MethodGet, "/api/v1/alerts", nil).Code, "reads no series")

		go get()
		synctest.Wait()
		s.end <- struct{}{}
		<-s.begun // the third has waited for less than a second
		s.end <- struct{}{}
		s.end <- struct{}{}
		for range 3 {
			assert.Equal(t, http.StatusOK, <-codes)
		}

		started = time.Now()
		assert.Contains(t, failure(t, ask(a, http.MethodGet, "/api/v1/labels", nil), http.StatusUnprocessableEntity), "deadline exceeded")
		assert.Equal(t, 30*time.Second, time.Since(started))
		assert.Equal(t, http.StatusOK, ask(a, http.MethodGet, "/api/v1/query", url.Values{"query": {"1"}}).Code)
	})
}

type panicking struct{}

func (panicking) RuleGroups() []*rules.Group           { panic("no groups") }
func (panicking) AlertingRules() []*rules.AlertingRule { panic(http.ErrAbortHandler) }

func TestPanic(t *testing.T) {
	a := newFixture(t).api(t, func(o *Options) { o.Rules = panicking{} })
	r := httptest.NewRequest(http.MethodGet, "/api/v1/rules", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	assert.Equal(t, "the request has failed: no groups", failure(t, w, http.StatusInternalServerError))
	assert.Empty(t, w.Header().Get("Content-Encoding"))
	assert.PanicsWithValue(t, http.ErrAbortHandler, func() { ask(a, http.MethodGet, "/api/v1/alerts", nil) })
}

func TestNoMetadata(t *testing.T) {
	a := newFixture(t).api(t, func(o *Options) { o.Metadata = nil })
	assert.JSONEq(t, `{"status":"success","data":{}}`, ask(a, http.MethodGet, "/api/v1/metadata", nil).Body.String())
}

func TestLevels(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, "a": 0, "(a)": 1, `a{b="((("}`: 1, `a{b='(\'('}`: 1, "a{b=`(\\`} + b": 2, "a # (((\n+ b": 1, "a # (((": 0, `"`: 0, `"\`: 0,
		"a and b or c unless d": 3 + 1, "a atan2 b": 1, "a[1m:1m]": 1, "a OR b": 1,
	} {
		assert.Equal(t, want, levels(text), text) // the name d at the end counts, too
	}
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
)

func at(minutes int) string { return fmt.Sprint(begin.Unix() + int64(minutes)*60) }

// TestLikePrometheus sends the same requests to this API and to Prometheus' own: the answers have the
// same status, type and bytes.
func TestLikePrometheus(t *testing.T) {
	f := newFixture(t)
	ours, theirs := f.api(t, nil), f.theirs(t)
	n := 0
	same := func(method, path string, parameters url.Values) {
		t.Helper()
		n++
		want, got := ask(theirs, method, path, parameters), ask(ours, method, path, parameters)
		name := fmt.Sprintf("%s %s %v", method, path, parameters)
		assert.Equal(t, want.Code, got.Code, name)
		assert.Equal(t, want.Header(), got.Header(), name)
		assert.Equal(t, want.Body.String(), got.Body.String(), name)
	}
	both := func(path string, parameters url.Values) {
		t.Helper()
		same(http.MethodGet, path, parameters)
		same(http.MethodPost, path, parameters)
	}

	for _, query := range queries {
		both("/api/v1/query", url.Values{"query": {query}, "time": {at(110)}})
		both("/api/v1/query_range", url.Values{"query": {query}, "start": {at(60)}, "end": {at(120)}, "step": {"60"}})
		both("/api/v1/query_exemplars", url.Values{"query": {query}, "start": {at(0)}, "end": {at(60)}})
		both("/api/v1/format_query", url.Values{"query": {query}})
		both("/api/v1/parse_query", url.Values{"query": {query}})
	}
	for _, path := range []string{"/api/v1/query", "/api/v1/query_range"} {
		for _, change := range changes {
			parameters := url.Values{"query": {"requests_total"}, "time": {at(30)}, "start": {at(0)}, "end": {at(60)}, "step": {"1m"}}
			maps.Copy(parameters, change)
			both(path, parameters)
		}
	}
	for _, selectors := range [][]string{
		nil,
		{"requests_total"},
		{"requests_total", "errors_total"},
		{`{model=~"f.*"}`},
		{"{}"},
		{"requests_total["},
		{`{__name__!=""}`},
		{"\xff"},
		{`{"utf8.metric"}`},
		{"requests_total", "{"},
		{"nothing"},
		{`{model=~"("}`},
		{""},
	} {
		for _, limit := range []string{"", "0", "1", "2", "-1", "x", "9223372036854775807", "99999999999999999999"} {
			parameters := url.Values{"match[]": selectors, "start": {at(0)}, "end": {at(60)}}
			if limit != "" {
				parameters.Set("limit", limit)
			}
			both("/api/v1/labels", parameters)
			if limit != "1" && limit != "2" { // Prometheus forgets the warning that series were cut
				both("/api/v1/series", parameters)
			}
			for _, name := range []string{"model", "__name__", "nothing", "U__label_2e_with_2e_dots", "label.with.dots", "%FF", "a%20b"} {
				same(http.MethodGet, "/api/v1/label/"+name+"/values", parameters)
			}
		}
	}
	for _, parameters := range []url.Values{
		nil,
		{"type": {"alert"}},
		{"type": {"record"}},
		{"type": {"x"}},
		{"rule_name[]": {"ErrorsHigh"}},
		{"rule_group[]": {"broken", "none"}},
		{"file[]": {"x"}},
		{"match[]": {`{severity="page"}`}},
		{"match[]": {"{"}},
		{"exclude_alerts": {"true"}},
		{"exclude_alerts": {"?"}},
		{"group_limit": {"1"}},
		{"group_limit": {"0"}},
		{"group_next_token": {"x"}},
		{"group_limit": {"1"}, "group_next_token": {"x"}},
	} {
		same(http.MethodGet, "/api/v1/rules", parameters)
	}
	same(http.MethodGet, "/api/v1/alerts", nil)
	for _, parameters := range []url.Values{
		nil,
		{"metric": {"requests_total"}},
		{"metric": {"nothing"}},
		{"limit": {"0"}},
		{"limit": {"x"}},
		{"limit": {"9"}},
		{"limit_per_metric": {"1"}},
		{"limit_per_metric": {"x"}},
		{"limit": {"-3"}},
	} {
		same(http.MethodGet, "/api/v1/metadata", parameters)
	}
	same(http.MethodGet, "/api/v1/status/buildinfo", nil)
	assert.Greater(t, n, 1000)
}

var queries = []string{
	"", "1", "1+1", `"text"`, "requests_total", "odd", "duration_seconds", `{"utf8.metric"}`, `{"utf8.metric", "label.with.dots"="x"}`,
	`requests_total{model="größe"}`, `requests_total{model="quo\"te\\"}`, "rate(requests_total[5m])", "sum(rate(requests_total[5m])) by (model)",
	"topk(2, requests_total)", "histogram_quantile(0.9, duration_seconds)", "rate(duration_seconds[10m])", "requests_total / on (model) errors_total",
	"requests_total / on () errors_total", "ALERTS", "model:errors:share", "ALERTS_FOR_STATE", "requests_total offset 1h", "requests_total @ end()",
	"max_over_time(requests_total[1h:])", "max_over_time(requests_total[1h:30s])", "absent(nothing)", "nothing", "rate(requests_total)", "sum(",
	"requests_total[5m]", "time()", "vector(1)", "label_replace(requests_total, \"m\", \"$1\", \"model\", \"(.).*\")", "requests_total and errors_total",
	"\xff", "requests_total{model=~\"(\"}", "quantile(7, requests_total)", "rate(odd[5m])", "-requests_total", "requests_total == bool 0",
	"sort_desc(requests_total)", "count_values(\"v\", errors_total * 0)", "predict_linear(requests_total[30m], 3600)", "{}", "(((1)))", "1 / 0", "0 / 0",
	"sum_over_time(duration_seconds[5m])", "histogram_sum(duration_seconds)", "limitk(1, requests_total)", "requests_total[1y]",
}

// changes are parameters that take the place of good ones.
var changes = []url.Values{
	{"time": {""}, "query": {"vector(1) offset 5000d"}},
	{"time": {"x"}},
	{"time": {begin.Format("2006-01-02T15:04:05Z07:00")}},
	{"time": {"-1e12"}},
	{"time": {"NaN"}},
	{"start": {""}},
	{"start": {"x"}},
	{"start": {at(90)}},
	{"end": {"x"}},
	{"end": {"1e15"}},
	{"step": {"0"}},
	{"step": {"-1"}},
	{"step": {"x"}},
	{"step": {"1ms"}},
	{"step": {"1e300"}},
	{"step": {"30s"}},
	{"timeout": {"x"}},
	{"timeout": {"10s"}},
	{"timeout": {"-1"}},
	{"lookback_delta": {"1m"}},
	{"lookback_delta": {"x"}},
	{"limit": {"1"}},
	{"limit": {"0"}},
	{"limit": {"x"}},
	{"limit": {"-2"}},
	{"query": {"rate(odd[5m])"}, "limit": {"1"}},
}

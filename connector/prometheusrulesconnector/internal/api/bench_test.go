// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"
)

// BenchmarkFirst is what the first request costs: Prometheus' handlers are made.
func BenchmarkFirst(b *testing.B) {
	f := newFixture(b)
	b.ReportAllocs()
	for b.Loop() {
		ask(f.api(b, nil), http.MethodGet, "/api/v1/status/buildinfo", nil)
	}
}

func BenchmarkQuery(b *testing.B) {
	a := newFixture(b).api(b, nil)
	parameters := url.Values{"query": {`sum by (model) (rate(requests_total[5m]))`}, "time": {at(60)}}
	b.ReportAllocs()
	for b.Loop() {
		if w := ask(a, http.MethodGet, "/api/v1/query", parameters); w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
	}
}

// BenchmarkLargest is an answer of a million points; heap_MB is what the process has taken from the
// system for it.
func BenchmarkLargest(b *testing.B) {
	a := newFixture(b).api(b, nil)
	var series []string
	for i := range 100 {
		series = append(series, fmt.Sprintf(`label_replace(vector(%d), "a", "%d", "", "")`, i, i))
	}
	parameters := url.Values{"query": {strings.Join(series, " or ")}, "start": {at(0)}, "end": {at(9_999)}, "step": {"60"}}
	b.ReportAllocs()
	for b.Loop() {
		if w := ask(a, http.MethodPost, "/api/v1/query_range", parameters); w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.HeapSys)/(1<<20), "heap_MB")
}

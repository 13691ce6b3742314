// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package feast

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/otelcol-ml/otelcol-ml/extension/mlcatalogextension/internal/fetch"
	"github.com/otelcol-ml/otelcol-ml/extension/mlcatalogextension/internal/sourcetest"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// registry is a registry server that answers as Feast does.
type registry struct{ *sourcetest.Registry }

func newRegistry(t *testing.T, answer func(path string, page int) (int, string)) *registry {
	t.Helper()
	return &registry{sourcetest.NewRegistry(t, func(path string, query url.Values) (int, string) {
		page, err := strconv.Atoi(query.Get("page"))
		assert.NoError(t, err)
		return answer(path, page)
	})}
}

func (r *registry) source(t *testing.T, o Options) *Source {
	t.Helper()
	o.Project = "payments"
	s, err := New(r.Client(), r.URL, o)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

const api = "/api/v1/"

// example answers with the golden files.
func example(t *testing.T) func(path string, page int) (int, string) {
	return func(path string, page int) (int, string) {
		switch strings.TrimPrefix(path, api) {
		case "feature_views":
			return 200, sourcetest.Golden(t, fmt.Sprintf("views_%d.json", page))
		case "entities":
			return 200, sourcetest.Golden(t, "entities.json")
		case "feature_services":
			return 200, sourcetest.Golden(t, "services.json")
		}
		return 404, `{"status_code": 404, "detail": "Not Found", "error_type": "HTTPException"}`
	}
}

func exampleOptions() Options {
	return Options{Environment: "production", FeatureViews: []string{"driver_*", "transformed", "clicks", "labels"}, Tags: []string{"ml.*"}}
}

func TestContract(t *testing.T) {
	r := newRegistry(t, example(t))
	facts, err := r.source(t, exampleOptions()).Fetch(t.Context())
	require.NoError(t, err)
	page := func(n string) url.Values { return url.Values{"project": {"payments"}, "page": {n}, "limit": {"100"}} }
	assert.Equal(t, []sourcetest.Request{
		sourcetest.Get(api+"feature_views", page("1")),
		sourcetest.Get(api+"feature_views", page("2")),
		sourcetest.Get(api+"entities", page("1")),
		sourcetest.Get(api+"feature_services", page("1")),
	}, r.Requests())
	assert.Equal(t, catalog.Facts{
		Models: []catalog.ModelFacts{{Name: "fraud", Environment: "production", FeatureViews: []string{"driver_stats", "clicks"}}},
		FeatureViews: []*catalog.FeatureView{
			{
				Name: "clicks", Environment: "production", Project: "payments", Version: "2", Kind: kindStream, Features: []string{"n"},
				Entities: []catalog.Entity{{Name: "driver", JoinKey: "driver_id"}, {Name: "page", JoinKey: "page"}},
				TTL:      500 * time.Millisecond, Services: []string{"fraud_v2"},
			},
			{
				Name: "driver_stats", Environment: "production", Project: "payments", Version: "3", Kind: kindBatch,
				Owner: "drivers@example.com", Description: "Hourly statistics of drivers.", Features: []string{"conv_rate", "acc_rate"},
				Entities: []catalog.Entity{{Name: "driver", JoinKey: "driver_id"}}, TTL: 24 * time.Hour,
				MaterializedUntil: time.Date(2026, 11, 1, 3, 0, 0, 500_000_000, time.UTC),
				Services:          []string{"dashboards", "fraud_v2"}, Attributes: map[string]any{"ml.tier": "1"},
			},
			{Name: "transformed", Environment: "production", Project: "payments", Kind: kindOnDemand, Features: []string{"sum"}},
		},
	}, facts)

	set := catalog.Merge(catalog.NewSet([]*catalog.Model{{Name: "fraud"}}, nil), facts)
	assert.Equal(t, map[string]any{"ml.feature_view.name": "driver_stats,clicks"}, set.Model("production", "fraud").Attributes)
}

// TestOlderServers answer with a key for each kind of view and know no pages.
func TestOlderServers(t *testing.T) {
	r := newRegistry(t, func(path string, _ int) (int, string) {
		switch path {
		case api + "feature_views":
			return 200, `{"featureViews": [
				{"featureView": {"spec": {"name": "b", "features": [{"name": "f"}]}, "meta": {"currentVersionNumber": "2"}}},
				{"onDemandFeatureView": {"spec": {"name": "o"}}}, {"streamFeatureView": {"spec": {"name": "s", "ttl": "3600s"}}}]}`
		}
		return 200, `{}`
	})
	facts, err := r.source(t, Options{}).Fetch(t.Context())
	require.NoError(t, err)
	require.Len(t, facts.FeatureViews, 3)
	assert.Equal(t, &catalog.FeatureView{Name: "b", Project: "payments", Version: "2", Kind: kindBatch, Features: []string{"f"}}, facts.FeatureViews[0])
	assert.Equal(t, kindOnDemand, facts.FeatureViews[1].Kind)
	assert.Equal(t, time.Hour, facts.FeatureViews[2].TTL)
	assert.Len(t, r.Requests(), 2, "without entities none are asked for")
}

// TestProtoNames are the names of the proto in place of those of its JSON mapping: the facts are
// the same.
func TestProtoNames(t *testing.T) {
	snake := strings.NewReplacer(`"featureViews":`, `"feature_views":`, `"featureServices":`, `"feature_services":`, `"featureViewName":`, `"feature_view_name":`,
		`"joinKey":`, `"join_key":`, `"materializationIntervals":`, `"materialization_intervals":`, `"endTime":`, `"end_time":`,
		`"currentVersionNumber":`, `"current_version_number":`, `"hasNext":`, `"has_next":`, `"86400s"`, `86400`)
	camel := example(t)
	want, err := newRegistry(t, camel).source(t, exampleOptions()).Fetch(t.Context())
	require.NoError(t, err)
	r := newRegistry(t, func(path string, page int) (int, string) {
		status, body := camel(path, page)
		out := snake.Replace(body)
		assert.NotEqual(t, body, out)
		return status, out
	})
	got, err := r.source(t, exampleOptions()).Fetch(t.Context())
	require.NoError(t, err)
	assert.Equal(t, want, got)

	older := newRegistry(t, func(path string, _ int) (int, string) {
		if path == api+"feature_views" {
			return 200, `{"feature_views": [{"feature_view": {"spec": {"name": "b"}}}, {"on_demand_feature_view": {"spec": {"name": "o"}}},
				{"stream_feature_view": {"spec": {"name": "s"}}}, {"type": "stream_feature_view", "spec": {"name": "t"}}, {"type": "label_view", "spec": {"name": "x"}}]}`
		}
		return 200, `{}`
	})
	got, err = older.source(t, Options{}).Fetch(t.Context())
	require.NoError(t, err)
	var kinds []string
	for _, v := range got.FeatureViews {
		kinds = append(kinds, v.Name+" "+v.Kind)
	}
	assert.Equal(t, []string{"b featureView", "o onDemandFeatureView", "s streamFeatureView", "t streamFeatureView"}, kinds)
}

func TestFailuresFailTheWholeRound(t *testing.T) {
	for _, status := range []int{401, 403, 404, 422, 429, 500, 503} {
		for _, at := range []string{"feature_views", "entities", "feature_services"} {
			t.Run(fmt.Sprint(at, status), func(t *testing.T) {
				good := example(t)
				r := newRegistry(t, func(path string, page int) (int, string) {
					if path == api+at {
						return status, `{"status_code": 1, "detail": "because"}`
					}
					return good(path, page)
				})
				facts, err := r.source(t, exampleOptions()).Fetch(t.Context())
				var e *fetch.Error
				require.ErrorAs(t, err, &e)
				assert.Equal(t, fetch.Error{Path: api + at, Status: status, Message: "because"}, *e)
				assert.Empty(t, facts)
			})
		}
	}
}

func TestMalformedAndLargeAnswers(t *testing.T) {
	sourcetest.RefusesUnreadable(t, "featureViews", func(t *testing.T, r *sourcetest.Registry) error {
		_, err := (&registry{r}).source(t, Options{MaxBody: sourcetest.MaxBody}).Fetch(t.Context())
		return err
	})
}

func TestPagesThatDoNotEnd(t *testing.T) {
	t.Run("the server does not know pages", func(t *testing.T) {
		r := newRegistry(t, func(string, int) (int, string) {
			return 200, `{"featureViews": [{"spec": {"name": "a"}}], "pagination": {"hasNext": true}}`
		})
		_, err := r.source(t, Options{}).Fetch(t.Context())
		require.EqualError(t, err, "/api/v1/feature_views: page 2 brings nothing new and promises more, the pages would not end")
		assert.Len(t, r.Requests(), 2)
	})
	t.Run("a page of views that are left out", func(t *testing.T) {
		r := newRegistry(t, func(path string, page int) (int, string) {
			if path != api+"feature_views" {
				return 200, `{}`
			}
			return 200, []string{
				`{"featureViews": [{"type": "featureView", "spec": {"name": "a"}}], "pagination": {"hasNext": true}}`,
				`{"featureViews": [{"type": "labelView", "spec": {"name": "l"}}], "pagination": {"hasNext": true}}`,
				`{"featureViews": [{"type": "featureView", "spec": {"name": "z"}}]}`,
			}[page-1]
		})
		facts, err := r.source(t, Options{}).Fetch(t.Context())
		require.NoError(t, err)
		assert.Len(t, facts.FeatureViews, 2)
	})
	t.Run("there is always another view", func(t *testing.T) {
		r := newRegistry(t, func(_ string, page int) (int, string) {
			return 200, fmt.Sprintf(`{"featureViews": [{"spec": {"name": "v%d"}}], "pagination": {"has_next": true}}`, page)
		})
		_, err := r.source(t, Options{}).Fetch(t.Context())
		require.EqualError(t, err, "/api/v1/feature_views: there are more than 200 pages")
		assert.Len(t, r.Requests(), 200)
	})
}

func TestBounds(t *testing.T) {
	many := func(n int, format string) string {
		list := make([]string, n)
		for i := range list {
			list[i] = strings.ReplaceAll(format, "%", fmt.Sprintf("%04d", i))
		}
		return strings.Join(list, ",")
	}
	view := `{"spec": {"name": "%", "features": [` + many(300, `{"name": "f#"}`) + `], "entities": [` + many(300, `"e#"`) + `], "tags": {` + many(300, `"t#": "`+strings.Repeat("x", 3000)+`"`) + `}}}`
	for i := range 300 {
		view = strings.Replace(view, `f#`, fmt.Sprintf("f%d", i), 1)
		view = strings.Replace(view, `e#`, fmt.Sprintf("e%d", i), 1)
		view = strings.Replace(view, `t#`, fmt.Sprintf("t%d", i), 1)
	}
	r := newRegistry(t, func(path string, _ int) (int, string) {
		switch path {
		case api + "feature_views":
			return 200, `{"featureViews": [` + many(10, view) + `], "pagination": {"hasNext": true}}`
		case api + "feature_services":
			return 200, `{"featureServices": [` + many(300, `{"spec": {"name": "s%", "tags": {"ml.model.name": "m%"}, "features": [{"featureViewName": "0000"}, {"featureViewName": "0000"}]}}`) + `]}`
		}
		return 200, `{"entities": [` + many(300, `{"spec": {"name": "other%", "joinKey": "x"}}`) + `]}`
	})
	facts, err := r.source(t, Options{MaxViews: 2, MaxFeatures: 5, Tags: []string{"*"}}).Fetch(t.Context())
	require.NoError(t, err)
	require.Len(t, facts.FeatureViews, 2)
	assert.Equal(t, []string{`there are more than 2 feature views in the project "payments", the others are left out`}, facts.Notes)
	v := facts.FeatureViews[0]
	assert.Len(t, v.Features, 5)
	assert.Len(t, v.Entities, maxPerView)
	assert.Len(t, v.Services, maxPerView)
	assert.Len(t, v.Attributes, maxPerView)
	assert.Len(t, v.Attributes["t0"], fetch.MaxText)
	assert.Len(t, facts.Models, 2)
	assert.Equal(t, []string{"0000"}, facts.Models[0].FeatureViews)
}

func TestDuration(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"3600s": time.Hour, "0.5s": 500 * time.Millisecond, "0s": 0, "": 0, "s": 0, "-1s": 0, "1h": 0, "1e9s": 0, "99999999999999s": 0,
		strings.Repeat("1", 40) + "s": 0, "1.2.3s": 0, "1hs": 0,
	} {
		assert.Equal(t, want, duration(json.RawMessage(strconv.Quote(s))), s)
	}
}

func TestDurationAsNumber(t *testing.T) {
	for s, want := range map[string]time.Duration{`86400`: 24 * time.Hour, `1.5`: 1500 * time.Millisecond, `null`: 0, `{}`: 0, ``: 0} {
		assert.Equal(t, want, duration(json.RawMessage(s)), s)
	}
}

func TestVersion(t *testing.T) {
	for spec, want := range map[string]string{
		`{}`: "", `{"version": "latest"}`: "", `{"version": "v2"}`: "2", `{"version": "Version3"}`: "3", `{"version": "v0"}`: "0", `{"version": "blue"}`: "blue", `{"version": "LATEST"}`: "", `{"version": 4}`: "4", `{"version": null}`: "", `{"version": {}}`: "", `{"version": ["x"]}`: "", `{"version": ""}`: "",
	} {
		var v view
		require.NoError(t, json.Unmarshal([]byte(`{"spec": `+spec+`}`), &v))
		assert.Equal(t, want, version(&v), spec)
	}
}

// inMemory answers without a network.
type inMemory func(path string) string

func (f inMemory) RoundTrip(req *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	_, _ = w.WriteString(f(req.URL.Path))
	return w.Result(), nil
}

// FuzzFetch gives a server's answers to the decoders. Whatever it says ends, and what is taken is
// JSON and within the bounds.
func FuzzFetch(f *testing.F) {
	read := func(name string) string { return sourcetest.Golden(&testing.T{}, name) }
	f.Add(read("views_2.json"), read("entities.json"), read("services.json"))
	f.Add(`{"featureViews": [{"featureView": {"spec": {"name": "a", "ttl": "9s", "version": 1e9}}}, {"type": "x"}, null]}`, `{}`, `{"featureServices": [null, {"spec": {"features": [null]}}]}`)
	f.Add(read("views_1.json"), `{"pagination": {"has_next": true}}`, `{}`)
	f.Fuzz(func(t *testing.T, views, entities, services string) {
		client := &http.Client{Transport: inMemory(func(path string) string {
			switch path {
			case "/" + pathViews:
				return views
			case "/" + pathEntities:
				return entities
			}
			return services
		})}
		s, err := New(client, "http://feast", Options{Project: "p", MaxViews: 3, MaxFeatures: 3, Tags: []string{"*"}})
		require.NoError(t, err)
		facts, err := s.Fetch(t.Context())
		if err != nil {
			return
		}
		data, err := json.Marshal(facts)
		require.NoError(t, err)
		var back catalog.Facts
		require.NoError(t, json.Unmarshal(data, &back))
		if len(facts.FeatureViews) > 3 || len(facts.Models) > 3 {
			t.Fatalf("%s", data)
		}
		for _, v := range facts.FeatureViews {
			if !fetch.GoodName(v.Name) || len(v.Features) > 3 || v.TTL < 0 {
				t.Fatalf("%+v", v)
			}
		}
		catalog.Merge(catalog.NewSet(nil, nil), facts)
	})
}

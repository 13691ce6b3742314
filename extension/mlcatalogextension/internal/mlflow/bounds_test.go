// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlflow

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/extension/mlcatalogextension/internal/fetch"
	"github.com/otelcol-ml/otelcol-ml/extension/mlcatalogextension/internal/sourcetest"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

func TestFailuresFailTheWholeRound(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404, 429, 500, 503} {
		for _, at := range []string{"registered-models/search", "model-versions/search", "runs/get"} {
			t.Run(fmt.Sprint(at, status), func(t *testing.T) {
				good := example(t)
				r := newRegistry(t, func(path string, query url.Values) (int, string) {
					if path == api+at {
						return status, `{"error_code": "X", "message": "because"}`
					}
					return good(path, query)
				})
				facts, err := r.source(t, exampleOptions()).Fetch(t.Context())
				if at == "runs/get" && (status == 403 || status == 404) {
					require.NoError(t, err, "a run that cannot be read is one that the version does without")
					assert.Len(t, facts.Models, 4)
					assert.Equal(t, map[string]any{"ml.data.cut": "2026-10"}, facts.Models[0].Versions[0].Attributes)
					return
				}
				var e *fetch.Error
				require.ErrorAs(t, err, &e)
				assert.Equal(t, status, e.Status)
				assert.Equal(t, "X: because", e.Message)
				assert.Empty(t, facts)
			})
		}
	}
}

func TestMalformedAndLargeAnswers(t *testing.T) {
	sourcetest.RefusesUnreadable(t, "registered_models", func(t *testing.T, r *sourcetest.Registry) error {
		_, err := (&registry{r}).source(t, Options{MaxBody: sourcetest.MaxBody}).Fetch(t.Context())
		return err
	})
}

func TestPagesThatDoNotEnd(t *testing.T) {
	for name, test := range map[string]struct {
		token func(i int) string
		want  string
		asked int
	}{
		"the same token":         {func(int) string { return "a" }, "the same page_token again", 2},
		"tokens in a circle":     {func(i int) string { return string("abc"[i%3]) }, "the same page_token again", 4},
		"always another token":   {func(i int) string { return strconv.Itoa(i) }, "more than 1000 pages", maxModelPages},
		"the token that is next": {func(i int) string { return []string{"a", ""}[i] }, "", 2},
	} {
		t.Run(name, func(t *testing.T) {
			n := 0
			r := newRegistry(t, func(string, url.Values) (int, string) {
				n++
				return 200, fmt.Sprintf(`{"registered_models": [], "next_page_token": %q}`, test.token(n-1))
			})
			_, err := r.source(t, Options{}).Fetch(t.Context())
			if test.want == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, test.want)
			}
			assert.Equal(t, test.asked, n)
		})
	}
	t.Run("versions", func(t *testing.T) {
		n := 0
		r := newRegistry(t, func(path string, _ url.Values) (int, string) {
			if path == api+"registered-models/search" {
				return 200, `{"registered_models": [{"name": "m"}]}`
			}
			n++
			return 200, `{"model_versions": [{"name": "m", "version": "1"}], "next_page_token": "x"}`
		})
		_, err := r.source(t, Options{}).Fetch(t.Context())
		require.ErrorContains(t, err, "the same page_token again")
		assert.Equal(t, 2, n)
	})
}

// big is a registry with many models, versions and tags.
func big(models, versions, tags int) func(path string, query url.Values) (int, string) {
	page := func(query url.Values, all int, item func(i int) any) ([]any, string) {
		from, _ := strconv.Atoi(query.Get("page_token"))
		size, _ := strconv.Atoi(query.Get("max_results"))
		var out []any
		for i := from; i < min(from+size, all); i++ {
			out = append(out, item(i))
		}
		if from+size < all {
			return out, strconv.Itoa(from + size)
		}
		return out, ""
	}
	list := make([]tag, tags)
	for i := range list {
		list[i] = tag{fmt.Sprintf("ml.t%04d", i), strings.Repeat("v", 2000)}
	}
	answer := func(v any) (int, string) {
		data, err := json.Marshal(v)
		if err != nil {
			return 500, err.Error()
		}
		return 200, string(data)
	}
	return func(path string, query url.Values) (int, string) {
		switch {
		case strings.HasSuffix(path, "registered-models/search"):
			items, next := page(query, models, func(i int) any {
				return map[string]any{
					"name": fmt.Sprintf("m%05d", i), "tags": list, "aliases": []alias{{"first", "1"}, {strings.Repeat("x", 300), "2"}, {"gone", "99999"}},
				}
			})
			return answer(map[string]any{"registered_models": items, "next_page_token": next})
		case strings.HasSuffix(path, "model-versions/search"):
			name := strings.Trim(strings.TrimPrefix(query.Get("filter"), "name="), "'")
			items, next := page(query, versions, func(i int) any {
				return map[string]any{"name": name, "version": strconv.Itoa(versions - i), "run_id": "r", "tags": list[:min(1, tags)]}
			})
			return answer(map[string]any{"model_versions": items, "next_page_token": next})
		}
		var r getRun
		r.Run.Info.EndTime = 1
		r.Run.Data.Params = list
		for i := range list {
			r.Run.Data.Metrics = append(r.Run.Data.Metrics, measure{fmt.Sprintf("m%04d", i), 1})
		}
		return answer(r)
	}
}

func TestBounds(t *testing.T) {
	r := newRegistry(t, big(450, 450, 40))
	s := r.source(t, Options{MaxModels: 3, MaxVersions: 2, Tags: []string{"*"}, Params: []string{"*"}, Metrics: []string{"*"}})
	facts, err := s.Fetch(t.Context())
	require.NoError(t, err)
	require.Len(t, facts.Models, 3)
	assert.Equal(t, []string{`there are more than 3 registered models, those after "m00002" are left out`}, facts.Notes)
	for _, m := range facts.Models {
		assert.Len(t, m.Attributes, DefaultMaxAttributes)
		assert.Len(t, m.Attributes["ml.t0000"], fetch.MaxText)
		require.Len(t, m.Versions, 4, "two new ones, and those with an alias")
		assert.Equal(t, []string{"450", "449", "2", "1"}, []string{m.Versions[0].Version, m.Versions[1].Version, m.Versions[2].Version, m.Versions[3].Version})
		assert.Empty(t, m.Versions[2].Aliases, "its alias is too long")
		assert.Equal(t, []string{"first"}, m.Versions[3].Aliases)
		assert.Len(t, m.Versions[0].Attributes, 1+2*DefaultMaxAttributes)
	}
	searches := 0
	for _, req := range r.Requests() {
		if strings.HasSuffix(req.Path, "versions/search") {
			searches++
		}
	}
	assert.Equal(t, 9, searches, "all pages: an alias points to a version that has not come")
}

func TestVersionsWithAnAliasAreBounded(t *testing.T) {
	r := newRegistry(t, func(path string, query url.Values) (int, string) {
		if strings.HasSuffix(path, "registered-models/search") {
			return 200, `{"registered_models": [{"name": "m"}]}`
		}
		var list []string
		for i := 300; i > 0; i-- {
			list = append(list, fmt.Sprintf(`{"name": "m", "version": "%d", "aliases": ["a%d"]}`, i, i))
		}
		return 200, `{"model_versions": [` + strings.Join(list, ",") + `]}`
	})
	facts, err := r.source(t, Options{}).Fetch(t.Context())
	require.NoError(t, err)
	require.Len(t, facts.Models[0].Versions, maxAliased)
	assert.Equal(t, "300", facts.Models[0].Versions[0].Version)
}

// TestOldServers know no order: the newest are found all the same.
func TestOldServers(t *testing.T) {
	pages := [][]int{{3, 1, 7}, {9, 2, 8}, {5}}
	r := newRegistry(t, func(path string, query url.Values) (int, string) {
		if strings.HasSuffix(path, "registered-models/search") {
			return 200, `{"registered_models": [{"name": "m"}]}`
		}
		page, _ := strconv.Atoi(query.Get("page_token"))
		var list []string
		for _, v := range pages[page] {
			list = append(list, fmt.Sprintf(`{"name": "m", "version": "%d"}, {"name": "M", "version": "100"}`, v))
		}
		next := ""
		if page+1 < len(pages) {
			next = strconv.Itoa(page + 1)
		}
		return 200, fmt.Sprintf(`{"model_versions": [%s], "next_page_token": %q}`, strings.Join(list, ","), next)
	})
	facts, err := r.source(t, Options{MaxVersions: 3}).Fetch(t.Context())
	require.NoError(t, err)
	var got []string
	for _, v := range facts.Models[0].Versions {
		got = append(got, v.Version)
	}
	assert.Equal(t, []string{"9", "8", "7"}, got)
}

// inMemory answers without a network, so that a bubble's clock can run.
type inMemory func(path string, query url.Values) (int, string)

func (f inMemory) RoundTrip(req *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	status, body := f(req.URL.Path, req.URL.Query())
	w.WriteHeader(status)
	_, _ = w.WriteString(body)
	return w.Result(), nil
}

func TestRunsAreReadAgainAfterAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := map[string]int{}
		good := example(t)
		client := &http.Client{Transport: inMemory(func(path string, query url.Values) (int, string) {
			if path == api+"runs/get" {
				asked[query.Get("run_id")]++
			}
			return good(path, query)
		})}
		s, err := New(client, "http://mlflow/tracking", exampleOptions())
		require.NoError(t, err)
		var first catalog.Facts
		for i := range 3 {
			facts, err := s.Fetch(t.Context())
			require.NoError(t, err)
			if i == 0 {
				first = facts
			}
			assert.Equal(t, first, facts, "the same registry gives the same facts")
			time.Sleep(29 * time.Minute)
		}
		assert.Equal(t, map[string]int{"run8": 1, "run9": 3, "run6": 1}, asked, "a run that goes on is read each time")
		_, err = s.Fetch(t.Context())
		require.NoError(t, err)
		assert.Equal(t, map[string]int{"run8": 2, "run9": 4, "run6": 2}, asked)
		assert.ElementsMatch(t, []string{"run8", "run6"}, slices.Collect(maps.Keys(s.runs)))
		good = func(string, url.Values) (int, string) { return 200, `{}` }
		_, err = s.Fetch(t.Context())
		require.NoError(t, err)
		assert.Empty(t, s.runs, "runs of versions that are gone are forgotten")
	})
}

func TestDeletedRun(t *testing.T) {
	good := example(t)
	r := newRegistry(t, func(path string, query url.Values) (int, string) {
		status, body := good(path, query)
		return status, strings.Replace(body, `"active"`, `"deleted"`, 1)
	})
	facts, err := r.source(t, exampleOptions()).Fetch(t.Context())
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"ml.data.cut": "2026-10"}, facts.Models[0].Versions[0].Attributes)
}

func TestFlavor(t *testing.T) {
	for history, want := range map[string]string{
		`[{"flavors": {"python_function": {}, "sklearn": {}}}]`: "sklearn", `[{"flavors": {"python_function": {}}}]`: "",
		`[{"flavors": {"x": {}}}, {"flavors": {"keras": {}, "tensorflow": {}}}]`: "keras", `[]`: "", `{`: "", `[{}]`: "", ``: "", `[1]`: "",
	} {
		assert.Equal(t, want, flavor(history), history)
	}
}

func TestNames(t *testing.T) {
	assert.Equal(t, []string{"a", "b"}, names(" a, b ,,a"))
	assert.Equal(t, []string{"a", "b,c"}, names(`["a", "b,c"]`))
	assert.Empty(t, names(""))
	assert.Len(t, names(strings.Repeat("x,", 50)+strings.Join(strings.Split(strings.Repeat("ab", 500), ""), ",")), 3)
}

func TestMilliseconds(t *testing.T) {
	assert.Equal(t, time.Date(1970, 1, 1, 0, 0, 1, 0, time.UTC), milliseconds(1000))
	for _, ms := range []fetch.Integer{0, -1, 253402300800000} {
		assert.Zero(t, milliseconds(ms))
	}
}

// FuzzFetch gives a server's answers to the decoders. Whatever it says ends, and what is taken is
// JSON and within the bounds.
func FuzzFetch(f *testing.F) {
	read := func(name string) string { return sourcetest.Golden(&testing.T{}, name) }
	f.Add(read("models_1.json"), read("versions_fraud_1.json"), read("run8.json"))
	f.Add(read("models_2.json"), read("versions_fraud_2.json"), read("run9.json"))
	f.Add(`{"registered_models": [{"name": "m", "aliases": [{}]}, {"name": "m"}]}`, `{"model_versions": [{"name": "m", "version": "1", "run_id": "r", "creation_timestamp": "99999999999999"}]}`, `{}`)
	f.Add(`{"registered_models": null, "next_page_token": "x"}`, `{}`, `{"run": {"data": {"metrics": [{"value": "Infinity"}]}}}`)
	f.Fuzz(func(t *testing.T, models, versions, run string) {
		client := &http.Client{Transport: inMemory(func(path string, _ url.Values) (int, string) {
			switch {
			case strings.HasSuffix(path, pathModels):
				return 200, models
			case strings.HasSuffix(path, pathVersions):
				return 200, versions
			}
			return 200, run
		})}
		s, err := New(client, "http://mlflow", Options{
			MaxModels: 3, MaxVersions: 2, MaxAttributes: 2, Tags: []string{"*"}, Params: []string{"*"}, Metrics: []string{"*"}, EnvironmentTag: "env",
		})
		require.NoError(t, err)
		facts, err := s.Fetch(t.Context())
		if err != nil {
			return
		}
		data, err := json.Marshal(facts)
		require.NoError(t, err)
		var back catalog.Facts
		require.NoError(t, json.Unmarshal(data, &back))
		set := catalog.Merge(catalog.NewSet(nil, nil), facts)
		for _, m := range set.Models {
			if !fetch.GoodName(m.Name) || len(m.Versions) > maxAliased+2 || len(m.Attributes) > 6 {
				t.Fatalf("%+v", m)
			}
			for _, v := range m.Versions {
				if !fetch.GoodName(v.Version) || len(v.Attributes) > 12 {
					t.Fatalf("%+v", v)
				}
			}
		}
	})
}

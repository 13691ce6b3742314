// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package grafana

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var window = Window{Start: time.Unix(1_000_000, 0), End: time.Unix(1_000_600, 0), Scrape: time.Second}

// serve is a Prometheus that has one answer for each query.
func serve(t *testing.T, answers map[string]string) *Prometheus {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.FormValue("query") + r.FormValue("match[]")
		answer, ok := answers[r.URL.Path+" "+query]
		if !ok {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"status":"error","error":"no answer to ` + r.URL.Path + `"}`))
			return
		}
		_, _ = w.Write([]byte(`{"status":"success","data":` + answer + `}`))
	}))
	t.Cleanup(server.Close)
	return &Prometheus{URL: server.URL}
}

const (
	series     = `{"resultType":"matrix","result":[{"metric":{"q":"0.5"},"values":[[1000000,"1"],[1000002,"NaN"]]}]}`
	vector     = `{"resultType":"vector","result":[{"metric":{"__name__":"up","job":"b"},"value":[1000600,"2"]},{"metric":{"__name__":"up","job":"a"},"value":[1000600,"1"]}]}`
	evaluation = `{"resultType":"matrix","result":[{"metric":{"version":"7"},"values":[[1000000,"0"],[1000002,"1"],[1000004,"1"],[1000006,"0"],[1000008,"1"]]}]}`
)

// The dashboard opens with All of the environments, the first model, and the versions of that, and its queries are asked with these.
func TestRun(t *testing.T) {
	d, err := Read("testdata/small.json")
	require.NoError(t, err)
	p := serve(t, map[string]string{
		`/api/v1/label/deployment_environment_name/values ml_prediction_count_total`:                                        `["production","staging"]`,
		`/api/v1/label/ml_model_name/values ml_prediction_count_total`:                                                      `["fraud.v2","reviews"]`,
		`/api/v1/label/ml_model_version/values ml_prediction_count_total{ml_model_name=~"fraud\\.v2"}`:                      `["6","7"]`,
		`/api/v1/query_range histogram_quantile(0.5, sum by (le) (rate(d_bucket{e=~".*",m=~"fraud\\.v2",v=~"(6|7)"}[4s])))`: series,
		`/api/v1/query_exemplars histogram_quantile(0.5, sum by (le) (rate(d_bucket{e=~".*",m=~"fraud\\.v2",v=~"(6|7)"}[4s])))`: `[{"seriesLabels":{"le":"1"},
			"exemplars":[{"labels":{"trace_id":"ab"},"value":"0.25","timestamp":1000001.5}]}]`,
		`/api/v1/query up`:               vector,
		`/api/v1/query_range ml_release`: evaluation,
	})
	values, err := p.Open(t.Context(), d, window, nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"fraud.v2"}, values["model"].Chosen)
	assert.Equal(t, []string{"fraud.v2", "reviews"}, values["model"].Offered)
	assert.True(t, values["environment"].All)

	panels := d.All()
	require.Len(t, panels, 2)
	answers := p.Run(t.Context(), &panels[0], values, window)
	require.Len(t, answers, 1, "one is hidden")
	require.NoError(t, answers[0].Err)
	require.Len(t, answers[0].Series, 1)
	assert.Equal(t, "P50 of 0.5", answers[0].Series[0].Name)
	assert.Equal(t, Point{time.Unix(1_000_000, 0), 1}, answers[0].Series[0].Points[0])
	assert.False(t, answers[0].Empty())
	assert.Equal(t, []Exemplar{{time.UnixMilli(1_000_001_500), 0.25, "ab", map[string]string{"le": "1"}}}, answers[0].Exemplars)

	answers = p.Run(t.Context(), &panels[1], values, window)
	require.NoError(t, answers[0].Err)
	require.Len(t, answers[0].Series, 2)
	assert.Equal(t, `up{job="a"}`, answers[0].Series[0].Name)

	marks, err := p.Marks(t.Context(), &d.Annotations.List[0], values, window)
	require.NoError(t, err)
	require.Len(t, marks, 2)
	assert.Equal(t, "release 7", marks[0].Text)
	assert.Equal(t, []int64{1_000_002, 1_000_004}, []int64{marks[0].Time.Unix(), marks[0].End.Time.Unix()})
	assert.Equal(t, int64(1_000_008), marks[1].Time.Unix())

	panels[1].Targets[0].Expr = "down"
	answers = p.Run(t.Context(), &panels[1], values, window)
	require.ErrorContains(t, answers[0].Err, "no answer to /api/v1/query: down")
}

// Values stand in queries as Grafana writes them.
func TestExpand(t *testing.T) {
	values := Values{
		"one":  {Chosen: []string{`a"b`}},
		"many": {Chosen: []string{"a.b", "c"}, several: true},
		"kpi":  {Chosen: []string{`rate(y[$__interval])`}},
		"all":  {Chosen: []string{"x"}, All: true, allValue: ".*", several: true},
	}
	for text, want := range map[string]string{
		`{m="$one"}`:                `{m="a\"b"}`,
		`{m=~"$many"}`:              `{m=~"(a\\.b|c)"}`,
		`{m=~'${many:regex}'}`:      `{m=~'(a\.b|c)'}`,
		`[[many:pipe]]`:             `a.b|c`,
		`{m=~"${all}"}`:             `{m=~".*"}`,
		`rate(x[$__rate_interval])`: `rate(x[8s])`,
		`${kpi:raw}`:                `rate(y[7s])`,
		`x[$__range]`:               `x[600s]`,
		`label_replace(x, "a", "$1", "b", "(.*)")`: `label_replace(x, "a", "$1", "b", "(.*)")`,
	} {
		got, err := values.Expand(text, window.builtin(7*time.Second))
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	_, err := values.Expand("x{$nothing}", nil)
	require.ErrorContains(t, err, "$nothing: no such variable")
	_, err = values.Expand("${one:sqlstring}", nil)
	require.ErrorContains(t, err, "sqlstring")
}

// A step is no shorter than the scrape interval, and what the panel wants.
func TestStep(t *testing.T) {
	for _, c := range []struct {
		window Window
		least  string
		want   time.Duration
	}{
		{window, "", 2 * time.Second},
		{window, "1m", time.Minute},
		{Window{Start: window.Start, End: window.End, Scrape: 15 * time.Second}, "", 15 * time.Second},
	} {
		step, err := c.window.step(c.least, "")
		require.NoError(t, err)
		assert.Equal(t, c.want, step)
	}
	_, err := window.step("soon")
	require.ErrorContains(t, err, "soon")
	assert.Equal(t, "1m", Window{Scrape: 15 * time.Second}.builtin(15 * time.Second)["__rate_interval"])
}

// Overrides are laid over the defaults.
func TestField(t *testing.T) {
	d, err := Read("testdata/small.json")
	require.NoError(t, err)
	config := d.All()[0].FieldConfig
	f, err := config.Field("P50 of 0.5", "A")
	require.NoError(t, err)
	assert.Equal(t, "s", f.Unit)
	assert.Equal(t, "dash", f.Custom.LineStyle.Fill)
	assert.Equal(t, 10.0, f.Custom.FillOpacity)
	other, err := config.Field("P99", "A")
	require.NoError(t, err)
	assert.Empty(t, other.Custom.LineStyle.Fill)
	assert.Equal(t, []Threshold{{Color: "green"}, {Color: "red", Value: new(0.5)}}, other.Thresholds.Steps)
}

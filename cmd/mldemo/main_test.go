// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/baseline"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

var start0 = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func TestGenerate(t *testing.T) {
	var a, b, c bytes.Buffer
	rows, err := generate(&a, 1, start0, 20)
	require.NoError(t, err)
	_, err = generate(&b, 1, start0, 20)
	require.NoError(t, err)
	_, err = generate(&c, 2, start0, 20)
	require.NoError(t, err)
	assert.Equal(t, a.String(), b.String(), "the seed decides")
	assert.NotEqual(t, a.String(), c.String())

	records, err := csv.NewReader(&a).ReadAll()
	require.NoError(t, err)
	require.Len(t, records, rows+1)
	assert.Equal(t, demoHeader, strings.Join(records[0], ","))
	crypto := map[bool]int{}
	last := ""
	for _, r := range records[1:] {
		assert.Less(t, last, r[0], "in the order of time")
		last = r[0]
		if r[7] == "crypto" {
			crypto[r[0] >= start0.Add(shiftAfter).Format("2006-01-02T15:04")]++
		}
	}
	assert.Zero(t, crypto[false], "nothing shifts before the tenth day at noon")
	assert.Greater(t, crypto[true], 50)
	assert.True(t, strings.HasPrefix(records[1][0], "2026-11-01T00:00"), records[1][0])
	assert.True(t, strings.HasPrefix(last, "2026-11-14T23:"), last)
}

func TestGuess(t *testing.T) {
	for _, tt := range []struct {
		name, file string
		given      baseline.Options
		want       baseline.Options
	}{
		{
			"common names", "id,timestamp,x,y_pred_proba,y_pred,target\n1,2026-11-01,2,0.5,1,1\n",
			baseline.Options{},
			baseline.Options{Timestamp: "timestamp", Prediction: "y_pred", Confidence: "y_pred_proba", Exclude: []string{"target", "id"}},
		},
		{
			"any time, any case", "When,X,Prediction,Score\n2026-11-01,2,a,0.5\n",
			baseline.Options{},
			baseline.Options{Timestamp: "When", Prediction: "Prediction", Confidence: "Score"},
		},
		{"a score of 700 is no confidence", "x,prediction,score\n2,a,700\n", baseline.Options{}, baseline.Options{Prediction: "prediction"}},
		{"seconds", "ts,x\n1793527200,2\n", baseline.Options{}, baseline.Options{Timestamp: "ts"}},
		{
			"what is given stays", "timestamp,other,x,prediction\n2026-11-01,2026-11-02,2,a\n",
			baseline.Options{Timestamp: "other", Prediction: "x"},
			baseline.Options{Timestamp: "other", Prediction: "x"},
		},
		{"nothing", "a,b\n1,2\n", baseline.Options{}, baseline.Options{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			schema, err := table.Infer(t.Context(), []string{write(t, "a.csv", tt.file)}, table.Options{})
			require.NoError(t, err)
			got := tt.given
			guess(schema, &got)
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestHalve(t *testing.T) {
	var b strings.Builder
	b.WriteString("at,x\n,1\n")
	for i := range 240 { // ten days, not in order
		fmt.Fprintf(&b, "%s,%d\n", start0.Add(time.Duration((i*7)%240)*time.Hour).Format(time.RFC3339), i)
	}
	halves := func(content string) (span, error) {
		path := write(t, "a.csv", content)
		schema, err := table.Infer(t.Context(), []string{path}, table.Options{})
		require.NoError(t, err)
		return halve(t.Context(), schema, path, baseline.Options{Timestamp: "at"})
	}
	s, err := halves(b.String())
	require.NoError(t, err)
	assert.Equal(t, span{from: start0, split: start0.Add(120 * time.Hour), to: start0.Add(239 * time.Hour), rows: 240, rest: 120}, s)

	_, err = halves("at\n2026-11-01\n2026-11-01\n")
	assert.ErrorContains(t, err, "do not differ")
	_, err = halves("at\n2026-11-01\nsoon\n")
	assert.ErrorContains(t, err, `a.csv:3: column "at": "soon" is not a point in time`)
	_, err = halves("at\n2019\n2020\n")
	assert.ErrorContains(t, err, "2019 to 2020 are years")
}

func TestWindow(t *testing.T) {
	for want, s := range map[string]struct {
		days float64
		rows int
	}{
		"day": {7, 30_000}, "week": {60, 6000}, "month": {170, 4100}, "1h0m0s": {1.0 / 3, 4000}, "12m0s": {0.01, 4000},
	} {
		got := span{split: start0, to: start0.Add(time.Duration(s.days * 24 * float64(time.Hour))), rest: s.rows}.window()
		assert.Equal(t, want, got)
	}
	assert.Equal(t, "each 1h0m", each("1h0m0s"))
	assert.Equal(t, "each day", each("day"))
}

const exposition = `# HELP ml_drift_score x
ml_prediction_count_total{ml_model_name="m"} 100.0
ml_prediction_count_total{ml_model_name="m",ml_segment="country=DE"} 40.0
ml_prediction_count_total{ml_model_name="other"} 7
ml_drift_score{ml_drift_method="ks",ml_drift_reference="baseline",ml_drift_subject="feature",ml_feature_name="a \"b\\c\" {x}",ml_model_name="m"} 0.5 1793527200
ml_drift_p_value{ml_drift_method="ks",ml_drift_reference="baseline",ml_drift_subject="feature",ml_feature_name="a \"b\\c\" {x}",ml_model_name="m"} 1e-12
ml_drift_samples{ml_drift_reference="baseline",ml_drift_subject="feature",ml_feature_name="a \"b\\c\" {x}",ml_model_name="m"} 300
ml_drift_verdict{ml_drift_reference="baseline",ml_drift_subject="feature",ml_drift_verdict="drift",ml_feature_name="a \"b\\c\" {x}",ml_model_name="m"} 1
ml_drift_verdict{ml_drift_reference="baseline",ml_drift_subject="feature",ml_drift_verdict="ok",ml_feature_name="a \"b\\c\" {x}",ml_model_name="m"} 0
ml_drift_window_end_seconds{ml_drift_reference="baseline",ml_drift_subject="feature",ml_feature_name="a \"b\\c\" {x}",ml_model_name="m"} 1.7935272e+09
ml_drift_window_duration_seconds{ml_drift_reference="baseline",ml_drift_subject="feature",ml_feature_name="a \"b\\c\" {x}",ml_model_name="m"} 86400
ml_drift_score{ml_drift_method="ks",ml_drift_reference="previous",ml_drift_subject="feature",ml_feature_name="z",ml_model_name="m"} 0.9
ml_feature_value_bucket{ml_feature_name="a \"b\\c\" {x}",ml_model_name="m",le="5"} 3 # {span_id="b",trace_id="4bf92f3577b34da6a3ce929d0e0e4736"} 4.5 1.7935e+09
# EOF
`

func TestReadScrape(t *testing.T) {
	samples, err := parseExposition([]byte(exposition), openMetrics)
	require.NoError(t, err)
	require.Len(t, samples, 12)
	got := readScrape(samples, "m")
	assert.Equal(t, 100.0, got.predictions)
	assert.Equal(t, map[bool]float64{true: 1793527200}, got.ends)
	all := got.findings.sorted(nil)
	require.Len(t, all, 1)
	f := all[0]
	assert.Equal(t, key{subject: "feature", feature: `a "b\c" {x}`}, f.key)
	require.Len(t, f.windows, 1)
	assert.Equal(t, &window{
		start: time.Unix(1793527200-86400, 0).UTC(), end: time.Unix(1793527200, 0).UTC(), samples: 300,
		numbers: map[string]number{"ks": {0.5, 1e-12}}, verdict: "drift", trace: "4bf92f3577b34da6a3ce929d0e0e4736",
	}, f.windows[0])
}

func TestBrokenExpositions(t *testing.T) {
	for _, page := range []string{"broken{x=\"\n# EOF\n", "not_a_number{} x\n# EOF\n", "cut 1\n"} {
		_, err := parseExposition([]byte(page), openMetrics)
		assert.Error(t, err, page)
	}
	samples, err := parseExposition([]byte("up 1\n"), "")
	require.NoError(t, err)
	assert.Equal(t, 1.0, samples[0].value)
	_, err = parseExposition(nil, "text/html")
	require.NoError(t, err)
}

// days makes a finding with a window a day.
func days(k key, method string, scores ...string) *finding {
	f := &finding{key: k}
	for i, s := range scores {
		w := &window{
			start: start0.Add(time.Duration(i) * 24 * time.Hour), end: start0.Add(time.Duration(i+1) * 24 * time.Hour),
			samples: 4800, numbers: map[string]number{}, verdict: "ok",
		}
		var n number
		var verdict string
		if _, err := fmt.Sscan(s, &n.score, &verdict); err == nil {
			w.verdict = verdict
		}
		n.p = 1e-12
		w.numbers[method] = n
		f.windows = append(f.windows, w)
	}
	return f
}

func TestEpisode(t *testing.T) {
	k := key{subject: "feature", feature: "x"}
	e := days(k, "ks", "0.01 ok", "0.2 ok", "0.3 drift", "0.3 drift").episode()
	require.NotNil(t, e)
	assert.Equal(t, 2, e.first.start.Day(), "it began in the window before the verdict")
	assert.Equal(t, 3, e.decided.start.Day())
	assert.False(t, e.over)

	e = days(k, "ks", "0.2 drift", "0.01 ok", "0.2 insufficient", "0.2 drift", "0.2 drift", "0.01 drift", "0.01 ok").episode()
	require.NotNil(t, e)
	assert.Equal(t, 3, e.first.start.Day(), "the latest run")
	assert.Equal(t, 6, e.last.start.Day())
	assert.True(t, e.over)
	assert.Nil(t, days(k, "ks", "0.2 ok", "0.01 ok").episode())
}

func TestReport(t *testing.T) {
	alerts := map[key]alert.Alert{
		{subject: "feature", feature: "merchant"}: {TraceID: pcommon.TraceID{2}, Annotations: map[string]string{"grown": `"crypto" is 20 % of the values, was 0 %`}},
		{subject: "missing", feature: "km"}:       {TraceID: pcommon.TraceID{5}, Annotations: map[string]string{"grown": "missing in 10 % of the rows, was 2 %"}},
	}
	amount := days(key{subject: "feature", feature: "amount"}, "ks", "0.2 ok", "0.3 drift")
	amount.windows[1].trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	amount.windows[1].numbers["psi"] = number{0.41, 1e-12}
	var out bytes.Buffer
	r := &report{w: &out, alerts: alerts, width: 200, findings: []*finding{
		amount,
		days(key{subject: "feature", feature: "merchant"}, "jensen_shannon", "0.01 ok", "0.3 drift"),
		days(key{subject: "missing", feature: "amount"}, "l_infinity", "0 ok", "0 ok"),
		days(key{subject: "missing", feature: "km"}, "l_infinity", "0.08 ok", "0.08 drift"),
		days(key{subject: "confidence"}, "ks", "0.01 ok", "0.02 ok"),
	}, segments: []*finding{
		days(key{"feature", "amount", "country=DE"}, "ks", "0.01 ok", "0.3 drift"),
		days(key{"feature", "amount", "country=FR"}, "ks", "0.01 ok", "0.02 ok"),
	}}
	require.NoError(t, r.table())
	drifted, err := r.sentences()
	require.NoError(t, err)
	assert.Equal(t, 3, drifted)
	text := out.String()
	for _, want := range []string{
		`(?m)^  amount +ks +▲ 0.200 +▲ 0.300 +0.1 +< 1e-9 +4,800 +DRIFT +2026-11-01$`,
		`(?m)^  km missing +l_infinity +▲ 0.080 +▲ 0.080 +0.05 `,
		`(?m)^  the confidence +ks +0.010 +0.020 +0.1 .* ok$`,
		`In 1 feature no more values are missing than before`,
		`(?m)^  amount drifted from 2026-11-01 on: KS distance 0.30 over 0.1, p < 1e-9, n = 4,800; PSI 0.41.\n      a prediction to look at: trace 4bf92f3577b34da6a3ce929d0e0e4736$`,
		`(?m)^  merchant drifted from 2026-11-02 on: Jensen-Shannon distance 0.30 over 0.1, p < 1e-9, n = 4,800.\n      "crypto" is 20 % of the values, was 0 %\n      a prediction to look at: trace 02000`,
		`(?m)^  km is missing more often from 2026-11-01 on: .*\n      missing in 10 % of the rows, was 2 %\n      a prediction to look at: trace 05000`,
		`By cohort:\n      amount drifted in 1 of 2: country=DE\n`,
	} {
		assert.Regexp(t, want, text)
	}
	assert.NotContains(t, text, "amount missing")

	out.Reset()
	r = &report{w: &out, width: 200, findings: []*finding{days(key{subject: "feature", feature: "x"}, "ks", "0.01 ok", "0.2 ok")}}
	drifted, err = r.sentences()
	require.NoError(t, err)
	assert.Zero(t, drifted)
	assert.Contains(t, out.String(), "Nothing has drifted.\n  x stood out once, in the window from 2026-11-02: KS distance 0.200")
}

// The table fits the terminal: fewer windows, then without the details; of many findings those that
// moved most are shown.
func TestTheTableFits(t *testing.T) {
	var findings []*finding
	for i := range 300 {
		score := fmt.Sprintf("0.0%02d ok", i%50)
		if i == 250 {
			score = "0.3 drift"
		}
		findings = append(findings, days(key{subject: "feature", feature: fmt.Sprintf("feature_with_quite_a_long_name_%d", i)}, "jensen_shannon", score, score, score, score, score, score, score))
	}
	for _, width := range []int{60, 80, 120, 200} {
		var out bytes.Buffer
		r := &report{w: &out, width: width, findings: findings}
		require.NoError(t, r.table())
		assert.LessOrEqual(t, widest(out.String()), width)
		assert.Contains(t, out.String(), "24 of 300 are shown, the ones that moved")
		assert.Contains(t, out.String(), "DRIFT")
		assert.Equal(t, width == 200, strings.Contains(out.String(), "threshold  p-value"))
	}
}

func TestTooFewRows(t *testing.T) {
	var out, errs bytes.Buffer
	data := write(t, "five.csv", "a,b,prediction\n1,2,x\n2,3,x\n3,1,y\n4,1,y\n5,9,x\n")
	require.NoError(t, run(t.Context(), []string{"-data", data, "-collector", "absent", "-folder", t.TempDir()}, &out, &errs), "no collector is needed")
	assert.Contains(t, strings.Join(strings.Fields(out.String()), " "), "Too few rows to say: 2 are the baseline, 3 the rest, and a verdict wants 200 on both sides. Nothing was sent anywhere.")

	r := &report{w: &out, width: 200, findings: []*finding{days(key{subject: "feature", feature: "x"}, "ks", "0.3 insufficient")}}
	r.findings[0].windows[0].samples = 40
	_, err := r.sentences()
	require.NoError(t, err)
	assert.Contains(t, out.String(), "Too few rows to say whether anything has drifted: the largest window has 40 values")

	err = run(t.Context(), []string{"-data", write(t, "dates.csv", "a,b\n2026-01-01,2026-01-02\n2026-01-03,2026-01-04\n"), "-folder", t.TempDir()}, &out, &errs)
	assert.ErrorContains(t, err, "b: a point in time")
}

// Nothing is sent to a collector that has not said that it has ml_summary and ml_drift.
func TestIsOurs(t *testing.T) {
	for page, want := range map[string]string{
		"otelcol_process_uptime_seconds_total 5\notelcol_receiver_accepted_spans_total 7\n":       "has no ml_summary and ml_drift",
		"otelcol_ml_summary_spans_total{outcome=\"counted\"} 0\n":                                 "has no ml_summary and ml_drift",
		"otelcol_ml_summary_cells 0\notelcol_ml_drift_models{x=\"y\"} 0\notelcol_other_total 1\n": "",
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, page) }))
		err := isOurs(t.Context(), s.URL)
		if want == "" {
			assert.NoError(t, err)
		} else {
			assert.ErrorContains(t, err, want)
		}
		s.Close()
		assert.ErrorContains(t, isOurs(t.Context(), s.URL), "does not say what it is")
	}
}

func TestCardIsAccepted(t *testing.T) {
	dir := t.TempDir()
	d := &demo{
		model: "fraud: 1", profile: &profile.Profile{FormatVersion: 1, Features: []*profile.Column{profile.NewNumeric("amount", []float64{1, 2}, 0, 10)}},
		span: span{split: start0, to: start0.Add(7 * 24 * time.Hour), rest: 10_000},
	}
	require.NoError(t, d.writeCard(dir, "demo"))
	set, err := catalog.Load(dir)
	require.NoError(t, err)
	m := set.Model("", "fraud: 1")
	require.NotNil(t, m)
	assert.Equal(t, "day", m.Drift.Window.Calendar)
	assert.NotNil(t, m.Baseline)
	assert.Equal(t, []string{"country"}, m.Segments)
}

func TestErrors(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"my.csv"}, "name a file with -data"},
		{[]string{"-start", "yesterday"}, "is not a day"},
		{[]string{"-per-hour", "0"}, "-per-hour"},
		{[]string{"-data", "absent.csv"}, "absent.csv"},
		{[]string{"-collector", "absent", "-per-hour", "2"}, "run make build"},
	} {
		var out bytes.Buffer
		err := run(t.Context(), append(tt.args, "-folder", t.TempDir()), &out, &out)
		assert.ErrorContains(t, err, tt.want)
	}
}

func TestACollectorThatDoesNotStart(t *testing.T) {
	sh, err := os.Stat("/bin/sh")
	if err != nil || sh.Mode()&0o111 == 0 {
		t.Skip("needs /bin/sh")
	}
	binary := write(t, "collector", "#!/bin/sh\necho 'cannot bind' >&2\nexit 1\n")
	require.NoError(t, os.Chmod(binary, 0o700))
	_, err = start(t.Context(), binary, t.TempDir(), "day")
	assert.ErrorContains(t, err, "did not start")
	assert.ErrorContains(t, err, "cannot bind")
}

// The whole demo, with the collector that make build has made.
func TestDemo(t *testing.T) {
	binary := filepath.Join("..", "..", "bin", "otelcol-ml")
	if _, err := os.Stat(binary); err != nil {
		t.Skip("needs bin/otelcol-ml: run make build")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var out, errs bytes.Buffer
	err := run(ctx, []string{"-collector", binary, "-folder", t.TempDir(), "-start", "2026-11-01", "-per-hour", "100"}, &out, &errs)
	require.NoError(t, err, errs.String())
	text := out.String()
	for _, what := range []string{"amount drifted", "merchant drifted", "distance_km is missing more often"} {
		assert.Contains(t, text, what+" from 2026-11-10 on:", text)
	}
	assert.Regexp(t, `"crypto".* is .* was 0 %`, text)
	for _, still := range []string{"account_age_days", "transactions_24h", "country", "channel", "new_device"} {
		assert.NotContains(t, text, still+" drifted from")
	}
	assert.Contains(t, text, "a prediction to look at: trace ")
	assert.Contains(t, text, "By cohort:\n")
	assert.Regexp(t, `(?m)^  CRITICAL StageRows: .*transform`, text)
	assert.Regexp(t, `(?m)^      stage +transform$`, text)
	assert.Regexp(t, `(?m)^      trace +[0-9a-f]{32}$`, text)
	assert.Contains(t, text, "The good run of the next day has resolved it.")
	for day := 8; day <= 13; day++ {
		assert.Regexp(t, fmt.Sprintf(`(?m)^  11-%02d +\d\d\.\d %% +\d\d\.\d to \d\d\.\d +\d\d\.\d %% +\d\d\.\d to \d\d\.\d +100 %%$`, day), text)
	}
	// Whether the estimate comes before the first label, in a replay of seconds, is a matter of the machine.
	assert.Regexp(t, `From 11-1[01] on the model is right less often\. .*Labels (have confirmed|say that it is worse)`, strings.Join(strings.Fields(text), " "))
}

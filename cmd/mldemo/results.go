// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"cmp"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/internal/stats"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// The collector of the demo has the defaults of ml_drift: so many values are wanted in a window, and a p-value below significance.
var (
	minSamples   = drift.DefaultOptions().MinSamples
	significance = drift.DefaultOptions().Significance
)

// key is what a finding is about.
type key struct{ subject, feature, segment string }

// String names it as a person would.
func (k key) String() string {
	switch k.subject {
	case "feature":
		return k.feature
	case "missing":
		return k.feature + " missing"
	case "class":
		return "the predicted class"
	case "prediction":
		return "the predicted value"
	case "confidence":
		return "the confidence"
	}
	return strings.TrimSpace(k.subject + " " + k.feature)
}

// number is a statistic of a window.
type number struct{ score, p float64 }

// window is what ml_drift says of one window.
type window struct {
	start, end         time.Time
	samples, reference float64
	numbers            map[string]number
	verdict            string
	trace              string
}

// finding is all windows of one subject, by their end.
type finding struct {
	key
	windows []*window
}

// deciding are the methods that decide in ml_drift's default config; a column has one of them.
var deciding = []stats.Method{stats.KS, stats.JensenShannon, stats.LInfinity}

// decides returns the deciding method of a window and its number; ok is false where nothing was compared.
func (w *window) decides() (m stats.Method, n number, ok bool) {
	for _, m := range deciding {
		if n, ok := w.numbers[string(m)]; ok {
			return m, n, true
		}
	}
	return "", number{}, false
}

// threshold is the effect from which the subject has drifted.
func (k key) threshold(m stats.Method) float64 {
	if k.subject == "missing" {
		return drift.DefaultMissing
	}
	return m.DefaultThreshold()
}

// exceeds says that the window alone looks like drift; the verdict wants two in a row.
func (k key) exceeds(w *window) bool {
	m, n, ok := w.decides()
	return ok && n.score >= k.threshold(m) && n.p < significance && w.samples >= float64(minSamples)
}

// episode is a run of windows with the verdict drift, and what led to it.
type episode struct {
	// first is the window in which the drift began, decided the one that brought the verdict, last the last one.
	first, decided, last *window
	// over says that the verdict has changed since.
	over bool
}

// episode returns the latest one, or nil.
func (f *finding) episode() *episode {
	last := len(f.windows) - 1
	for last >= 0 && f.windows[last].verdict != "drift" {
		last--
	}
	if last < 0 {
		return nil
	}
	e := &episode{last: f.windows[last], over: last < len(f.windows)-1}
	i := last
	for i > 0 && f.windows[i-1].verdict == "drift" {
		i--
	}
	e.decided = f.windows[i]
	for i > 0 && f.exceeds(f.windows[i-1]) {
		i--
	}
	e.first = f.windows[i]
	return e
}

// strongest returns the window with the largest score of the deciding method.
func (f *finding) strongest() *window {
	var best *window
	top := -1.0
	for _, w := range f.windows {
		if _, n, ok := w.decides(); ok && n.score > top && w.samples >= float64(minSamples) {
			best, top = w, n.score
		}
	}
	return best
}

// findings collects windows.
type findings map[key]map[int64]*window

func (fs findings) window(k key, end int64) *window {
	if fs[k] == nil {
		fs[k] = map[int64]*window{}
	}
	w := fs[k][end]
	if w == nil {
		w = &window{end: time.Unix(end, 0).UTC(), numbers: map[string]number{}, verdict: "insufficient"}
		fs[k][end] = w
	}
	return w
}

// sorted returns the findings: of the total first, then by segment; features in the order given, then what else there is.
func (fs findings) sorted(features []string) []*finding {
	var out []*finding
	for k, windows := range fs {
		f := &finding{key: k}
		for _, w := range windows {
			f.windows = append(f.windows, w)
		}
		slices.SortFunc(f.windows, func(a, b *window) int { return a.end.Compare(b.end) })
		for len(f.windows) > 1 && f.windows[len(f.windows)-1].samples < float64(minSamples) { // cut off by the end of the data
			f.windows = f.windows[:len(f.windows)-1]
		}
		if slices.ContainsFunc(f.windows, func(w *window) bool { return len(w.numbers) > 0 }) {
			out = append(out, f)
		}
	}
	rank := func(f *finding) int {
		subjects := []string{"feature", "missing", "class", "prediction", "confidence"}
		return slices.Index(subjects, f.subject)*10_000 + slices.Index(features, f.feature)
	}
	slices.SortFunc(out, func(a, b *finding) int {
		return cmp.Or(cmp.Compare(a.segment, b.segment), cmp.Compare(rank(a), rank(b)), cmp.Compare(a.feature, b.feature))
	})
	return out
}

// readWindows reads what ml_drift with timestamps: event has written through the file exporter, of one model against the
// baseline.
func readWindows(path, model string) (findings, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	fs := findings{}
	in := bufio.NewReader(f)
	var decoder pmetric.JSONUnmarshaler
	for {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) { // a line without an end is still being written
			return fs, nil
		}
		if err != nil {
			return nil, err
		}
		md, err := decoder.UnmarshalMetrics(line)
		if err != nil {
			return nil, err
		}
		for _, rm := range md.ResourceMetrics().All() {
			for _, sm := range rm.ScopeMetrics().All() {
				for _, m := range sm.Metrics().All() {
					if m.Type() != pmetric.MetricTypeGauge {
						continue
					}
					for _, p := range m.Gauge().DataPoints().All() {
						fs.point(m.Name(), model, p)
					}
				}
			}
		}
	}
}

func (fs findings) point(name, model string, p pmetric.NumberDataPoint) {
	get := func(key string) string {
		v, ok := p.Attributes().Get(key)
		if !ok {
			return ""
		}
		return v.AsString()
	}
	if get(mlconv.AttrModelName) != model || get(mlconv.AttrDriftReference) != "baseline" {
		return
	}
	value := p.DoubleValue()
	if p.ValueType() == pmetric.NumberDataPointValueTypeInt {
		value = float64(p.IntValue())
	}
	w := fs.window(key{get(mlconv.AttrDriftSubject), get(mlconv.AttrFeatureName), get(mlconv.AttrSegment)}, p.Timestamp().AsTime().Unix())
	w.start = p.StartTimestamp().AsTime()
	w.set(name, get(mlconv.AttrDriftMethod), get(mlconv.AttrDriftVerdict), value)
	if name == mlconv.MetricDriftScore && p.Exemplars().Len() > 0 {
		if id := p.Exemplars().At(0).TraceID(); !id.IsEmpty() {
			w.trace = id.String()
		}
	}
}

func (w *window) set(name, method, verdict string, value float64) {
	n := w.numbers[method]
	switch name {
	case mlconv.MetricDriftScore:
		n.score = value
		w.numbers[method] = n
	case mlconv.MetricDriftPValue:
		n.p = value
		w.numbers[method] = n
	case mlconv.MetricDriftSamples:
		w.samples = value
	case mlconv.MetricDriftReferenceSamples:
		w.reference = value
	case mlconv.MetricDriftVerdict:
		if value == 1 {
			w.verdict = verdict
		}
	}
}

// prometheusNames are the metrics by their names in Prometheus.
var prometheusNames = map[string]string{
	"ml_drift_score":             mlconv.MetricDriftScore,
	"ml_drift_p_value":           mlconv.MetricDriftPValue,
	"ml_drift_samples":           mlconv.MetricDriftSamples,
	"ml_drift_reference_samples": mlconv.MetricDriftReferenceSamples,
	"ml_drift_verdict":           mlconv.MetricDriftVerdict,
}

// scraped is what a scrape says of a model.
type scraped struct {
	findings findings
	// predictions is how many have been counted.
	predictions float64
	// ends are the newest ends of windows: of features, and of the rest.
	ends map[bool]float64
}

// readScrape takes what concerns the model and its baseline.
func readScrape(samples []sample, model string) scraped {
	out := scraped{findings: findings{}, ends: map[bool]float64{}}
	ends := map[key]float64{}
	durations := map[key]float64{}
	of := func(s sample) (key, bool) {
		ok := s.labels["ml_model_name"] == model && s.labels["ml_drift_reference"] == "baseline"
		return key{s.labels["ml_drift_subject"], s.labels["ml_feature_name"], s.labels["ml_segment"]}, ok
	}
	for _, s := range samples {
		if s.name == "ml_prediction_count_total" && s.labels["ml_model_name"] == model && s.labels["ml_segment"] == "" {
			out.predictions += s.value
		}
		k, ok := of(s)
		switch {
		case !ok:
		case s.name == "ml_drift_window_end_seconds":
			ends[k] = s.value
			feature := k.feature != ""
			out.ends[feature] = max(out.ends[feature], s.value)
		case s.name == "ml_drift_window_duration_seconds":
			durations[k] = s.value
		}
	}
	for _, s := range samples {
		k, ok := of(s)
		name := prometheusNames[s.name]
		if !ok || name == "" {
			continue
		}
		w := out.findings.window(k, int64(ends[k]))
		w.start = w.end.Add(-time.Duration(durations[k]) * time.Second)
		w.set(name, s.labels["ml_drift_method"], s.labels["ml_drift_verdict"], s.value)
	}
	subjects := map[string]string{
		"ml_feature_value_bucket": "feature", "ml_prediction_confidence_bucket": "confidence", "ml_prediction_value_bucket": "prediction",
	}
	for _, s := range samples { // an exemplar of the highest group that has one
		subject := subjects[s.name]
		if subject == "" || s.labels["ml_model_name"] != model || s.exemplar["trace_id"] == "" {
			continue
		}
		for _, w := range out.findings[key{subject, s.labels["ml_feature_name"], s.labels["ml_segment"]}] {
			w.trace = s.exemplar["trace_id"]
		}
	}
	return out
}

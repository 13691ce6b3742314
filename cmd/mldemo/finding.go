// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/internal/stats"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// The collector of the demo has the defaults of ml_drift: so many values are wanted in a window,
// and a p-value below significance.
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

// decides returns the deciding method of a window and its number; ok is false where nothing was
// compared.
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
	// first is the window in which the drift began, decided the one that brought the verdict, last
	// the last one.
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

// sorted returns the findings: of the total first, then by segment; features in the order given,
// then what else there is.
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

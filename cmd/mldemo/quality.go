// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// shownMeasure is the measure that is shown: whether the score is above a half is a question of right
// or wrong answers.
const shownMeasure = evaluation.MeasureAccuracy

// quality is how good the answers of a model were, window by window.
type quality struct {
	windows map[int64]*judged // by end
	counts  map[string]float64
}

// judged is a window: what was estimated from scores, and what labels say.
type judged struct {
	start, end          time.Time
	estimated, measured evaluation.Interval
	// coverage is the share of the predictions that have a label, early that when the window ended.
	coverage, early float64
}

// labelled is the number of predictions that have met a label.
func (q *quality) labelled() (n float64) {
	for _, v := range q.counts {
		n += v
	}
	return n
}

// sorted returns the windows, oldest first.
func (q *quality) sorted() []*judged {
	return slices.SortedFunc(maps.Values(q.windows), func(a, b *judged) int { return a.end.Compare(b.end) })
}

// waitForQuality reads the measures when all labels are in them; nil where none were sent.
func (d *demo) waitForQuality(ctx context.Context, c *collector, labels int) (q *quality, err error) {
	if labels == 0 {
		return nil, nil //nolint:nilnil // there is nothing to show, and nothing wrong
	}
	err = poll(ctx, time.Minute, 200*time.Millisecond, func() (bool, error) {
		q, err = readQuality(c.quality, d.model)
		return err == nil && q.labelled() >= float64(labels), err
	})
	if errors.Is(err, errTime) {
		return nil, fmt.Errorf("the collector has measured %s of %s", console.Count(int(q.labelled())), console.Plural(labels, "label"))
	}
	return q, err
}

// readQuality reads what ml_evaluation with timestamps: event has written through the file exporter,
// of the whole of one model. A window is there more than once: the later one has more labels.
func readQuality(path, model string) (*quality, error) {
	q := &quality{windows: map[int64]*judged{}, counts: map[string]float64{}}
	var decoder pmetric.JSONUnmarshaler
	err := eachLine(path, func(line []byte) error {
		md, err := decoder.UnmarshalMetrics(line)
		if err != nil {
			return err
		}
		for _, rm := range md.ResourceMetrics().All() {
			for _, sm := range rm.ScopeMetrics().All() {
				for _, m := range sm.Metrics().All() {
					q.add(m, model)
				}
			}
		}
		return nil
	})
	return q, err
}

func (q *quality) add(m pmetric.Metric, model string) {
	var points pmetric.NumberDataPointSlice
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		points = m.Gauge().DataPoints()
	case pmetric.MetricTypeSum:
		points = m.Sum().DataPoints()
	default:
		return
	}
	for _, p := range points.All() {
		text := func(key string) string { return textOf(p, key) }
		if text(mlconv.AttrModelName) != model || text(mlconv.AttrSegment) != "" {
			continue
		}
		switch m.Name() {
		case mlconv.MetricEvaluationCount:
			q.counts[text(mlconv.AttrEvaluationPredicted)+"\x00"+text(mlconv.AttrEvaluationActual)] = numberOf(p)
		case mlconv.MetricEvaluationCoverage:
			w := q.window(p)
			if w.coverage = p.DoubleValue(); math.IsNaN(w.early) {
				w.early = w.coverage
			}
		case mlconv.MetricEvaluationScore:
			if text(mlconv.AttrEvaluationMeasure) == string(shownMeasure) {
				q.window(p).score(text(mlconv.AttrEvaluationKind), text(mlconv.AttrEvaluationBound), p.DoubleValue())
			}
		}
	}
}

func (q *quality) window(p pmetric.NumberDataPoint) *judged {
	end := int64(p.Timestamp())
	w := q.windows[end]
	if w == nil {
		none := evaluation.Interval{Point: math.NaN()}
		w = &judged{start: p.StartTimestamp().AsTime(), end: p.Timestamp().AsTime(), estimated: none, measured: none, early: math.NaN()}
		q.windows[end] = w
	}
	return w
}

func (w *judged) score(kind, bound string, v float64) {
	of := &w.measured
	if kind == "estimated" {
		of = &w.estimated
	}
	switch bound {
	case "point":
		of.Point = v
	case "lower":
		of.Lower = v
	case "upper":
		of.Upper = v
	}
}

// print prints the windows, and what they say.
func (q *quality) print(out io.Writer, width int) error {
	windows := q.sorted()
	layout := "01-02"
	if len(windows) > 0 && windows[0].end.Sub(windows[0].start) < 20*time.Hour {
		layout = "01-02 15:04"
	}
	if len(windows) > maxShown {
		windows = windows[len(windows)-maxShown:]
	}
	table := console.NewTable("right answers|", "estimated", "between|", "measured", "between|", "labels")
	for _, w := range windows {
		point, between := shares(w.estimated)
		measured, truth := shares(w.measured)
		table.Row(w.start.Format(layout), point, between, measured, truth, console.Percent(w.coverage))
	}
	if err := table.Write(out, "  "); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\n%s\n", console.Wrap(say(windows, layout), width, "  ", "  "))
	return err
}

func shares(i evaluation.Interval) (point, between string) {
	if !i.Defined() {
		return "-", ""
	}
	return fmt.Sprintf("%.1f %%", 100*i.Point), fmt.Sprintf("%.1f to %.1f", 100*i.Lower, 100*i.Upper)
}

// say says since when answers are wrong more often: the first window of which all of the interval
// lies below that of a window before.
func say(windows []*judged, layout string) string {
	estimated := firstDrop(windows, func(w *judged) evaluation.Interval { return w.estimated })
	measured := firstDrop(windows, func(w *judged) evaluation.Interval { return w.measured })
	switch {
	case estimated == nil && measured == nil:
		return "No window is below one before it for sure."
	case estimated == nil:
		return fmt.Sprintf("From %s on the model is right less often, say labels; its scores do not show it.", measured.start.Format(layout))
	case measured == nil:
		return fmt.Sprintf("From %s on the model is right less often, as its scores have it; labels do not say so, or have not come yet.", estimated.start.Format(layout))
	}
	text := fmt.Sprintf("From %s on the model is right less often.", estimated.start.Format(layout))
	if !(estimated.early > 0) {
		text += " Its scores have shown that when the window ended, before there was a label of it."
	}
	if w := measured; w.measured.Upper < w.estimated.Lower {
		text += " Labels say that it is worse than that: an estimate does not know of what the model does not know."
	} else {
		text += " Labels have confirmed it."
	}
	return text
}

// firstDrop returns the first window whose interval lies below that of a window before it, and nil
// where there is none.
func firstDrop(windows []*judged, of func(*judged) evaluation.Interval) *judged {
	best := math.Inf(-1)
	for _, w := range windows {
		i := of(w)
		if !i.Defined() {
			continue
		}
		if i.Upper < best {
			return w
		}
		best = max(best, i.Lower)
	}
	return nil
}

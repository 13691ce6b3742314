// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"maps"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/words"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

// metricFault finds what is wrong with the metrics of a stage: first those that are not numbers,
// which is a fault without any card, then those beyond their bounds, then, if over, those with a
// bound that were not reported. waits says that one of the latter may still come.
func (v *view) metricFault(s *stage, deadlinePassed bool) (f *Fault, waits bool) {
	if s.outcome(true) != run.Success {
		return nil, false
	}
	fault := v.dataFault(StageMetric, s, map[string]string{})
	var texts []string
	report := func(metric, text string, annotations map[string]string) {
		if len(texts) == 0 {
			fault.Annotations["metric"] = metric
			maps.Copy(fault.Annotations, annotations)
		}
		texts = append(texts, text)
	}
	for _, m := range s.metrics {
		if !words.Finite(m.Value) {
			report(m.Name, m.Name+" of "+s.name+" is "+words.Number(m.Value, 4), map[string]string{"value": words.Number(m.Value, 4)})
		}
	}
	if s.card != nil {
		names := slices.Sorted(maps.Keys(s.card.Metrics))
		for _, name := range names {
			if i, found := slices.BinarySearchFunc(s.metrics, name, compareName); found && words.Finite(s.metrics[i].Value) {
				v.outOfBounds(s, name, s.metrics[i].Value, s.card.Metrics[name], report)
			}
		}
		for _, name := range names {
			if _, found := slices.BinarySearchFunc(s.metrics, name, compareName); found || s.dropped || !bounded(s.card.Metrics[name]) {
				continue
			}
			if !deadlinePassed {
				waits = true
				continue
			}
			report(name, s.name+" did not report "+name+", which its card bounds", nil)
		}
	}
	if len(texts) == 0 {
		return nil, waits
	}
	more := ""
	if len(texts) > words.MaxListed {
		more = "; and " + humanize.Comma(int64(len(texts)-words.MaxListed)) + " more"
		texts = texts[:words.MaxListed]
	}
	fault.Summary = v.title() + ": " + strings.Join(texts, "; ") + more + "."
	return &fault, waits
}

func bounded(b catalog.StageMetric) bool { return b.Min != nil || b.Max != nil || b.MaxDrop != nil }

// outOfBounds reports the first bound that a value is beyond.
func (v *view) outOfBounds(s *stage, name string, value float64, b catalog.StageMetric, report func(string, string, map[string]string)) {
	subject := name + " of " + s.name
	switch {
	case b.Min != nil && value < *b.Min:
		x, bound := words.Pair(value, *b.Min)
		report(name, subject+" is "+x+", below its minimum of "+bound, map[string]string{"value": words.Exact(value), "min": words.Exact(*b.Min)})
		return
	case b.Max != nil && value > *b.Max:
		x, bound := words.Pair(value, *b.Max)
		report(name, subject+" is "+x+", above its maximum of "+bound, map[string]string{"value": words.Exact(value), "max": words.Exact(*b.Max)})
		return
	case b.MaxDrop == nil:
		return
	}
	last := v.history.latest(s.name)
	if last == nil {
		return
	}
	before, ok := last.metrics.get(name)
	if !ok || before-value <= *b.MaxDrop+tolerance {
		return
	}
	x, y := words.Pair(value, before)
	drop, bound := words.Pair(before-value, *b.MaxDrop)
	report(name, subject+" fell by "+drop+" from "+y+" in the last good run to "+x+", more than the "+bound+" that are allowed", map[string]string{
		"value": words.Exact(value), "value_before": words.Exact(before), "max_drop": words.Exact(*b.MaxDrop),
	})
}

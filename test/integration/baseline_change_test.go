// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/test/internal/traffic"
)

const changeRows = 300 // an hour

// changed are an hour's spans whose attributes are changed.
func changed(hour int, change func(pcommon.Map)) []ptrace.Traces {
	requests := traffic.Spans(uint64(hour+50), start0.Add(time.Duration(hour)*time.Hour), 12*time.Second, changeRows, 0)
	for _, r := range requests {
		for _, span := range r.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
			change(span.Attributes())
		}
	}
	return requests
}

// writeCard writes the card and the baseline of rows that are changed as the traffic is. The card
// is there in one step.
func writeCard(t *testing.T, dir string, rows int, change func(pcommon.Map), leaveOut ...string) {
	t.Helper()
	numbers, words := map[string][]float64{}, map[string]map[string]uint64{}
	for i := range rows / changeRows {
		for _, r := range changed(1000+i, change) {
			for _, span := range r.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
				for k, v := range span.Attributes().All() {
					if v.Type() == pcommon.ValueTypeDouble {
						numbers[k] = append(numbers[k], v.Double())
						continue
					}
					if words[k] == nil {
						words[k] = map[string]uint64{}
					}
					words[k][v.Str()]++
				}
			}
		}
	}
	column := func(key, name string) *profile.Column {
		if counts, ok := words[key]; ok {
			return profile.NewCategorical(name, counts, 0, 100)
		}
		return profile.NewNumeric(name, numbers[key], 0, 240)
	}
	p := &profile.Profile{FormatVersion: profile.FormatVersion, Name: "reference", Rows: uint64(rows)}
	keys := slices.Sorted(maps.Keys(words))
	keys = append(keys, slices.Sorted(maps.Keys(numbers))...)
	for _, key := range keys {
		if name, ok := strings.CutPrefix(key, "ml.feature."); ok && !slices.Contains(leaveOut, name) {
			p.Features = append(p.Features, column(key, name))
		}
	}
	p.Prediction = column("ml.prediction.class", "class")
	p.Confidence = column("ml.prediction.confidence", "confidence")
	var b bytes.Buffer
	require.NoError(t, p.Write(&b))
	name := fmt.Sprintf("baseline-%d.json", rows)
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o600))
	card := filepath.Join(dir, "card.tmp")
	require.NoError(t, os.WriteFile(card, []byte("kind: model\nname: fraud\nbaseline: "+name+"\n"), 0o600))
	require.NoError(t, os.Rename(card, filepath.Join(dir, "fraud.yaml")))
}

// A baseline that arrives or changes while data flow, or while the collector is down, is the one
// that everything is compared with from then on: classes and categories, too, whatever the features
// and their types are now.
func TestBaselineChangesWhileDataFlow(t *testing.T) {
	asIs := func(pcommon.Map) {}
	tests := map[string]struct {
		first    func(pcommon.Map) // nil for no card
		second   func(pcommon.Map)
		leaveOut []string
		features []string
	}{
		"card after traffic": {nil, asIs, nil, []string{"age", "amount", "country"}},
		"other categories": {asIs, func(m pcommon.Map) {
			for _, key := range []string{"ml.feature.country", "ml.prediction.class"} {
				v, _ := m.Get(key)
				m.PutStr(key, "new "+v.Str())
			}
		}, nil, []string{"age", "amount", "country"}},
		"other types": {asIs, func(m pcommon.Map) {
			v, _ := m.Get("ml.feature.country")
			m.PutDouble("ml.feature.country", float64(v.Str()[0])+0.25)
			v, _ = m.Get("ml.feature.amount")
			m.PutStr("ml.feature.amount", map[bool]string{true: "high", false: "low"}[v.Double() > 0])
		}, nil, []string{"age", "amount", "country"}},
		"fewer features": {asIs, asIs, []string{"amount", "country"}, []string{"age"}},
		"more features": {asIs, func(m pcommon.Map) {
			v, _ := m.Get("ml.feature.age")
			m.PutDouble("ml.feature.years", v.Double())
			m.PutStr("ml.feature.city", "city "+map[bool]string{true: "a", false: "b"}[v.Double() > 40])
		}, nil, []string{"age", "amount", "city", "country", "years"}},
	}
	for name, test := range tests {
		for _, restart := range []string{"never", "before", "while down"} {
			t.Run(name+"/restart "+restart, func(t *testing.T) {
				catalog, out := t.TempDir(), filepath.Join(t.TempDir(), "metrics.json")
				env := []string{"OUT=" + out, "CATALOG=" + catalog, "STATE=" + t.TempDir()}
				change := asIs
				if test.first != nil {
					writeCard(t, catalog, 3000, test.first)
					change = test.first
				}
				c := start(t, driftWithStorage, env...)
				otlp := dial(t, c.otlp)
				hour := 0
				send := func() {
					otlp.send(changed(hour, change)...)
					hour++
				}
				send()
				send()
				processtest.WaitFor(t, 30*time.Second, "the first window", func() bool { return len(points(t, out)) > 0 })
				again := func() {
					c.Stop()
					c = start(t, driftWithStorage, env...)
					otlp = dial(t, c.otlp)
				}
				switch restart {
				case "before":
					again()
					writeCard(t, catalog, 6000, test.second, test.leaveOut...)
				case "while down":
					c.Stop()
					writeCard(t, catalog, 6000, test.second, test.leaveOut...)
					c = start(t, driftWithStorage, env...)
					otlp = dial(t, c.otlp)
				default:
					writeCard(t, catalog, 6000, test.second, test.leaveOut...)
				}
				change = test.second
				var missing []string
				processtest.WaitFor(t, 60*time.Second, "windows compared with the new baseline", func() bool {
					send()
					missing = uncompared(t, out, test.features)
					return len(missing) == 0 || hour > 200
				})
				c.Stop()
				require.Empty(t, uncompared(t, out, test.features), "after %d hours", hour)
			})
		}
	}
}

// uncompared are the subjects whose newest window was not compared with the new baseline, without
// drift.
func uncompared(t *testing.T, out string, features []string) (left []string) {
	t.Helper()
	newest := func(all map[string][]point, metric string, parts ...string) float64 {
		for key, series := range all {
			ok := strings.HasPrefix(key, metric+"{")
			for _, part := range parts {
				ok = ok && (strings.Contains(key, part+",") || strings.Contains(key, part+"}"))
			}
			if ok {
				return series[len(series)-1].value
			}
		}
		return -1
	}
	all := points(t, out)
	subjects := [][]string{{"ml.drift.subject=class"}, {"ml.drift.subject=confidence"}}
	for _, f := range features {
		subjects = append(subjects, []string{"ml.drift.subject=feature", "ml.feature.name=" + f})
	}
	for _, s := range subjects {
		reference := newest(all, "ml.drift.reference.samples", s...)
		detected := newest(all, "ml.drift.detected", s...)
		if reference != 6000 || detected != 0 {
			left = append(left, fmt.Sprint(s, reference, detected))
		}
	}
	return left
}

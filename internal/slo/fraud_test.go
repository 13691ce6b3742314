// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package slo

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const fraudCard = `
kind: model
name: fraud
environment: production
positive_class: fraud
alerts: {severity: critical, runbook: https://example.com/runbooks/fraud}
slos:
  - {name: false-positives, measure: false_positive_rate, max_increase: {absolute: 0.005}, compared_with: 7d, for: 15m}
`

// labelled are the labels of a minute that have come in: true negatives and false positives of
// one segment, which are part of the total.
type labelled struct {
	w       *world
	random  *rand.Rand
	counted map[string]float64
}

func newLabelled(w *world) *labelled {
	return &labelled{w: w, random: rand.New(rand.NewPCG(1, 2)), counted: map[string]float64{}}
}

func cell(segment, predicted, actual string) string {
	if segment != "" {
		segment = `,ml_segment="` + segment + `"`
	}
	return fmt.Sprintf(`ml_evaluation_count{deployment_environment_name="production",ml_model_name="fraud",ml_model_version="7",ml_model_role="primary"%s,ml_evaluation_predicted=%q,ml_evaluation_actual=%q}`,
		segment, predicted, actual)
}

// minute adds n answers of a segment that should have been negative, of which some were not.
func (l *labelled) minute(segment string, n int, fpr float64) {
	wrong := 0
	for range n {
		if l.random.Float64() < fpr {
			wrong++
		}
	}
	for _, s := range []string{segment, ""} {
		l.counted[cell(s, "fraud", "ok")] += float64(wrong)
		l.counted[cell(s, "ok", "ok")] += float64(n - wrong)
		l.counted[cell(s, "fraud", "fraud")] += float64(n) / 50
		l.counted[cell(s, "ok", "fraud")] += float64(n) / 200
	}
}

const week = 7 * 24 * time.Hour

// TestFraud is the scenario of the issue: a false positive rate that rises from 2 % to 5 % in one
// segment.
func TestFraud(t *testing.T) {
	slos, err := FromCards(cards(t, fraudCard))
	require.NoError(t, err)
	groups := generated(t, slos)
	// Rules have been there for longer than a week; what they record begins before the reference.
	const onset = week + 4*time.Hour
	for name, c := range map[string]struct {
		perMinute int // of BR; DE has as many
		fpr       func(since time.Duration) float64
		fires     bool
	}{
		"three points at 300 a minute": {300, func(s time.Duration) float64 {
			if s > 0 {
				return 0.05
			}
			return 0.02
		}, true},
		"one bad minute": {300, func(s time.Duration) float64 {
			if s == time.Minute {
				return 1
			}
			return 0.02
		}, false},
		"ten bad minutes": {300, func(s time.Duration) float64 {
			if s > 0 && s <= 10*time.Minute {
				return 0.2
			}
			return 0.02
		}, false},
		"healthy at 20 a minute": {20, func(time.Duration) float64 { return 0.02 }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, groups)
			l := newLabelled(w)
			// Nothing is written between what is compared with and the last hour before.
			record := func(at time.Duration) bool {
				return at > 2*time.Hour+30*time.Minute && at < 6*time.Hour || at > onset-time.Hour
			}
			fired := map[string]time.Duration{}
			for ; w.now.Sub(began) <= onset+time.Hour; w.now = w.now.Add(time.Minute) {
				at := w.now.Sub(began)
				if !record(at) {
					continue
				}
				l.minute("country=BR", c.perMinute, c.fpr(at-onset))
				l.minute("country=DE", c.perMinute, 0.02)
				w.set(l.counted)
				w.eval()
				for _, a := range w.alerts() {
					if a.Labels.Get("alertname") != "SLOBreach" {
						continue
					}
					segment := a.Labels.Get("ml_segment")
					if _, ok := fired[segment]; !ok {
						fired[segment] = at - onset
						t.Logf("after %s in %q: %s", at-onset, segment, a.Annotations)
					}
				}
			}
			if !c.fires {
				assert.Empty(t, fired)
				return
			}
			require.Contains(t, fired, "country=BR")
			assert.GreaterOrEqual(t, fired["country=BR"], 15*time.Minute)
			assert.LessOrEqual(t, fired["country=BR"], 18*time.Minute)
			assert.NotContains(t, fired, "country=DE")
		})
	}
}

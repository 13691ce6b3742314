// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package slo

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const latencyCard = `
kind: model
name: fraud
slos:
  - {name: latency, objective: 0.999, latency_below: 100ms}
`

// predictions counts a minute of predictions, of which a share is slow.
func predictions(w *world, n, slow float64) {
	w.count(map[string]float64{
		`ml_prediction_duration_seconds_bucket{ml_model_name="fraud",ml_model_role="primary",service_name="a",le="0.1"}`:  n * (1 - slow),
		`ml_prediction_duration_seconds_bucket{ml_model_name="fraud",ml_model_role="primary",service_name="a",le="+Inf"}`: n,
		`ml_prediction_duration_seconds_count{ml_model_name="fraud",ml_model_role="primary",service_name="a"}`:            n,
		`ml_prediction_duration_seconds_bucket{ml_model_name="fraud",ml_model_role="shadow",le="0.1"}`:                    0,
		`ml_prediction_duration_seconds_count{ml_model_name="fraud",ml_model_role="shadow"}`:                              n,
	})
}

// TestWorkbook burns the budget of 99.9 % below 100 ms at constant rates. The table of the SRE
// workbook (chapter 5, "Multiwindow, Multi-Burn-Rate Alerts") has the factors 14.4, 6, 3 and 1 for
// the windows 1h, 6h, 1d and 3d; its formula has the time until an alert is due: factor / burn rate
// of the long window.
func TestWorkbook(t *testing.T) {
	slos, err := FromCards(cards(t, latencyCard))
	require.NoError(t, err)
	groups := generated(t, slos)
	const day = 24 * time.Hour
	for _, c := range []struct {
		burn         float64
		page, ticket time.Duration // 0 for never in three days
	}{
		{burn: 1000, page: time.Hour * 144 / 10000, ticket: day * 3 / 1000},
		{burn: 100, page: time.Hour * 144 / 1000, ticket: day * 3 / 100},
		{burn: 20, page: time.Hour * 144 / 200, ticket: day * 3 / 20},
		{burn: 10, page: 6 * time.Hour * 6 / 10, ticket: day * 3 / 10},
		{burn: 4, ticket: day * 3 / 4},
		{burn: 2, ticket: 3 * day / 2},
		{burn: 0.9},
	} {
		t.Run(fmt.Sprint(c.burn), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, groups)
			onset := began.Add(3*day + 2*time.Hour)
			due := map[string]time.Duration{"SLOErrorBudgetBurn page": c.page, "SLOErrorBudgetBurn ticket": c.ticket}
			fired := map[string]time.Duration{}
			for ; w.now.Before(onset.Add(3 * day)); w.now = w.now.Add(time.Minute) {
				slow := 0.0
				if w.now.After(onset) {
					slow = c.burn / 1000
				}
				predictions(w, 600, slow)
				since := w.now.Sub(onset)
				look := since > 0 && since%(6*time.Hour) == 0
				for _, at := range due {
					look = look || at > 0 && since >= at-4*time.Minute && since <= at+4*time.Minute
				}
				if !look {
					continue
				}
				w.eval()
				for _, name := range w.firing("slo_alert") {
					if _, ok := fired[name]; !ok && strings.HasPrefix(name, "SLOErrorBudgetBurn") {
						fired[name] = since
					}
				}
				if len(fired) == 2 || len(fired) == 1 && c.page == 0 {
					break // the page is never due after the ticket
				}
			}
			for name, at := range due {
				if at == 0 {
					assert.NotContains(t, fired, name)
					continue
				}
				require.Contains(t, fired, name)
				assert.InDelta(t, at.Minutes(), fired[name].Minutes(), 2, "%s: minutes since the burn began", name)
				t.Logf("burn rate %g: %s after %s, by the table %s", c.burn, name, fired[name], at)
			}
		})
	}
}

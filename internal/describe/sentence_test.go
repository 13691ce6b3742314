// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package describe

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-ml/otelcol-ml/internal/change"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
)

func TestSummaries(t *testing.T) {
	key := func(change func(*drift.Key)) drift.Key {
		k := drift.Key{Model: "fraud", Version: "7", Subject: drift.Feature, Name: "amount"}
		if change != nil {
			change(&k)
		}
		return k
	}
	ks := []drift.Score{{Method: "ks", Score: 0.2213, Effect: 0.2213, Threshold: 0.1}}
	for want, r := range map[string]drift.Result{
		"model fraud 7: amount drifts (KS 0.221 over 0.1, n = 4,790): 1.2k–5k is 18 % of the values, was 6 %": {
			Key: key(nil), Reference: "baseline", Samples: 4790, Scores: ks,
			Growth: &drift.Growth{Low: 1200, High: 5000, Before: 0.06, Now: 0.181},
		},
		`model fraud 7 (shadow, production), country=DE: amount drifts from the champion (KS 0.221 over 0.1, n = 4,790): above 5k is 18 % of the values, 0.25 % of the champion's`: {
			Key:       key(func(k *drift.Key) { k.Role, k.Environment, k.Segment = "shadow", "production", "country=DE" }),
			Reference: "champion", Samples: 4790, Scores: ks,
			Growth: &drift.Growth{Low: 5000, High: math.Inf(1), Before: 0.0025, Now: 0.181},
		},
		`model fraud 7: country drifts (Jensen-Shannon 0.13 over 0.1, n = 1,000,000): "PL", which the baseline does not list, is 9 % of the values, was 0 %`: {
			Key: key(func(k *drift.Key) { k.Name = "country" }), Reference: "baseline", Samples: 1e6,
			Scores: []drift.Score{{Method: "jensen_shannon", Effect: 0.13, Threshold: 0.1}},
			Growth: &drift.Growth{Kind: drift.Unlisted, Category: "PL", Now: 0.09},
		},
		`model fraud 7: country drifts from the window before (Cramér's V 0.3 over 0.1, n = 200): what the window before does not list is 9 % of the values, was 1 % in the window before`: {
			Key: key(func(k *drift.Key) { k.Name = "country" }), Reference: "previous", Samples: 200,
			Scores: []drift.Score{{Method: "chi2", Score: 18, Effect: 0.3, Threshold: 0.1}},
			Growth: &drift.Growth{Kind: drift.Others, Before: 0.01, Now: 0.09},
		},
		`model fraud 7: the predicted class drifts (PSI 0.5 over 0.1, n = 200): "fraud" is 40 % of the predictions, was 10 %`: {
			Key: key(func(k *drift.Key) { k.Subject, k.Name = drift.Class, "" }), Reference: "baseline", Samples: 200,
			Scores: []drift.Score{{Method: "psi", Effect: 0.5, Threshold: 0.1}},
			Growth: &drift.Growth{Kind: drift.Category, Category: "fraud", Before: 0.1, Now: 0.4},
		},
		`model fraud 7: the confidence drifts (KS 0.221 over 0.1, n = 200): up to 0.571 is 44 % of the values, was 10 %`: {
			Key: key(func(k *drift.Key) { k.Subject, k.Name = drift.Confidence, "" }), Reference: "baseline", Samples: 200, Scores: ks,
			Growth: &drift.Growth{Low: math.Inf(-1), High: 0.5712, Before: 0.1, Now: 0.44},
		},
		"model fraud 7: amount is missing in 20 % of the rows, was 2 % (difference 0.18 over 0.05, n = 1,800)": {
			Key: key(func(k *drift.Key) { k.Subject = drift.Missing }), Reference: "baseline", Samples: 1800,
			Scores: []drift.Score{{Method: "l_infinity", Effect: 0.18, Threshold: 0.05}},
			Growth: &drift.Growth{Kind: drift.Absent, Before: 0.02, Now: 0.2},
		},
	} {
		assert.Equal(t, want, Summary(&r))
	}
}

// A drift says what kind of change it is and where it is found; what a category says already is not
// said twice.
func TestCauses(t *testing.T) {
	result := func(change change.Change, growth *drift.Growth, parts ...drift.Part) drift.Result {
		return drift.Result{
			Key: drift.Key{Model: "fraud", Subject: drift.Feature, Name: "amount"}, Reference: "baseline", Samples: 4790, Since: 1795316400,
			Change: change, Growth: growth, Parts: parts,
		}
	}
	numbers := &drift.Growth{Low: 1200, High: 5000, Before: 0.06, Now: 0.181}
	const who = "model fraud: amount drifts (n = 4,790): "
	for want, r := range map[string]drift.Result{
		who + "shift: mean 1 → 2 (+1 sd); 1.2k–5k is 18 % of the values, was 6 %": result(change.Change{Kind: change.Shift, Text: "shift: mean 1 → 2 (+1 sd)"}, numbers),
		who + "shift: mean 1 → 2 (+1 sd); 1.2k–5k is 18 % of the values, was 6 %; 72 % of it is found in country=BR (20 % of the rows)": result(
			change.Change{Kind: change.Shift, Text: "shift: mean 1 → 2 (+1 sd)"}, numbers, drift.Part{Segment: "country=BR", Share: 0.72, Rows: 0.2}),
		who + `"PL", which the baseline does not list, is 9 % of the values, was 0 %; 72 % of it comes from country=BR (20 % of the rows; 102 % as it has changed, -30 % as it has more or fewer of them)`: result(
			change.Change{Kind: change.NewCategory, Text: `new category: "PL" is 9 %, was 0 %`}, &drift.Growth{Kind: drift.Unlisted, Category: "PL", Now: 0.09},
			drift.Part{Segment: "country=BR", Share: 0.72, Rows: 0.2, Split: true, Within: 1.02, Mix: -0.3}),
		who + `category has vanished: "US" is 0 %, was 20 %`: result(
			change.Change{Kind: change.VanishedCategory, Text: `category has vanished: "US" is 0 %, was 20 %`}, &drift.Growth{Kind: drift.Category, Category: "DE", Before: 0.4, Now: 0.5}),
		who + "shift: mean 1 → 2 (+1 sd)": result(change.Change{Kind: change.Shift, Text: "shift: mean 1 → 2 (+1 sd)"}, nil),
	} {
		assert.Equal(t, want, Summary(&r))
	}
	missing := result(change.Missing(0.02, 0.2), &drift.Growth{Kind: drift.Absent, Before: 0.02, Now: 0.2}, drift.Part{Segment: "country=BR", Share: 1, Rows: 0.2})
	missing.Key.Subject = drift.Missing
	assert.Equal(t, "model fraud: amount is missing in 20 % of the rows, was 2 % (n = 4,790): 100 % of it is found in country=BR (20 % of the rows)", Summary(&missing))
	got := Annotations(&missing)
	assert.Equal(t, "missing_rose", got["kind"])
	assert.Equal(t, "missing values rose: 2 % → 20 % of the rows", got["explanation"])
	assert.Equal(t, "100 % of it is found in country=BR (20 % of the rows)", got["segments"])
	assert.Equal(t, "2026-11-22T03:00:00Z", got["since"])
	binned := Annotations(&drift.Result{Scores: []drift.Score{{Method: "ks", Score: 0.2, Error: 0.004}}})
	assert.Equal(t, "0.004", binned["score_error"])
	assert.NotContains(t, Annotations(&drift.Result{Scores: []drift.Score{{Method: "psi", Error: math.Inf(1)}}}), "score_error")
	none := Annotations(&drift.Result{})
	assert.NotContains(t, none, "kind")
	assert.NotContains(t, none, "since")
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package quality

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/answer"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
	"github.com/otelcol-ml/otelcol-ml/internal/eventtime"
	"github.com/otelcol-ml/otelcol-ml/internal/label"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
)

const california = "../../../../../shared/data/california_housing/"

// house is a row of the California housing data.
type house struct {
	*answer.Answer
	truth string
}

// houses are the rows of a file, with the labels of another one where they are not among its columns.
func houses(t *testing.T, file, truths string) (out []house) {
	t.Helper()
	read := func(name string) (at func(row []string, column string) string, rows [][]string) {
		f, err := os.Open(filepath.Join(california, name))
		require.NoError(t, err)
		defer f.Close()
		rows, err = csv.NewReader(f).ReadAll()
		require.NoError(t, err)
		places := map[string]int{}
		for i, name := range rows[0] {
			places[name] = i
		}
		return func(row []string, column string) string { return row[places[column]] }, rows[1:]
	}
	truth := map[string]string{}
	if truths != "" {
		at, rows := read(truths)
		for _, row := range rows {
			truth[at(row, "id")] = at(row, "clf_target")
		}
	}
	at, rows := read(file)
	for _, row := range rows {
		when, err := time.Parse(time.DateTime, at(row, "timestamp"))
		require.NoError(t, err)
		score, err := strconv.ParseFloat(at(row, "y_pred_proba"), 64)
		require.NoError(t, err)
		h := house{&answer.Answer{
			Identity: prediction.Identity{Name: "houses", Version: "1"}, PredictionID: at(row, "id"), Time: when.UnixNano(), Weight: 1,
			Class: at(row, "y_pred"), Score: score, HasScore: true,
		}, truth[at(row, "id")]}
		if truths == "" {
			h.truth = at(row, "clf_target")
		}
		out = append(out, h)
	}
	return out
}

// The months of the California housing data: each is estimated when it has ended, and measured when
// its labels have come, forty days after the predictions.
func TestCaliforniaHousing(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(california, "expected_results.json"))
	if err != nil {
		t.Skip("../shared/data/california_housing is absent: it is not part of this repository")
	}
	type measures struct {
		AUC       float64 `json:"roc_auc"`
		Accuracy  float64 `json:"accuracy"`
		F1        float64 `json:"f1"`
		Precision float64 `json:"precision"`
		Recall    float64 `json:"recall"`
		TP        float64 `json:"tp"`
		FP        float64 `json:"fp"`
		FN        float64 `json:"fn"`
		TN        float64 `json:"tn"`
	}
	var expected struct {
		Recomputed struct {
			CBPE struct {
				Lower  float64 `json:"roc_auc_lower_threshold"`
				Chunks []struct {
					Key                 string
					N                   int64
					Estimated, Realized measures
				}
			}
		} `json:"recomputed_here"`
		Published struct {
			CBPE map[string]struct {
				Value float64
			} `json:"cbpe_roc_auc"`
		}
	}
	require.NoError(t, json.Unmarshal(text, &expected))

	baseline := houses(t, "california_housing_reference.csv", "")
	fit := evaluation.NewScores(1000)
	for _, h := range baseline {
		fit.Add(h.Score, h.truth == "1", 1)
	}
	isotonic, ok := evaluation.FitIsotonic(fit)
	require.True(t, ok)

	e := New(Options{
		Window: eventtime.Window{Calendar: "month"}, Wait: 60 * day, Maturity: 45 * day, Closed: true,
		Margins: map[evaluation.Measure]float64{evaluation.MeasureROCAUC: 0.02},
	})
	e.SetTasks(func(prediction.Identity) Task {
		return Task{Kind: catalog.BinaryClassification, Positive: "1", Calibration: map[string]evaluation.Isotonic{"1": isotonic}}
	})

	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	months := map[string]map[Kind]*Result{}
	estimatedFirst := map[string]bool{}
	give := func(r *Result) {
		month := time.Unix(0, r.Start).UTC().Format("2006-01")
		if months[month] == nil {
			months[month] = map[Kind]*Result{}
		}
		if r.Kind == Estimated && months[month][Measured].Labelled == 0 {
			estimatedFirst[month] = true
		}
		months[month][r.Kind] = r
	}
	all := append(baseline, houses(t, "california_housing_analysis.csv", "california_housing_analysis_gt.csv")...)
	const lag = 40 * day
	next := 0
	tick := func(at int64) {
		for ; next < len(all) && all[next].Time+int64(lag) <= at; next++ {
			h := all[next]
			e.Label(h.Answer, &label.Label{Class: h.truth, Time: time.Unix(0, h.Time).Add(lag), Weight: 1})
		}
		e.Closed(now, false, give)
		e.Advance(now)
	}
	for i, h := range all {
		e.Predict(h.Answer, now)
		if i%24 == 0 {
			tick(h.Time)
		}
	}
	// Nothing follows but one row of the summer.
	last := *all[len(all)-1].Answer
	last.Time += int64(100 * day)
	e.Predict(&last, now)
	tick(last.Time)
	assert.Equal(t, [reasons]uint64{}, e.Stats().Labels)

	for _, c := range expected.Recomputed.CBPE.Chunks {
		month := months[c.Key]
		require.NotNil(t, month, c.Key)
		assert.True(t, estimatedFirst[c.Key] || c.Key == "2022-05", c.Key)
		for kind, want := range map[Kind]measures{Measured: c.Realized, Estimated: c.Estimated} {
			r := month[kind]
			assert.Equal(t, c.N, r.Predicted, c.Key)
			assert.Equal(t, c.N, r.Labelled, c.Key)
			assert.InDelta(t, want.AUC, score(t, r, evaluation.MeasureROCAUC).Point, 1e-7, c.Key)
			assert.InDelta(t, want.Accuracy, score(t, r, evaluation.MeasureAccuracy).Point, 1e-7, c.Key)
			assert.InDelta(t, want.Recall, score(t, r, evaluation.MeasureRecall).Point, 1e-7, c.Key)
			negative := map[Kind]string{Measured: "0", Estimated: evaluation.Other}[kind]
			assert.InDelta(t, want.TP, r.Confusion.Weight("1", "1"), 1e-4, c.Key)
			assert.InDelta(t, want.FP, r.Confusion.Weight(negative, "1"), 1e-4, c.Key)
			assert.InDelta(t, want.FN, r.Confusion.Weight("1", negative), 1e-4, c.Key)
			assert.InDelta(t, want.TN, r.Confusion.Weight(negative, negative), 1e-4, c.Key)
		}
		if published, ok := expected.Published.CBPE[c.Key]; ok {
			assert.InDelta(t, published.Value, score(t, month[Estimated], evaluation.MeasureROCAUC).Point, 1e-4, c.Key)
		}
		// The estimate's error is what it is off.
		d := difference(t, month[Measured], Estimate, Paired, evaluation.MeasureROCAUC)
		assert.InDelta(t, c.Estimated.AUC-c.Realized.AUC, d.Point, 1e-7)
		low := score(t, month[Estimated], evaluation.MeasureROCAUC).Point < expected.Recomputed.CBPE.Lower
		assert.Equal(t, c.Key == "2021-09", low, c.Key)
	}

	// From June to July the area falls: that is said of estimates, and confirmed by labels.
	july := months["2021-07"]
	assert.Equal(t, evaluation.Worse, difference(t, july[Estimated], PreviousWindow, Independent, evaluation.MeasureROCAUC).Verdict)
	assert.Equal(t, evaluation.Worse, difference(t, july[Measured], PreviousWindow, Independent, evaluation.MeasureROCAUC).Verdict)
}

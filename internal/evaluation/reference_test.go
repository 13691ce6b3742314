// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// reference is testdata/reference.json, which says how it was computed.
type reference struct {
	Binary struct {
		Rows               [][2]float64 `json:"rows"`
		ROCAUC             float64      `json:"roc_auc"`
		DeLongSE           float64      `json:"delong_se"`
		PRAUC              float64      `json:"pr_auc"`
		PRSE               float64      `json:"pr_auc_jackknife_se"`
		LogLoss            float64      `json:"log_loss"`
		Brier, ECE         float64
		TP, FP, FN, TN     float64
		Precision, Recall  [3]float64
		FPR, FNR, Accuracy [3]float64
		F1, MCC            float64
	} `json:"binary"`
	Multiclass struct {
		Rows           [][2]string `json:"rows"`
		MCC, Kappa     float64
		KappaSE        float64 `json:"kappa_se"`
		MacroPrecision float64 `json:"macro_precision"`
		MacroRecall    float64 `json:"macro_recall"`
		MacroF1        float64 `json:"macro_f1"`
		MacroF1SE      float64 `json:"macro_f1_jackknife_se"`
		Accuracy       float64
	} `json:"multiclass"`
	Regression struct {
		Rows                         [][3]float64 `json:"rows"`
		MAE, RMSE, Bias, MAPE, R2, N float64
	} `json:"regression"`
}

func readReference(t *testing.T) *reference {
	t.Helper()
	data, err := os.ReadFile("testdata/reference.json")
	require.NoError(t, err)
	var r reference
	require.NoError(t, json.Unmarshal(data, &r))
	return &r
}

const exact = 1e-12

func assertInterval(t *testing.T, want [3]float64, got Interval) {
	t.Helper()
	assert.InDelta(t, want[0], got.Point, exact)
	assert.InDelta(t, want[1], got.Lower, exact)
	assert.InDelta(t, want[2], got.Upper, exact)
}

// logitSE takes the standard error out of the bounds of onLogit.
func logitSE(i Interval, quantile float64) float64 {
	return (logit(i.Upper) - logit(i.Lower)) / 2 / quantile * i.Point * (1 - i.Point)
}

func TestBinaryReference(t *testing.T) {
	r := readReference(t).Binary
	s, c := NewScores(DefaultBins), NewConfusion(2)
	for _, row := range r.Rows {
		require.True(t, s.Add(row[0], row[1] == 1, 1))
		require.True(t, c.Add(class(row[1] == 1), class(row[0] >= 0.5), 1))
	}
	roc, rocError := ROCAUC(s, 0.95)
	assert.InDelta(t, r.ROCAUC, roc.Point, exact)
	assert.Zero(t, rocError, "scores of two decimals have bins of their own")
	assert.InDelta(t, r.DeLongSE, logitSE(roc, normalQuantile(0.95)), exact)
	assert.InDelta(t, 240, roc.N, exact)

	pr, prError := PRAUC(s, 0.95)
	assert.InDelta(t, r.PRAUC, pr.Point, exact)
	assert.InDelta(t, 0, prError, exact)
	assert.InEpsilon(t, r.PRSE, logitSE(pr, studentQuantile(0.95, 238)), 0.02, "the jackknife's error is the delta method's in the limit")

	assert.InDelta(t, r.LogLoss, LogLoss(s, 0.95).Point, exact)
	assert.InDelta(t, r.Brier, Brier(s, 0.95).Point, exact)
	ece, eceError := ECE(s, 0.95)
	assert.InDelta(t, r.ECE, ece.Point, exact)
	assert.Zero(t, eceError)

	counts := c.Counts("yes")
	tp, fp, fn, tn := counts.Weights()
	assert.Equal(t, []float64{r.TP, r.FP, r.FN, r.TN}, []float64{tp, fp, fn, tn})
	assertInterval(t, r.Precision, Precision(counts, 0.95))
	assertInterval(t, r.Recall, Recall(counts, 0.95))
	assertInterval(t, r.FPR, FPR(counts, 0.95))
	assertInterval(t, r.FNR, FNR(counts, 0.95))
	assertInterval(t, r.Accuracy, Accuracy(c, 0.95))
	assert.InDelta(t, r.F1, F1(counts, 0.95).Point, exact)
	assert.InDelta(t, r.MCC, MCC(c, 0.95).Point, exact)
}

func class(positive bool) string {
	if positive {
		return "yes"
	}
	return "no"
}

func TestMulticlassReference(t *testing.T) {
	r := readReference(t).Multiclass
	c := NewConfusion(10)
	for _, row := range r.Rows {
		c.Add(row[0], row[1], 1)
	}
	assert.InDelta(t, r.MCC, MCC(c, 0.95).Point, exact)
	kappa := Kappa(c, 0.95)
	assert.InDelta(t, r.Kappa, kappa.Point, exact)
	assert.InDelta(t, r.KappaSE, (math.Atanh(kappa.Upper)-math.Atanh(kappa.Lower))/2/studentQuantile(0.95, 299)*(1-kappa.Point*kappa.Point), exact)
	scores := c.Scores("", 0.95)
	assert.InDelta(t, r.MacroPrecision, find(t, scores, MeasurePrecision, "", Macro).Point, exact)
	assert.InDelta(t, r.MacroRecall, find(t, scores, MeasureRecall, "", Macro).Point, exact)
	f1 := find(t, scores, MeasureF1, "", Macro)
	assert.InDelta(t, r.MacroF1, f1.Point, exact)
	assert.InEpsilon(t, r.MacroF1SE, logitSE(f1.Interval, studentQuantile(0.95, 299)), 0.02, "the jackknife's error is the delta method's in the limit")
	assert.InDelta(t, r.Accuracy, find(t, scores, MeasureF1, "", Micro).Point, exact)
}

func find(t *testing.T, scores []Score, m Measure, class, average string) Score {
	t.Helper()
	for _, s := range scores {
		if s.Measure == m && s.Class == class && s.Average == average {
			return s
		}
	}
	require.Fail(t, "no such score", "%s %s %s", m, class, average)
	return Score{}
}

func TestRegressionReference(t *testing.T) {
	r := readReference(t).Regression
	sums := NewRegression()
	for _, row := range r.Rows {
		require.True(t, sums.Add(row[0], row[1], row[2]))
	}
	scores := sums.Scores(0.95)
	for m, want := range map[Measure]float64{MeasureMAE: r.MAE, MeasureRMSE: r.RMSE, MeasureBias: r.Bias, MeasureMAPE: r.MAPE, MeasureR2: r.R2} {
		got := find(t, scores, m, "", "")
		assert.InDelta(t, want, got.Point, exact, m)
		assert.InDelta(t, r.N, got.N, 1e-9, m)
		assert.Less(t, got.Lower, got.Point)
		assert.Less(t, got.Point, got.Upper)
	}
}

// The examples of scikit-learn's docstrings (version 1.5; metrics/_classification.py, _ranking.py,
// _regression.py), with the digits that they print or that their definition gives.
func TestScikitLearnExamples(t *testing.T) {
	s := NewScores(DefaultBins)
	for i, score := range []float64{0.1, 0.4, 0.35, 0.8} {
		s.Add(score, i >= 2, 1)
	}
	roc, _ := ROCAUC(s, 0.95)
	assert.InDelta(t, 0.75, roc.Point, exact, "roc_auc_score")
	pr, _ := PRAUC(s, 0.95)
	assert.InDelta(t, 0.83, pr.Point, 0.005, "average_precision_score")
	assert.InDelta(t, 5.0/6, pr.Point, exact)

	s = NewScores(DefaultBins)
	for i, score := range []float64{0.9, 0.1, 0.2, 0.65} {
		s.Add(score, i == 0 || i == 3, 1)
	}
	assert.InDelta(t, 0.21616, LogLoss(s, 0.95).Point, 5e-6, "log_loss")

	s = NewScores(DefaultBins)
	for i, score := range []float64{0.1, 0.9, 0.8, 0.3} {
		s.Add(score, i == 1 || i == 2, 1)
	}
	assert.InDelta(t, 0.0375, Brier(s, 0.95).Point, exact, "brier_score_loss")

	assert.InDelta(t, -0.33, MCC(confused("+++-", "+-++"), 0.95).Point, 0.005, "matthews_corrcoef")

	scores := confused("abcabc", "acbaab").Scores("", 0.95)
	assert.InDelta(t, 0.22, find(t, scores, MeasurePrecision, "", Macro).Point, 0.005, "precision_score")
	assert.InDelta(t, 0.33, find(t, scores, MeasureRecall, "", Macro).Point, 0.005, "recall_score")
	assert.InDelta(t, 0.26, find(t, scores, MeasureF1, "", Macro).Point, 0.01, "f1_score")
	assert.InDelta(t, 0.33, find(t, scores, MeasureF1, "", Micro).Point, 0.005, "f1_score")
	assert.InDelta(t, 0.8, find(t, scores, MeasureF1, "a", "").Point, exact, "f1_score")

	assert.InDelta(t, 0.6875, Kappa(confused("npnup", "npnun"), 0.95).Point, exact, "cohen_kappa_score")

	r := NewRegression()
	for i, y := range []float64{3, -0.5, 2, 7} {
		r.Add([]float64{2.5, 0, 2, 8}[i], y, 1)
	}
	assert.InDelta(t, 0.5, MAE(r, 0.95).Point, exact, "mean_absolute_error")
	assert.InDelta(t, 0.612, RMSE(r, 0.95).Point, 0.0005, "root_mean_squared_error")
	assert.InDelta(t, 0.3273, MAPE(r, 0.95).Point, 0.0001, "mean_absolute_percentage_error")
	assert.InDelta(t, 0.948, R2(r, 0.95).Point, 0.001, "r2_score")

	// true relevance 10, 0, 0, 1, 5 and the scores .1, .2, .3, 4, 70.
	ranking := NewRanking(10)
	ranking.Add([]float64{5, 1, 0, 0, 10}, nil, 1)
	assert.InDelta(t, 0.69, NDCG(ranking, 0.95).Point, 0.006, "ndcg_score")
	// the scores .05, 1.1, 1, .5, 0
	ranking = NewRanking(4)
	ranking.Add([]float64{0, 0, 1, 10, 5}, nil, 1)
	assert.InDelta(t, 0.35, NDCG(ranking, 0.95).Point, 0.005, "ndcg_score, k=4")
}

func confused(actual, predicted string) *Confusion {
	c := NewConfusion(10)
	for i := range actual {
		c.Add(actual[i:i+1], predicted[i:i+1], 1)
	}
	return c
}

// Newcombe, Statistics in Medicine 17, 1998, 857 (table I) and 873 (table II, method 10).
func TestNewcombe(t *testing.T) {
	for _, c := range []struct{ k, n, lower, upper float64 }{
		{81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0, 0.1611}, {1, 29, 0.0061, 0.1718},
	} {
		i := wilson(c.k/c.n, c.n, 0.95)
		assert.InDelta(t, c.lower, i.Lower, 5e-5)
		assert.InDelta(t, c.upper, i.Upper, 5e-5)
	}
	i := Difference(wilson(48.0/80, 80, 0.95), wilson(56.0/70, 70, 0.95))
	assert.InDelta(t, 0.0524, i.Lower, 5e-5)
	assert.InDelta(t, 0.3339, i.Upper, 5e-5)
}

// Fagerland, Lydersen and Laake, 2013: airway hyper-responsiveness before and after stem cell
// transplantation, 1, 1, 7 and 12 children.
func TestMcNemar(t *testing.T) {
	var p Pairs
	for range 7 {
		p.Add(false, true, 1)
	}
	p.Add(true, false, 1)
	p.Add(true, true, 1)
	for range 12 {
		p.Add(false, false, 1)
	}
	exactP, mid := p.McNemar()
	assert.InDelta(t, 0.0703125, exactP, exact)
	assert.InDelta(t, 0.0390625, mid, exact)
	// The same table, b = 1, c = 7, of 21: by hand, as φ̂ is 0 (1·12 < 7·1 + 21/2).
	d := p.Difference(0.95)
	assert.InDelta(t, 6.0/21, d.Point, exact)
	first, second := p.Shares(0.95)
	assert.InDelta(t, Difference(first, second).Lower, d.Lower, exact)

	exactP, mid = (&Pairs{}).McNemar()
	assert.Equal(t, []float64{1, 1}, []float64{exactP, mid})
}

// The rows that a rise of a false positive rate by half a point needs, one-sided 5 %, power 80 %.
func TestRows(t *testing.T) {
	for p, want := range map[float64]float64{0.001: 1723, 0.005: 3679, 0.01: 6103, 0.02: 10876, 0.05: 24601, 0.1: 45499} {
		assert.InDelta(t, want, RowsForRate(p, 0.005, 0.90), 1)
	}
	assert.InDelta(t, 2471, RowsForPairs(0.01, 0.005, 0.90), 3)
	assert.True(t, math.IsNaN(RowsForRate(0.999, 0.005, 0.9)))
	assert.True(t, math.IsNaN(RowsForPairs(0.001, 0.005, 0.9)))
}

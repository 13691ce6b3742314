// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// house is a row of NannyML's California housing data.
type house struct {
	month                   string
	score                   float64
	predicted, actual, base bool
}

const californiaFolder = "../../../shared/data/california_housing"

func houses(t *testing.T) []house {
	t.Helper()
	if _, err := os.Stat(californiaFolder); err != nil {
		t.Skip("../shared/data/california_housing is absent: it is not part of this repository")
	}
	read := func(name string, row func(map[string]string)) {
		f, err := os.Open(filepath.Join(californiaFolder, name))
		require.NoError(t, err)
		defer f.Close()
		rows, err := csv.NewReader(f).ReadAll()
		require.NoError(t, err)
		for _, cells := range rows[1:] {
			named := map[string]string{}
			for i, cell := range cells {
				named[rows[0][i]] = cell
			}
			row(named)
		}
	}
	labels := map[string]string{}
	read("california_housing_analysis_gt.csv", func(r map[string]string) { labels[r["id"]] = r["clf_target"] })
	var all []house
	for name, base := range map[string]bool{"california_housing_reference.csv": true, "california_housing_analysis.csv": false} {
		read(name, func(r map[string]string) {
			score, err := strconv.ParseFloat(r["y_pred_proba"], 64)
			require.NoError(t, err)
			label := r["clf_target"]
			if !base {
				label = labels[r["id"]]
			}
			all = append(all, house{r["timestamp"][:7], score, r["y_pred"] == "1", label == "1", base})
		})
	}
	return all
}

// californiaResults are the figures beside the data.
type californiaResults struct {
	Published struct {
		CBPE map[string]struct{ Value float64 } `json:"cbpe_roc_auc"`
	} `json:"published"`
	Recomputed struct {
		CBPE struct {
			Lower  float64 `json:"roc_auc_lower_threshold"`
			Chunks []struct {
				Key                 string
				Estimated, Realized map[string]float64
			}
		} `json:"cbpe"`
	} `json:"recomputed_here"`
}

// Labels are measured, and estimated from the scores alone, as NannyML has it: the tolerance of the
// estimates is 5e-7 for the published figures, which have six digits, and 2e-8 for the recomputed
// ones, in whose isotonic regression are numbers of 32 bits.
func TestCaliforniaHousing(t *testing.T) {
	rows := houses(t)
	data, err := os.ReadFile(filepath.Join(californiaFolder, "expected_results.json"))
	require.NoError(t, err)
	var want californiaResults
	require.NoError(t, json.Unmarshal(data, &want))

	base := NewScores(100)
	type month struct {
		scores     *Scores
		confusion  *Confusion
		unlabelled *Unlabelled
	}
	months := map[string]*month{}
	for _, r := range rows {
		if r.base {
			base.Add(r.score, r.actual, 1)
		}
		m := months[r.month]
		if m == nil {
			m = &month{scores: NewScores(100), confusion: NewConfusion(2), unlabelled: NewUnlabelled(100)}
			months[r.month] = m
		}
		m.scores.Add(r.score, r.actual, 1)
		m.confusion.Add(class(r.actual), class(r.predicted), 1)
		m.unlabelled.Add(r.score, r.predicted, 1)
	}
	calibration, ok := FitIsotonic(base)
	require.True(t, ok)
	require.Len(t, want.Recomputed.CBPE.Chunks, 20)
	covered := 0
	for _, chunk := range want.Recomputed.CBPE.Chunks {
		m := months[chunk.Key]
		scores := append(m.scores.Scores(0.95), m.confusion.Scores("yes", 0.95)...)
		for name, measure := range map[string]Measure{"roc_auc": MeasureROCAUC, "accuracy": MeasureAccuracy, "f1": MeasureF1, "precision": MeasurePrecision, "recall": MeasureRecall, "brier": MeasureBrier, "log_loss": MeasureLogLoss} {
			got := find(t, scores, measure, "", "")
			if !got.Defined() { // precision without positive answers; scikit-learn says 0
				assert.Zero(t, chunk.Realized[name])
				continue
			}
			assert.InDelta(t, chunk.Realized[name], got.Point, 1e-12, "%s %s", chunk.Key, name)
		}
		tp, fp, fn, tn := m.confusion.Counts("yes").Weights()
		assert.Equal(t, []float64{chunk.Realized["tp"], chunk.Realized["fp"], chunk.Realized["fn"], chunk.Realized["tn"]}, []float64{tp, fp, fn, tn})

		estimates := m.unlabelled.Estimate(calibration, 0.95)
		roc := find(t, estimates, MeasureROCAUC, "", "")
		assert.InDelta(t, chunk.Estimated["roc_auc"], roc.Point, 2e-8, chunk.Key)
		if published, ok := want.Published.CBPE[chunk.Key]; ok {
			assert.InDelta(t, published.Value, roc.Point, 5.1e-7, chunk.Key)
		}
		tp, fp, fn, tn = m.unlabelled.Weights(calibration)
		for i, name := range []string{"tp", "fp", "fn", "tn"} {
			assert.InDelta(t, chunk.Estimated[name], []float64{tp, fp, fn, tn}[i], 1e-9, "%s %s", chunk.Key, name)
		}
		// The drop of September is seen from the estimates alone, by NannyML's threshold.
		assert.Equal(t, chunk.Key == "2021-09", roc.Point < want.Recomputed.CBPE.Lower, chunk.Key)
		if v := chunk.Realized["roc_auc"]; roc.Lower <= v && v <= roc.Upper {
			covered++
		}
	}
	t.Logf("%d of 20 measured ROC AUC lie within the estimate's bounds", covered)
}

func TestIsotonic(t *testing.T) {
	s := NewScores(10)
	add := func(score float64, positive, negative int) {
		for range positive {
			s.Add(score, true, 1)
		}
		for range negative {
			s.Add(score, false, 1)
		}
	}
	add(0.1, 1, 3)
	add(0.3, 3, 1) // with the next two a block of 4 in 8
	add(0.5, 0, 2)
	add(0.6, 1, 1)
	add(0.9, 9, 1)
	i, ok := FitIsotonic(s)
	require.True(t, ok)
	assert.Equal(t, []float64{0.25, 0.5, 0.5, 0.5, 0.9}, i.probabilities)
	assert.Equal(t, []float64{4, 4, 2, 2, 10}, i.rows)
	assert.InDelta(t, 0.25, i.At(0), exact)
	assert.InDelta(t, 0.375, i.At(0.2), exact)
	assert.InDelta(t, 0.5+0.4/3, i.At(0.7), exact)
	assert.InDelta(t, 0.9, i.At(1), exact)

	_, ok = FitIsotonic(NewScores(10))
	assert.False(t, ok)

	same, err := NewIsotonic(i.Knots())
	require.NoError(t, err)
	assert.Equal(t, i, same)
}

func TestNewIsotonicRefuses(t *testing.T) {
	for want, knots := range map[string][3][]float64{
		"scores: there are none":           {},
		"probabilities: 1 of them, must":   {{0, 1}, {0}, {1, 1}},
		"rows: 1 of them, must":            {{0, 1}, {0, 1}, {1}},
		"scores[1]: 1.5 is not between":    {{0, 1.5}, {0, 1}, {1, 1}},
		"scores[0]: NaN is not between":    {{math.NaN()}, {0}, {1}},
		"probabilities[0]: -1 is not":      {{0}, {-1}, {1}},
		"rows[0]: 0 is not a number":       {{0}, {0}, {0}},
		"scores[1]: 0.5 does not rise":     {{0.5, 0.5}, {0, 1}, {1, 1}},
		"probabilities[1]: 0.1 falls":      {{0, 1}, {0.2, 0.1}, {1, 1}},
		"rows[0]: +Inf is not a number of": {{0}, {0}, {math.Inf(1)}},
	} {
		_, err := NewIsotonic(knots[0], knots[1], knots[2])
		assert.ErrorContains(t, err, want)
	}
}

// Knots that others stand for cost nothing, others as much as is said.
func TestThin(t *testing.T) {
	rnd := rand.New(rand.NewPCG(8, 8))
	s, u := NewScores(1000), NewUnlabelled(1000)
	for range 20_000 {
		score := rnd.Float64()
		s.Add(score, rnd.Float64() < score*score, 1)
		u.Add(rnd.Float64(), score > 0.5, 1)
	}
	full, _ := FitIsotonic(s)
	require.Len(t, full.scores, 1000)
	same, change := full.Thin(1000)
	assert.Equal(t, full, same)
	assert.Zero(t, change)

	before := 0.0
	for _, most := range []int{300, 100, 30, 10, 2} {
		thin, change := full.Thin(most)
		_, err := NewIsotonic(thin.Knots())
		require.NoError(t, err)
		assert.Len(t, thin.scores, most)
		assert.InDelta(t, 20_000, sumOf(thin.rows), 1e-6)
		most := 0.0
		for score := 0.0; score <= 1; score += 0.0001 {
			most = max(most, math.Abs(thin.At(score)-full.At(score)))
		}
		assert.InDelta(t, most, change, 0.002)
		assert.LessOrEqual(t, most, change+1e-12)
		assert.GreaterOrEqual(t, change, before)
		before = change
	}
	thin, change := full.Thin(300)
	assert.Less(t, change, 1e-12, "300 are more than there are steps")
	want := u.Estimate(full, 0.95)
	for i, got := range u.Estimate(thin, 0.95) {
		assert.InDelta(t, want[i].Point, got.Point, 1e-9)
		assert.InEpsilon(t, want[i].Upper-want[i].Lower, got.Upper-got.Lower, 0.05, string(got.Measure))
	}
}

func sumOf(v []float64) (sum float64) {
	for _, x := range v {
		sum += x
	}
	return sum
}

// Of two classes, Expected is what Unlabelled is.
func TestExpectedOfTwoClasses(t *testing.T) {
	rnd := newRand(1)
	base, u := NewScores(DefaultBins), NewUnlabelled(DefaultBins)
	mirrored := NewScores(DefaultBins)
	for range 2000 {
		score, y := binaryModel.draw(rnd)
		base.Add(score, y, 1)
		mirrored.Add(1-score, !y, 1)
	}
	positive, _ := FitIsotonic(base)
	negative, _ := FitIsotonic(mirrored)
	e := NewExpected([]string{"no", "yes"}, []Isotonic{negative, positive})
	for range 1000 {
		score, _ := binaryModel.draw(rnd)
		score = float64(int(score*100)) / 100
		u.Add(score, score >= 0.5, 1)
		require.True(t, e.Add(class(score >= 0.5), []float64{1 - score, score}, 1))
	}
	want := find(t, u.Estimate(positive, 0.95), MeasureAccuracy, "", "")
	got := find(t, e.Scores(0.95), MeasureAccuracy, "", "")
	assert.InDelta(t, want.Point, got.Point, 0.01)
	assert.Less(t, got.Lower, want.Point)
	assert.Greater(t, got.Upper, want.Point)
	assert.False(t, e.Add("yes", []float64{0.5, 1.5}, 1))
}

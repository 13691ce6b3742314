// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/cmd/mlprofile/internal/assessment"
	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
)

// evaluated runs evaluate with --json.
func evaluated(t *testing.T, status int, args ...string) *assessment.Assessment {
	t.Helper()
	out, errs, err := mlprofile(t, append([]string{"evaluate", "--json"}, args...)...)
	assertStatus(t, err, status)
	assert.Empty(t, errs)
	var a assessment.Assessment
	d := json.NewDecoder(strings.NewReader(out))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&a))
	return &a
}

func groupOf(t *testing.T, a *assessment.Assessment, version, segment, period string) assessment.Group {
	t.Helper()
	for _, g := range a.Groups {
		if g.Version == version && g.Segment == segment && g.Period == period {
			return g
		}
	}
	require.Fail(t, "no such group", "%q %q %q", version, segment, period)
	return assessment.Group{}
}

func measureOf(t *testing.T, list []assessment.Score, m evaluation.Measure, class, average string) assessment.Score {
	t.Helper()
	for _, s := range list {
		if s.Measure == m && s.Class == class && s.Average == average {
			require.NotNil(t, s.Value, "%s is not defined", m)
			return s
		}
	}
	require.Fail(t, "no such measure", "%s %s %s", m, class, average)
	return assessment.Score{}
}

// The command on NannyML's data, labels in a file of their own: measured and estimated by month, as
// the figures beside the data have it (test of internal/evaluation: the tolerances).
func TestEvaluateCalifornia(t *testing.T) {
	const dir = "../../../shared/data/california_housing/"
	data, err := os.ReadFile(dir + "expected_results.json")
	if err != nil {
		t.Skip("../shared/data/california_housing is absent: it is not part of this repository")
	}
	var want struct {
		Recomputed struct {
			CBPE struct {
				Chunks []struct {
					Key, Period         string
					N                   int
					Estimated, Realized map[string]float64
				}
			}
		} `json:"recomputed_here"`
	}
	require.NoError(t, json.Unmarshal(data, &want))
	reference := dir + "california_housing_reference.csv"
	baseline := filepath.Join(t.TempDir(), "baseline.json")
	_, _, err = mlprofile(t, "build", reference, "--prediction", "y_pred", "--label", "clf_target", "--score", "y_pred_proba", "-o", baseline)
	require.NoError(t, err)
	all := evaluateCalifornia(t, dir, reference)
	assert.Equal(t, all, evaluateCalifornia(t, dir, baseline), "what is calibrated once is calibrated as well")

	a := all
	assert.Equal(t, assessment.Binary, a.Task)
	assert.Equal(t, "clf_target", a.Columns["label"])
	assert.EqualValues(t, 5832, a.BaselineRows)
	assert.Equal(t, 8232, groupOf(t, a, "", "", "").Labelled)
	assert.Len(t, a.Groups, 13)
	months := 0
	for _, c := range want.Recomputed.CBPE.Chunks {
		if c.Period != "analysis" {
			continue
		}
		months++
		g := groupOf(t, a, "", "", c.Key)
		assert.Equal(t, c.N, g.Rows)
		assert.Equal(t, assessment.Counts{TP: c.Realized["tp"], FP: c.Realized["fp"], FN: c.Realized["fn"], TN: c.Realized["tn"]}, *g.Counts)
		roc := measureOf(t, g.Measured, evaluation.MeasureROCAUC, "", "")
		assert.InDelta(t, c.Realized["roc_auc"], *roc.Value, 1e-12, c.Key)
		assert.Zero(t, roc.BinError)
		assert.InDelta(t, c.Estimated["roc_auc"], *measureOf(t, g.Estimated, evaluation.MeasureROCAUC, "", "").Value, 2e-8, c.Key)
		assert.InDelta(t, c.Estimated["tp"], g.ExpectedCounts.TP, 1e-9)
	}
	assert.Equal(t, 12, months)
	assert.Empty(t, a.Notes)
}

func evaluateCalifornia(t *testing.T, dir, baseline string) *assessment.Assessment {
	t.Helper()
	return evaluated(t, 0, dir+"california_housing_analysis.csv", "--labels", dir+"california_housing_analysis_gt.csv", "--by", "month", "--baseline", baseline)
}

// payments are rows of two versions, of which the newer one has more false positives.
func payments(t *testing.T, rows int) string {
	t.Helper()
	rnd := rand.New(rand.NewPCG(1, 1))
	var b strings.Builder
	b.WriteString("id,at,version,country,answer,score,fraud,w\n")
	for i := range rows {
		fraud := rnd.Float64() < 0.1
		version := 7 + i%2
		limit := 0.02
		if version == 8 {
			limit = 0.06
		}
		yes := rnd.Float64() < limit
		if fraud {
			yes = rnd.Float64() < 0.8
		}
		score := 0.4 * rnd.Float64()
		if yes {
			score += 0.5
		}
		country := []string{"DE", "FR"}[i/2%2]
		label := fmt.Sprint(fraud)
		if i%50 == 49 {
			label = ""
		}
		fmt.Fprintf(&b, "p%d,2026-11-%02d 10:00:00,%d,%s,%v,%.3f,%s,1\n", i, 1+i%20, version, country, yes, score, label)
	}
	return write(t, "payments.csv", b.String())
}

func TestEvaluateVersions(t *testing.T) {
	file := payments(t, 20_000)
	args := []string{file, "--prediction", "answer", "--label", "fraud", "--version", "version", "--segment", "country", "--by", "week", "--timestamp", "at"}
	a := evaluated(t, 1, append(args, "--margin", "fpr=0.005", "--margin", "recall=0.1")...)
	assert.Equal(t, "true", a.Positive)
	assert.Equal(t, 20_000, a.Files[0].Rows)
	assert.Equal(t, 19_600, a.Files[0].Labelled)
	old, now := groupOf(t, a, "7", "", ""), groupOf(t, a, "8", "", "")
	assert.Equal(t, 10_000, old.Rows)
	assert.InDelta(t, 0.02, *measureOf(t, old.Measured, evaluation.MeasureFPR, "", "").Value, 0.005)
	assert.InDelta(t, 0.06, *measureOf(t, now.Measured, evaluation.MeasureFPR, "", "").Value, 0.01)
	assert.Equal(t, 5000, groupOf(t, a, "7", "DE", "").Rows)
	assert.Equal(t, 3000, groupOf(t, a, "7", "", "2026-W45").Rows, "version 7 has the odd days")

	all := a.Comparisons[0]
	assert.Equal(t, []string{"7", "8", "", ""}, []string{all.Before, all.After, all.Dimension, all.Period})
	verdicts := map[evaluation.Measure]evaluation.Verdict{}
	for _, d := range all.Differences {
		verdicts[d.Measure] = d.Verdict
		if d.Measure == evaluation.MeasureFPR {
			assert.InDelta(t, 0.04, *d.Value, 0.01)
			assert.Greater(t, *d.Lower, 0.03)
			assert.Less(t, *d.Detectable, 0.01)
			require.NotNil(t, d.AlwaysValid)
			assert.Less(t, d.AlwaysValid.P, 1e-6)
			assert.Less(t, d.AlwaysValid.Lower, *d.Lower)
		}
	}
	assert.Equal(t, evaluation.Worse, verdicts[evaluation.MeasureFPR])
	assert.Equal(t, evaluation.NotWorse, verdicts[evaluation.MeasureRecall])
	assert.Empty(t, verdicts[evaluation.MeasureAccuracy], "it has no margin")
	// All, two countries and four weeks of all and none of countries alone.
	assert.Len(t, a.Comparisons, 3*(1+3))

	// The other way round nothing has become worse.
	a = evaluated(t, 0, append(args, "--margin", "fpr=0.005", "--against", "8")...)
	assert.Equal(t, "8", a.Comparisons[0].Before)

	// Few rows are said to be too few.
	few := payments(t, 400)
	out, _, err := mlprofile(t, "evaluate", few, "--prediction", "answer", "--label", "fraud", "--version", "version", "--margin", "fpr=0.005", "--measure", "fpr")
	require.NoError(t, err)
	assert.Regexp(t, `undetectable at this volume: [0-9,]+ rows on each side would do`, out)
	assert.NotContains(t, out, "accuracy")
}

func TestEvaluateTable(t *testing.T) {
	file := write(t, "p.csv", "y_pred,y_true,score\n1,1,0.9\n0,0,0.2\n1,0,0.7\n0,1,0.4\n1,1,0.8\n0,0,0.1\n,1,0.5\n0,0,\n")
	out, _, err := mlprofile(t, "evaluate", file)
	require.NoError(t, err)
	assert.Contains(t, out, "8 rows, 7 of them labelled")
	assert.Contains(t, out, "binary (positive: 1); prediction y_pred, score score, label y_true; intervals of 95 %")
	assert.Contains(t, out, "tp 2  fp 1  fn 1  tn 3")
	assert.Regexp(t, `(?m)^precision +0\.6667 +0\.2077 +0\.9385 +3`, out)
	assert.Regexp(t, `(?m)^roc_auc +0\.8889 `, out)
	assert.Contains(t, out, "1 rows have no prediction")
	assert.Contains(t, out, "1 rows have no score between 0 and 1")

	// Without a column of answers the score is one.
	a := evaluated(t, 0, write(t, "s.csv", "label,score\nfraud,0.9\nok,0.2\nok,0.7\n"), "--positive", "fraud", "--threshold", "0.6")
	assert.Equal(t, assessment.Counts{TP: 1, FP: 1, TN: 1}, *a.Groups[0].Counts)

	target := filepath.Join(t.TempDir(), "a.json")
	_, _, err = mlprofile(t, "evaluate", file, "--json", "-o", target)
	require.NoError(t, err)
	data, err := os.ReadFile(target)
	require.NoError(t, err)
	assert.True(t, json.Valid(data))
}

// Labels come in a file of their own: corrected, taken back, for nothing.
func TestEvaluateLabels(t *testing.T) {
	predictions := write(t, "p.csv", "id,prediction\na,1\nb,0\nc,1\nd,0\na,0\n,1\n")
	labels := write(t, "l.csv", "id,label,known\nb,1,2026-11-03\na,0,2026-11-02\na,1,2026-11-01\nb,0,2026-11-04\nc,1,2026-11-01\nc,,2026-11-02\nz,1,2026-11-01\n,1,2026-11-01\n")
	a := evaluated(t, 0, predictions, "--labels", labels, "--label-time", "known", "--task", "binary")
	assert.Equal(t, assessment.Counts{FP: 1, TN: 1}, *a.Groups[0].Counts)
	assert.Equal(t, assessment.LabelTally{Path: labels, Rows: 8, Corrected: 3, WithoutID: 1, Orphans: 1}, *a.Labels)
	assert.Equal(t, 1, a.Files[0].Duplicates)
	assert.Len(t, a.Notes, 4)

	// The last one of the file counts without times.
	a = evaluated(t, 0, predictions, "--labels", labels, "--task", "binary")
	assert.Equal(t, assessment.Counts{TP: 1, TN: 1}, *a.Groups[0].Counts)
}

func TestEvaluateTwoFiles(t *testing.T) {
	rnd := rand.New(rand.NewPCG(2, 2))
	var champion, challenger, labels strings.Builder
	champion.WriteString("id,prediction\n")
	challenger.WriteString("id,prediction\n")
	labels.WriteString("id,label\n")
	for i := range 3000 {
		actual := rnd.IntN(3)
		answer := func(right float64) int {
			if rnd.Float64() < right {
				return actual
			}
			return rnd.IntN(3)
		}
		first := answer(0.7)
		second := first
		if rnd.Float64() < 0.3 {
			second = answer(0.9)
		}
		fmt.Fprintf(&champion, "%d,c%d\n", i, first)
		if i > 9 {
			fmt.Fprintf(&challenger, "%d,c%d\n", i, second)
		}
		fmt.Fprintf(&labels, "%d,c%d\n", i, actual)
	}
	a := evaluated(t, 0, write(t, "champion.csv", champion.String()), write(t, "challenger.csv", challenger.String()),
		"--labels", write(t, "labels.csv", labels.String()), "--margin", "accuracy=0.01")
	assert.Equal(t, assessment.Multiclass, a.Task)
	require.NotNil(t, a.Agreement)
	assert.Equal(t, 2990, a.Agreement.Pairs)
	assert.Equal(t, 10, a.Agreement.OnlyFirst)
	assert.Len(t, a.Agreement.Disagreements, 6)
	agreement := measureOf(t, a.Agreement.Scores, evaluation.MeasureAgreement, "", "")
	assert.InDelta(t, 0.93, *agreement.Value, 0.02)
	paired := a.Agreement.Paired[0]
	assert.Equal(t, evaluation.MeasureAccuracy, paired.Measure)
	assert.Equal(t, evaluation.NotWorse, paired.Verdict)
	assert.Positive(t, *paired.Lower)
	assert.Less(t, paired.McNemar, 1e-3)
	assert.LessOrEqual(t, paired.MidP, paired.McNemar)
	// Rows that are the same rows differ less by chance.
	unpaired := a.Comparisons[0].Differences[0]
	assert.Equal(t, evaluation.MeasureAccuracy, unpaired.Measure)
	assert.Less(t, *paired.Upper-*paired.Lower, *unpaired.Upper-*unpaired.Lower)
	measureOf(t, a.Groups[0].Measured, evaluation.MeasureF1, "c1", "")
	measureOf(t, a.Groups[0].Measured, evaluation.MeasureF1, "", evaluation.Macro)
	total := 0.0
	for _, c := range a.Groups[0].Confusion {
		total += c.Weight
	}
	assert.Equal(t, 3000.0, total)

	out, _, err := mlprofile(t, "evaluate", write(t, "a.csv", "id,prediction,label\n1,x,x\n2,y,x\n3,x,x\n"), write(t, "b.csv", "id,prediction,label\n1,x,x\n2,x,x\n3,x,y\n"))
	require.NoError(t, err)
	assert.Contains(t, out, "3 pairs with one id")
	assert.Contains(t, out, "1 ids have another label")
}

func TestEvaluateNumbers(t *testing.T) {
	a := evaluated(t, 0, write(t, "r.csv", "prediction,target,w\n2.5,3,1\n0,-0.5,1\n2,2,1\n8,7,1\n1,0,0\n1,x,1\n"), "--weight", "w", "--task", "regression", "--null", "x")
	g := a.Groups[0]
	assert.Equal(t, 4, g.Labelled)
	assert.Equal(t, 1, a.Files[0].WithoutWeight)
	assert.InDelta(t, 0.5, *measureOf(t, g.Measured, evaluation.MeasureMAE, "", "").Value, 1e-12)
	assert.InDelta(t, 0.948, *measureOf(t, g.Measured, evaluation.MeasureR2, "", "").Value, 0.001)
}

func TestEvaluateRanking(t *testing.T) {
	file := write(t, "k.jsonl", `{"prediction": ["a", "b", "c"], "label": "b"}
{"prediction": ["a", "b", "c"], "label": "z"}
{"prediction": ["b", "a", "c"], "label": ["b", "a"]}
{"prediction": [1, 2], "label": "{\"2\": 3}"}
{"prediction": "no list", "label": "a"}
`)
	a := evaluated(t, 0, file, "--task", "ranking", "--k", "2")
	g := a.Groups[0]
	assert.Equal(t, 4, g.Labelled)
	assert.Equal(t, 1, a.Files[0].WithoutAnswer)
	assert.InDelta(t, 0.75, *measureOf(t, g.Measured, evaluation.MeasureHitRate, "", "").Value, 1e-12)
	assert.InDelta(t, (0.63092975357+0+1+0.63092975357)/4, *measureOf(t, g.Measured, evaluation.MeasureNDCG, "", "").Value, 1e-9)
}

// Three classes, estimated from calibrated probabilities of each.
func TestEvaluateEstimatesClasses(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 3))
	rows := func(n int, labels bool) string {
		var b strings.Builder
		b.WriteString("prediction,label,pa,pb,pc\n")
		for range n {
			p := [3]float64{rnd.Float64(), rnd.Float64(), rnd.Float64()}
			total := p[0] + p[1] + p[2]
			best, u, actual := 0, rnd.Float64()*total, 0
			for i := range p {
				if p[i] > p[best] {
					best = i
				}
				if u >= 0 {
					actual = i
				}
				u -= p[i]
			}
			label := ""
			if labels {
				label = string(rune('a' + actual))
			}
			fmt.Fprintf(&b, "%c,%s,%.3f,%.3f,%.3f\n", 'a'+best, label, p[0]/total, p[1]/total, p[2]/total)
		}
		return b.String()
	}
	args := []string{"--probability", "a=pa", "--probability", "b=pb", "--probability", "c=pc"}
	base, today := write(t, "base.csv", rows(5000, true)), write(t, "today.csv", rows(2000, true))
	a := evaluated(t, 0, append(args, today, "--baseline", base)...)
	baseline := filepath.Join(t.TempDir(), "baseline.json")
	_, _, err := mlprofile(t, "build", base, "--label", "label", "--probability", "c=pc", "--probability", "a=pa", "--probability", "b=pb", "-o", baseline)
	require.NoError(t, err)
	assert.Equal(t, a, evaluated(t, 0, append(args, today, "--baseline", baseline)...), "in another order")
	_, _, err = mlprofile(t, "evaluate", today, "--baseline", baseline, "--probability", "a=pa", "--probability", "d=pb")
	require.ErrorContains(t, err, `--baseline: there is no calibration of the class "d"`)
	g := a.Groups[0]
	estimate := measureOf(t, g.Estimated, evaluation.MeasureAccuracy, "", "")
	measured := measureOf(t, g.Measured, evaluation.MeasureAccuracy, "", "")
	assert.Less(t, *estimate.Lower, *measured.Value)
	assert.Greater(t, *estimate.Upper, *measured.Value)

	// Before there are labels.
	a = evaluated(t, 0, append(args, write(t, "new.csv", strings.ReplaceAll(rows(1000, false), "label", "later")), "--baseline", base)...)
	assert.Zero(t, a.Groups[0].Labelled)
	measureOf(t, a.Groups[0].Estimated, evaluation.MeasureF1, "", evaluation.Macro)
}

// calibratedFor writes a baseline with a calibration of a class.
func calibratedFor(t *testing.T, class string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "calibrated.json")
	_, _, err := mlprofile(t, "build", write(t, "rows.csv", "score,label\n0.1,other\n0.9,"+class+"\n"), "--label", "label", "--score", "score", "--positive", class, "-o", path)
	require.NoError(t, err)
	return path
}

// A baseline's positive class need not be said again, and show and card know it.
func TestCalibratedBaseline(t *testing.T) {
	baseline := calibratedFor(t, "fraud")
	a := evaluated(t, 0, write(t, "today.csv", "score\n0.2\n0.8\n"), "--baseline", baseline, "--score", "score")
	assert.Equal(t, "fraud", a.Positive)
	assert.EqualValues(t, 2, a.BaselineRows)

	out, _, err := mlprofile(t, "show", baseline)
	require.NoError(t, err)
	assert.Contains(t, out, "calibration, of 2 rows with a label")
	assert.Regexp(t, `fraud +2 +0 +0.1875 +0.5 +0.8125 +1`, out)

	out, _, err = mlprofile(t, "card", baseline)
	require.NoError(t, err)
	assert.Contains(t, out, "task: binary_classification")
	assert.Contains(t, out, "positive_class: fraud")
}

func TestEvaluateErrors(t *testing.T) {
	file := write(t, "p.csv", "id,prediction,label,when,x\n1,a,b,soon,1\n2,b,b,later,q\n")
	for want, args := range map[string][]string{
		`--task: "guess" is none of`:                 {file, "--task", "guess"},
		`--by: "year" is none of`:                    {file, "--by", "year"},
		`--level: 95 is not from 0.5`:                {file, "--level", "95"},
		`--margin: "fpr" is not MEASURE=NUMBER`:      {file, "--margin", "fpr"},
		`--margin: "speed" is no measure`:            {file, "--margin", "speed=1"},
		`--margin: there is nothing to compare with`: {file, "--margin", "fpr=0.1"},
		`--prediction: `:                             {write(t, "n.csv", "a,b\n1,2\n")},
		`has no column "nope"`:                       {file, "--label", "nope"},
		`--timestamp: `:                              {file, "--by", "day"},
		`is not a point in time`:                     {file, "--from", "whenever"},
		`--against: it names a version`:              {file, "--against", "7"},
		`--against: `:                                {file, "--version", "id", "--against", "7"},
		`--positive: which class`:                    {file, "--task", "binary"},
		`--baseline: what labels will say`:           {file, "--baseline", file},
		`--probability: "a" is not CLASS=COLUMN`:     {file, "--probability", "a"},
		`--measure: there is no "speed" here`:        {file, "--measure", "speed"},
		`--label-time: it is a column of the file`:   {file, "--label-time", "when"},
		`--weight: column "x": "q" is not a number`:  {file, "--weight", "x"},
		`--id: which column`:                         {write(t, "q.csv", "prediction\na\n"), "--labels", file},
		`--k: 0 is below 1`:                          {file, "--k", "0"},
		`no such file`:                               {"absent.csv"},
		`--label-time: column "when": "soon" is not`: {file, "--labels", file, "--label-time", "when"},
		`accepts between 1 and 2 arg(s)`:             {},
		`has no calibration; mlprofile build`:        {file, "--baseline", write(t, "b.json", `{"format_version": 2, "rows": 1, "features": []}`)},
		`--baseline: open absent.json`:               {file, "--baseline", "absent.json"},
		`no calibration of the class "a"`:            {file, "--baseline", calibratedFor(t, "b"), "--score", "id", "--positive", "a"},
		`it is calibrated for a score of "b", not`:   {file, "--baseline", calibratedFor(t, "b"), "--task", "multiclass", "--probability", "b=id"},
	} {
		_, _, err := mlprofile(t, append([]string{"evaluate"}, args...)...)
		assertStatus(t, err, 2)
		require.ErrorContains(t, err, want)
	}
	out, _, err := mlprofile(t, "evaluate", write(t, "w.csv", "prediction,label\n"+strings.Repeat("yes,true\nno,false\n", 6)), "--task", "multiclass")
	require.NoError(t, err)
	assert.Contains(t, out, "are predictions and labels spelt alike?")
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

// Measure is the name of a measure, as it stands in metrics.
type Measure string

// The measures.
const (
	MeasurePrecision Measure = "precision"
	MeasureRecall    Measure = "recall"
	MeasureF1        Measure = "f1"
	MeasureFPR       Measure = "fpr"
	MeasureFNR       Measure = "fnr"
	MeasureAccuracy  Measure = "accuracy"
	MeasureMCC       Measure = "mcc"
	MeasureROCAUC    Measure = "roc_auc"
	MeasurePRAUC     Measure = "pr_auc"
	MeasureLogLoss   Measure = "log_loss"
	MeasureBrier     Measure = "brier"
	MeasureECE       Measure = "ece"
	MeasureMAE       Measure = "mae"
	MeasureRMSE      Measure = "rmse"
	MeasureMAPE      Measure = "mape"
	MeasureBias      Measure = "bias"
	MeasureR2        Measure = "r2"
	MeasureNDCG      Measure = "ndcg"
	MeasureHitRate   Measure = "hit_rate"
	MeasureKappa     Measure = "kappa"
	MeasureAgreement Measure = "agreement"
)

// The averages over classes.
const (
	// Macro is the mean over classes.
	Macro = "macro"
	// Micro counts all classes together.
	Micro = "micro"
)

// Direction says which way of a measure is worse.
func (m Measure) Direction() Direction {
	switch m {
	case MeasureFPR, MeasureFNR, MeasureLogLoss, MeasureBrier, MeasureECE, MeasureMAE, MeasureRMSE, MeasureMAPE:
		return WorseUpwards
	case MeasureBias:
		return WorseOutwards
	default:
		return WorseDownwards
	}
}

// Direction is the way in which a measure becomes worse.
type Direction int

// The directions.
const (
	// WorseDownwards is that of a measure whose best value is its largest.
	WorseDownwards Direction = iota
	// WorseUpwards is that of an error.
	WorseUpwards
	// WorseOutwards is that of a measure whose best value is 0.
	WorseOutwards
)

// Score is a measure of rows.
type Score struct {
	Measure Measure
	// Class is the one against all others; empty where the measure is of all classes, or of the
	// positive one of a binary model.
	Class string
	// Average is Macro or Micro where the measure is an average over classes.
	Average string
	Interval
	// BinError is by how much the point may differ from that of the scores without bins; 0 is exact.
	BinError float64
}

// Scores returns the measures of a binary model, of which the positive class is given, or, where it
// is empty, those of each class, their averages, and of all. Classes without a row have none.
func (c *Confusion) Scores(positive string, level float64) []Score {
	out := []Score{{Measure: MeasureAccuracy, Interval: Accuracy(c, level)}, {Measure: MeasureMCC, Interval: MCC(c, level)}}
	if positive != "" {
		return append(out, c.Counts(positive).scores("", level)...)
	}
	var classes []Counts
	for _, class := range append(c.Classes(), Other) {
		counts := c.Counts(class)
		if sum(counts.truePositive, counts.falsePositive, counts.falseNegative).rows == 0 {
			continue
		}
		classes = append(classes, counts)
		out = append(out, counts.scores(class, level)...)
	}
	if len(classes) == 0 {
		return out
	}
	for _, m := range rates {
		out = append(out, Score{Measure: m.measure, Average: Macro, Interval: c.macro(classes, m, level)})
	}
	out = append(out, Score{Measure: MeasureF1, Average: Macro, Interval: MacroF1(c, level)})
	// With one answer for each row, what is a false positive of one class is a false negative of
	// another: these three are the accuracy.
	for _, m := range []Measure{MeasurePrecision, MeasureRecall, MeasureF1} {
		out = append(out, Score{Measure: m, Average: Micro, Interval: out[0].Interval})
	}
	return out
}

func (c Counts) scores(class string, level float64) []Score {
	out := make([]Score, 0, len(rates)+1)
	for _, m := range rates {
		out = append(out, Score{Measure: m.measure, Class: class, Interval: m.of(c, level)})
	}
	return append(out, Score{Measure: MeasureF1, Class: class, Interval: F1(c, level)})
}

// Scores returns the measures of the scores.
func (s *Scores) Scores(level float64) []Score {
	roc, rocError := ROCAUC(s, level)
	pr, prError := PRAUC(s, level)
	ece, eceError := ECE(s, level)
	return []Score{
		{Measure: MeasureROCAUC, Interval: roc, BinError: rocError},
		{Measure: MeasurePRAUC, Interval: pr, BinError: prError},
		{Measure: MeasureLogLoss, Interval: LogLoss(s, level)},
		{Measure: MeasureBrier, Interval: Brier(s, level)},
		{Measure: MeasureECE, Interval: ece, BinError: eceError},
	}
}

// Scores returns the measures of the errors.
func (r *Regression) Scores(level float64) []Score {
	return []Score{
		{Measure: MeasureMAE, Interval: MAE(r, level)},
		{Measure: MeasureRMSE, Interval: RMSE(r, level)},
		{Measure: MeasureMAPE, Interval: MAPE(r, level)},
		{Measure: MeasureBias, Interval: Bias(r, level)},
		{Measure: MeasureR2, Interval: R2(r, level)},
	}
}

// Scores returns the measures of the lists.
func (r *Ranking) Scores(level float64) []Score {
	return []Score{{Measure: MeasureNDCG, Interval: NDCG(r, level)}, {Measure: MeasureHitRate, Interval: HitRate(r, level)}}
}

// Measures are all measures.
func Measures() []Measure {
	return []Measure{
		MeasurePrecision, MeasureRecall, MeasureF1, MeasureFPR, MeasureFNR, MeasureAccuracy, MeasureMCC, MeasureROCAUC, MeasurePRAUC,
		MeasureLogLoss, MeasureBrier, MeasureECE, MeasureMAE, MeasureRMSE, MeasureMAPE, MeasureBias, MeasureR2, MeasureNDCG,
		MeasureHitRate, MeasureKappa, MeasureAgreement,
	}
}

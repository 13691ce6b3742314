// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

import (
	"math"

	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// Unlabelled counts rows without a label by the score of the positive class and by whether it was
// the answer.
type Unlabelled struct{ histogram }

// NewUnlabelled returns an empty one of so many bins, 2 to 10,000.
func NewUnlabelled(bins int) *Unlabelled { return &Unlabelled{newHistogram(bins)} }

// Add counts a row. It returns false, and counts nothing, where the score is none between 0 and 1
// or the weight not positive and finite.
func (u *Unlabelled) Add(score float64, predicted bool, weight float64) bool {
	return u.count(score, predicted, weight, 1)
}

// Remove takes a row away that was added.
func (u *Unlabelled) Remove(score float64, predicted bool, weight float64) bool {
	return u.count(score, predicted, weight, -1)
}

// Merge adds all rows of another one; false, and nothing is added, where it has other bins.
func (u *Unlabelled) Merge(o *Unlabelled) bool { return u.merge(&o.histogram) }

// Encode writes the counts.
func (u *Unlabelled) Encode(e *wire.Encoder) { u.encode(e) }

// DecodeUnlabelled reads what Encode wrote; the Decoder has what is wrong with it.
func DecodeUnlabelled(d *wire.Decoder) *Unlabelled { return &Unlabelled{decodeHistogram(d)} }

// Estimate is what the measures of rows without labels are expected to be: confidence-based
// performance estimation (CBPE; NannyML, docs "Confidence-based performance estimation"). A row with
// the calibrated probability p is p of a positive row and 1 − p of a negative one, and each measure
// is that of these parts.
//
// The bounds are those of what labels will show (not of what more rows would), if scores mean what
// they meant in the baseline. Two errors are in them: a label is yes or no, not p, which is
// Σ φ²·p(1−p) with φ the derivative of the measure by the row's label; and the calibration is of
// finitely many rows, which is (Σ φ)²·p(1−p)/m for each part of the scores with m rows in the
// baseline (parts, not blocks: an isotonic regression is no surer of a mean than the rows are). Both are taken from the same delta method as those of the measures with labels.
func (u *Unlabelled) Estimate(calibration Isotonic, level float64) []Score {
	e := u.expect(calibration)
	if !(e.weight > 0) {
		return nil
	}
	var out []Score
	t := studentQuantile(level, max(e.n-1, 1))
	add := func(m Measure, point float64, positive, negative func(bin int) float64, scale func(point, se, z, n float64) Interval) {
		if math.IsNaN(point) {
			out = append(out, Score{Measure: m, Interval: undefined(0, 1, e.n)})
			return
		}
		se, step := e.error(positive, negative)
		// Labels change the measure in steps, of which half a one belongs to each side.
		out = append(out, Score{Measure: m, Interval: scale(point, se+step/2/t, t, e.n)})
	}
	always := func(v float64) func(int) float64 { return func(int) float64 { return v } }
	tp, fp, fn, tn := e.tp, e.fp, e.fn, e.tn
	add(MeasureAccuracy, (tp+tn)/e.weight, always(1/e.weight), always(-1/e.weight), onLogit)

	// The smaller class decides how far what is a share of it, or an area, may be off.
	p, n := tp+fn, fp+tn
	precision := tp / (tp + fp)
	add(MeasurePrecision, precision, always(1/(tp+fp)), always(0), onLogit)
	all, smaller := t, studentQuantile(level, max(min(p, n)/e.weight*e.n-1, 1))
	t = smaller
	recall := tp / p
	add(MeasureRecall, recall, always((1-recall)/p), always(-recall/p), onLogit)
	fpr := fp / n
	add(MeasureFPR, fpr, always((fpr-1)/n), always(fpr/n), onLogit)
	add(MeasureFNR, 1-recall, always((recall-1)/p), always(recall/p), onLogit)
	t = all
	f1, d := 2*tp/(2*tp+fp+fn), 2*tp+fp+fn
	add(MeasureF1, f1, always((2-f1)/d), always(-f1/d), onLogit)

	mcc, root := math.NaN(), math.Sqrt((tp+fp)*(fn+tn))*math.Sqrt(p*n)
	if root > 0 {
		mcc = (tp*tn - fp*fn) / root
	}
	// With the answers given only the number of positives and the hits among them move.
	byTotal := mcc * (1/p - 1/n) / 2
	add(MeasureMCC, mcc, always((tn+fn)/root-byTotal), always(-(fp+tp)/root-byTotal), onFisher)

	t = smaller
	area := func(m Measure, g gradient) {
		by := func(i int) float64 { return g.positive[i] - g.negative[i] }
		if !(p > 0 && n > 0) {
			g.point = math.NaN()
		}
		add(m, g.point, by, by, onLogit)
	}
	area(MeasureROCAUC, e.soft.rocGradient())
	pr, _, _ := e.soft.prGradient()
	area(MeasurePRAUC, pr)

	t = all
	var logLoss, brier float64
	for i := range e.probability {
		w := e.bins[i].weight()
		if w == 0 {
			continue
		}
		score, q := e.bins[i].score(), e.probability[i]
		logLoss += w * (q*loss(score) + (1-q)*loss(1-score))
		brier += w * (q*(1-score)*(1-score) + (1-q)*score*score)
	}
	byLoss := func(i int) float64 {
		score := e.bins[i].score()
		return (loss(score) - loss(1-score)) / e.weight
	}
	add(MeasureLogLoss, logLoss/e.weight, byLoss, byLoss, plain)
	byBrier := func(i int) float64 { return (1 - 2*e.bins[i].score()) / e.weight }
	add(MeasureBrier, brier/e.weight, byBrier, byBrier, plain)
	return out
}

func loss(p float64) float64 { return -math.Log(max(p, leastProbability)) }

// plain is the interval of a measure of at least 0 that is about normal itself.
func plain(point, se, z, n float64) Interval {
	return Interval{Point: point, Lower: max(point-z*se, 0), Upper: point + z*se, N: n}
}

// Weights are the expected sums of the weights of true positives, false positives, false negatives
// and true negatives.
func (u *Unlabelled) Weights(calibration Isotonic) (tp, fp, fn, tn float64) {
	e := u.expect(calibration)
	return e.tp, e.fp, e.fn, e.tn
}

// expected are rows in parts of positive and negative ones.
type expected struct {
	bins        []bin
	probability []float64
	calibration Isotonic
	soft        histogram
	weight, n   float64
	tp, fp      float64
	fn, tn      float64
}

func (u *Unlabelled) expect(calibration Isotonic) *expected {
	e := &expected{bins: u.bins, probability: make([]float64, len(u.bins)), calibration: calibration, soft: histogram{last: u.last, numbers: u.numbers, bins: make([]bin, len(u.bins))}}
	var all cell
	for i := range u.bins {
		b := &u.bins[i]
		if b.empty() {
			continue
		}
		p := calibration.At(b.score())
		e.probability[i] = p
		e.tp += b.positive.weight * p
		e.fp += b.positive.weight * (1 - p)
		e.fn += b.negative.weight * p
		e.tn += b.negative.weight * (1 - p)
		e.soft.bins[i].positive.weight = b.weight() * p
		e.soft.bins[i].negative.weight = b.weight() * (1 - p)
		all = sum(all, b.positive, b.negative)
	}
	e.weight, e.n = all.weight, all.n()
	return e
}

// error is the standard error of a measure, given its derivative by the label of a row that was taken
// for positive, and of one that was not, and how much the label of one row changes it in the mean.
func (e *expected) error(positive, negative func(bin int) float64) (se, step float64) {
	points := make([]float64, len(e.calibration.scores))
	var v, rows float64
	for i := range e.bins {
		b := &e.bins[i]
		if b.empty() {
			continue
		}
		dp, dn := positive(i), negative(i)
		p := e.probability[i]
		v += (b.positive.squares*dp*dp + b.negative.squares*dn*dn) * p * (1 - p)
		unsure := (b.positive.weight*math.Abs(dp) + b.negative.weight*math.Abs(dn)) * p * (1 - p)
		step += unsure
		rows += (b.positive.weight*one(dp != 0) + b.negative.weight*one(dn != 0)) * p * (1 - p)
		total := b.positive.weight*dp + b.negative.weight*dn
		first, second, part := e.calibration.between(b.score())
		points[first] += total * (1 - part)
		points[second] += total * part
	}
	v += e.calibration.variance(points)
	if rows > 0 {
		step /= rows
	}
	return math.Sqrt(v), step
}

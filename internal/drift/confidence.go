// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"math"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// lowConfidence is the key of the threshold below which a confidence is low.
const lowConfidence = "low_confidence"

// defaultLowConfidence is the threshold of low confidence, unless Thresholds has another one.
const defaultLowConfidence = 0.5

// Figure is a number of a window and of its reference. The reference's is NaN where there is none.
type Figure struct{ Window, Reference float64 }

// Summary says in a few numbers how sure a model was.
type Summary struct {
	// Mean is the mean confidence: the accuracy to expect of a model that is calibrated. Low is the
	// share of confidences below the threshold. Both are of the subject Confidence, 0 to 1.
	Mean, Low Figure
	// Entropy is that of the shares of the classes over the logarithm of their number: 0 where all
	// predictions are of one class, 1 where all classes are as frequent. It is of the subject Class.
	Entropy Figure
}

// summary returns the summary of a window beside a reference, which may be nil; nil of a subject that
// has none, and without values.
func (p *plan) summary(subject Subject, ref, cur *distribution.Sample) *Summary {
	if subject != Confidence && subject != Class {
		return nil
	}
	pair, compared := distribution.Match(ref, cur)
	if !compared {
		var ok bool
		if pair, ok = distribution.Match(cur, cur); !ok {
			return nil
		}
	}
	unknown := Figure{math.NaN(), math.NaN()}
	out := &Summary{Mean: unknown, Low: unknown, Entropy: unknown}
	if subject == Class {
		before, now := pair.Shares()
		out.Entropy = entropies(before, now)
	} else if pair.Numeric() {
		before, now := pair.Samples(stats.KS)
		out.Mean = Figure{meanOf(&now), meanOf(&before)}
		out.Low = Figure{shareBelow(&now, p.lowConfidence), shareBelow(&before, p.lowConfidence)}
	}
	if !compared {
		out.Mean.Reference, out.Low.Reference, out.Entropy.Reference = math.NaN(), math.NaN(), math.NaN()
	}
	return out
}

// entropies returns Shannon's entropy of the shares of a window and of its reference, over the
// logarithm of the number of classes that either has.
func entropies(before, now []float64) Figure {
	classes := 0
	entropy := func(p float64) float64 {
		if p <= 0 {
			return 0
		}
		return -p * math.Log(p)
	}
	var f Figure
	for i := range now {
		if before[i] > 0 || now[i] > 0 {
			classes++
		}
		f.Window += entropy(now[i])
		f.Reference += entropy(before[i])
	}
	if classes < 2 {
		return Figure{}
	}
	most := math.Log(float64(classes))
	return Figure{min(f.Window/most, 1), min(f.Reference/most, 1)}
}

// confidenceBin returns the ends of a bin of confidences, which are from 0 to 1.
func confidenceBin(s *stats.Sample, i int) (lower, upper float64) {
	lower, upper = s.Min, s.Max
	if i > 0 {
		lower = s.Bounds[i-1]
	} else if !(lower <= s.Bounds[0]) {
		lower = s.Bounds[0]
	}
	if i < len(s.Bounds) {
		upper = s.Bounds[i]
	} else if !(upper >= lower) {
		upper = lower
	}
	return min(max(lower, 0), 1), min(max(upper, 0), 1)
}

// meanOf returns the mean of confidences, each taken to lie in the middle of its bin: it is off by
// no more than half the mean width of the bins.
func meanOf(s *stats.Sample) float64 {
	sum, n := 0.0, 0.0
	for i, count := range s.Counts {
		lower, upper := confidenceBin(s, i)
		sum += count * (lower + upper) / 2
		n += count
	}
	return sum / n
}

// shareBelow returns the share of confidences below a threshold. Within the bin that has the
// threshold they are taken to be spread evenly: it is off by no more than the share of that bin.
func shareBelow(s *stats.Sample, threshold float64) float64 {
	below, n := 0.0, 0.0
	for i, count := range s.Counts {
		n += count
		switch lower, upper := confidenceBin(s, i); {
		case upper < threshold:
			below += count
		case upper == threshold && lower >= math.Nextafter(upper, 0):
			// A bin of the threshold alone.
		case lower < threshold && upper > lower:
			below += count * (threshold - lower) / (upper - lower)
		}
	}
	return below / n
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package imported

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
)

// statistics is SageMaker Model Monitor's statistics.json ("Schema for Statistics" of its
// documentation).
type statistics struct {
	Dataset struct {
		ItemCount float64 `json:"item_count"`
	} `json:"dataset"`
	Features []struct {
		Name         string `json:"name"`
		InferredType string `json:"inferred_type"`
		Numerical    *struct {
			Common       common  `json:"common"`
			Mean         float64 `json:"mean"`
			StdDev       float64 `json:"std_dev"`
			Min          float64 `json:"min"`
			Max          float64 `json:"max"`
			Distribution struct {
				KLL kllJSON `json:"kll"`
			} `json:"distribution"`
		} `json:"numerical_statistics"`
		Text *struct {
			Common       common  `json:"common"`
			Distinct     float64 `json:"distinct_count"`
			Distribution struct {
				Categorical struct {
					Buckets []struct {
						Value string  `json:"value"`
						Count float64 `json:"count"`
					} `json:"buckets"`
				} `json:"categorical"`
			} `json:"distribution"`
		} `json:"string_statistics"`
	} `json:"features"`
}

type common struct {
	Present float64 `json:"num_present"`
	Missing float64 `json:"num_missing"`
}

// kllJSON is a KLL sketch of Deequ, and a histogram that was made of it: buckets of equal width with
// their lower bound and without their upper one. The values of level i of the sketch stand for 2^i rows.
type kllJSON struct {
	Buckets []struct {
		Low   float64 `json:"lower_bound"`
		High  float64 `json:"upper_bound"`
		Count float64 `json:"count"`
	} `json:"buckets"`
	Sketch struct {
		Parameters struct {
			K float64 `json:"k"`
		} `json:"parameters"`
		Data [][]float64 `json:"data"`
	} `json:"sketch"`
}

func readSageMaker(data []byte) (*Source, error) {
	var of statistics
	if err := json.Unmarshal(data, &of); err != nil {
		if at, ok := errors.AsType[*json.SyntaxError](err); ok {
			return nil, fmt.Errorf("byte %d: %w", at.Offset, err)
		}
		if at, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return nil, fmt.Errorf("byte %d: %s: %w", at.Offset, at.Field, err)
		}
		return nil, err
	}
	if err := tooManyColumns(len(of.Features)); err != nil {
		return nil, err
	}
	s := &Source{Rows: whole(of.Dataset.ItemCount)}
	for i := range of.Features {
		f := &of.Features[i]
		c := &Column{Name: f.Name, Integral: f.InferredType == "Integral"}
		switch {
		case f.Numerical != nil:
			n := &numbers{count: whole(f.Numerical.Common.Present), min: f.Numerical.Min, max: f.Numerical.Max, mean: f.Numerical.Mean, stdDev: f.Numerical.StdDev}
			c.Missing = whole(f.Numerical.Common.Missing)
			c.readKLL(n, &f.Numerical.Distribution.KLL)
		case f.Text != nil:
			c.Missing = whole(f.Text.Common.Missing)
			c.values = &values{count: whole(f.Text.Common.Present)}
			for _, b := range f.Text.Distribution.Categorical.Buckets {
				c.values.addFraction(b.Value, b.Count)
			}
		default:
			c.Left = fmt.Sprintf("it is of type %q, of which the file has no distribution", f.InferredType)
		}
		s.Columns = append(s.Columns, c)
	}
	return s, nil
}

// whole is a count that JSON has as a number; what can be none is 0.
func whole(v float64) uint64 {
	if !(v >= 0 && v < 1<<53) {
		return 0
	}
	return uint64(math.Round(v))
}

// readKLL takes the sketch if its values stand for all rows, which it has more of than the buckets show.
func (c *Column) readKLL(n *numbers, of *kllJSON) {
	if n.count == 0 {
		c.Left = fmt.Sprintf("it has no value in any of %d rows", c.Missing)
		return
	}
	points, ok := of.points(n.count)
	if ok {
		k := kll{k: int(min(of.Sketch.Parameters.K, math.MaxUint16)), n: n.count, levels: len(of.Sketch.Data), min: n.min, max: n.max, points: points}
		if sketch, err := k.sketch(); err == nil {
			n.shape, c.numbers = sketch, n
			c.Basis = fmt.Sprintf("KLL sketch, k %d, %d of %d values", k.k, len(points), n.count)
			if e := k.shareError(); e > 0 {
				c.note("the share of rows in any range is within %.1f %% of the data's, in 99 of 100 sketches: %d bins at most", 100*e, sketch.maxBins)
			}
			return
		}
	}
	if len(of.Sketch.Data) > 0 {
		c.note("its sketch does not stand for all of its %d values, and is not used", n.count)
	}
	var buckets []bucket
	for _, b := range of.Buckets {
		buckets = append(buckets, bucket{b.Low, b.High, b.Count})
	}
	if len(buckets) == 0 {
		c.Left = "the file has no histogram of it"
		return
	}
	shape, err := newHistogram(buckets, n.count)
	if err != nil {
		c.Left = err.Error()
		return
	}
	n.shape, c.numbers = shape, n
	c.Basis = fmt.Sprintf("histogram of %d buckets of equal width", len(buckets))
	c.note("a column with outliers has most rows in one bucket of equal width: changes inside of a bucket are not seen")
}

// points are the values of the sketch if they stand for count rows.
func (k *kllJSON) points(count uint64) (out []point, ok bool) {
	if len(k.Sketch.Data) > kllMaxLevels {
		return nil, false
	}
	left := count
	for level, items := range k.Sketch.Data {
		weight := uint64(1) << level
		if uint64(len(items)) > left/weight {
			return nil, false
		}
		left -= weight * uint64(len(items))
		for _, v := range items {
			out = append(out, point{v, weight})
		}
	}
	return out, left == 0 && len(out) > 0
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package accumulators

import (
	"math"

	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/series"
)

// Key says what an accumulator counts: a model or one of its cohorts, in one minute.
type Key struct {
	Model *series.Model
	// Dimension is 0 for the model's total, else 1 + the index of a segment dimension in the
	// model's plan.
	Dimension int
	// Cohort is an id of the dimension's Dict.
	Cohort uint32
	// Minute is in minutes since 1970.
	Minute int64
}

// Total is true for the total of a model.
func (k Key) Total() bool { return k.Dimension == 0 }

// Prediction counts the answers of one Key.
type Prediction struct {
	// Rows is the number of predictions, Excess how much the squares of their weights add up to
	// beyond it.
	Rows, Excess uint64
	// Classes are the predictions per class, by id of the model's Classes, and ClassExcess their
	// Excess, which is shorter or nil where there is none.
	Classes     []uint32
	ClassExcess []uint64
	// ClassExamples are spans of them; nil where there are none.
	ClassExamples *Examples
	// Value and Confidence have the bins of the baseline on a total and its groups on a cohort.
	Value, Confidence Histogram
	// Calls are the predictions by service and error; on a total.
	Calls []Call
	// Usage is what calls of the model used, by id of the model's Services; on a total.
	Usage []Usage
	// Contract is what the model's contract counts; on a total.
	Contract Contract
}

// Features counts the features of one Key.
type Features struct {
	Rows uint64
	// Numeric and Categories are indexed by slot on a total and by Column.Segment on a cohort. They
	// grow as slots are added to the model.
	Numeric    []Histogram
	Categories [][]uint32
	// CategoryExcess is the Excess of Categories; both levels are shorter or nil where there is
	// none.
	CategoryExcess [][]uint64
	// Missing is indexed by slot on totals and on cohorts, and so is its Excess, which is shorter or
	// nil where there is none.
	Missing       []uint32
	MissingExcess []uint64
	// Centroids are those of the plan's; shorter, or nil, where there are none yet. On a total.
	Centroids []Centroid
	// Examples are spans of Categories, MissingExamples of Missing, by slot; nil where there are
	// none.
	Examples        []*Examples
	MissingExamples *Examples
}

// maxRows is the rows of an accumulator at which another one is begun, so that no uint32 can
// overflow: one span adds less than the other half of the range.
const maxRows = math.MaxUint32 / 2

// Full is true where the accumulator must not be added to.
func (p *Prediction) Full() bool { return p.Rows > maxRows }

// Full is true where the accumulator must not be added to.
func (f *Features) Full() bool { return f.Rows > maxRows }

func newFeatures(key Key, exemplars bool) *Features {
	f := &Features{}
	plan := key.Model.Plan
	total := key.Total()
	n := len(plan.Columns)
	if !total {
		n = plan.SegmentFeatures
	}
	f.Numeric = make([]Histogram, n)
	f.Categories = make([][]uint32, n)
	f.Examples = make([]*Examples, n)
	f.Missing = make([]uint32, len(plan.Columns))
	each := func(visit func(i, bins int)) {
		for slot, c := range plan.Columns {
			switch {
			case c.Bins == nil:
			case total:
				visit(slot, c.Bins.Len())
			case c.Segment >= 0:
				visit(c.Segment, c.Groups.Len())
			}
		}
	}
	bins, histograms := 0, 0
	each(func(_, n int) { bins += n; histograms++ })
	counts := make([]uint32, bins)
	var extremes []Extremes
	if exemplars {
		extremes = make([]Extremes, histograms)
	}
	each(func(i, n int) {
		var e *Extremes
		if exemplars {
			e, extremes = &extremes[0], extremes[1:]
		}
		f.Numeric[i].init(counts[:n:n], e)
		counts = counts[n:]
	})
	return f
}

// Grow makes room for the given number of slots, or segment features on a cohort.
func (f *Features) Grow(n int) {
	for len(f.Numeric) < n {
		f.Numeric = append(f.Numeric, Histogram{})
		f.Categories = append(f.Categories, nil)
		f.Examples = append(f.Examples, nil)
	}
}

// AddMissing counts rows without a value of the feature in a slot.
func (f *Features) AddMissing(slot int, weight Weight, ref *Ref) {
	for len(f.Missing) <= slot {
		f.Missing = append(f.Missing, 0)
	}
	if f.Missing[slot] == 0 {
		f.MissingExamples = f.MissingExamples.offer(uint32(slot), ref)
	}
	f.Missing[slot] += weight.Rows
	if weight.Excess > 0 {
		f.MissingExcess = addExcess(f.MissingExcess, slot, weight.Excess)
	}
}

// AddCategory counts a value of the feature in a slot by id; known is the number of ids to make
// room for at once.
func (f *Features) AddCategory(slot int, id uint32, known int, weight Weight, ref *Ref) {
	f.Categories[slot] = addCategory(f.Categories[slot], id, known, weight.Rows)
	if weight.Excess > 0 {
		f.CategoryExcess = grow(f.CategoryExcess, slot+1)
		f.CategoryExcess[slot] = addExcess(f.CategoryExcess[slot], int(id), weight.Excess)
	}
	if f.Categories[slot][id] == weight.Rows {
		f.Examples[slot] = f.Examples[slot].offer(id, ref)
	}
}

// AddClass counts predictions of a class by id; known is the number of ids to make room for at
// once.
func (p *Prediction) AddClass(id uint32, known int, weight Weight, ref *Ref) {
	p.Classes = addCategory(p.Classes, id, known, weight.Rows)
	if weight.Excess > 0 {
		p.ClassExcess = addExcess(p.ClassExcess, int(id), weight.Excess)
	}
	if p.Classes[id] == weight.Rows {
		p.ClassExamples = p.ClassExamples.offer(id, ref)
	}
}

func addCategory(counts []uint32, id uint32, known int, weight uint32) []uint32 {
	if int(id) >= len(counts) {
		grown := make([]uint32, max(int(id)+1, known+1))
		copy(grown, counts)
		counts = grown
	}
	counts[id] += weight
	return counts
}

func mergeCounts[N uint32 | uint64](a, b []N) []N {
	if len(a) < len(b) {
		a, b = b, a
	}
	for i, n := range b {
		a[i] += n
	}
	return a
}

func (p *Prediction) rows() uint64 { return p.Rows }

func (p *Prediction) merge(o *Prediction) {
	p.Rows += o.Rows
	p.Excess += o.Excess
	p.Classes = mergeCounts(p.Classes, o.Classes)
	p.ClassExcess = mergeCounts(p.ClassExcess, o.ClassExcess)
	p.ClassExamples = p.ClassExamples.add(o.ClassExamples)
	p.Value.merge(&o.Value)
	p.Confidence.merge(&o.Confidence)
	for i := range o.Calls {
		c := &o.Calls[i]
		p.call(c.Service, c.Error).merge(c)
	}
	for len(p.Usage) < len(o.Usage) {
		p.Usage = append(p.Usage, Usage{})
	}
	for i := range o.Usage {
		p.Usage[i].merge(&o.Usage[i])
	}
}

func (f *Features) rows() uint64 { return f.Rows }

func (f *Features) merge(o *Features) {
	f.Rows += o.Rows
	f.Grow(len(o.Numeric))
	for i := range o.Numeric {
		f.Numeric[i].merge(&o.Numeric[i])
		f.Categories[i] = mergeCounts(f.Categories[i], o.Categories[i])
		f.Examples[i] = f.Examples[i].add(o.Examples[i])
	}
	f.CategoryExcess = grow(f.CategoryExcess, len(o.CategoryExcess))
	for i := range o.CategoryExcess {
		f.CategoryExcess[i] = mergeCounts(f.CategoryExcess[i], o.CategoryExcess[i])
	}
	f.Centroids = addCentroids(f.Centroids, o.Centroids)
	f.Missing = mergeCounts(f.Missing, o.Missing)
	f.MissingExcess = mergeCounts(f.MissingExcess, o.MissingExcess)
	f.MissingExamples = f.MissingExamples.add(o.MissingExamples)
}

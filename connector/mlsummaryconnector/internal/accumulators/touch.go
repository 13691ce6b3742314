// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package accumulators

import "github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/series"

// Touch notes in the tables of all models what was counted: it was in use at a flush.
func (t *Taken) Touch(now series.Moment) {
	for k, p := range t.predictions {
		p.touch(k, now)
	}
	for _, e := range t.fullPredictions {
		e.accumulator.touch(e.key, now)
	}
	for k, f := range t.features {
		f.touch(k, now)
	}
	for _, e := range t.fullFeatures {
		e.accumulator.touch(e.key, now)
	}
}

func (k Key) touch(now series.Moment) {
	k.Model.Touch(now)
	if !k.Total() {
		k.Model.Cohorts[k.Dimension-1].TouchID(k.Cohort, now)
	}
}

func (p *Prediction) touch(k Key, now series.Moment) {
	k.touch(now)
	k.Model.Classes.Touch(p.Classes, now)
	for i := range p.Calls {
		k.Model.Services.TouchID(p.Calls[i].Service, now)
		if e := p.Calls[i].Error; e > OtherError {
			k.Model.Errors.TouchID(e-1, now)
		}
	}
	for id := range p.Contract.Checked {
		if p.Contract.Checked[id].Rows > 0 {
			k.Model.Sources.TouchID(uint32(id), now)
		}
	}
	for v := range p.Contract.Violations {
		k.Model.Sources.TouchID(v.Source, now)
		k.Model.Checks.TouchID(v.Check, now)
	}
	for id := range p.Usage {
		if p.Usage[id].any() {
			k.Model.Services.TouchID(uint32(id), now)
		}
	}
}

// touch leaves model and cohort alone: their predictions were counted with the features, and may have
// been flushed before.
func (f *Features) touch(k Key, now series.Moment) {
	if !k.Total() {
		return // what a cohort has, the total has, too
	}
	k.Model.TouchFeatures(func(slot int) (numbers uint64, ok bool) {
		if slot < len(f.Numeric) {
			numbers, ok = f.Numeric[slot].N, f.Numeric[slot].N > 0 || len(f.Categories[slot]) > 0
		}
		return numbers, ok || slot < len(f.Missing) && f.Missing[slot] > 0
	}, now)
	features := k.Model.Features()
	for slot, counts := range f.Categories {
		if len(counts) > 0 && slot < len(features) {
			touchCategories(features[slot], counts, now)
		}
	}
}

func touchCategories(f *series.Feature, counts []uint32, now series.Moment) {
	if f.Categories != nil {
		f.Categories.Touch(counts, now)
	}
}

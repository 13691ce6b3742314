// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package flush

import (
	"cmp"
	"maps"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/accumulators"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/series"
	"github.com/otelcol-ml/otelcol-ml/internal/delta"
)

// contract encodes the rows of a model that has a contract, and what they broke, by source.
func (e *encoder) contract(c *accumulators.Contract) {
	for id := range c.Checked {
		if one := &c.Checked[id]; one.Rows > 0 {
			d := e.of(delta.ContractRows)
			d.Consumer = e.from(uint32(id))
			d.SetCount(one.Rows, one.Excess)
			e.add(&d)
		}
	}
	keys := slices.SortedFunc(maps.Keys(c.Violations), func(a, b accumulators.ViolationKey) int {
		return cmp.Or(cmp.Compare(a.Check, b.Check), cmp.Compare(a.Source, b.Source))
	})
	for _, k := range keys {
		e.violation(k, c.Violations[k])
	}
}

func (e *encoder) violation(k accumulators.ViolationKey, v *accumulators.Violation) {
	d := e.of(delta.Violations)
	d.Consumer = e.from(k.Source)
	if k.Check == series.OverflowID {
		d.Consumer.Overflow = true
	} else {
		check := series.ParseCheck(e.dict(e.accumulator.Model.Checks)[k.Check])
		d.Consumer.Feature, d.Consumer.Check, d.Consumer.Severity = check.Subject, check.Check, check.Severity
	}
	d.SetCount(v.Rows, v.Excess)
	if !v.Example.Trace.IsEmpty() {
		d.Exemplars = []delta.Exemplar{exemplar(&v.Example, 1)}
	}
	e.add(&d)
}

// from is of whom rows of a source are.
func (e *encoder) from(source uint32) delta.Consumer {
	if source == series.OverflowID {
		return delta.Consumer{Overflow: true}
	}
	return delta.Consumer{Source: e.dict(e.accumulator.Model.Sources)[source]}
}

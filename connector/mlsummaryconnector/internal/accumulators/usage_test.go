// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package accumulators

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/series"
)

func TestCostsAreBounded(t *testing.T) {
	var u Usage
	for i := range 20 {
		u.AddCost(strconv.Itoa(i), 1)
		u.AddCost("0", 0.5)
	}
	assert.Len(t, u.Costs, maxCurrencies+1)
	assert.Equal(t, Cost{Currency: "0", Sum: 11}, u.Costs[0])
	assert.Equal(t, Cost{Sum: 12, Overflow: true}, u.Costs[maxCurrencies])
	var sum UsageSum
	sum.add(&u)
	sum.add(&u)
	assert.InDelta(t, 24, sum.Costs[maxCurrencies].Sum, 0)
}

// TestUsageIsInTheBudget: what services use is counted as live and given back, folded or not.
func TestUsageIsInTheBudget(t *testing.T) {
	budget := NewBudget(1000)
	table := NewTable(budget, false)
	m := &series.Model{}
	var ref Ref
	for minute := range int64(2) {
		p := table.Prediction(Key{Model: m, Minute: minute})
		for service := range uint32(3) {
			table.Usage(p, service).Add(InputTokens, 1, Weight{Rows: 1}, &ref, false)
		}
		table.Usage(p, 2).AddCost("USD", 2)
	}
	assert.Equal(t, int64(2*(predictionCost+3*usageCost)), budget.Live())
	assert.Equal(t, 1, table.Fold())
	assert.Equal(t, int64(predictionCost+3*usageCost), budget.Live())
	sums := NewSums()
	sums.Add(table.Take(true), true)
	assert.Zero(t, budget.Live())
	p := sums.Predictions[Key{Model: m}]
	assert.Len(t, p.Usage, 3)
	assert.Equal(t, uint64(2), p.Usage[2].Histograms[InputTokens].N)
	assert.Equal(t, []Cost{{Currency: "USD", Sum: 4}}, p.Usage[2].Costs)
	assert.Zero(t, p.Usage[2].Histograms[OutputTokens].N)
}

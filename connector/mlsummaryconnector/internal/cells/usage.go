// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package cells

import "strings"

// TokenBounds are the bounds of gen_ai.client.token.usage, those that OpenTelemetry's conventions advise.
var TokenBounds = []float64{1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864}

// Usage is what the calls of one service used.
type Usage struct {
	// Input and Output are tokens a call, with TokenBounds.
	Input, Output Histogram
	// Costs are by currency.
	Costs []Cost
}

// Cost is a sum in one currency; of an empty one, none was given.
type Cost struct {
	Currency string
	Sum      float64
	// Overflow is true for the sum of what found no room: amounts in unlike currencies, which say only that there were any.
	Overflow bool
}

// maxCurrencies is the number of currencies of one service of one model.
const maxCurrencies = 8

// AddCost adds an amount.
func (u *Usage) AddCost(currency string, amount float64) {
	u.Costs = addCost(u.Costs, Cost{Currency: currency, Sum: amount})
}

func addCost(list []Cost, c Cost) []Cost {
	for i := range list {
		if list[i].Currency == c.Currency && list[i].Overflow == c.Overflow {
			list[i].Sum += c.Sum
			return list
		}
	}
	if len(list) >= maxCurrencies && !c.Overflow {
		return addCost(list, Cost{Sum: c.Sum, Overflow: true})
	}
	c.Currency = strings.Clone(c.Currency)
	return append(list, c)
}

func (u *Usage) merge(o *Usage) {
	u.Input.merge(&o.Input)
	u.Output.merge(&o.Output)
	for _, c := range o.Costs {
		u.Costs = addCost(u.Costs, c)
	}
}

// UsageSum is Usage, added up.
type UsageSum struct {
	Input, Output HistogramSum
	Costs         []Cost
}

func (s *UsageSum) add(o *Usage) {
	s.Input.add(&o.Input)
	s.Output.add(&o.Output)
	for _, c := range o.Costs {
		s.Costs = addCost(s.Costs, c)
	}
}

// usageCost is what a service's usage counts for in the budget.
const usageCost = 3

// predictionCostOf is what a cell counts for in the budget.
func predictionCostOf(p *Prediction) int64 { return predictionCost + usageCost*int64(len(p.Usage)) }

// Usage returns what the service of an id used.
func (t *Table) Usage(p *Prediction, service uint32) *Usage {
	if d := int(service) + 1 - len(p.Usage); d > 0 {
		p.Usage = append(p.Usage, make([]Usage, d)...)
		t.budget.live.Add(int64(d) * usageCost)
	}
	return &p.Usage[service]
}

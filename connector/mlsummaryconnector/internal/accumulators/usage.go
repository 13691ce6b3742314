// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package accumulators

import (
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/boundedname"
	"github.com/otelcol-ml/otelcol-ml/internal/delta"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
)

// Measure is what is measured of a call of a generative model.
type Measure uint8

// The measures.
const (
	InputTokens Measure = iota
	OutputTokens
	FirstChunk
	InputCharacters
	OutputCharacters
	InputMessages
	OutputMessages
	measures
)

// Measured says how a Measure is counted.
type Measured struct {
	Subject delta.Subject
	// Unit is that of a delta.Consumer.
	Unit string
	Bins *distribution.Bins
}

// Measures are all measures.
var Measures = [measures]Measured{
	InputTokens:      {delta.Tokens, "input", fixed(TokenBounds)},
	OutputTokens:     {delta.Tokens, "output", fixed(TokenBounds)},
	FirstChunk:       {delta.FirstChunk, "", fixed(firstChunkBounds)},
	InputCharacters:  {delta.Length, "input.characters", fixed(TokenBounds)},
	OutputCharacters: {delta.Length, "output.characters", fixed(TokenBounds)},
	InputMessages:    {delta.Length, "input.messages", fixed(messageBounds)},
	OutputMessages:   {delta.Length, "output.messages", fixed(messageBounds)},
}

// TokenBounds are the bounds of gen_ai.client.token.usage, those that OpenTelemetry's conventions
// advise.
var TokenBounds = []float64{1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864}

// firstChunkBounds are those that OpenTelemetry's conventions advise for
// gen_ai.server.time_to_first_token, and more above, as a client waits for more than the server.
var firstChunkBounds = []float64{
	0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80,
}

var messageBounds = []float64{1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64, 128, 256, 1024}

func fixed(bounds []float64) *distribution.Bins {
	bins, err := distribution.NewBins(bounds)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return bins
}

// Usage is what the calls of one service used.
type Usage struct {
	// Histograms are by Measure.
	Histograms [measures]Histogram
	// Costs are by currency.
	Costs []Cost
}

// Add counts a value of a measure.
func (u *Usage) Add(m Measure, v float64, weight Weight, ref *Ref, exemplars bool) {
	bins := Measures[m].Bins
	u.Histograms[m].AddLazy(bins.Len(), bins.Index(v), v, weight, ref, exemplars)
}

// any is true where something was counted.
func (u *Usage) any() bool {
	for i := range u.Histograms {
		if u.Histograms[i].N > 0 {
			return true
		}
	}
	return len(u.Costs) > 0
}

// Cost is a sum in one currency; of an empty one, none was given.
type Cost struct {
	Currency string
	Sum      float64
	// Overflow is true for the sum of what found no room: amounts in unlike currencies, which say
	// only that there were any.
	Overflow bool
}

// maxCurrencies is the number of currencies of one service of one model.
const maxCurrencies = 8

// AddCost adds an amount.
func (u *Usage) AddCost(currency string, amount float64) {
	currency, _ = boundedname.Cut(currency)
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
	for i := range o.Histograms {
		u.Histograms[i].merge(&o.Histograms[i])
	}
	for _, c := range o.Costs {
		u.Costs = addCost(u.Costs, c)
	}
}

// UsageSum is Usage, added up.
type UsageSum struct {
	Histograms [measures]HistogramSum
	Costs      []Cost
}

func (s *UsageSum) add(o *Usage) {
	for i := range o.Histograms {
		s.Histograms[i].add(&o.Histograms[i])
	}
	for _, c := range o.Costs {
		s.Costs = addCost(s.Costs, c)
	}
}

// usageCost is what a service's usage counts for in the budget.
const usageCost = 3

// predictionCostOf is what an accumulator counts for in the budget.
func predictionCostOf(p *Prediction) int64 {
	return predictionCost + usageCost*int64(len(p.Usage)) + callCost*int64(len(p.Calls)) + p.Contract.cost()
}

// Usage returns what the service of an id used.
func (t *Table) Usage(p *Prediction, service uint32) *Usage {
	if d := int(service) + 1 - len(p.Usage); d > 0 {
		p.Usage = append(p.Usage, make([]Usage, d)...)
		t.budget.live.Add(int64(d) * usageCost)
	}
	return &p.Usage[service]
}

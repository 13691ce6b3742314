// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"slices"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc"
)

// Prices are what a generative model's tokens cost, per million; nil where the card does not say.
type Prices struct {
	InputPerMillion, OutputPerMillion *float64
	// CachedInputPerMillion is for those of the input tokens that the provider had cached; nil if
	// they cost what others do.
	CachedInputPerMillion *float64
	// CacheWritePerMillion is for those of the input tokens that the provider wrote to its cache;
	// nil if they cost what others do.
	CacheWritePerMillion *float64
	// Currency is as in ISO 4217.
	Currency string
	// From is when they begin to hold; zero for ever.
	From time.Time
	// Before are the prices until From; nil if there are none.
	Before *Prices
}

// At returns the prices that hold at a time: the last ones that have begun. It is nil before the
// first, and of nil prices.
func (p *Prices) At(t time.Time) *Prices {
	for p != nil && t.Before(p.From) {
		p = p.Before
	}
	return p
}

// prices reads what tokens cost, the latest prices first; nil without any.
func (o object) prices() *Prices {
	const key = "prices"
	if _, ok := o.m[key].([]any); ok {
		return priceList(o.blocks(key))
	}
	if block := o.block(key); len(block.m) > 0 {
		return block.price()
	}
	return nil
}

// priceList chains prices by their time. Two of one time are a violation.
func priceList(blocks []object) *Prices {
	all := make([]*Prices, 0, len(blocks))
	for _, b := range blocks {
		p := b.price()
		if len(b.m) == 0 || b.has("from") && p.From.IsZero() { // which was reported
			continue
		}
		if first := slices.IndexFunc(all, func(other *Prices) bool { return other.From.Equal(p.From) }); first >= 0 {
			if b.has("from") {
				b.fail([]string{"from"}, "the prices from %q on are at [%d] already", yamldoc.Clip(b.text("from")), first)
			} else {
				b.fail(nil, "needs from: the prices at [%d] have none, and only one can", first)
			}
		}
		all = append(all, p)
	}
	slices.SortStableFunc(all, func(a, b *Prices) int { return a.From.Compare(b.From) })
	var last *Prices
	for _, p := range all {
		p.Before = last
		last = p
	}
	return last
}

// price reads one block of prices. The currency is USD unless it names one.
func (o object) price() *Prices {
	p := &Prices{
		InputPerMillion: o.number("input_per_million"), OutputPerMillion: o.number("output_per_million"),
		CachedInputPerMillion: o.number("cached_input_per_million"), CacheWritePerMillion: o.number("cache_write_per_million"),
		Currency: o.text("currency"), From: o.timestamp("from"),
	}
	if p.Currency == "" {
		p.Currency = "USD"
	}
	for _, key := range []string{"cached_input_per_million", "cache_write_per_million"} {
		if o.has(key) && !o.has("input_per_million") {
			o.fail([]string{key}, "needs input_per_million")
		}
	}
	if o.has("from") && !o.has("input_per_million") && !o.has("output_per_million") {
		o.fail([]string{"from"}, "needs input_per_million or output_per_million")
	}
	return p
}

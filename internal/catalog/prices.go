// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package catalog

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
}

// prices reads what tokens cost; nil without a block. The currency is USD unless the block names
// one.
func (o object) prices() *Prices {
	block := o.block("prices")
	if len(block.m) == 0 {
		return nil
	}
	p := &Prices{
		InputPerMillion: block.number("input_per_million"), OutputPerMillion: block.number("output_per_million"),
		CachedInputPerMillion: block.number("cached_input_per_million"), CacheWritePerMillion: block.number("cache_write_per_million"),
		Currency: block.text("currency"),
	}
	if p.Currency == "" {
		p.Currency = "USD"
	}
	for _, key := range []string{"cached_input_per_million", "cache_write_per_million"} {
		if block.has(key) && !block.has("input_per_million") {
			block.fail([]string{key}, "needs input_per_million")
		}
	}
	return p
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import "github.com/otelcol-ml/otelcol-ml/mlconv"

// totalTokens are what SDKs call the sum of all tokens of a call.
var totalTokens = []string{"gen_ai.usage.total_tokens", "llm.usage.total_tokens", "llm.token_count.total"}

// usage are the tokens of a call. uncached is the input that was neither read from a cache nor
// written to one.
type usage struct{ uncached, cached, written, output float64 }

// price puts the cost of a call of a generative model on its span where the model's card has
// prices, in place of what the span's own system says. A call whose tokens are not known has no
// cost of 0.
func (s *state) price(prices Pricer) {
	e := s.engine
	if !s.inference || s.llm == nil || s.has(e.cost) {
		return
	}
	u, known := s.usage()
	if !known {
		if said := s.at(e.cost); said.positive() {
			return
		}
		s.unset(e.cost)
		s.unset(e.currency)
		s.unpriced(UsageUnknown)
		return
	}
	why, ok := s.byCard(prices, u)
	if said := s.at(e.cost); !ok && said.kind == none {
		s.unpriced(why)
	}
}

// byCard puts the cost by the model's card on the span; where it has none, why not.
func (s *state) byCard(prices Pricer, u usage) (why Lack, ok bool) {
	e := s.engine
	name, version := s.at(e.modelName), s.at(e.modelVersion)
	if prices == nil || name.kind != text {
		return ModelUnpriced, false
	}
	at := s.span.EndTimestamp()
	if at == 0 {
		at = s.span.StartTimestamp()
	}
	p, priced := prices.Price(s.environment(), name.text, version.text, at)
	switch priced {
	case NoPrice:
		return ModelUnpriced, false
	case NotYetPriced:
		return BeforeFirstPrice, false
	}
	cost, ok := p.of(u)
	if !ok {
		return TokensUnpriced, false
	}
	s.set(e.cost, mlconv.AttrPredictionCost, datum{kind: double, float: cost})
	s.set(e.currency, mlconv.AttrPredictionCurrency, textValue(p.Currency))
	return 0, true
}

// positive is true for a number above 0.
func (v *datum) positive() bool {
	n, ok := v.number()
	return ok && n > 0
}

// environment is the span's, or else its resource's, as package prediction has it.
func (s *state) environment() string {
	for _, slot := range s.engine.environment {
		if name := s.own.name(slot); name != "" {
			return name
		}
	}
	for _, slot := range s.engine.resourceEnvironment {
		if name := s.resource.name(slot); name != "" {
			return name
		}
	}
	return ""
}

// usage returns the tokens of the span; ok is false where it does not say how many went in: no call
// has none.
//
// By the conventions, cached tokens are among the input tokens. Anthropic's API counts them beside
// these, and some SDKs pass that on. They are beside where the table says so, where they are more
// than the input, or where the total that the span gives is the sum of all.
func (s *state) usage() (u usage, ok bool) {
	e := s.engine
	in, _ := s.tokens(e.inputTokens)
	out, _ := s.tokens(e.outputTokens)
	u.cached, _ = s.tokens(e.cachedTokens)
	u.written, _ = s.tokens(e.writtenTokens)
	u.uncached, u.output = in, out
	cache := u.cached + u.written
	if cache > 0 && cache <= in && !s.beside() && !s.total(in+out+cache) {
		u.uncached -= cache
	}
	return u, in+cache > 0
}

// beside reports whether the table says that the cached tokens of the span are beside its input.
func (s *state) beside() bool {
	for i := range s.llm.beside {
		if s.holds(&s.llm.beside[i]) {
			return true
		}
	}
	return false
}

// total reports whether the span gives n as the sum of all tokens.
func (s *state) total(n float64) bool {
	for _, slot := range s.engine.totals {
		if v, ok := s.tokens(slot); ok && v == n {
			return true
		}
	}
	return false
}

func (s *state) tokens(slot int) (float64, bool) {
	v := s.at(slot)
	n, ok := v.whole()
	if !ok || n < 0 {
		return 0, false
	}
	return float64(n), true
}

// of returns what tokens cost; ok is false where the price of some of them is not known.
func (p *Price) of(u usage) (cost float64, ok bool) {
	ok = true
	add := func(tokens float64, prices ...*float64) {
		if tokens == 0 {
			return
		}
		for _, price := range prices {
			if price != nil {
				cost += tokens * *price
				return
			}
		}
		ok = false
	}
	add(u.uncached, p.Input)
	add(u.cached, p.CachedInput, p.Input)
	add(u.written, p.CacheWrite, p.Input)
	add(u.output, p.Output)
	return cost / 1e6, ok
}

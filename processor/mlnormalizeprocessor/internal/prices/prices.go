// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package prices gives package dialect the prices that the cards of a catalog have.
package prices

import (
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/processor/mlnormalizeprocessor/internal/dialect"
)

// Prices are those on the cards of one set.
type Prices struct{ set *catalog.Set }

var _ dialect.Pricer = Prices{}

// Of returns the prices on the cards of a set.
func Of(set *catalog.Set) Prices { return Prices{set} }

// Price returns the prices on the card of a model; a version that the card lists with prices of its
// own has those. A model without a card may be a deployment's name: then the card is that of the
// model that answered, by its name with or without its date.
func (p Prices) Price(environment, model, version string) (dialect.Price, bool) {
	card := p.set.Model(environment, model)
	if card == nil && version != "" {
		if card = p.set.Model(environment, version); card == nil {
			card = p.set.Model(environment, undated(version))
		}
	}
	if card == nil {
		return dialect.Price{}, false
	}
	given := card.Prices
	if v := p.set.Version(environment, card.Name, version); v != nil && v.Prices != nil {
		given = v.Prices
	}
	if given == nil {
		return dialect.Price{}, false
	}
	return dialect.Price{
		Input: given.InputPerMillion, Output: given.OutputPerMillion, Currency: given.Currency,
		CachedInput: given.CachedInputPerMillion, CacheWrite: given.CacheWritePerMillion,
	}, true
}

// undated returns the name of a model without the date at its end: gpt-4o-2024-08-06,
// claude-sonnet-4-5-20250929, claude-3-5-sonnet@20240620, gpt-4-0613.
func undated(model string) string {
	digits := func(s string, n int) bool {
		if len(s) != n {
			return false
		}
		for i := range len(s) {
			if s[i] < '0' || s[i] > '9' {
				return false
			}
		}
		return true
	}
	at := strings.LastIndexAny(model, "-@")
	if at <= 0 {
		return model
	}
	last := model[at+1:]
	if digits(last, 8) || digits(last, 4) {
		return model[:at]
	}
	const year = "-2006-01-02"
	if at := len(model) - len(year); at > 0 && digits(last, 2) && model[at] == '-' && digits(model[at+1:at+5], 4) && model[at+5] == '-' && digits(model[at+6:at+8], 2) {
		return model[:at]
	}
	return model
}

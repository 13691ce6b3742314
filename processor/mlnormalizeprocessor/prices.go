// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlnormalizeprocessor

import (
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/dialect"
)

// prices gives what the cards of one set say.
type prices struct{ set *catalog.Set }

// Price returns the prices on the card of a model; a version that the card lists with prices of its own has those.
func (p prices) Price(environment, model, version string) (dialect.Price, bool) {
	card := p.set.Model(environment, model)
	if card == nil {
		return dialect.Price{}, false
	}
	given := card.Prices
	if v := p.set.Version(environment, model, version); v != nil && v.Prices != nil {
		given = v.Prices
	}
	if given == nil {
		return dialect.Price{}, false
	}
	return dialect.Price{
		Input: given.InputPerMillion, Output: given.OutputPerMillion, CachedInput: given.CachedInputPerMillion, Currency: given.Currency,
	}, true
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package prices gives package dialect the prices that the cards of a catalog have.
package prices

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/modelname"
	"github.com/otelcol-ml/otelcol-ml/processor/mlnormalizeprocessor/internal/dialect"
)

// Prices are those on the cards of one set.
type Prices struct{ set *catalog.Set }

var _ dialect.Pricer = Prices{}

// Of returns the prices on the cards of a set.
func Of(set *catalog.Set) Prices { return Prices{set} }

// Price returns the prices on the card of a model that hold at a time, which is now where it is 0;
// a version that the card lists with prices of its own has those. A model without a card may be a
// deployment's name: then the card is that of the model that answered, by its name with or without
// its date. At last the model's own name is looked up without its date.
func (p Prices) Price(environment, model, version string, at pcommon.Timestamp) (dialect.Price, dialect.Priced) {
	card := p.card(environment, model, version)
	if card == nil {
		return dialect.Price{}, dialect.NoPrice
	}
	given := card.Prices
	if v := p.set.Version(environment, card.Name, version); v != nil && v.Prices != nil {
		given = v.Prices
	}
	if given == nil {
		return dialect.Price{}, dialect.NoPrice
	}
	when := at.AsTime()
	if at == 0 {
		when = time.Now()
	}
	if given = given.At(when); given == nil {
		return dialect.Price{}, dialect.NotYetPriced
	}
	return dialect.Price{
		Input: given.InputPerMillion, Output: given.OutputPerMillion, Currency: given.Currency,
		CachedInput: given.CachedInputPerMillion, CacheWrite: given.CacheWritePerMillion,
	}, dialect.HasPrice
}

// card returns the card whose prices hold for a model, or nil.
func (p Prices) card(environment, model, version string) *catalog.Model {
	if card := p.set.Model(environment, model); card != nil {
		return card
	}
	if version != "" {
		if card := p.set.Model(environment, version); card != nil {
			return card
		}
		if card := p.undated(environment, version); card != nil {
			return card
		}
	}
	return p.undated(environment, model)
}

// undated returns the card of a name without its date, or nil.
func (p Prices) undated(environment, name string) *catalog.Model {
	if without := modelname.Undated(name); without != name {
		return p.set.Model(environment, without)
	}
	return nil
}

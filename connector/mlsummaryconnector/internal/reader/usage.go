// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/cells"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
)

// tokenBins are the bins of tokens.
var tokenBins = func() *distribution.Bins {
	bins, err := distribution.NewBins(cells.TokenBounds)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return bins
}()

// usage counts the tokens and the cost of a call for the service that made it. Agents and workflows repeat the tokens of the calls below
// them and are not counted, as they are no inference.
func (r *Reader) usage(view *modelView, sh *shape) {
	inference := r.inference(sh)
	input, hasInput := r.amount(sh.input)
	output, hasOutput := r.amount(sh.output)
	cost, hasCost := r.amount(sh.cost)
	hasInput, hasOutput = hasInput && inference, hasOutput && inference
	if !hasInput && !hasOutput && !hasCost {
		return
	}
	id, room := view.services.id(r.resource.service)
	if !room {
		r.Stats.OverflowedSegments++
	}
	u := r.table.Usage(r.prediction(&view.total), id)
	if hasInput {
		u.Input.AddLazy(tokenBins.Len(), tokenBins.Index(input), input, 1, &r.ref, r.options.Exemplars)
	}
	if hasOutput {
		u.Output.AddLazy(tokenBins.Len(), tokenBins.Index(output), output, 1, &r.ref, r.options.Exemplars)
	}
	if hasCost {
		u.AddCost(r.text(sh.currency, ""), cost)
	}
}

// amount returns the number at a position, which must not be negative.
func (r *Reader) amount(at int) (float64, bool) {
	if at < 0 {
		return 0, false
	}
	v, ok, missing := r.values[at].float()
	if missing {
		return 0, false
	}
	if !ok || v < 0 || r.values[at].kind == boolean {
		r.malformed = true
		return 0, false
	}
	return v, true
}

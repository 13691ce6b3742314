// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package reader

import "github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/cells"

// usage counts what a call used, for the service that made it: tokens, lengths and the time to the first chunk of a call of a
// generative model, or of an agent no call below of which says them; the cost of any prediction.
func (r *Reader) usage(view *modelView, sh *shape, service uint32, kind spanKind) {
	var u *cells.Usage
	used := func() *cells.Usage {
		if u == nil {
			u = r.table.Usage(r.prediction(&view.total), service)
		}
		return u
	}
	if kind == kindCall || kind == kindAgent {
		for m, at := range sh.measures {
			if v, ok := r.amount(sh, at); ok {
				used().Add(cells.Measure(m), v, &r.ref, r.options.Exemplars)
			}
		}
	}
	if v, ok := r.amount(sh, sh.cost); ok {
		used().AddCost(r.text(sh.currency, ""), v)
	}
}

// amount returns the number at a position, which must not be negative.
func (r *Reader) amount(sh *shape, at int) (float64, bool) {
	if at < 0 {
		return 0, false
	}
	x := &r.values[at]
	v, ok, missing := x.float()
	switch {
	case missing:
		return 0, false
	case !ok || x.kind == boolean:
		r.flaw(FlawNumber, "", sh.keys[at], x)
		return 0, false
	case v < 0:
		r.flaw(FlawNegative, "", sh.keys[at], x)
		return 0, false
	}
	return v, true
}

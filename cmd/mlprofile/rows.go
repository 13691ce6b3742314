// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import "github.com/otelcol-ml/otelcol-ml/internal/prediction"

// rowReader hands on the rows of predictions as ml_summary counts them, so that a baseline from
// live traffic is made of what is counted live. There is always room, and no card.
type rowReader struct {
	row func(s *prediction.Span, weight uint32)
	// known are the names and environments of models that have predicted.
	known map[prediction.Identity]bool
}

var _ prediction.Counter = (*rowReader)(nil)

func (*rowReader) Full() bool { return false }
func (*rowReader) MakeRoom()  {}

func (r *rowReader) Knows(model prediction.Identity) bool { return r.known[nameOf(model)] }

func (r *rowReader) Begin(s *prediction.Span) (mostRows int) {
	r.known[nameOf(s.Identity)] = true
	return 1
}

// Row is no work: there is nobody who waits.
func (r *rowReader) Row(s *prediction.Span, weight uint32) (work int) {
	r.row(s, weight)
	return 0
}

func (*rowReader) Rest(*prediction.Span, int) {}

func (*rowReader) End(*prediction.Span, int) {}

// nameOf is an identity without version and role.
func nameOf(model prediction.Identity) prediction.Identity {
	return prediction.Identity{Name: model.Name, Environment: model.Environment}
}

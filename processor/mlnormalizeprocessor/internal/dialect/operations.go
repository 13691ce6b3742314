// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import "github.com/otelcol-ml/otelcol-ml/internal/prediction"

// doubt is why a span that is no call by its operation may be one.
type doubt uint8

const (
	// certain spans are calls, or are none.
	certain doubt = iota
	// unnamed spans have no operation, unknown ones one that nobody knows: with a model and tokens
	// they are calls, unless one is below them.
	unnamed
	unknown
	// outer spans are the same by an operation that is known for it.
	outer
	// wrapping spans are agents, steps and workflows: with a model and tokens they stand for the
	// calls of their trace where it has none.
	wrapping
)

// doubtOf says what an operation that is none of a call leaves open.
func doubtOf(operation string) doubt {
	switch prediction.OperationOf(operation) {
	case prediction.NoOperation:
		return unnamed
	case prediction.Outer:
		return outer
	case prediction.Wrapping:
		return wrapping
	case prediction.NoCall:
		return certain
	default:
		return unknown
	}
}

// isInference is true for an operation that is one call of one model.
func isInference(operation string) bool {
	return prediction.OperationOf(operation) == prediction.Inference
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package derivation works features and segments out of what a prediction's span says, by value
// expressions in OTTL.
//
//	expression ──► value ──► as it is: a number, a text, true or false
//	                    ├──► bounds: the interval that the number is in, "50..100"
//	latitude, longitude ┴──► grid: the south-west corner of the cell, "52.5,13.0"
//
// What an expression needs of another one is there when it is evaluated; else they follow their
// names. Only predictions get something: a feature would make one of any other span that names a
// model. A span that failed before it had an answer gets segments alone, for the same reason.
package derivation

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package examples runs the programs of examples/ beside the built collector with the configs that
// lie there.
package examples

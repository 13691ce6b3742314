// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package stockconfig tests the promise that this distribution replaces the stock one: it has every component of
// stock otelcol v0.158.0, and configs written for that binary (testdata/stock-configs) are accepted and start.
package stockconfig

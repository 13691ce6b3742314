// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package clients drives the built collector with real clients: the applications in
// testdata/clients, in Node.js, call a model server that this package fakes and send their spans
// over OTLP (make test-clients, build tag clients).
package clients

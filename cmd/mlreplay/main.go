// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Command mlreplay sends the rows of a data file as prediction spans to an OpenTelemetry collector.
package main

import "github.com/otelcol-ml/otelcol-ml/cmd/internal/console"

func main() { console.Main(newCommand()) }

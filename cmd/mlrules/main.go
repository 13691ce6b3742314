// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Command mlrules makes rule files from service level objectives, runs unit tests of rules, and says
// when rules would have fired.
package main

import "github.com/otelcol-ml/otelcol-ml/cmd/internal/console"

func main() { console.Main(newCommand()) }

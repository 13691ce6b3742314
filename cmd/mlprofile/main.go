// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Command mlprofile makes baselines from data files, shows them, drafts cards, and computes drift
// on the command line.
package main

import "github.com/otelcol-ml/otelcol-ml/cmd/internal/console"

func main() { console.Main(newCommand()) }

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Command mlprofile makes baselines from data files, shows them, drafts cards, computes drift, and
// measures predictions by their labels on the command line.
package main

import "github.com/otelcol-ml/otelcol-ml/cmd/internal/console"

func main() { console.Main(newCommand()) }

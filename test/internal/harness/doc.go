// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package harness runs the built collector in tests as a user runs it: a process of its own with
// config files, environment and signals.
//
//	out := filepath.Join(t.TempDir(), "traces.json")
//	otlp := processtest.FreeAddr(t)
//	c := harness.StartCollector(t, harness.Options{
//		Configs: []string{"distro/config.yaml", "exporters: {file: {path: \"${env:OUT}\"}}\n"},
//		Env:     []string{"OUT=" + out, "OTLP=" + otlp},
//	})
//	... send spans to otlp ...
//	c.Stop() // interrupts it, must end with status 0; or c.Kill() for kill -9
//
// StartCollector returns once the collector is ready. Other programs are run with
// internal/processtest alone.
package harness

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package jobtest writes the spans of scripted runs of jobs, as OpenTelemetry SDKs send them, for
// tests of what watches jobs.
//
// A Script holds the spans of any number of runs; a Run makes the root, the stages, their attempts
// and instances, signs of life and what happens below a stage; a Process is the resource that they
// come from, with its own clock. Each span knows when it is delivered: a batch span processor sends
// every five seconds, and what is left when the process ends. A span can be late, come twice or
// never. Batches gives the requests in the order in which they arrive. Ids follow from the script's
// seed, so that the same script is the same bytes.
//
//	Script ── Run ── Root, Stage, Marker ── Child ── Raise
//	   │                    └── Process (resource, clock, last flush)
//	   └── Batches: [{at, ptrace.Traces}, …]
package jobtest

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate go tool -modfile=../../tools/generate/go.mod mdatagen metadata.yaml

// Package alertmanagerexporter sends alerts, which are log records, to all replicas of a Prometheus Alertmanager.
//
// A record is decoded (internal/alert) and taken over into the ledger of every replica (ledger.go), which holds the latest
// state per fingerprint and when it is to be posted next. One sender per replica (sender.go) posts what is due, in
// batches, one request at a time: a post that failed is followed by the state that is the latest then, so that an older
// state never comes after a newer one.
//
//	             put                     post ok, firing            source silent
//	(nothing) ────────► pending ──────────────────────► renewing ──────────────────► (forgotten)
//	                     ▲ ▲  │                            │
//	   new state or      │ │  │ post ok, resolved          │ new state: pending
//	   re-emitted end    │ │  └──────► closed ─────────────┼─ source silent ────────► (forgotten)
//	                     │ └──────────────────────────────┘
//	                     └─ rejected (400: until its state changes or its source is silent)
package alertmanagerexporter

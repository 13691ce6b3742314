// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate go tool -modfile=../../tools/generate/go.mod mdatagen metadata.yaml

// Package alertmanagerexporter sends alerts, which are log records, to all replicas of a Prometheus
// Alertmanager.
//
//	logs ─► decode.go ─► exporter.go ─┬─► replica ─► POST /api/v2/alerts of the first endpoint
//	                                  └─► replica ─► of the second
//
// A record is decoded (internal/alert) and given to each replica (internal/replica), which holds
// the latest state of every alert, posts what is due by a client (internal/api), and tries again.
package alertmanagerexporter

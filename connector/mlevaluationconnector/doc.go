// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package mlevaluationconnector is the ml_evaluation connector: it joins predictions with labels that
// come later, with what evaluators say, and with the answers of shadow models, and says how good each
// model is.
//
//	spans ─► decode ─► answers ─┐                ┌─► quality ───┐
//	                            ├─► waiting ─────┤              ├─► encode ─► metrics
//	logs ──► decode ─► labels ──┘   (a log,      └─► evaluator ─┤
//	                                 storage)                   │
//	         answers ───────────────────────────────► shadow ───┘
package mlevaluationconnector

//go:generate go tool -modfile=../../tools/generate/go.mod mdatagen metadata.yaml

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package language is what the steps of an action are written in: Go templates for texts, and
// expressions of https://expr-lang.org for values and conditions. Both read the same data, plain
// values of maps, lists, texts and numbers.
//
//	text ──► ParseTemplate ──► Execute ──► text
//	path ──► ParsePath ─────► Execute ──► escaped path, whose literal part stays as it is written
//	expr ──► Compile ───────► Eval, Holds
//
// Neither reads files, the environment or the clock, and what they give is bounded.
package language

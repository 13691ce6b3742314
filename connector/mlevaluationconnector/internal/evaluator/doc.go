// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package evaluator reads what LLM judges, people and checks in code say of an answer, and counts it
// by evaluator, model and segment.
//
//	span ─────► Reader.Span ──┐                 ┌─► Table.Judge ───► Results: mean score, n, labels,
//	log record ► Reader.Record ┴─► Judgement ─────┤                    errors of the evaluator
//	                                of an answer └─► Table.Unjudge
//
// The Reader knows
//
//   - OpenTelemetry's gen_ai.evaluation.result, as a log record, as an event of a span, and as a span
//     of that name, which clients write that have no log records (genai for Rust);
//   - OpenInference's evaluations.N.evaluation.* and annotations.N.annotation.*, which mean the same,
//     on the span that is judged, or on a later span with one link to it.
//
// A judgement is of a criterion (relevance, correctness), its name, by a kind of judge, which
// OpenTelemetry does not say. An evaluator that has failed says nothing of the answer: it is counted
// by error.type. Explanations and metadata are not read.
//
// Sources, looked up in 2026-11: semantic-conventions-genai, docs/gen-ai/gen-ai-events.md at 002c8a6e;
// OpenInference, spec/annotations.md at 72c77c78 (pull request 3466 and what follows it). The
// evaluator's kind and id as attributes of OpenTelemetry (semantic-conventions-genai pull request 359)
// are a draft, and not read. Nor is what says its target in attributes of its own, such as
// OpenSearch's gen_ai.evaluation.span_id, or is no telemetry: Phoenix' and Langfuse's scores come
// over their APIs alone.
package evaluator

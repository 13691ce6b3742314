// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package suite reads what other tools check of data, as the contract of a card: suites of Great
// Expectations, checks and data contracts of Soda, schemas of TensorFlow Data Validation, constraints
// of SageMaker and signatures of MLflow.
//
//	file ──► Detect ──► one reader a format ──► draft.Contract ──► the YAML of a card
//
// A reader counts each thing that its file asks for as an item, which becomes checks or is left with
// the reason.
package suite

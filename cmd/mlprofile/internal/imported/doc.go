// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package imported makes baselines of the profiles that other tools have written: whylogs profiles
// of version 0 and 1, statistics of TensorFlow Data Validation, and SageMaker's statistics.json.
//
//	file ──► Detect ──► a reader of the format ──► Source, its columns ──► Source.Build ──► profile.Profile
//
// A reader takes out of a file what it says of each column: counts, and the distribution as a KLL
// sketch, a histogram or a list of values. Build makes bins and categories of that. Nothing is
// invented: a column of which the file has no distribution is left out, with the reason, and what is
// known less exactly than by the data themselves is noted with the column.
package imported

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package labels posts labels, the truth about predictions, to the ground_truth receiver of a
// collector.
//
// A request is lines of JSON, one label each. Where the collector has no room (429, 502, 503, 504) or
// does not answer, it is sent again, as late as Retry-After asks for; where it is too large (413), as
// two halves. A label is known by its prediction and its label_time, so that one that comes twice
// counts once.
package labels

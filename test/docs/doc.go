// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package docs tests what the README and the pages in docs/ show: configs are accepted by the
// collector, PromQL is PromQL, and links lead somewhere.
package docs

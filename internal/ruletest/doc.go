// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package ruletest runs unit tests of rules in the format of "promtool test rules".
//
// A file names rule files and has tests; each test has input series, and says which alerts fire at
// which time, and what expressions give. Each test has a storage of its own:
//
//	test file ──► File ──► for each test: storage ◄── input series, up to now
//	                                        │
//	            rule files ──► groups ──► Eval at each step ──► alerts, compared at their times
//	                                        │
//	                                      storage ──► expressions, compared at the end
//
// It evaluates with package ruleengine, which is what the collector evaluates with. Two things differ
// from promtool: rule_files may name shipped rules (builtin:drift), and a query may load as many
// samples as one in a Prometheus server, where promtool refuses more than 10,000. Groups that
// group_eval_order leaves in any order are evaluated in the order of the files.
package ruletest

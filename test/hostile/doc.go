// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package hostile plays what can blind a watch against the built collector on its default config:
// names that somebody makes up by the thousand, a full disk, damaged files, inputs that are small
// and cost much, kills. Beside each there is healthy traffic, of which nothing may be lost:
//
//	healthy rounds ──► the attack, with healthy rounds beside it ──► healthy rounds ──► restart ──► healthy rounds
//	               check                                         check                          check
//
// A check wants the exact totals of the healthy models, labels and jobs, every alert on their
// failures and no other one on them, and the memory under the limit of the memory_limiter.
//
// "make test-hostile" plays all of it, "make test-hostile HOSTILEFLAGS=-short" a short form.
package hostile

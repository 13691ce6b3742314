// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package modelname compares names of generative models, which libraries write in several ways:
// with the date of their release or without, with the provider before a slash, in capitals.
package modelname

import (
	"hash/maphash"
	"strings"
)

// Undated returns the name of a model without the date at its end: gpt-4o-2024-08-06,
// claude-sonnet-4-5-20250929, claude-3-5-sonnet@20240620, gpt-4-0613.
func Undated(model string) string {
	digits := func(s string, n int) bool {
		if len(s) != n {
			return false
		}
		for i := range len(s) {
			if s[i] < '0' || s[i] > '9' {
				return false
			}
		}
		return true
	}
	at := strings.LastIndexAny(model, "-@")
	if at <= 0 {
		return model
	}
	last := model[at+1:]
	if digits(last, 8) || digits(last, 4) {
		return model[:at]
	}
	const year = "-2006-01-02"
	if at := len(model) - len(year); at > 0 && digits(last, 2) && model[at] == '-' && digits(model[at+1:at+5], 4) && model[at+5] == '-' && digits(model[at+6:at+8], 2) {
		return model[:at]
	}
	return model
}

// maxCompared is the number of bytes of a name, from its end, that are compared.
const maxCompared = 128

// Fingerprint is the same for all spellings of a model's name: without what is before its last
// slash, without its date, in any case. It is never 0, and allocates nothing.
func Fingerprint(seed maphash.Seed, name string) uint64 {
	if at := strings.LastIndexByte(name, '/'); at >= 0 && at < len(name)-1 {
		name = name[at+1:]
	}
	name = Undated(name)
	var buf [maxCompared]byte
	n := copy(buf[:], name[max(0, len(name)-maxCompared):])
	for i := range n {
		if 'A' <= buf[i] && buf[i] <= 'Z' {
			buf[i] += 'a' - 'A'
		}
	}
	return max(1, maphash.Bytes(seed, buf[:n]))
}

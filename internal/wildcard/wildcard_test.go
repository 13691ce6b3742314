// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package wildcard

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMatch(t *testing.T) {
	for pattern, texts := range map[string]map[string]bool{
		"gpt-4o":            {"gpt-4o": true, "gpt-4o-mini": false},
		"gpt-4o*":           {"gpt-4o": true, "gpt-4o-2024-08-06": true, "gpt-4": false, "azure/gpt-4o": false},
		"*/gpt-4o":          {"azure/gpt-4o": true, "/gpt-4o": true, "gpt-4o": false, "azure/gpt-4o-mini": false},
		"arn:*:*/eu.claude": {"arn:aws:bedrock/eu.claude": true, "arn:/eu.claude": false, "arn::/eu.claude": true},
		"a*b*a":             {"aba": true, "aa": false, "ab": false, "axbxbxa": true, "abax": false},
		"*x*":               {"x": true, "axb": true, "": false, "ab": false},
		"aa*aa":             {"aaa": false, "aaaa": true},
		"*":                 {"": true, "a": true},
	} {
		for text, want := range texts {
			assert.Equal(t, want, Match(pattern, text), "%s: %s", pattern, text)
		}
	}
}

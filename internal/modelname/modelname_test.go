// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package modelname

import (
	"hash/maphash"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestUndated(t *testing.T) {
	for name, want := range map[string]string{
		"gpt-4o-2024-08-06": "gpt-4o", "claude-sonnet-4-5-20250929": "claude-sonnet-4-5", "claude-3-5-sonnet@20240620": "claude-3-5-sonnet", "gpt-4-0613": "gpt-4",
		"gpt-4o": "gpt-4o", "claude-sonnet-4-5": "claude-sonnet-4-5", "20250929": "20250929", "-20250929": "-20250929", "m-25-09-29": "m-25-09-29", "m-20x50929": "m-20x50929", "": "",
	} {
		assert.Equal(t, want, Undated(name), name)
	}
}

func TestFingerprint(t *testing.T) {
	seed := maphash.MakeSeed()
	same := []string{"gpt-4o", "gpt-4o-2024-08-06", "openai/gpt-4o", "models/GPT-4o", "azure/eu/gpt-4o-2024-08-06"}
	for _, name := range same {
		assert.Equal(t, Fingerprint(seed, same[0]), Fingerprint(seed, name), name)
	}
	for _, name := range []string{"gpt-4o-mini", "gpt-4", "gpt-4o/", "", strings.Repeat("x", 300), strings.Repeat("x", 300) + "y"} {
		assert.NotEqual(t, Fingerprint(seed, same[0]), Fingerprint(seed, name), name)
		assert.NotZero(t, Fingerprint(seed, name))
	}
	assert.Zero(t, testing.AllocsPerRun(100, func() { Fingerprint(seed, "azure/eu/gpt-4o-2024-08-06") }))
}

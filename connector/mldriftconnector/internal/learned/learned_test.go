// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package learned

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestFileName(t *testing.T) {
	assert.Equal(t, "fraud.json", fileName("", "fraud"))
	assert.Equal(t, "fraud.production.json", fileName("production", "fraud"))
	for _, name := range []string{"hf/model:7", "../../etc/passwd", "..", ".hidden", "modèle", string(make([]byte, 300))} {
		got := fileName("", name)
		assert.Equal(t, filepath.Base(got), got)
		assert.Regexp(t, `^[A-Za-z0-9_-][A-Za-z0-9._-]*-[0-9a-f]{8}\.json$|^-[0-9a-f]{8}\.json$`, got)
		assert.Less(t, len(got), 120)
	}
	assert.NotEqual(t, fileName("", "a/b"), fileName("", "a:b"))
}

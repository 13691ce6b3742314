// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dashboards

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/test/internal/picture"
)

// maxPicture is how many bytes a picture has at most: pages show several.
const maxPicture = 300_000

// Each dashboard has a picture with all of its panels.
func TestPicturesAreCurrent(t *testing.T) {
	const renew = `run "make dashboard-pictures"`
	for uid, d := range boards(t) {
		name := uid[len("otelcol-ml-"):]
		svg, err := os.ReadFile(filepath.Join(folder(t), "pictures", name+".svg"))
		require.NoError(t, err, renew)
		assert.Less(t, len(svg), maxPicture, name)
		for _, p := range d.All() {
			assert.True(t, picture.Shows(svg, p.Title), "the picture of %s does not show the panel %q: %s", name, p.Title, renew)
		}
	}
}

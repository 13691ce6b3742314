// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package boundedfile

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	require.NoError(t, os.WriteFile(path, []byte("1234"), 0o600))
	data, err := Read(path, 4)
	require.NoError(t, err)
	assert.Equal(t, "1234", string(data))
	_, err = Read(path, 3)
	require.EqualError(t, err, "has more than 3 bytes")
	_, err = Read(path+"b", 3)
	require.ErrorIs(t, err, os.ErrNotExist)
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package buffer

import (
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const fileSize = 1 // RLIMIT_FSIZE, which package syscall has a name for on some systems alone

// limitFiles makes writes beyond a size fail, in the middle of a record, as a full disk does.
func limitFiles(t *testing.T, size uint64) (lift func()) {
	t.Helper()
	var was syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(fileSize, &was))
	signal.Ignore(syscall.SIGXFSZ)
	require.NoError(t, syscall.Setrlimit(fileSize, &syscall.Rlimit{Cur: size, Max: was.Max}))
	return func() {
		require.NoError(t, syscall.Setrlimit(fileSize, &was))
		signal.Reset(syscall.SIGXFSZ)
	}
}

func TestNoSpaceLeft(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir, func(o *Options) { o.MaxBytes = 16 << 20 })
	lift := limitFiles(t, 100<<10)
	defer func() { lift() }()
	text := map[string]any{"text": strings.Repeat("x", 3000)}
	for i := range 100 {
		w.Add(request(start, text, i))
		if i%10 == 0 {
			w.flushed()
		}
	}
	w.flushed()
	failed := w.Stats().Failed
	assert.Greater(t, failed, int64(60))
	assert.Less(t, failed, int64(80))
	assert.Equal(t, 1, w.log.FilterMessageSnippet("cannot be kept").Len())
	assert.Equal(t, 1, w.spansOf("", 0))
	assert.Equal(t, 0, w.spansOf("", 99))
	missing, err := w.Pin(t.Context(), "C", []Pinned{{Trace: traceID(0)}})
	require.NoError(t, err)
	assert.Empty(t, missing)

	lift()
	w.Add(request(start, text, 100))
	assert.Equal(t, 1, w.spansOf("", 100), "in the same file, behind the last whole record")
	assert.Equal(t, failed, w.Stats().Failed)
	assert.Equal(t, 1, w.log.FilterMessageSnippet("kept as evidence again").Len())
	require.NoError(t, w.Close())
	w = open(t, dir, func(o *Options) { o.MaxBytes = 16 << 20; o.Now = time.Now })
	assert.Zero(t, w.Stats().Corrupt)
}

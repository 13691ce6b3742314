// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func options(folder string, size int64) Options {
	return Options{
		Directory: folder, Retention: 24 * time.Hour, Size: size, OutOfOrder: 10 * time.Minute, Exemplars: 100,
		Logger: slog.New(slog.DiscardHandler),
	}
}

// TestSize writes hours of noise, which does not compress, into a store of 32 MiB, as fast as it takes it: the files
// never take more, what is new is taken after what is old has gone, and it is refused in between alone.
func TestSize(t *testing.T) {
	const limit = 32 << 20
	folder := t.TempDir()
	s, err := Open(options(folder, limit))
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()

	const series = 2000
	noise := rand.New(rand.NewPCG(1, 2))
	names := make([]labels.Labels, series)
	for i := range names {
		names[i] = labels.FromStrings(model.MetricNameLabel, "noise", "i", fmt.Sprint(i))
	}
	at := time.Now().Add(-10 * time.Hour).UnixMilli()
	var written, refused int
	largest := watch(t, folder)
	for range 1500 { // of 15 s: six hours, about 75 MB
		at += 15_000
		if s.Full() {
			refused++
		} else {
			app := s.AppenderV2(context.Background())
			for _, ls := range names {
				_, err := app.Append(0, ls, 0, at, noise.Float64(), nil, nil, storage.AOptions{})
				require.NoError(t, err)
			}
			require.NoError(t, app.Commit())
			written++
		}
		require.NoError(t, s.Guard())
	}
	most := largest()
	t.Logf("%d rounds written, %d refused, %.1f MB at most", written, refused, float64(most)/1e6)
	assert.LessOrEqual(t, most, int64(limit))
	assert.Greater(t, most, int64(limit/2), "the limit was reached")
	assert.Less(t, refused, 20)

	q, err := s.Querier(at-int64(time.Hour/time.Millisecond), at)
	require.NoError(t, err)
	defer func() { require.NoError(t, q.Close()) }()
	set := q.Select(context.Background(), false, nil, labels.MustNewMatcher(labels.MatchEqual, model.MetricNameLabel, "noise"))
	n := 0
	for set.Next() {
		n++
	}
	assert.Equal(t, series, n, "the newest are there")
}

// watch measures a folder again and again until the function that it returns is called, which gives the largest size.
func watch(t *testing.T, folder string) func() int64 {
	stop, done := make(chan struct{}), make(chan int64)
	go func() {
		tick := time.NewTicker(2 * time.Millisecond) // a block of this size takes tens of them
		defer tick.Stop()
		var largest int64
		for {
			if size, err := directorySize(folder); err == nil {
				largest = max(largest, size)
			}
			select {
			case <-stop:
				done <- largest
				return
			case <-tick.C:
			}
		}
	}()
	return func() int64 {
		close(stop)
		return <-done
	}
}

// TestRepair: damage in the write-ahead log is cut and told.
func TestRepair(t *testing.T) {
	folder := t.TempDir()
	write := func(s *Store, v float64, at time.Time) {
		app := s.AppenderV2(context.Background())
		_, err := app.Append(0, labels.FromStrings(model.MetricNameLabel, "x"), 0, at.UnixMilli(), v, nil, nil, storage.AOptions{})
		require.NoError(t, err)
		require.NoError(t, app.Commit())
	}
	s, err := Open(options(folder, 64<<20))
	require.NoError(t, err)
	assert.Zero(t, s.Repaired())
	start := time.Now().Add(-time.Hour)
	for i := range 100 {
		write(s, float64(i), start.Add(time.Duration(i)*time.Second))
	}
	require.NoError(t, s.Close())

	segment := filepath.Join(folder, "wal", "00000000")
	content, err := os.ReadFile(segment)
	require.NoError(t, err)
	content[len(content)/2] ^= 0xff
	require.NoError(t, os.WriteFile(segment, content, 0o600))

	s, err = Open(options(folder, 64<<20))
	require.NoError(t, err)
	assert.Equal(t, 1, s.Repaired())
	write(s, 1, time.Now())
	require.NoError(t, s.Close())
	s, err = Open(options(folder, 64<<20))
	require.NoError(t, err)
	assert.Zero(t, s.Repaired(), "once")
	require.NoError(t, s.Close())
}

// TestTwo: a folder has one user.
func TestTwo(t *testing.T) {
	folder := t.TempDir()
	s, err := Open(options(folder, 64<<20))
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	_, err = Open(options(folder, 64<<20))
	require.ErrorContains(t, err, "'directory'")
	require.ErrorContains(t, err, folder)
}

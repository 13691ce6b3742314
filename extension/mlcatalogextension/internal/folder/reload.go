// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package folder finds out that a folder, or a file that its cards name, may have changed.
//
// Events of the file system are gathered until it is quiet. A poll finds what has no events:
//
//	event ──► does it matter? ──► quiet for Settle, or Patience has passed ─┐
//	poll ───────────────────────────────────────────────────────────────────┴─► load ──► watch what it has read
package folder

import (
	"context"
	"time"

	"go.uber.org/zap"
)

// An editor or a checkout writes many files in a row: the folder is read once it has been quiet for
// Settle, or at the latest Patience after the first event.
const (
	Settle   = 200 * time.Millisecond
	Patience = 2 * time.Second
)

// Follow calls load when something may have changed, and once at the start for what changed before
// the watch. It returns when ctx is done, and closes the watch. An interval of 0 turns polling off.
// load returns the folders and baselines that it has read.
func Follow(ctx context.Context, w Watch, interval time.Duration, logger *zap.Logger, load func() (folders, baselines []string)) {
	defer func() {
		if err := w.Close(); err != nil {
			logger.Debug("The watch of the catalog did not close.", zap.Error(err))
		}
	}()

	var poll <-chan time.Time
	if interval > 0 {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		poll = ticker.C
	}

	quiet := time.NewTimer(Settle)
	defer quiet.Stop()
	var first time.Time // of the events that wait
	for {
		select {
		case <-ctx.Done():
			return
		case event := <-w.Events():
			if !w.Matters(event) {
				continue
			}
			if first.IsZero() {
				first = time.Now()
			}
			if left := Patience - time.Since(first); left > 0 {
				quiet.Reset(min(Settle, left))
			}
			continue
		case err := <-w.Errors(): // events were lost: look
			logger.Debug("The file system's events are incomplete.", zap.Error(err))
		case <-quiet.C:
		case <-poll:
		}
		first = time.Time{}
		w.Update(load())
	}
}

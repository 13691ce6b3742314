// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"time"
)

// slots bound how many requests read series at a time.
type slots chan struct{}

func newSlots(n int) slots { return make(slots, n) }

// take takes a slot; where none is free, it waits for one.
func (s slots) take(ctx context.Context, wait time.Duration) error {
	select {
	case s <- struct{}{}:
		return nil
	default:
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case s <- struct{}{}:
		return nil
	case <-timer.C:
		return errNoSlot
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s slots) give() { <-s }

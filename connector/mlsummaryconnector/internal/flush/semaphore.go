// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package flush

import "context"

// Semaphore is a mutex that is waited for no longer than a context lasts. Its capacity is 1.
type Semaphore chan struct{}

// Acquire returns false where the semaphore is taken until ctx ends.
func (s Semaphore) Acquire(ctx context.Context) bool {
	select {
	case s <- struct{}{}:
		return true
	default:
	}
	select {
	case s <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// Release gives the semaphore back.
func (s Semaphore) Release() { <-s }

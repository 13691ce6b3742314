// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"context"
	"sync"
)

// Answers is what a consumer answers to requests. The zero value takes them all. It is safe to
// change while requests come in.
type Answers struct {
	mu    sync.Mutex // guards what follows
	errs  []error
	hang  bool
	until <-chan struct{}
}

// Fail sets the answers to come: each of errs is for one request, the last one for all that follow.
func (a *Answers) Fail(errs ...error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.errs = errs
}

// Hang makes requests wait for the end of their context, whose error is the answer.
func (a *Answers) Hang(hang bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.hang = hang
}

// Hold makes requests wait until a channel is closed, also when their context has ended.
func (a *Answers) Hold(until <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.until = until
}

// Answer returns the answer to a request.
func (a *Answers) Answer(ctx context.Context) error {
	a.mu.Lock()
	hang, until := a.hang, a.until
	var err error
	if len(a.errs) > 0 {
		err = a.errs[0]
	}
	if len(a.errs) > 1 {
		a.errs = a.errs[1:]
	}
	a.mu.Unlock()
	if until != nil {
		<-until
	}
	if hang {
		<-ctx.Done()
		return ctx.Err()
	}
	return err
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package sharedcomponent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pipeline"
)

// State is what the edges of a connector share. Its methods are called one after the other, each
// once at most and in this order.
type State interface {
	// Start finds extensions and opens what the state needs. It must not emit: not everything
	// downstream runs.
	Start(ctx context.Context, host component.Host) error
	// Run says that every edge has started: the state may emit from now on.
	Run()
	// Flush stops emitting, after what has come in was emitted for the last time. It is called only
	// after Run.
	Flush(ctx context.Context) error
	// Close releases what Start and the making of the state have taken, also where Start failed or
	// was not called.
	Close(ctx context.Context) error
}

// States are the states of one connector factory, by config. The zero value is ready for use.
type States[C any, S State] struct {
	mu    sync.Mutex
	byCfg map[*C]*state[C, S]
}

// state is a State with its edges.
type state[C any, S State] struct {
	states *States[C, S]
	cfg    *C
	shared S

	mu    sync.Mutex // guards what follows, and is held while shared's methods are called
	edges []*Edge[C, S]
	// opened is set by the first Start, running by the last one.
	opened, running, flushed bool
	failure                  error // of shared.Start
}

// Edge is a connector's instance for one pair of signals. A connector embeds it for Start and
// Shutdown.
type Edge[C any, S State] struct {
	state         *state[C, S]
	input, output pipeline.Signal
	ingests       bool
	started, shut bool // guarded by state.mu
}

// Join makes an edge between two signals of the state of a config. The first edge of a config has
// the state made. It is an error if there is such an edge already, or if an edge of the config has
// started.
func (s *States[C, S]) Join(cfg *C, input, output pipeline.Signal, create func() (S, error)) (*Edge[C, S], error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.byCfg[cfg]
	if st == nil {
		made, err := create()
		if err != nil {
			return nil, err
		}
		st = &state[C, S]{states: s, cfg: cfg, shared: made}
		if s.byCfg == nil {
			s.byCfg = make(map[*C]*state[C, S])
		}
		s.byCfg[cfg] = st
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	e := &Edge[C, S]{state: st, input: input, output: output, ingests: true}
	for _, other := range st.edges {
		if other.started || other.shut {
			return nil, fmt.Errorf("an edge from %s to %s cannot join: the one to %s has started or shut down", input, output, other.output)
		}
		if other.input == input {
			e.ingests = false
			if other.output == output {
				return nil, fmt.Errorf("there is an edge from %s to %s already", input, output)
			}
		}
	}
	st.edges = append(st.edges, e)
	return e, nil
}

// State returns what the edges share.
func (e *Edge[C, S]) State() S { return e.state.shared }

// Ingests says whether this edge takes in the data of its input; the others of the same input get
// the same data and are to ignore it.
func (e *Edge[C, S]) Ingests() bool { return e.ingests }

// Start starts the state with the first edge and has it run with the last one. All edges fail if
// the state does.
func (e *Edge[C, S]) Start(ctx context.Context, host component.Host) error {
	st := e.state
	st.mu.Lock()
	defer st.mu.Unlock()
	if e.started || e.shut {
		return errors.New("started twice, or after the shutdown")
	}
	e.started = true
	if !st.opened {
		st.opened = true
		st.failure = st.shared.Start(ctx, host)
	}
	if st.failure != nil {
		return st.failure
	}
	if !slices.ContainsFunc(st.edges, func(e *Edge[C, S]) bool { return !e.started || e.shut }) {
		st.running = true
		st.shared.Run()
	}
	return nil
}

// Shutdown flushes the state once every input is closed, and closes it with the last edge. A second
// call does nothing.
func (e *Edge[C, S]) Shutdown(ctx context.Context) error {
	st := e.state
	st.mu.Lock()
	if e.shut {
		st.mu.Unlock()
		return nil
	}
	e.shut = true
	var err error
	if st.running && !st.flushed && st.inputsClosed() {
		st.flushed = true
		err = st.shared.Flush(ctx)
	}
	last := !slices.ContainsFunc(st.edges, func(e *Edge[C, S]) bool { return !e.shut })
	if last {
		err = errors.Join(err, st.shared.Close(ctx))
	}
	st.mu.Unlock()
	if last {
		st.states.forget(st)
	}
	return err
}

// inputsClosed reports whether an edge of each input has shut down.
func (st *state[C, S]) inputsClosed() bool {
	return !slices.ContainsFunc(st.edges, func(e *Edge[C, S]) bool {
		return !slices.ContainsFunc(st.edges, func(other *Edge[C, S]) bool { return other.shut && other.input == e.input })
	})
}

// forget removes a state that was closed.
func (s *States[C, S]) forget(st *state[C, S]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byCfg[st.cfg] == st {
		delete(s.byCfg, st.cfg)
	}
}

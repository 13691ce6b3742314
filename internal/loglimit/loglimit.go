// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package loglimit keeps what goes wrong again and again from filling a log: one line for each key
// and interval.
package loglimit

import (
	"sync"
	"time"
)

// maxKeys bounds the keys that are told apart; all beyond share one.
const maxKeys = 1000

// Limiter allows one line for each key and interval. It is safe for concurrent use.
type Limiter struct {
	interval time.Duration

	mu   sync.Mutex
	keys map[string]*state
	rest state // of all keys that found no room
}

// state is when a key was last allowed, and how often it was not since.
type state struct {
	last       time.Time
	suppressed int
}

// New returns a limiter that allows each key once an interval.
func New(interval time.Duration) *Limiter {
	return &Limiter{interval: interval, keys: make(map[string]*state)}
}

// Allow tells whether a line about key may be written now, and how many were not since the last one
// that was. Keys beyond the first 1,000 of an interval share one allowance.
func (l *Limiter) Allow(key string, now time.Time) (suppressed int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.find(key, now)
	if !s.last.IsZero() && now.Sub(s.last) < l.interval {
		s.suppressed++
		return 0, false
	}
	suppressed = s.suppressed
	*s = state{last: now}
	return suppressed, true
}

func (l *Limiter) find(key string, now time.Time) *state {
	if s, ok := l.keys[key]; ok {
		return s
	}
	if len(l.keys) >= maxKeys {
		for k, s := range l.keys {
			if now.Sub(s.last) >= l.interval {
				delete(l.keys, k)
			}
		}
	}
	if len(l.keys) >= maxKeys {
		return &l.rest
	}
	s := new(state)
	l.keys[key] = s
	return s
}

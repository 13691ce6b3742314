// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package lease sees to it that one of several replicas acts: by a lease in a storage that they
// share, or by a leader election of Kubernetes, which an extension holds.
//
//	follower ── the lease is free or has run out: write it, wait, read it again: still ours? ─► leader
//	   ▲                                                                                          │
//	   └── it is somebody else's, or could not be renewed in time ◄── renewed each third of it ◄──┘
//
// A storage has no compare-and-swap. Taking the lease is Fischer's algorithm (L. Lamport, A Fast
// Mutual Exclusion Algorithm, 1987, section 2): of several that write at the same time, the last one
// has it, if no write takes longer than the wait before it is read again.
package lease

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/internal/state"
)

// key is where the lease is stored.
const key = "lease"

// Always leads: there is no other replica.
type Always struct{}

// Leading is true.
func (Always) Leading() (bool, string) { return true, "" }

// Lead says whether this replica leads, as somebody else has told it.
type Lead struct {
	mu      sync.Mutex
	leading bool
	until   time.Time
	note    string
}

// Leading reports whether this replica leads, and else who does.
func (l *Lead) Leading() (leading bool, note string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.leading && (l.until.IsZero() || time.Now().Before(l.until)) {
		return true, ""
	}
	return false, l.note
}

// Set says that this replica leads, until a time if there is one, or does not.
func (l *Lead) Set(leading bool, until time.Time, note string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.leading, l.until, l.note = leading, until, note
}

// record is the lease as it is stored.
type record struct {
	Holder string    `json:"holder"`
	Until  time.Time `json:"until"`
}

// Options are those of a Storage.
type Options struct {
	Store state.Store
	// Holder names this replica; no two may have the same.
	Holder string
	// Duration is how long a lease holds that is not renewed. Clocks of replicas must not be further
	// apart than a sixth of it.
	Duration time.Duration
	Logger   *zap.Logger
	// Gained and Lost are called when this replica begins to lead, and when it does not any more.
	Gained, Lost func()
}

// Storage holds a lease in a storage that replicas share.
type Storage struct {
	Lead

	o      Options
	failed bool
}

// NewStorage returns a lease that is not held.
func NewStorage(o Options) *Storage {
	s := &Storage{o: o}
	s.Set(false, time.Time{}, "nobody yet")
	return s
}

// Run takes the lease when it is free, and renews it, until the context is done; then it gives it
// back.
func (s *Storage) Run(ctx context.Context) {
	ticker := time.NewTicker(s.o.Duration / 3)
	defer ticker.Stop()
	leading := false
	for {
		now := s.turn(ctx, leading)
		if now != leading {
			leading = now
			if leading {
				s.o.Gained()
			} else {
				s.o.Lost()
			}
		}
		select {
		case <-ctx.Done():
			if leading {
				s.Set(false, time.Time{}, "it is stopping")
				s.o.Lost()
				s.release()
			}
			return
		case <-ticker.C:
		}
	}
}

// turn tries to take or renew the lease once, and reports whether it is held.
func (s *Storage) turn(ctx context.Context, leading bool) bool {
	limited, cancel := context.WithTimeout(ctx, s.o.Duration/6)
	defer cancel()
	held, err := s.read(limited)
	if err == nil {
		switch free := held.Holder == "" || time.Now().After(held.Until.Add(s.o.Duration/6)); {
		case held.Holder == s.o.Holder && leading:
			err = s.write(limited)
		case held.Holder == s.o.Holder || free:
			return s.take(ctx)
		default:
			s.Set(false, time.Time{}, held.Holder)
			return false
		}
	}
	if err != nil {
		if !s.failed {
			s.o.Logger.Warn("The lease cannot be read or renewed", zap.Error(err))
		}
		s.failed = true
		still, _ := s.Leading()
		return still && leading
	}
	s.failed = false
	return true
}

// take writes the lease, waits for longer than any other replica's write may take, and looks whether
// it is still there.
func (s *Storage) take(ctx context.Context) bool {
	limited, cancel := context.WithTimeout(ctx, s.o.Duration/6)
	err := s.put(limited, time.Now().Add(s.o.Duration))
	cancel()
	if err != nil {
		s.o.Logger.Warn("The lease cannot be written", zap.Error(err))
		return false
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(s.o.Duration / 3):
	}
	limited, cancel = context.WithTimeout(ctx, s.o.Duration/6)
	defer cancel()
	held, err := s.read(limited)
	if err != nil || held.Holder != s.o.Holder {
		s.Set(false, time.Time{}, held.Holder)
		return false
	}
	return s.write(limited) == nil
}

// write renews the lease.
func (s *Storage) write(ctx context.Context) error {
	until := time.Now().Add(s.o.Duration)
	if err := s.put(ctx, until); err != nil {
		return err
	}
	s.Set(true, until, "")
	return nil
}

func (s *Storage) put(ctx context.Context, until time.Time) error {
	value, err := json.Marshal(record{s.o.Holder, until})
	if err != nil {
		return err
	}
	return s.o.Store.Batch(ctx, map[string][]byte{key: value})
}

func (s *Storage) read(ctx context.Context) (r record, err error) {
	value, err := s.o.Store.Get(ctx, key)
	if err != nil || value == nil {
		return record{}, err
	}
	if err := json.Unmarshal(value, &r); err != nil {
		return record{}, fmt.Errorf("the lease %q is not readable: %w", key, err)
	}
	return r, nil
}

// release gives the lease back.
func (s *Storage) release() {
	ctx, cancel := context.WithTimeout(context.Background(), s.o.Duration/6)
	defer cancel()
	if held, err := s.read(ctx); err == nil && held.Holder == s.o.Holder {
		if err := s.o.Store.Batch(ctx, map[string][]byte{key: nil}); err != nil {
			s.o.Logger.Warn("The lease cannot be given back; it runs out by itself", zap.Error(err))
		}
	}
}

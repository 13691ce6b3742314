// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mldriftconnector

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/internal/storageclient"
)

// Keys in the storage. Each model has one more, which the index lists.
const (
	keyIndex  = "index"
	keyDedupe = "dedupe"
	// keyWaiting holds the points of closed windows that were not sent, in event mode, as OTLP.
	keyWaiting = "waiting"
	// keyAlerts holds the alerts, where there is a pipeline of logs.
	keyAlerts = "alerts"
	// keyAside is put before the key of a value that could not be read.
	keyAside = "corrupt/"
)

// store keeps an engine's snapshots in a storage client.
type store struct {
	client storage.Client
	logger *zap.Logger
	known  []string // the models that are in the storage
	sizes  map[string]int
	// waiting says that there is a value under keyWaiting.
	waiting bool
}

// openStore opens the storage with the given id.
func openStore(ctx context.Context, host component.Host, id, self component.ID, logger *zap.Logger) (*store, error) {
	client, err := storageclient.Open(ctx, host, "storage", id, storageclient.Owner{Kind: component.KindConnector, ID: self})
	if err != nil {
		return nil, err
	}
	return &store{client: client, logger: logger, sizes: make(map[string]int)}, nil
}

// load restores what was saved. A value that cannot be read is reported, copied aside and left out. It returns how
// many values were read and how many were not; an error is the storage's own.
func (s *store) load(ctx context.Context, engine *drift.Engine, now time.Time) (loaded, failed int, err error) {
	index, err := s.client.Get(ctx, keyIndex)
	if err != nil {
		return 0, 0, fmt.Errorf("'storage': cannot read %q: %w", keyIndex, err)
	}
	if index == nil {
		return 0, 0, nil
	}
	if uerr := json.Unmarshal(index, &s.known); uerr != nil {
		return 0, 1, s.setAside(ctx, keyIndex, index, uerr)
	}
	for _, key := range append(slices.Clone(s.known), keyDedupe) {
		data, gerr := s.client.Get(ctx, key)
		if gerr != nil {
			return loaded, failed, fmt.Errorf("'storage': cannot read %q: %w", key, gerr)
		}
		restore := func() error { return engine.Restore(now, data) }
		if key == keyDedupe {
			restore = func() error { return engine.RestoreDedupe(now, data) }
		}
		if data == nil {
			continue
		}
		if rerr := restore(); rerr != nil {
			failed++
			if err := s.setAside(ctx, key, data, rerr); err != nil {
				return loaded, failed, err
			}
			continue
		}
		s.sizes[key] = len(data)
		loaded++
	}
	return loaded, failed, nil
}

// loadWaiting returns the points that were not sent.
func (s *store) loadWaiting(ctx context.Context) (pmetric.Metrics, error) {
	data, err := s.client.Get(ctx, keyWaiting)
	if err != nil {
		return pmetric.NewMetrics(), fmt.Errorf("'storage': cannot read %q: %w", keyWaiting, err)
	}
	if data == nil {
		return pmetric.NewMetrics(), nil
	}
	s.waiting = true
	md, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(data)
	if err != nil {
		return pmetric.NewMetrics(), s.setAside(ctx, keyWaiting, data, err)
	}
	return md, nil
}

// loadAlerts puts back the alerts that were saved.
func (s *store) loadAlerts(ctx context.Context, a *alerts) error {
	data, err := s.client.Get(ctx, keyAlerts)
	if err != nil {
		return fmt.Errorf("'storage': cannot read %q: %w", keyAlerts, err)
	}
	if data == nil {
		return nil
	}
	if err := a.decode(data); err != nil {
		return s.setAside(ctx, keyAlerts, data, err)
	}
	return nil
}

// waitingOperations writes the points that have not been sent, or removes those that have.
func (s *store) waitingOperations(waiting pmetric.Metrics) ([]*storage.Operation, error) {
	if waiting.DataPointCount() == 0 {
		if !s.waiting {
			return nil, nil
		}
		return []*storage.Operation{storage.DeleteOperation(keyWaiting)}, nil
	}
	data, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(waiting)
	if err != nil {
		return nil, err
	}
	return []*storage.Operation{storage.SetOperation(keyWaiting, data)}, nil
}

func (s *store) setAside(ctx context.Context, key string, data []byte, cause error) error {
	s.logger.Error("Saved windows cannot be read; they are set aside and start afresh",
		zap.String("key", key), zap.String("set_aside_as", keyAside+key), zap.Int("bytes", len(data)), zap.Error(cause))
	if err := s.client.Batch(ctx, storage.SetOperation(keyAside+key, data), storage.DeleteOperation(key)); err != nil {
		return fmt.Errorf("'storage': cannot set %q aside: %w", key, err)
	}
	return nil
}

// save writes what has changed in one step and returns the size of all that is saved, in bytes. written is false where nothing has.
func (s *store) save(ctx context.Context, engine *drift.Engine, waiting pmetric.Metrics, a *alerts) (written bool, bytes int, err error) {
	ops, err := s.waitingOperations(waiting)
	if err != nil {
		return false, 0, err
	}
	snapshot := engine.Snapshot()
	for key, data := range snapshot.Changed {
		ops = append(ops, storage.SetOperation(key, data))
		s.sizes[key] = len(data)
	}
	for _, key := range s.known {
		if !slices.Contains(snapshot.Keys, key) {
			ops = append(ops, storage.DeleteOperation(key))
			delete(s.sizes, key)
		}
	}
	changed := a.changed
	if changed {
		data, err := a.encode()
		if err != nil {
			return false, 0, err
		}
		ops = append(ops, storage.SetOperation(keyAlerts, data))
	}
	if len(ops) == 0 {
		return false, 0, nil
	}
	index, err := json.Marshal(snapshot.Keys)
	if err != nil {
		return false, 0, err
	}
	ops = append(ops, storage.SetOperation(keyIndex, index))
	if snapshot.Dedupe != nil {
		ops = append(ops, storage.SetOperation(keyDedupe, snapshot.Dedupe))
		s.sizes[keyDedupe] = len(snapshot.Dedupe)
	}
	if err := s.client.Batch(ctx, ops...); err != nil {
		engine.Unsaved()
		return false, 0, fmt.Errorf("cannot save windows: %w", err)
	}
	a.changed = a.changed && !changed
	s.known, s.waiting = snapshot.Keys, waiting.DataPointCount() > 0
	for _, n := range s.sizes {
		bytes += n
	}
	return true, bytes, nil
}

func (s *store) close(ctx context.Context) error {
	if s == nil {
		return nil
	}
	return errors.Join(s.client.Close(ctx))
}

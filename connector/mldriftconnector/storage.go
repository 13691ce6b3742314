// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mldriftconnector

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/connector/mldriftconnector/internal/driftalert"
	"github.com/otelcol-ml/otelcol-ml/connector/mldriftconnector/internal/evidence"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/internal/state"
	"github.com/otelcol-ml/otelcol-ml/internal/state/storageclient"
)

// Keys in the storage. Each model has one more, which the index lists.
const (
	keyDedupe = "dedupe"
	// keyWaiting holds the points of closed windows that were not sent, in event mode, as OTLP.
	keyWaiting = "waiting"
	// keyAlerts holds the alerts, where there is a pipeline of logs.
	keyAlerts = "alerts"
	// keyEvidence holds the records of windows that were not sent, as OTLP.
	keyEvidence = "evidence"
	// keyIndex held the keys of the models, as JSON, before the index was in parts.
	keyIndex = "index"
)

// store keeps an engine's snapshots in a storage.
type store struct {
	client  *storageclient.Client
	records *state.Records
	logger  *zap.Logger
	// sizes are those of the values of the engine, in bytes.
	sizes map[string]int
	// waiting says that there is a value under keyWaiting.
	waiting bool
}

// openStore opens the storage with the given id.
func openStore(ctx context.Context, host component.Host, id, self component.ID, logger *zap.Logger) (*store, error) {
	client, err := storageclient.Open(ctx, host, "storage", id, storageclient.Owner{Kind: component.KindConnector, ID: self})
	if err != nil {
		return nil, err
	}
	return newStore(client, logger), nil
}

func newStore(client *storageclient.Client, logger *zap.Logger) *store {
	records := state.New(state.Options{
		Fixed: []string{keyDedupe, keyWaiting, keyAlerts, keyEvidence}, OldIndex: keyIndex,
		ReadOldIndex: func(value []byte) (keys []string, err error) { return keys, json.Unmarshal(value, &keys) },
	})
	return &store{client: client, records: records, logger: logger, sizes: make(map[string]int)}
}

// restored is what load has found.
type restored struct {
	// values is the number of values that an engine has restored, damaged that of values that were
	// set aside.
	values, damaged int
	// waiting are the points that were not sent.
	waiting pmetric.Metrics
}

// load restores what was saved. A value that cannot be read is reported, set aside and left out; an
// error is the storage's own.
func (s *store) load(ctx context.Context, engine *drift.Engine, a *driftalert.Alerts, e *evidence.Records, now time.Time) (restored, error) {
	out := restored{waiting: pmetric.NewMetrics()}
	damaged, err := s.records.Load(ctx, s.client, func(key string, value []byte) (err error) {
		switch key {
		case keyWaiting:
			s.waiting = true
			waiting, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(value)
			if err == nil {
				out.waiting = waiting
			}
			return err
		case keyAlerts:
			return a.Decode(value)
		case keyEvidence:
			return e.Decode(value)
		case keyDedupe:
			err = engine.RestoreDedupe(now, value)
		default:
			err = engine.Restore(now, value)
		}
		if err == nil {
			s.sizes[key] = len(value)
			out.values++
		}
		return err
	})
	out.damaged = len(damaged)
	for _, d := range damaged {
		s.logger.Error("Saved windows cannot be read; they are set aside and start afresh",
			zap.String("key", d.Key), zap.String("set_aside_as", d.As), zap.Int("bytes", d.Bytes), zap.Error(d.Err))
	}
	return out, err
}

// save writes what has changed in one step and returns the size of all that is saved of the engine,
// in bytes. written is false where nothing has changed.
func (s *store) save(ctx context.Context, engine *drift.Engine, waiting pmetric.Metrics, a *driftalert.Alerts, e *evidence.Records) (written bool, bytes int, err error) {
	if err := s.putWaiting(waiting); err != nil {
		return false, 0, err
	}
	if err := s.putAlerts(a, engine); err != nil {
		return false, 0, err
	}
	if err := s.putEvidence(e); err != nil {
		return false, 0, err
	}
	s.putSnapshot(engine.Snapshot())
	if !s.records.Pending() {
		return false, 0, nil
	}
	if err := s.records.Write(ctx); err != nil {
		return false, 0, fmt.Errorf("cannot save windows: %w", err)
	}
	s.waiting = waiting.DataPointCount() > 0
	for _, n := range s.sizes {
		bytes += n
	}
	return true, bytes, nil
}

// putWaiting notes the points that have not been sent, or that there are none any more.
func (s *store) putWaiting(waiting pmetric.Metrics) error {
	if waiting.DataPointCount() == 0 {
		if s.waiting {
			s.records.Delete(keyWaiting)
		}
		return nil
	}
	data, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(waiting)
	if err != nil {
		return err
	}
	s.records.Put(keyWaiting, data)
	return nil
}

// putAlerts notes the alerts, but for those on models that come from a partition: these follow from
// what is read again.
func (s *store) putAlerts(a *driftalert.Alerts, engine *drift.Engine) error {
	data, err := a.EncodeChanged(func(k *drift.Key) bool { return !engine.Partitioned(k.Environment, k.Model) })
	if data != nil {
		s.records.Put(keyAlerts, data)
	}
	return err
}

// putEvidence notes the records that have not been sent, or that there are none any more.
func (s *store) putEvidence(e *evidence.Records) error {
	data, changed, err := e.EncodeChanged()
	switch {
	case err != nil || !changed:
		return err
	case data == nil:
		s.records.Delete(keyEvidence)
	default:
		s.records.Put(keyEvidence, data)
	}
	return nil
}

// saveEvidence writes the records that have not been sent, and nothing else.
func (s *store) saveEvidence(ctx context.Context, e *evidence.Records) error {
	if err := s.putEvidence(e); err != nil {
		return err
	}
	return s.records.Write(ctx)
}

func (s *store) putSnapshot(snapshot drift.Snapshot) {
	for key, data := range snapshot.Changed {
		s.records.Put(key, data)
		s.sizes[key] = len(data)
	}
	for _, key := range s.records.Keys() {
		if !slices.Contains(snapshot.Keys, key) {
			s.records.Delete(key)
			delete(s.sizes, key)
		}
	}
	if snapshot.Dedupe != nil {
		s.records.Put(keyDedupe, snapshot.Dedupe)
		s.sizes[keyDedupe] = len(snapshot.Dedupe)
	}
}

func (s *store) close(ctx context.Context) error {
	if s == nil {
		return nil
	}
	return s.client.Close(ctx)
}

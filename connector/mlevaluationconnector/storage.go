// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlevaluationconnector

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/engine"
	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/waiting"
	"github.com/otelcol-ml/otelcol-ml/internal/state"
	"github.com/otelcol-ml/otelcol-ml/internal/state/storageclient"
	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// keyMeta is the key of the number of the first record that no save has. Records are under numbers,
// one for each request; all else is written by saves, each in one batch, which deletes the records
// that it makes up for.
const keyMeta = "meta"

var metaFormat = wire.Format{Version: 1}

func recordKey(n uint64) string { return fmt.Sprintf("record/%d", n) }

// maxGap is how many numbers in a row may be missing: of requests that were being written at once.
const maxGap = 4096

// readAhead is how many records are read at once.
const readAhead = 64

// store keeps an engine in a storage.
type store struct {
	client  *storageclient.Client
	records *state.Records
	logger  *zap.Logger
	// first is the first record that no save has, next the number of the next one.
	first, next uint64
	// behind says that a write has failed: records would have gaps, so none is written until a save has
	// taken all that is in memory.
	behind atomic.Bool
}

// openStore opens the storage with the given id.
func openStore(ctx context.Context, host component.Host, id, self component.ID, logger *zap.Logger) (*store, error) {
	client, err := storageclient.Open(ctx, host, "storage", id, storageclient.Owner{Kind: component.KindConnector, ID: self})
	if err != nil {
		return nil, err
	}
	return &store{
		client: client, logger: logger,
		records: state.New(state.Options{Fixed: append(engine.FixedKeys(), keyMeta)}),
	}, nil
}

// loaded is what load has found.
type loaded struct{ values, records, damaged int }

// load reads what the last save has written, and applies the records that came after it.
func (s *store) load(ctx context.Context, e *engine.Engine) (l loaded, err error) {
	damaged, err := s.records.Load(ctx, s.client, func(key string, value []byte) error {
		l.values++
		if key == keyMeta {
			return s.readMeta(value)
		}
		return e.Load(key, value)
	})
	if err != nil {
		return l, err
	}
	for _, d := range damaged {
		s.logger.Error("A saved value cannot be read; it is set aside, and what it held starts afresh",
			zap.String("key", d.Key), zap.String("set_aside_as", d.As), zap.Int("bytes", d.Bytes), zap.Error(d.Err))
	}
	l.damaged = len(damaged)
	s.next = s.first
	keys := make([]string, readAhead)
	for n := s.first; n < s.next+maxGap; n += readAhead {
		for i := range keys {
			keys[i] = recordKey(n + uint64(i))
		}
		values, err := s.client.GetAll(ctx, keys)
		if err != nil {
			return l, err
		}
		for i, value := range values {
			if value != nil {
				s.next = n + uint64(i) + 1
				s.apply(e, keys[i], value, &l)
			}
		}
	}
	return l, nil
}

// apply applies a record.
func (s *store) apply(e *engine.Engine, key string, value []byte, l *loaded) {
	items, arrived, err := waiting.DecodeRecord(value)
	if err != nil {
		s.logger.Error("A request that was taken before the stop cannot be read: its predictions and labels are lost",
			zap.String("key", key), zap.Int("bytes", len(value)), zap.Error(err))
		l.damaged++
		return
	}
	l.records++
	e.Apply(items, arrived)
}

func (s *store) readMeta(value []byte) error {
	d, err := metaFormat.Open(value)
	if err != nil {
		return err
	}
	s.first = d.Uvarint()
	return d.End()
}

// number gives a request its number. It is called one at a time.
func (s *store) number() uint64 {
	s.next++
	return s.next - 1
}

// write writes a request. It may be called at once for several.
func (s *store) write(ctx context.Context, n uint64, record []byte) error {
	return s.noted(s.client.Batch(ctx, map[string][]byte{recordKey(n): record}))
}

func (s *store) noted(err error) error {
	if err != nil {
		s.behind.Store(true)
	}
	return err
}

// collect notes what has changed in the engine, which takes the place of all records so far.
func (s *store) collect(e *engine.Engine) {
	e.Save(s.records.Put, s.records.Delete)
	for ; s.first < s.next; s.first++ {
		s.records.Erase(recordKey(s.first))
	}
	w := metaFormat.NewEncoder(16)
	w.Uvarint(s.first)
	s.records.Put(keyMeta, w.Seal())
	s.behind.Store(false) // what comes next is not in this save
}

// save writes what was collected, in one batch. After an error it is in the next one.
func (s *store) save(ctx context.Context) error { return s.noted(s.records.Write(ctx)) }

// saveTimeout is how long a save may take.
const saveTimeout = time.Minute

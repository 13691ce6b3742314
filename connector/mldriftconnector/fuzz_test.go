// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mldriftconnector

import (
	"encoding/binary"
	"hash/crc32"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/connector/mldriftconnector/internal/evidence"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/internal/state/storageclient"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

// FuzzStorage: whatever the storage holds under the keys of ours, a start goes on, with what could
// be read; the rest is set aside.
func FuzzStorage(f *testing.F) {
	engine, err := drift.New(createDefaultConfig().(*Config).options())
	require.NoError(f, err)
	now := time.Unix(1_800_000_000, 0)
	engine.Add(now, []drift.Delta{{Key: drift.Key{Model: "m", Subject: drift.Predictions}, Minute: now.Unix() / 60, Count: 3}})
	snapshot := engine.Snapshot()
	require.NotEmpty(f, snapshot.Keys)
	waiting := pmetric.NewMetrics()
	waiting.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty().SetEmptyGauge().DataPoints().AppendEmpty()
	points, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(waiting)
	require.NoError(f, err)
	index := `["` + snapshot.Keys[0] + `"]`
	f.Add([]byte(index), snapshot.Changed[snapshot.Keys[0]], snapshot.Dedupe, points, []byte(`{}`))
	f.Add([]byte(`["index","dedupe","waiting",""]`), []byte{}, []byte{1}, []byte{0xff}, []byte(`[]`))
	f.Add([]byte(`{`), []byte{}, []byte{}, []byte{}, []byte(`null`))
	f.Fuzz(func(t *testing.T, index, model, dedupe, waiting, fired []byte) {
		for _, data := range [][]byte{model, dedupe} { // with the right checksum, more is looked at
			if n := len(data) - 4; n > 0 {
				binary.LittleEndian.PutUint32(data[n:], crc32.Checksum(data[:n], crc32.MakeTable(crc32.Castagnoli)))
			}
		}
		m := testkit.NewStorage(map[string][]byte{keyIndex: index, snapshot.Keys[0]: model, keyDedupe: dedupe, keyWaiting: waiting, keyAlerts: fired, keyEvidence: waiting})
		cfg := createDefaultConfig().(*Config)
		s := newStore(storageclient.New(m.Client(t), "storage"), zap.NewNop())
		engine, err := drift.New(cfg.options())
		require.NoError(t, err)
		a := newAlerts(cfg)
		e := evidence.New(1)
		found, err := s.load(t.Context(), engine, a, e, now)
		require.NoError(t, err)
		_, _, err = s.save(t.Context(), engine, found.waiting, a, e)
		require.NoError(t, err)
	})
}

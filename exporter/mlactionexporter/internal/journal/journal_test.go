// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/action"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/procedure"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/version"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/state/storageclient"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

var (
	noon  = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	fraud = version.ID{Environment: "eu/production", Name: "fraud"}
)

// example is a journal with something of everything.
func example(t *testing.T, storage *testkit.Storage) (*Journal, *Case) {
	t.Helper()
	j := New()
	client := storageclient.New(storage.Client(t), "storage")
	_, err := j.Load(t.Context(), client, nil)
	require.NoError(t, err)
	c := &Case{
		Alert:    &alert.Alert{Name: "SLOBreach", Severity: alert.Critical, State: alert.Firing, Labels: map[string]string{"model": "fraud"}, StartsAt: noon},
		StartsAt: noon, HeardAt: noon.Add(time.Minute), Version: &Version{From: "7", To: "6", Why: "it served before", ChangedAt: noon.Add(-time.Hour)},
		Traces: []string{"5b8efff798038103d269b633813fc60c"},
		Runs: []*Run{{
			Key: "0f4b6a2c9d3e815f0f4b6a2c9d3e815f", Action: "rollback", Kind: action.Rollback, Mode: "enforce", Target: "model fraud", From: "7", To: "6",
			Phase: Acting, Verdict: "act", Reason: "all guards agree", At: noon,
			Do: Progress{Started: noon, Steps: map[string]procedure.Record{"set": {State: procedure.Sent, At: noon}}},
		}},
	}
	j.Open("41a6315288c5a776", c)
	j.Did(Done{At: noon, Action: "rollback", Kind: action.Rollback, Target: "model fraud", Model: fraud, From: "7", To: "6", Key: c.Runs[0].Key})
	require.NoError(t, j.SetKill(KillSwitch{On: true, By: "ada", Reason: "a release", At: noon}))
	require.NoError(t, j.Models(map[version.ID]version.Models{fraud: {Since: noon, Versions: map[string]*version.Span{"6": {First: noon, Last: noon, FromStart: true}}}}))
	require.NoError(t, j.Write(t.Context()))
	require.NoError(t, client.Close(t.Context()))
	return j, c
}

func TestRestart(t *testing.T) {
	storage := testkit.NewStorage(nil)
	before, c := example(t, storage)

	after := New()
	client := storageclient.New(storage.Client(t), "storage")
	models := map[version.ID]version.Models{}
	damaged, err := after.Load(t.Context(), client, func(id version.ID, m version.Models) { models[id] = m })
	require.NoError(t, err)
	assert.Empty(t, damaged)
	require.Len(t, after.Cases(), 1)
	assert.Equal(t, c, after.Cases()["41a6315288c5a776"])
	assert.Equal(t, before.Done(), after.Done())
	assert.Equal(t, before.Kill(), after.Kill())
	assert.True(t, models[fraud].Versions["6"].FromStart)

	after.Close("41a6315288c5a776")
	after.Undid(c.Runs[0].Key)
	require.NoError(t, after.Write(t.Context()))
	require.NoError(t, client.Close(t.Context()))
	again := New()
	client = storageclient.New(storage.Client(t), "storage")
	_, err = again.Load(t.Context(), client, func(version.ID, version.Models) {})
	require.NoError(t, err)
	assert.Empty(t, again.Cases())
	assert.Empty(t, again.Done())
	require.NoError(t, client.Close(t.Context()))
}

// What cannot be read is set aside, and the rest is there.
func TestDamage(t *testing.T) {
	storage := testkit.NewStorage(nil)
	example(t, storage)
	for key := range storage.Values() {
		switch key {
		case "case/41a6315288c5a776":
			storage.Put(key, []byte(`{"format":1,"value":{}}`))
		case keyKill:
			storage.Put(key, []byte(`{"format":99,"value":{}}`))
		}
	}
	j := New()
	client := storageclient.New(storage.Client(t), "storage")
	damaged, err := j.Load(t.Context(), client, func(version.ID, version.Models) {})
	require.NoError(t, err)
	var keys []string
	for _, d := range damaged {
		keys = append(keys, d.Key)
		assert.ErrorIs(t, d.Err, ErrFormat)
	}
	assert.ElementsMatch(t, []string{"case/41a6315288c5a776", keyKill}, keys)
	assert.Len(t, j.Done(), 1)
	require.NoError(t, client.Close(t.Context()))
}

// A rollback is remembered, anything else for a month; there is a bound for both.
func TestForgets(t *testing.T) {
	j := New()
	j.Did(Done{At: noon, Kind: action.Rollback, From: "7", Key: "a"})
	j.Did(Done{At: noon, Kind: action.Notify, Key: "b"})
	j.Did(Done{At: noon.Add(keepDone + time.Hour), Kind: action.Notify, Key: "c"})
	j.Did(Done{At: noon.Add(keepDone + time.Hour), Kind: action.Notify, Key: "c"})
	var keys []string
	for _, d := range j.Done() {
		keys = append(keys, d.Key)
	}
	assert.Equal(t, []string{"a", "c"}, keys)
	for i := range maxDone + 10 {
		j.Did(Done{At: noon.Add(keepDone + time.Hour), Kind: action.Notify, Key: fmt.Sprint(i)})
	}
	assert.Len(t, j.Done(), maxDone)
}

func TestGoldenStores(t *testing.T) {
	testkit.GoldenStores(t, func() map[string][]byte {
		storage := testkit.NewStorage(nil)
		example(t, storage)
		return storage.Values()
	}, func(t *testing.T, stored map[string][]byte) {
		j := New()
		client := storageclient.New(testkit.NewStorage(stored).Client(t), "storage")
		damaged, err := j.Load(t.Context(), client, func(id version.ID, m version.Models) {
			assert.Equal(t, fraud, id)
			assert.Equal(t, noon, m.Since)
		})
		require.NoError(t, err)
		assert.Empty(t, damaged)
		assert.Equal(t, procedure.Sent, j.Cases()["41a6315288c5a776"].Runs[0].Do.Steps["set"].State)
		assert.True(t, j.Kill().On)
		require.NoError(t, client.Close(t.Context()))
	})
}

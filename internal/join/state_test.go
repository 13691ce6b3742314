// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package join

import (
	"context"
	"encoding/json"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/state"
)

// recordStore is a Store of internal/state: each side is a record.
type recordStore[T any] struct {
	prefix  string
	records *state.Records
	kept    map[int]*sideRecord[T]
}

type sideRecord[T any] struct {
	place state.Place
	side  *Side[int, T]
}

func (r *sideRecord[T]) Place() *state.Place     { return &r.place }
func (r *sideRecord[T]) Encode() ([]byte, error) { return json.Marshal(r.side) }
func (*sideRecord[T]) Written()                  {}

func (s *recordStore[T]) Keep(side *Side[int, T]) {
	record := &sideRecord[T]{place: state.Place{Key: s.prefix + strconv.Itoa(side.Key)}, side: side}
	s.kept[side.Key] = record
	s.records.Change(record)
}

func (s *recordStore[T]) Drop(side *Side[int, T]) {
	s.records.Remove(s.kept[side.Key])
	delete(s.kept, side.Key)
}

// mapStore is a state.Store.
type mapStore map[string][]byte

func (m mapStore) Get(_ context.Context, key string) ([]byte, error) { return m[key], nil }

func (m mapStore) Batch(_ context.Context, set map[string][]byte) error {
	for key, value := range set {
		if m[key] = value; value == nil {
			delete(m, key)
		}
	}
	return nil
}

// A join whose sides are records of internal/state is the same after a restart: labels meet
// predictions of an earlier process, corrections are told from what they correct, and the time to
// live goes on.
func TestRestartThroughState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := mapStore{}
		start := func() (*Join[int, float64, string], *state.Records) {
			records := state.New(state.Options{})
			left := &recordStore[float64]{"left/", records, map[int]*sideRecord[float64]{}}
			right := &recordStore[string]{"right/", records, map[int]*sideRecord[string]{}}
			j := New(Options[int, float64, string]{
				TimeToLive: 7 * 24 * time.Hour, Keys: 10, Bytes: 1000, Hold: true, Left: left, Right: right, Now: time.Now,
			})
			damaged, err := records.Load(t.Context(), store, func(key string, value []byte) error {
				if key[0] == 'l' {
					var side Side[int, float64]
					if err := json.Unmarshal(value, &side); err != nil {
						return err
					}
					j.AddLeft(&side)
					return nil
				}
				var side Side[int, string]
				if err := json.Unmarshal(value, &side); err != nil {
					return err
				}
				j.AddRight(&side)
				return nil
			})
			require.NoError(t, err)
			require.Empty(t, damaged)
			return j, records
		}
		label := func(id, day int, class string) *Side[int, string] {
			return &Side[int, string]{Key: id, Time: at(day), Size: 1, Value: class}
		}

		j, records := start()
		for id := range 3 {
			j.AddLeft(&Side[int, float64]{Key: id, Size: 1, Value: float64(id) / 2})
			time.Sleep(24 * time.Hour)
		}
		j.AddRight(label(1, 1, "spam"))
		j.AddRight(label(1, 2, "ham"))
		j.AddRight(label(9, 1, "spam")) // of a prediction that has not come yet
		require.NoError(t, records.Write(t.Context()))

		time.Sleep(4 * 24 * time.Hour)
		j, records = start()
		keys, _ := j.Waiting()
		assert.Equal(t, 4, keys)
		gone := j.TakeExpired(10)
		require.Len(t, gone, 1, "a week after it has arrived")
		assert.Equal(t, 0, gone[0].Left.Key)
		r := j.AddRight(label(2, 5, "ham"))
		assert.Equal(t, Met, r.Outcome)
		assert.Equal(t, 1.0, r.Pair.Left.Value)
		assert.Equal(t, Stale, j.AddRight(label(1, 1, "spam")).Outcome)
		r = j.AddRight(label(1, 3, "spam"))
		assert.Equal(t, Corrected, r.Outcome)
		assert.Equal(t, "ham", r.Previous.Right.Value)
		assert.Equal(t, Met, j.AddLeft(&Side[int, float64]{Key: 9, Size: 1}).Outcome)
		require.NoError(t, records.Write(t.Context()))

		j, _ = start()
		keys, _ = j.Waiting()
		assert.Equal(t, 3, keys)
		assert.Equal(t, Duplicate, j.AddRight(label(1, 3, "spam")).Outcome)
		assert.Len(t, j.TakeOldest(10), 3)
	})
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// firstNight is a Monday.
var firstNight = time.Date(2026, time.November, 2, 0, 0, 0, 0, time.UTC)

// warehouse makes up the data of each night.
type warehouse struct {
	rand *rand.Rand // the teller's

	mu     sync.Mutex
	nights map[string]*night // by date
	last   *night
}

// night is what there is in a night, and what becomes of it.
type night struct {
	date         time.Time
	before       int     // users of the night before
	shards       []int   // rows of user features in each shard of the feature store
	items        int     // rows of item features
	interactions float64 // of a user, in the mean
	// nulls are the shares of values that are null of old, by feature.
	nulls map[string]float64
	// francs is the share of the rows that are in a currency without a rate, inCents the number of rows with a price in cents.
	francs  float64
	inCents int
	// frozen says that the registry takes no model.
	frozen bool
	recall float64
}

// night makes up the next night. All of it varies by up to three percent or so.
func (w *warehouse) night() *night {
	about := func(value, by float64) float64 { return value * (1 + by*(2*w.rand.Float64()-1)) }
	size := about(5120, 0.018)
	shards := make([]int, 10)
	for i := range shards {
		shards[i] = int(about(size, 0.01))
	}
	n := &night{
		shards: shards, items: int(about(8200, 0.01)), interactions: about(24, 0.01), recall: about(0.231, 0.02),
		nulls: map[string]float64{
			"avg_basket_30d": about(0.005, 0.1), "clicks_7d": 0, "days_since_last_order": about(0.021, 0.05), "item_popularity": 0,
		},
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	n.date, n.before = firstNight, n.users()
	if w.last != nil {
		n.date, n.before = w.last.date.AddDate(0, 0, 1), w.last.users()
	}
	w.last = n
	w.nights = map[string]*night{n.date.Format(time.DateOnly): n} // of others nobody asks any more
	return n
}

func (w *warehouse) of(date string) *night {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.nights[date]
}

func (n *night) users() int {
	sum := 0
	for _, rows := range n.shards {
		sum += rows
	}
	return sum
}

// loseShards empties two of the ten shards of a night that is like the one before.
func (n *night) loseShards() {
	now := n.users()
	for i := range n.shards {
		n.shards[i] = n.shards[i] * n.before / now
	}
	n.shards[3], n.shards[7] = 0, 0
}

// change is that of the users since the night before.
func (n *night) change() string {
	return fmt.Sprintf("%+.1f %%", 100*(float64(n.users())/float64(n.before)-1))
}

// rows are those that the model is trained on: what the users did, with the features of users and items.
func (n *night) rows() int { return int(float64(n.users()) * n.interactions) }

// nullShare is the share of the values of a feature that are null.
func (n *night) nullShare(feature string) float64 {
	share := n.nulls[feature]
	if feature == "avg_basket_30d" {
		share += n.francs
	}
	return share
}

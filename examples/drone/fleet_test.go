// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// In each window of five minutes, each drone is over each district for the same time, and fog is where it is said to be. In clear air a
// drone sees in time; in fog it often does not.
func TestFleet(t *testing.T) {
	f := fleet{rng: rand.New(rand.NewPCG(1, 1)), fog: "harbour"}
	where := map[[2]string]int{}
	late := map[string]int{}
	for f.at < 5*time.Minute {
		for _, x := range f.next() {
			where[[2]string{x.unit, x.district}]++
			assert.Equal(t, x.district == "harbour", x.weather == "fog")
			if x.speed*x.latency.Seconds()+x.speed*x.speed/12 > x.reach {
				late[x.weather]++
			}
		}
	}
	assert.Len(t, where, len(units)*len(districts))
	for cell, n := range where {
		assert.Equal(t, 30, n, "%v", cell)
	}
	assert.Len(t, late, 1)
	assert.Greater(t, late["fog"], 10)
}

// The same seed gives the same frames.
func TestFleetIsThatOfTheSeed(t *testing.T) {
	one, two := fleet{rng: rand.New(rand.NewPCG(7, 1))}, fleet{rng: rand.New(rand.NewPCG(7, 1))}
	for range 100 {
		assert.Equal(t, one.next(), two.next())
	}
}

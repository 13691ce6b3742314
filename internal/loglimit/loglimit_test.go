// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package loglimit

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestEachKeyOnceAnInterval(t *testing.T) {
	l, now := New(time.Minute), time.Unix(1000, 0)
	allow := func(key string) (int, bool) { return l.Allow(key, now) }

	_, ok := allow("a")
	assert.True(t, ok)
	_, ok = allow("a")
	assert.False(t, ok)
	_, ok = allow("b")
	assert.True(t, ok, "another key has its own line")

	now = now.Add(time.Minute)
	suppressed, ok := allow("a")
	assert.True(t, ok)
	assert.Equal(t, 1, suppressed)
}

func TestKeysAreBounded(t *testing.T) {
	l, now := New(time.Minute), time.Unix(1000, 0)
	allowed := 0
	for i := range 10 * maxKeys {
		if _, ok := l.Allow(strconv.Itoa(i), now); ok {
			allowed++
		}
	}
	assert.Equal(t, maxKeys+1, allowed, "all beyond the limit share one line")
	assert.Len(t, l.keys, maxKeys)

	suppressed, ok := l.Allow("new", now.Add(time.Minute))
	assert.True(t, ok, "keys of the last interval make room")
	assert.Zero(t, suppressed)
	assert.Len(t, l.keys, 1)
}

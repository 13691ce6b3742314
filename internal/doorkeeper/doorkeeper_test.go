// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package doorkeeper

import (
	"fmt"
	"hash/maphash"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
)

var seed = maphash.MakeSeed()

func hash(name string) uint64 { return maphash.String(seed, name) }

func TestSeen(t *testing.T) {
	d := New(1024)
	assert.False(t, d.Seen(hash("a")))
	assert.False(t, d.Seen(hash("a")), "twice in one interval is once")
	d.Tick()
	assert.True(t, d.Seen(hash("a")))
	assert.True(t, d.Seen(hash("a")))
	assert.False(t, d.Seen(hash("b")))
	for range 1000 {
		d.Tick()
	}
	assert.True(t, d.Seen(hash("b")), "while nobody needs its slot a name is remembered")
}

// A name that comes in each interval is known soon, whatever is made up beside it, and nothing that
// is made up ever is.
func TestFlood(t *testing.T) {
	const slots, genuine = 8192, 20
	for _, perInterval := range []int{440 * 15, 10_000 * 15} {
		t.Run(fmt.Sprint(perInterval), func(t *testing.T) {
			d := New(slots)
			known, madeUp := make(map[string]bool), 0
			for interval := range 20 {
				for i := range perInterval {
					if d.Seen(hash(fmt.Sprint("made up ", interval, " ", i))) {
						madeUp++
					}
					if i%(perInterval/30) == 0 { // each 30 times in an interval
						for n := range genuine {
							if name := fmt.Sprint("real ", n); d.Seen(hash(name)) {
								known[name] = true
							}
						}
					}
				}
				d.Tick()
				if perInterval < slots && interval == 5 {
					assert.Len(t, known, genuine)
				}
			}
			assert.Zero(t, madeUp)
			assert.Len(t, known, genuine)
		})
	}
}

func TestTicksWrap(t *testing.T) {
	d := New(2)
	d.tick.Store(ticks - 1)
	for range 5 {
		assert.False(t, d.Seen(hash("a")))
		d.Tick()
		assert.True(t, d.Seen(hash("a")))
		d.slots[0].Store(0)
		d.slots[1].Store(0)
	}
	assert.False(t, stale(ticks, 1))
	assert.True(t, stale(ticks, 2))
	assert.False(t, stale(5, 5))
}

func TestConcurrently(t *testing.T) {
	d := New(1024)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 5000 {
				d.Seen(hash(fmt.Sprint(i % 100)))
				if i%1000 == 0 {
					d.Tick()
				}
			}
		})
	}
	wg.Wait()
	d.Tick()
	assert.True(t, d.Seen(hash("1")))
}

func BenchmarkSeen(b *testing.B) {
	d := New(1 << 15)
	names := make([]string, 10_000)
	for i := range names {
		names[i] = fmt.Sprint("made up ", i)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		d.Seen(hash(names[i%len(names)]))
	}
}

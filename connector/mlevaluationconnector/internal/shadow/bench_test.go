// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package shadow

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
)

// BenchmarkAnswer takes answers at 1,000 a second, so that as many leave as come: those of a model and of
// its shadow by turns, or those of a model without one.
func BenchmarkAnswer(b *testing.B) {
	for _, c := range []struct {
		name     string
		ids      []prediction.Identity
		segments []string
	}{
		{"no shadow", []prediction.Identity{primary}, nil},
		{"all unpaired", []prediction.Identity{primary}, nil},
		{"pairs", []prediction.Identity{primary, shadow}, nil},
		{"pairs, shadow first", []prediction.Identity{shadow, primary}, nil},
		{"pairs, 3 segments", []prediction.Identity{primary, shadow}, []string{"country=DE", "plan=free", "app=ios"}},
		{"two shadows", []prediction.Identity{primary, shadow, other}, nil},
	} {
		b.Run(c.name, func(b *testing.B) {
			o := options()
			o.TimeToLive, o.Pairs = 10*time.Second, nil
			if c.name == "all unpaired" {
				o.Pairs = options().Pairs
			}
			e := New(o)
			a := of(c.ids[0], 0, "ok")
			a.Score, a.HasScore, a.Segments = 0.4, true, c.segments
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				request := i / len(c.ids)
				a.Identity, a.TraceID = c.ids[i%len(c.ids)], trace(request)
				now := start.Add(time.Duration(i) * time.Millisecond)
				a.Time = now.UnixNano()
				e.Answer(a, now)
			}
		})
	}
}

// What an answer takes in memory while it waits is what Waiting says.
func TestMemoryOfWaiting(t *testing.T) {
	const n = 50_000
	for _, c := range []struct {
		id       prediction.Identity
		segments int
	}{{primary, 0}, {primary, 4}, {shadow, 0}} {
		a := of(c.id, 0, "ok")
		for i := range c.segments {
			a.Segments = append(a.Segments, fmt.Sprint("segment=", i))
		}
		e := New(options())
		before := heap()
		for i := range n {
			a.TraceID = trace(i)
			e.Answer(a, start)
		}
		used := float64(heap()-before) / n
		answers, bytes := e.Waiting()
		said := float64(bytes) / n
		t.Logf("role %q, %d segments: %.0f bytes, and %.0f are said", c.id.Role, c.segments, used, said)
		assert.Equal(t, n, answers)
		assert.InEpsilon(t, used, said, 0.2)
		runtime.KeepAlive(e)
	}
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

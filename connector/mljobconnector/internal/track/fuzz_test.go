// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"testing"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
)

// Whatever is in the store: it is read or set aside, and the tracker goes on.
func FuzzLoad(f *testing.F) {
	o, all := night()
	r := newRig(f, o)
	r.script = nil
	r.start()
	r.tell(all, 2*time.Hour)
	keys := keysOf(r.store.values)
	for n, key := range keys {
		value := r.store.values[key]
		f.Add(n, value[1:len(value)-4])
	}
	f.Fuzz(func(t *testing.T, n int, payload []byte) {
		if n < 0 {
			return
		}
		k := r.killed()
		k.t = t
		k.store.values[keys[n%len(keys)]] = sealed(format, payload)
		k.w = New(k.options)
		if _, err := k.w.Load(t.Context(), k.store, k.now); err != nil {
			t.Fatal(err)
		}
		k.w.Stats(k.now)
		for _, spans := range [][]run.Span{nth(8).spans(), nth(12).spans()} {
			if err := k.w.Observe(t.Context(), k.now, spans); err != nil {
				t.Fatal(err)
			}
		}
		for range 100 {
			k.now = k.now.Add(10 * time.Second)
			if err := k.w.Tick(t.Context(), k.now); err != nil {
				t.Fatal(err)
			}
			k.w.Due(k.now)
		}
	})
}

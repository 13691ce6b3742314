//go:build hostile

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"testing"
	"time"
)

// attack is something that is played against a site. play returns when all of it was sent.
type attack struct {
	name string
	play func(t *testing.T, s *site)
}

// between is the time between two healthy rounds while an attack goes on.
const between = 300 * time.Millisecond

// under plays attacks, one after the other, with healthy traffic before, beside and after them, and
// after a restart.
func (s *site) under(attacks ...attack) {
	t := s.t
	t.Helper()
	s.healthy.prepare()
	s.check("before the attack")

	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for n := 0; ; n++ {
			s.healthy.round()
			if n == 1 {
				s.healthy.fails(jobDuring)
			}
			select {
			case <-stop:
				if n >= 2 || t.Failed() {
					return
				}
			case <-time.After(between):
			}
		}
	}()
	end := func() {
		close(stop)
		<-stopped
	}
	func() {
		defer end() // also where a play gives up
		for _, a := range attacks {
			begun := time.Now()
			a.play(t, s)
			t.Logf("%s: %v, %d MB resident at most", a.name, time.Since(begun).Round(time.Millisecond), s.peak()>>20)
		}
	}()

	s.healthy.finish()
	s.check("after the attack")
	s.restart()
	s.healthy.round()
	s.check("after a restart")
	s.Stop()
}

// TestAllAtOnce plays what one collector takes one after the other.
func TestAllAtOnce(t *testing.T) {
	newSite(t).under(attacks()...)
}

// attacks are those that need nothing but the default config.
func attacks() []attack {
	return []attack{madeUpNames, madeUpPredictions, madeUpRuns, failedMadeUp, evilTexts, inLatin1, madeUpSeries}
}

// madeUpNames are spans of models and jobs that nobody has heard of before, each once.
var madeUpNames = attack{"made-up names", func(t *testing.T, s *site) {
	for range 20 {
		s.send(spansOf(200, nil)...)
	}
}}

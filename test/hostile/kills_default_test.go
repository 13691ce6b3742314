//go:build hostile

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
)

const (
	// killsOften is the save_interval with which kills of the default config are played: with its own
	// nothing would be saved between two of them.
	killsOften = time.Second
	// killsCost is what a kill may cost: that, the flush_interval of ml_summary, and as much again for
	// a slow machine.
	killsCost = 2 * (killsOften + 500*time.Millisecond)
)

// The default config, killed at random moments under healthy traffic: every failed run has its alert
// and no good one has any, every label counts once, of predictions no more are lost than came within
// the flush_interval of ml_summary and the save_interval of ml_drift before a kill.
func TestKillsOnTheDefaultConfig(t *testing.T) {
	kills := 20
	if testing.Short() {
		kills = 5
	}
	seed := *killsSeedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano()) % 1e9
	}
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	s := newSite(t, withConfig(fmt.Sprintf("connectors: {ml_drift: {save_interval: %v}, ml_job: {alerts: {resend_interval: 1s}}}\n", killsOften)))
	h := s.healthy
	h.prepare()
	s.check("before the kills")

	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for n := 0; !t.Failed(); n++ {
			h.round()
			if n == 1 {
				h.fails(jobDuring)
			}
			select {
			case <-stop:
				if n > 1 {
					return
				}
			case <-time.After(time.Duration(rand.Int64N(int64(between)))):
			}
		}
	})
	// sent is what the healthy models have been sent at a time, lost what kills may have cost.
	type sent struct {
		at time.Time
		n  map[string]int
	}
	var history []sent
	note := func() sent {
		h.mu.Lock()
		defer h.mu.Unlock()
		history = append(history, sent{time.Now(), maps.Clone(h.predictions)})
		return history[len(history)-1]
	}
	lost := map[string]int{}
	for range kills {
		for until := time.Now().Add(time.Duration(rng.Int64N(int64(4 * time.Second)))); time.Now().Before(until); <-time.After(50 * time.Millisecond) {
			note()
		}
		now := note()
		for _, before := range slices.Backward(history) {
			if now.at.Sub(before.at) > killsCost || before.at.Equal(history[0].at) {
				for model := range now.n {
					lost[model] += now.n[model] - before.n[model]
				}
				break
			}
		}
		s.killed()
	}
	close(stop)
	wg.Wait()
	h.finish()

	// What of predictions was lost, and which runs the life before has counted, is not known exactly.
	unsure := func(what string) bool {
		return strings.HasPrefix(what, "predictions of ") || strings.HasPrefix(what, "runs of ")
	}
	processtest.WaitFor(t, patience, "all labels and alerts", func() bool { return len(slices.DeleteFunc(h.missing(), unsure)) == 0 })
	var page string
	for begun := time.Now(); time.Since(begun) < 5*time.Second; <-time.After(200 * time.Millisecond) {
		next := s.page()
		for _, name := range []string{"ml_prediction_count_total", "ml_job_run_count_total"} {
			if sum(next, name) != sum(page, name) {
				begun = time.Now() // until nothing more comes
			}
		}
		page = next
	}
	for model, n := range h.predictions {
		counted := int(sum(page, "ml_prediction_count_total", `ml_model_name="`+model+`"`))
		t.Logf("%s: %d predictions sent, %d counted, %d may be lost by %d kills", model, n, counted, lost[model], kills)
		assert.GreaterOrEqual(t, counted, n-lost[model], model)
		assert.LessOrEqual(t, counted, n+kills*perRound, "%s: more than was sent, and sent again", model)
		h.predictions[model] = counted
	}
	for _, job := range jobs { // that they count once is for TestKills
		h.runs[job] = int(sum(page, "ml_job_run_count_total", `cicd_pipeline_name="`+job+`"`))
	}
	h.round()
	s.check("after the kills")
	s.restart()
	h.round()
	s.check("after a restart")
	assert.NotContains(t, s.log(), "set aside")
	assert.NotContains(t, s.log(), "panic")
	s.Stop()
}

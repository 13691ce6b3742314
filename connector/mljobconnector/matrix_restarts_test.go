// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector_test

import (
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

var restarts = []scenario{
	{"a restart in the middle of a run that fails", func(w *world) {
		w.fraud().card().history(7)
		r := w.run()
		deep := r.Breaks("train", oom, memory3)
		w.restart(r.Start.Add(6*time.Minute), 5*time.Second)
		w.restart(r.Start.Add(20*time.Minute), 2*time.Second)
		w.failed(r, "train", deep).endsWith(w.run())
	}},
	{"a restart while an alert fires", func(w *world) {
		w.fraud().card().history(2)
		r := w.run()
		x := w.failed(r, "train", r.Breaks("train", oom, memory3))
		w.restart(r.Root.Arrives().Add(5*time.Minute), 10*time.Second)
		next := w.run()
		w.kill(next.Start.Add(5*time.Minute), 3*time.Second)
		w.restart(next.Root.Arrives().Add(5*time.Minute), time.Second)
		x.endsWith(next)
	}},
	{"a shutdown before the decision flushes it", func(w *world) {
		w.fraud().card().history(2)
		r := w.run()
		deep := r.Breaks("train", oom, memory3)
		w.restart(r.Root.Arrives().Add(3*time.Second), 10*time.Minute)
		w.expect("JobFailed", "train").fires(r.Root.Arrives(), r.Root.Arrives().Add(3*time.Second)).shows(deep).endsWith(w.run())
	}},
	{"a kill before the decision", func(w *world) {
		w.fraud().card().history(2)
		r := w.run()
		deep := r.Breaks("train", oom, memory3)
		w.kill(r.Root.Arrives().Add(3*time.Second), 2*time.Second)
		w.failed(r, "train", deep).endsWith(w.run())
	}},
	{"a kill between the root and the absence of a stage", func(w *world) {
		w.fraud().history(20)
		r := w.run()
		r.Remove("publish")
		w.kill(r.Root.Arrives().Add(time.Minute), 5*time.Second)
		w.expect("StageMissing", "publish").warning().missed(r).endsWith(w.run())
	}},
	{"a restart in the middle of a retry and of a duplicate", func(w *world) {
		w.fraud().card().history(5)
		r := w.run()
		w.retried(r, "feature_query")
		w.kill(r.Start.Add(85*time.Second), time.Second)
		for _, sp := range r.All() {
			sp.Again(2 * time.Minute)
		}
		w.restart(r.Root.Arrives().Add(time.Minute), time.Second)
		w.run()
	}},
	{"a restart while a stage hangs", func(w *world) {
		w.fraud().card(stage("train", func(s *catalog.Stage) { s.Timeout = 40 * time.Minute })).history(2)
		r := w.run()
		r.Marker("train", "executing", 8*time.Minute)
		r.Dies(8*time.Minute + 30*time.Second)
		w.kill(r.Start.Add(30*time.Minute), 5*time.Second)
		due := r.Start.Add(48 * time.Minute)
		w.expect("StageOverdue", "train").fires(due, due.Add(decision)).endsWith(w.run())
		w.lasting(6)
	}},
}

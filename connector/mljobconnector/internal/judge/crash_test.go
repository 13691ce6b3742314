// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"testing"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
)

// TestRunningAtACrash has the process of a run die: what was running is at fault and no success.
func TestRunningAtACrash(t *testing.T) {
	unset := func(s *run.Span) { s.Explicit = false } // the span says nothing of how it ended
	marks := func(name, which string) func(*script) {
		return func(s *script) { s.add(run.KindMarker, 60, 60, task(name), instance(which)) }
	}
	for _, test := range []struct {
		name     string
		run      func(*script)
		want     string
		outcomes map[string]run.Outcome // of train
		summary  string
	}{
		{
			"its span never comes", func(s *script) { marks("train", "")(s); s.root(0, 100, fails("Crashed", "OOM killed")) },
			"failure, JobFailed:train", nil, "recsys failed at train: it did not come to an end; Crashed: OOM killed (run r).",
		},
		{
			"its span is closed after the run's", func(s *script) { s.stage("train", 60, 101, unset).root(0, 100, fails("Crashed", "OOM killed")) },
			"failure, JobFailed:train", nil, "recsys failed at train: it was still running when the run failed; Crashed: OOM killed (run r).",
		},
		{
			"its span is closed with the run's", func(s *script) { s.stage("train", 60, 100, unset).root(0, 100, fails("Crashed", "OOM killed")) },
			"failure, JobFailed:train", nil, "",
		},
		{
			"it says itself that it ended well, later", func(s *script) { s.stage("train", 60, 130).root(0, 100, fails("Crashed", "OOM killed")) },
			"failure, JobFailed",
			map[string]run.Outcome{"train": run.Success},
			"",
		},
		{
			"the status is OK", func(s *script) { s.stage("train", 60, 130, okay).root(0, 100, fails("Crashed", "OOM killed")) },
			"failure, JobFailed",
			map[string]run.Outcome{"train": run.Success},
			"",
		},
		{
			"a host whose clock is far ahead", func(s *script) { s.stage("train", 660, 690, unset).root(0, 100, fails("Crashed", "OOM killed")) },
			"failure, JobFailed",
			map[string]run.Outcome{"train": run.Success},
			"",
		},
		{
			"it ended before", func(s *script) { s.stage("train", 60, 99, unset).root(0, 100, fails("Crashed", "OOM killed")) },
			"failure, JobFailed",
			map[string]run.Outcome{"train": run.Success},
			"",
		},
		{
			"another stage has failed, this one ended in the same moment", func(s *script) {
				s.stage("check", 60, 90, fails("E", "m")).stage("train", 60, 100, unset).root(0, 100, fails("E", "m"))
			},
			"failure, JobFailed:check",
			map[string]run.Outcome{"train": run.Success},
			"",
		},
		{
			"another stage has failed, this one was closed after the run", func(s *script) {
				s.stage("check", 60, 90, fails("E", "m")).stage("train", 60, 101, unset).root(0, 100, fails("E", "m"))
			},
			"failure, JobFailed:check",
			map[string]run.Outcome{"train": run.Unknown},
			"",
		},
		{
			"one of three instances never ends", func(s *script) {
				marks("train", "0")(s)
				marks("train", "1")(s)
				marks("train", "2")(s)
				s.stage("train", 60, 80, instance("0")).stage("train", 60, 80, instance("2")).root(0, 100, fails("Crashed", "OOM killed"))
			},
			"failure, JobFailed:train",
			map[string]run.Outcome{"train": run.Unknown},
			"recsys failed at train: it was still running when the run failed; Crashed: OOM killed (run r).",
		},
		{
			"all instances ended", func(s *script) {
				marks("train", "0")(s)
				s.stage("train", 60, 80, instance("0")).root(0, 100, fails("Crashed", "OOM killed"))
			},
			"failure, JobFailed",
			map[string]run.Outcome{"train": run.Success},
			"",
		},
		{
			"the run ended well", func(s *script) { s.stage("train", 60, 101, unset).root(0, 100) },
			"success, good",
			map[string]run.Outcome{"train": run.Success},
			"",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := scripted("r").stage("load", 0, 60)
			test.run(s)
			r, e := s.run(), expect(nil, &History{})
			v := Judge(r, e, true)
			wantVerdict(t, test.want, v)
			if test.summary != "" {
				wantSummary(t, test.summary, v.Fault)
			}
			got := map[string]run.Outcome{}
			for _, result := range Stages(r, e) {
				got[result.Name] = result.Outcome
			}
			if got["load"] != run.Success {
				t.Errorf("load: %s", got["load"])
			}
			if o, counted := got["train"]; test.outcomes == nil && counted && o != run.Unknown || test.outcomes != nil && o != test.outcomes["train"] {
				t.Errorf("train: %s, want %v", o, test.outcomes)
			}
		})
	}
}

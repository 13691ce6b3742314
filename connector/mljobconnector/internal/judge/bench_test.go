// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
)

// twenty is a run of 20 stages, each with rows and three null ratios.
func twenty(id string) *script {
	s := scripted(id)
	for i := range 20 {
		s.stage(fmt.Sprintf("stage_%02d", i), i*60, i*60+60, read(1000), wrote(1000), nulls("a", 0.1), nulls("b", 0.1), nulls("c", 0.1))
	}
	return s
}

func twenties() *History {
	return learned(30, func(_ int, s *script) { s.spans = twenty(s.id).root(0, 1200).spans })
}

func BenchmarkJudge(b *testing.B) {
	r, e := twenty("today").root(0, 1200).run(), expect(nil, twenties())
	b.ReportAllocs()
	for b.Loop() {
		if v := Judge(r, e, true); !v.Good {
			b.Fatal(verdict(v))
		}
	}
}

func BenchmarkRunning(b *testing.B) {
	r, e := twenty("today").run(), expect(nil, twenties())
	now := at(1200)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = Running(r, e, now)
	}
}

func BenchmarkEnded(b *testing.B) {
	r, e := twenty("today").run(), expect(nil, twenties())
	now := at(1200)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = Ended(r, e, now)
	}
}

func BenchmarkJudgeInstances(b *testing.B) {
	s := scripted("today")
	for i := range 10000 {
		s.stage("score", 0, 60, instance(strconv.Itoa(i)), wrote(10))
	}
	r, e := s.root(0, 60).run(), expect(nil, &History{})
	b.ReportAllocs()
	for b.Loop() {
		Judge(r, e, true)
	}
}

func BenchmarkLearn(b *testing.B) {
	h := twenties()
	runs := make([]*run.Run, 64)
	for i := range runs {
		runs[i] = twenty(fmt.Sprint("run-", i)).root(0, 1200).run()
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		h.learn(runs[i%len(runs)])
	}
}

func BenchmarkMarshalHistory(b *testing.B) {
	h := twenties()
	b.ReportAllocs()
	for b.Loop() {
		data := h.Encode()
		b.ReportMetric(float64(len(data)), "bytes")
	}
}

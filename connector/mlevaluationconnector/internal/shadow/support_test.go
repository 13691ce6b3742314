// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package shadow

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/answer"
	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
	"github.com/otelcol-ml/otelcol-ml/internal/eventtime"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

var (
	start = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

	primary = prediction.Identity{Name: "fraud", Version: "7", Environment: "production"}
	canary  = prediction.Identity{Name: "fraud", Version: "8", Role: mlconv.RoleCanary, Environment: "production"}
	shadow  = prediction.Identity{Name: "fraud", Version: "9", Role: mlconv.RoleShadow, Environment: "production"}
	other   = prediction.Identity{Name: "fraud", Version: "10", Role: mlconv.RoleShadow, Environment: "production"}
	next    = prediction.Identity{Name: "fraud-next", Version: "1", Environment: "production"}
)

func options() Options {
	return Options{
		Pairs: []Pair{{Primary: "fraud", Shadow: "fraud-next"}}, TimeToLive: 10 * time.Minute, Waiting: 100_000, Bytes: 1 << 30,
		Models: 20, Comparisons: 10, Segments: 10, Classes: 5, Window: eventtime.Window{Length: 24 * time.Hour}, Lateness: time.Hour, Level: 0.95,
	}
}

func trace(request int) (id pcommon.TraceID) {
	binary.BigEndian.PutUint64(id[8:], uint64(request)+1)
	return id
}

// of is an answer to a request.
func of(id prediction.Identity, request int, class string) *answer.Answer {
	return &answer.Answer{
		Identity: id, TraceID: trace(request), Time: start.Add(time.Duration(request) * time.Second).UnixNano(), Duration: 0.01, Weight: 1, Class: class,
	}
}

// resultsOf are the results by the version of both sides and the segment, such as "7 9 country=DE".
func resultsOf(e *Engine, now time.Time) map[string]Result {
	out := map[string]Result{}
	e.Results(now, func(r *Result) {
		name := r.Primary.Version + " " + r.Shadow.Version
		if r.Segment != "" {
			name += " " + r.Segment
		}
		if r.Overflow {
			name += " rest"
		}
		if _, twice := out[name]; twice {
			panic(fmt.Sprintf("%s comes twice", name))
		}
		kept := *r
		kept.Scores = append([]evaluation.Score(nil), r.Scores...)
		kept.Answers = evaluation.NewConfusion(100)
		kept.Answers.Merge(r.Answers)
		out[name] = kept
	})
	return out
}

func (r Result) score(m evaluation.Measure) evaluation.Interval {
	for _, s := range r.Scores {
		if s.Measure == m {
			return s.Interval
		}
	}
	return evaluation.Interval{Point: math.NaN()}
}

func (r Result) pairs() (n float64) {
	for _, c := range r.cells() {
		n += c.weight
	}
	return n
}

// cell is how many requests have two answers.
type cell struct {
	primary, shadow string
	weight          float64
}

func (r Result) cells() (out []cell) {
	r.Answers.Cells(func(primary, shadow string, weight float64) { out = append(out, cell{primary, shadow, weight}) })
	return out
}

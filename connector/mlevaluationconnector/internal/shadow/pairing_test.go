// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package shadow

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/answer"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

func TestWhatAnswersShare(t *testing.T) {
	for _, c := range []struct {
		shared Shared
		set    func(a *answer.Answer, id string)
	}{
		{"", func(a *answer.Answer, id string) { a.TraceID = pcommon.TraceID([]byte(id + "0123456789abcdef")[:16]) }},
		{SharedPredictionID, func(a *answer.Answer, id string) { a.PredictionID = id }},
		{SharedKey, func(a *answer.Answer, id string) { a.Key = id }},
	} {
		t.Run(string(c.shared), func(t *testing.T) {
			o := options()
			o.Shared, o.Classes = c.shared, 10
			e := New(o)
			answers := func(id prediction.Identity, shared string, row int, class string) {
				a := of(id, 0, class)
				a.TraceID, a.Row = pcommon.TraceID{}, row
				if shared != "" {
					c.set(a, shared)
				}
				e.Answer(a, start)
			}
			answers(primary, "a", 0, "ok")
			answers(primary, "a", 1, "fraud")
			answers(primary, "b", 0, "review")
			answers(shadow, "a", 1, "FRAUD")
			answers(shadow, "b", 0, "REVIEW")
			answers(shadow, "b", 1, "no such row")
			answers(shadow, "a", 0, "OK")
			answers(primary, "", 0, "ok")
			answers(shadow, "", 0, "ok")

			assert.ElementsMatch(t, []cell{{"ok", "OK", 1}, {"fraud", "FRAUD", 1}, {"review", "REVIEW", 1}}, resultsOf(e, start)["7 9"].cells())
			assert.EqualValues(t, 2, e.Stats().Unidentified)
		})
	}
}

// Answers of another environment are to other requests: a key of the business may be the same.
func TestEnvironmentsAreApart(t *testing.T) {
	e := New(options())
	e.Answer(of(primary, 1, "ok"), start)
	staging := shadow
	staging.Environment = "staging"
	e.Answer(of(staging, 1, "ok"), start)
	unknown := shadow
	unknown.Name = "churn"
	e.Answer(of(unknown, 1, "ok"), start)
	assert.Empty(t, resultsOf(e, start))
}

// The first answer of a model to a request counts: a model that is called twice in a trace makes no
// pair of what does not belong together.
func TestTheFirstAnswerCounts(t *testing.T) {
	for _, order := range [][]*answer.Answer{
		{of(primary, 1, "first"), of(primary, 1, "second"), of(shadow, 1, "first"), of(shadow, 1, "second")},
		{of(shadow, 1, "first"), of(shadow, 1, "second"), of(primary, 1, "first"), of(primary, 1, "second")},
		{of(primary, 1, "first"), of(shadow, 1, "first"), of(shadow, 1, "second"), of(canary, 1, "second")},
	} {
		e := New(options())
		for _, a := range order {
			e.Answer(a, start)
		}
		assert.Equal(t, []cell{{"first", "first", 1}}, resultsOf(e, start)["7 9"].cells())
		assert.EqualValues(t, 2, e.Stats().Repeated)
		assert.EqualValues(t, 1, e.Stats().Paired)
	}
}

func TestTimeToLive(t *testing.T) {
	e := New(options())
	e.Answer(of(primary, 1, "ok"), start)
	e.Answer(of(primary, 2, "ok"), start)
	e.Answer(of(shadow, 3, "ok"), start)
	e.Answer(of(shadow, 1, "ok"), start.Add(9*time.Minute))
	assert.EqualValues(t, 1, e.Stats().Paired)

	later := start.Add(10 * time.Minute)
	e.Answer(of(shadow, 2, "ok"), later)
	e.Answer(of(primary, 3, "ok"), later)
	assert.EqualValues(t, 1, e.Stats().Paired, "both came too late")
	assert.Equal(t, BySide{Primary: 1, Shadow: 1}, e.Stats().Expired, "the one that has met a shadow is not among them")
	e.Results(later.Add(10*time.Minute), func(*Result) {})
	assert.Equal(t, BySide{Primary: 2, Shadow: 2}, e.Stats().Expired)
	answers, bytes := e.Waiting()
	assert.Zero(t, answers)
	assert.Zero(t, bytes)

	e.Answer(of(primary, 1, "ok"), later)
	e.Answer(of(shadow, 1, "ok"), later)
	assert.EqualValues(t, 1, e.Stats().Paired, "delivered again after both had left")
	assert.EqualValues(t, 1, e.Stats().Repeated)
}

func TestRoom(t *testing.T) {
	o := options()
	o.Waiting = 2
	byNumber := New(o)
	o.Waiting, o.Bytes = 10, 2*sideSize
	bySize := New(o)
	for _, e := range []*Engine{byNumber, bySize} {
		e.Answer(of(shadow, 1, "ok"), start)
		for request := range 3 {
			e.Answer(of(primary, 2+request, "ok"), start)
		}
		e.Answer(of(primary, 1, "ok"), start)
		assert.Zero(t, e.Stats().Paired)
		assert.Equal(t, BySide{Primary: 2, Shadow: 1}, e.Stats().Evicted)
	}
}

// A model that has no shadow does not wait for one any more, until one comes.
func TestModelsWithoutAShadow(t *testing.T) {
	o := options()
	o.Pairs = nil
	e := New(o)
	waiting := func() int {
		n, _ := e.Waiting()
		return n
	}
	e.Answer(of(primary, 1, "ok"), start)
	assert.Equal(t, 1, waiting())
	now := start.Add(10 * time.Minute)
	e.Answer(of(primary, 2, "ok"), now)
	assert.Zero(t, waiting())
	assert.Zero(t, e.Stats().Expired, "no shadow was expected")

	e.Answer(of(shadow, 2, "ok"), now)
	e.Answer(of(primary, 3, "ok"), now)
	e.Answer(of(shadow, 3, "ok"), now)
	assert.EqualValues(t, 1, e.Stats().Paired)

	o.Pairs = []Pair{{Primary: "fraud", Shadow: "fraud-next"}}
	e = New(o)
	e.Answer(of(primary, 1, "ok"), start)
	e.Answer(of(primary, 2, "ok"), now)
	assert.Equal(t, 1, waiting(), "one that the options name waits always")
}

func TestLimits(t *testing.T) {
	o := options()
	o.Models, o.Comparisons, o.Segments = 4, 2, 2
	e := New(o)
	for version := range 4 {
		id := shadow
		id.Version = fmt.Sprint("s", version)
		e.Answer(of(id, 1, "ok"), start)
	}
	assert.Zero(t, e.Stats().Models)
	e.Answer(of(primary, 1, "ok"), start)
	assert.EqualValues(t, 1, e.Stats().Models)

	o.Models = 5
	e = New(o)
	a := of(primary, 1, "ok")
	a.Segments = []string{"a", "b", "c", "d"}
	e.Answer(a, start)
	for version := range 4 {
		id := shadow
		id.Version = fmt.Sprint("s", version)
		e.Answer(of(id, 1, "ok"), start)
	}
	assert.EqualValues(t, 2, e.Stats().Comparisons)
	assert.EqualValues(t, 4, e.Stats().Segments)
	got := resultsOf(e, start)
	require.Len(t, got, 8)
	for _, name := range []string{"7 s0", "7 s0 a", "7 s0 b", "7 s0 rest"} {
		assert.Equal(t, []cell{{"ok", "ok", 1}}, got[name].cells(), name)
	}
}

// The shadows of a model have places, which are taken again when one has been silent.
func TestShadowsComeAndGo(t *testing.T) {
	o := options()
	o.Models = 1000
	e := New(o)
	now := start
	for version := range 200 {
		id := prediction.Identity{Name: "fraud", Version: fmt.Sprint(version), Role: mlconv.RoleShadow, Environment: "production"}
		used := of(primary, version, "ok")
		used.Time = now.UnixNano()
		e.Answer(used, now)
		e.Answer(of(id, version, "ok"), now)
		now = now.Add(6 * time.Hour)
		e.Results(now, func(*Result) {})
	}
	assert.EqualValues(t, 200, e.Stats().Paired)
	assert.LessOrEqual(t, len(e.models.byID), 8)
	assert.LessOrEqual(t, len(e.order), 6)
	e.Results(now.Add(48*time.Hour), func(*Result) { t.Error("all are silent") })
	assert.Empty(t, e.models.byID)
	assert.Empty(t, e.models.groups)

	for version := range 200 {
		id := shadow
		id.Version = fmt.Sprint(version)
		e.Answer(of(id, version, "ok"), now)
		e.Answer(of(primary, version, "ok"), now)
	}
	assert.EqualValues(t, 200+o.Comparisons, e.Stats().Paired)
	assert.EqualValues(t, mostShadows-o.Comparisons, e.Stats().Comparisons)
}

func TestLateAndFuture(t *testing.T) {
	e := New(options())
	now := start.Add(100 * 24 * time.Hour)
	at := func(request int, when time.Time) {
		a := of(primary, request, "ok")
		a.Time = when.UnixNano()
		e.Answer(a, now)
		e.Answer(of(shadow, request, "ok"), now)
	}
	at(1, now)
	e.Results(now, func(*Result) {})
	at(2, now.Add(-50*time.Hour))
	at(3, now.Add(-2*time.Hour))
	at(4, now.Add(6*time.Minute))
	assert.EqualValues(t, 3, e.Stats().Paired)
	assert.EqualValues(t, 1, e.Stats().Late)
	assert.EqualValues(t, 1, e.Stats().Future)
	r := resultsOf(e, now)["7 9"]
	assert.Equal(t, 3.0, r.pairs())
	assert.Equal(t, 2.0, r.score("agreement").N)
	assert.Equal(t, now.UnixNano(), r.Since)
}

func TestNamesAreBounded(t *testing.T) {
	n := names{}
	for i := range 3 * mostNames {
		n.one(fmt.Sprint(i))
		assert.LessOrEqual(t, len(n), mostNames)
	}
	assert.Less(t, len(n.one(string(make([]byte, 10_000)))), 300)
}

// Models that somebody makes up take no place of one that is compared, and give theirs to one that
// somebody vouches for, or to any after an hour.
func TestMadeUpModelsTakeNoPlaces(t *testing.T) {
	o := options()
	o.Models, o.Comparisons = 6, 1
	o.Vouched = func(id *prediction.Identity) bool { return id.Name == "recommender" }
	e := New(o)
	pair := func(request int, p, s prediction.Identity, now time.Time) uint64 {
		before := e.Stats().Paired
		e.Answer(of(p, request, "ok"), now)
		e.Answer(of(s, request, "ok"), now)
		return e.Stats().Paired - before
	}
	assert.EqualValues(t, 1, pair(1, primary, shadow, start))
	for i := range 100 {
		e.Answer(of(prediction.Identity{Name: fmt.Sprint("made up ", i), Environment: "production"}, 100+i, "ok"), start)
	}
	assert.EqualValues(t, 96, e.Stats().Models)
	assert.EqualValues(t, 1, pair(2, primary, shadow, start.Add(time.Minute)))
	vouched := prediction.Identity{Name: "recommender", Version: "1", Environment: "production"}
	candidate := vouched
	candidate.Version, candidate.Role = "2", mlconv.RoleShadow
	assert.Zero(t, pair(3, vouched, candidate, start.Add(time.Minute)), "there is no room for the comparison")
	assert.EqualValues(t, 96, e.Stats().Models)
	assert.EqualValues(t, 2, e.Stats().Displaced)
	assert.EqualValues(t, 1, e.Stats().Comparisons)

	later := start.Add(2 * time.Hour)
	assert.EqualValues(t, 1, pair(4, vouched, candidate, later), "the comparison before was silent for an hour")
	assert.EqualValues(t, 3, e.Stats().Displaced)
	e.Answer(of(prediction.Identity{Name: "late", Environment: "production"}, 500, "ok"), later)
	assert.EqualValues(t, 96, e.Stats().Models)
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/change"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// What segments have of a drift adds up to all of it; a segment that has changed, one that has
// grown, and one that was always different are told apart where the reference has segments.
func TestAttribute(t *testing.T) {
	for _, x := range []struct {
		name        string
		before, now tally
		cohorts     []cohortTally
		want        []Part
	}{
		{
			"one has changed, the reference has no segments",
			tally{5000, 5000},
			tally{400, 600},
			[]cohortTally{{"c=BR", nil, tally{0, 200}}, {"c=DE", nil, tally{400, 400}}},
			[]Part{{Segment: "c=BR", Share: 1, Rows: 0.2, Within: 1}},
		},
		{
			"it is everywhere",
			tally{5000, 5000},
			tally{400, 600},
			[]cohortTally{{"c=BR", nil, tally{80, 120}}, {"c=DE", nil, tally{320, 480}}},
			nil,
		},
		{
			"one was always so, the other has changed",
			tally{4000, 6000},
			tally{200, 800},
			[]cohortTally{{"c=BR", tally{0, 2000}, tally{0, 200}}, {"c=DE", tally{4000, 4000}, tally{200, 600}}},
			nil, // DE has 80 % of the rows, and all of it is no more than 1.5 times that
		},
		{
			"one has become larger",
			tally{4000, 6000},
			tally{300, 700},
			[]cohortTally{{"c=BR", tally{0, 2000}, tally{0, 400}}, {"c=DE", tally{4000, 4000}, tally{300, 300}}},
			[]Part{{Segment: "c=BR", Share: 0.8, Rows: 0.4, Split: true, Mix: 0.8}}, // and DE, by becoming smaller, 0.2
		},
		{
			"one has become so large that its part is no surprise",
			tally{4000, 6000},
			tally{200, 800},
			[]cohortTally{{"c=BR", tally{0, 2000}, tally{0, 600}}, {"c=DE", tally{4000, 4000}, tally{200, 200}}},
			nil,
		},
		{
			"one is new",
			tally{5000, 5000},
			tally{400, 600},
			[]cohortTally{{"c=BR", tally{0, 0}, tally{0, 200}}, {"c=DE", tally{5000, 5000}, tally{400, 400}}},
			[]Part{{Segment: "c=BR", Share: 1, Rows: 0.2, Split: true, Within: 1}},
		},
		{"too few rows", tally{5000, 5000}, tally{40, 59}, []cohortTally{{"c=BR", nil, tally{0, 20}}}, nil},
		{"too few to be sure", tally{5000, 5000}, tally{90, 110}, []cohortTally{{"c=BR", nil, tally{1, 6}}}, nil},
		{"nothing has grown", tally{5000, 5000}, tally{500, 500}, []cohortTally{{"c=BR", nil, tally{0, 100}}}, nil},
		{"no reference", tally{0, 0}, tally{500, 500}, []cohortTally{{"c=BR", nil, tally{0, 100}}}, nil},
	} {
		got := attribute(x.before, x.now, x.cohorts, 1)
		require.Len(t, got, len(x.want), x.name)
		for i, want := range x.want {
			assert.Equal(t, want.Segment, got[i].Segment, x.name)
			assert.Equal(t, want.Split, got[i].Split, x.name)
			assert.InDeltaSlice(t, []float64{want.Share, want.Rows, want.Within, want.Mix}, []float64{got[i].Share, got[i].Rows, got[i].Within, got[i].Mix}, 1e-9, x.name)
		}
	}
}

// Parts add up to the whole over the segments of a dimension, whatever the counts are.
func TestPartsAddUp(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		cells, segments, split := 2+r.IntN(10), 2+r.IntN(5), r.IntN(2) == 0
		before, now := make(tally, cells), make(tally, cells)
		var cohorts []cohortTally
		for range segments {
			c := cohortTally{before: make(tally, cells), now: make(tally, cells)}
			for i := range cells {
				c.before[i], c.now[i] = float64(r.IntN(1000)), float64(r.IntN(1000))
				before[i] += c.before[i]
				now[i] += c.now[i]
			}
			if !split {
				c.before = nil
			}
			cohorts = append(cohorts, c)
		}
		total := 0.0
		for _, p := range parts(before, now, cohorts, 1) {
			total += p.Share
		}
		assert.InDelta(t, 1, total, 1e-9)
	}
}

// order is a prediction of a shop in three countries.
type order struct {
	country     string
	amount, age float64
	plan        string
	zip         bool // it has one
}

// market draws orders.
type market struct {
	r *rand.Rand
	// brazil is the share of orders from there; broken does to them what a release of its front end
	// may do, and older makes everybody older.
	brazil        float64
	broken, older bool
	// dear says that amounts there are larger, and were.
	dear bool
}

func (m *market) draw() order {
	o := order{country: "DE", amount: 20 * m.r.ExpFloat64(), age: 40 + 10*m.r.NormFloat64(), plan: "free", zip: true}
	switch p := m.r.Float64(); {
	case p < m.brazil:
		o.country = "BR"
	case p > 0.7:
		o.country = "FR"
	}
	if m.r.Float64() < 0.3 {
		o.plan = "paid"
	}
	if m.dear && o.country == "BR" {
		o.amount += 40
	}
	if m.broken && o.country == "BR" {
		o.amount *= 100
		o.zip = m.r.Float64() < 0.5
		if m.r.Float64() < 0.5 {
			o.plan = "gold"
		}
	}
	if m.older {
		o.age += 8
	}
	return o
}

// baseline profiles orders.
func (m *market) baseline() *profile.Profile {
	const rows = 5000
	var amounts, ages []float64
	plans := map[string]uint64{}
	for range rows {
		o := m.draw()
		amounts, ages = append(amounts, o.amount), append(ages, o.age)
		plans[o.plan]++
	}
	return &profile.Profile{FormatVersion: profile.FormatVersion, Rows: rows, Features: []*profile.Column{
		profile.NewNumeric("amount", amounts, 0, distribution.DefaultBins),
		profile.NewNumeric("age", ages, 0, distribution.DefaultBins),
		profile.NewCategorical("plan", plans, 0, 200),
		profile.NewCategorical("zip", map[string]uint64{"yes": rows}, 0, 200),
	}}
}

// hour returns the deltas of so many orders of an hour, as ml_summary counts them; the trace of a
// row says whether it is from Brazil, and its amount.
func (m *market) hour(base *profile.Profile, k Key, start int64, rows int) (out []Delta) {
	orders := make([]order, rows)
	for i := range orders {
		orders[i] = m.draw()
	}
	for _, country := range []string{"", "BR", "DE", "FR"} {
		var in []order
		for _, o := range orders {
			if country == "" || o.country == country {
				in = append(in, o)
			}
		}
		k.Segment = ""
		if country != "" {
			k.Segment = "country=" + country
		}
		key := func(subject Subject, name string) Key {
			k := k
			k.Subject, k.Name = subject, name
			return k
		}
		out = append(out, Delta{Key: key(Predictions, ""), Minute: start, Count: uint64(len(in))})
		for i, of := range []func(o order) float64{func(o order) float64 { return o.amount }, func(o order) float64 { return o.age }} {
			c := base.Features[i]
			var values []float64
			for _, o := range in {
				values = append(values, of(o))
			}
			bins, _ := distribution.NewBins(c.Numeric.Bounds)
			d := histogram(key(Feature, c.Name), start, bins, values)
			d.Exemplars = nil
			for i, o := range in[:20] {
				x := Exemplar{Value: of(o), Time: start*1e9 + int64(i)}
				copy(x.TraceID[:], o.country)
				binary.BigEndian.PutUint32(x.TraceID[4:], uint32(of(o)))
				d.Exemplars = append(d.Exemplars, x)
			}
			if country != "" {
				groups := distribution.GroupByMass(c.Numeric.Bounds, c.Numeric.Counts, distribution.DefaultGroups)
				d.Bounds, d.Counts = groups.Bounds(), distribution.Sum(groups, d.Counts, []uint64(nil))
			}
			out = append(out, d)
		}
		plans, without := map[string]uint64{}, uint64(0)
		for _, o := range in {
			plans[o.plan]++
			if !o.zip {
				without++
			}
		}
		for _, plan := range sortedKeys(plans) {
			out = append(out, Delta{Key: key(Feature, "plan"), Minute: start, Categorical: true, Category: plan, Count: plans[plan]})
		}
		out = append(out,
			Delta{Key: key(Feature, "zip"), Minute: start, Categorical: true, Category: "yes", Count: uint64(len(in)) - without},
			Delta{Key: key(Missing, "zip"), Minute: start, Count: without})
	}
	return out
}

// drifts runs hours of orders through an engine and returns the drifts of the total that were found,
// by feature, as they are found and as they are scored in the end.
func (m *market) drifts(t *testing.T, set *catalog.Set, base *profile.Profile, keys ...Key) (found, scored map[string]Result) {
	t.Helper()
	found, scored = map[string]Result{}, map[string]Result{}
	e := engine(t, set, nil)
	name := func(r *Result) string { return r.Reference + " " + r.Key.Subject.String() + " " + r.Key.Name }
	for hour := range int64(4) {
		now := at(epoch + hour*3600 + 3599)
		for i, k := range keys {
			one := *m
			if len(keys) > 1 && i == 0 {
				one.broken, one.brazil = false, 0.2 // the champion
			}
			e.Add(now, one.hour(base, k, epoch+hour*3600, 2000))
		}
		now = at(epoch + hour*3600 + 3600 + 200)
		_, changes := e.Advance(now)
		for i := range changes {
			if c := &changes[i]; c.Verdict == Drift && c.Key.Segment == "" {
				found[name(&c.Result)] = c.Result
			}
		}
	}
	e.Scores(func(r *Result) {
		if r.Verdict == Drift && r.Key.Segment == "" {
			scored[name(r)] = *r
		}
	})
	return found, scored
}

// Each drift says what kind of change it is and in which segment it is found: at its beginning and
// as long as it holds. A drift that is everywhere names no segment.
func TestCauses(t *testing.T) {
	usual := &market{r: rand.New(rand.NewPCG(1, 2)), brazil: 0.2}
	base := usual.baseline()
	m := *usual
	m.broken, m.older = true, true
	found, scored := m.drifts(t, card(base, func(c *catalog.Model) { c.Versions = c.Versions[:1] }), base, key7)
	for _, results := range []map[string]Result{found, scored} {
		for name, want := range map[string]struct {
			kind change.Kind
			text string
			part bool
		}{
			"baseline feature amount": {change.Tail, `^tail: (19|20|21) % of the values are above \d+, was 0\.\d+ %, to \d\S*$`, true},
			"baseline feature plan":   {change.NewCategory, `^new category: "gold" is (9|10|11)[.0-9]* %, was 0 %$`, true},
			"baseline missing zip":    {change.MissingRose, `^missing values rose: 0 % → (9|10|11)[.0-9]* % of the rows$`, true},
			"baseline feature age":    {change.Shift, `^shift: mean (39|40)\S* → 4[78]\S* \(\+0\.\d+ sd\)$`, false},
		} {
			r, ok := results[name]
			require.True(t, ok, "%s: %v", name, results)
			assert.Equal(t, want.kind, r.Change.Kind, "%s: %s", name, r.Change.Text)
			assert.Regexp(t, want.text, r.Change.Text)
			assert.Equal(t, epoch, r.Since, "%s: the first window", name)
			if !want.part {
				assert.Empty(t, r.Parts, name)
				continue
			}
			require.Len(t, r.Parts, 1, name)
			part := r.Parts[0]
			assert.Equal(t, "country=BR", part.Segment, name)
			assert.InDelta(t, 1, part.Share, 0.1, name)
			assert.InDelta(t, 0.2, part.Rows, 0.03, name)
			assert.False(t, part.Split, "a baseline has no segments")
		}
		assert.Len(t, results, 4)
	}
	rows := found["baseline feature amount"].Exemplars
	require.NotEmpty(t, rows)
	assert.LessOrEqual(t, len(rows), shown)
	assert.Equal(t, &rows[0], found["baseline feature amount"].Exemplar)
	assert.Equal(t, "BR", string(rows[0].TraceID[:2]), "what has grown most is from there")
	rows = found["baseline feature age"].Exemplars
	assert.Greater(t, len(rows), 1, "a shift has many groups that have grown")
}

// Against a champion, which has the same segments, what comes of a segment that has changed is told
// from what comes of one that has become larger.
func TestPartsAgainstTheChampion(t *testing.T) {
	usual := &market{r: rand.New(rand.NewPCG(3, 4)), brazil: 0.2, dear: true}
	base := usual.baseline()
	set := card(base, func(c *catalog.Model) { c.Drift.Reference = []string{Champion} })
	champion, challenger := key7, key7
	challenger.Version = "8"
	m := *usual
	m.brazil = 0.5
	found, _ := m.drifts(t, set, base, champion, challenger)
	amount, ok := found["champion feature amount"]
	require.True(t, ok, "%v", found)
	require.Len(t, amount.Parts, 1)
	part := amount.Parts[0]
	assert.Equal(t, "country=BR", part.Segment)
	assert.True(t, part.Split)
	assert.Greater(t, part.Mix, 0.7, "it has become larger")
	assert.InDelta(t, 0, part.Within, 0.1, "its amounts are as they were")

	m.brazil, m.broken = 0.2, true
	found, _ = m.drifts(t, set, base, champion, challenger)
	for _, name := range []string{"champion feature amount", "champion missing zip"} {
		one, ok := found[name]
		require.True(t, ok, "%s: %v", name, found)
		require.Len(t, one.Parts, 1, name)
		assert.InDelta(t, 1, one.Parts[0].Within, 0.2, name)
		assert.InDelta(t, 0, one.Parts[0].Mix, 0.1, name)
	}
}

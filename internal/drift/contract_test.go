// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/contract"
)

// contractOf is a contract on the features of columns(5).
func contractOf() *contract.Contract {
	statistic := func(feature, name, statistic string, low, high *float64) contract.Check {
		return contract.Check{Kind: contract.Statistic, Feature: feature, Name: name, Statistic: statistic, Min: low, Max: high, Severity: contract.Warning}
	}
	change := statistic("", "rows-lost", contract.Rows, nil, nil)
	change.ComparedWith, change.MaxDecrease = 2*time.Hour, new(0.2)
	drop := statistic("f00", "mean-moved", contract.Mean, nil, nil)
	drop.ComparedWith, drop.MaxIncrease = 100_000*time.Hour, new(1.0)
	quantile := statistic("f03", "p90", contract.Quantile, nil, new(6.0))
	quantile.Quantile = 0.9
	return &contract.Contract{Checks: []contract.Check{
		statistic("f02", "missing", contract.Missing, nil, new(0.3)), statistic("f02", "tight", contract.Missing, nil, new(0.1)),
		statistic("f01", "edge", contract.Missing, nil, new(0.01)), statistic("f00", "none", contract.Missing, nil, new(0.0)),
		statistic("f00", "mean", contract.Mean, new(-0.5), new(0.5)), statistic("f00", "median", contract.Median, new(1.0), nil), quantile,
		statistic("f04", "unseen", contract.Unseen, nil, new(0.05)), statistic("f04", "distinct", contract.Distinct, nil, new(3.0)),
		statistic("f00", "unseen", contract.Unseen, nil, new(0.05)), statistic("f09", "mean", contract.Mean, nil, new(1.0)),
		statistic("", "rows", contract.Rows, new(500.0), nil), change, drop,
		{Kind: contract.Range, Feature: "f00", Name: "range", Severity: contract.Critical, MaxViolations: 0.05},
		{Kind: contract.Range, Feature: "f03", Name: "range", Severity: contract.Critical},
		{Kind: contract.Values, Attribute: "shop.currency", Name: "values"},
		{Kind: contract.UnknownFeature, Name: "unknown_feature"},
	}}
}

// checked are the deltas of a minute with what the contract counts: 10 rows, of which one breaks f00.range.
func checked(tr *traffic, event int64) []Delta {
	out := tr.minute(event, 10)
	add := func(s Subject, c Consumer, n uint64) {
		k := tr.key
		k.Subject = s
		out = append(out, Delta{Key: k, Minute: event, Count: n, Consumer: c})
	}
	add(ContractRows, Consumer{Source: "pos"}, 6)
	add(ContractRows, Consumer{Source: "app"}, 4)
	add(Violations, Consumer{Source: "app", Feature: "f00", Check: "range", Severity: contract.Critical}, 1)
	add(Violations, Consumer{Source: "app", Feature: "new", Check: "unknown_feature"}, 1)
	add(Violations, Consumer{Source: "app", Feature: "f00", Check: "soda"}, 1)
	return out
}

// contractLines renders what was last said of each check.
func contractLines(e *Engine) map[string]string {
	out := map[string]string{}
	e.Contracts(func(r *ContractResult) {
		out[r.Key.Version+" "+r.Check.ID()] = fmt.Sprintf("%s n=%d +%d", r.Verdict, r.Samples, (r.End-epoch)/3600)
	})
	return out
}

// contractStory is seven hours of what a model's contract counts, of which half of the rows are gone in
// the last two.
func contractStory() (set *catalog.Set, minutes [][]Delta) {
	cols := columns(5)
	base := baseline(cols, 5000, 1)
	tr := newTraffic(base, cols, 3)
	for m := range int64(7 * 60) {
		deltas := checked(tr, epoch+m*60)
		if m >= 5*60 {
			for i := range deltas {
				if deltas[i].Key.Subject == ContractRows {
					deltas[i].Count /= 2
				}
			}
		}
		minutes = append(minutes, deltas)
	}
	return card(base, func(m *catalog.Model) { m.Contract = contractOf() }), minutes
}

// feed counts minutes, of which the first is that of a number.
func feed(e *Engine, deltas [][]Delta, from int) {
	for i, d := range deltas {
		now := at(epoch + int64(from+i)*60 + 60)
		e.Add(now, d)
		e.Advance(now)
	}
}

// TestGoldenContracts goes on from what version 4 stored of contracts.
func TestGoldenContracts(t *testing.T) {
	set, minutes := contractStory()
	whole := engine(t, set, nil)
	feed(whole, minutes[:190], 0)
	file := filepath.Join("testdata", "contract-4.json")
	if *writeGoldenState == filepath.Base(file) {
		text, err := json.Marshal(whole.Snapshot().Changed)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, append(text, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var stored map[string][]byte
	if err := json.Unmarshal(text, &stored); err != nil {
		t.Fatal(err)
	}
	e := engine(t, set, nil)
	for _, data := range stored {
		if err := e.Restore(at(epoch+190*60), data); err != nil {
			t.Fatal(err)
		}
	}
	for _, from := range []int{190, 420} {
		if a, b := contractLines(whole), contractLines(e); len(a) == 0 || !maps.Equal(a, b) {
			t.Errorf("after %d minutes: %v\nwant %v", from, b, a)
		}
		feed(whole, minutes[from:], from)
		feed(e, minutes[from:], from)
	}
}

func TestContracts(t *testing.T) {
	set, minutes := contractStory()
	whole := engine(t, set, nil)
	feed(whole, minutes[:190], 0)
	n := func(verdict string, n, hour int) string { return fmt.Sprintf("%s n=%d +%d", verdict, n, hour) }
	got := contractLines(whole)
	for check, want := range map[string]string{
		"7 f02.tight": "violated", "7 f02.missing": "ok", "7 f01.edge": "insufficient", "7 f00.none": "ok",
		"7 f00.mean": "ok", "7 f00.median": "violated", "7 f03.p90": "ok", "7 f04.unseen": "ok", "7 f04.distinct": "violated", "7 f00.unseen": "insufficient",
		"7 f00.range": "violated", "7 f03.range": "ok", "7 shop.currency.values": "ok", "7 unknown_feature": "violated",
		"7 f00.mean-moved": "insufficient", " rows": "ok", " rows-lost": "ok",
	} {
		samples := 600
		switch check {
		case "7 f04.unseen", "7 f04.distinct":
			continue
		}
		if got[check] != n(want, samples, 3) {
			t.Errorf("%s is %q, want %s", check, got[check], want)
		}
	}
	if len(got) != 17 {
		t.Errorf("%d checks are judged: %v", len(got), got)
	}
	for check, want := range map[string]string{"7 f04.unseen": "ok", "7 f04.distinct": "violated"} {
		if got[check][:len(want)] != want {
			t.Errorf("%s is %q, want %s", check, got[check], want)
		}
	}
	unjudged := map[string]uint64{}
	for _, ev := range whole.TakeStats().Events {
		if ev.Kind == NotJudged {
			unjudged[ev.Key.Name+"."+ev.Item] += ev.Count
		}
	}
	if want := map[string]uint64{"f00.unseen": 3, "f00.mean-moved": 3}; !maps.Equal(unjudged, want) {
		t.Errorf("not judged: %v, want %v", unjudged, want)
	}
	closed := whole.TakeContracts()
	first := map[contract.Verdict]int{}
	for i := range closed {
		if r := &closed[i]; r.Check.ID() == "f02.tight" {
			first[r.From]++
			if r.End-r.Start != 3600 || !(r.Lower > 0.1 && r.Lower < r.Point && r.Point < r.Upper && r.Upper < 0.3) {
				t.Errorf("%+v", r)
			}
		}
	}
	if want := map[contract.Verdict]int{contract.Insufficient: 1, contract.Violated: 2}; !maps.Equal(first, want) || len(whole.TakeContracts()) != 0 {
		t.Errorf("closed windows of f02.tight by the verdict before: %v", first)
	}

	// A restart in the middle of a window changes nothing, neither what is compared with hours ago.
	again := restored(t, set, whole.Snapshot(), epoch+190*60)
	feed(whole, minutes[190:], 190)
	feed(again, minutes[190:], 190)
	if a, b := contractLines(whole), contractLines(again); !maps.Equal(a, b) {
		t.Errorf("%v\nafter a restart %v", a, b)
	}
	// The window of half the rows: fewer than the bound, and than two hours ago.
	got = contractLines(again)
	if got[" rows"] != n("violated", 300, 6) || got[" rows-lost"] != n("violated", 300, 6) {
		t.Errorf("rows: %s, lost: %s", got[" rows"], got[" rows-lost"])
	}

	// Silence makes all insufficient and then nothing, but for the number of rows.
	again.Advance(at(epoch + 9*3600 + 600))
	got = contractLines(again)
	if len(got) != 2 || got[" rows"] != n("violated", 0, 9) {
		t.Errorf("after two hours of silence: %v", got)
	}
}

// TestContractIsReloaded: checks that the card does not have any more are not said any more, and one
// that is renamed begins afresh.
func TestContractIsReloaded(t *testing.T) {
	cols := columns(5)
	base := baseline(cols, 5000, 1)
	e, tr := engine(t, card(base, func(m *catalog.Model) { m.Contract = contractOf() }), nil), newTraffic(base, cols, 3)
	hour := func(h int64) {
		for m := range int64(60) {
			e.Add(at(epoch+h*3600+m*60+60), checked(tr, epoch+h*3600+m*60))
		}
		e.Advance(at(epoch + h*3600 + 3720))
	}
	hour(0)
	hour(1)
	c := contractOf()
	c.Checks = c.Checks[:1]
	e.SetCatalog(card(base, func(m *catalog.Model) { m.Contract = c }))
	if got := contractLines(e); len(got) != 1 {
		t.Errorf("after the reload: %v", got)
	}
	hour(2)
	e.SetCatalog(card(base, nil))
	hour(3)
	if got := contractLines(e); len(got) != 0 {
		t.Errorf("without a contract: %v", got)
	}
}

// TestContractOfASample: rows that stand for others widen the interval.
func TestContractOfASample(t *testing.T) {
	set := card(nil, func(m *catalog.Model) { m.Contract = contractOf() })
	for weight, want := range map[uint64]string{1: "violated", 50: "insufficient"} {
		e := engine(t, set, nil)
		for m := range int64(60) {
			d := Delta{Key: key7, Minute: epoch + m*60, Count: 50, Consumer: Consumer{Source: "pos"}}
			d.Key.Subject = ContractRows
			d.SetCount(50, 50*(weight-1))
			broken := d
			broken.Key.Subject = Violations
			broken.Consumer.Feature, broken.Consumer.Check = "f00", "range"
			broken.SetCount(5, 5*(weight-1))
			e.Add(at(epoch+m*60+60), []Delta{d, broken})
		}
		now := at(epoch + 3600 + 300)
		e.Advance(now)
		if got := contractLines(e)["7 f00.range"]; got != want+" n=3000 +1" {
			t.Errorf("weight %d: %q, want %s", weight, got, want)
		}
	}
}

// TestContractCountsIndependentRows: thirty users who send each row twenty times make a share of missing
// values jump from hour to hour. For the first day nothing else is known of them; then a bound above
// what they lack on average is not violated by chance.
func TestContractCountsIndependentRows(t *testing.T) {
	c := &contract.Contract{Checks: []contract.Check{
		{Kind: contract.Statistic, Feature: "f", Name: "missing", Statistic: contract.Missing, Max: new(0.06)},
		{Kind: contract.Range, Feature: "f", Name: "range", MaxViolations: 0.06},
	}}
	e := engine(t, card(nil, func(m *catalog.Model) { m.Contract = c }), nil)
	r := rand.New(rand.NewPCG(5, 5))
	violated := map[bool]int{} // by whether a day is over
	windows := map[bool]int{}
	for h := range int64(10 * 24) {
		missing := uint64(0)
		for range 30 {
			if r.Float64() < 0.05 {
				missing += 20
			}
		}
		k := key7
		deltas := []Delta{{Key: k, Minute: epoch + h*3600, Count: 600, Consumer: Consumer{Source: "pos"}}}
		deltas[0].Key.Subject = ContractRows
		add := func(s Subject, d Delta) {
			d.Key, d.Minute = k, epoch+h*3600
			d.Key.Subject = s
			deltas = append(deltas, d)
		}
		k.Name = "f"
		if missing > 0 {
			add(Missing, Delta{Count: missing})
		}
		add(Feature, Delta{Count: 600 - missing, Sum: 1, HasRange: true, Min: 1, Max: 2, Bounds: []float64{1, 2}, Counts: []uint64{0, 600 - missing, 0}})
		k.Name = ""
		if missing > 0 {
			add(Violations, Delta{Count: missing, Consumer: Consumer{Feature: "f", Check: "range"}})
		}
		e.Add(at(epoch+h*3600+70), deltas)
		e.Advance(at(epoch + h*3600 + 3700))
		for _, res := range e.TakeContracts() {
			windows[h > 24]++
			if res.Verdict == contract.Violated {
				violated[h > 24]++
			}
		}
	}
	t.Logf("violated: %v of %v", violated, windows)
	if violated[false] == 0 {
		t.Error("the first day has none: the rows are not as dependent as they are meant to be")
	}
	if windows[true] < 400 || violated[true] > windows[true]/100 {
		t.Errorf("%d of %d windows are violated", violated[true], windows[true])
	}
}

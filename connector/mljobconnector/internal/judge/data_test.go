// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

// pipeline is a run of four stages that read and write 100,000 rows; what each of them writes can
// be changed.
func pipeline(id string, change map[string][]func(*run.Span)) *script {
	s := scripted(id)
	for i, name := range []string{"query", "clean", "join", "train"} {
		s.stage(name, i*60, i*60+60, append([]func(*run.Span){read(100_000), wrote(100_000), nulls("age", 0.02), nulls("price", 0)}, change[name]...)...)
	}
	return s.root(0, 240)
}

type changes = map[string][]func(*run.Span)

func pipelines(n int) *History {
	return learned(n, func(day int, s *script) { s.spans = pipeline(s.id, nil).spans })
}

func TestRows(t *testing.T) {
	seven := pipelines(7)
	for _, test := range []struct {
		name    string
		history *History
		card    *catalog.Job
		change  changes
		want    string
		summary string
		notes   map[string]string
	}{
		{name: "as usual", history: seven, want: "success, good"},
		{name: "−10 %", history: seven, change: changes{"clean": {wrote(90_000)}}, want: "success, good"},
		{name: "−20 % is the limit", history: seven, change: changes{"clean": {wrote(80_000)}}, want: "success, good"},
		{name: "one row fewer", history: seven, change: changes{"clean": {wrote(79_999)}}, want: "success, StageRows:clean"},
		{
			name: "−25 %, inherited", history: seven,
			change:  changes{"clean": {wrote(75_000)}, "join": {read(75_000), wrote(75_000)}, "train": {read(75_000), wrote(75_000)}},
			want:    "success, StageRows:clean",
			summary: "recsys: clean wrote 75,000 rows, 25 % fewer than the median of the last 7 good runs (100,000); join and train inherited it.",
			notes:   map[string]string{"rows": "75000", "rows_expected": "100000", "rows_before": "100000", "rows_drop": "0.25", "max_row_drop": "0.2", "runs": "7", "inherited_by": "join, train"},
		},
		{
			name: "inherited, as far as anyone can tell", history: seven,
			change:  changes{"clean": {wrote(75_000)}, "train": {read(-1), wrote(70_000)}},
			want:    "success, StageRows:clean",
			summary: "recsys: clean wrote 75,000 rows, 25 % fewer than the median of the last 7 good runs (100,000); train inherited it.",
		},
		{
			name: "two stages lose rows each", history: seven,
			change: changes{"query": {wrote(75_000)}, "join": {read(100_000), wrote(50_000)}},
			want:   "success, StageRows:query, also StageRows:join",
		},
		{
			name: "the source has fewer", history: seven,
			change:  changes{"query": {read(60_000), wrote(60_000)}},
			want:    "success, StageRows:query",
			summary: "recsys: query wrote 60,000 rows, 40 % fewer than the median of the last 7 good runs (100,000); it had read only 60,000 rows, usually 100,000.",
		},
		{
			name: "what was read, where nobody says what was written", history: seven,
			change: changes{"train": {read(0), wrote(-1)}}, want: "success, StageRows:train",
			summary: "recsys: train read 0 rows, 100 % fewer than the median of the last 7 good runs (100,000).",
		},
		{name: "nobody says", history: seven, change: changes{"train": {read(-1), wrote(-1)}}, want: "success, good"},
		{name: "more is no fault", history: seven, change: changes{"clean": {wrote(900_000)}}, want: "success, good"},
		{name: "after a stage that was skipped", history: seven, change: changes{"query": {result(run.Skip)}, "clean": {wrote(1)}}, want: "success, StageRows:clean"},
		{
			name: "nobody said in some of the good runs", history: learned(8, func(day int, s *script) {
				change := changes{}
				if day%2 == 0 { // four of eight
					change["clean"] = []func(*run.Span){wrote(-1)}
				}
				s.spans = pipeline(s.id, change).spans
			}), change: changes{"clean": {wrote(1)}}, want: "success, good",
		},
		{name: "four good runs are too few", history: pipelines(4), change: changes{"clean": {wrote(1)}}, want: "success, good"},
		{name: "five are not", history: pipelines(5), change: changes{"clean": {wrote(1)}}, want: "success, StageRows:clean"},
		{
			name: "the card is stricter", history: seven, card: card(catalog.Stage{Name: "clean", MaxRowDrop: new(0.05)}),
			change: changes{"clean": {wrote(94_999)}}, want: "success, StageRows:clean",
			summary: "recsys: clean wrote 94,999 rows, 5 % fewer than the median of the last 7 good runs (100,000).",
		},
		{
			name: "the card allows any", history: seven, card: card(catalog.Stage{Name: "clean", MaxRowDrop: new(1.0)}),
			change: changes{"clean": {wrote(0)}}, want: "success, good",
		},
		{
			name: "a run that failed says it in an annotation", history: seven,
			change: changes{"clean": {wrote(75_000)}, "train": {fails("ValueError", "too few rows")}},
			want:   "failure, JobFailed:train, also StageRows:clean",
			notes:  map[string]string{"contributing": "recsys: clean wrote 75,000 rows, 25 % fewer than the median of the last 7 good runs (100,000)."},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := Judge(pipeline("today", test.change).run(), expect(test.card, test.history), true)
			wantVerdict(t, test.want, got)
			if test.summary != "" {
				wantSummary(t, test.summary, got.Fault)
			}
			if test.notes != nil {
				wantAnnotations(t, got.Fault, test.notes)
			}
		})
	}
}

func TestRowsOfInstancesAddUp(t *testing.T) {
	shards := func(id string, rows ...int64) *script {
		s := scripted(id)
		for i, n := range rows {
			s.stage("score", 0, 60, instance(strconv.Itoa(i)), wrote(n))
		}
		return s.root(0, 60)
	}
	h := learned(5, func(_ int, s *script) { s.spans = shards(s.id, 40_000, 60_000).spans })
	wantVerdict(t, "success, good", Judge(shards("today", 20_000, 30_000, 40_000).run(), expect(nil, h), true))
	v := Judge(shards("today", 20_000, 30_000).run(), expect(nil, h), true)
	wantSummary(t, "recsys: score wrote 50,000 rows, 50 % fewer than the median of the last 5 good runs (100,000).", v.Fault)

	// The stage's own span says what the whole wrote.
	own := shards("today", 20_000, 30_000).stage("score", 0, 61, wrote(100_000))
	wantVerdict(t, "success, good", Judge(own.run(), expect(nil, h), true))
}

func TestNulls(t *testing.T) {
	seven := pipelines(7)
	for _, test := range []struct {
		name    string
		card    *catalog.Job
		change  changes
		want    string
		summary string
		notes   map[string]string
	}{
		{name: "five points more is the limit", change: changes{"clean": {set("age", 0.07)}}, want: "success, good"},
		{name: "a little more is not", change: changes{"clean": {set("age", 0.0701)}}, want: "success, StageNulls:clean"},
		{
			name:    "entering at the second of four",
			change:  changes{"clean": {set("age", 0.12)}, "join": {set("age", 0.12)}, "train": {set("age", 0.3), set("price", 0.3)}},
			want:    "success, StageNulls:clean",
			summary: "recsys: 12 % of the values of age are null after clean, up from 2 % (the median of the last 7 good runs); join and train inherited it.",
			notes:   map[string]string{"feature": "age", "null_ratio": "0.12", "null_ratio_expected": "0.02", "max_null_increase": "0.05", "inherited_by": "join, train", "features": "age"},
		},
		{
			name: "two columns, the larger rise first", change: changes{"train": {set("age", 0.12), set("price", 0.5)}},
			want:    "success, StageNulls:train",
			summary: "recsys: 50 % of the values of price are null after train, up from 0 % (the median of the last 7 good runs); so it is with age.",
			notes:   map[string]string{"features": "price, age"},
		},
		{
			name: "the card is stricter", card: card(catalog.Stage{Name: "join", MaxNullIncrease: new(0.001)}),
			change: changes{"join": {set("price", 0.0012)}}, want: "success, StageNulls:join",
			summary: "recsys: 0.12 % of the values of price are null after join, up from 0 % (the median of the last 7 good runs).",
		},
		{name: "fewer is no fault", change: changes{"clean": {set("age", 0)}}, want: "success, good"},
		{name: "not a number is unknown", change: changes{"clean": {set("age", math.NaN())}}, want: "success, good"},
		{name: "rows come before nulls", change: changes{"clean": {set("age", 0.12), wrote(1)}}, want: "success, StageRows:clean, also StageNulls:clean"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := Judge(pipeline("today", test.change).run(), expect(test.card, seven), true)
			wantVerdict(t, test.want, got)
			if test.summary != "" {
				wantSummary(t, test.summary, got.Fault)
			}
			if test.notes != nil {
				wantAnnotations(t, got.Fault, test.notes)
			}
		})
	}
}

// set changes a null ratio.
func set(name string, v float64) func(*run.Span) {
	return func(s *run.Span) {
		for i := range s.NullRatios {
			if s.NullRatios[i].Name == name {
				s.NullRatios[i].Value = v
			}
		}
	}
}

// columns replaces the columns.
func columns(names ...string) func(*run.Span) {
	return func(s *run.Span) {
		s.NullRatios = nil
		for _, name := range names {
			s.NullRatios = append(s.NullRatios, run.Value{Name: name})
		}
	}
}

func TestRatiosThatAreNoNumbersAreNotUsual(t *testing.T) {
	h := learned(7, func(day int, s *script) {
		change := changes{}
		if day >= 5 {
			change["clean"] = []func(*run.Span){set("age", math.NaN())}
		}
		s.spans = pipeline(s.id, change).spans
	})
	v := Judge(pipeline("today", changes{"clean": {set("age", 0.12)}}).run(), expect(nil, h), true)
	wantSummary(t, "recsys: 12 % of the values of age are null after clean, up from 2 % (the median of the last 5 good runs).", v.Fault)
}

func TestNullRatiosAreWeighted(t *testing.T) {
	s := scripted("r").
		stage("score", 0, 1, instance("0"), wrote(900), nulls("age", 0.1)).
		stage("score", 0, 1, instance("1"), wrote(100), nulls("age", 0.5))
	if got := newView(s.run(), Expect{}).stages[0].nulls[0].Value; math.Abs(got-0.14) > 1e-12 {
		t.Errorf("weighted by rows: %v, want (900·0.1 + 100·0.5)/1000 = 0.14", got)
	}
	s.stage("score", 0, 1, instance("3"), wrote(1), nulls("age", math.NaN()))
	if got := newView(s.run(), Expect{}).stages[0].nulls[0].Value; math.Abs(got-0.14) > 1e-12 {
		t.Errorf("with one that is no number: %v, want 0.14", got)
	}
	s.stage("score", 0, 1, instance("2"), nulls("age", 0.3))
	if got := newView(s.run(), Expect{}).stages[0].nulls[0].Value; math.Abs(got-0.3) > 1e-12 {
		t.Errorf("one without rows: %v, want (0.1 + 0.5 + 0.3)/3 = 0.3", got)
	}
}

func TestFeatures(t *testing.T) {
	for _, test := range []struct {
		name    string
		history *History
		change  changes
		want    string
		summary string
		notes   map[string]string
	}{
		{
			name: "vanished", history: pipelines(7), change: changes{"clean": {columns("price")}, "join": {columns("price")}},
			want:    "success, StageFeatures:clean",
			summary: "recsys: the columns that clean writes changed against the last good run: age vanished; join inherited it.",
			notes:   map[string]string{"features_vanished": "age", "features_appeared": ""},
		},
		{
			name: "renamed", history: pipelines(7), change: changes{"clean": {columns("price", "Age", "country")}},
			want:    "success, StageFeatures:clean",
			summary: "recsys: the columns that clean writes changed against the last good run: age vanished, Age and country appeared.",
		},
		{name: "none reported is unknown", history: pipelines(7), change: changes{"clean": {columns()}}, want: "success, good"},
		{name: "attributes were lost", history: pipelines(7), change: changes{"clean": {columns("price"), dropped}}, want: "success, good"},
		{name: "too few good runs", history: pipelines(4), change: changes{"clean": {columns("price")}}, want: "success, good"},
		{
			name: "not stable", history: learned(7, func(day int, s *script) {
				change := changes{}
				if day == 4 {
					change["clean"] = []func(*run.Span){columns("price")}
				}
				s.spans = pipeline(s.id, change).spans
			}), change: changes{"clean": {columns("price")}}, want: "success, good",
		},
		{
			name: "stable, though the stage did not run at times", history: learned(8, func(day int, s *script) {
				s.spans = pipeline(s.id, nil).spans
				switch day {
				case 4:
					s.spans = append(s.spans[:1], s.spans[2:]...) // no clean
				case 5:
					s.spans[1].Outcome = run.Skip
				case 6:
					s.spans[1].NullRatios = nil
				}
			}), change: changes{"clean": {columns("price")}}, want: "success, StageFeatures:clean",
		},
		{
			name: "stable again", history: learned(7, func(day int, s *script) {
				change := changes{}
				if day == 1 {
					change["clean"] = []func(*run.Span){columns("price")}
				}
				s.spans = pipeline(s.id, change).spans
			}), change: changes{"clean": {columns("price")}}, want: "success, StageFeatures:clean",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := Judge(pipeline("today", test.change).run(), expect(nil, test.history), true)
			wantVerdict(t, test.want, got)
			if test.summary != "" {
				wantSummary(t, test.summary, got.Fault)
			}
			if test.notes != nil {
				wantAnnotations(t, got.Fault, test.notes)
			}
		})
	}
}

func TestMetrics(t *testing.T) {
	bounds := func(m map[string]catalog.StageMetric) *catalog.Job {
		return card(catalog.Stage{Name: "evaluate", Metrics: m})
	}
	last := learned(1, func(_ int, s *script) { s.stage("evaluate", 0, 10, metric("val_auc", 0.91)).root(0, 10) })
	for _, test := range []struct {
		name    string
		card    *catalog.Job
		history *History
		spans   []func(*run.Span)
		early   bool
		want    string
		summary string
		notes   map[string]string
	}{
		{name: "no bound", spans: []func(*run.Span){metric("val_auc", -7)}, want: "success, good"},
		{
			name: "NaN needs no bound", spans: []func(*run.Span){metric("loss", math.NaN())}, want: "success, StageMetric:evaluate",
			summary: "recsys: loss of evaluate is NaN.", notes: map[string]string{"metric": "loss", "value": "NaN"},
		},
		{name: "infinite", spans: []func(*run.Span){metric("loss", math.Inf(1))}, want: "success, StageMetric:evaluate", summary: "recsys: loss of evaluate is +Inf."},
		{name: "at its minimum", card: bounds(map[string]catalog.StageMetric{"val_auc": {Min: new(0.8)}}), spans: []func(*run.Span){metric("val_auc", 0.8)}, want: "success, good"},
		{
			name: "below", card: bounds(map[string]catalog.StageMetric{"val_auc": {Min: new(0.8)}}), spans: []func(*run.Span){metric("val_auc", 0.79999)},
			want: "success, StageMetric:evaluate", summary: "recsys: val_auc of evaluate is 0.79999, below its minimum of 0.8.",
			notes: map[string]string{"metric": "val_auc", "value": "0.79999", "min": "0.8"},
		},
		{
			name: "above", card: bounds(map[string]catalog.StageMetric{"rmse": {Max: new(100000.0)}}), spans: []func(*run.Span){metric("rmse", 123456.7)},
			want: "success, StageMetric:evaluate", summary: "recsys: rmse of evaluate is 123,457, above its maximum of 100,000.",
		},
		{
			name: "worse than the last good run", card: bounds(map[string]catalog.StageMetric{"val_auc": {MaxDrop: new(0.02)}}), history: last,
			spans: []func(*run.Span){metric("val_auc", 0.86)}, want: "success, StageMetric:evaluate",
			summary: "recsys: val_auc of evaluate fell by 0.05 from 0.91 in the last good run to 0.86, more than the 0.02 that are allowed.",
			notes:   map[string]string{"value_before": "0.91", "max_drop": "0.02"},
		},
		{
			name: "as much worse as allowed", card: bounds(map[string]catalog.StageMetric{"val_auc": {MaxDrop: new(0.02)}}), history: last,
			spans: []func(*run.Span){metric("val_auc", 0.89)}, want: "success, good",
		},
		{name: "no good run before", card: bounds(map[string]catalog.StageMetric{"val_auc": {MaxDrop: new(0.02)}}), spans: []func(*run.Span){metric("val_auc", 0.1)}, want: "success, good"},
		{
			name: "not reported yet", early: true, card: bounds(map[string]catalog.StageMetric{"val_auc": {Min: new(0.8)}}), want: "success, waits",
		},
		{
			name: "not reported", card: bounds(map[string]catalog.StageMetric{"val_auc": {Min: new(0.8)}}), want: "success, StageMetric:evaluate",
			summary: "recsys: evaluate did not report val_auc, which its card bounds.",
		},
		{name: "attributes were lost", card: bounds(map[string]catalog.StageMetric{"val_auc": {Min: new(0.8)}}), spans: []func(*run.Span){dropped}, want: "success, good"},
		{name: "not reported, with a maximum", card: bounds(map[string]catalog.StageMetric{"rmse": {Max: new(1.0)}}), want: "success, StageMetric:evaluate"},
		{name: "not reported, with a drop", card: bounds(map[string]catalog.StageMetric{"auc": {MaxDrop: new(0.1)}}), want: "success, StageMetric:evaluate"},
		{name: "no bound in it", card: bounds(map[string]catalog.StageMetric{"val_auc": {}}), want: "success, good"},
		{
			name: "several", card: bounds(map[string]catalog.StageMetric{"val_auc": {Min: new(0.8)}, "f1": {Min: new(0.5)}}),
			spans: []func(*run.Span){metric("val_auc", 0.7), metric("f1", 0.25), metric("loss", math.NaN())}, want: "success, StageMetric:evaluate",
			summary: "recsys: loss of evaluate is NaN; f1 of evaluate is 0.25, below its minimum of 0.5; val_auc of evaluate is 0.7, below its minimum of 0.8.",
			notes:   map[string]string{"metric": "loss"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := test.history
			if h == nil {
				h = &History{}
			}
			got := Judge(scripted("today").stage("evaluate", 0, 10, test.spans...).root(0, 10).run(), expect(test.card, h), !test.early)
			wantVerdict(t, test.want, got)
			if test.summary != "" {
				wantSummary(t, test.summary, got.Fault)
			}
			if test.notes != nil {
				wantAnnotations(t, got.Fault, test.notes)
			}
		})
	}
}

func TestStagesOwnSpanCountsBeforeItsInstances(t *testing.T) {
	s := scripted("r").
		stage("train", 0, 20, instance("0"), metric("auc", 0.7), metric("loss", 3), nulls("age", 0.1), read(10)).
		stage("train", 0, 30, instance("1"), metric("auc", 0.8), read(20)).
		stage("train", 0, 25, metric("auc", 0.75), nulls("age", 0.2), nulls("price", 0.3))
	got := newView(s.run(), Expect{}).stages[0]
	if want := []run.Value{{Name: "auc", Value: 0.75}, {Name: "loss", Value: 3}}; !slices.Equal(got.metrics, want) {
		t.Errorf("metrics %v, want %v", got.metrics, want)
	}
	if want := []run.Value{{Name: "age", Value: 0.2}, {Name: "price", Value: 0.3}}; !slices.Equal(got.nulls, want) {
		t.Errorf("null ratios %v, want %v", got.nulls, want)
	}
	if got.rowsIn != 30 || got.duration != 25*time.Second {
		t.Errorf("%d rows in %v, want the sum of the instances and the stage's own duration", got.rowsIn, got.duration)
	}
}

func TestMetricsOfInstances(t *testing.T) {
	s := scripted("r").
		stage("train", 0, 20, instance("0"), metric("auc", 0.7), metric("loss", math.NaN())).
		stage("train", 0, 30, instance("1"), metric("auc", 0.8), metric("loss", 0.1)).
		stage("train", 0, 10, instance("2"), metric("auc", 0.9))
	got := newView(s.run(), Expect{}).stages[0].metrics
	if len(got) != 2 || got[0] != (run.Value{Name: "auc", Value: 0.8}) || !math.IsNaN(got[1].Value) {
		t.Errorf("%v, want the auc of the last to end, and a loss of NaN", got)
	}
}

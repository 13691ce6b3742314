// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector_test

import (
	"fmt"
	"math"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/jobtest"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

var bad = []scenario{
	{"rows minus 25 %", func(w *world) {
		w.fraud().card().history(7)
		r := w.shrink(w.run(), "transform", 0.75)
		sp := r.Get("transform")
		sp.Set(mlconv.AttrStageRowsOut, w.median(r, "transform")*3/4)
		w.expect("StageRows", "transform").noticed(sp, r).shows(sp).
			saying(out(sp), fmt.Sprint(w.median(r, "transform")), "25").noting("run_id", r.ID.(string)).endsWith(w.run())
		w.counted = map[string]map[string]int{"fraud_training": {"success": 9}}
	}},
	{"rows minus 25 % at the first stage, without a card, inherited by all", func(w *world) {
		w.fraud().history(5)
		r := w.shrink(w.run(), "feature_query", 0.75)
		sp := r.Get("feature_query")
		w.expect("StageRows", "feature_query").noticed(sp, r).shows(sp).saying(out(sp)).noting("inherited_by", "validate", "transform").endsWith(w.run())
	}},
	{"rows minus 25 % at the first stage, clocks disagree", func(w *world) {
		w.fraud().card().history(7)
		w.skew = -25 * time.Minute
		r := w.shrink(w.run(), "feature_query", 0.75)
		w.expect("StageRows", "feature_query").noticed(r.Get("feature_query"), r).endsWith(w.run())
	}},
	{"a bad day does not become normal", func(w *world) {
		w.fraud().card().history(7)
		x := w.expect("StageRows", "feature_query")
		first := w.shrink(w.run(), "feature_query", 0.7)
		x.noticed(first.Get("feature_query"), first)
		var last *jobtest.Run
		for range 9 {
			last = w.shrink(w.run(), "feature_query", 0.7)
		}
		x.noting("run_id", last.ID.(string)).endsWith(w.run())
	}},
	{"three bad days in a row, a metric", func(w *world) {
		w.fraud().card().history(1)
		x := w.expect("StageMetric", "evaluate")
		first := w.run()
		x.noticed(first.Get("evaluate"), first).saying("0.905")
		first.Get("evaluate").Metric("val_auc", 0.86)
		for range 2 {
			w.run().Get("evaluate").Metric("val_auc", 0.86)
		}
		x.endsWith(w.run())
	}},
	{"rows and a metric in one run: one alert", func(w *world) {
		w.fraud().card().history(7)
		r := w.shrink(w.run(), "transform", 0.7)
		r.Get("evaluate").Metric("val_auc", 0.81)
		w.expect("StageRows", "transform").noticed(r.Get("transform"), r).noting("also", "val_auc").endsWith(w.run())
	}},
	{"nulls enter at stage two of four", func(w *world) {
		w.job = jobtest.Job{Name: "features_daily", Process: jobtest.NewProcess("features").In("production")}
		four := func(i int, amount float64) *jobtest.Run {
			at := w.hours(float64(i) + 0.1)
			r := w.Run(w.job, fmt.Sprintf("r%d", i), at.Truncate(time.Hour).Format(time.RFC3339), at)
			for j, name := range []string{"load", "join", "encode", "fit"} {
				sp := r.Stage(name, time.Duration(j)*2*time.Minute, time.Duration(j+1)*2*time.Minute).Rows(8000, 8000)
				ratio := 0.01
				if j > 0 {
					ratio = amount
				}
				if name != "fit" {
					sp.Nulls("amount", ratio).Nulls("city", w.Vary(0.02, 0.2))
				}
			}
			r.Close(9 * time.Minute)
			return r
		}
		for i := range 7 {
			four(i, w.Vary(0.01, 0.2))
		}
		r := four(7, 0.12)
		w.expect("StageNulls", "join").noticed(r.Get("join"), r).shows(r.Get("join")).saying("amount", "12").noting("inherited_by", "encode").endsWith(four(8, 0.01))
	}},
	{"a column vanished", func(w *world) {
		w.fraud().card().history(7)
		r := w.run()
		for _, name := range []string{"validate", "transform"} {
			r.Get(name).Unset(mlconv.PrefixStageNullRatio + "age")
		}
		w.expect("StageFeatures", "validate").noticed(r.Get("validate"), r).shows(r.Get("validate")).saying("age").endsWith(w.run())
	}},
	{"a column appeared", func(w *world) {
		w.fraud().history(7)
		r := w.run()
		r.Get("transform").Nulls("device", 0.4)
		w.expect("StageFeatures", "transform").noticed(r.Get("transform"), r).saying("device").endsWith(w.run())
	}},
	{"val_auc falls by more than max_drop", func(w *world) {
		w.fraud().card().history(1)
		r := w.run()
		r.Get("evaluate").Metric("val_auc", 0.88)
		w.expect("StageMetric", "evaluate").noticed(r.Get("evaluate"), r).shows(r.Get("evaluate")).saying("val_auc", "0.88", "0.905").endsWith(w.run())
	}},
	{"val_auc below min in the first run", func(w *world) {
		w.fraud().card()
		r := w.run()
		r.Get("evaluate").Metric("val_auc", 0.78)
		w.expect("StageMetric", "evaluate").noticed(r.Get("evaluate"), r).shows(r.Get("evaluate")).saying("val_auc", "0.78", "0.8").endsWith(w.run())
	}},
	{"a loss of NaN", func(w *world) {
		w.fraud()
		r := w.run()
		r.Get("train").Metric("loss", math.NaN())
		w.expect("StageMetric", "train").noticed(r.Get("train"), r).shows(r.Get("train")).saying("loss", "NaN").endsWith(w.run())
	}},
	{"a loss of NaN, as a string", func(w *world) {
		w.fraud()
		r := w.run()
		r.Get("train").Metric("loss", "NaN")
		w.expect("StageMetric", "train").noticed(r.Get("train"), r).saying("loss", "NaN").endsWith(w.run())
	}},
}

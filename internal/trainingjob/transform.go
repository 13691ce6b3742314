// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package trainingjob

import (
	"context"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
)

// features are what the model is trained on and judged by.
type features struct {
	names []string
	// train and holdout are the rows, 70 % and 30 %, each standardized by what the mean and the
	// deviation of train are.
	train, holdout set
	mean, scale    []float64
}

// set is a part of the rows: x[i] is a row, y[i] is 1 for fraud.
type set struct {
	x [][]float64
	y []float64
}

// transform is the stage transform: it joins the tables and derives the features.
func (r *run) transform(ctx context.Context) error {
	if r.data == nil { // nobody has validated them
		f, err := r.parse(ctx)
		if err != nil {
			return err
		}
		r.data = f
	}
	rowsIn := r.data.rows()
	var labels []float64
	if err := r.step(ctx, "join accounts and labels", func(ctx context.Context) (err error) {
		labels, err = r.join(ctx)
		return err
	}); err != nil {
		return err
	}
	derived := map[string][]float64{}
	if err := r.step(ctx, "derive features", func(ctx context.Context) error { return r.derive(ctx, derived) }); err != nil {
		return err
	}
	if err := r.step(ctx, "impute", func(ctx context.Context) error { return impute(ctx, derived) }); err != nil {
		return err
	}
	if r.breaks(Transform, Column) {
		delete(derived, "log_distance") // the list of features was edited by hand
	}
	r.rows(ctx, rowsIn, len(labels))
	nulls(ctx, derived)
	return r.step(ctx, "split and standardize", func(context.Context) error {
		r.features = split(derived, labels, r.random("split").Perm(len(labels)))
		return nil
	})
}

// join adds the columns of the accounts and returns the labels. It is an inner join: a payment
// whose account is not found is left out.
func (r *run) join(ctx context.Context) (labels []float64, err error) {
	if err := r.work(ctx, 60*time.Millisecond); err != nil {
		return nil, err
	}
	known := map[string]int{}
	for i, id := range r.extract.accounts["account_id"] {
		known[id] = i
	}
	of := map[string]float64{}
	fraud, err := numbers("fraud", r.extract.labels["fraud"])
	if err != nil {
		return nil, err
	}
	for i, id := range r.extract.labels["payment_id"] {
		of[id] = fraud[i]
	}
	f := r.data
	dropped := f.keep(func(i int) bool { _, ok := known[f.keys["account_id"][i]]; return ok })
	note(ctx, attribute.Int("join.dropped", dropped))
	for _, name := range []string{"age_days", "chargebacks"} {
		values, err := numbers(name, r.extract.accounts[name])
		if err != nil {
			return nil, err
		}
		f.numbers[name] = make([]float64, f.rows())
		for i, id := range f.keys["account_id"] {
			f.numbers[name][i] = values[known[id]]
		}
	}
	labels = make([]float64, f.rows())
	for i, id := range f.keys["payment_id"] {
		labels[i] = of[id]
	}
	return labels, nil
}

// derive computes the features. A feature whose source is not there is left out.
func (r *run) derive(ctx context.Context, into map[string][]float64) error {
	n := r.data.numbers
	each := func(name string, f func(row int) float64, from ...string) error {
		for _, source := range from {
			if n[source] == nil {
				return nil
			}
		}
		return r.step(ctx, "derive "+name, func(context.Context) error {
			out := make([]float64, r.data.rows())
			for i := range out {
				out[i] = f(i)
			}
			into[name] = out
			return nil
		})
	}
	same := func(name string) func(int) float64 { return func(i int) float64 { return n[name][i] } }
	for _, feature := range []struct {
		name string
		f    func(int) float64
		from []string
	}{
		{"log_amount", func(i int) float64 { return math.Log(max(n["amount"][i], 0.01)) }, []string{"amount"}},
		{"spend_per_payment", func(i int) float64 { return n["spend_24h"][i] / n["payments_24h"][i] }, []string{"spend_24h", "payments_24h"}},
		{"payments_24h", same("payments_24h"), []string{"payments_24h"}},
		{"log_distance", func(i int) float64 { return math.Log1p(n["distance_km"][i]) }, []string{"distance_km"}},
		{"night", func(i int) float64 {
			if n["hour"][i] < 6 {
				return 1
			}
			return 0
		}, []string{"hour"}},
		{"new_device", same("new_device"), []string{"new_device"}},
		{"merchant_risk", same("merchant_risk"), []string{"merchant_risk"}},
		{"log_age", func(i int) float64 { return math.Log(max(n["age_days"][i], 1)) }, []string{"age_days"}},
		{"chargebacks_a_year", func(i int) float64 { return float64(perYear(int(n["chargebacks"][i]), int(n["age_days"][i]))) }, []string{"age_days"}},
	} {
		if err := each(feature.name, feature.f, feature.from...); err != nil {
			return err
		}
	}
	return nil
}

// perYear scales the count of some days to a year.
func perYear(count, days int) int { return min(count*365/days, 4) }

// imputed are the features in which a null is known and harmless: it becomes the median.
var imputed = []string{"log_distance"}

func impute(ctx context.Context, derived map[string][]float64) error {
	for _, name := range imputed {
		values := derived[name]
		var known []float64
		for _, v := range values {
			if !math.IsNaN(v) {
				known = append(known, v)
			}
		}
		if len(known) == 0 {
			continue
		}
		slices.Sort(known)
		median := known[len(known)/2]
		for i, v := range values {
			if math.IsNaN(v) {
				values[i] = median
			}
		}
		note(ctx, attribute.Int("imputed."+name, len(values)-len(known)))
	}
	return nil
}

// split takes the rows in the order given: 70 % to train with, the rest to judge by. Features are
// standardized.
func split(derived map[string][]float64, labels []float64, order []int) *features {
	f := &features{names: slices.Sorted(maps.Keys(derived))}
	cut := len(order) * 7 / 10
	part := func(rows []int) set {
		s := set{x: make([][]float64, len(rows)), y: pick(labels, rows)}
		for i, row := range rows {
			s.x[i] = make([]float64, len(f.names))
			for j, name := range f.names {
				s.x[i][j] = derived[name][row]
			}
		}
		return s
	}
	f.train, f.holdout = part(order[:cut]), part(order[cut:])
	for j := range f.names {
		sum, squares := 0.0, 0.0
		for _, x := range f.train.x {
			sum += x[j]
			squares += x[j] * x[j]
		}
		n := float64(max(len(f.train.x), 1))
		mean := sum / n
		scale := math.Sqrt(max(squares/n-mean*mean, 0))
		if scale == 0 {
			scale = 1
		}
		for _, s := range []set{f.train, f.holdout} {
			for _, x := range s.x {
				x[j] = (x[j] - mean) / scale
			}
		}
		f.mean, f.scale = append(f.mean, mean), append(f.scale, scale)
	}
	return f
}

// number writes a float in a way that JSON has, NaN and infinities as text.
type number float64

// MarshalJSON implements json.Marshaler.
func (n number) MarshalJSON() ([]byte, error) {
	s := strconv.FormatFloat(float64(n), 'g', -1, 64)
	if math.IsNaN(float64(n)) || math.IsInf(float64(n), 0) {
		s = strconv.Quote(s)
	}
	return []byte(s), nil
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package change

import (
	"encoding/csv"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shared reads the columns of a file of ../shared/data, which a clone does not have (the test is
// skipped then). Cells that are no numbers are left out.
func shared(t *testing.T, parts ...string) map[string][]float64 {
	t.Helper()
	path := filepath.Join(append([]string{"..", "..", "..", "shared", "data"}, parts...)...)
	f, err := os.Open(path)
	if os.IsNotExist(err) {
		t.Skip("the data are not there: ", err)
	}
	require.NoError(t, err)
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	out := map[string][]float64{}
	for _, row := range rows[1:] {
		for i, cell := range row {
			if v, err := strconv.ParseFloat(cell, 64); err == nil {
				out[rows[0][i]] = append(out[rows[0][i]], v)
			}
		}
	}
	return out
}

// Kinds of change in data as they are: the published cases of other tools, whose samples were drawn
// from known distributions, and a data set with one value out of range.
func TestPublishedSamples(t *testing.T) {
	read := func(name string) []float64 {
		for _, values := range shared(t, "case_data", name+".csv") {
			return values // its first line is a value, too
		}
		t.Fatalf("%s is empty", name)
		return nil
	}
	for _, x := range []struct {
		ref, cur string
		want     Kind
	}{} {
		got := Numbers(pair(t, read(x.ref), read(x.cur)))
		t.Logf("%s: %s", x.cur, got.Text)
		assert.Equal(t, x.want, got.Kind, "%s: %s", x.cur, got.Text)
	}
	columns := shared(t, "sample_drift_data", "sample_drift_data.csv")
	const reference, drifts = 10_080, 15_120
	for name, want := range map[string]string{
		"f1": "shift: mean -0.00293 → 0.609 (+0.61 sd)", "f3": "spike: 0 is 75 % of the values, was 51 %", "y_pred_proba": "",
	} {
		values := columns[name]
		before := Numbers(pair(t, values[:reference], values[reference:drifts]))
		assert.Equal(t, Change{}, before, "%s before it drifts", name)
		assert.Equal(t, want, Numbers(pair(t, values[:reference], values[drifts:])).Text, name)
	}
	before, now := shared(t, "penguin", "labelled.csv"), shared(t, "penguin", "skewed.csv")
	for name := range before {
		assert.Equal(t, Change{}, Numbers(pair(t, before[name], now[name])), name)
	}
}

// What happens to pipelines, done to the columns of real data: they come in another unit, all get
// the same value, a default value stands in for some, all are too high.
func TestRealColumns(t *testing.T) {
	houses := shared(t, "california_housing", "california_housing_reference.csv")
	taxi := shared(t, "taxi", "data.csv")
	for name, values := range map[string][]float64{
		"MedInc": houses["MedInc"], "AveRooms": houses["AveRooms"], "Population": houses["Population"], "AveOccup": houses["AveOccup"],
		"fare": taxi["fare"], "trip_miles": taxi["trip_miles"], "trip_seconds": taxi["trip_seconds"], "tips": taxi["tips"],
	} {
		r := rand.New(rand.NewPCG(1, uint64(len(name))))
		r.Shuffle(len(values), func(i, j int) { values[i], values[j] = values[j], values[i] })
		before, rest := values, values[len(values)/2:]
		now := make([]float64, 0, 2000)
		change := func(f func(v float64) float64) Change {
			now = now[:0]
			for _, v := range rest[:2000] {
				now = append(now, f(v))
			}
			return Numbers(pair(t, before, now))
		}
		none := change(func(v float64) float64 { return v })
		assert.Equal(t, None, none.Kind, "%s: %s", name, none.Text)
		for _, factor := range []float64{100, 1000, 0.01, 0.1} {
			if name == "fare" && factor == 0.01 {
				continue // a hundredth, a thousandth: all is between 0 and the minimum fare, in one bin
			}
			c := change(func(v float64) float64 { return v * factor })
			assert.Equal(t, Scale, c.Kind, "%s × %v: %s", name, factor, c.Text)
			assert.Contains(t, c.Text, "×"+map[float64]string{100: "100:", 1000: "1k:", 0.01: "0.01:", 0.1: "0.1:"}[factor], name)
		}
		one := change(func(float64) float64 { return 7 })
		assert.Equal(t, Change{Constant, "constant: all values are 7"}, one, name)
		sentinel := change(func(v float64) float64 {
			if r.Float64() < 0.05 {
				return -1
			}
			return v
		})
		assert.Contains(t, []Kind{Tail, Spike}, sentinel.Kind, "%s: %s", name, sentinel.Text)
		ref, _ := pair(t, before, before)
		moved := change(func(v float64) float64 { return v + math.Round(ref.StdDev) })
		assert.Equal(t, Shift, moved.Kind, "%s: %s", name, moved.Text)
	}
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/eventtime"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// TestCalifornia replays the California housing data, which a clone does not have (the test is
// skipped then), in calendar months and compares the KS distance of every feature and month with
// the exact one: they differ by at most the mass of one bin, 1/240 of the reference.
func TestCalifornia(t *testing.T) {
	directory := filepath.Join("..", "..", "..", "shared", "data", "california_housing")
	if _, err := os.Stat(directory); err != nil {
		t.Skip("the data are not there: ", err)
	}
	read := func(name string) (header []string, rows [][]string) {
		f, err := os.Open(filepath.Join(directory, name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		all, err := csv.NewReader(f).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		return all[0], all[1:]
	}
	features := []string{"MedInc", "HouseAge", "AveRooms", "AveBedrms", "Population", "AveOccup", "Latitude", "Longitude"}
	header, rows := read("california_housing_reference.csv")
	at := func(header, row []string, name string) float64 {
		for i, h := range header {
			if h == name {
				v, err := strconv.ParseFloat(row[i], 64)
				if err != nil {
					t.Fatal(err)
				}
				return v
			}
		}
		t.Fatalf("no column %q", name)
		return 0
	}
	base := &profile.Profile{FormatVersion: 1, Rows: uint64(len(rows))}
	bins := map[string]*distribution.Bins{}
	for _, name := range features {
		var values []float64
		for _, row := range rows {
			values = append(values, at(header, row, name))
		}
		c := profile.NewNumeric(name, values, 0, distribution.DefaultBins)
		base.Features = append(base.Features, c)
		bins[name], _ = distribution.NewBins(c.Numeric.Bounds)
	}
	e := engine(t, card(base, nil), func(o *Options) { o.Window = eventtime.Window{Calendar: "month"} })
	header, rows = read("california_housing_analysis.csv")
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	for _, row := range rows {
		stamp, err := time.Parse("2006-01-02 15:04:05", row[9])
		if err != nil {
			t.Fatal(err)
		}
		var deltas []Delta
		for _, name := range features {
			k := key7
			k.Subject, k.Name = Feature, name
			deltas = append(deltas, histogram(k, stamp.Unix(), bins[name], []float64{at(header, row, name)}))
		}
		e.Add(now, deltas)
	}
	closed, _ := e.CloseAll(now)

	var expected struct {
		Recomputed struct {
			Drift map[string]map[string]struct {
				Chunks []struct {
					Key, Period string
					Value       float64
				}
			} `json:"univariate_drift_nannyml_rules"`
		} `json:"recomputed_here"`
	}
	data, err := os.ReadFile(filepath.Join(directory, "expected_results.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &expected); err != nil {
		t.Fatal(err)
	}
	got := map[string]Result{}
	for _, r := range closed {
		if r.Key.Subject == Feature {
			got[r.Key.Name+time.Unix(r.Start, 0).UTC().Format(" 2006-01")] = r
		}
	}
	compared, worst := 0, 0.0
	for _, name := range features {
		for _, chunk := range expected.Recomputed.Drift[name]["kolmogorov_smirnov"].Chunks {
			if chunk.Period != "analysis" {
				continue
			}
			r, ok := got[name+" "+chunk.Key]
			score := scoreBy(r, "ks")
			if !ok || score == nil {
				t.Errorf("%s %s: nothing", name, chunk.Key)
				continue
			}
			compared++
			d := math.Abs(score.Score - chunk.Value)
			worst = max(worst, d)
			if d > 1.0/distribution.DefaultBins {
				t.Errorf("%s %s: KS %v, want %v", name, chunk.Key, score.Score, chunk.Value)
			}
		}
	}
	if compared != 8*12 {
		t.Errorf("%d months were compared", compared)
	}
	t.Logf("%d scores, the largest difference is %.5f", compared, worst)
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package imported

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/prototext"

	"github.com/otelcol-ml/otelcol-ml/cmd/mlprofile/internal/protolayout"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

const shared = "../../../../../shared/data"

// sharedFile reads a file of the data that are kept beside the repository.
func sharedFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(shared, name))
	if os.IsNotExist(err) {
		t.Skipf("../shared/data/%s is not there", name)
	}
	require.NoError(t, err)
	return data
}

func expected(t *testing.T, file string, to any) {
	t.Helper()
	var all map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(sharedFile(t, "profiles/expected_parse.json"), &all))
	require.NoError(t, json.Unmarshal(all[file], to))
}

// rawColumns are the metrics of each column of a profile of version 1.
func rawColumns(t *testing.T, data []byte) map[string]metrics {
	t.Helper()
	_, m, err := message{data[len(whylogsMagic):], len(whylogsMagic)}.delimited()
	require.NoError(t, err)
	head, m, err := m.delimited()
	require.NoError(t, err)
	h, err := parseHeader1(head)
	require.NoError(t, err)
	out := map[string]metrics{}
	for i, name := range h.names {
		out[name] = metrics{}
		for _, offset := range h.offsets[i] {
			chunk, rest, err := message{m.data[offset:], 0}.delimited()
			require.NoError(t, err)
			var length uint64
			require.NoError(t, chunk.each(func(f *field) error {
				if f.number == 3 {
					length = f.num
				}
				return nil
			}))
			require.NoError(t, out[name].read(message{rest.data[:length], 0}, h.paths))
		}
	}
	return out
}

type expectedSketch struct {
	K, N, Levels, Retained int
	Min, Max               float64
	Quantiles              []float64 `json:"quantiles_01_25_50_75_99"`
}

func (e *expectedSketch) check(t *testing.T, column string, f field) {
	t.Helper()
	data, err := f.sketch()
	require.NoError(t, err, column)
	got, err := parseKLL(data.data, 8)
	require.NoError(t, err, column)
	assert.Equal(t, e.K, got.k, column)
	assert.EqualValues(t, e.N, got.n, column)
	if e.N == 0 {
		return
	}
	assert.Equal(t, e.Levels, got.levels, column)
	assert.Len(t, got.points, e.Retained, column)
	assert.Equal(t, []float64{e.Min, e.Max}, []float64{got.min, got.max}, column)
	s, err := got.sketch()
	require.NoError(t, err, column)
	for i, q := range []float64{0.01, 0.25, 0.5, 0.75, 0.99} {
		passed := 0.0
		at := slices.IndexFunc(s.points, func(p point) bool {
			passed += float64(p.weight)
			return passed >= q*float64(e.N)
		})
		upper := s.points[at].value
		assert.InDelta(t, e.Quantiles[i], upper, 1e-9*math.Abs(upper)+1e-12, "%s: quantile %v", column, q)
	}
}

func TestWhylogsFigures(t *testing.T) {
	for _, name := range []string{"whylogs/v1-toydata.bin", "whylogs/v1-profile.bin", "whylogs/v1-lendingclub.bin"} {
		var want struct {
			Created     int64                                 `json:"creation_timestamp_ms"`
			ColumnCount int                                   `json:"column_count"`
			Columns     map[string]map[string]json.RawMessage `json:"columns"`
			All         map[string][2]uint64                  `json:"all_columns_counts_n_null"`
		}
		expected(t, name, &want)
		data := sharedFile(t, "profiles/"+name)
		s, err := decode(data, "", "")
		require.NoError(t, err, name)
		assert.Equal(t, Whylogs, s.Format)
		assert.Len(t, s.Columns, want.ColumnCount, name)
		assert.Equal(t, want.Created/1000, s.Created.Unix(), name)
		raw := rawColumns(t, data)
		for column, figures := range want.Columns {
			for path, figure := range figures {
				f, ok := raw[column][path]
				require.True(t, ok, "%s %s", column, path)
				var number float64
				switch {
				case path == "distribution/kll":
					var sketch expectedSketch
					require.NoError(t, json.Unmarshal(figure, &sketch))
					sketch.check(t, column, f)
				case json.Unmarshal(figure, &number) != nil: // sketches of which only the size is given
				case path == "distribution/mean" || path == "distribution/m2":
					assert.Equal(t, number, f.double(), "%s %s", column, path)
				default:
					assert.Equal(t, number, float64(int64(f.num)), "%s %s", column, path)
				}
			}
		}
		for column, counts := range want.All {
			got := [2]uint64{raw[column].int("counts/n"), raw[column].int("counts/null")}
			assert.Equal(t, counts, got, column)
		}
	}
}

// The figures of version 0 are consistent in themselves: a value or none in each row, and the range that
// the profile has beside the sketch.
func TestWhylogs0(t *testing.T) {
	s, err := decode(sharedFile(t, "profiles/whylogs/v0-profile.bin"), "", "")
	require.NoError(t, err)
	assert.Len(t, s.Columns, 150)
	assert.EqualValues(t, 309, s.Rows)
	p := build(t, s)
	for _, c := range p.Features {
		assert.EqualValues(t, 309, c.Count+c.Missing, c.Name)
	}
	outstanding := p.Column("out_prncp").Numeric
	assert.Equal(t, 30817.63, outstanding.Max)
	assert.InDelta(t, 2765224.7/309, outstanding.Mean, 1e-6, "the sum in the file by its rows")
	assert.Equal(t, []profile.Category{{Value: "Cash", Count: 309}}, p.Column("disbursement_method").Categories)
	assert.EqualValues(t, 292, p.Column("dti_joint").Missing)

	s, err = decode(sharedFile(t, "profiles/whylogs/v0-jvm_output.bin"), "", "")
	require.NoError(t, err)
	assert.Equal(t, "my-model-name", s.Name)
	p, err = s.Build(Options{Prediction: "predictions", Confidence: "scores", Bins: 240, MaxCategories: 200})
	require.NoError(t, err)
	assert.Equal(t, []profile.Category{{Value: "0", Count: 14}, {Value: "1", Count: 14}}, p.Prediction.Categories)
	assert.InDelta(t, 0.99488, p.Confidence.Numeric.Max, 1e-5)
	assert.Len(t, p.Features, 21)
}

func build(t *testing.T, s *Source) *profile.Profile {
	t.Helper()
	p, err := s.Build(Options{Name: "test", Bins: 240, MaxCategories: 200})
	require.NoError(t, err)
	require.NoError(t, p.Validate())
	built := 0
	for _, c := range s.Columns {
		if c.Left == "" {
			require.NotNil(t, p.Column(c.Name), c.Name)
			assert.NotEmpty(t, c.Basis, c.Name)
			built++
		}
	}
	assert.Len(t, p.Features, built)
	return p
}

// A column becomes what the file says of it.
func TestWhylogsColumns(t *testing.T) {
	s, err := decode(sharedFile(t, "profiles/whylogs/v1-lendingclub.bin"), "", "")
	require.NoError(t, err)
	p := build(t, s)
	assert.EqualValues(t, 1000, p.Rows)
	assert.Len(t, p.Column("grade").Categories, 7)
	assert.EqualValues(t, 998, p.Column("grade").Count)
	income := p.Column("annual_inc").Numeric
	assert.Equal(t, []float64{9061.2, 725000}, []float64{income.Min, income.Max})
	assert.InDelta(t, 83034.24, income.Mean, 0.01)
	assert.LessOrEqual(t, len(income.Counts), 80, "a sketch with k 256 allows 60 bins, and values with many rows have their own")
	left := map[string]string{}
	for _, c := range s.Columns {
		left[c.Name] = c.Left
	}
	assert.Equal(t, "it has no value in any of 1000 rows", left["desc"])
	assert.Contains(t, left["url"], "frequent-items sketch")
}

type expectedFeature struct {
	Type       string
	NonMissing uint64   `json:"num_non_missing"`
	Total      uint64   `json:"tot_num_values"`
	Unique     int      `json:"unique"`
	Top        [][2]any `json:"top_values"`
	Mean       float64  `json:"mean"`
	StdDev     float64  `json:"std_dev"`
	Zeros      uint64   `json:"num_zeros"`
	Min, Max   float64
	Histograms []struct {
		Type    string
		Buckets [][3]float64
	}
}

func TestTFDVFigures(t *testing.T) {
	for _, name := range []string{"tfdv/FeatureStats-train.pb", "tfdv/FeatureStats-eval.pb", "tfdv/stats_tfrecord-eval-older.tfrecord"} {
		var want []struct {
			Examples uint64 `json:"num_examples"`
			Features map[string]expectedFeature
		}
		expected(t, name, &want)
		data := sharedFile(t, "profiles/"+name)
		list, _, err := parseTFDV(data)
		require.NoError(t, err, name)
		features := protolayout.Node{Message: list}.All("datasets")[0].All("features")
		assert.Len(t, features, len(want[0].Features), name)
		for _, f := range features {
			checkFeature(t, f, want[0].Features[featureName(f)])
		}
		s, err := decode(data, "", "")
		require.NoError(t, err, name)
		assert.Equal(t, want[0].Examples, s.Rows)
		p := build(t, s)
		for _, c := range p.Features {
			of := want[0].Features[c.Name]
			assert.Equal(t, of.Total, c.Count, c.Name)
			assert.Equal(t, want[0].Examples-of.Total, c.Missing, c.Name)
			if c.Type == profile.Categorical {
				assert.Len(t, c.Categories, of.Unique, c.Name)
			}
		}
	}
}

func checkFeature(t *testing.T, f protolayout.Node, want expectedFeature) {
	t.Helper()
	name := featureName(f)
	assert.Equal(t, want.Type, f.Enum("type"), name)
	if f.Has("string_stats") {
		of := f.Sub("string_stats")
		assert.EqualValues(t, want.Unique, of.Uint("unique"), name)
		top := of.All("top_values")
		require.GreaterOrEqual(t, len(top), len(want.Top), name)
		for i := range want.Top {
			got := [2]any{top[i].Text("value"), top[i].Float("frequency")}
			assert.Equal(t, want.Top[i], got, name)
		}
		return
	}
	of := f.Sub("num_stats")
	assert.Equal(t, want.NonMissing, of.Sub("common_stats").Uint("num_non_missing"), name)
	assert.Equal(t, []float64{want.Mean, want.StdDev, want.Min, want.Max}, []float64{of.Float("mean"), of.Float("std_dev"), of.Float("min"), of.Float("max")}, name)
	assert.Equal(t, want.Zeros, of.Uint("num_zeros"), name)
	for i, h := range of.All("histograms") {
		assert.Equal(t, want.Histograms[i].Type, h.Enum("type"), name)
		for j, b := range h.All("buckets") {
			got := [3]float64{b.Float("low_value"), b.Float("high_value"), b.Float("sample_count")}
			assert.Equal(t, want.Histograms[i].Buckets[j], got, name)
		}
	}
}

// The text form says the same as the binary one.
func TestTFDVText(t *testing.T) {
	data := sharedFile(t, "profiles/tfdv/FeatureStats-train.pb")
	list, _, err := parseTFDV(data)
	require.NoError(t, err)
	text, err := prototext.MarshalOptions{Multiline: true}.Marshal(list.Interface())
	require.NoError(t, err)
	fromBinary, err := decode(data, "", "")
	require.NoError(t, err)
	fromText, err := decode(text, "", "")
	require.NoError(t, err)
	assert.Equal(t, build(t, fromBinary), build(t, fromText))
}

func TestSageMakerFigures(t *testing.T) {
	s, err := decode(sharedFile(t, "profiles/sagemaker/statistics.json"), "", "")
	require.NoError(t, err)
	p := build(t, s)
	assert.EqualValues(t, 418, p.Rows)
	assert.Equal(t, []profile.Category{{Value: "preproc-not-YET-supported-for-csv-json", Count: 418}}, p.Column("message").Categories)

	s, err = decode(sharedFile(t, "churn/statistics.reconstructed.json"), "", "")
	require.NoError(t, err)
	p = build(t, s)
	assert.Len(t, p.Features, 70)
	assert.Equal(t, []uint64{0, 70, 149, 354, 518, 538, 400, 208, 73, 19, 4, 0}, p.Column("Account Length").Numeric.Counts)
}

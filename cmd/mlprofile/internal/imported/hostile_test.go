// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package imported

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/otelcol-ml/otelcol-ml/cmd/mlprofile/internal/protolayout"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

func lengthField(number protowire.Number, data []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), data)
}

func numberField(number protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(nil, number, protowire.VarintType), v)
}

// kllBytes writes a sketch of doubles.
func kllBytes(n uint64, levels ...[]float64) []byte {
	out := []byte{5, 1, kllFamily, 0, 200, 0, 8, 0}
	out = binary.LittleEndian.AppendUint64(out, n)
	out = append(out, 200, 0, byte(len(levels)), 0)
	offset := uint32(7)
	low, high := math.Inf(1), math.Inf(-1)
	var items []byte
	for _, level := range levels {
		out = binary.LittleEndian.AppendUint32(out, offset)
		offset += uint32(len(level))
		for _, v := range level {
			low, high = min(low, v), max(high, v)
			items = binary.LittleEndian.AppendUint64(items, math.Float64bits(v))
		}
	}
	out = binary.LittleEndian.AppendUint64(out, math.Float64bits(low))
	out = binary.LittleEndian.AppendUint64(out, math.Float64bits(high))
	return append(out, items...)
}

// itemsBytes writes a frequent-items sketch.
func itemsBytes(rows, offset uint64, counts []uint64, items []string) []byte {
	out := []byte{itemsWords, 1, itemsFamily, 10, 5, 0, 0, 0}
	out = binary.LittleEndian.AppendUint32(out, uint32(len(items)))
	out = binary.LittleEndian.AppendUint32(out, 0)
	out = binary.LittleEndian.AppendUint64(out, rows)
	out = binary.LittleEndian.AppendUint64(out, offset)
	for _, n := range counts {
		out = binary.LittleEndian.AppendUint64(out, n)
	}
	for _, item := range items {
		out = append(binary.LittleEndian.AppendUint32(out, uint32(len(item))), item...)
	}
	return out
}

// profile1 writes a profile of version 1 whose column has these metrics.
func profile1(name string, components map[string][]byte) []byte {
	var chunk, paths []byte
	id := uint64(0)
	for path, component := range components {
		id++
		chunk = append(chunk, lengthField(1, append(numberField(1, id), lengthField(2, component)...))...)
		paths = append(paths, lengthField(5, append(numberField(1, id), lengthField(2, []byte(path))...))...)
	}
	chunks := append(protowire.AppendBytes(nil, append(numberField(1, 2), numberField(3, uint64(len(chunk)))...)), chunk...)
	head := lengthField(2, append(lengthField(1, []byte(name)), lengthField(2, lengthField(1, []byte{0}))...))
	head = append(append(head, numberField(4, uint64(len(chunks)))...), paths...)
	out := append([]byte("WHY1"), 0)
	return append(protowire.AppendBytes(out, head), chunks...)
}

func numeric1(n uint64, sketch []byte) []byte {
	mean := protowire.AppendFixed64(protowire.AppendTag(nil, 3, protowire.Fixed64Type), math.Float64bits(2))
	return profile1("x", map[string][]byte{
		"counts/n": numberField(2, n), "types/fractional": numberField(2, n),
		"distribution/kll": lengthField(6, lengthField(1, sketch)), "distribution/mean": mean, "distribution/m2": mean,
	})
}

func TestBins(t *testing.T) {
	// Four rows at level 0, and two values that stand for two rows each.
	s, err := decode(numeric1(8, kllBytes(8, []float64{1, 2, 3, 4}, []float64{2, 4})), "", "")
	require.NoError(t, err)
	c := build(t, s).Column("x")
	assert.EqualValues(t, 8, c.Count)
	assert.Equal(t, []float64{0.9999999999999999, 1, 1.9999999999999998, 2, 2.9999999999999996, 3, 3.9999999999999996, 4}, c.Numeric.Bounds)
	assert.Equal(t, []uint64{0, 1, 0, 3, 0, 1, 0, 3, 0}, c.Numeric.Counts)
	assert.Contains(t, s.Columns[0].Notes[0], "within 1.7 %", "the library's figure for k 200")

	exact, err := decode(numeric1(3, kllBytes(3, []float64{3, 1, 1})), "", "")
	require.NoError(t, err)
	assert.Equal(t, []uint64{0, 2, 0, 1, 0}, build(t, exact).Column("x").Numeric.Counts)
	assert.Empty(t, exact.Columns[0].Notes)
}

// A value that quantiles fall on gets a bound only where something says how many rows are up to it.
func TestKnots(t *testing.T) {
	days := func(shares ...float64) *histogram {
		h := &histogram{count: 1000}
		for i, rows := range shares {
			h.buckets = append(h.buckets, bucket{1 + 0.6*float64(i), 1 + 0.6*float64(i+1), rows})
		}
		return h
	}
	quantiles, err := newHistogram([]bucket{{1, 1, 200}, {1, 3, 200}, {3, 4, 200}, {4, 4, 200}, {4, 7, 200}}, 1000)
	require.NoError(t, err)
	alone := newKnots(quantiles, nil, true, 1, 0)
	bounds, counts := alone.bins(240)
	assert.Equal(t, []float64{math.Nextafter(1, 0), 7}, bounds, "nobody knows how many rows are at 1, 3 and 4")
	assert.Equal(t, []uint64{0, 1000, 0}, counts)
	assert.Equal(t, 3, alone.dropped)

	both := newKnots(quantiles, days(290, 90, 0, 100, 0, 400, 60, 0, 30, 30), true, 1, 0)
	bounds, counts = both.bins(240)
	assert.Equal(t, []float64{math.Nextafter(1, 0), 1, 2, 3, 4, 5, 6, 7}, bounds)
	assert.Equal(t, []uint64{0, 290, 90, 100, 400, 60, 30, 30, 0}, counts)

	zeros, err := newHistogram([]bucket{{0, 0, 500}, {0, 9.5, 500}}, 1000)
	require.NoError(t, err)
	bounds, counts = newKnots(zeros, nil, false, 0, 730).bins(240)
	assert.Equal(t, []float64{-math.SmallestNonzeroFloat64, 0, 9.5}, bounds)
	assert.Equal(t, []uint64{0, 730, 270, 0}, counts)
}

func TestHistogramBins(t *testing.T) {
	h, err := newHistogram([]bucket{{0, 1, 10.4}, {1, 2, 20.3}, {2, 3, 30.3}}, 61)
	require.NoError(t, err)
	bounds, counts := h.bins(240)
	assert.Equal(t, []float64{-math.SmallestNonzeroFloat64, math.Nextafter(1, 0), math.Nextafter(2, 0), 3}, bounds, "1 belongs to the second bucket")
	assert.Equal(t, []uint64{0, 10, 21, 30, 0}, counts)
	bounds, counts = h.bins(1)
	assert.Equal(t, []float64{-math.SmallestNonzeroFloat64, 3}, bounds)
	assert.Equal(t, []uint64{0, 61, 0}, counts)
	for want, buckets := range map[string][]bucket{
		"without buckets": {}, "bucket 0 of its histogram is not finite": {{0, math.Inf(1), 1}},
		"bucket 1 of its histogram does not rise": {{0, 2, 1}, {1, 3, 1}}, "have 5.0 rows, and the column 61": {{0, 1, 5}},
	} {
		_, err := newHistogram(buckets, 61)
		assert.ErrorContains(t, err, want)
	}
}

// Values that a sketch may have dropped are not told apart, and what is not listed counts as one.
func TestFrequentItems(t *testing.T) {
	column := func(sketch []byte) []byte {
		return profile1("c", map[string][]byte{
			"counts/n": numberField(2, 1000), "counts/null": numberField(2, 100), "types/string": numberField(2, 900),
			"frequent_items/frequent_strings": lengthField(4, lengthField(1, sketch)),
		})
	}
	s, err := decode(column(itemsBytes(900, 50, []uint64{500, 200, 40}, []string{"a", "b", "c"})), "", "")
	require.NoError(t, err)
	c := build(t, s).Column("c")
	assert.Equal(t, []profile.Category{{Value: "a", Count: 500}, {Value: "b", Count: 200}}, c.Categories)
	assert.EqualValues(t, 200, c.Other)
	assert.EqualValues(t, 100, c.Missing)
	assert.NotNil(t, c.HeldOut)
	assert.Contains(t, strings.Join(s.Columns[0].Notes, "; "), "values of 700 of 900 rows; the others are counted as one; each value may have up to 50 rows more")

	s, err = decode(column(itemsBytes(900, 900, []uint64{1}, []string{"a"})), "", "")
	require.NoError(t, err)
	_, err = s.Build(Options{Bins: 240, MaxCategories: 200})
	require.ErrorContains(t, err, `nothing of the file can be in a baseline: column "c": none of its values has more rows than the 900`)
}

func TestBuildRefuses(t *testing.T) {
	s, err := decode(numeric1(3, kllBytes(3, []float64{1, 2, 3})), "", "")
	require.NoError(t, err)
	_, err = s.Build(Options{Prediction: "y", Confidence: "z", Exclude: []string{"v"}, Types: map[string]profile.Type{"x": "text"}, Bins: 9, MaxCategories: 9})
	for _, want := range []string{`--prediction: there is no column "y"`, `--confidence: there is no column "z"`, `--exclude: there is no column "v"`, `--type: "text" of x`} {
		assert.ErrorContains(t, err, want)
	}
	_, err = s.Build(Options{Types: map[string]profile.Type{"x": profile.Categorical}, Prediction: "x", Bins: 9, MaxCategories: 9})
	assert.ErrorContains(t, err, `column "x": the file does not name its values`)
}

// What is wrong is said with the column and the byte.
func TestHostile(t *testing.T) {
	good := kllBytes(4, []float64{1, 2, 3, 4})
	changed := func(at int, v byte) []byte {
		out := append([]byte(nil), good...)
		out[at] = v
		return out
	}
	short := changed(8, 5)
	alone := profile1("x", map[string][]byte{"distribution/kll": lengthField(6, lengthField(1, short))})
	place := fmt.Sprintf(`column "x": byte %d: KLL sketch: its items stand for 1 rows fewer than its n, 5`, bytes.Index(alone, short))
	feature := lengthField(3, append(lengthField(1, []byte("x")), lengthField(3, nil)...))
	for want, data := range map[string][]byte{
		"is empty": nil,
		place:      alone,
		`KLL sketch: its items stand for more than its n, 3`: numeric1(4, changed(8, 3)),
		`KLL sketch: the family is 9 and not 15`:             numeric1(4, changed(2, 9)),
		`KLL sketch: 200 levels, must be 1 to 61`:            numeric1(4, changed(18, 200)),
		`KLL sketch: 7 words before the data`:                numeric1(4, changed(0, 7)),
		`KLL sketch: has 58 bytes, which do not hold`:        numeric1(4, good[:58]),
		`columns should have 18446744073709551615 bytes`:     append([]byte("WHY1\x00"), protowire.AppendBytes(nil, numberField(4, math.MaxUint64))...),
		"it is a profile of segments":                        []byte("WHY1\x02\x08\x01\x00"),
		"there are more than 1048576 messages":               lengthField(1, []byte(strings.Repeat("\x1a\x00", protolayout.MaxMessages+1))),
		"has more than 10000 columns":                        lengthField(1, []byte(strings.Repeat("\x1a\x00", MaxColumns+1))),
		"has a column without a name":                        lengthField(1, []byte("\x1a\x00")),
		`column "x": is there twice`:                         lengthField(1, append(append([]byte(nil), feature...), feature...)),
		"line 1: messages are nested more than 50 deep":      []byte("datasets " + strings.Repeat("{a ", 60)),
		"(line 1:22":                 []byte("datasets { features: 3 }"),
		"byte 15: invalid character": []byte(`{"features": [}`),
		"has 2 data sets: name one of \"a\", \"b\" with --dataset": []byte(`datasets { name: "a" } datasets { name: "b" }`),
		"in none of the formats":                                   []byte("hello"),
	} {
		format := Format("")
		if strings.HasPrefix(want, "byte 15") {
			format = SageMaker
		}
		_, err := decode(data, format, "")
		assert.ErrorContains(t, err, want)
	}
}

func TestReadNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.bin")
	require.NoError(t, os.WriteFile(path, []byte("hello"), 0o600))
	_, err := Read(path, "", "")
	require.ErrorContains(t, err, path)
	_, err = Read(path, "evidently", "")
	require.ErrorContains(t, err, `format "evidently" is none of whylogs, tfdv and sagemaker`)
	require.NoError(t, os.Truncate(path, profile.MaxFileSize+1))
	_, err = Read(path, "", "")
	assert.ErrorContains(t, err, fmt.Sprintf("%s: has more than %d bytes", path, profile.MaxFileSize))
}

// Offsets that lead to the same chunk over and over cost no more than the file's size.
func TestChunksAreReadOnce(t *testing.T) {
	data := profile1("x", map[string][]byte{"counts/n": numberField(2, 4)})
	offset := lengthField(2, lengthField(1, []byte{0}))
	again := lengthField(2, lengthField(1, []byte{0, 0}))
	require.Equal(t, 1, bytes.Count(data, offset))
	at := bytes.Index(data, offset)
	data = append(append(append([]byte(nil), data[:at]...), again...), data[at+len(offset):]...)
	data[5]++                                             // the header's length
	data[bytes.Index(data, []byte{1<<3 | 2, 1, 'x'})-1]++ // and the entry's
	_, err := decode(data, "", "")
	assert.ErrorContains(t, err, `column "x": byte `)
	assert.ErrorContains(t, err, "columns share their chunks")
}

// Whatever the bytes, nothing panics, and what becomes a baseline is a valid one.
func FuzzDecode(f *testing.F) {
	f.Add(numeric1(8, kllBytes(8, []float64{1, 2, 3, 4}, []float64{2, 4})))
	f.Add(profile1("c", map[string][]byte{
		"counts/n": numberField(2, 9), "types/string": numberField(2, 9),
		"frequent_items/frequent_strings": lengthField(4, lengthField(1, itemsBytes(9, 0, []uint64{5, 4}, []string{"a", "b"}))),
	}))
	f.Add([]byte(`datasets { num_examples: 9 features { name: "x" type: INT num_stats { common_stats { tot_num_values: 9 max_num_values: 1 } ` +
		`max: 3 histograms { type: QUANTILES buckets { high_value: 3 sample_count: 9 } } } } }`))
	f.Add([]byte(`{"dataset": {"item_count": 4}, "features": [{"name": "x", "inferred_type": "Integral", "numerical_statistics": {"common": {"num_present": 4}, ` +
		`"max": 3, "distribution": {"kll": {"buckets": [{"lower_bound": 0, "upper_bound": 3, "count": 4}], "sketch": {"parameters": {"k": 200}, "data": [[0, 1], [3]]}}}}}]}`))
	for _, name := range []string{"whylogs/v1-toydata.bin", "whylogs/v1-profile.bin", "whylogs/v0-jvm_output.bin", "tfdv/FeatureStats-eval.pb", "tfdv/stats_tfrecord-eval-older.tfrecord", "sagemaker/statistics.json"} {
		if data, err := os.ReadFile(filepath.Join(shared, "profiles", name)); err == nil {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, format := range []Format{"", Whylogs, TFDV, SageMaker} {
			s, err := decode(data, format, "")
			if err != nil {
				continue
			}
			p, err := s.Build(Options{Name: "fuzz", Bins: 20, MaxCategories: 5})
			if err == nil {
				require.NoError(t, p.Validate())
				continue
			}
			require.NotContains(t, err.Error(), "does not make a baseline")
		}
	})
}

// A file that ends early is refused, or has less in it; nothing panics.
func TestEveryPrefix(t *testing.T) {
	data := sharedFile(t, "profiles/whylogs/v1-toydata.bin")
	refused := 0
	for n := range data {
		if _, err := decode(data[:n], "", ""); err != nil {
			refused++
		}
	}
	assert.Equal(t, len(data), refused)
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/convention"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// histogramFile is a histogram as protobuf's JSON has that of TFDV's statistics.
type histogramFile struct {
	Buckets []bucket   `json:"buckets"`
	NaN     jsonNumber `json:"num_nan"`
}

// bucket has both spellings of protobuf's JSON.
type bucket struct {
	Low        jsonNumber `json:"low_value"`
	High       jsonNumber `json:"high_value"`
	Count      jsonNumber `json:"sample_count"`
	CamelLow   jsonNumber `json:"lowValue"`
	CamelHigh  jsonNumber `json:"highValue"`
	CamelCount jsonNumber `json:"sampleCount"`
}

// jsonNumber may be a text, as Infinity is.
type jsonNumber float64

// UnmarshalJSON reads a number, or a text that is one.
func (n *jsonNumber) UnmarshalJSON(data []byte) error {
	v, err := strconv.ParseFloat(strings.Trim(string(data), `"`), 64)
	*n = jsonNumber(v)
	return err
}

// maxHistogram is the largest file that is read.
const maxHistogram = 64 << 20

// openHistogram reads a histogram; nil where the file is none.
func openHistogram(path string) (*convention.Histogram, error) {
	if !strings.HasSuffix(strings.ToLower(path), ".json") {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxHistogram+1))
	if err != nil || len(data) > maxHistogram {
		return nil, err
	}
	var keys map[string]json.RawMessage
	if json.Unmarshal(data, &keys) != nil || keys["buckets"] == nil {
		return nil, nil
	}
	var file histogramFile
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	h := &convention.Histogram{NaN: float64(file.NaN)}
	for i, b := range file.Buckets {
		one := convention.Bucket{Low: float64(b.Low + b.CamelLow), High: float64(b.High + b.CamelHigh), Count: float64(b.Count + b.CamelCount)}
		if !(one.Low <= one.High) || !(one.Count >= 0) || math.IsInf(one.Count, 0) {
			return nil, fmt.Errorf("%s: buckets[%d]: %v from %v to %v is no bucket", path, i, one.Count, one.Low, one.High)
		}
		h.Buckets = append(h.Buckets, one)
	}
	if !(h.NaN >= 0) || math.IsInf(h.NaN, 0) {
		return nil, fmt.Errorf("%s: num_nan: %v is no number of values", path, h.NaN)
	}
	return h, nil
}

// runHistograms compares two histograms; false where the files are none.
func (f *scoreFlags) runHistograms(w io.Writer) (bool, error) {
	ref, err := openHistogram(f.reference)
	if err != nil {
		return false, err
	}
	cur, err := openHistogram(f.current)
	switch {
	case err != nil:
		return false, err
	case ref == nil && cur == nil:
		return false, nil
	case ref == nil || cur == nil:
		return false, errors.New("a histogram is compared with a histogram: one of the files is none")
	case !f.ofTool():
		return false, fmt.Errorf("--method: %q does not compare histograms; jsd@tfdv does", f.method)
	}
	name := ""
	if len(f.names) > 0 {
		name = f.names[0]
	}
	m, err := f.toolMethod(&referenceColumn{name: name, as: profile.Numeric}, columnValues{})
	if err != nil {
		return false, err
	}
	r, err := m.Compare(convention.Side{Histogram: ref}, convention.Side{Histogram: cur})
	if err != nil {
		return false, err
	}
	s := toolScore{Column: name, Method: m.Name(), ReferenceSamples: ref.Total(), CurrentSamples: cur.Total(), Computed: "bins"}
	s.set(r)
	return true, f.printTools(w, []toolScore{s}, nil)
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"fmt"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/drift"
)

// feature is how one feature is generated. What varies in time varies with the scenario's phase.
type feature struct {
	name string
	// subject is Feature, or one of the model's answers.
	subject drift.Subject
	// law is of numbers, shares of categories; labels name them.
	law    func(phase int) law
	shares func(phase int) []float64
	labels func(i int) string
	// missing is the share of rows without a value; missingSD is its standard deviation from hour
	// to hour.
	missing   func(phase int) float64
	missingSD float64
	// ar is the autocorrelation of one row with the next, of standard normals; 0 draws rows apart.
	// added is what is added to them.
	ar, added float64
}

// scenario is a model and its traffic.
type scenario struct {
	name     string
	features func() []feature
	// after is what the features are from the hour from on; nil changes nothing.
	after func() []feature
	from  int
	// until ends the change; 0 never does. What is said of the target a day later is false.
	until int
	// phase is what repeats itself: of an hour since the start.
	phase func(hour int) int
	// volume is the factor of the hourly rate; nil is 1.
	volume func(hour int) float64
	// cluster is how many equal rows a user sends.
	cluster int
	// equalReference says that the rows of the baseline come from such users, too.
	equalReference bool
	days, nref     int
	// start is the first hour, in seconds since 1970.
	start   int64
	options func(*drift.Options)
	// restart are the hours at which the engine is snapshot and restored.
	restart []int
	// segments share the rows evenly; watched are the features that they count, too.
	segments int
	watched  []int
	// target is the series that the change is in, as Key.String.
	target string
	// peers evaluates other tools' rules, too.
	peers bool
	// rates are the rows an hour.
	rates []float64
}

// epoch is a Monday, 2026-11-02 00:00 UTC.
const epoch = int64(1793577600)

func always(l law) func(int) law { return func(int) law { return l } }

func share(v float64) func(int) float64 { return func(int) float64 { return v } }

func fixed(shares ...float64) func(int) []float64 {
	return func(int) []float64 { return shares }
}

func name(i int) string { return fmt.Sprintf("f%02d", i) }

// at is the time of an hour.
func (s *scenario) at(hour int) time.Time { return time.Unix(s.begin()+int64(hour)*3600, 0).UTC() }

func (s *scenario) begin() int64 {
	if s.start != 0 {
		return s.start
	}
	return epoch
}

// ofFeatures says of features without a subject that they are features.
func ofFeatures(features []feature) []feature {
	for i := range features {
		if features[i].subject == drift.Predictions {
			features[i].subject = drift.Feature
		}
	}
	return features
}

// defaults fills in what most scenarios have in common.
func (s scenario) defaults() scenario {
	if s.days == 0 {
		s.days = 30
	}
	if s.nref == 0 {
		s.nref = 10_000
	}
	if s.cluster == 0 {
		s.cluster = 1
	}
	if s.phase == nil {
		s.phase = func(int) int { return 0 }
	}
	if s.volume == nil {
		s.volume = func(int) float64 { return 1 }
	}
	if s.rates == nil {
		s.rates = []float64{20, 200, 2000}
	}
	return s
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/nearest"
)

// Parameter is a number that changes how a detector works.
type Parameter struct {
	Name    string
	Default float64
	// Min and Max bound the value, both included.
	Min, Max float64
	// Whole is true for a number without a fraction.
	Whole bool
	// Meaning is in words, with the unit.
	Meaning string
}

// values are parameters by name, all of a detector's.
type values map[string]float64

func (v values) whole(name string) int { return int(v[name]) }

// The values of the parameter direction.
const (
	bothWays = 0
	upwards  = 1
	downward = -1
)

// kind is a detector by one name.
type kind struct {
	domain     domain
	parameters []Parameter
	make       func(values) (algorithm, error)
}

// kinds are the detectors by name; with the convention of a tool behind an @.
var kinds = map[string]kind{
	"adwin":                {bounded, adwinParameters, newADWIN(adwinOurs)},
	"adwin@river":          {finite, adwinParameters[:adwinUnbounded], newADWIN(adwinRiver)},
	"adwin@river_0.9":      {finite, adwinParameters[:adwinUnbounded], newADWIN(adwinRiver09)},
	"adwin@frouros":        {finite, adwinParameters[:adwinUnbounded], newADWIN(adwinFrouros)},
	"page_hinkley":         {finite, pageHinkleyParameters, newPageHinkley(pageHinkleyOurs)},
	"page_hinkley@river":   {finite, pageHinkleyToolParameters, newPageHinkley(pageHinkleyRiver)},
	"page_hinkley@frouros": {finite, pageHinkleyToolParameters, newPageHinkley(pageHinkleyFrouros)},
	"cusum":                {finite, cusumParameters, newCUSUM},
	"cusum@frouros":        {finite, pageHinkleyToolParameters[:cusumFrourosParameters], newPageHinkley(cusumFrouros)},
	"gma@frouros":          {finite, gmaParameters, newGMA},
	"ddm":                  {binary, ddmParameters, newDDM(ddmOurs)},
	"ddm@river":            {binary, ddmParameters, newDDM(ddmRiver)},
	"ddm@frouros":          {binary, ddmParameters, newDDM(ddmFrouros)},
	"eddm":                 {binary, eddmParameters, newEDDM(eddmOurs)},
	"eddm@river":           {binary, eddmParameters, newEDDM(eddmRiver)},
	"eddm@river_0.9":       {binary, eddmParameters, newEDDM(eddmRiver09)},
	"eddm@frouros":         {binary, eddmParameters, newEDDM(eddmFrouros)},
	"rddm":                 {binary, rddmParameters, newRDDM(false)},
	"rddm@frouros":         {binary, rddmParameters, newRDDM(true)},
	"hddm_a":               {bounded, hddmAParameters, newHDDMA(hddmAOurs)},
	"hddm_a@river":         {finite, hddmToolParameters, newHDDMA(hddmARiver)},
	"hddm_a@frouros":       {finite, hddmFrourosParameters, newHDDMA(hddmAFrouros)},
	"hddm_w":               {bounded, hddmWParameters, newHDDMW(hddmWOurs)},
	"hddm_w@river":         {finite, hddmWToolParameters, newHDDMW(hddmWRiver)},
	"hddm_w@frouros":       {finite, hddmWFrourosParameters, newHDDMW(hddmWFrouros)},
	"kswin":                {finite, kswinParameters, newKSWIN(kswinOurs)},
	"kswin@river":          {finite, kswinRiverParameters, newKSWIN(kswinRiver)},
	"kswin@frouros":        {finite, kswinFrourosParameters, newKSWIN(kswinFrouros)},
	"bocd":                 {finite, bocdParameters, newBOCD},
	"prequential":          {finite, prequentialParameters, newPrequential},
	"rolling_mean":         {finite, rollingParameters, newRolling},
}

// Names returns the names of all detectors, sorted.
func Names() []string { return slices.Sorted(maps.Keys(kinds)) }

// Parameters returns the parameters of a detector, nil of a name that there is not.
func Parameters(name string) []Parameter { return slices.Clone(kinds[name].parameters) }

// Domain says which values a detector takes: "0 or 1", "from min to max", "any number".
func Domain(name string) string {
	switch kinds[name].domain {
	case binary:
		return "0 or 1"
	case bounded:
		return "from min to max"
	default:
		return "any number"
	}
}

// Bounded is true for a detector whose values must lie between its parameters min and max, which
// are 0 and 1 if they are not given.
func Bounded(name string) bool { return kinds[name].domain == bounded }

// New returns a detector by name, with the parameters that are given and the defaults of the others.
// The error names every parameter that is unknown or out of range.
func New(name string, given map[string]float64) (*Detector, error) {
	k, ok := kinds[name]
	if !ok {
		return nil, fmt.Errorf("there is no detector %q%s: the names are %s", name, meant(name, Names()), strings.Join(Names(), ", "))
	}
	v := values{}
	var names []string
	for _, p := range k.parameters {
		v[p.Name] = p.Default
		names = append(names, p.Name)
	}
	var errs []error
	for _, key := range slices.Sorted(maps.Keys(given)) {
		at := slices.Index(names, key)
		if at < 0 {
			errs = append(errs, fmt.Errorf("%s has no parameter %q%s: it has %s", name, key, meant(key, names), strings.Join(names, ", ")))
			continue
		}
		p, x := k.parameters[at], given[key]
		switch {
		case !(x >= p.Min && x <= p.Max):
			errs = append(errs, fmt.Errorf("%s: %s: %v is not from %v to %v", name, key, x, p.Min, p.Max))
		case p.Whole && x != math.Trunc(x):
			errs = append(errs, fmt.Errorf("%s: %s: %v is not a whole number", name, key, x))
		}
		v[key] = x
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	d := &Detector{domain: k.domain}
	if k.domain == bounded {
		d.min, d.width = v["min"], v["max"]-v["min"]
		if !(d.width > 0) {
			return nil, fmt.Errorf("%s: max: %v is not above min, %v", name, v["max"], v["min"])
		}
	}
	var err error
	if d.algorithm, err = k.make(v); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return d, nil
}

// meant names what a misspelt name was probably meant to be.
func meant(name string, known []string) string {
	if near, ok := nearest.Name(name, known); ok {
		return fmt.Sprintf(" (did you mean %q?)", near)
	}
	return ""
}

// largest is the most that a number of values may be.
const largest = 1_000_000

// The parameters that several detectors have.
var (
	minValues = func(n float64) Parameter {
		return Parameter{"min_values", n, 1, largest, true, "values after a start before there is a change"}
	}
	direction = Parameter{"direction", bothWays, -1, 1, true, "1 for a rise, -1 for a fall, 0 for both"}
	lowest    = Parameter{"min", 0, -math.MaxFloat64, math.MaxFloat64, false, "the least value that there can be"}
	highest   = Parameter{"max", 1, -math.MaxFloat64, math.MaxFloat64, false, "the largest value that there can be"}
)

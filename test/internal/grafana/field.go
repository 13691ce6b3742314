// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package grafana

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Field is how the values of a series, or of a column, are shown.
type Field struct {
	DisplayName string
	Unit        string
	Decimals    *int
	Min, Max    *float64
	NoValue     string
	Color       struct{ Mode, FixedColor string }
	Thresholds  struct {
		Mode  string
		Steps []Threshold
	}
	Mappings []Mapping
	Links    []Link
	Custom   Custom
}

// Threshold is a color from a value on; the first step's value is null.
type Threshold struct {
	Color string
	Value *float64
}

// Mapping shows a text, or a color, for a value.
type Mapping struct {
	// Type is "value", "range" or "special".
	Type    string
	Options json.RawMessage
}

// Custom is what kinds of panels have beside that.
type Custom struct {
	DrawStyle         string
	LineInterpolation string
	LineWidth         *float64
	FillOpacity       float64
	AxisPlacement     string
	AxisLabel         string
	AxisSoftMin       *float64
	AxisSoftMax       *float64
	// SpanNulls says whether lines go on over gaps: all, or those of so many milliseconds.
	SpanNulls       any
	LineStyle       struct{ Fill string }
	Stacking        struct{ Mode string }
	ThresholdsStyle struct{ Mode string }
	HideFrom        struct{ Viz bool }
	// FillBelowTo names the series down to which the area is filled, as bands of an interval are.
	FillBelowTo string
	Hidden      bool
	Width       float64
	CellOptions struct{ Type string }
}

// Field returns how a series is shown, by its name and the query that it is of: the defaults, and the overrides that match.
func (c FieldConfig) Field(name, refID string) (Field, error) {
	config := clone(c.Defaults)
	for _, override := range c.Overrides {
		matches, err := override.matches(name, refID)
		if err != nil {
			return Field{}, err
		}
		if !matches {
			continue
		}
		for _, property := range override.Properties {
			set(config, strings.Split(property.ID, "."), property.Value)
		}
	}
	content, err := json.Marshal(config)
	if err != nil {
		return Field{}, err
	}
	var f Field
	if err := json.Unmarshal(content, &f); err != nil {
		return Field{}, fmt.Errorf("the options of %q: %w", name, err)
	}
	return f, nil
}

func (o Override) matches(name, refID string) (bool, error) {
	text := fmt.Sprint(o.Matcher.Options)
	switch o.Matcher.ID {
	case "byName":
		return name == text, nil
	case "byFrameRefID":
		return refID == text, nil
	case "byRegexp":
		if match := regexLiteral.FindStringSubmatch(text); match != nil {
			text = match[1]
		}
		expression, err := regexp.Compile(text)
		return err == nil && expression.MatchString(name), err
	case "byNames":
		options, _ := o.Matcher.Options.(map[string]any)
		names, _ := options["names"].([]any)
		return slices.Contains(names, any(name)), nil
	}
	return false, fmt.Errorf("the matcher %q is not known here", o.Matcher.ID)
}

func clone(config map[string]any) map[string]any {
	config = maps.Clone(config)
	for key, value := range config {
		if inner, ok := value.(map[string]any); ok {
			config[key] = clone(inner)
		}
	}
	if config == nil {
		config = map[string]any{}
	}
	return config
}

func set(config map[string]any, path []string, value any) {
	for _, key := range path[:len(path)-1] {
		inner, ok := config[key].(map[string]any)
		if !ok {
			inner = map[string]any{}
			config[key] = inner
		}
		config = inner
	}
	config[path[len(path)-1]] = value
}

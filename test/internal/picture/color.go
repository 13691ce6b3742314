// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package picture

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/test/internal/grafana"
)

// palette are the colors that Grafana gives series in turn.
var palette = []string{"#56a64b", "#f2cc0c", "#3274d9", "#ff780a", "#e02f44", "#8f3bb8", "#37872d", "#1f60c4", "#b877d9", "#705da0", "#447ebc", "#c15c17", "#890f02", "#0a437c", "#6d1f62"}

// named are Grafana's colors, in the shades of its light theme.
var named = map[string]string{
	"red": "#e02f44", "orange": "#ff780a", "yellow": "#f2cc0c", "green": "#56a64b", "blue": "#3274d9", "purple": "#a352cc",
	"dark-red": "#ad0317", "semi-dark-red": "#c4162a", "light-red": "#f2495c", "super-light-red": "#ff7383",
	"dark-orange": "#e55400", "semi-dark-orange": "#fa6400", "light-orange": "#ff9830", "super-light-orange": "#ffb357",
	"dark-yellow": "#cc9d00", "semi-dark-yellow": "#e0b400", "light-yellow": "#fade2a", "super-light-yellow": "#ffee52",
	"dark-green": "#19730e", "semi-dark-green": "#37872d", "light-green": "#73bf69", "super-light-green": "#96d98d",
	"dark-blue": "#1250b0", "semi-dark-blue": "#1f60c4", "light-blue": "#5794f2", "super-light-blue": "#8ab8ff",
	"dark-purple": "#7c2ea3", "semi-dark-purple": "#8f3bb8", "light-purple": "#b877d9", "super-light-purple": "#ca95e5",
	"text": "#24292e", "transparent": "none", "gray": "#8e8e8e", "white": "#ffffff", "black": "#000000",
}

// hex is the color of a name of Grafana's.
func hex(color string) string {
	if known, ok := named[color]; ok {
		return known
	}
	return color
}

// colorOf is the color of a series: its own, that of its value's threshold, or the next of the palette.
func colorOf(f grafana.Field, index int, value float64) string {
	switch {
	case (f.Color.Mode == "fixed" || f.Color.Mode == "shades") && f.Color.FixedColor != "":
		return hex(f.Color.FixedColor)
	case f.Color.Mode == "thresholds":
		return thresholdColor(f, value)
	}
	return palette[index%len(palette)]
}

// thresholdColor is the color of the last step that a value has reached.
func thresholdColor(f grafana.Field, value float64) string {
	color := "green"
	if f.Thresholds.Mode == "percentage" && f.Max != nil {
		low := 0.0
		if f.Min != nil {
			low = *f.Min
		}
		value = (value - low) / (*f.Max - low) * 100
	}
	for _, step := range f.Thresholds.Steps {
		if step.Value == nil || value >= *step.Value {
			color = step.Color
		}
	}
	return hex(color)
}

// mapped is the text and the color that the mappings have for a value, "" where they have none.
func mapped(f grafana.Field, value float64, text string) (string, string) {
	type result struct{ Text, Color string }
	for _, m := range f.Mappings {
		switch m.Type {
		case "value":
			var options map[string]result
			if json.Unmarshal(m.Options, &options) != nil {
				continue
			}
			for key, r := range options {
				if number, err := strconv.ParseFloat(key, 64); key == text || err == nil && text == "" && number == value {
					return r.Text, hex(r.Color)
				}
			}
		case "range":
			var options struct {
				From, To *float64
				Result   result
			}
			if text == "" && json.Unmarshal(m.Options, &options) == nil &&
				(options.From == nil || value >= *options.From) && (options.To == nil || value <= *options.To) {
				return options.Result.Text, hex(options.Result.Color)
			}
		case "special":
			var options struct {
				Match  string
				Result result
			}
			if text == "" && json.Unmarshal(m.Options, &options) == nil && math.IsNaN(value) && strings.Contains(options.Match, "nan") {
				return options.Result.Text, hex(options.Result.Color)
			}
		}
	}
	return "", ""
}

// shown is what is written for a value, and in which color a mapping wants it.
func shown(f grafana.Field, value float64) (text, color string) {
	text, color = mapped(f, value, "")
	if text == "" {
		text = format(value, f.Unit, f.Decimals)
	}
	return text, color
}

// mix is a color between white and another one.
func mix(color string, share float64) string {
	var r, g, b int
	if _, err := fmt.Sscanf(color, "#%02x%02x%02x", &r, &g, &b); err != nil {
		return color
	}
	at := func(v int) int { return int(math.Round(255 + (float64(v)-255)*share)) }
	return fmt.Sprintf("#%02x%02x%02x", at(r), at(g), at(b))
}

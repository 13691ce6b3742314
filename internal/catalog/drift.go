// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/eventtime"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// Drift is what a card says of drift; zero values leave the decision to ml_drift's config.
type Drift struct {
	// Window is the window that is compared with the reference.
	Window eventtime.Window
	// MinSamples is the number of values a window needs for a verdict.
	MinSamples int
	// MaxWindow is the length a window with too few values may grow to.
	MaxWindow time.Duration
	// For is the number of windows in a row that change the verdict.
	For int
	// Season is the course that windows take: auto, day, week or none. TimeZone is that of its days
	// and weekends, by its name in the IANA database.
	Season, TimeZone string
	// Reference is what windows are compared with: baseline, champion, previous.
	Reference []string
	// Method is the tool whose choice of a statistic and threshold decides (convention.Presets).
	Method string
	// Methods replaces the statistics by column type; the first one of a list decides the verdict.
	Methods map[profile.Type][]string
	// Thresholds replaces the effect at which a method speaks of drift, by method.
	Thresholds map[string]float64
}

func (o object) drift() Drift {
	d := Drift{
		MinSamples: o.integer("min_samples"), MaxWindow: o.duration("max_window"), For: o.integer("for"),
		Season: o.text("season"), TimeZone: o.text("time_zone"),
		Reference: o.texts("reference"), Method: o.text("method"), Thresholds: o.numbers("thresholds"),
	}
	if w := o.text("window"); windowForm.MatchString(w) {
		var err error
		if d.Window, err = eventtime.ParseWindow(w); err != nil {
			o.fail([]string{"window"}, "%v", err)
		}
	}
	if d.MaxWindow != 0 && d.MaxWindow < d.Window.Length {
		o.fail([]string{"max_window"}, "%s is below window, %s", o.text("max_window"), o.text("window"))
	}
	if d.TimeZone != "" {
		if _, err := time.LoadLocation(d.TimeZone); err != nil {
			o.fail([]string{"time_zone"}, "%q is not a time zone, such as Europe/Berlin", d.TimeZone)
		}
	}
	if d.Method != "" && o.has("methods") {
		o.fail([]string{"methods"}, "has no meaning beside method, %q", d.Method)
	}
	methods := o.block("methods")
	for _, t := range []profile.Type{profile.Numeric, profile.Categorical} {
		if list := methods.methods(string(t), t); len(list) > 0 {
			if d.Methods == nil {
				d.Methods = map[profile.Type][]string{}
			}
			d.Methods[t] = list
		}
	}
	return d
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package picture

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// scaled are units whose values are written with a prefix, and what the prefix multiplies with.
var scaled = map[string]struct {
	base   float64
	suffix string
}{
	"bytes": {1024, "B"}, "decbytes": {1000, "B"}, "watt": {1000, "W"}, "joule": {1000, "J"}, "hertz": {1000, "Hz"},
	"Bps": {1000, "B/s"}, "binBps": {1024, "B/s"}, "bps": {1000, "b/s"},
}

// after are units that stand after a value that is shortened.
var after = map[string]string{
	"short": "", "none": "", "": "", "cps": " c/s", "ops": " ops/s", "reqps": " req/s", "rps": " reads/s", "wps": " writes/s", "iops": " io/s",
	"eps": " evt/s", "mps": " msg/s", "recps": " rec/s", "rowsps": " rows/s", "celsius": " °C", "degree": "°", "locale": "", "bool": "", "lengthm": " m", "velocityms": " m/s",
	"cpm": " c/m", "opm": " ops/m", "velocitykmh": " km/h",
}

// money are currencies, before the value.
var money = map[string]string{"currencyUSD": "$", "currencyEUR": "€", "currencyGBP": "£"}

// format writes a value with its unit as Grafana does, with three digits or so where the number of decimals is not given.
func format(v float64, unit string, decimals *int) string {
	if math.IsNaN(v) {
		return "NaN"
	}
	if v == 0 {
		v = 0 // and not -0
	}
	if math.IsInf(v, 0) {
		return strings.Replace(fmt.Sprint(v), "Inf", "∞", 1)
	}
	switch unit {
	case "percentunit":
		return digits(v*100, decimals) + " %"
	case "percent":
		return digits(v, decimals) + " %"
	case "s":
		return duration(v, decimals)
	case "ms":
		return duration(v/1000, decimals)
	case "ns":
		return duration(v/1e9, decimals)
	case "m":
		return duration(v*60, decimals)
	case "dtdurations":
		return time.Duration(v * float64(time.Second)).Round(time.Second).String()
	case "dateTimeAsIso", "dateTimeAsIsoNoDateIfToday", "dateTimeAsSystem", "dateTimeAsLocal":
		return time.UnixMilli(int64(v)).UTC().Format(time.DateTime)
	case "dateTimeFromNow":
		return time.UnixMilli(int64(v)).UTC().Format("15:04:05")
	case "bool":
		return strconv.FormatBool(v != 0)
	case "none", "locale":
		return digits(v, decimals)
	}
	if s, ok := scaled[unit]; ok {
		value, prefix := v, ""
		for _, p := range []string{"k", "M", "G", "T"} {
			if math.Abs(value) < s.base {
				break
			}
			value, prefix = value/s.base, p
		}
		if s.base == 1024 && prefix != "" {
			prefix = strings.ToUpper(prefix) + "i"
		}
		return digits(value, decimals) + " " + prefix + s.suffix
	}
	if sign, ok := money[unit]; ok {
		return sign + short(v, decimals)
	}
	if suffix, ok := strings.CutPrefix(unit, "suffix:"); ok {
		return short(v, decimals) + spaced(suffix)
	}
	if prefix, ok := strings.CutPrefix(unit, "prefix:"); ok {
		return prefix + short(v, decimals)
	}
	if suffix, ok := after[unit]; ok {
		return short(v, decimals) + suffix
	}
	return short(v, decimals) + spaced(unit)
}

func spaced(suffix string) string {
	if strings.HasPrefix(suffix, " ") || suffix == "" {
		return suffix
	}
	return " " + suffix
}

// short writes a number with K, Mil, Bil.
func short(v float64, decimals *int) string {
	suffix := ""
	for _, s := range []string{" K", " Mil", " Bil"} {
		if math.Abs(v) < 1000 {
			break
		}
		v, suffix = v/1000, s
	}
	return digits(v, decimals) + suffix
}

// duration writes seconds.
func duration(v float64, decimals *int) string {
	abs := math.Abs(v)
	for _, u := range []struct {
		least, per float64
		name       string
	}{{86400, 86400, "day"}, {3600, 3600, "hour"}, {60, 60, "min"}, {1, 1, "s"}, {1e-3, 1e-3, "ms"}, {1e-6, 1e-6, "µs"}} {
		if abs >= u.least {
			return digits(v/u.per, decimals) + " " + u.name
		}
	}
	if v == 0 {
		return "0 s"
	}
	return digits(v*1e9, decimals) + " ns"
}

// digits writes a number with so many decimals, or with three digits.
func digits(v float64, decimals *int) string {
	if decimals != nil {
		return strconv.FormatFloat(v, 'f', *decimals, 64)
	}
	abs := math.Abs(v)
	n := 0
	switch {
	case abs == 0:
	case abs < 0.001:
		return strconv.FormatFloat(v, 'g', 2, 64)
	case abs < 1:
		n = 3
	case abs < 10:
		n = 2
	case abs < 100:
		n = 1
	}
	text := strconv.FormatFloat(v, 'f', n, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package picture

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/test/internal/grafana"
)

var window = grafana.Window{Start: time.Unix(1_000_000, 0), End: time.Unix(1_000_060, 0), Scrape: time.Second}

// line is a series with a value a second.
func line(name string, labels map[string]string, value func(i int) float64) grafana.Series {
	s := grafana.Series{Name: name, Target: "A", Labels: labels}
	for i := range 61 {
		s.Points = append(s.Points, grafana.Point{Time: window.Start.Add(time.Duration(i) * time.Second), Value: value(i)})
	}
	return s
}

func constant(v float64) func(int) float64 { return func(int) float64 { return v } }

// everyKind is a dashboard with a panel of each kind.
func everyKind(t *testing.T) Data {
	t.Helper()
	d, err := grafana.Read("testdata/kinds.json")
	require.NoError(t, err)
	data := Data{
		Dashboard: d, Window: window, Answers: map[int][]grafana.Answer{},
		Values: grafana.Values{"model": {Chosen: []string{"fraud"}}, "version": {All: true}},
		Marks: []grafana.Mark{{
			Point: grafana.Point{Time: window.Start.Add(20 * time.Second), Value: 1}, End: grafana.Point{Time: window.Start.Add(40 * time.Second)}, Color: "orange",
		}},
	}
	answer := func(id int, series ...grafana.Series) {
		data.Answers[id] = append(data.Answers[id], grafana.Answer{Step: time.Second, Target: grafana.Target{RefID: string(rune('A' + len(data.Answers[id])))}, Series: series})
	}
	answer(2, line("P50", nil, func(i int) float64 { return 0.1 + float64(i)/100 }), line("bound <&>", nil, constant(0.5)))
	data.Answers[2][0].Exemplars = []grafana.Exemplar{{Time: window.Start.Add(10 * time.Second), Value: 0.3}}
	answer(3, line("6", nil, constant(60)), line("7", nil, func(i int) float64 { return float64(i) }))
	answer(4, line("rate", nil, constant(1234)))
	answer(5, line("", map[string]string{"model": "fraud"}, constant(0.12)), line("", map[string]string{"model": "reviews"}, constant(0.01)))
	answer(5, line("", map[string]string{"model": "fraud"}, constant(0.2)))
	answer(6, line("", map[string]string{"job": "daily"}, constant(3)), line("", map[string]string{"job": "hourly"}, constant(1)))
	answer(7, line("1", map[string]string{"le": "1"}, constant(2)), line("5", map[string]string{"le": "5"}, constant(9)), line("+Inf", map[string]string{"le": "+Inf"}, constant(9)))
	answer(8, line("amount", nil, func(i int) float64 { return float64(i / 30) }), line("country", nil, constant(0)))
	return data
}

// texts are what is written in a picture, which must be well-formed.
func texts(t *testing.T, svg []byte) string {
	t.Helper()
	var all []string
	decoder := xml.NewDecoder(strings.NewReader(string(svg)))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		if text, ok := token.(xml.CharData); ok && strings.TrimSpace(string(text)) != "" {
			all = append(all, strings.TrimSpace(string(text)))
		}
	}
	return strings.Join(all, "\n")
}

// Each kind of panel shows its title, its names and its values with their units.
func TestDraw(t *testing.T) {
	svg, err := Draw(everyKind(t))
	require.NoError(t, err)
	if file := os.Getenv("PICTURE"); file != "" {
		require.NoError(t, os.WriteFile(file, svg, 0o600))
	}
	got := texts(t, svg)
	for _, want := range []string{
		"Kinds", "Model", "fraud", "Version", "All", "Drifts", "1970-01-12 13:46:40 to 13:47:40 UTC",
		"Durations", "P50", "bound <&>", "400 ms", "13:47:00",
		"Share", "100 %",
		"Predictions", "1.23 K req/s",
		"Models", "Name", "Drift", "Last week", "12 %", "0.2",
		"Runs", "daily", "3",
		"Values", "5 ms",
		"Verdicts", "amount", "drift", "ok",
		"What this is: a text", "Nothing", "No data",
	} {
		assert.Contains(t, "\n"+got+"\n", "\n"+want+"\n")
	}
	assert.NotContains(t, string(svg), "NaN")
	assert.Less(t, len(svg), 30_000)
	assert.Contains(t, string(svg), "stroke-dasharray", "the threshold")
	assert.Empty(t, regexp.MustCompile(` d="[^"]*\.\d\d[^"]*"`).FindAllString(string(svg), -1), "coordinates that are too precise")
}

// What is not known is said, and not left out.
func TestDrawRefuses(t *testing.T) {
	data := everyKind(t)
	data.Dashboard.Panels[1].Type = "piechart"
	_, err := Draw(data)
	require.ErrorContains(t, err, `the panel "Durations": the kind "piechart" is not known here`)

	data = everyKind(t)
	data.Dashboard.Panels[4].Transformations = nil
	_, err = Draw(data)
	require.ErrorContains(t, err, `the panel "Models": 2 queries of a table`)
}

// A row without data is collapsed, and its panels are named.
func TestCollapse(t *testing.T) {
	data := everyKind(t)
	full, err := Draw(data)
	require.NoError(t, err)
	data.Dashboard.Panels = append(data.Dashboard.Panels,
		grafana.Panel{ID: 20, Type: "row", Title: "Empty", GridPos: grafana.Grid{Y: 22, W: 24, H: 1}},
		grafana.Panel{ID: 21, Type: "timeseries", Title: "Quality", GridPos: grafana.Grid{Y: 23, W: 24, H: 8}},
		grafana.Panel{ID: 22, Type: "row", Title: "Last", GridPos: grafana.Grid{Y: 31, W: 24, H: 1}},
		grafana.Panel{ID: 2, Type: "timeseries", Title: "Durations again", GridPos: grafana.Grid{Y: 32, W: 24, H: 8}},
	)
	svg, err := Draw(data)
	require.NoError(t, err)
	assert.Contains(t, texts(t, svg), "›  Empty\nQuality\n⌄  Last\nDurations again")
	assert.True(t, Shows(svg, "Quality"))
	height := func(svg []byte) (h float64) {
		_, err := fmt.Sscanf(regexp.MustCompile(`height="(\d+)"`).FindStringSubmatch(string(svg))[1], "%g", &h)
		require.NoError(t, err)
		return h
	}
	assert.Equal(t, height(full)+10*38, height(svg))
}

// What a table lacks in width is taken from its widest columns.
func TestShare(t *testing.T) {
	widths := []float64{100, 50, 20}
	share(widths, 170, 120)
	assert.Equal(t, []float64{50, 50, 20}, widths)
	share(widths, 120, 150)
	assert.Equal(t, []float64{60, 60, 30}, widths)
	share(widths, 150, 60)
	assert.InDelta(t, 60, widths[0]+widths[1]+widths[2], 0.01)
}

// An excerpt has the panels that are named, and no others.
func TestExcerpt(t *testing.T) {
	data := everyKind(t)
	data.Dashboard.Panels[0].Title = "Verdicts" // the row
	data, err := data.Excerpt("Verdicts", "Durations", "Runs")
	require.NoError(t, err)
	svg, err := Draw(data)
	require.NoError(t, err)
	assert.True(t, Shows(svg, "Verdicts") && Shows(svg, "Runs"))
	assert.Contains(t, texts(t, svg), "amount")
	assert.False(t, Shows(svg, "Share"))
	_, err = data.Excerpt("Share")
	require.ErrorContains(t, err, `Kinds has no panel "Share"`)
}

func TestFormat(t *testing.T) {
	for _, c := range []struct {
		value float64
		unit  string
		want  string
	}{
		{0.1234, "percentunit", "12.3 %"},
		{0.0123, "s", "12.3 ms"},
		{90, "s", "1.5 min"},
		{7200, "s", "2 hour"},
		{0, "s", "0 s"},
		{1500, "short", "1.5 K"},
		{2_300_000, "", "2.3 Mil"},
		{1536, "bytes", "1.5 KiB"},
		{12.5, "reqps", "12.5 req/s"},
		{350, "watt", "350 W"},
		{71, "celsius", "71 °C"},
		{3.5, "currencyUSD", "$3.5"},
		{0.00012, "short", "0.00012"},
		{5, "suffix:rows", "5 rows"},
		{1e12, "dateTimeAsIso", "2001-09-09 01:46:40"},
		{math.NaN(), "s", "NaN"},
		{math.Inf(1), "s", "+∞"},
		{math.Copysign(0, -1), "short", "0"},
	} {
		assert.Equal(t, c.want, format(c.value, c.unit, nil), "%v %s", c.value, c.unit)
	}
	assert.Equal(t, "0.50", format(0.5, "short", new(2)))
}

func TestTicks(t *testing.T) {
	assert.Equal(t, "[0 20 40 60]", fmt.Sprint(ticks(0, 65, 4)))
	assert.Equal(t, "[0.1 0.15]", fmt.Sprintf("%.3v", ticks(0.09, 0.16, 2)))
	assert.Empty(t, ticks(1, 1, 4))
	at, layout := timeTicks(window.Start, window.End, 4)
	assert.Len(t, at, 4)
	assert.Equal(t, "15:04:05", layout)
}

// What is stacked upon what is missing for a while stands lower, and not in the air.
func TestStack(t *testing.T) {
	all := []drawn{{Series: line("a", nil, constant(1))}, {Series: line("b", nil, constant(2))}}
	for i := range all {
		all[i].Custom.Stacking.Mode = "normal"
	}
	all[0].Points = all[0].Points[:30]
	stack(all)
	assert.Equal(t, 3.0, all[1].Points[29].Value)
	assert.Equal(t, 2.0, all[1].Points[30].Value)
}

func TestFit(t *testing.T) {
	assert.Equal(t, "short", fit("short", 11, 100))
	cut := fit("a name that is far too long", 11, 80)
	assert.True(t, strings.HasSuffix(cut, "…"), cut)
	assert.LessOrEqual(t, width(cut, 11), 80.0)
	assert.Empty(t, fit("x", 11, 2))
}

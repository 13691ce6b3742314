// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package comparison

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
)

//go:embed page/page.html
var pageText string

//go:embed page/page.css
var pageStyle string

//go:embed page/page.js
var pageScript string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// page is what the template gets.
type page struct {
	Title, Headline, Verdict string
	Policy                   string
	Style                    template.CSS
	Script                   template.JS
	// Weighed says that values are worth fewer independent ones.
	Weighed bool
	Facts   [][2]string
	Notes   []string
	Rows    []pageRow
	Cards   []pageCard
}

// pageRow is a row of the table of verdicts.
type pageRow struct {
	Verdict, Subject, Type, Method  string
	Score, Threshold, P, N, Worth   string
	ScoreSort, PSort, ThresholdSort float64
	NSort                           uint64
	WorthSort                       float64
	Text                            string
	Card                            int
}

// pageCard is a column with its plot.
type pageCard struct {
	ID                  int
	Name, Kind, Verdict string
	Texts               []string
	Plot                *plot
	Bars                []pageBar
	Missing             pageBar
	NoPlot              bool
}

// pageBar is a pair of shares; the widths are in percent.
type pageBar struct {
	Name                  string
	Rest                  bool
	Before, Now           string
	BeforeWidth, NowWidth string
}

// WriteHTML writes one page that needs nothing else: no network, and no script for what it says.
func (c *Comparison) WriteHTML(w io.Writer) error {
	p := page{
		Title: label(c.Current.Path) + " compared with " + label(c.Reference.Path), Headline: c.Headline(), Verdict: c.Verdict,
		Policy: fmt.Sprintf("default-src 'none'; style-src %s; script-src %s", hashOf(pageStyle), hashOf(pageScript)),
		Style:  template.CSS(pageStyle), Script: template.JS(pageScript), //nolint:gosec // both are part of the program
		Notes: c.Notes, Facts: c.facts(), Weighed: c.designs.most() > 1,
	}
	cards := map[string]int{}
	for i := range c.Subjects {
		s := &c.Subjects[i]
		at, ok := cards[s.group()]
		if !ok {
			at = len(p.Cards)
			cards[s.group()] = at
			p.Cards = append(p.Cards, c.card(s, at+1))
		}
		card := &p.Cards[at]
		if s.drifts() && s.Text != "" {
			card.Texts = append(card.Texts, s.Text)
		}
		p.Rows = append(p.Rows, s.row(at+1))
	}
	return pageTemplate.Execute(w, p)
}

// hashOf is how a content security policy names what is inline.
func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func (c *Comparison) facts() [][2]string {
	facts := [][2]string{
		{"reference", c.Reference.Path + ": " + c.Reference.describe()},
		{"current", c.Current.Path + ": " + c.Current.describe()},
	}
	how := fmt.Sprintf("drift is an effect of at least the threshold whose p-value is significant at %g beside those of all other subjects (Benjamini-Hochberg); "+
		"a verdict needs %s; this is one window, of which no season is known", c.Settings.Significance, console.Plural(c.Settings.MinSamples, "independent value"))
	facts = append(facts, [2]string{"rule", how})
	if c.Settings.Card != "" {
		facts = append(facts, [2]string{"card", c.Settings.Card})
	}
	for i := range facts {
		facts[i][1] = console.Clean(facts[i][1], 400)
	}
	return facts
}

func (s *Subject) row(card int) pageRow {
	r := pageRow{
		Verdict: s.Verdict, Subject: s.title(maxLabel), Type: s.Type, N: console.Count(s.Samples), NSort: s.Samples, Text: s.below(), Card: card,
		PSort: 2, ScoreSort: -1, Worth: console.Count(uint64(s.EffectiveSamples)), WorthSort: s.EffectiveSamples,
	}
	if len(s.Scores) > 0 {
		x := &s.Scores[0]
		r.Method, r.Score, r.Threshold, r.P = strings.ReplaceAll(x.Method, "_", " "), console.Number(x.Effect), console.Number(x.Threshold), console.PValue(x.PValue)
		r.ScoreSort, r.PSort, r.ThresholdSort = x.Effect, x.PValue, x.Threshold
	}
	return r
}

// card makes the card of a column; s is the first of its subjects.
func (c *Comparison) card(s *Subject, id int) pageCard {
	card := pageCard{ID: id, Name: label(s.Column), Kind: s.Type + " " + s.Subject, Verdict: s.Verdict}
	switch s.Subject {
	case drift.Missing.String(), drift.Feature.String():
		card.Kind = s.Type + " feature"
	case drift.Class.String(), drift.Value.String():
		card.Kind = s.Type + " prediction"
	}
	p := c.pictures[s.group()]
	if p == nil {
		card.NoPlot = true
		return card
	}
	if p.histogram != nil {
		card.Plot = newPlot(p.histogram)
	}
	longest := 0.0
	for _, x := range p.categories {
		longest = max(longest, x.before, x.now)
	}
	for _, x := range p.categories {
		card.Bars = append(card.Bars, newBar(x, longest))
	}
	card.NoPlot = card.Plot == nil && len(card.Bars) == 0
	card.Missing = newBar(p.missing, 1)
	return card
}

func newBar(x pair, longest float64) pageBar {
	scaled := func(v float64) string { return fmt.Sprintf("%.2f", 100*v/max(longest, 1e-9)) }
	return pageBar{
		Name: console.Clean(x.name, maxLabel), Rest: x.rest, Before: console.Percent(x.before), Now: console.Percent(x.now),
		BeforeWidth: scaled(x.before), NowWidth: scaled(x.now),
	}
}

// plot is a histogram in the units of the drawing.
type plot struct {
	Before, Now string // paths
	Ticks       []plotTick
	Top         string
	Log         bool
	Says        string
}

type plotTick struct {
	X    string
	Text string
}

// The plot's area in the drawing of 360 by 150.
const (
	plotLeft, plotRight = 40.0, 352.0
	plotTop, plotBottom = 10.0, 122.0
)

func newPlot(h *histogram) *plot {
	top := 0.0
	for i := range h.before {
		top = max(top, h.before[i])
	}
	for i := range h.now {
		top = max(top, h.now[i])
	}
	p := &plot{Before: path(h.before, top), Now: path(h.now, top), Top: console.Percent(top), Log: h.log}
	for _, v := range h.ticks() {
		x := plotLeft + h.place(v)*(plotRight-plotLeft)
		if x >= plotLeft-1 && x <= plotRight+1 {
			p.Ticks = append(p.Ticks, plotTick{fmt.Sprintf("%.1f", x), tickText(v)})
		}
	}
	axis := ""
	if h.log {
		axis = ", on a logarithmic axis"
	}
	p.Says = fmt.Sprintf("Shares of the values from %s to %s%s", console.Number(h.low), console.Number(h.high), axis)
	switch {
	case h.below && h.above:
		p.Says += "; what is below or above is in the outer bars"
	case h.below:
		p.Says += "; what is below is in the first bar"
	case h.above:
		p.Says += "; what is above is in the last bar"
	}
	return p
}

// path draws shares as steps.
func path(shares []float64, top float64) string {
	if len(shares) == 0 || !(top > 0) {
		return ""
	}
	var b strings.Builder
	width := (plotRight - plotLeft) / float64(len(shares))
	fmt.Fprintf(&b, "M%.1f %.1f", plotLeft, plotBottom)
	for i, s := range shares {
		fmt.Fprintf(&b, "V%.1fH%.1f", plotBottom-s/top*(plotBottom-plotTop), plotLeft+width*float64(i+1))
	}
	fmt.Fprintf(&b, "V%.1fZ", plotBottom)
	return b.String()
}

// tickText writes a number in few characters.
func tickText(v float64) string {
	switch a := math.Abs(v); {
	case a >= 1e15 || a > 0 && a < 1e-3:
		return fmt.Sprintf("%.0e", v)
	case a >= 1e9:
		return fmt.Sprintf("%gG", v/1e9)
	case a >= 1e6:
		return fmt.Sprintf("%gM", v/1e6)
	case a >= 1e4:
		return fmt.Sprintf("%gk", v/1e3)
	}
	return fmt.Sprintf("%.4g", v)
}

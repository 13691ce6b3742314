// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strconv"
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/heatmap"
	prom "github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/statetimeline"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// A panel asks queries and shows the answer. What all kinds have in common is said here; visual has
// what is the kind's own.
type panel struct {
	title, about, unit string
	width, height      uint32
	visual             cog.Builder[dashboard.Panel]
	format             prom.PromQueryFormat
	instant            bool // ask for now, not for the whole range
	queries            []query
	steps              []step
	neutral            bool // without steps, no value is good or bad
	links              []link
	mappings           []dashboard.ValueMapping
	overrides          []dashboard.DashboardFieldConfigSourceOverrides
	transformations    []dashboard.DataTransformerConfig
	empty              string // what is said where nothing is found
}

// A step is a threshold: from the value on, the colour is another one.
type step struct {
	from  float64
	color string
}

const (
	good = "green"
	warn = "orange"
	bad  = "red"
	note = "blue"
)

// size sets columns and rows of the grid: 24 columns are the whole width.
func (p *panel) size(width, height uint32) *panel { p.width, p.height = width, height; return p }

// limits colour values from a threshold on; below the first one all is good.
func (p *panel) limits(steps ...step) *panel { p.steps = steps; return p }

// leads adds links to what is clicked.
func (p *panel) leads(links ...link) *panel { p.links = append(p.links, links...); return p }

// none says what it means where nothing is found.
func (p *panel) none(text string) *panel { p.empty = text; return p }

// lines shows series over time.
func lines(title, unit, about string, queries ...query) *panel {
	return overTime(title, unit, about, 8, queries)
}

func overTime(title, unit, about string, opacity float64, queries []query) *panel {
	p := &panel{title: title, unit: unit, about: about, width: 8, height: 8, queries: queries, format: prom.PromQueryFormatTimeSeries}
	p.visual = timeseries.NewPanelBuilder().
		LineWidth(1).
		FillOpacity(opacity).
		ShowPoints(common.VisibilityModeAuto).
		SpanNulls(common.BoolOrFloat64{Float64: new(120_000.0)}). // features are flushed once a minute
		Legend(legend()).
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderDescending))
	for i, query := range queries {
		if query.dashed {
			p.overrides = append(p.overrides, override("byFrameRefID", refID(i),
				"custom.lineStyle", map[string]any{"fill": "dash", "dash": []int{6, 6}}, "custom.fillOpacity", 0))
		}
	}
	return p
}

func legend() *common.VizLegendOptionsBuilder {
	return common.NewVizLegendOptionsBuilder().
		ShowLegend(true).
		DisplayMode(common.LegendDisplayModeList).
		Placement(common.LegendPlacementBottom)
}

// stacked shows parts of a whole over time.
func stacked(title, unit, about string, queries ...query) *panel {
	p := overTime(title, unit, about, 60, queries)
	p.visual.(*timeseries.PanelBuilder).Stacking(common.NewStackingConfigBuilder().Mode(common.StackingModeNormal))
	return p
}

// events shows what comes now and then, a bar for each step.
func events(title, about string, queries ...query) *panel {
	p := overTime(title, "short", about, 80, queries)
	p.visual.(*timeseries.PanelBuilder).
		DrawStyle(common.GraphDrawStyleBars).
		Interval("1m"). // a shorter step would show an event in several, as a rate takes a minute
		Stacking(common.NewStackingConfigBuilder().Mode(common.StackingModeNormal))
	return p
}

// dots shows values that come now and then, a point each, with a line between them.
func dots(title, unit, about string, queries ...query) *panel {
	p := overTime(title, unit, about, 0, queries)
	p.visual.(*timeseries.PanelBuilder).
		ShowPoints(common.VisibilityModeAlways).
		PointSize(6).
		SpanNulls(common.BoolOrFloat64{Bool: new(true)})
	return p
}

// limitLine draws thresholds as dashed lines into a panel of lines.
func (p *panel) limitLine(steps ...step) *panel {
	p.visual.(*timeseries.PanelBuilder).ThresholdsStyle(common.NewGraphThresholdsStyleConfigBuilder().Mode(common.GraphThresholdsStyleModeDashed))
	return p.limits(steps...)
}

// number shows what is now.
func number(title, unit, about string, queries ...query) *panel {
	p := &panel{title: title, unit: unit, about: about, width: 4, height: 4, queries: queries, format: prom.PromQueryFormatTimeSeries, instant: true, neutral: true}
	named := common.BigValueTextModeAuto
	if strings.HasPrefix(queries[0].legend, "{{") {
		named = common.BigValueTextModeValueAndName // a currency, a severity
	}
	p.visual = stat.NewPanelBuilder().
		Orientation(common.VizOrientationAuto).
		GraphMode(common.BigValueGraphModeNone).
		ColorMode(common.BigValueColorModeValue).
		TextMode(named).
		ReduceOptions(common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"}))
	return p
}

// states shows a state over time, a lane for each series.
func states(title, about string, names []dashboard.ValueMapping, queries ...query) *panel {
	p := &panel{title: title, unit: "short", about: about, width: 12, height: 8, queries: queries, format: prom.PromQueryFormatTimeSeries, mappings: names}
	p.visual = statetimeline.NewPanelBuilder().
		ShowValue(common.VisibilityModeAuto).
		MergeValues(true).
		RowHeight(0.8).
		FillOpacity(70).
		LineWidth(0).
		Legend(legend())
	return p
}

// verdicts name what a state of a verdict means.
func verdicts() []dashboard.ValueMapping {
	return mapping(
		named{-1, "insufficient", "text"},
		named{0, "ok", good},
		named{1, "drift", bad},
	)
}

type named struct {
	value       float64
	text, color string
}

func mapping(names ...named) []dashboard.ValueMapping {
	options := map[string]dashboard.ValueMappingResult{}
	for i, n := range names {
		options[strconv.FormatFloat(n.value, 'f', -1, 64)] = dashboard.ValueMappingResult{Text: new(n.text), Color: new(n.color), Index: new(int32(i))} //nolint:gosec // a few
	}
	return []dashboard.ValueMapping{{ValueMap: &dashboard.ValueMap{Type: dashboard.MappingTypeValueToText, Options: options}}}
}

// heat shows how a distribution moves: the rows are the buckets of a histogram.
func heat(title, unit, about string, of query) *panel {
	p := &panel{title: title, unit: unit, about: about, width: 12, height: 9, queries: []query{of}, format: prom.PromQueryFormatHeatmap}
	p.visual = heatmap.NewPanelBuilder().
		Calculate(false).
		Color(heatmap.NewHeatmapColorOptionsBuilder().Mode(heatmap.HeatmapColorModeScheme).Scheme("Blues").Steps(64)).
		YAxis(heatmap.NewYAxisConfigBuilder().Unit(unit)).
		ExemplarsColor("rgba(255,120,10,0.9)").
		ShowLegend()
	return p
}

// A column of a table is the answer to a query.
type column struct {
	name, unit string
	expr       string
	steps      []step
}

// rowsOf shows a table with a row for each combination of labels, and a column for each query.
func rowsOf(title, about string, by []key, columns ...column) *panel {
	p := &panel{title: title, unit: "short", about: about, width: 24, height: 8, format: prom.PromQueryFormatTable, instant: true}
	p.visual = table.NewPanelBuilder().ShowHeader(true).Filterable(true)
	renamed, order := map[string]string{}, map[string]int{}
	for i, l := range by {
		renamed[l.label], order[l.label] = l.name, i
	}
	for i, c := range columns {
		field := "Value #" + refID(i)
		if len(columns) == 1 {
			field = "Value"
		}
		renamed[field], order[field] = c.name, len(by)+i
		properties := []any{"unit", c.unit}
		if len(c.steps) > 0 {
			properties = append(properties, "thresholds", thresholds(c.steps), "custom.cellOptions", map[string]any{"type": "color-text"})
		}
		p.overrides = append(p.overrides, override("byName", c.name, properties...))
		p.queries = append(p.queries, q(c.name, c.expr))
	}
	p.transformations = []dashboard.DataTransformerConfig{
		{Id: "merge", Options: map[string]any{}},
		{Id: "organize", Options: map[string]any{
			"excludeByName": map[string]bool{"Time": true}, "renameByName": renamed, "indexByName": order,
		}},
	}
	return p
}

// sorted puts a table's rows in the order of a column.
func (p *panel) sorted(by string) *panel {
	p.transformations = append(p.transformations, dashboard.DataTransformerConfig{
		Id: "sortBy", Options: map[string]any{"sort": []map[string]any{{"field": by, "desc": false}}},
	})
	return p
}

// A key is a label of a table's rows and the column's title.
type key struct{ label, name string }

func refID(i int) string { return string(rune('A' + i)) }

func override(matcher, of string, properties ...any) dashboard.DashboardFieldConfigSourceOverrides {
	o := dashboard.DashboardFieldConfigSourceOverrides{Matcher: dashboard.MatcherConfig{Id: matcher, Options: of}}
	for i := 0; i < len(properties); i += 2 {
		o.Properties = append(o.Properties, dashboard.DynamicConfigValue{Id: properties[i].(string), Value: properties[i+1]})
	}
	return o
}

// thresholds are green up to the first step.
func thresholds(steps []step) dashboard.ThresholdsConfig {
	c := dashboard.ThresholdsConfig{Mode: dashboard.ThresholdsModeAbsolute, Steps: []dashboard.Threshold{{Color: good}}}
	for _, s := range steps {
		c.Steps = append(c.Steps, dashboard.Threshold{Value: new(s.from), Color: s.color})
	}
	return c
}

func (p *panel) build(id uint32, at dashboard.GridPos) (dashboard.Panel, error) {
	built, err := p.visual.Build()
	if err != nil {
		return built, err
	}
	built.Id, built.GridPos = new(id), &at
	built.Title, built.Description = new(p.title), new(p.about)
	built.Datasource = prometheus()
	for i, query := range p.queries {
		built.Targets = append(built.Targets, p.target(refID(i), query))
	}
	built.Transformations = p.transformations

	if built.FieldConfig == nil {
		built.FieldConfig = dashboard.NewFieldConfigSource()
	}
	defaults := &built.FieldConfig.Defaults
	defaults.Unit = new(p.unit)
	defaults.Mappings = p.mappings
	if p.neutral && len(p.steps) == 0 {
		defaults.Thresholds = &dashboard.ThresholdsConfig{Mode: dashboard.ThresholdsModeAbsolute, Steps: []dashboard.Threshold{{Color: note}}}
	}
	if len(p.steps) > 0 {
		defaults.Thresholds = new(thresholds(p.steps))
	}
	if p.empty != "" {
		defaults.NoValue = new(p.empty)
	}
	for _, l := range p.links {
		defaults.Links = append(defaults.Links, l.build())
	}
	built.FieldConfig.Overrides = append(built.FieldConfig.Overrides, p.overrides...)
	return built, nil
}

func (p *panel) target(id string, query query) variants.Dataquery {
	t := prom.NewDataquery()
	t.RefId, t.Datasource = new(id), prometheus()
	t.Expr, t.LegendFormat = query.expr, new(query.legend)
	t.Format = new(p.format)
	t.EditorMode = new(prom.QueryEditorModeCode)
	t.Range, t.Instant = new(!p.instant), new(p.instant)
	t.Exemplar = new(query.exemplars)
	return *t
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/otelcol-ml/otelcol-ml/internal/eventtime"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/stats"
	"github.com/otelcol-ml/otelcol-ml/internal/value"
	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc"
)

// object reads one block of keys of a document. The schema has reported what has the wrong type; such a
// value reads as absent here, so that the rest of the card is still checked.
type object struct {
	doc  *yamldoc.Document
	path []string
	m    map[string]any
}

func (o object) has(key string) bool { _, ok := o.m[key]; return ok }

func (o object) at(keys ...string) []string { return append(slices.Clone(o.path), keys...) }

// fail reports a violation at the value of a key below the block.
func (o object) fail(keys []string, format string, args ...any) {
	path := o.at(keys...)
	_, node := o.doc.At(path)
	o.doc.Fail(node, path, format, args...)
}

func (o object) text(key string) string {
	s, _ := o.m[key].(string)
	return s
}

func (o object) number(key string) *float64 {
	switch v := o.m[key].(type) {
	case float64:
		return &v
	case int64:
		f := float64(v)
		return &f
	}
	return nil
}

func (o object) integer(key string) int {
	switch v := o.m[key].(type) {
	case int64:
		return int(v)
	case float64:
		return int(v) // 3.0 is an integer to JSON Schema
	}
	return 0
}

func (o object) flag(key string) bool {
	b, _ := o.m[key].(bool)
	return b
}

func (o object) texts(key string) []string {
	list, _ := o.m[key].([]any)
	var out []string
	for _, v := range list {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func (o object) block(key string) object {
	m, _ := o.m[key].(map[string]any)
	return object{doc: o.doc, path: o.at(key), m: m}
}

func (o object) blocks(key string) []object {
	list, _ := o.m[key].([]any)
	out := make([]object, 0, len(list))
	for i, v := range list {
		m, _ := v.(map[string]any)
		out = append(out, object{doc: o.doc, path: o.at(key, strconv.Itoa(i)), m: m})
	}
	return out
}

// duration reports a duration whose form is good but that is 0 or too long.
func (o object) duration(key string) time.Duration {
	s, ok := o.m[key].(string)
	if !ok || !durationForm.MatchString(s) {
		return 0
	}
	d, err := eventtime.ParseDuration(s)
	if err != nil {
		o.fail([]string{key}, "%q %v", yamldoc.Clip(s), err)
	}
	return d
}

// durationForm and windowForm are patterns of the schema; what does not match has been reported.
var (
	durationForm = regexp.MustCompile(`^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h|d|w))+$`)
	windowForm   = regexp.MustCompile(`^(day|week|month|([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h|d|w))+)$`)
)

func (o object) numbers(key string) map[string]float64 {
	block := o.block(key)
	if len(block.m) == 0 {
		return nil
	}
	out := make(map[string]float64, len(block.m))
	for k := range block.m {
		if f := block.number(k); f != nil {
			out[k] = *f
		}
	}
	return out
}

// attributes returns scalars by name: string, int64, float64 or bool.
func (o object) attributes(key string) map[string]any {
	block := o.block(key)
	if len(block.m) == 0 {
		return nil
	}
	out := make(map[string]any, len(block.m))
	for k, v := range block.m {
		switch v.(type) {
		case string, int64, float64, bool:
			out[k] = v
		}
	}
	return out
}

func (o object) bounds() (low, high *float64) {
	low, high = o.number("min"), o.number("max")
	if low != nil && high != nil && *low > *high {
		o.fail([]string{"min"}, "%v is above max, %v", *low, *high)
	}
	return low, high
}

// methods reads a list of statistics for columns of a type; an empty type is unknown.
func (o object) methods(key string, t profile.Type) []string {
	list := o.texts(key)
	if t == profile.Categorical {
		for i, m := range list {
			if stats.Method(m).Ordered() {
				o.fail([]string{key, strconv.Itoa(i)}, "%s needs numeric values, the feature is categorical", m)
			}
		}
	}
	return list
}

// once reports the items of a list whose names have been seen.
func once(blocks []object, key string) {
	seen := make(map[string]int, len(blocks))
	for i, b := range blocks {
		name := b.text(key)
		if name == "" {
			continue
		}
		if first, ok := seen[name]; ok {
			b.fail([]string{key}, "%q is there twice, first at [%d]", yamldoc.Clip(name), first)
			continue
		}
		seen[name] = i
	}
}

// model reads the card of a model.
func (o object) model(baseline func(o object) *profile.Profile) *Model {
	m := &Model{
		Name: o.text("name"), Environment: o.text("environment"), AlsoKnownAs: o.texts("also_known_as"),
		Task: Task(o.text("task")), PositiveClass: o.text("positive_class"), Owner: o.text("owner"),
		Description: o.text("description"), FeatureViews: o.texts("feature_views"),
		Baseline: baseline(o),
		Drift:    o.block("drift").drift(),
		Segments: o.texts("segments"), SegmentFeatures: o.texts("segment_features"), MaxBatch: o.integer("max_batch"),
		Attributes: o.attributes("attributes"),
		Prices:     o.prices(),
		Alerts:     o.block("alerts").alerts(),
		File:       o.doc.File, Line: o.doc.Root.Line,
	}
	if m.PositiveClass != "" && m.Task != "" && m.Task != BinaryClassification {
		o.fail([]string{"positive_class"}, "is for the task %s, not for %s", BinaryClassification, m.Task)
	}
	o.versions(m, baseline)
	o.features(m)
	slos := o.blocks("slos")
	once(slos, "name")
	for _, s := range slos {
		m.SLOs = append(m.SLOs, s.slo())
	}
	return m
}

func (o object) versions(m *Model, baseline func(o object) *profile.Profile) {
	blocks := o.blocks("versions")
	once(blocks, "version")
	names := make(map[string]int, len(blocks))
	for i, b := range blocks {
		if _, ok := names[b.text("version")]; !ok {
			names[b.text("version")] = i
		}
	}
	aliases := map[string]int{}
	for i, b := range blocks {
		v := &Version{Model: m, Version: b.text("version"), Aliases: b.texts("aliases"), TrainedAt: b.timestamp("trained_at"), Baseline: baseline(b)}
		if v.Baseline == nil {
			v.Baseline = m.Baseline
		}
		if v.Prices = b.prices(); v.Prices == nil {
			v.Prices = m.Prices
		}
		if v.Attributes = m.Attributes; b.has("attributes") {
			v.Attributes = maps.Clone(m.Attributes)
			if v.Attributes == nil {
				v.Attributes = map[string]any{}
			}
			maps.Copy(v.Attributes, b.attributes("attributes"))
		}
		for j, alias := range v.Aliases {
			if first, ok := aliases[alias]; ok && first != i {
				b.fail([]string{"aliases", strconv.Itoa(j)}, "%q is an alias of versions[%d], too", yamldoc.Clip(alias), first)
			} else if other, ok := names[alias]; ok {
				b.fail([]string{"aliases", strconv.Itoa(j)}, "%q is the name of versions[%d]", yamldoc.Clip(alias), other)
			}
			aliases[alias] = i
		}
		m.Versions = append(m.Versions, v)
	}
}

// timestamp reads RFC 3339 or a day.
func (o object) timestamp(key string) time.Time {
	s := o.text(key)
	if s == "" || len(s) > 40 {
		return time.Time{}
	}
	normal := strings.Replace(strings.ToUpper(s), " ", "T", 1)
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, normal); err == nil {
			return t.UTC()
		}
	}
	if strings.Trim(s, "0123456789-:.TtZz+ ") == "" { // else the schema has said so
		o.fail([]string{key}, "%q is no time of the calendar", s)
	}
	return time.Time{}
}

// prices reads what tokens cost; nil without a block. The currency is USD unless the block names one.
func (o object) prices() *Prices {
	block := o.block("prices")
	if len(block.m) == 0 {
		return nil
	}
	p := &Prices{
		InputPerMillion: block.number("input_per_million"), OutputPerMillion: block.number("output_per_million"),
		CachedInputPerMillion: block.number("cached_input_per_million"), CacheWritePerMillion: block.number("cache_write_per_million"),
		Currency: block.text("currency"),
	}
	if p.Currency == "" {
		p.Currency = "USD"
	}
	for _, key := range []string{"cached_input_per_million", "cache_write_per_million"} {
		if block.has(key) && !block.has("input_per_million") {
			block.fail([]string{key}, "needs input_per_million")
		}
	}
	return p
}

func (o object) drift() Drift {
	d := Drift{
		MinSamples: o.integer("min_samples"), MaxWindow: o.duration("max_window"), For: o.integer("for"),
		Reference: o.texts("reference"), Thresholds: o.numbers("thresholds"),
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

// features reads the block of features and checks names against the baselines of the model and its versions.
func (o object) features(m *Model) {
	columns := map[string]profile.Type{}
	known := m.Baseline != nil
	collect := func(p *profile.Profile) {
		for _, c := range p.Features {
			if _, ok := columns[c.Name]; !ok {
				columns[c.Name] = c.Type
			}
		}
	}
	if known {
		collect(m.Baseline)
	}
	for _, v := range m.Versions {
		if v.Baseline != nil && v.Baseline != m.Baseline {
			known = true
			collect(v.Baseline)
		}
	}
	names := slices.Sorted(maps.Keys(columns))
	check := func(name string, keys ...string) {
		if _, ok := columns[name]; known && !ok {
			o.fail(keys, "the baseline has no feature %q%s", yamldoc.Clip(name), yamldoc.Suggest(name, names))
		}
	}
	for i, name := range m.SegmentFeatures {
		check(name, "segment_features", strconv.Itoa(i))
	}
	block := o.block("features")
	if len(block.m) == 0 {
		return
	}
	m.Features = make(map[string]Feature, len(block.m))
	for name := range block.m {
		check(name, "features", name)
		m.Features[name] = block.block(name).feature(columns[name])
	}
}

func (o object) feature(inBaseline profile.Type) Feature {
	f := Feature{
		Type:       profile.Type(o.text("type")),
		MaxMissing: o.number("max_missing"), MaxUnseen: o.number("max_unseen"),
		Thresholds: o.numbers("thresholds"), Ignore: o.flag("ignore"),
	}
	if importance := o.number("importance"); importance != nil {
		f.Importance = *importance
	}
	f.Min, f.Max = o.bounds()
	list, _ := o.m["values"].([]any)
	for _, v := range list {
		switch v := v.(type) {
		case string:
			f.Values = append(f.Values, value.Category(v))
		case int64:
			f.Values = append(f.Values, strconv.FormatInt(v, 10))
		case float64:
			f.Values = append(f.Values, value.FormatFloat(v))
		case bool:
			f.Values = append(f.Values, strconv.FormatBool(v))
		}
	}
	t := f.Type
	if t == "" {
		t = inBaseline
	}
	f.Methods = o.methods("methods", t)
	switch t {
	case profile.Categorical:
		for _, key := range []string{"min", "max"} {
			if o.has(key) {
				o.fail([]string{key}, "is for numeric features, this one is categorical")
			}
		}
	case profile.Numeric:
		for _, key := range []string{"values", "max_unseen"} {
			if o.has(key) {
				o.fail([]string{key}, "is for categorical features, this one is numeric")
			}
		}
	}
	return f
}

func (o object) alerts() Alerts {
	return Alerts{Severity: o.text("severity"), Runbook: o.text("runbook")}
}

func (o object) slo() SLO {
	s := SLO{
		Name: o.text("name"), LatencyBelow: o.duration("latency_below"), Measure: o.text("measure"),
		ComparedWith: o.duration("compared_with"), For: o.duration("for"),
	}
	if objective := o.number("objective"); objective != nil {
		s.Objective = *objective
	}
	if o.has("max_increase") {
		increase := o.block("max_increase")
		s.MaxIncrease = &Increase{Absolute: increase.number("absolute"), Relative: increase.number("relative")}
	}
	if o.m == nil {
		return s
	}
	switch {
	case o.has("latency_below") == o.has("measure"):
		o.fail(nil, "needs either latency_below or measure")
	case o.has("latency_below") && !o.has("objective"):
		o.fail(nil, "latency_below needs objective")
	case o.has("measure") && !o.has("objective") && !o.has("max_increase"):
		o.fail(nil, "measure needs objective or max_increase")
	}
	if o.has("max_increase") && !o.has("compared_with") {
		o.fail([]string{"max_increase"}, "needs compared_with")
	}
	return s
}

// job reads the card of a job.
func (o object) job() *Job {
	produces := o.block("produces")
	j := &Job{
		Name: o.text("name"), Environment: o.text("environment"), Owner: o.text("owner"),
		Schedule: o.text("schedule"), Every: o.duration("every"), Timezone: time.UTC, FinishWithin: o.duration("finish_within"),
		Produces: Produces{Model: produces.text("model"), MaxAge: produces.duration("max_age")},
		Alerts:   o.block("alerts").alerts(), Attributes: o.attributes("attributes"),
		File: o.doc.File, Line: o.doc.Root.Line,
	}
	if name := o.text("timezone"); name != "" {
		zone, err := time.LoadLocation(name)
		if err != nil || name == "Local" {
			o.fail([]string{"timezone"}, "%q is no time zone, write it as Europe/Berlin or UTC", yamldoc.Clip(name))
		} else {
			j.Timezone = zone
		}
	}
	if j.Schedule != "" {
		if err := checkSchedule(j.Schedule); err != "" {
			o.fail([]string{"schedule"}, "%q %s", yamldoc.Clip(j.Schedule), err)
		}
	}
	if o.has("schedule") && o.has("every") {
		o.fail([]string{"every"}, "stands beside schedule, only one of the two can be")
	}
	if o.has("finish_within") && !o.has("schedule") && !o.has("every") {
		o.fail([]string{"finish_within"}, "needs schedule or every")
	}
	o.stages(j)
	return j
}

// checkSchedule says what is wrong with a cron expression, or "".
func checkSchedule(s string) string {
	if strings.Contains(s, "TZ=") { // the parser panics on some of these
		return "has a time zone, write it under timezone"
	}
	if strings.HasPrefix(s, "@every") {
		return "is an interval, write it under every"
	}
	if len(s) > 256 {
		return "is too long"
	}
	schedule, err := cron.ParseStandard(s)
	if err != nil {
		return "is no cron expression of five fields (minute, hour, day of month, month, day of week): " + err.Error()
	}
	if schedule.Next(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return "is a date that never comes"
	}
	return ""
}

func (o object) stages(j *Job) {
	blocks := o.blocks("stages")
	once(blocks, "name")
	index := make(map[string]int, len(blocks))
	names := make([]string, 0, len(blocks))
	for i, b := range blocks {
		name := b.text("name")
		if _, ok := index[name]; !ok && name != "" {
			index[name] = i
			names = append(names, name)
		}
	}
	for _, b := range blocks {
		s := Stage{
			Name: b.text("name"), After: b.texts("after"), Optional: b.flag("optional"),
			Timeout: b.duration("timeout"), Heartbeat: b.duration("heartbeat"),
			Instances: b.integer("instances"), MaxFailed: b.integer("max_failed"),
			MaxRowDrop: b.number("max_row_drop"), MaxNullIncrease: b.number("max_null_increase"),
		}
		if s.Instances > 0 && s.MaxFailed > s.Instances {
			b.fail([]string{"max_failed"}, "%d is above instances, %d", s.MaxFailed, s.Instances)
		}
		for i, after := range s.After {
			if _, ok := index[after]; !ok {
				b.fail([]string{"after", strconv.Itoa(i)}, "there is no stage %q%s", yamldoc.Clip(after), yamldoc.Suggest(after, names))
			}
		}
		metrics := b.block("metrics")
		if len(metrics.m) > 0 {
			s.Metrics = make(map[string]StageMetric, len(metrics.m))
		}
		for name := range metrics.m {
			block := metrics.block(name)
			low, high := block.bounds()
			s.Metrics[name] = StageMetric{Min: low, Max: high, MaxDrop: block.number("max_drop")}
		}
		j.Stages = append(j.Stages, s)
	}
	if cycle := findCycle(j.Stages, index); cycle != nil {
		blocks[index[cycle[0]]].fail([]string{"after"}, "goes round in a circle: %s", yamldoc.Clip(strings.Join(cycle, " after ")))
	}
}

// findCycle returns the names along the first cycle, its first stage again at the end; nil if there is none.
func findCycle(stages []Stage, index map[string]int) []string {
	const (
		unseen = iota
		open
		done
	)
	state := make([]int, len(stages))
	var path []string
	var visit func(i int) []string
	visit = func(i int) []string {
		state[i] = open
		path = append(path, stages[i].Name)
		for _, after := range stages[i].After {
			next, ok := index[after]
			if !ok || state[next] == done {
				continue
			}
			if state[next] == open {
				return append(slices.Clone(path[slices.Index(path, after):]), after)
			}
			if cycle := visit(next); cycle != nil {
				return cycle
			}
		}
		state[i] = done
		path = path[:len(path)-1]
		return nil
	}
	for i := range stages {
		if state[i] == unseen {
			if cycle := visit(i); cycle != nil {
				return cycle
			}
		}
	}
	return nil
}

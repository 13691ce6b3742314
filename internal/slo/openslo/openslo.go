// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package openslo reads objectives in the format of OpenSLO v1 (https://openslo.com): SLO with what
// it refers to in the same set of files (SLI, AlertPolicy, AlertCondition, DataSource). Metrics must
// come from Prometheus, since rules for it are made of them.
package openslo

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/slo/block"
	"github.com/otelcol-ml/otelcol-ml/internal/slo/objective"
	"github.com/otelcol-ml/otelcol-ml/internal/slo/sloth"
)

// APIVersion is what documents say they are.
const APIVersion = "openslo/v1"

// kinds are the kinds of documents.
var kinds = []string{"SLO", "SLI", "AlertPolicy", "AlertCondition", "AlertNotificationTarget", "DataSource", "Service"}

// Reader collects documents, and reads the objectives among them.
type Reader struct {
	byKind map[string]map[string]block.Block
	slos   []block.Block
}

// Objectives are those of one document.
type Objectives struct {
	Block block.Block
	SLOs  []objective.SLO
}

// NewReader returns a reader without documents.
func NewReader() *Reader { return &Reader{byKind: map[string]map[string]block.Block{}} }

// Add adds a document.
func (r *Reader) Add(b block.Block) {
	kind := b.OneOf("kind", kinds...)
	b.Only("apiVersion", "kind", "metadata", "spec")
	b.Need("metadata", "spec")
	name := named(b)
	if kind == "" || name == "" {
		return
	}
	if r.byKind[kind] == nil {
		r.byKind[kind] = map[string]block.Block{}
	}
	if first, ok := r.byKind[kind][name]; ok {
		b.Child("metadata").Fail("name", "there is a %s %q already, %s:%d", kind, name, first.File(), first.Line())
		return
	}
	r.byKind[kind][name] = b
	switch spec := b.Child("spec"); kind {
	case "AlertNotificationTarget":
		spec.Only("target", "description")
	case "Service":
		spec.Only("description")
	case "DataSource":
		spec.Only("description", "type", "connectionDetails")
	}
	if kind == "SLO" {
		r.slos = append(r.slos, b)
	}
}

// named reads the metadata of an object.
func named(b block.Block) string {
	metadata := b.Child("metadata")
	metadata.Only("name", "displayName", "labels", "annotations")
	metadata.Need("name")
	return metadata.Text("name")
}

// Read reads the objectives of all documents.
func (r *Reader) Read(windows sloth.Windows) []Objectives {
	for _, b := range r.byKind["SLI"] { // also those that nothing refers to
		r.sli(b)
	}
	for _, b := range r.byKind["AlertPolicy"] {
		r.policy(b, &objective.SLO{})
	}
	for _, b := range r.byKind["AlertCondition"] {
		r.condition(b)
	}
	var all []Objectives
	for _, b := range r.slos {
		all = append(all, Objectives{Block: b, SLOs: r.slo(b, windows)})
	}
	return all
}

// refer returns the spec of the object that a key names.
func (r *Reader) refer(b block.Block, key, kind string) (block.Block, bool) {
	name := b.Text(key)
	target, ok := r.byKind[kind][name]
	if !ok && b.Has(key) {
		b.Fail(key, "there is no %s %q in these files", kind, name)
	}
	return target, ok
}

func (r *Reader) slo(b block.Block, windows sloth.Windows) []objective.SLO {
	metadata, spec := b.Child("metadata"), b.Child("spec")
	spec.Only("description", "service", "indicator", "indicatorRef", "timeWindow", "budgetingMethod", "objectives", "alertPolicies")
	spec.Need("service", "budgetingMethod", "objectives")
	common := objective.SLO{
		Service: spec.Text("service"), Name: metadata.Text("name"), Description: spec.Text("description"), File: b.File(), NoData: objective.Hold,
	}
	var labels []string
	common.Labels, labels = promLabels(metadata.Child("labels"))
	common.Notes = append(common.Notes, labels...)
	period := r.period(spec, &common)
	method := spec.OneOf("budgetingMethod", "Occurrences", "Timeslices", "RatioTimeslices")
	indicator, threshold := r.indicator(spec)
	conditions := r.policies(spec, &common)
	objectives := spec.List("objectives")
	if len(objectives) == 0 && spec.Has("objectives") {
		spec.Fail("objectives", "must have at least 1 item")
	}
	if threshold && len(objectives) > 1 {
		spec.Fail("objectives", "has %d items, a thresholdMetric may have only 1", len(objectives))
	}
	var slos []objective.SLO
	for i, o := range objectives {
		s := common
		s.Line = o.Line()
		if len(objectives) > 1 {
			s.Name += "-" + strconv.Itoa(i)
		}
		s.ID = s.Service + "-" + s.Name
		budget := objective.Budget{Period: period, Indicator: indicator, Conditions: conditions, Pairs: windows[period]}
		budget.Objective = target(o)
		budget.Slice = slice(o, method)
		if threshold {
			budget.Indicator.Op, budget.Indicator.Threshold = operator(o)
		}
		s.Budget = &budget
		slos = append(slos, s)
	}
	return slos
}

// period reads the time window.
func (r *Reader) period(spec block.Block, s *objective.SLO) time.Duration {
	windows := spec.List("timeWindow")
	if len(windows) == 0 {
		s.Notes = append(s.Notes, "there is no timeWindow: the period is 30d")
		return objective.DefaultPeriod
	}
	if len(windows) > 1 {
		spec.Fail("timeWindow", "has %d items, it must have 1", len(windows))
	}
	w := windows[0]
	w.Only("duration", "isRolling", "calendar")
	w.Need("duration")
	if w.Has("calendar") || w.Has("isRolling") && !w.Flag("isRolling") {
		w.Fail("", "a window that is aligned with the calendar cannot be carried out: ranges of Prometheus are rolling; write isRolling: true")
	}
	text := w.Text("duration")
	if strings.ContainsAny(text, "MQY") {
		s.Notes = append(s.Notes, fmt.Sprintf("timeWindow %s: a month is 30 days, a quarter 90, a year 365", text))
	}
	return duration(w, "duration")
}

var shorthand = regexp.MustCompile(`^([1-9][0-9]*)([mhdwMQY])$`)

var postfixes = map[string]time.Duration{
	"m": time.Minute, "h": time.Hour, "d": objective.Day, "w": 7 * objective.Day,
	"M": 30 * objective.Day, "Q": 90 * objective.Day, "Y": 365 * objective.Day,
}

// longest is the longest duration that is read.
const longest = 5 * 365 * objective.Day

// duration reads a duration-shorthand.
func duration(b block.Block, key string) time.Duration {
	text := b.Text(key)
	m := shorthand.FindStringSubmatch(text)
	if m == nil {
		if b.Has(key) {
			b.Fail(key, "%q is no duration, write it as 5m, 12h, 4w or 1M", text)
		}
		return 0
	}
	n, err := strconv.Atoi(m[1])
	if err != nil || n > int(longest/time.Minute) || time.Duration(n) > longest/postfixes[m[2]] {
		b.Fail(key, "%q is more than five years", text)
		return 0
	}
	return time.Duration(n) * postfixes[m[2]]
}

// target reads the share that is promised.
func target(o block.Block) float64 {
	o.Only("displayName", "op", "value", "target", "targetPercent", "timeSliceTarget", "timeSliceWindow")
	share, percent := o.Number("target"), o.Number("targetPercent")
	switch {
	case (share == nil) == (percent == nil):
		o.Fail("", "needs either target or targetPercent")
		return 0
	case share != nil:
		return *share
	}
	return *percent / 100
}

// slice reads which pieces of time count.
func slice(o block.Block, method string) objective.Slice {
	if method == "Occurrences" || method == "" {
		for _, key := range []string{"timeSliceTarget", "timeSliceWindow"} {
			if o.Has(key) && method != "" {
				o.Fail(key, "is for budgetingMethod Timeslices")
			}
		}
		return objective.Slice{}
	}
	s := objective.Slice{}
	o.Need("timeSliceWindow")
	if minutes, ok := o.Int("timeSliceWindow"); ok {
		s.Length = time.Duration(minutes) * time.Minute
	} else {
		s.Length = duration(o, "timeSliceWindow")
	}
	if s.Length > objective.Day {
		o.Fail("timeSliceWindow", "must be at most 1d")
	}
	if method == "RatioTimeslices" {
		if o.Has("timeSliceTarget") {
			o.Fail("timeSliceTarget", "is for budgetingMethod Timeslices")
		}
		return s
	}
	o.Need("timeSliceTarget")
	if share := o.Number("timeSliceTarget"); share != nil {
		if s.Target = *share; s.Target <= 0 || s.Target > 1 {
			o.Fail("timeSliceTarget", "%v must be above 0 and at most 1", s.Target)
		}
	}
	return s
}

// operator reads which values of a thresholdMetric are good.
func operator(o block.Block) (op string, threshold float64) {
	o.Need("op", "value")
	op = map[string]string{"lte": "<=", "gte": ">=", "lt": "<", "gt": ">"}[o.OneOf("op", "lte", "gte", "lt", "gt")]
	if v := o.Number("value"); v != nil {
		threshold = *v
	}
	return op, threshold
}

var labelName = regexp.MustCompile("[^a-zA-Z0-9_]")

// promLabels makes labels of Prometheus of an object's: what cannot be in a name becomes _, lists are
// joined.
func promLabels(b block.Block) (labels map[string]string, notes []string) {
	labels = map[string]string{}
	lists := b.TextLists()
	for _, name := range slices.Sorted(maps.Keys(lists)) {
		safe := labelName.ReplaceAllString(name, "_")
		if safe[0] >= '0' && safe[0] <= '9' {
			safe = "_" + safe
		}
		if safe != name {
			notes = append(notes, fmt.Sprintf("the label %s is %s on series", name, safe))
		}
		labels[safe] = strings.Join(lists[name], ",")
	}
	return labels, notes
}

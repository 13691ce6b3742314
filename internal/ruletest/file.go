// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package ruletest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-ml/otelcol-ml/internal/boundedfile"
	"github.com/otelcol-ml/otelcol-ml/internal/ruleset"
)

// maxFileSize bounds a test file.
const maxFileSize = 16 << 20

// file is a test file as it is written.
type file struct {
	RuleFiles          []string       `yaml:"rule_files"`
	EvaluationInterval model.Duration `yaml:"evaluation_interval"`
	GroupEvalOrder     []string       `yaml:"group_eval_order"`
	FuzzyCompare       bool           `yaml:"fuzzy_compare"`
	Tests              []test         `yaml:"tests"`

	lines lines
}

type test struct {
	Name           string           `yaml:"name"`
	Interval       model.Duration   `yaml:"interval"`
	StartTimestamp timestamp        `yaml:"start_timestamp"`
	InputSeries    []inputSeries    `yaml:"input_series"`
	Alerts         []alertCase      `yaml:"alert_rule_test"`
	Expressions    []expressionCase `yaml:"promql_expr_test"`
	ExternalLabels labels.Labels    `yaml:"external_labels"`
	ExternalURL    string           `yaml:"external_url"`
}

type inputSeries struct {
	Series string `yaml:"series"`
	Values string `yaml:"values"`
}

type alertCase struct {
	EvalTime  model.Duration  `yaml:"eval_time"`
	AlertName string          `yaml:"alertname"`
	Expected  []expectedAlert `yaml:"exp_alerts"`

	line int
}

type expectedAlert struct {
	Labels      map[string]string `yaml:"exp_labels"`
	Annotations map[string]string `yaml:"exp_annotations"`
}

type expressionCase struct {
	Expr     string           `yaml:"expr"`
	EvalTime model.Duration   `yaml:"eval_time"`
	Expected []expectedSample `yaml:"exp_samples"`

	line int
}

type expectedSample struct {
	Labels    string  `yaml:"labels"`
	Value     float64 `yaml:"value"`
	Histogram string  `yaml:"histogram"`
}

// timestamp is a time in RFC 3339 or in seconds since 1970.
type timestamp struct{ time.Time }

// UnmarshalYAML reads either form.
func (t *timestamp) UnmarshalYAML(n *yaml.Node) error {
	if seconds, err := strconv.ParseFloat(n.Value, 64); err == nil {
		whole, part := math.Modf(seconds)
		t.Time = time.Unix(int64(whole), int64(part*float64(time.Second))).UTC()
		return nil
	}
	at, err := time.Parse(time.RFC3339Nano, n.Value)
	if err != nil {
		return fmt.Errorf("line %d: %q is neither a time as 2026-01-31T12:00:00Z nor seconds since 1970", n.Line, n.Value)
	}
	t.Time = at
	return nil
}

// readFile reads and checks a test file. Names of rule files are made relative to the working
// directory.
func readFile(name string) (*file, error) {
	content, err := boundedfile.Read(name, maxFileSize)
	if err != nil {
		return nil, err
	}
	f, err := parse(content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for i, pattern := range f.RuleFiles {
		if pattern != "" && !filepath.IsAbs(pattern) && !strings.HasPrefix(pattern, ruleset.Builtin) {
			f.RuleFiles[i] = filepath.Join(filepath.Dir(name), pattern)
		}
	}
	return f, nil
}

// goType is what the YAML package says of a key that is not known, and nobody needs to know.
var goType = regexp.MustCompile(` in type ruletest\.\w+`)

func parse(content []byte) (*file, error) {
	f := &file{}
	dec := yaml.NewDecoder(bytes.NewReader(content))
	dec.KnownFields(true)
	if err := dec.Decode(f); err != nil && !errors.Is(err, io.EOF) {
		return nil, errors.New(goType.ReplaceAllString(err.Error(), ""))
	}
	if err := yaml.Unmarshal(content, &f.lines.root); err != nil {
		return nil, err
	}
	if f.EvaluationInterval == 0 {
		f.EvaluationInterval = model.Duration(time.Minute)
	}
	for i := range f.Tests {
		if err := f.prepare(i); err != nil {
			return nil, err
		}
	}
	return f, f.checkOrder()
}

// prepare fills in what a test leaves out, and where its cases stand.
func (f *file) prepare(i int) error {
	t := &f.Tests[i]
	if t.Name == "" {
		t.Name = "unnamed#" + strconv.Itoa(i)
	}
	if t.Interval == 0 {
		t.Interval = f.EvaluationInterval
	}
	for j := range t.Alerts {
		c := &t.Alerts[j]
		c.line = f.lines.of("tests", i, "alert_rule_test", j)
		if c.AlertName == "" {
			return fmt.Errorf("line %d: test %q: 'alertname' is missing at eval_time %s", c.line, t.Name, c.EvalTime)
		}
	}
	for j := range t.Expressions {
		t.Expressions[j].line = f.lines.of("tests", i, "promql_expr_test", j)
	}
	return nil
}

func (f *file) checkOrder() error {
	places := make(map[string]int, len(f.GroupEvalOrder))
	for i, group := range f.GroupEvalOrder {
		if first, ok := places[group]; ok {
			return fmt.Errorf("line %d: 'group_eval_order': %q is there twice, first on line %d",
				f.lines.of("group_eval_order", i), group, f.lines.of("group_eval_order", first))
		}
		places[group] = i
	}
	return nil
}

// length is the time of the last case of a test.
func (t *test) length() time.Duration {
	var last model.Duration
	for _, c := range t.Alerts {
		last = max(last, c.EvalTime)
	}
	for _, c := range t.Expressions {
		last = max(last, c.EvalTime)
	}
	return time.Duration(last)
}

// start is the time of a test's first sample and evaluation.
func (t *test) start() time.Time {
	if t.StartTimestamp.IsZero() {
		return time.Unix(0, 0).UTC()
	}
	return t.StartTimestamp.Time
}

// lines says where the parts of a YAML document stand.
type lines struct{ root yaml.Node }

// of returns the line of a path of keys and indices, or of the nearest part above it.
func (l lines) of(path ...any) int {
	n := &l.root
	for _, step := range append([]any{0}, path...) {
		for n.Kind == yaml.AliasNode {
			n = n.Alias
		}
		next := child(n, step)
		if next == nil {
			return n.Line
		}
		n = next
	}
	return n.Line
}

func child(n *yaml.Node, step any) *yaml.Node {
	switch step := step.(type) {
	case int:
		if step < len(n.Content) {
			return n.Content[step]
		}
	case string:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == step {
				return n.Content[i+1]
			}
		}
	}
	return nil
}

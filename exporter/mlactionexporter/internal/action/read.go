// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package action

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/otelcol-ml/otelcol-ml/docs/schema"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/language"
	"github.com/otelcol-ml/otelcol-ml/internal/eventtime"
	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc"
	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc/shape"
)

// documents bound the files of actions.
var documents = yamldoc.Options{MaxValues: 5000, MaxDepth: 32}

// What a step has where it does not say so.
const (
	defaultMaxBytes     = 10 << 20
	defaultPollInterval = 2 * time.Second
	defaultPollTimeout  = time.Minute
)

// actionShape is what the schema refuses.
var actionShape = sync.OnceValue(func() *shape.Schema {
	return shape.Compile(schema.Action, shape.Words{
		Wanted: map[string]string{
			"duration": "a duration, such as 500ms, 10s or 5m",
			"name":     "a name of small letters, digits and _ that begins with a letter, 40 at most",
			"request":  "a method (GET, HEAD, POST, PUT, PATCH, DELETE) and a path, such as GET /api/v1/items",
			"url":      "a URL of http or https without user, query and fragment, such as https://example.com/base",
		},
		UnquotedNumbers: []string{"duration"},
		Key:             "have small letters, digits and _, begin with a letter, and have 40 characters at most",
	})
})

// Read reads the one action of a file. The error joins every violation (yamldoc.Violations). The
// file's name without folders and extension is the action's.
func Read(file string, data []byte) (*Definition, error) {
	name := file[strings.LastIndexByte(file, '/')+1:]
	name, _, _ = strings.Cut(name, ".")
	return read(name, file, data, documents)
}

// FromMap reads the action that the collector's config gives under a key, such as
// actions.rollback.definition, which violations name.
func FromMap(key, name string, m map[string]any) (*Definition, error) {
	data, err := yaml.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("'%s': %w", key, err)
	}
	options := documents
	options.Key = key
	return read(name, "", data, options)
}

func read(name, file string, data []byte, options yamldoc.Options) (*Definition, error) {
	report := &yamldoc.Report{}
	docs, whole := yamldoc.Parse(file, data, options, report)
	if len(docs) == 0 && whole {
		report.Add(&yamldoc.ViolationError{File: file, Key: options.Key, Message: "is empty"})
	}
	if len(docs) == 0 {
		return nil, report.Err()
	}
	if len(docs) > 1 {
		docs[1].Fail(docs[1].Root, nil, "a file has one action; this is the second document of it")
	}
	doc := docs[0]
	actionShape().Check(doc)

	// What has the wrong type was reported, and reads as absent, so that the rest is still checked.
	encoded, err := json.Marshal(doc.Value)
	if err != nil {
		doc.Fail(doc.Root, nil, "cannot be read: %v", err)
		return nil, report.Err()
	}
	var y yamlAction
	d := json.NewDecoder(bytes.NewReader(encoded))
	d.UseNumber()
	if err := d.Decode(&y); err != nil && !doc.Bad() {
		doc.Fail(doc.Root, nil, "cannot be read: %v", err)
	}
	r := &reader{doc: doc, used: map[string]bool{}}
	definition := r.definition(name, &y)
	if err := report.Err(); err != nil {
		return nil, err
	}
	return definition, nil
}

// yamlAction and yamlStep have the keys of the schema.
type yamlAction struct {
	Description string                   `json:"description"`
	Kind        Kind                     `json:"kind"`
	Endpoint    string                   `json:"endpoint"`
	Parameters  map[string]yamlParameter `json:"parameters"`
	Secrets     map[string]yamlSecret    `json:"secrets"`
	Do          []yamlStep               `json:"do"`
	Update      []yamlStep               `json:"update"`
	Resolve     []yamlStep               `json:"resolve"`
}

type yamlParameter struct {
	Description string  `json:"description"`
	Default     *string `json:"default"`
}

type yamlSecret struct {
	Description string `json:"description"`
	Optional    bool   `json:"optional"`
}

type yamlStep struct {
	Name       string            `json:"name"`
	When       string            `json:"when"`
	Require    []yamlCheck       `json:"require"`
	Request    string            `json:"request"`
	Query      map[string]string `json:"query"`
	Headers    map[string]string `json:"headers"`
	JSON       any               `json:"json"`
	Text       string            `json:"text"`
	Merge      any               `json:"merge"`
	Patch      any               `json:"patch"`
	Attachment string            `json:"attachment"`
	Field      string            `json:"field"`
	Sign       string            `json:"sign"`
	Statuses   []int             `json:"statuses"`
	Already    []int             `json:"already"`
	Expect     []yamlCheck       `json:"expect"`
	Extract    map[string]string `json:"extract"`
	Hide       []string          `json:"hide"`
	Repeat     Repeat            `json:"repeat"`
	Reads      bool              `json:"reads"`
	Poll       *yamlPoll         `json:"poll"`
	Optional   bool              `json:"optional"`
	Undo       []yamlStep        `json:"undo"`
	DryRun     map[string]string `json:"dry_run"`
	Timeout    string            `json:"timeout"`
	MaxBytes   int               `json:"max_bytes"`
}

type yamlCheck struct {
	That      string `json:"that"`
	Otherwise string `json:"otherwise"`
}

type yamlPoll struct {
	Until    string `json:"until"`
	Fail     string `json:"fail"`
	Interval string `json:"interval"`
	Timeout  string `json:"timeout"`
}

// definition is what the document says, if it has no violation.
func (r *reader) definition(name string, y *yamlAction) *Definition {
	d := &Definition{
		Name: name, Description: y.Description, Kind: y.Kind, Endpoint: y.Endpoint,
		Parameters: make(map[string]Parameter, len(y.Parameters)),
		Secrets:    make(map[string]Secret, len(y.Secrets)),
	}
	for key, p := range y.Parameters {
		d.Parameters[key] = Parameter(p)
	}
	for key, s := range y.Secrets {
		d.Secrets[key] = Secret(s)
	}
	r.action = d
	for key, p := range y.Parameters {
		if p.Default != nil {
			r.template(scope{}, path{"parameters", key, "default"}, *p.Default)
		}
	}
	d.Do = r.steps(scope{steps: map[string]*yamlStep{}, given: true}, path{"do"}, y.Do)
	r.opened = map[string]*yamlStep{}
	for i := range y.Do {
		r.opened[y.Do[i].Name] = &y.Do[i]
	}
	told := func() scope { return scope{steps: map[string]*yamlStep{}, given: true, opened: true} }
	d.Update = r.steps(told(), path{"update"}, y.Update)
	d.Resolve = r.steps(told(), path{"resolve"}, y.Resolve)
	r.whole(y)
	return d
}

func (r *reader) duration(at path, text string, otherwise time.Duration) time.Duration {
	if text == "" {
		return otherwise
	}
	d, err := eventtime.ParseDuration(text)
	if err != nil && !r.doc.Bad() {
		r.fail(at, "%q %v", yamldoc.Clip(text), err)
	}
	return d
}

// plain is a JSON value of the document as it is kept.
func (r *reader) plain(at path, v any) any {
	out, err := language.Plain(v)
	if err != nil {
		r.fail(at, "%v", err)
	}
	return out
}

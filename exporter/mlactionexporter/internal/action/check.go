// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package action

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/language"
	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc"
)

// reader checks what the schema cannot say, and makes steps of the document.
type reader struct {
	doc    *yamldoc.Document
	action *Definition
	// opened are the steps of "do", which update and resolve read.
	opened map[string]*yamlStep
	// used are the names that were read: with.NAME, secrets.NAME, target.to.
	used map[string]bool
	// readsDryRun is set once dry_run was read, files counts the files of a body.
	readsDryRun bool
	files       int
}

type path []string

func (p path) at(keys ...string) path { return append(slices.Clone(p), keys...) }

func (r *reader) fail(at path, format string, args ...any) {
	_, node := r.doc.At(at)
	r.doc.Fail(node, at, format, args...)
}

// scope is what a text may read beside the alert's data.
type scope struct {
	// steps are those that come before.
	steps map[string]*yamlStep
	// given is whether there are with and secrets, opened whether there are opened and news, answer
	// whether there is the answer to a request.
	given, opened, answer bool
}

func (s scope) withAnswer() scope { s.answer = true; return s }

// data are the names that there are, with those below them where they are known.
var data = map[string][]string{
	"alert":       {"name", "severity", "state", "summary", "starts_at", "ends_at", "breach_at", "labels", "annotations", "fingerprint", "trace_id", "span_id", "trace_url"},
	"model":       {"name", "environment", "version", "owner", "runbook", "description", "attributes"},
	"target":      {"from", "to", "why"},
	"evidence":    {"waterfall", "trace_ids", "links", "note"},
	"key":         nil,
	"fingerprint": nil,
	"traceparent": nil,
	"actions":     nil,
	"now":         nil,
	"dry_run":     nil,
}

// names checks that what a text reads is there.
func (r *reader) names(s scope, at path, names [][]string) {
	for _, name := range names {
		r.name(s, at, name)
	}
}

func (r *reader) name(s scope, at path, name []string) {
	second := ""
	if len(name) > 1 {
		second = name[1]
	}
	switch root := name[0]; {
	case root == "with" && s.given:
		if second == "" {
			return
		}
		r.used["with."+second] = true
		if _, ok := r.action.Parameters[second]; !ok {
			r.fail(at, "with.%s is not among the parameters%s", second, yamldoc.Suggest(second, slices.Sorted(maps.Keys(r.action.Parameters))))
		}
	case root == "secrets" && s.given:
		if second == "" {
			return
		}
		r.used["secrets."+second] = true
		if _, ok := r.action.Secrets[second]; !ok {
			r.fail(at, "secrets.%s is not among the secrets%s", second, yamldoc.Suggest(second, slices.Sorted(maps.Keys(r.action.Secrets))))
		}
	case root == "steps" && s.steps != nil:
		r.step(at, s.steps, name, "a step that comes before this one")
	case root == "opened" && s.opened:
		r.step(at, r.opened, name, "a step of do")
	case (root == "news" || root == "news_id") && s.opened, s.answer && (root == "body" || root == "status" || root == "headers"):
	default:
		below, known := data[root]
		if !known {
			all := s.all()
			r.fail(at, "there is no %q here%s (there are %s)", root, yamldoc.Suggest(root, all), strings.Join(all, ", "))
			return
		}
		if root == "target" && second == "to" {
			r.used["target.to"] = true
		}
		if root == "dry_run" {
			r.readsDryRun = true
		}
		if second != "" && below != nil && !slices.Contains(below, second) {
			r.fail(at, "%s has no %q%s (it has %s)", root, second, yamldoc.Suggest(second, below), strings.Join(below, ", "))
		}
	}
}

// all are the names that a scope has.
func (s scope) all() []string {
	all := slices.Collect(maps.Keys(data))
	if s.given {
		all = append(all, "with", "secrets")
	}
	if s.steps != nil {
		all = append(all, "steps")
	}
	if s.opened {
		all = append(all, "opened", "news", "news_id")
	}
	if s.answer {
		all = append(all, "body", "status", "headers")
	}
	slices.Sort(all)
	return all
}

// step checks steps.NAME.FIELD.
func (r *reader) step(at path, steps map[string]*yamlStep, name []string, which string) {
	if len(name) < 2 {
		return
	}
	step, ok := steps[name[1]]
	if !ok {
		r.fail(at, "%s.%s: there is no such step; it must be %s%s", name[0], name[1], which, yamldoc.Suggest(name[1], slices.Sorted(maps.Keys(steps))))
		return
	}
	if len(name) < 3 || name[2] == "ran" {
		return
	}
	if _, ok := step.Extract[name[2]]; !ok {
		fields := append(slices.Sorted(maps.Keys(step.Extract)), "ran")
		r.fail(at, "%s: the step %s extracts no %q%s (it has %s)", strings.Join(name, "."), name[1], name[2], yamldoc.Suggest(name[2], fields), strings.Join(fields, ", "))
	}
}

func (r *reader) template(s scope, at path, text string) {
	t, err := language.ParseTemplate(text)
	if err != nil {
		r.fail(at, "is no template: %v", err)
		return
	}
	r.names(s, at, t.Names())
}

func (r *reader) templates(s scope, at path, texts map[string]string) {
	for key, text := range texts {
		r.template(s, at.at(key), text)
	}
}

// expression returns the names that it reads.
func (r *reader) expression(s scope, at path, text string) [][]string {
	if text == "" {
		return nil
	}
	e, err := language.Compile(text)
	if err != nil {
		r.fail(at, "is no expression: %v", err)
		return nil
	}
	r.names(s, at, e.Names())
	return e.Names()
}

func (r *reader) checks(s, otherwise scope, at path, checks []yamlCheck) []Check {
	var out []Check
	for i, c := range checks {
		at := at.at(strconv.Itoa(i))
		r.expression(s, at.at("that"), c.That)
		r.template(otherwise, at.at("otherwise"), c.Otherwise)
		out = append(out, Check(c))
	}
	return out
}

// json checks the templates, expressions and files in a body.
func (r *reader) json(s scope, at path, v any) {
	switch v := v.(type) {
	case string:
		r.template(s, at, v)
	case []any:
		for i, item := range v {
			r.json(s, at.at(strconv.Itoa(i)), item)
		}
	case map[string]any:
		if e, ok := v[language.Expr]; ok {
			text, isText := e.(string)
			if len(v) > 1 || !isText || text == "" {
				r.fail(at, "%s stands alone in its block, and has an expression", language.Expr)
				return
			}
			r.expression(s, at.at(language.Expr), text)
			return
		}
		if name, ok := v[language.File]; ok {
			if len(v) > 1 || name != Traces && name != TracesJSON {
				r.fail(at, "%s stands alone in its block, and is %s or %s", language.File, Traces, TracesJSON)
			}
			if r.files++; r.files == 2 {
				r.fail(at, "%s: a body has one file, and this is the second", language.File)
			}
			return
		}
		for key, item := range v {
			if strings.Contains(key, "{{") {
				r.fail(at.at(key), "a key is no template")
			}
			r.json(s, at.at(key), item)
		}
	}
}

func (r *reader) steps(s scope, at path, steps []yamlStep) []Step {
	var out []Step
	for i := range steps {
		y, at := &steps[i], at.at(strconv.Itoa(i))
		if _, ok := s.steps[y.Name]; ok && y.Name != "" {
			r.fail(at.at("name"), "%q is the name of a step before; names are unique", y.Name)
		}
		out = append(out, r.one(s, at, y))
		s.steps[y.Name] = y
	}
	return out
}

// one makes a step.
func (r *reader) one(s scope, at path, y *yamlStep) Step {
	step := Step{
		Name: y.Name, When: y.When, Query: y.Query, Headers: y.Headers, Sign: y.Sign,
		Statuses: y.Statuses, Already: y.Already, Extract: y.Extract, Hide: y.Hide, Repeat: y.Repeat,
		Reads: y.Reads, Optional: y.Optional, DryRun: y.DryRun, MaxBytes: y.MaxBytes,
		Timeout: r.duration(at.at("timeout"), y.Timeout, 0),
	}
	if step.MaxBytes == 0 {
		step.MaxBytes = defaultMaxBytes
	}
	when := r.expression(s, at.at("when"), y.When)
	step.Require = r.checks(s, s, at.at("require"), y.Require)
	step.Method, step.Path, _ = strings.Cut(y.Request, " ")
	r.readsDryRun = false
	if step.Path != "" {
		if p, err := language.ParsePath(step.Path); err != nil {
			r.fail(at.at("request"), "%v", err)
		} else {
			r.names(s, at.at("request"), p.Names())
		}
	}
	r.templates(s, at.at("query"), y.Query)
	r.templates(s, at.at("headers"), y.Headers)
	step.Body = r.body(s, at, y)
	if y.DryRun != nil && len(y.DryRun) == 0 && !r.readsDryRun {
		r.fail(at.at("dry_run"), "is empty: then the request must read dry_run, in its path, query, headers or body; it would be carried out in a dry run")
	}
	r.templates(s, at.at("dry_run"), y.DryRun)
	r.headers(at.at("headers"), y)
	if y.Sign != "" {
		r.name(s, at.at("sign"), []string{"secrets", y.Sign})
	}
	step.Expect = r.checks(s.withAnswer(), s.withAnswer(), at.at("expect"), y.Expect)
	for field, text := range y.Extract {
		if field == "ran" {
			r.fail(at.at("extract", field), "is what says whether the step was carried out; take another name")
		}
		r.expression(s.withAnswer(), at.at("extract", field), text)
	}
	for i, field := range y.Hide {
		if _, ok := y.Extract[field]; !ok {
			r.fail(at.at("hide", strconv.Itoa(i)), "%q is not extracted", field)
		}
	}
	step.Poll = r.poll(s.withAnswer(), at.at("poll"), y.Poll)
	step.Undo = r.undo(s, at, y)
	if step.Method != "" {
		r.changes(at, y, &step, when)
	}
	return step
}

// changes checks what depends on whether a step changes something.
func (r *reader) changes(at path, y *yamlStep, step *Step, when [][]string) {
	if step.ReadsOnly() {
		for key, there := range map[string]bool{"repeat": y.Repeat != "", "already": y.Already != nil, "undo": y.Undo != nil, "dry_run": y.DryRun != nil} {
			if there {
				r.fail(at.at(key), "is for a request that changes something; this one reads only")
			}
		}
		step.Repeat = Always
		return
	}
	if step.Repeat == "" && (step.Method == http.MethodPut || step.Method == http.MethodDelete) {
		step.Repeat = Always
	}
	if step.Repeat == "" {
		r.fail(at.at("repeat"), "is missing: say always, lookup or never, as it may not be known whether a %s had its effect (or reads: true, if it changes nothing)", step.Method)
	}
	if step.Repeat == Lookup && !slices.ContainsFunc(when, func(name []string) bool { return name[0] == "steps" }) {
		r.fail(at.at("repeat"), "lookup needs a \"when\" that reads what a step before has found (steps.NAME.FIELD)")
	}
	if y.Poll != nil {
		r.fail(at.at("poll"), "repeats a request that changes something; poll in a step of its own, or say reads: true")
	}
	if len(y.Hide) > 0 && step.Repeat != Always && step.Repeat != "" {
		r.fail(at.at("hide"), "needs reads: true or repeat: always: what is hidden is not kept, so that the request is sent again after a restart")
	}
}

func (r *reader) undo(s scope, at path, y *yamlStep) []Step {
	if len(y.Undo) == 0 {
		return nil
	}
	inner := s
	inner.steps = maps.Clone(s.steps)
	inner.steps[y.Name] = y
	for i := range y.Undo {
		if y.Undo[i].Undo != nil {
			r.fail(at.at("undo", strconv.Itoa(i), "undo"), "the undoing of a step cannot be undone")
		}
	}
	return r.steps(inner, at.at("undo"), y.Undo)
}

func (r *reader) poll(s scope, at path, y *yamlPoll) *Poll {
	if y == nil {
		return nil
	}
	r.expression(s, at.at("until"), y.Until)
	r.expression(s, at.at("fail"), y.Fail)
	p := &Poll{
		Until: y.Until, Fail: y.Fail,
		Interval: r.duration(at.at("interval"), y.Interval, defaultPollInterval),
		Timeout:  r.duration(at.at("timeout"), y.Timeout, defaultPollTimeout),
	}
	if p.Interval > p.Timeout {
		r.fail(at.at("interval"), "%s is longer than the timeout of %s", p.Interval, p.Timeout)
	}
	return p
}

// body takes the one body that a step has.
func (r *reader) body(s scope, at path, y *yamlStep) Body {
	b := Body{
		JSON: r.plain(at.at("json"), y.JSON), Text: y.Text, Merge: r.plain(at.at("merge"), y.Merge), Patch: r.plain(at.at("patch"), y.Patch),
		Attachment: y.Attachment, Field: y.Field,
	}
	var there []string
	for _, one := range []struct {
		key   string
		there bool
	}{{"json", b.JSON != nil}, {"text", b.Text != ""}, {"merge", b.Merge != nil}, {"patch", b.Patch != nil}, {"attachment", b.Attachment != ""}} {
		if one.there {
			there = append(there, one.key)
		}
	}
	method, _, _ := strings.Cut(y.Request, " ")
	switch {
	case len(there) > 1:
		r.fail(at.at(there[1]), "a request has one body, and there is %s already", there[0])
	case len(there) == 1 && (method == http.MethodGet || method == http.MethodHead):
		r.fail(at.at(there[0]), "a %s has no body", method)
	}
	if b.Field != "" && b.Attachment == "" {
		r.fail(at.at("field"), "is for an attachment, and there is none")
	}
	if m, ok := b.Patch.(map[string]any); ok && m[language.Expr] == nil {
		r.fail(at.at("patch"), "must be a list of operations")
	}
	r.files = 0
	r.json(s, at.at("json"), b.JSON)
	r.json(s, at.at("merge"), b.Merge)
	r.json(s, at.at("patch"), b.Patch)
	r.template(s, at.at("text"), b.Text)
	return b
}

// ownHeaders are those that the client or the signature writes.
var ownHeaders = []string{"Host", "Content-Length", "Transfer-Encoding", "Connection", "Te", "Trailer", "Upgrade", "Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"}

func (r *reader) headers(at path, y *yamlStep) {
	for name := range y.Headers {
		switch canonical := http.CanonicalHeaderKey(name); {
		case !httpguts.ValidHeaderFieldName(name):
			r.fail(at.at(name), "is no name of a header")
		case slices.Contains(ownHeaders, canonical):
			r.fail(at.at(name), "is not for a step to set")
		case canonical == "Content-Type" && y.Field != "":
			r.fail(at.at(name), "is multipart/form-data where there is a field")
		}
	}
}

// whole checks what concerns the action as a whole.
func (r *reader) whole(y *yamlAction) {
	if y.Kind == Rollback && len(y.Do) > 0 && !r.used["target.to"] {
		r.fail(path{"do"}, "no step reads target.to: a rollback goes to that version")
	}
	for key, steps := range map[string][]yamlStep{"update": y.Update, "resolve": y.Resolve} {
		if len(steps) > 0 && y.Kind.Changes() {
			r.fail(path{key}, "is for the kinds incident and notify")
		}
	}
	for name := range y.Parameters {
		if !r.used["with."+name] {
			r.fail(path{"parameters", name}, "no step reads with.%s", name)
		}
	}
	for name := range y.Secrets {
		if !r.used["secrets."+name] {
			r.fail(path{"secrets", name}, "no step reads secrets.%s", name)
		}
	}
}

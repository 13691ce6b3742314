// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package redact takes out of spans what must not leave the house: prompts and answers, data of people,
// secrets. Tickets are read by more people than traces are.
//
//	key ─► keep? ─► remove? ─► features ─► lists of content and of people ─► known names ─► words ─► the value's text is masked
//
// What is removed keeps its key, with "[REDACTED]" for a value, and is counted.
package redact

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/boundedname"
	"github.com/otelcol-ml/otelcol-ml/internal/contentkey"
	"github.com/otelcol-ml/otelcol-ml/internal/conventions"
	"github.com/otelcol-ml/otelcol-ml/internal/personal"
	"github.com/otelcol-ml/otelcol-ml/internal/wildcard"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// Mark stands for what was removed.
const Mark = "[REDACTED]"

// Options say what differs from the default.
type Options struct {
	// Keep are keys of attributes, with * for any text, whose values stay as they are. It goes before Remove.
	Keep []string
	// Remove are keys whose values are removed, too.
	Remove []string
	// Features keeps the values of features and embeddings.
	Features bool
}

// people are keys whose values are of people, whoever writes them: the names of OpenTelemetry's conventions
// among them, which are not judged by their words.
var people = []string{
	"user.*", "enduser.*", "*.user.id", "*.user_id", "*.userId", "*.user.email", "*.user.name", "client.address", "client.socket.address",
	"source.address", "network.peer.address", "net.peer.ip", "net.peer.name", "net.sock.peer.addr", "net.sock.peer.name", "http.client_ip",
	"geo.*", "device.id", "app.installation.id", "session.id", "session.previous_id", "browser.*.geo",
	"http.request.body", "http.request.body.content", "http.response.body", "http.response.body.content",
	"db.user", "*.telemetry.metadata.*", "*.association.properties.*",
}

// legible are names of the conventions that may quote content, and that nobody understands a fault without:
// they stay, and are masked.
var legible = []string{
	mlconv.AttrExceptionMessage, "exception.stacktrace", "code.stacktrace", "error.message", "otel.status_description",
	"feature_flag.error.message", "feature_flag.evaluation.error.message", "rpc.jsonrpc.error_message",
}

// addresses are URLs, of which credentials, query and fragment are removed.
var addresses = []string{"url.full", "url.original", "http.url", "http.target", "browser.document.url.full"}

// what becomes of a value.
type action uint8

const (
	// mask looks into maps and lists, and masks texts.
	mask action = iota
	// remove puts Mark in its place.
	remove
	// removeTexts does so with all but numbers and booleans.
	removeTexts
	// keep leaves it as it is.
	keep
	// address cuts a URL.
	address
)

// rule is a pattern with what it says.
type rule struct {
	pattern string
	action  action
}

// Redactor removes. It is safe for concurrent use.
type Redactor struct {
	// exact has rules without a wildcard, rules the others; the first counts.
	exact map[string]rule
	rules []rule
	// own are those of the options, which go before.
	own      []rule
	features bool
	words    map[string]bool
}

// New returns a redactor.
func New(o Options) *Redactor {
	r := &Redactor{exact: map[string]rule{}, features: o.Features, words: map[string]bool{}}
	for _, p := range o.Keep {
		r.own = append(r.own, rule{p, keep})
	}
	for _, p := range o.Remove {
		r.own = append(r.own, rule{p, remove})
	}
	for _, p := range legible {
		r.add(p, mask)
	}
	for _, p := range addresses {
		r.add(p, address)
	}
	for _, p := range people {
		r.add(p, remove)
	}
	for _, p := range contentkey.Listed() {
		r.add(p, removeTexts)
	}
	free := conventions.Free()
	for _, p := range slices.Sorted(maps.Keys(free)) {
		r.add(p, remove)
	}
	for _, name := range mlconv.Attributes() {
		if name.Kind == mlconv.Event {
			continue
		}
		p := name.Name
		if strings.HasSuffix(p, ".") {
			p += wildcard.Any
		}
		r.add(p, mask)
	}
	for _, p := range conventions.All() {
		r.add(p, mask)
	}
	for _, w := range slices.Concat(contentkey.SureWords, contentkey.LooseWords) {
		r.words[w] = true
	}
	return r
}

// add adds a rule behind those that are there.
func (r *Redactor) add(pattern string, a action) {
	if strings.Contains(pattern, wildcard.Any) {
		r.rules = append(r.rules, rule{pattern, a})
		return
	}
	if _, ok := r.exact[pattern]; ok {
		return
	}
	for _, o := range r.rules {
		if wildcard.Match(o.pattern, pattern) {
			a = o.action
			break
		}
	}
	r.exact[pattern] = rule{pattern, a}
}

// of returns what becomes of the values of a key.
func (r *Redactor) of(key string) action {
	for _, o := range r.own {
		if wildcard.Match(o.pattern, key) {
			return o.action
		}
	}
	if isFeature(key) {
		if r.features {
			return keep
		}
		return remove
	}
	if e, ok := r.exact[key]; ok {
		return e.action
	}
	for _, o := range r.rules {
		if wildcard.Match(o.pattern, key) {
			return o.action
		}
	}
	if personal.Name(key) {
		return remove
	}
	if r.words[contentkey.LastWord(key)] {
		return removeTexts
	}
	return mask
}

func isFeature(key string) bool {
	return key == mlconv.AttrFeatures || strings.HasPrefix(key, mlconv.PrefixEmbedding) ||
		strings.HasPrefix(key, mlconv.PrefixFeature) && key != mlconv.AttrFeatureName && key != mlconv.AttrFeatureCategory
}

// Counts are how many values were removed and masked, by key. Numbers in keys are N.
type Counts struct {
	Removed, Masked map[string]int
}

// maxKeys bounds the keys that are told apart; more are counted as otherKeys.
const (
	maxKeys   = 1000
	maxParts  = 8 // of a key
	otherKeys = "other keys"
)

func count(in map[string]int, key string, n int) {
	if n == 0 {
		return
	}
	if strings.HasPrefix(key, mlconv.PrefixFeature) {
		key = mlconv.PrefixFeature + wildcard.Any
	}
	parts := strings.Split(key, ".")
	for i, p := range parts {
		if p != "" && strings.Trim(p, "0123456789") == "" {
			parts[i] = "N"
		}
	}
	key, _ = boundedname.Cut(strings.Join(parts[:min(len(parts), maxParts)], "."))
	if _, ok := in[key]; !ok && len(in) >= maxKeys {
		key = otherKeys
	}
	in[key] += n
}

// Add adds what was removed elsewhere.
func (c *Counts) Add(o *Counts) {
	for key, n := range o.Removed {
		count(c.Removed, key, n)
	}
	for key, n := range o.Masked {
		count(c.Masked, key, n)
	}
}

// listed is how many keys a Note names.
const listed = 12

// Note says in a sentence what was removed, "" for nothing.
func (c *Counts) Note() string {
	var sentences []string
	for _, s := range []struct {
		of   map[string]int
		what string
	}{{c.Removed, "removed"}, {c.Masked, "masked in part"}} {
		keys := slices.SortedFunc(maps.Keys(s.of), func(a, b string) int {
			if s.of[a] != s.of[b] {
				return s.of[b] - s.of[a]
			}
			return strings.Compare(a, b)
		})
		if len(keys) == 0 {
			continue
		}
		total, names := 0, []string(nil)
		for i, k := range keys {
			total += s.of[k]
			if i < listed {
				names = append(names, fmt.Sprintf("%s (%d)", k, s.of[k]))
			}
		}
		text := fmt.Sprintf("%d values were %s: %s", total, s.what, strings.Join(names, ", "))
		if more := len(keys) - listed; more > 0 {
			text += fmt.Sprintf(" and of %d more keys", more)
		}
		sentences = append(sentences, text+".")
	}
	return strings.Join(sentences, " ")
}

// pass is one pass over spans.
type pass struct {
	*Redactor
	Counts
	actions map[string]action
}

// Traces removes from all spans, their resources, scopes, events and links, in place.
func (r *Redactor) Traces(td ptrace.Traces) Counts {
	p := &pass{Redactor: r, Counts: Counts{map[string]int{}, map[string]int{}}, actions: map[string]action{}}
	for _, rs := range td.ResourceSpans().All() {
		p.attributes("", rs.Resource().Attributes(), 0)
		for _, ss := range rs.ScopeSpans().All() {
			p.attributes("", ss.Scope().Attributes(), 0)
			for _, span := range ss.Spans().All() {
				p.text("the span's name", span.Name(), span.SetName)
				p.text("the status' message", span.Status().Message(), span.Status().SetMessage)
				p.attributes("", span.Attributes(), 0)
				for _, e := range span.Events().All() {
					p.text("the event's name", e.Name(), e.SetName)
					p.attributes("", e.Attributes(), 0)
				}
				for _, l := range span.Links().All() {
					p.attributes("", l.Attributes(), 0)
				}
			}
		}
	}
	return p.Counts
}

func (p *pass) text(key, s string, set func(string)) {
	if masked, n := personal.Mask(s, Mark); n > 0 {
		set(masked)
		count(p.Masked, key, n)
	}
}

// maxDepth is how deep values are looked into; what lies deeper is removed.
const maxDepth = 16

// attributes removes from a map. path is the key that it is the value of, with a dot, "" for none.
func (p *pass) attributes(path string, attrs pcommon.Map, depth int) {
	for key, v := range attrs.All() {
		p.value(path, key, v, depth)
	}
}

// action returns what becomes of a key, alone and behind the keys that it is in.
func (p *pass) action(path, key string) action {
	whole := path + key
	a, ok := p.actions[whole]
	if ok {
		return a
	}
	a = p.of(whole)
	if path != "" && a == mask {
		a = p.of(key)
	}
	if len(p.actions) < 1<<16 {
		p.actions[whole] = a
	}
	return a
}

func (p *pass) value(path, key string, v pcommon.Value, depth int) {
	a := p.action(path, key)
	number := v.Type() == pcommon.ValueTypeInt || v.Type() == pcommon.ValueTypeDouble || v.Type() == pcommon.ValueTypeBool
	switch {
	case a == keep || v.Type() == pcommon.ValueTypeEmpty:
	case a == remove, a == removeTexts && !number, depth > maxDepth:
		v.SetStr(Mark)
		count(p.Removed, path+key, 1)
	case a == address:
		if cut := cutURL(v.AsString()); cut != v.AsString() {
			v.SetStr(cut)
			count(p.Masked, path+key, 1)
		}
	default:
		p.inner(path+key, v, depth)
	}
}

// inner looks into a value that stays.
func (p *pass) inner(key string, v pcommon.Value, depth int) {
	switch v.Type() {
	case pcommon.ValueTypeMap:
		p.attributes(key+".", v.Map(), depth+1)
	case pcommon.ValueTypeSlice:
		for _, x := range v.Slice().All() {
			if depth >= maxDepth {
				x.SetStr(Mark)
				count(p.Removed, key, 1)
				continue
			}
			p.inner(key, x, depth+1)
		}
	case pcommon.ValueTypeBytes:
		// Nobody can tell what is in it.
		v.SetStr(Mark)
		count(p.Removed, key, 1)
	case pcommon.ValueTypeStr:
		p.document(key, v, depth)
		p.text(key, v.Str(), v.SetStr)
	}
}

// maxDocument bounds the JSON that is looked into; what is longer and looks like it is removed.
const maxDocument = 1 << 20

// document removes from JSON in a text.
func (p *pass) document(key string, v pcommon.Value, depth int) {
	s := strings.TrimSpace(v.Str())
	if len(s) < 2 || s[0] != '{' && s[0] != '[' || depth > maxDepth {
		return
	}
	if len(s) > maxDocument {
		v.SetStr(Mark)
		count(p.Removed, key, 1)
		return
	}
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	var x any
	if d.Decode(&x) != nil || d.More() {
		return
	}
	x, changed := p.json(key, x, depth+1)
	if !changed {
		return
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if e.Encode(x) != nil {
		v.SetStr(Mark)
		return
	}
	v.SetStr(strings.TrimSuffix(out.String(), "\n"))
}

// json removes from decoded JSON.
func (p *pass) json(key string, x any, depth int) (any, bool) {
	changed := false
	switch x := x.(type) {
	case map[string]any:
		for name, inner := range x {
			_, text := inner.(string)
			_, list := inner.([]any)
			_, object := inner.(map[string]any)
			a := p.action(key+".", name)
			switch {
			case a == keep || inner == nil:
			case a == remove, a == removeTexts && (text || list || object), depth > maxDepth:
				x[name] = Mark
				count(p.Removed, key+"."+name, 1)
				changed = true
			default:
				if cleaned, did := p.json(key+"."+name, inner, depth+1); did {
					x[name], changed = cleaned, true
				}
			}
		}
	case []any:
		for i := range x {
			if cleaned, did := p.json(key, x[i], depth+1); did {
				x[i], changed = cleaned, true
			}
		}
	}
	return x, changed
}

// cutURL returns a URL without credentials, query and fragment.
func cutURL(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		if at := strings.IndexAny(s, "?#@"); at >= 0 {
			return Mark
		}
		return s
	}
	if u.User == nil && u.RawQuery == "" && !u.ForceQuery && u.Fragment == "" {
		return s
	}
	query := u.RawQuery != ""
	u.User, u.RawQuery, u.ForceQuery, u.Fragment, u.RawFragment = nil, "", false, "", ""
	out := u.String()
	if query {
		out += "?" + Mark
	}
	return out
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/otelcol-ml/otelcol-ml/internal/contentkey"
	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc"
)

// content names what holds prompts and completions, for drop_content.
type content struct {
	// attributes are keys, prefixes that end in *, keys with one * and numbered keys.
	attributes []source
	// events are dropped whole, and of log records with such a name the body.
	events []string
}

// system is one of content.yaml: what is content of a system beside the tables.
type system struct {
	name, evidence string
	content
	// scoped is content on what is of the system alone: where the scope's name, or that of the span,
	// the event or the body, begins with one of beginnings.
	beginnings []string
	scoped     content
}

const contentFile = "content.yaml"

//go:embed content.yaml
var contentData []byte

// loadSystems reads content.yaml.
func loadSystems() ([]system, error) {
	report := &yamldoc.Report{}
	docs, _ := yamldoc.Parse("processor/mlnormalizeprocessor/internal/dialect/"+contentFile, contentData, documents, report)
	var out []system
	for _, doc := range docs {
		d := &decoder{doc}
		d.each(doc.Root, "", func(n *yaml.Node, p string) {
			var s system
			fields := d.contentFields(&s.content)
			fields["system"] = func(n *yaml.Node, p string) { s.name = d.text(n, p) }
			fields["evidence"] = func(n *yaml.Node, p string) { s.evidence = d.text(n, p) }
			fields["scoped"] = func(n *yaml.Node, p string) {
				scoped := d.contentFields(&s.scoped)
				scoped["beginnings"] = func(n *yaml.Node, p string) { s.beginnings = d.texts(n, p) }
				d.fields(n, p, scoped)
			}
			d.fields(n, p, fields)
			out = append(out, s)
		})
	}
	return out, report.Err()
}

// contentFields are how the keys of a content block are read.
func (d *decoder) contentFields(to *content) map[string]func(*yaml.Node, string) {
	return map[string]func(*yaml.Node, string){
		"attributes": func(n *yaml.Node, p string) { to.attributes = d.contentKeys(n, p) },
		"events":     func(n *yaml.Node, p string) { to.events = d.texts(n, p) },
	}
}

// contentKeys reads keys of attributes: with N for a number, * at the end for anything, or one * in
// the middle or at the beginning.
func (d *decoder) contentKeys(n *yaml.Node, path string) (out []source) {
	for i, written := range d.texts(n, path) {
		at := n
		if n.Kind == yaml.SequenceNode {
			at = n.Content[min(i, len(n.Content)-1)]
		}
		if before, after, ok := strings.Cut(written, anyStep); ok && after != "" {
			if strings.Contains(after, anyStep) || strings.Contains(written, ".N.") || strings.ContainsAny(written, "#") {
				d.fail(at, path, "%q has more than one * or N, or a path", written)
				continue
			}
			out = append(out, source{key: before, behind: []string{after}, family: true, written: written, slot: -1})
			continue
		}
		s := d.source(at, path, written)
		if s.origin != fromSpan || len(s.path) > 0 {
			d.fail(at, path, "%q is no attribute of a span; its parts cannot be dropped, and those of a resource are written without resource:", s.written)
		}
		out = append(out, s)
	}
	return out
}

// verdicts on a key are several bits.
type about uint8

const (
	// listed keys are content, listedTexts are where they are no number.
	listed about = 1 << iota
	listedTexts
	// known keys are known to be no content, named ones have a name in the conventions, which says what
	// they are: words for content in it say nothing.
	known
	named
	// keptName keys are those that the operator keeps by name, keptFamily ones by a family.
	keptName
	keptFamily
)

// keySet says what is known of keys.
type keySet struct {
	matcher matcher
	// exact are the verdicts by slot, whole by prefix: of every key that begins so.
	exact []about
	whole []about
	// patterns are keys with numbers, or with one *, by prefix; endings begin with the *.
	patterns [][]pattern
	endings  []pattern
}

// pattern is a source with what is known of its keys.
type pattern struct {
	source
	about about
}

// wild is true for a key with one * that is not its end.
func (s *source) wild() bool { return s.family && len(s.behind) > 0 }

func (k *keySet) add(s source, what about) {
	switch {
	case s.wild() && s.key == "":
		k.endings = append(k.endings, pattern{s, what})
	case s.wild() || s.numbered():
		n := k.prefix(s.key)
		k.patterns[n] = append(k.patterns[n], pattern{s, what})
	case s.family:
		k.whole[k.prefix(s.key)] |= what
	default:
		k.name(s.key, what)
	}
}

// name adds a single key.
func (k *keySet) name(key string, what about) {
	if k.matcher.slots == nil {
		k.matcher.init()
	}
	n := k.matcher.slot(key)
	if n == len(k.exact) {
		k.exact = append(k.exact, 0)
	}
	k.exact[n] |= what
}

func (k *keySet) prefix(p string) int {
	n := k.matcher.prefix(p)
	if n == len(k.whole) {
		k.whole, k.patterns = append(k.whole, 0), append(k.patterns, nil)
	}
	return n
}

// of returns what is known of a key.
func (k *keySet) of(key string) (what about) {
	if key == "" {
		return 0
	}
	if n := k.matcher.find(key); n >= 0 {
		what = k.exact[n]
	}
	prefixes := k.matcher.near(key)
	for i := range prefixes {
		p := &prefixes[i]
		if !p.begins(key) {
			continue
		}
		what |= k.whole[p.index]
		for j := range k.patterns[p.index] {
			if r := &k.patterns[p.index][j]; what&r.about == 0 && r.fits(key) {
				what |= r.about
			}
		}
	}
	for i := range k.endings {
		if e := &k.endings[i]; e.fits(key) {
			what |= e.about
		}
	}
	return what
}

// fits is true for a key that begins as the pattern does and goes on as it does.
func (p *pattern) fits(key string) bool {
	if p.wild() {
		return len(key) > len(p.key)+len(p.behind[0]) && strings.HasSuffix(key, p.behind[0])
	}
	return p.matches(key)
}

// contentSet is what drop_content removes and what it leaves.
type contentSet struct {
	keys keySet
	// content and knownEvents are the names of events that hold content, and of those that do not.
	contentEvents, knownEvents map[string]bool
	// beginnings are those of the systems that have content of their own, by first byte.
	beginnings [256][]beginning
	// words are the last words of keys that are content; nil for none.
	words *words
	// keepMessage and keepBody keep short messages of a status and bodies of log records.
	keepMessage, keepBody bool
}

// scopedSystem is a system with what is content on its own spans and log records.
type scopedSystem struct {
	keys   keySet
	events map[string]bool
}

// beginning is one of the names of a system's scopes, spans and events.
type beginning struct {
	text   string
	system *scopedSystem
}

// systems appends the systems, each once, that the name of a scope, a span or an event is of.
func (s *contentSet) systems(to []*scopedSystem, name string) []*scopedSystem {
	if name == "" {
		return to
	}
	for _, b := range s.beginnings[name[0]] {
		if strings.HasPrefix(name, b.text) && !slices.Contains(to, b.system) {
			to = append(to, b.system)
		}
	}
	return to
}

func (s *contentSet) init() {
	s.keys.matcher.init()
	s.contentEvents, s.knownEvents = map[string]bool{}, map[string]bool{}
}

// add takes what a table or a system lists.
func (s *contentSet) add(c content) {
	for _, src := range c.attributes {
		s.keys.add(src, listing(&src))
	}
	for _, e := range c.events {
		s.contentEvents[e] = true
	}
}

// listing is what being listed says of a key: keys with a * inside are often guessed at, and a number
// is no text.
func listing(s *source) about {
	if s.wild() {
		return listedTexts
	}
	return listed
}

// addSystem takes a system of content.yaml.
func (s *contentSet) addSystem(y *system) {
	s.add(y.content)
	if len(y.beginnings) == 0 {
		return
	}
	own := &scopedSystem{events: set(y.scoped.events)}
	own.keys.matcher.init()
	for _, src := range y.scoped.attributes {
		own.keys.add(src, listing(&src))
	}
	own.keys.matcher.freeze()
	for _, b := range y.beginnings {
		s.beginnings[b[0]] = append(s.beginnings[b[0]], beginning{b, own})
	}
}

// Names of the list keep that are no attributes.
const (
	keepMessage = "span:message"
	keepBody    = "log:body"
	keepEvent   = "event:"
)

// keep takes what the operator keeps.
func (s *contentSet) keep(names []string) error {
	for i, written := range names {
		key := fmt.Sprintf("keep[%d]", i)
		event, isEvent := strings.CutPrefix(written, keepEvent)
		switch {
		case written == keepMessage:
			s.keepMessage = true
		case written == keepBody:
			s.keepBody = true
		case isEvent && event != "":
			s.knownEvents[event] = true
		case strings.TrimSpace(written) == "" || strings.ContainsAny(written, ":#") && !strings.HasPrefix(written, "attribute:"):
			return fmt.Errorf("'%s': %q is no key of an attribute, event:NAME, %s or %s", key, written, keepMessage, keepBody)
		case strings.Trim(written, ".*N") == "":
			return fmt.Errorf("'%s': %q would keep everything", key, written)
		default:
			if err := s.keepKey(key, strings.TrimPrefix(written, "attribute:")); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *contentSet) keepKey(key, written string) error {
	report := &yamldoc.Report{}
	options := documents
	options.Key = key
	data, err := yaml.Marshal([]string{written})
	if err != nil {
		return fmt.Errorf("'%s': %w", key, err)
	}
	docs, _ := yamldoc.Parse("", data, options, report)
	if len(docs) == 0 {
		return report.Err()
	}
	for _, src := range (&decoder{docs[0]}).contentKeys(docs[0].Root, key) {
		what := keptFamily
		if !src.family && !src.numbered() {
			what = keptName
		}
		s.keys.add(src, what)
	}
	return report.Err()
}

func (s *contentSet) freeze() { s.keys.matcher.freeze() }

// isContent reports whether values of a key may be content, whatever is dropped.
func (s *contentSet) isContent(key string) bool {
	return s.keys.of(key)&(listed|listedTexts) != 0 || s.words.say(key, true)
}

// words are the two lists for looking words up.
type words struct {
	matcher matcher
	sure    int // slots below are of contentkey.SureWords
}

var contentWords = func() *words {
	w := &words{}
	w.matcher.init()
	for _, word := range contentkey.SureWords {
		w.matcher.slot(word)
	}
	w.sure = len(w.matcher.slots)
	for _, word := range contentkey.LooseWords {
		w.matcher.slot(word)
	}
	w.matcher.freeze()
	return w
}()

// say reports whether a key ends in a word for content; of a generative model's span or log record,
// in any of them.
func (w *words) say(key string, generative bool) bool {
	word := contentkey.LastWord(key)
	if w == nil || word == "" {
		return false
	}
	n := w.matcher.find(word)
	return n >= 0 && (generative || n < w.sure)
}

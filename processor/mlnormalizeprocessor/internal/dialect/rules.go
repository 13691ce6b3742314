// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"net/url"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// fill runs one rule, unless the span has its target already or an earlier rule has filled it.
func (s *state) fill(r *rule) {
	if r.masks != nil && !s.own.anyOf(r.masks) {
		return
	}
	slot := r.slot
	if slot < 0 {
		s.fillFamily(r)
		return
	}
	if s.has(slot) || s.output(slot) != nil {
		return
	}
	if r.constant != nil {
		s.out = append(s.out, output{slot: slot, key: r.target, value: *r.constant})
		return
	}
	if r.all {
		s.reading = r.from[0].key
		s.collector.reset(r.want)
		for i := range r.from {
			s.collect(&r.from[i])
		}
		if s.misfit(r) {
			return
		}
		if v, ok := s.convert(r, s.collector.result()); ok {
			s.out = append(s.out, output{slot: slot, key: r.target, value: v})
		}
		return
	}
	for i := range r.from {
		src := &r.from[i]
		if src.origin == fromSpan && !src.numbered() && !s.has(src.slot) {
			continue
		}
		s.reading = src.key
		s.collector.reset(r.want)
		s.collect(src)
		if s.misfit(r) || s.collector.n == 0 {
			continue
		}
		read := s.collector.result()
		v, ok := s.convert(r, read)
		if !ok {
			continue
		}
		o := output{slot: slot, key: r.target, value: v}
		if src.moves {
			o.original = src.key
		}
		s.out = append(s.out, o)
		return
	}
}

// misfit reports whether a sum has a part that is not a number.
func (s *state) misfit(r *rule) bool {
	if r.want != wantSum || s.collector.misfit.kind == none {
		return false
	}
	shown, _ := s.collector.misfit.string()
	s.unreadable(s.reading, shown)
	return true
}

// moves is true where a source's value moves as a whole.
func (r *rule) moves(src *source) bool {
	return src.origin == fromSpan && !src.numbered() && len(src.path) == 0 && r.want != wantCount && r.want != wantLength && r.want != wantSum && r.extract == nil &&
		original(src.key)
}

// familyWork bounds the attributes of a family that are read times all of the span's, as each is
// searched for among them: it is all of them on a span of up to 4000 attributes, and fewer on a
// wider one.
const familyWork = 1 << 24

// fillFamily moves a.NAME to b.NAME.
func (s *state) fillFamily(r *rule) {
	if !slices.ContainsFunc(r.from, func(src source) bool { return len(s.own.family(src.slot)) > 0 }) {
		return
	}
	s.forgetNames()
	for k := range s.span.Attributes().All() {
		if name, ok := strings.CutPrefix(k, r.prefix); ok {
			s.taken[name] = struct{}{}
		}
	}
	for i := range s.out {
		if name, ok := strings.CutPrefix(s.out[i].key, r.prefix); ok {
			s.taken[name] = struct{}{}
		}
	}
	limit := familyWork / (s.span.Attributes().Len() + 1)
	for i := range r.from {
		src := &r.from[i]
		for n, e := range s.own.family(src.slot) {
			if n == limit {
				s.unreadable(e.key, "")
				break
			}
			s.reading = e.key
			name := e.key[len(src.key):]
			if _, ok := s.taken[name]; ok || excludes(r.exclude, name) || r.categories && s.engine.excluded[name] {
				continue
			}
			v := fromAttribute(e.value)
			if s.decode {
				v = s.decoded(v)
			}
			if len(r.accept) > 0 && !slices.Contains(r.accept, v.kind) &&
				!(r.categories && s.engine.categories[name] && (v.kind == text || v.kind == boolean)) {
				continue
			}
			if v, ok := s.convert(r, v); ok {
				s.taken[name] = struct{}{}
				s.out = append(s.out, output{slot: -1, key: r.prefix + name, value: v, original: e.key})
			}
		}
	}
}

// excludes is true for a name that one of the patterns matches; a * in it is any text.
func excludes(patterns []string, name string) bool {
	for _, p := range patterns {
		before, after, open := strings.Cut(p, anyStep)
		if p == name || open && len(name) >= len(before)+len(after) && strings.HasPrefix(name, before) && strings.HasSuffix(name, after) {
			return true
		}
	}
	return false
}

// collect gives what a source has to the collector.
func (s *state) collect(src *source) {
	c := &s.collector
	switch src.origin {
	case fromSpan:
		switch {
		case src.numbered():
			for _, e := range s.own.numbered(src.slot) {
				if src.matches(e.key) && s.attribute(src, e.value) {
					return
				}
			}
		case s.has(src.slot):
			s.attribute(src, s.own.values[src.slot])
		}
	case fromResource:
		if s.resource.has(src.slot) {
			s.attribute(src, s.resource.values[src.slot])
		}
	case fromEvent:
		events := s.span.Events()
		for i := events.Len() - 1; i >= 0; i-- {
			e := events.At(i)
			if src.event != "*" && e.Name() != src.event {
				continue
			}
			if v, ok := e.Attributes().Get(src.key); ok {
				s.attribute(src, v)
				return
			}
		}
	case fromEventTime:
		for _, e := range s.span.Events().All() {
			if e.Name() == src.event && e.Timestamp() >= s.span.StartTimestamp() && s.span.StartTimestamp() > 0 {
				c.add(datum{kind: double, float: float64(e.Timestamp()-s.span.StartTimestamp()) / 1e9})
				return
			}
		}
	case fromName:
		c.add(nonEmpty(s.span.Name()))
	case fromMessage:
		c.add(nonEmpty(s.span.Status().Message()))
	case fromScope:
		c.add(nonEmpty(s.scope.Name()))
	case fromStatus:
		c.add(textValue(statusName(s.span)))
	}
}

func nonEmpty(text string) datum {
	if text == "" {
		return datum{}
	}
	return textValue(text)
}

func statusName(span ptrace.Span) string {
	switch span.Status().Code() {
	case ptrace.StatusCodeOk:
		return "ok"
	case ptrace.StatusCodeError:
		return "error"
	default:
		return "unset"
	}
}

// attribute gives an attribute's value, or what a source's path finds in it; true says that no more
// is needed.
func (s *state) attribute(src *source, attr pcommon.Value) bool {
	c := &s.collector
	if len(src.path) == 0 {
		v := fromAttribute(attr)
		if s.decode {
			v = s.decoded(v)
		}
		if c.want == wantList || c.want == wantCount || c.want == wantLength {
			return s.items(v)
		}
		return c.add(v)
	}
	switch attr.Type() {
	case pcommon.ValueTypeStr:
		if attr.Str() == "" {
			return false
		}
		if strings.IndexByte("{[ \n\t\r", attr.Str()[0]) < 0 {
			return false // a scalar has no paths
		}
		before := *c
		if len(attr.Str()) > s.engine.options.MaxJSON || !walkJSON(attr.Str(), src.path, c) {
			c.undo(&before)
			s.unreadable(src.key, attr.Str())
			return false
		}
	case pcommon.ValueTypeMap, pcommon.ValueTypeSlice:
		walkValue(attr, src.path, c, 0)
	}
	return c.want == wantFirst && c.n > 0
}

// items gives the items of an array one by one, and anything else as it is.
func (s *state) items(v datum) bool {
	c := &s.collector
	switch {
	case v.kind == other && v.other.Type() == pcommon.ValueTypeSlice:
		for _, item := range v.other.Slice().All() {
			c.add(fromAttribute(item))
		}
	case v.kind == structure && v.text[0] == '[':
		before := *c
		if !walkJSON(v.text, []string{anyStep}, c) {
			c.undo(&before)
			s.unreadable(s.reading, v.text)
		}
	case v.kind == text && c.want == wantList && len(v.text) <= maxCopied && encoded(v.text):
		before := *c
		if !listIn(v.text, c) { // a text that begins as one
			c.undo(&before)
			c.add(v)
		}
	default:
		c.add(v)
	}
	return false
}

// encoded is true for a text that begins as a JSON list or text does.
func encoded(s string) bool { return s[0] == '[' || s[0] == '"' }

// listIn gives the items of a JSON list, or a JSON text as one, to c. Where it returns false, s is
// neither.
func listIn(s string, c *collector) bool {
	if s[0] == '[' {
		return walkJSON(s, listPath, c)
	}
	return walkJSON(s, nil, c)
}

var listPath = []string{anyStep}

// decoded reads a string as JSON; what is not JSON is the text itself.
func (s *state) decoded(v datum) datum {
	if v.kind != text || strings.IndexByte(`"{[-0123456789tfn`, v.text[0]) < 0 || len(v.text) > s.engine.options.MaxJSON {
		return v
	}
	var c collector
	if !walkJSON(v.text, nil, &c) {
		return v
	}
	return c.result()
}

// convert makes of what was read what the target needs. ok is false where it cannot be; a state
// that the table does not name and a kind that it does not accept are no fault.
func (s *state) convert(r *rule, v datum) (datum, bool) {
	if v.kind == none {
		return v, false
	}
	if len(r.accept) > 0 && r.slot >= 0 && !slices.Contains(r.accept, v.class()) {
		return v, false
	}
	if r.extract != nil && r.split == "" {
		v = r.joined(v)
	}
	if r.extract != nil || r.urlDecode || r.strip[0] != "" || r.strip[1] != "" || r.split != "" {
		var ok bool
		if v, ok = r.cut(v); !ok {
			return v, false
		}
	}
	v = r.joined(v)
	if r.aliases != nil {
		given, _ := v.string()
		if alias, ok := lookUp(r.aliases, given); ok {
			if alias == "" {
				return v, false
			}
			v = textValue(alias)
		}
	}
	if r.states != nil {
		given, _ := v.string()
		state, ok := lookUp(r.states, given)
		switch {
		case ok:
			v = state
		case r.otherwise != nil:
			v = *r.otherwise
		default:
			return v, false
		}
	}
	given := v
	v, ok := r.typed(v)
	if !ok {
		shown, _ := given.string()
		s.unreadable(s.reading, shown)
		return v, false
	}
	if r.differsSlot >= 0 {
		other := s.at(r.differsSlot)
		if a, ok := other.string(); ok {
			if b, ok := v.string(); ok && a == b {
				return v, false
			}
		}
	}
	return v, true
}

// joined makes a text of a list.
func (r *rule) joined(v datum) datum {
	if r.join == nil || v.kind != list {
		return v
	}
	texts := v.texts()
	parts := make([]string, 0, len(texts))
	for i := range texts {
		parts = append(parts, texts[i].text)
	}
	return textValue(strings.Join(parts, *r.join))
}

// lookUp finds a string in any case of its letters; the keys have those of the table and small
// ones.
func lookUp[V any](words map[string]V, given string) (V, bool) {
	v, ok := words[given]
	if !ok && len(given) <= maxText {
		v, ok = words[strings.ToLower(given)]
	}
	return v, ok
}

// cut takes a part of a string.
func (r *rule) cut(v datum) (datum, bool) {
	given, ok := v.string()
	if !ok {
		return v, false
	}
	if r.extract != nil {
		m := r.extract.FindStringSubmatch(given)
		if m == nil || slices.Contains(m[1:], "") {
			return v, false
		}
		if given = m[1]; r.join != nil {
			given = strings.Join(m[1:], *r.join)
		}
	}
	given = strings.TrimSuffix(strings.TrimPrefix(given, r.strip[0]), r.strip[1])
	if r.urlDecode {
		decoded, err := url.QueryUnescape(given)
		if err != nil {
			return v, false
		}
		given = decoded
	}
	if given == "" {
		return v, false
	}
	if r.split != "" {
		v = datum{kind: list}
		for part := range strings.SplitSeq(given, r.split) {
			if part = strings.TrimSpace(part); part != "" && len(v.list) < maxItems {
				v.list = append(v.list, textValue(part))
			}
		}
		return v, len(v.list) > 0
	}
	return textValue(given), true
}

// typed makes a value of the target's kind, within its bounds.
func (r *rule) typed(v datum) (datum, bool) {
	switch r.kind {
	case stringTarget:
		text, ok := v.string()
		// A structure is no name, and neither is a long text: what is copied must not be a prompt.
		return textValue(text), ok && text != "" && v.kind != structure && len(text) <= maxCopied
	case intTarget:
		n, ok := v.whole()
		n += r.add
		return datum{kind: integer, int: n}, ok && r.within(float64(n))
	case doubleTarget:
		f, ok := v.number()
		switch {
		case r.scale != 0:
			f *= r.scale
		case r.percent:
			f /= 100
		case !ok && r.most == 1:
			f, ok = v.percentage()
		}
		if r.most == 1 {
			f = unit(f)
		}
		return datum{kind: double, float: f}, ok && r.within(f)
	case boolTarget:
		b, ok := v.truth()
		return datum{kind: boolean, bool: b}, ok
	case stringsTarget:
		if v.kind != list {
			v.list = []datum{v}
		}
		v = datum{kind: list, list: v.texts()}
		return v, len(v.list) > 0
	default:
		return v, true
	}
}

// unit takes a number that is a rounding above 1, as sums of softmax in float16 are, for 1.
func unit(f float64) float64 {
	if f > 1 && f <= 1+1e-3 {
		return 1
	}
	return f
}

func (r *rule) within(f float64) bool { return r.most == 0 || f >= 0 && f <= r.most }

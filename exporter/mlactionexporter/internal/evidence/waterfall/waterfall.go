// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package waterfall draws a trace as text, for the body of a ticket.
//
//	trace 00000000000000000000000000000001: 4 spans, 1.2s, 1 error, from 2026-11-30 12:00:00.000 UTC
//	  span                service    model       duration
//	  POST /score         checkout                   1.2s  ██████████████████████████
//	  ├─ features         features                  100ms   ██
//	✗>└─ predict          scoring    fraud@7           1s      ██████████████████████
//	     └─ load          scoring                   1.2ms      ▏
package waterfall

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// Options say how large a drawing may be.
type Options struct {
	// Width is in columns, 100 if it is 0, 60 at least. Lines is how many lines there are at most, 60 if it is 0,
	// 8 at least.
	Width, Lines int
	// ASCII draws without letters of Unicode; names stay as they are.
	ASCII bool
	// Span is the one that the alert names: it is marked, and kept with the way to the root.
	Span pcommon.SpanID
}

// Defaults and least values of Options.
const (
	defaultWidth, leastWidth = 100, 60
	defaultLines, leastLines = 60, 8
)

// node is a span. Times are Unix nanoseconds.
type node struct {
	id, parent    pcommon.SpanID
	name, service string
	model         string
	start, end    int64
	failed        bool
	// message is the status message of a span that has failed.
	message string
	// noEnd is a span that has not ended, noStart one without a time.
	noEnd, noStart bool
	// up is the parent, or -1; child and next are the first child and the next one of the parent; -1 for none.
	up, child, next int
	lastChild       int
	visited, chosen bool
	// orphan is a span whose parent is not there.
	orphan bool
}

// Render draws a trace. What does not fit is left out, and how much that is is said: errors and the named span
// with its way to the root come first, then what took longest.
func Render(td ptrace.Traces, o Options) string {
	o.Width, o.Lines = max(leastWidth, cmp.Or(o.Width, defaultWidth)), max(leastLines, cmp.Or(o.Lines, defaultLines))
	d := &drawing{Options: o, look: &unicodeLook, nodes: collect(td)}
	if o.ASCII {
		d.look = &asciiLook
	}
	if len(d.nodes) == 0 {
		return "no spans of the trace are there"
	}
	d.link()
	d.settle()
	d.quote()
	d.choose(d.Lines - 2) // the title and the head
	return d.draw(traceOf(td))
}

func traceOf(td ptrace.Traces) string {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				return s.TraceID().String()
			}
		}
	}
	return ""
}

// collect reads the spans, in the order of their starts.
func collect(td ptrace.Traces) []node {
	nodes := make([]node, 0, td.SpanCount())
	for _, rs := range td.ResourceSpans().All() {
		var ofResource models
		service := ""
		for k, v := range rs.Resource().Attributes().All() {
			ofResource.add(k, v)
			if k == mlconv.AttrServiceName {
				service = v.AsString()
			}
		}
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				var of models
				for k, v := range s.Attributes().All() {
					of.add(k, v)
				}
				n := node{
					id: s.SpanID(), parent: s.ParentSpanID(), name: s.Name(), service: service, model: of.text(&ofResource),
					start: nanoseconds(s.StartTimestamp()), end: nanoseconds(s.EndTimestamp()), failed: s.Status().Code() == ptrace.StatusCodeError, message: s.Status().Message(),
					up: -1, child: -1, next: -1, lastChild: -1,
				}
				n.noStart = n.start == 0
				n.noEnd = n.end == 0 || n.end < n.start
				nodes = append(nodes, n)
			}
		}
	}
	slices.SortStableFunc(nodes, func(a, b node) int { return cmp.Compare(a.start, b.start) })
	return nodes
}

// nanoseconds is a time; 0, which is none, where it cannot be one.
func nanoseconds(t pcommon.Timestamp) int64 {
	const end = 1 << 62 // the year 2116
	if t >= end {
		return 0
	}
	return int64(t)
}

// models is what says which model a span is of.
type models struct{ name, version, generative string }

func (m *models) add(key string, v pcommon.Value) {
	switch key {
	case mlconv.AttrModelName:
		m.name = prediction.Text(v)
	case mlconv.AttrModelVersion:
		m.version = prediction.Text(v)
	case mlconv.AttrGenAIResponseModel:
		m.generative = prediction.Text(v)
	case mlconv.AttrGenAIRequestModel:
		m.generative = cmp.Or(m.generative, prediction.Text(v))
	}
}

func (m *models) text(resource *models) string {
	name, version := cmp.Or(m.name, resource.name), cmp.Or(m.version, resource.version)
	switch {
	case name == "":
		return m.generative
	case version == "":
		return name
	}
	return name + "@" + version
}

// drawing is a trace while it is drawn.
type drawing struct {
	Options
	look  *look
	nodes []node
	// roots have no parent that is there, in the order of their starts; order is all from the roots down.
	roots, order []int
	// shifted is how many spans were moved, as they began before their parents.
	shifted int
	// quoted are failed spans whose messages are quoted below the spans.
	quoted []*node
}

// link finds the parents. A circle is opened at its first span.
func (d *drawing) link() {
	byID := make(map[pcommon.SpanID]int, len(d.nodes))
	for i := range d.nodes {
		if _, ok := byID[d.nodes[i].id]; !ok {
			byID[d.nodes[i].id] = i
		}
	}
	for i := range d.nodes {
		n := &d.nodes[i]
		up, ok := byID[n.parent]
		switch {
		case n.parent.IsEmpty():
			d.roots = append(d.roots, i)
		case !ok || up == i:
			n.orphan = !ok
			d.roots = append(d.roots, i)
		default:
			d.adopt(up, i)
		}
	}
	for _, r := range d.roots {
		d.visit(r)
	}
	for i := range d.nodes {
		if !d.nodes[i].visited {
			first := d.circle(i)
			d.remove(first)
			d.roots = append(d.roots, first)
			d.visit(first)
		}
	}
}

func (d *drawing) adopt(up, child int) {
	d.nodes[child].up = up
	p := &d.nodes[up]
	if p.child < 0 {
		p.child = child
	} else {
		d.nodes[p.lastChild].next = child
	}
	p.lastChild = child
}

// circle returns the first span of the circle that a span without a root is below of.
func (d *drawing) circle(i int) int {
	seen := map[int]bool{}
	for ; !seen[i]; i = d.nodes[i].up {
		seen[i] = true
	}
	first := i
	for at := d.nodes[i].up; at != i; at = d.nodes[at].up {
		first = min(first, at)
	}
	return first
}

// remove takes a span from its parent.
func (d *drawing) remove(i int) {
	p := &d.nodes[d.nodes[i].up]
	for at := &p.child; *at >= 0; at = &d.nodes[*at].next {
		if *at == i {
			*at = d.nodes[i].next
			break
		}
	}
	d.nodes[i].up, d.nodes[i].next = -1, -1
}

// visit appends a span and all below it to the order.
func (d *drawing) visit(root int) {
	stack := []int{root}
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		d.nodes[i].visited = true
		d.order = append(d.order, i)
		from := len(stack)
		for c := d.nodes[i].child; c >= 0; c = d.nodes[c].next {
			stack = append(stack, c)
		}
		slices.Reverse(stack[from:])
	}
}

// skew is by how much a span may begin before its parent without a word.
const skew = int64(time.Millisecond)

// settle makes times that can be drawn: what begins before its parent, by another machine's clock, is moved with
// all below it to the parent's start.
func (d *drawing) settle() {
	shift := make([]int64, len(d.nodes))
	for _, i := range d.order {
		n := &d.nodes[i]
		if n.up < 0 {
			continue
		}
		p := &d.nodes[n.up]
		if n.noStart {
			n.start = p.start
			if n.noEnd {
				n.end = n.start
			}
			continue
		}
		s := shift[n.up]
		if early := p.start - (n.start + s); early > 0 && !p.noStart {
			if early > skew {
				d.shifted++
			}
			s += early
		}
		shift[i] = s
		n.start += s
		n.end += s
	}
}

// duration is how long a span took, 0 for one without an end.
func (n *node) duration() int64 {
	if n.noEnd || n.noStart {
		return 0
	}
	return n.end - n.start
}

// choose picks the spans that are drawn: at most lines, one line less where that has to be said.
func (d *drawing) choose(lines int) {
	if d.shifted > 0 {
		lines--
	}
	if len(d.nodes) <= lines {
		for i := range d.nodes {
			d.nodes[i].chosen = true
		}
		return
	}
	left := lines - 1
	byDuration := make([]int, 0, len(d.nodes))
	var first []int
	for _, i := range d.order {
		if d.nodes[i].id == d.Span && !d.Span.IsEmpty() {
			first = append([]int{i}, first...)
		} else if d.nodes[i].failed {
			first = append(first, i)
		}
		byDuration = append(byDuration, i)
	}
	slices.SortStableFunc(byDuration, func(a, b int) int { return cmp.Compare(d.nodes[b].duration(), d.nodes[a].duration()) })
	refused := 0
	for n, i := range slices.Concat(first, d.roots[:1], byDuration) {
		if left <= 0 || refused > lines {
			break
		}
		if d.nodes[i].chosen {
			continue
		}
		path := d.path(i, left)
		if len(path) > left {
			if n > 0 {
				refused++
				continue
			}
			// The way to the root is longer than the drawing: its lower end, and the root.
			path = append(path[:left-1], d.rootOf(i))
		}
		for _, j := range path {
			d.nodes[j].chosen = true
		}
		left -= len(path)
	}
}

// path is a span and those above it that are not chosen yet, no more than limit and one.
func (d *drawing) path(i, limit int) (path []int) {
	for ; i >= 0 && !d.nodes[i].chosen && len(path) <= limit; i = d.nodes[i].up {
		path = append(path, i)
	}
	return path
}

func (d *drawing) rootOf(i int) int {
	for d.nodes[i].up >= 0 {
		i = d.nodes[i].up
	}
	return i
}

// row is a line for a span.
type row struct {
	*node
	tree string
	gap  bool // spans between it and the one above are not drawn
}

// rows are the chosen spans with their branches.
func (d *drawing) rows() []row {
	// The nearest chosen span above, for all spans on the way down.
	above := make([]int, len(d.nodes))
	depth := make([]int, len(d.nodes))
	last := make([]int, len(d.nodes)) // the last child that is drawn
	for i := range last {
		last[i] = -1
	}
	for _, i := range d.order {
		above[i] = -1
		if up := d.nodes[i].up; up >= 0 {
			if d.nodes[up].chosen {
				above[i] = up
			} else {
				above[i] = above[up]
			}
		}
		if d.nodes[i].chosen && above[i] >= 0 {
			last[above[i]] = i
			depth[i] = depth[above[i]] + 1
		}
	}
	var rows []row
	for _, i := range d.order {
		if n := &d.nodes[i]; n.chosen {
			rows = append(rows, row{n, d.tree(i, above, last, depth[i]), n.up >= 0 && n.up != above[i]})
		}
	}
	return rows
}

// maxBranches is how many levels are drawn as branches; deeper ones begin with their number.
const maxBranches = 8

// tree is what is before a span's name.
func (d *drawing) tree(i int, above, last []int, depth int) string {
	if depth == 0 {
		return ""
	}
	if depth > maxBranches {
		return fmt.Sprintf("%s%d%s ", strings.Repeat(" ", maxBranches), depth, d.look.deep)
	}
	parts := make([]string, 0, depth)
	if last[above[i]] == i {
		parts = append(parts, d.look.corner)
	} else {
		parts = append(parts, d.look.branch)
	}
	for a := above[i]; above[a] >= 0; a = above[a] {
		if last[above[a]] == a {
			parts = append(parts, "   ")
		} else {
			parts = append(parts, d.look.line)
		}
	}
	slices.Reverse(parts)
	return strings.Join(parts, "")
}

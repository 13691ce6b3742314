// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package language

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"text/template"
	"text/template/parse"
)

// maxText is how much a template may put out, in bytes.
const maxText = 1 << 20

// Template is a text with {{ }} in it, of Go's text/template.
type Template struct {
	compiled *template.Template
	names    [][]string
}

// ParseTemplate reads a template. Its functions are those of text/template and json, truncate,
// default, lower, upper, join, indent, quote, base64 and sha. Templates define no others.
func ParseTemplate(text string) (*Template, error) {
	tree, err := parseTree(text, functions)
	if err != nil {
		return nil, err
	}
	t := &Template{names: treeNames(tree)}
	eachAction(tree.Root, func(a *parse.ActionNode) { appendFunction(tree, a, textFunction) })
	t.compiled, err = compileTree(tree, template.FuncMap{textFunction: Text})
	return t, err
}

// Names returns the paths of what the template reads from the data, such as [steps read version].
// What it reads relative to {{ with }} and {{ range }} is not among them.
func (t *Template) Names() [][]string { return t.names }

// Execute writes the template with the data. A key that is not there is an error, and so is more
// than 1 MiB.
func (t *Template) Execute(data map[string]any) (string, error) { return execute(t.compiled, data) }

// parseTree reads a template that consists of one tree.
func parseTree(text string, more template.FuncMap) (*parse.Tree, error) {
	t, err := template.New("").Option("missingkey=error").Funcs(more).Parse(text)
	if err != nil {
		return nil, errors.New(strings.TrimPrefix(parsePrefix.ReplaceAllString(err.Error(), ""), " "))
	}
	for _, defined := range t.Templates() {
		if defined != t && defined.Name() != "" {
			return nil, fmt.Errorf("{{ define %q }}: templates cannot define others", defined.Name())
		}
	}
	if t.Tree == nil { // text/template has no tree for an empty text
		return &parse.Tree{Root: &parse.ListNode{NodeType: parse.NodeList}}, nil
	}
	var called bool
	walk(t.Root, func(n parse.Node) {
		if n.Type() == parse.NodeTemplate {
			called = true
		}
	})
	if called {
		return nil, errors.New("{{ template }}: there are no other templates to call")
	}
	return t.Tree, nil
}

// parsePrefix is what text/template puts before its messages.
var parsePrefix = regexp.MustCompile(`^template: :(\d+:)+`)

func compileTree(tree *parse.Tree, more template.FuncMap) (*template.Template, error) {
	all := maps.Clone(functions)
	maps.Copy(all, more)
	return template.New("").Option("missingkey=error").Funcs(all).AddParseTree("", tree)
}

// eachAction calls f for each node that puts a value out, {{ .x }}, wherever it stands.
func eachAction(root *parse.ListNode, f func(*parse.ActionNode)) {
	walk(root, func(n parse.Node) {
		if a, ok := n.(*parse.ActionNode); ok && len(a.Pipe.Decl) == 0 {
			f(a)
		}
	})
}

// appendFunction makes {{ .x }} to {{ .x | name }}, as html/template does.
func appendFunction(tree *parse.Tree, a *parse.ActionNode, name string) {
	a.Pipe.Cmds = append(a.Pipe.Cmds, &parse.CommandNode{
		NodeType: parse.NodeCommand,
		Pos:      a.Pos,
		Args:     []parse.Node{parse.NewIdentifier(name).SetTree(tree).SetPos(a.Pos)},
	})
}

// walk visits the nodes that stand in lists, in their order.
func walk(list *parse.ListNode, visit func(parse.Node)) {
	if list == nil {
		return
	}
	for _, n := range list.Nodes {
		visit(n)
		if b := branch(n); b != nil {
			walk(b.List, visit)
			walk(b.ElseList, visit)
		}
	}
}

func branch(n parse.Node) *parse.BranchNode {
	switch n := n.(type) {
	case *parse.IfNode:
		return &n.BranchNode
	case *parse.RangeNode:
		return &n.BranchNode
	case *parse.WithNode:
		return &n.BranchNode
	}
	return nil
}

func execute(t *template.Template, data map[string]any) (string, error) {
	var w bounded
	err := t.Execute(&w, data)
	if err == nil {
		return w.String(), nil
	}
	if errors.Is(err, errTooLong) {
		return "", errTooLong
	}
	message := err.Error()
	if _, rest, ok := strings.Cut(message, ": executing "); ok {
		if _, at, ok := strings.Cut(rest, " at <"); ok {
			message = at
			if place, what, ok := strings.Cut(at, ">: "); ok {
				message = "{{ " + place + " }}: " + what
			}
		}
	}
	return "", errors.New(message)
}

var errTooLong = fmt.Errorf("the template puts out more than %d bytes", maxText)

// bounded is a strings.Builder that refuses to grow beyond maxText.
type bounded struct{ strings.Builder }

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxText {
		return 0, errTooLong
	}
	return b.Builder.Write(p)
}

// treeNames returns the paths that a template reads from its root: .a.b outside of {{ with }} and
// {{ range }}, and $.a.b everywhere.
func treeNames(tree *parse.Tree) [][]string {
	var names [][]string
	namesOfList(tree.Root, true, &names)
	return names
}

func namesOfList(list *parse.ListNode, atRoot bool, names *[][]string) {
	if list == nil {
		return
	}
	for _, n := range list.Nodes {
		if a, ok := n.(*parse.ActionNode); ok {
			namesOf(a.Pipe, atRoot, names)
		}
		b := branch(n)
		if b == nil {
			continue
		}
		namesOf(b.Pipe, atRoot, names)
		namesOfList(b.List, atRoot && n.Type() == parse.NodeIf, names)
		namesOfList(b.ElseList, atRoot, names)
	}
}

func namesOf(n parse.Node, atRoot bool, names *[][]string) {
	switch n := n.(type) {
	case *parse.PipeNode:
		if n == nil {
			return
		}
		for _, command := range n.Cmds {
			for _, arg := range command.Args {
				namesOf(arg, atRoot, names)
			}
			indexed(command, atRoot, names)
		}
	case *parse.FieldNode:
		if atRoot {
			*names = append(*names, n.Ident)
		}
	case *parse.VariableNode:
		if n.Ident[0] == "$" && len(n.Ident) > 1 {
			*names = append(*names, n.Ident[1:])
		}
	case *parse.ChainNode:
		namesOf(n.Node, atRoot, names)
	}
}

// indexed reads {{ index .steps "read" "version" }} as .steps.read.version.
func indexed(c *parse.CommandNode, atRoot bool, names *[][]string) {
	if len(c.Args) < 3 {
		return
	}
	if f, ok := c.Args[0].(*parse.IdentifierNode); !ok || f.Ident != "index" {
		return
	}
	var of [][]string
	namesOf(c.Args[1], atRoot, &of)
	if len(of) != 1 {
		return
	}
	path := append([]string{}, of[0]...)
	for _, arg := range c.Args[2:] {
		key, ok := arg.(*parse.StringNode)
		if !ok {
			break
		}
		path = append(path, key.Text)
	}
	*names = append(*names, path)
}

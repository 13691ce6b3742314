// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package language

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"text/template"
	"text/template/parse"
)

// Path is the path of a URL with {{ }} in it. Whatever the data are, the part that is written
// literally stays as it is, and each value is within one segment.
type Path struct {
	compiled *template.Template
	names    [][]string
}

// valueMark stands before each value while a path is written. No value and no literal has it.
const valueMark = "\x00"

// ParsePath reads a path. {{ .secrets.NAME | segments }}, written exactly so, may put out several
// segments: for secret paths that the config gives. Each other value is escaped.
func ParsePath(text string) (*Path, error) {
	if !strings.HasPrefix(text, "/") {
		return nil, errors.New("the path must begin with /")
	}
	more := template.FuncMap{segmentsFunction: segments}
	maps.Copy(more, functions)
	tree, err := parseTree(text, more)
	if err != nil {
		return nil, err
	}
	p := &Path{names: treeNames(tree)}
	var literal strings.Builder
	var problem error
	walk(tree.Root, func(n parse.Node) {
		switch n := n.(type) {
		case *parse.TextNode:
			literal.Write(n.Text)
			if i := strings.IndexFunc(string(n.Text), notOfPath); i >= 0 {
				problem = errors.Join(problem, fmt.Errorf("%q cannot be in a path; what follows ? is written as query", string(n.Text[i])))
			}
		case *parse.ActionNode:
			if len(n.Pipe.Decl) > 0 {
				return
			}
			literal.WriteByte('x')
			if !isSecretSegments(n) {
				appendFunction(tree, n, escapeFunction)
			}
		}
	})
	if problem != nil {
		return nil, problem
	}
	if err := checkLiteral(literal.String()); err != nil {
		return nil, err
	}
	// "segments" of anything else would be escaped as one segment, which nobody means.
	if n := strings.Count(text, segmentsFunction); n > 0 {
		secrets := 0
		eachAction(tree.Root, func(a *parse.ActionNode) {
			if isSecretSegments(a) {
				secrets++
			}
		})
		if calls := callsOf(tree.Root, segmentsFunction); calls != secrets {
			return nil, errors.New("segments is for secrets alone: {{ .secrets.NAME | segments }}")
		}
	}
	p.compiled, err = compileTree(tree, template.FuncMap{segmentsFunction: segments, escapeFunction: escape})
	return p, err
}

// Names returns the paths of what the path reads from the data.
func (p *Path) Names() [][]string { return p.names }

// Execute writes the path with the data, escaped. A value that makes an empty segment, or one of
// dots that would lead elsewhere, is an error.
func (p *Path) Execute(data map[string]any) (string, error) {
	text, err := execute(p.compiled, data)
	if err != nil {
		return "", err
	}
	parts := strings.Split(text, "/")
	for i, part := range parts {
		parts[i] = strings.ReplaceAll(part, valueMark, "")
		literal := parts[i] == part
		if parts[i] == "" && i > 0 && !(literal && i == len(parts)-1) {
			return "", fmt.Errorf("segment %d of the path is empty", i)
		}
		decoded, err := url.PathUnescape(parts[i])
		if err != nil {
			return "", fmt.Errorf("segment %d of the path: %w", i, err)
		}
		for within := range strings.FieldsFuncSeq(decoded, func(r rune) bool { return r == '/' || r == '\\' }) {
			if within == "." || within == ".." {
				return "", fmt.Errorf("segment %d of the path leads elsewhere: it has a part of dots alone", i)
			}
		}
	}
	return strings.Join(parts, "/"), nil
}

// notOfPath are the characters that a literal part of a path cannot have.
func notOfPath(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune(`?#%\;"<>^`+"`{|}", r)
}

// checkLiteral refuses what is literally no path: empty segments and dots.
func checkLiteral(text string) error {
	parts := strings.Split(text, "/")[1:]
	for i, part := range parts {
		if part == "." || part == ".." || part == "" && i < len(parts)-1 {
			return fmt.Errorf("the path has the segment %q", part)
		}
	}
	return nil
}

// isSecretSegments reports whether an action is {{ .secrets.NAME | segments }}.
func isSecretSegments(a *parse.ActionNode) bool {
	if len(a.Pipe.Cmds) != 2 || len(a.Pipe.Cmds[0].Args) != 1 || len(a.Pipe.Cmds[1].Args) != 1 {
		return false
	}
	field, ok := a.Pipe.Cmds[0].Args[0].(*parse.FieldNode)
	name, named := a.Pipe.Cmds[1].Args[0].(*parse.IdentifierNode)
	return ok && named && len(field.Ident) == 2 && field.Ident[0] == "secrets" && name.Ident == segmentsFunction
}

// callsOf counts where a function is named.
func callsOf(list *parse.ListNode, function string) int {
	count := 0
	var in func(n parse.Node)
	in = func(n parse.Node) {
		switch n := n.(type) {
		case *parse.PipeNode:
			for _, c := range n.Cmds {
				for _, arg := range c.Args {
					in(arg)
				}
			}
		case *parse.ChainNode:
			in(n.Node)
		case *parse.IdentifierNode:
			if n.Ident == function {
				count++
			}
		}
	}
	walk(list, func(n parse.Node) {
		if a, ok := n.(*parse.ActionNode); ok {
			in(a.Pipe)
		}
		if b := branch(n); b != nil {
			in(b.Pipe)
		}
	})
	return count
}

// escape writes a value as a part of one segment.
func escape(v any) string { return valueMark + url.PathEscape(Text(v)) }

// segments writes a secret of several segments, each of which is escaped.
func segments(v any) (string, error) {
	parts := strings.Split(strings.Trim(Text(v), "/"), "/")
	for i, part := range parts {
		if part == "" {
			return "", errors.New("a segment of the secret is empty")
		}
		parts[i] = valueMark + url.PathEscape(part)
	}
	return strings.Join(parts, "/"), nil
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package language

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
)

const (
	// maxExpression is the length of an expression in bytes, maxNodes the number of its parts,
	// maxMemory how many items it may make.
	maxExpression = 8 << 10
	maxNodes      = 1000
	maxMemory     = 1_000_000
	// maxSeen is how many values Seen shows.
	maxSeen = 3
)

// The keys of blocks in a JSON body that stand for something else: the value of an expression, or a
// file as base64 text.
const (
	Expr = "$expr"
	File = "$file"
)

// fromJSON is the one function that is ours: the library's makes floats of whole numbers.
const fromJSON = "fromJSON"

// Expression is a condition or a value.
type Expression struct {
	program *vm.Program
	names   [][]string
	// seen are the values of the answer that it reads.
	seen []*Expression
	text string
}

// Compile reads an expression.
func Compile(text string) (*Expression, error) {
	e, err := compile(text)
	if err != nil {
		return nil, err
	}
	reads := reads{locals: map[string]bool{}}
	node := e.program.Node()
	ast.Walk(&node, &reads)
	if len(reads.calls) > 0 {
		return nil, fmt.Errorf("there is no function %s", reads.calls[0])
	}
	for _, path := range reads.paths {
		if !reads.locals[path[0]] {
			e.names = append(e.names, path)
		}
	}
	for _, text := range reads.answers {
		if one, err := compile(text); err == nil && len(e.seen) < maxSeen {
			e.seen = append(e.seen, one)
		}
	}
	return e, nil
}

func compile(text string) (*Expression, error) {
	if len(text) > maxExpression {
		return nil, fmt.Errorf("the expression has %d bytes, at most %d are allowed", len(text), maxExpression)
	}
	program, err := expr.Compile(text,
		expr.AllowUndefinedVariables(),
		expr.Optimize(false), // the names that it reads are those that were written
		expr.MaxNodes(maxNodes),
		expr.DisableBuiltin("now"), // the data have the time, as a name
		expr.Function(fromJSON, func(params ...any) (any, error) { return DecodeJSON([]byte(params[0].(string))) }, new(func(string) any)),
	)
	if err != nil {
		return nil, explain(err)
	}
	return &Expression{program: program, text: text}, nil
}

// explain makes one line of what the library says in several.
func explain(err error) error {
	if f, ok := errors.AsType[*file.Error](err); ok {
		message, _, _ := strings.Cut(f.Message, "\n")
		return errors.New(message)
	}
	return err
}

// Names returns the paths of what the expression reads from the data, such as [steps read version].
func (e *Expression) Names() [][]string { return e.names }

// Eval returns the value of the expression, a plain one.
func (e *Expression) Eval(data map[string]any) (any, error) {
	machine := vm.VM{MemoryBudget: maxMemory}
	v, err := machine.Run(e.program, data)
	if err != nil {
		return nil, explain(err)
	}
	return Plain(v)
}

// Holds returns whether a condition holds. A value that is neither true nor false is an error.
func (e *Expression) Holds(data map[string]any) (bool, error) {
	v, err := e.Eval(data)
	if err != nil {
		return false, err
	}
	b, ok := v.(bool)
	if !ok {
		return false, fmt.Errorf("%q gives a value that is neither true nor false", Truncate(e.text, 80))
	}
	return b, nil
}

// Seen says what the expression has read of an answer, for people: body.status is "PENDING". It is
// empty where it has read nothing of it.
func (e *Expression) Seen(data map[string]any) string {
	var parts []string
	for _, one := range e.seen {
		v, err := one.Eval(data)
		if err != nil {
			continue
		}
		parts = append(parts, one.text+" is "+Truncate(shown(v), 120))
	}
	return strings.Join(parts, ", ")
}

func shown(v any) string {
	if v == nil {
		return "not there"
	}
	data, err := EncodeJSON(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(data)
}

// reads collects what an expression reads.
type reads struct {
	paths   [][]string
	answers []string
	// locals are the names that the expression gives itself, calls those of functions that there are
	// not.
	locals map[string]bool
	calls  []string
}

// Visit is called for the parts before the whole, so that a path comes after its beginnings.
func (r *reads) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.VariableDeclaratorNode:
		r.locals[n.Name] = true
	case *ast.IdentifierNode:
		r.add(n, []string{n.Value})
	case *ast.MemberNode:
		if path := memberPath(n); path != nil {
			r.add(n, path)
		}
	case *ast.BuiltinNode:
		if n.Name == "reduce" || n.Name == "repeat" {
			r.calls = append(r.calls, n.Name) // the budget does not count texts, which both can make huge
		}
	case *ast.CallNode:
		if f, ok := n.Callee.(*ast.IdentifierNode); ok && f.Value != fromJSON {
			r.calls = append(r.calls, f.Value)
		} else if ok {
			r.locals[f.Value] = true
		}
	}
}

// add adds a path in the place of its beginning.
func (r *reads) add(node ast.Node, path []string) {
	if i := len(r.paths) - 1; i >= 0 && slices.Equal(r.paths[i], path[:len(path)-1]) {
		r.paths = r.paths[:i]
	}
	r.paths = append(r.paths, path)
	if path[0] != "body" && path[0] != "status" && path[0] != "headers" {
		return
	}
	text := node.String()
	if i := len(r.answers) - 1; i >= 0 && strings.HasPrefix(text, r.answers[i]) {
		r.answers = r.answers[:i]
	}
	if !slices.Contains(r.answers, text) {
		r.answers = append(r.answers, text)
	}
}

// memberPath returns the path of a.b["c"]; nil for anything else.
func memberPath(n *ast.MemberNode) []string {
	key, ok := n.Property.(*ast.StringNode)
	if !ok {
		return nil
	}
	of := n.Node
	if chain, ok := of.(*ast.ChainNode); ok {
		of = chain.Node
	}
	switch of := of.(type) {
	case *ast.IdentifierNode:
		return []string{of.Value, key.Value}
	case *ast.MemberNode:
		if path := memberPath(of); path != nil {
			return append(path, key.Value)
		}
	}
	return nil
}

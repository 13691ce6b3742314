// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Command gendocs writes docs/attributes.md from the doc comments of package mlconv.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log"
	"os"
	"regexp"
	"strconv"
	"strings"
)

const header = `<!-- Generated from package mlconv by "make generate". DO NOT EDIT. -->

# Attributes and metrics

Every name that otelcol-ml reads or writes. Names that OpenTelemetry has already are used as they are
(` + "`gen_ai.*`, `cicd.*`, `deployment.*`, `otel.*`" + `); the rest live under ` + "`ml.`" + `. A name that ends in a dot is a
prefix: what follows is your own name, as in ` + "`ml.feature.amount`" + `. The Go package
` + "`github.com/otelcol-ml/otelcol-ml/mlconv`" + ` has them as constants.
`

// comment is what a constant's doc comment must look like: Name (type, unit) text. Example: value.
var comment = regexp.MustCompile(`(?s)^(\w+) \(([^,)]+)(?:, ([^)]+))?\) (.+?)(?: Example: (.+))?$`)

func main() {
	dir := flag.String("dir", ".", "the folder of package mlconv")
	out := flag.String("out", "", "the file to write; standard output if empty")
	flag.Parse()
	doc, err := generate(*dir)
	if err != nil {
		log.Fatal(err)
	}
	if *out == "" {
		_, err = os.Stdout.Write(doc)
	} else {
		err = os.WriteFile(*out, doc, 0o644)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// generate returns the page; constants whose comment says too little are errors, all of them at once.
func generate(dir string) ([]byte, error) {
	page := bytes.NewBufferString(header)
	var errs []error
	fset := token.NewFileSet()
	for _, name := range []string{"attributes.go", "metrics.go"} {
		file, err := parser.ParseFile(fset, dir+"/"+name, nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		for _, decl := range file.Decls {
			group, ok := decl.(*ast.GenDecl)
			if !ok || group.Tok != token.CONST {
				continue
			}
			title := strings.TrimSuffix(strings.TrimSpace(group.Doc.Text()), ".")
			if title == "" {
				errs = append(errs, fmt.Errorf("%s: a group of constants has no comment", fset.Position(group.Pos())))
			}
			fmt.Fprintf(page, "\n## %s\n\n| name | type | unit | meaning | example |\n|---|---|---|---|---|\n", strings.Join(strings.Fields(title), " "))
			for _, spec := range group.Specs {
				row, err := row(spec.(*ast.ValueSpec))
				if err != nil {
					errs = append(errs, fmt.Errorf("%s: %w", fset.Position(spec.Pos()), err))
				}
				page.WriteString(row)
			}
		}
	}
	return page.Bytes(), errors.Join(errs...)
}

func row(spec *ast.ValueSpec) (string, error) {
	name := spec.Names[0].Name
	text := strings.Join(strings.Fields(spec.Doc.Text()), " ")
	m := comment.FindStringSubmatch(text)
	if m == nil || m[1] != name {
		return "", fmt.Errorf("the comment of %s must read \"%s (type, unit) meaning. Example: value.\"", name, name)
	}
	value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
	if err != nil {
		return "", err
	}
	example := strings.TrimSuffix(m[5], ".")
	if example != "" {
		example = "`" + example + "`"
	}
	meaning := strings.TrimPrefix(m[4], "is ")
	meaning = strings.ToUpper(meaning[:1]) + meaning[1:]
	cell := func(s string) string { return strings.ReplaceAll(s, "|", "\\|") }
	return fmt.Sprintf("| `%s` | %s | %s | %s | %s |\n", value, cell(m[2]), cell(m[3]), cell(meaning), cell(example)), nil
}

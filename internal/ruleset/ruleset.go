// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package ruleset finds and reads rule files: those that patterns name on disk, and those that the
// distribution ships, which are called builtin:NAME.
package ruleset

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/otelcol-ml/otelcol-ml/internal/boundedfile"
	shipped "github.com/otelcol-ml/otelcol-ml/rules"
)

// Builtin is what the name of a shipped rule file begins with: builtin:drift is rules/drift.yaml,
// builtin:* is all of them.
const Builtin = "builtin:"

// Loader reads rule files, as a rules.GroupLoader.
type Loader struct {
	Parser parser.Parser
	Logger *slog.Logger
	// Generated are groups that are in no file, by the name that they are loaded under. It may be nil.
	Generated map[string]*rulefmt.RuleGroups
}

// Load reads and checks one file. Each error names the file, line and column.
func (l Loader) Load(name string, ignoreUnknownFields bool, scheme model.ValidationScheme) (*rulefmt.RuleGroups, []error) {
	if groups, ok := l.Generated[name]; ok {
		return groups, nil
	}
	content, err := Read(name)
	if err != nil {
		return nil, []error{fmt.Errorf("%s: %w", name, err)}
	}
	groups, errs := rulefmt.Parse(content, ignoreUnknownFields, scheme, l.Parser, l.Logger)
	for i := range errs {
		errs[i] = fmt.Errorf("%s: %w", name, errs[i])
	}
	return groups, errs
}

// Parse reads one expression.
func (l Loader) Parse(query string) (parser.Expr, error) { return l.Parser.ParseExpr(query) }

// maxFile bounds a rule file.
const maxFile = 16 << 20

// Read returns the content of one file.
func Read(name string) ([]byte, error) {
	shippedName, ok := strings.CutPrefix(name, Builtin)
	if !ok {
		return boundedfile.Read(name, maxFile)
	}
	content, err := shipped.Files.ReadFile(shippedName + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("there is no such file; shipped are %s", strings.Join(ShippedNames(), ", "))
	}
	return content, nil
}

// Fingerprint returns a text that changes when the content of a file, or which files there are, does.
func Fingerprint(files []string) (string, error) {
	sum := sha256.New()
	for _, name := range files {
		content, err := Read(name)
		if err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		fmt.Fprintf(sum, "%q %d\n", name, len(content))
		sum.Write(content)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// ShippedNames returns the names of the shipped rule files, builtin: included, in order.
func ShippedNames() []string {
	files, _ := fs.Glob(shipped.Files, "*.yaml")
	var names []string
	for _, file := range files {
		if name := strings.TrimSuffix(file, ".yaml"); !strings.HasSuffix(name, "_test") {
			names = append(names, Builtin+name)
		}
	}
	return names
}

// Expand returns the files that patterns name, each once, in order. A pattern without a file is no
// error, as in Prometheus, and returned as unmatched.
func Expand(patterns []string) (files, unmatched []string, err error) {
	var errs []error
	for _, pattern := range patterns {
		matches, err := expand(pattern)
		if err != nil {
			errs = append(errs, fmt.Errorf("%q: %w", pattern, err))
			continue
		}
		if len(matches) == 0 {
			unmatched = append(unmatched, pattern)
		}
		files = append(files, matches...)
	}
	slices.Sort(files)
	return slices.Compact(files), unmatched, errors.Join(errs...)
}

func expand(pattern string) ([]string, error) {
	if !strings.HasPrefix(pattern, Builtin) {
		return filepath.Glob(pattern)
	}
	var matches []string
	for _, name := range ShippedNames() {
		if ok, err := path.Match(pattern, name); err != nil {
			return nil, err
		} else if ok {
			matches = append(matches, name)
		}
	}
	return matches, nil
}

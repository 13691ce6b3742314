// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package grafana

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Values are the values of a dashboard's variables.
type Values map[string]Value

// Value is what is chosen for a variable.
type Value struct {
	// Chosen are the values; with All they are all there are.
	Chosen []string
	// All says that "All" is chosen, and allValue what stands in queries then, if that is not a list of Chosen.
	All      bool
	allValue string
	// several says that the variable may have several values, so that they stand in queries as regular expressions.
	several bool
	// Offered are all values there are to choose from.
	Offered []string
}

// variable is a reference to a variable: $name, ${name}, ${name:format} or [[name]].
var variable = regexp.MustCompile(`\$(\w+)|\[\[(\w+?)(?::(\w+))?\]\]|\$\{(\w+)(?:\.([^:^}]+))?(?::([^}]+))?\}`)

// digits are references to groups of a regular expression, as label_replace has them.
var digits = regexp.MustCompile(`^\d+$`)

// Expand puts the values in the place of variables, and then the built-in ones, which may stand in values, too. Unknown ones are an error.
func (v Values) Expand(text string, builtin map[string]string) (string, error) {
	text, err := replace(text, func(name, format string) (string, bool, error) {
		value, ok := v[name]
		if !ok {
			return "", false, nil
		}
		text, err := value.format(format)
		return text, true, err
	})
	if err != nil {
		return "", err
	}
	return replace(text, func(name, _ string) (string, bool, error) {
		value, ok := builtin[name]
		if !ok && !digits.MatchString(name) {
			return "", false, errors.New("no such variable")
		}
		return value, ok, nil
	})
}

// replace replaces the variables that there is something for.
func replace(text string, with func(name, format string) (string, bool, error)) (string, error) {
	var failed error
	replaced := variable.ReplaceAllStringFunc(text, func(reference string) string {
		match := variable.FindStringSubmatch(reference)
		value, ok, err := with(cmp.Or(match[1], match[2], match[4]), cmp.Or(match[3], match[6]))
		if err != nil {
			failed = fmt.Errorf("%s: %w", reference, err)
		}
		if !ok {
			return reference
		}
		return value
	})
	return replaced, failed
}

// format writes a value into a query.
func (v Value) format(format string) (string, error) {
	if v.All && v.allValue != "" {
		return v.allValue, nil
	}
	switch format {
	case "":
		if !v.several {
			return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(strings.Join(v.Chosen, ",")), nil
		}
		return v.regex(`\\`), nil
	case "regex":
		return v.regex(`\`), nil
	case "pipe":
		return strings.Join(v.Chosen, "|"), nil
	case "raw", "csv", "text":
		return strings.Join(v.Chosen, ","), nil
	}
	return "", fmt.Errorf("the format %q is not known here", format)
}

// regex is a regular expression that matches what is chosen, with backslashes written as a backslash is.
func (v Value) regex(backslash string) string {
	escaped := make([]string, 0, len(v.Chosen))
	for _, chosen := range v.Chosen {
		escaped = append(escaped, strings.ReplaceAll(regexp.QuoteMeta(chosen), `\`, backslash))
	}
	if len(escaped) == 1 {
		return escaped[0]
	}
	return "(" + strings.Join(escaped, "|") + ")"
}

// Open gives each variable the value that it has when the dashboard is opened: what is saved with it, else All, else the first. Values in
// chosen are chosen by the user, several with commas between them.
func (p *Prometheus) Open(ctx context.Context, d *Dashboard, w Window, chosen map[string]string) (Values, error) {
	values := Values{}
	step, err := w.step()
	if err != nil {
		return nil, err
	}
	for _, variable := range d.Templating.List {
		value := Value{several: variable.Multi || variable.IncludeAll, allValue: variable.AllValue}
		switch variable.Type {
		case "datasource":
			value.Offered = []string{"prometheus"}
		case "textbox", "constant":
			value.Offered = []string{string(variable.Query)}
		case "custom", "interval":
			for _, option := range variable.Options {
				if len(option.Value) == 1 && option.Value[0] != all {
					value.Offered = append(value.Offered, option.Value[0])
				}
			}
			if len(value.Offered) == 0 {
				for option := range strings.SplitSeq(string(variable.Query), ",") {
					value.Offered = append(value.Offered, strings.TrimSpace(option))
				}
			}
		case "query":
			query, err := values.Expand(string(variable.Query), w.builtin(step))
			if err == nil {
				value.Offered, err = p.offered(ctx, query, variable.Regex, w)
			}
			if err != nil {
				return nil, fmt.Errorf("the variable %s: %w", variable.Name, err)
			}
		default:
			return nil, fmt.Errorf("the variable %s: the type %q is not known here", variable.Name, variable.Type)
		}
		value.choose(variable, chosen[variable.Name])
		values[variable.Name] = value
	}
	return values, nil
}

// all is what stands for All in the JSON.
const all = "$__all"

// choose chooses among what is offered.
func (v *Value) choose(variable Variable, chosen string) {
	current := variable.Current.Value
	switch {
	case chosen != "":
		v.Chosen = strings.Split(chosen, ",")
	case variable.IncludeAll && (len(current) == 0 || slices.Contains(current, all)):
		v.All, v.Chosen = true, v.Offered
	case len(current) > 0 && !slices.ContainsFunc(current, func(c string) bool { return !slices.Contains(v.Offered, c) }):
		v.Chosen = current
	case len(v.Offered) > 0:
		v.Chosen = v.Offered[:1]
	}
}

var (
	labelValues  = regexp.MustCompile(`^label_values\((?:(.+),\s*)?([a-zA-Z_]\w*)\s*\)$`)
	queryResult  = regexp.MustCompile(`^query_result\((.+)\)$`)
	regexLiteral = regexp.MustCompile(`^/(.*)/[a-z]*$`)
)

// offered are the values that a variable's query gives.
func (p *Prometheus) offered(ctx context.Context, query, filter string, w Window) ([]string, error) {
	var found []string
	query = strings.TrimSpace(query)
	if match := labelValues.FindStringSubmatch(query); match != nil {
		var err error
		if found, err = p.labelValues(ctx, match[2], strings.TrimSpace(match[1]), w); err != nil {
			return nil, err
		}
	} else if match := queryResult.FindStringSubmatch(query); match != nil {
		series, err := p.instant(ctx, match[1], w.End)
		if err != nil {
			return nil, err
		}
		for _, s := range series {
			found = append(found, fmt.Sprintf("%s %v %d", labelsText(s.Labels), s.Points[0].Value, s.Points[0].Time.UnixMilli()))
		}
	} else {
		return nil, fmt.Errorf("the query %q is neither label_values nor query_result", query)
	}
	if filter == "" {
		return found, nil
	}
	if match := regexLiteral.FindStringSubmatch(filter); match != nil {
		filter = match[1]
	}
	expression, err := regexp.Compile(filter)
	if err != nil {
		return nil, err
	}
	var kept []string
	for _, value := range found {
		match := expression.FindStringSubmatch(value)
		if match == nil {
			continue
		}
		kept = append(kept, match[min(1, len(match)-1)])
	}
	slices.Sort(kept)
	return slices.Compact(kept), nil
}

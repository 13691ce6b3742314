// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/otelcol-ml/otelcol-ml/docs/schema"
	"github.com/otelcol-ml/otelcol-ml/internal/eventtime"
	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc"
)

// cardSchema is the compiled schema with its source, which knows the keys that may be suggested.
type cardSchema struct {
	compiled *jsonschema.Schema
	source   map[string]any
}

var loadSchema = sync.OnceValue(func() cardSchema {
	source, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema.Card))
	if err != nil {
		panic("BUG: the embedded schema is no JSON: " + err.Error())
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("card.json", source); err != nil {
		panic("BUG: the embedded schema is not usable: " + err.Error())
	}
	return cardSchema{compiled: c.MustCompile("card.json"), source: source.(map[string]any)}
})

// shape is a document that is compared with the schema.
type shape struct {
	*yamldoc.Document
	schema cardSchema
}

// checkShape reports what the JSON schema refuses.
func checkShape(doc *yamldoc.Document) {
	d := shape{doc, loadSchema()}
	err := d.schema.compiled.Validate(d.Value)
	if invalid, ok := errors.AsType[*jsonschema.ValidationError](err); ok {
		d.explain(invalid)
	} else if err != nil {
		d.Fail(d.Root, nil, "%v", err)
	}
}

// explain reports the leaves of a tree of violations.
func (d shape) explain(e *jsonschema.ValidationError) {
	path := e.InstanceLocation
	switch k := e.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		known := d.schema.keys(e.SchemaURL)
		for _, name := range k.Properties {
			at := append(slices.Clone(path), name)
			key, _ := d.At(at)
			if len(known) == 0 {
				d.Fail(key, at, "is no good name: it must have 1 to 256 characters")
				continue
			}
			d.Fail(key, at, "unknown key%s (allowed: %s)", yamldoc.Suggest(name, known), strings.Join(known, ", "))
		}
		return
	}
	if len(e.Causes) > 0 {
		for _, cause := range e.Causes {
			d.explain(cause)
		}
		return
	}
	_, node := d.At(path)
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		for _, name := range k.Missing {
			d.Fail(node, append(slices.Clone(path), name), "is missing")
		}
	case *kind.Type:
		if k.Got == "number" && slices.Equal(k.Want, []string{"string"}) && !strings.HasSuffix(e.SchemaURL, "/duration") && !strings.HasSuffix(e.SchemaURL, "/window") {
			d.Fail(node, path, "must be a text; write \"%s\" in quotes", node.Value)
			return
		}
		d.Fail(node, path, "must be %s, is %s%s", wanted(e.SchemaURL, k.Want), got(k.Got), decimalComma(k, node.Value))
	case *kind.Enum:
		var want []string
		for _, w := range k.Want {
			want = append(want, fmt.Sprint(w))
		}
		given := fmt.Sprint(k.Got)
		if _, ok := k.Got.(string); !ok {
			given = node.Value
		}
		d.Fail(node, path, "%q is none of %s%s", yamldoc.Clip(given), listed(want), yamldoc.Suggest(given, want))
	case *kind.Pattern:
		if strings.HasSuffix(e.SchemaURL, "/cardName") {
			d.Fail(node, path, "%q has a *, but a name is taken as it is written: %s", yamldoc.Clip(k.Got), d.insteadOfWildcard())
			return
		}
		if strings.HasSuffix(e.SchemaURL, "/modelPattern") {
			d.Fail(node, path, "%q is every model: write at least one letter beside the *", yamldoc.Clip(k.Got))
			return
		}
		d.Fail(node, path, "%q is not %s", yamldoc.Clip(k.Got), wanted(e.SchemaURL, []string{"string"}))
	case *kind.Minimum:
		d.Fail(node, path, "%s must be at least %s", number(k.Got), number(k.Want))
	case *kind.Maximum:
		d.Fail(node, path, "%s must be at most %s", number(k.Got), number(k.Want))
	case *kind.ExclusiveMinimum:
		d.Fail(node, path, "%s must be above %s", number(k.Got), number(k.Want))
	case *kind.ExclusiveMaximum:
		d.Fail(node, path, "%s must be below %s", number(k.Got), number(k.Want))
	case *kind.MinLength:
		d.Fail(node, path, "must not be empty")
	case *kind.MaxLength:
		d.Fail(node, path, "has %d characters, at most %d are allowed", k.Got, k.Want)
	case *kind.MinItems:
		d.Fail(node, path, "must have at least %d item", k.Want)
	case *kind.MaxItems:
		d.Fail(node, path, "has %d items, at most %d are allowed", k.Got, k.Want)
	case *kind.MinProperties:
		d.Fail(node, path, "must have at least %d of the keys %s", k.Want, strings.Join(d.schema.keys(e.SchemaURL), ", "))
	case *kind.UniqueItems:
		at := append(slices.Clone(path), strconv.Itoa(k.Duplicates[1]))
		_, second := d.At(at)
		d.Fail(second, at, "is there twice, first at [%d]", k.Duplicates[0])
	default:
		d.Fail(node, path, "%s", e.ErrorKind.LocalizedString(message.NewPrinter(language.English)))
	}
}

// keys returns the keys that an object of the schema at a location may have, sorted.
func (s cardSchema) keys(url string) []string {
	_, pointer, _ := strings.Cut(url, "#")
	var at any = s.source
	for p := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		m, ok := at.(map[string]any)
		if !ok || p == "" {
			break
		}
		at = m[strings.NewReplacer("~1", "/", "~0", "~").Replace(p)]
	}
	m, _ := at.(map[string]any)
	properties, _ := m["properties"].(map[string]any)
	keys := make([]string, 0, len(properties))
	for k := range properties {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// wanted says what a value must be, for a definition of the schema or a JSON type.
func wanted(url string, types []string) string {
	switch url[strings.LastIndexByte(url, '/')+1:] {
	case "duration":
		return "a duration, such as 90s, 1h30m, 7d or 2w"
	case "window":
		return eventtime.WindowForm
	case "timestamp":
		return "a time, such as 2026-11-01T00:00:00Z or 2026-11-01"
	case "checkName":
		return "a name of letters, digits, _ and -, 64 at most"
	case "currency":
		return "a currency of three capital letters (ISO 4217), such as USD or EUR"
	}
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = got(t)
	}
	return strings.Join(names, " or ")
}

// insteadOfWildcard says what to write where a name has a *.
func (d shape) insteadOfWildcard() string {
	if m, ok := d.Value.(map[string]any); ok && m["kind"] == "job" {
		return "write one card for each job"
	}
	return "write one card, and the other names under also_known_as, or with * under models"
}

// decimalComma says how a number is written that came as a string, such as "0,15"; empty for any
// other text.
func decimalComma(k *kind.Type, value string) string {
	if k.Got != "string" || !slices.Contains(k.Want, "number") && !slices.Contains(k.Want, "integer") {
		return ""
	}
	written := strings.Replace(strings.TrimSpace(value), ",", ".", 1)
	if f, err := strconv.ParseFloat(written, 64); err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return fmt.Sprintf(" (%q)", yamldoc.Clip(value))
	}
	return fmt.Sprintf(" (%q); write %s", yamldoc.Clip(value), written)
}

// got names a JSON type for people.
func got(jsonType string) string {
	switch jsonType {
	case "string":
		return "a text"
	case "number":
		return "a number"
	case "integer":
		return "a whole number"
	case "boolean":
		return "true or false"
	case "array":
		return "a list"
	case "object":
		return "a block of keys"
	case "null":
		return "empty"
	default:
		return jsonType
	}
}

func number(r *big.Rat) string {
	f, _ := r.Float64()
	data, err := json.Marshal(f)
	if err != nil {
		return r.RatString()
	}
	return string(data)
}

// listed writes choices; of a long list, such as that of statistics, without those of other tools.
func listed(choices []string) string {
	if len(choices) <= 20 {
		return strings.Join(choices, ", ")
	}
	ours := slices.DeleteFunc(slices.Clone(choices), func(name string) bool { return strings.Contains(name, "@") })
	return strings.Join(ours, ", ") + ", or another tool's, as in docs/methods.md"
}

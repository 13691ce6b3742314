// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package shape compares YAML documents with a JSON schema (draft 2020-12), and says what does not
// fit in the words of people: by file, line and key, and what is allowed instead.
//
//	schema ──► Compile ──► Schema.Check(document) ──► violations in the document's report
package shape

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

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc"
)

// Schema is a compiled schema with its source, which knows the keys that may be suggested.
type Schema struct {
	compiled *jsonschema.Schema
	source   map[string]any
	words    Words
}

// Words are what a kind of documents says in its own way. All of it may be absent.
type Words struct {
	// Wanted says what a value must be, by the name of the definition in the schema.
	Wanted map[string]string
	// UnquotedNumbers are definitions of texts that a number is not one of for lack of quotes.
	UnquotedNumbers []string
	// Key is what a key must have or be where the schema has a pattern for keys (patternProperties; the
	// library has no place in the document for what propertyNames refuses).
	Key string
	// Pattern says what is wrong with a text that does not match the pattern of a definition; empty
	// for what Wanted says.
	Pattern func(doc *yamldoc.Document, definition, text string) string
	// Choices writes the values that are allowed; nil writes them all.
	Choices func([]string) string
}

// Compile reads a schema that is embedded in the program: one that cannot be read is a bug, and
// panics.
func Compile(data []byte, words Words) *Schema {
	source, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		panic("BUG: the embedded schema is no JSON: " + err.Error())
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	const name = "schema.json"
	if err := c.AddResource(name, source); err != nil {
		panic("BUG: the embedded schema is not usable: " + err.Error())
	}
	return &Schema{compiled: c.MustCompile(name), source: source.(map[string]any), words: words}
}

// compared is a document that is compared with a schema.
type compared struct {
	*yamldoc.Document
	schema *Schema
}

// Check reports to the document what the schema refuses.
func (s *Schema) Check(doc *yamldoc.Document) {
	d := compared{doc, s}
	err := s.compiled.Validate(d.Value)
	if invalid, ok := errors.AsType[*jsonschema.ValidationError](err); ok {
		d.explain(invalid)
	} else if err != nil {
		d.Fail(d.Root, nil, "%v", err)
	}
}

// explain reports the leaves of a tree of violations.
func (d compared) explain(e *jsonschema.ValidationError) {
	if d.Full() {
		d.Count(leaves(e))
		return
	}
	path := e.InstanceLocation
	switch k := e.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		known := d.schema.keys(e.SchemaURL)
		for i, name := range k.Properties {
			if d.Full() {
				d.Count(len(k.Properties) - i)
				return
			}
			at := append(slices.Clone(path), name)
			key, _ := d.At(at)
			if len(known) == 0 {
				d.Fail(key, at, "is no good name: it must %s", d.schema.words.Key)
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
		if k.Got == "number" && slices.Equal(k.Want, []string{"string"}) && !slices.Contains(d.schema.words.UnquotedNumbers, definition(e.SchemaURL)) {
			d.Fail(node, path, "must be a text; write \"%s\" in quotes", node.Value)
			return
		}
		d.Fail(node, path, "must be %s, is %s%s", d.schema.wanted(e.SchemaURL, k.Want), got(k.Got), decimalComma(k, node.Value))
	case *kind.Enum:
		var want []string
		for _, w := range k.Want {
			want = append(want, fmt.Sprint(w))
		}
		given := fmt.Sprint(k.Got)
		if _, ok := k.Got.(string); !ok {
			given = node.Value
		}
		d.Fail(node, path, "%q is none of %s%s", yamldoc.Clip(given), d.schema.listed(want), yamldoc.Suggest(given, want))
	case *kind.Pattern:
		if d.schema.words.Pattern != nil {
			if message := d.schema.words.Pattern(d.Document, definition(e.SchemaURL), k.Got); message != "" {
				d.Fail(node, path, "%s", message)
				return
			}
		}
		d.Fail(node, path, "%q is not %s", yamldoc.Clip(k.Got), d.schema.wanted(e.SchemaURL, []string{"string"}))
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

// leaves is how many violations a tree of them has.
func leaves(e *jsonschema.ValidationError) int {
	switch k := e.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		return len(k.Properties)
	case *kind.Required:
		return len(k.Missing)
	}
	if len(e.Causes) == 0 {
		return 1
	}
	n := 0
	for _, cause := range e.Causes {
		n += leaves(cause)
	}
	return n
}

// keys returns the keys that an object of the schema at a location may have, sorted.
func (s *Schema) keys(url string) []string {
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

// definition is the name of the definition at a location in the schema.
func definition(url string) string { return url[strings.LastIndexByte(url, '/')+1:] }

// wanted says what a value must be, for a definition of the schema or a JSON type.
func (s *Schema) wanted(url string, types []string) string {
	if words := s.words.Wanted[definition(url)]; words != "" {
		return words
	}
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = got(t)
	}
	return strings.Join(names, " or ")
}

func (s *Schema) listed(choices []string) string {
	if s.words.Choices != nil {
		return s.words.Choices(choices)
	}
	return strings.Join(choices, ", ")
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

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"errors"
	"fmt"

	"github.com/otelcol-ml/otelcol-ml/cmd/mlprofile/internal/draft"
	"github.com/otelcol-ml/otelcol-ml/internal/contract"
)

// mlflowTypes are types of a card, and of JSON schemas, by those of MLflow's DataType.
var mlflowTypes = map[string][2]string{
	"integer": {contract.Integer, "integer"}, "long": {contract.Integer, "integer"}, "float": {contract.Number, "number"}, "double": {contract.Number, "number"},
	"string": {contract.String, "string"}, "boolean": {contract.Boolean, "boolean"}, "binary": {contract.String, "string"},
	"datetime": {contract.Timestamp, "string"},
}

// mlflow reads the signature in an MLmodel file.
func (s *source) mlflow(path string, data []byte) error {
	doc, err := decodeYAML(path, data)
	if err != nil {
		return err
	}
	top, _ := doc.Value.(map[string]any)
	file := object(top)
	signature := file.object("signature")
	if signature == nil {
		return errors.New("has no signature: the model was logged without one (mlflow.models.infer_signature)")
	}
	inputs, err := signatureList(signature, "inputs")
	if err != nil {
		return err
	}
	if len(inputs) == 0 {
		return errors.New("has a signature without inputs")
	}
	if len(inputs) > maxFeatures {
		return fmt.Errorf("has more than %d inputs", maxFeatures)
	}
	for n, input := range inputs {
		s.mlflowInput(n, input)
	}
	for _, beside := range [][2]string{
		{"outputs", "is what the model answers; checks are of what it is asked"},
		{"params", "are parameters of the call, which spans do not have as features"},
	} {
		if list, err := signatureList(signature, beside[0]); err != nil || len(list) > 0 {
			s.item("%s", beside[0]).leave("%s", beside[1])
		}
	}
	return nil
}

// signatureList reads JSON in a text.
func signatureList(signature object, key string) ([]object, error) {
	text := signature.text(key)
	if text == "" {
		return nil, nil
	}
	v, err := decodeJSON([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("signature.%s: %w", key, err)
	}
	return object{key: v}.objects(key), nil
}

func (s *source) mlflowInput(n int, input object) {
	name, kind := input.text("name"), input.text("type")
	if name == "" {
		i := s.item("input %d", n+1)
		if kind == "tensor" {
			i.leave("is a tensor without a name; a card checks features by name")
		} else {
			i.leave("has no name; a card checks features by name")
		}
		return
	}
	if input["required"] != false && input["optional"] != true {
		s.item("%s: required", name).add(draft.Check{Feature: name, Required: true})
	}
	i := s.item("%s: type", name)
	switch kind {
	case "tensor":
		i.leave("is a tensor: a card has no shapes")
	case "any":
		i.leave("may be anything")
	case "array":
		schema, err := mlflowSchema(input, 0)
		if err != nil {
			i.leave("%s", err)
			return
		}
		i.add(draft.Check{Feature: name, Types: []string{contract.Array}})
		i.add(draft.Check{Feature: name, JSONSchema: schema})
	case "object", "map":
		schema, err := mlflowSchema(input, 0)
		if err != nil {
			i.leave("%s", err)
			return
		}
		i.add(draft.Check{Feature: name, JSONSchema: schema})
	default:
		t, ok := mlflowTypes[kind]
		if !ok {
			i.leave("the type %q is none that is known here", kind)
			return
		}
		if i.add(draft.Check{Feature: name, Types: []string{t[0]}}) && kind == "binary" {
			i.note("binary values are texts on spans")
		}
	}
}

// mlflowSchema is the JSON schema of a nested type.
func mlflowSchema(of object, depth int) (map[string]any, error) {
	if depth > 16 {
		return nil, errors.New("is nested more than 16 deep")
	}
	switch kind := of.text("type"); kind {
	case "any":
		return map[string]any{}, nil
	case "array":
		items, err := mlflowSchema(of.object("items"), depth+1)
		return map[string]any{"type": "array", "items": items}, err
	case "map":
		values, err := mlflowSchema(of.object("values"), depth+1)
		return map[string]any{"type": "object", "additionalProperties": values}, err
	case "object":
		properties, required := map[string]any{}, []any{}
		for name, p := range of.object("properties") {
			m, _ := p.(map[string]any)
			schema, err := mlflowSchema(m, depth+1)
			if err != nil {
				return nil, err
			}
			properties[name] = schema
			if m["required"] != false {
				required = append(required, name)
			}
		}
		sortAny(required)
		return map[string]any{"type": "object", "properties": properties, "required": required}, nil
	default:
		t, ok := mlflowTypes[kind]
		if !ok {
			return nil, fmt.Errorf("the type %q inside of it is none that is known here", kind)
		}
		schema := map[string]any{"type": t[1]}
		if kind == "datetime" {
			schema["format"] = "date-time"
		}
		return schema, nil
	}
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package prediction

import (
	"cmp"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/value"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// Identity is the model that answered. What is unknown is empty, and so is the primary role.
type Identity struct{ Name, Version, Role, Environment string }

// Facts gather what the attributes of one span, or of its resource, say of a prediction. The zero
// value has seen none.
type Facts struct {
	identity    Identity // without the environment
	environment EnvironmentNames
	signs       Signs
}

// identifying are the lengths of the keys that Add looks for after it has seen an answer, a bit each.
const identifying uint64 = 1<<len(mlconv.AttrModelName) | // the role's, too
	1<<len(mlconv.AttrModelVersion) |
	1<<len(mlconv.AttrEnvironment) |
	1<<len(mlconv.AttrOlderEnvironment) |
	1<<len(mlconv.AttrGenAIOperation) |
	1<<len(mlconv.AttrOperation) |
	1<<len(mlconv.AttrErrorType)

// Wants is false for a key of which Add learns nothing new, as far as its first letters, or after an
// answer its length, tells: most attributes of a prediction are features, whose text is often not
// in the CPU's cache yet.
func (f *Facts) Wants(key string) bool {
	return (!f.signs.Answer || identifying>>len(key)&1 != 0) && concerns(key)
}

// concerns is false for a key that begins like none of AttributeOf: ml., gen_ai., deployment., error.
func concerns(key string) bool {
	if len(key) < len("ml.x") {
		return false
	}
	switch key[0] {
	case 'm':
		return key[1] == 'l'
	case 'g', 'd':
		return key[1] == 'e'
	case 'e':
		return key[1] == 'r'
	default:
		return false
	}
}

// Add notes an attribute. The first of several equal keys counts.
func (f *Facts) Add(key string, v pcommon.Value) {
	if !f.Wants(key) {
		return
	}
	a, _ := AttributeOf(key)
	switch a {
	case Unrelated:
	case ModelName:
		setText(&f.identity.Name, v)
	case ModelVersion:
		setText(&f.identity.Version, v)
	case ModelRole:
		setText(&f.identity.Role, v)
	case Environment, OlderEnvironment:
		setText(f.environment.Slot(key), v)
	case Operation:
		setString(&f.signs.Operation, v)
	case MLOperation:
		setString(&f.signs.MLOperation, v)
	case ErrorType:
		f.signs.Failed = f.signs.Failed || v.Type() == pcommon.ValueTypeStr && v.Str() != ""
	case InputTokens, OutputTokens:
		f.signs.Tokens = true
	default:
		f.signs.Answer = f.signs.Answer || a.Answer()
	}
}

func setText(to *string, v pcommon.Value) {
	if *to == "" {
		*to = Text(v)
	}
}

func setString(to *string, v pcommon.Value) {
	if *to == "" && v.Type() == pcommon.ValueTypeStr {
		*to = v.Str()
	}
}

// Named is true where the span, or its resource, names a model.
func (f *Facts) Named(resource *Facts) bool {
	return f.identity.Name != "" || resource.identity.Name != ""
}

// Identify returns whose the span is, by its own words before those of its resource, and what it
// is. A span that names no model is None.
func (f *Facts) Identify(span ptrace.Span, resource *Facts) (Identity, Kind) {
	id := Identity{
		Name:        cmp.Or(f.identity.Name, resource.identity.Name),
		Version:     cmp.Or(f.identity.Version, resource.identity.Version),
		Role:        roleOf(cmp.Or(f.identity.Role, resource.identity.Role)),
		Environment: cmp.Or(f.environment.Environment(), resource.environment.Environment()),
	}
	if id.Name == "" {
		return id, None
	}
	signs := f.signs
	signs.Failed = signs.Failed || span.Status().Code() == ptrace.StatusCodeError
	return id, signs.Kind()
}

// roleOf returns a role as an Identity has it.
func roleOf(role string) string {
	if role == mlconv.RolePrimary {
		return ""
	}
	return role
}

// Text returns the text of a name or a version, which may have been sent as a number or a boolean.
// What is neither a string nor one of these is no text: it is absent.
func Text(v pcommon.Value) string {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return v.Str()
	case pcommon.ValueTypeInt:
		return value.NewInt(v.Int()).String()
	case pcommon.ValueTypeDouble:
		return value.NewFloat(v.Double()).String()
	case pcommon.ValueTypeBool:
		return value.NewBool(v.Bool()).String()
	default:
		return ""
	}
}

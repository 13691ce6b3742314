// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/internal/value"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// maxDocument is the longest JSON document, in bytes, that is compared with a schema.
const maxDocument = 1 << 20

// rowCheck is a check of rows, made ready.
type rowCheck struct {
	*Check

	// key is that of the attribute, values are Check.Values.
	key    string
	values map[string]struct{}
	types  typeSet
	// reads are the keys of the attributes without which a condition is not asked.
	reads []string
}

// typeSet has a bit for each of Types.
type typeSet uint8

const (
	isInteger typeSet = 1 << iota
	isNumber
	isString
	isBoolean
	isArray
	isObject
	isTimestamp
)

func newRowCheck(c *Check) rowCheck {
	r := rowCheck{Check: c, key: c.key()}
	if len(c.Values) > 0 {
		r.values = make(map[string]struct{}, len(c.Values))
		for _, v := range c.Values {
			r.values[v] = struct{}{}
		}
	}
	if c.Kind == Condition {
		r.reads = reads(c.Condition)
	}
	for i, name := range Types {
		if slices.Contains(c.Types, name) {
			r.types |= 1 << i
		}
	}
	return r
}

var (
	// readPath is an attribute in a condition; of the span, if nothing stands before it.
	readPath = regexp.MustCompile(`((?:resource|scope|instrumentation_scope)\.)?\battributes\["((?:[^"\\]|\\.)*)"\]`)
	nilWord  = regexp.MustCompile(`\bnil\b`)
)

// reads returns the attributes of the span that a condition must have; none where it speaks of nil.
func reads(condition string) []string {
	if nilWord.MatchString(condition) {
		return nil
	}
	var keys []string
	for _, m := range readPath.FindAllStringSubmatch(condition, -1) {
		if m[1] == "" && !slices.Contains(keys, m[2]) {
			keys = append(keys, m[2])
		}
	}
	return keys
}

// key is that of the attribute that the check is of; empty where it is of the whole row.
func (c *Check) key() string {
	switch {
	case c.Feature != "" && c.Kind != Condition:
		return mlconv.PrefixFeature + c.Feature
	case c.Attribute != "":
		return c.Attribute
	case c.Kind == SchemaVersion:
		return mlconv.AttrDataSchemaVersion
	case c.Kind == Freshness:
		return mlconv.AttrFeatureViewAge
	default:
		return ""
	}
}

// Attributes returns the keys that the checks of rows are of, beside those of features.
func (c *Contract) Attributes() []string {
	var keys []string
	for i := range c.Checks {
		switch check := &c.Checks[i]; {
		case check.Kind == Condition:
			keys = append(keys, reads(check.Condition)...)
		case check.OfRow() && check.Feature == "" && check.key() != "":
			keys = append(keys, check.key())
		}
	}
	return keys
}

// absent says whether a row breaks the check whose subject it does not have.
func (r *rowCheck) absent() bool {
	return r.Kind == Required || r.Kind == NotMissing
}

// work is that of breaks: of what is read as a text, as long as it is.
func (r *rowCheck) work(x *prediction.Field, attrs pcommon.Map) int {
	switch r.Kind {
	case Matches, NotMatches, Length:
		return 1 + textWork*len(x.Text())
	case JSONSchema:
		if v, ok := attrs.Get(r.key); ok {
			return 1 + textWork*prediction.Bytes(v)
		}
		return 1 + textWork*len(x.Text())
	default:
		return 1
	}
}

// breaks says whether a value breaks the check. A value that is missing, which is empty, null or
// NaN, breaks NotMissing alone. attrs are those of the span, which ended at end; digits is a buffer.
func (r *rowCheck) breaks(x *prediction.Field, attrs pcommon.Map, end pcommon.Timestamp, digits []byte) bool {
	if missing(x) {
		return r.Kind == NotMissing
	}
	switch r.Kind {
	case Type:
		return r.types&r.typesOf(x, attrs) == 0
	case Range:
		n, ok, missing := x.Float()
		return !missing && (!ok || !r.within(n))
	case Values, NotValues, SchemaVersion:
		return r.known(x, digits) == (r.Kind == NotValues)
	case Matches, NotMatches:
		return r.matches(x, digits) == (r.Kind == NotMatches)
	case Length:
		n, ok := r.length(x, attrs, digits)
		return !ok || !r.within(float64(n))
	case Freshness:
		age, ok := ageOf(x, end)
		return !ok || age > r.Age
	case JSONSchema:
		return !r.valid(x, attrs)
	default:
		return false
	}
}

// missing is true for a value that is empty, null or not finite.
func missing(x *prediction.Field) bool {
	return x.Kind == prediction.Empty || x.Kind == prediction.Scalar && x.Value.Kind() == value.Missing
}

// within is true for a number between the bounds.
func (c *Check) within(n float64) bool {
	if c.Min != nil && (n < *c.Min || c.Above && n == *c.Min) {
		return false
	}
	return c.Max == nil || n <= *c.Max && !(c.Below && n == *c.Max)
}

// typesOf returns the types that a value has.
func (r *rowCheck) typesOf(x *prediction.Field, attrs pcommon.Map) typeSet {
	switch x.Kind {
	case prediction.Scalar:
		return scalarTypes(x.Value, r.types)
	case prediction.List, prediction.JSONList:
		return isArray
	case prediction.Object:
		return isObject
	default:
		if v, ok := attrs.Get(r.key); ok && v.Type() == pcommon.ValueTypeSlice {
			return isArray // one that is no column of a batch
		}
		return 0
	}
}

// scalarTypes returns the types that a scalar has, as far as one of asked is among them.
func scalarTypes(v value.Value, asked typeSet) typeSet {
	switch v.Kind() {
	case value.Int:
		return isInteger | isNumber
	case value.Float:
		if f, _ := v.Number(); f == math.Trunc(f) {
			return isInteger | isNumber // as in JSON Schema, 3.0 is an integer
		}
		return isNumber
	case value.Bool:
		return isBoolean
	default:
		if asked&isTimestamp != 0 && asked&isString == 0 {
			if _, err := time.Parse(time.RFC3339, v.Text()); err == nil {
				return isTimestamp
			}
		}
		return isString
	}
}

// known is true for a category among the check's values.
func (r *rowCheck) known(x *prediction.Field, digits []byte) bool {
	number, text, ok, _ := x.AppendCategory(digits[:0])
	if !ok {
		return false
	}
	if number != nil {
		_, ok = r.values[string(number)]
	} else {
		_, ok = r.values[text]
	}
	return ok
}

func (r *rowCheck) matches(x *prediction.Field, digits []byte) bool {
	if x.Kind == prediction.Scalar && x.Value.Kind() == value.Text {
		return r.Pattern.MatchString(x.Text())
	}
	number, text, ok, _ := x.AppendCategory(digits[:0])
	switch {
	case !ok:
		return false
	case number != nil:
		return r.Pattern.Match(number)
	default:
		return r.Pattern.MatchString(text)
	}
}

// length is the number of characters of a text or a number, or of elements of an array.
func (r *rowCheck) length(x *prediction.Field, attrs pcommon.Map, digits []byte) (n int, ok bool) {
	if n, ok = x.Elements(); ok {
		return n, true
	}
	if x.Kind == prediction.Unusable {
		if v, ok := attrs.Get(r.key); ok && v.Type() == pcommon.ValueTypeSlice {
			return v.Slice().Len(), true
		}
	}
	if x.Kind == prediction.Scalar && x.Value.Kind() == value.Text {
		return utf8.RuneCountInString(x.Text()), true
	}
	number, text, ok, _ := x.AppendCategory(digits[:0])
	return len(number) + len(text), ok
}

// ageOf returns the age that a value is, in seconds, or has at the end of the span, where it is a
// time.
func ageOf(x *prediction.Field, end pcommon.Timestamp) (time.Duration, bool) {
	if x.Kind == prediction.Scalar && x.Value.Kind() == value.Text {
		if t, err := time.Parse(time.RFC3339, x.Text()); err == nil {
			return end.AsTime().Sub(t), true
		}
	}
	n, ok, _ := x.Float()
	if !ok || math.Abs(n) > math.MaxInt64/1e9 {
		return math.MaxInt64, ok
	}
	return time.Duration(n * 1e9), true
}

// valid compares a map, or JSON in a string, with the schema.
func (r *rowCheck) valid(x *prediction.Field, attrs pcommon.Map) bool {
	var document any
	v, there := attrs.Get(r.key)
	switch {
	case there && v.Type() == pcommon.ValueTypeStr:
		return r.validText(v.Str())
	case there:
		document = v.AsRaw()
	case x.Kind == prediction.Scalar && x.Value.Kind() == value.Text:
		return r.validText(x.Text())
	case x.Kind == prediction.Object || x.Kind == prediction.List:
		document = x.Raw()
	default:
		return false
	}
	return r.Schema.Validate(plain(document)) == nil
}

func (r *rowCheck) validText(s string) bool {
	if len(s) > maxDocument {
		return false
	}
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	var document any
	if d.Decode(&document) != nil || d.More() {
		return false
	}
	return r.Schema.Validate(document) == nil
}

// plain makes what JSON has of what OTLP has: bytes are no JSON.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, child := range v {
			v[k] = plain(child)
		}
	case []any:
		for i, child := range v {
			v[i] = plain(child)
		}
	case []byte:
		return string(v)
	case float64:
		if v-v != 0 {
			return nil
		}
	}
	return v
}

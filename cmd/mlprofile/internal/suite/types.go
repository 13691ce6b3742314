// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/otelcol-ml/otelcol-ml/internal/contract"
)

// typeNames are the types of a card by what Python, NumPy, pandas, Spark, Arrow and SQL call them, in
// small letters and without what is in parentheses.
var typeNames = func() map[string]string {
	m := map[string]string{}
	for kind, names := range map[string]string{
		contract.Integer: "int int8 int16 int32 int64 uint8 uint16 uint32 uint64 integer bigint smallint tinyint byteint mediumint long short byte int2 int4 " +
			"integertype longtype shorttype bytetype int_ serial bigserial hugeint",
		contract.Number: "float float16 float32 float64 double number numeric decimal real float4 float8 doubletype floattype decimaltype float_ " +
			"bignumeric money fractional",
		contract.String:    "str string object_ varchar char text nvarchar nchar stringtype character bpchar clob string_ uuid ntext category",
		contract.Boolean:   "bool boolean booleantype bool_ bit",
		contract.Timestamp: "datetime timestamp datetime64 datetime64[ns] timestamptype timestamptz datetimeoffset datetime2 timestamp_ntz timestamp_ltz timestamp_tz",
		contract.Array:     "list array tuple ndarray arraytype repeated",
		contract.Object:    "dict map struct json jsonb maptype structtype record variant",
	} {
		for name := range strings.FieldsSeq(names) {
			m[name] = kind
		}
	}
	m["double precision"], m["double_precision"], m["character varying"] = contract.Number, contract.Number, contract.String
	m["timestamp with time zone"], m["timestamp without time zone"] = contract.Timestamp, contract.Timestamp
	return m
}()

var typeArguments = regexp.MustCompile(`\s*[(<].*$`)

// cardTypes are the types of a card that are meant by names, and the names that mean none.
func cardTypes(names []string) (types, unknown []string) {
	for _, name := range names {
		lower := strings.TrimSpace(strings.ToLower(name))
		t, ok := typeNames[lower]
		if !ok {
			lower = typeArguments.ReplaceAllString(lower, "")
			t, ok = typeNames[lower[strings.LastIndexByte(lower, '.')+1:]]
		}
		switch {
		case !ok:
			unknown = append(unknown, name)
		case !slices.Contains(types, t):
			types = append(types, t)
		}
	}
	if slices.Contains(types, contract.Number) { // an integer is one
		types = slices.DeleteFunc(types, func(t string) bool { return t == contract.Integer })
	}
	return types, unknown
}

// directives are regular expressions by the directive of strftime.
var directives = map[byte]string{
	'Y': `[0-9]{4}`, 'y': `[0-9]{2}`, 'm': `(0?[1-9]|1[0-2])`, 'd': `(0?[1-9]|[12][0-9]|3[01])`, 'H': `([01]?[0-9]|2[0-3])`,
	'I': `(0?[1-9]|1[0-2])`, 'M': `[0-5]?[0-9]`, 'S': `([0-5]?[0-9]|6[01])`, 'f': `[0-9]{1,6}`, 'j': `[0-9]{1,3}`, 'p': `(?i:am|pm)`,
	'z': `(Z|[+-][0-9]{2}:?[0-9]{2}(:?[0-9]{2})?)`, 'b': `(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)`,
	'B': `(?i:january|february|march|april|may|june|july|august|september|october|november|december)`,
	'a': `(?i:mon|tue|wed|thu|fri|sat|sun)`, 'A': `(?i:monday|tuesday|wednesday|thursday|friday|saturday|sunday)`,
	'u': `[1-7]`, 'w': `[0-6]`, '%': `%`,
}

// strftimePattern is a regular expression of texts that a format of strptime reads, but for days that
// a month does not have.
func strftimePattern(format string) (string, error) {
	if format == "" {
		return "", errors.New("it has no format")
	}
	replacer := strings.NewReplacer("%F", "%Y-%m-%d", "%T", "%H:%M:%S", "%D", "%m/%d/%y", "%R", "%H:%M")
	format = replacer.Replace(format)
	var b strings.Builder
	b.WriteByte('^')
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			end := strings.IndexByte(format[i:], '%')
			if end < 0 {
				end = len(format) - i
			}
			b.WriteString(regexp.QuoteMeta(format[i : i+end]))
			i += end - 1
			continue
		}
		i++
		if i == len(format) || directives[format[i]] == "" {
			return "", fmt.Errorf("its format %q has a directive that no regular expression is known for here", format)
		}
		b.WriteString(directives[format[i]])
	}
	b.WriteByte('$')
	return b.String(), nil
}

// usable says why a card cannot have a JSON schema.
func usable(schema any) error {
	data, err := json.Marshal(schema)
	if err != nil {
		return err
	}
	source, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return err
	}
	c := jsonschema.NewCompiler()
	c.UseLoader(noLoader{})
	if err := c.AddResource("card:schema", source); err != nil {
		return err
	}
	_, err = c.Compile("card:schema")
	return err
}

// noLoader refuses to read what a schema refers to.
type noLoader struct{}

func (noLoader) Load(url string) (any, error) {
	return nil, fmt.Errorf("%s is not in the file", url)
}

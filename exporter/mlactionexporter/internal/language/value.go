// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package language

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"
)

const (
	// maxDepth is how deep values may nest, maxSize about how many bytes one value may have.
	maxDepth = 64
	maxSize  = 8 << 20
	// maxExact is up to where a float64 has every whole number.
	maxExact = 1 << 53
)

// Plain returns a copy of a value of maps with texts as keys, lists, texts, booleans, int64,
// float64 and nil. Numbers that are whole become int64, so that 1000000 is never written as 1e+06;
// those beyond it stay json.Number. Times are written as RFC 3339 has it. Other types are an error,
// and so are values of more than 8 MiB.
func Plain(v any) (any, error) {
	left := maxSize
	return plain(v, 0, &left)
}

func plain(v any, depth int, left *int) (any, error) {
	*left -= 8
	if s, ok := v.(string); ok {
		*left -= len(s)
	}
	if depth > maxDepth || *left < 0 {
		return nil, fmt.Errorf("the value is too large: at most %d bytes, %d levels deep", maxSize, maxDepth)
	}
	switch v := v.(type) {
	case nil, string, bool, int64:
		return v, nil
	case json.Number:
		return number(v), nil
	case float64:
		return whole(v), nil
	case time.Time:
		return v.Format(time.RFC3339Nano), nil
	case map[string]any: // the usual ones, without reflection
		m := make(map[string]any, len(v))
		for k, item := range v {
			var err error
			*left -= len(k)
			if m[k], err = plain(item, depth+1, left); err != nil {
				return nil, err
			}
		}
		return m, nil
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			var err error
			if list[i], err = plain(item, depth+1, left); err != nil {
				return nil, err
			}
		}
		return list, nil
	}
	return reflected(reflect.ValueOf(v), depth, left)
}

// reflected is plain for types that are seldom there, such as the results of expressions.
func reflected(v reflect.Value, depth int, left *int) (any, error) {
	switch v.Kind() {
	case reflect.String:
		return plain(v.String(), depth, left)
	case reflect.Bool:
		return v.Bool(), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int(), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return number(json.Number(strconv.FormatUint(v.Uint(), 10))), nil
	case reflect.Float32, reflect.Float64:
		return whole(v.Float()), nil
	case reflect.Slice, reflect.Array:
		list := make([]any, v.Len())
		for i := range list {
			var err error
			if list[i], err = plain(v.Index(i).Interface(), depth+1, left); err != nil {
				return nil, err
			}
		}
		return list, nil
	case reflect.Map:
		m := make(map[string]any, v.Len())
		for key, item := range v.Seq2() {
			name, err := plain(key.Interface(), depth+1, left)
			if err != nil {
				return nil, err
			}
			if m[Text(name)], err = plain(item.Interface(), depth+1, left); err != nil {
				return nil, err
			}
		}
		return m, nil
	default:
		return nil, fmt.Errorf("a value of the type %s is none of text, number, true or false, list and map", v.Type())
	}
}

// number keeps whole numbers exact.
func number(n json.Number) any {
	if i, err := strconv.ParseInt(string(n), 10, 64); err == nil {
		return i
	}
	f, err := n.Float64()
	if err != nil || f == math.Trunc(f) && math.Abs(f) >= maxExact {
		return n // too large for either: its digits are what counts
	}
	return whole(f)
}

func whole(f float64) any {
	if f == math.Trunc(f) && math.Abs(f) < maxExact {
		return int64(f)
	}
	return f
}

// DecodeJSON reads one JSON value as a plain one.
func DecodeJSON(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if d.More() {
		return nil, errors.New("something follows the JSON value")
	}
	return Plain(v)
}

// EncodeJSON writes a plain value as compact JSON, with <, > and & as they are.
func EncodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Text writes a plain value as templates do: texts as they are, numbers as JSON has them, nothing
// for nil, and maps and lists as JSON.
func Text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	data, err := EncodeJSON(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(data)
}

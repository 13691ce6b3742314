// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package fetch

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxName is the longest name, as of a model or a tag, in bytes; longer ones are left out, as a
// part of a name is another name.
const MaxName = 256

// MaxText is the longest value of a tag or a parameter, in bytes; longer ones are cut, at a
// character.
const MaxText = 1024

// GoodName says whether a string can be a name.
func GoodName(s string) bool {
	return s != "" && len(s) <= MaxName && utf8.ValidString(s)
}

// Text bounds a value.
func Text(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= MaxText {
		return s
	}
	end := MaxText
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

// Integer is an int64 of a proto, which JSON has as a number or (as protobuf's own mapping writes
// it) as a string.
type Integer int64

// UnmarshalJSON reads 1, 1.0 and "1"; null is 0.
func (i *Integer) UnmarshalJSON(data []byte) error {
	var n Number
	if err := n.UnmarshalJSON(data); err != nil {
		return err
	}
	f := float64(n)
	if f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return fmt.Errorf("%s is no whole number", clip(string(data)))
	}
	*i = Integer(f)
	return nil
}

// Number is a double of a proto: a number, or the strings NaN, Infinity and -Infinity.
type Number float64

// UnmarshalJSON reads 1.5, "1.5" and those strings; null is 0.
func (n *Number) UnmarshalJSON(data []byte) error {
	text := string(data)
	if text == "null" {
		*n = 0
		return nil
	}
	if len(text) > 1 && text[0] == '"' {
		if err := json.Unmarshal(data, &text); err != nil {
			return err
		}
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return err
	}
	*n = Number(f)
	return nil
}

// Finite says whether the number is one that can be an attribute.
func (n Number) Finite() bool { return !math.IsNaN(float64(n)) && !math.IsInf(float64(n), 0) }

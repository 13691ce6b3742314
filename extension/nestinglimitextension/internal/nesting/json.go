// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package nesting tells how deep a request nests before anything decodes it.
//
// A value of OTLP can hold values that hold values. Decoders recurse into them: a body of a few
// megabytes with some hundred thousand levels takes seconds, and one with a million ends the
// process, because the stack of a goroutine has a limit that no recover sees. This package reads a
// body once, from left to right, and keeps nothing of it.
package nesting

// JSON returns whether brackets and braces in data, outside of strings, nest deeper than most
// levels. It does not tell whether data is JSON.
func JSON(data []byte, most int) bool {
	depth := 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '{', '[':
			if depth++; depth > most {
				return true
			}
		case '}', ']':
			depth--
		case '"':
			for i++; i < len(data) && data[i] != '"'; i++ {
				if data[i] == '\\' {
					i++
				}
			}
		}
	}
	return false
}

// JSONLevels returns how deep a request of OTLP may nest as JSON where its values may have the
// given levels: a list is three brackets of its own ({"arrayValue": {"values": [ ), a map four,
// with the value's own brace; around the outermost value stand at most sixteen.
func JSONLevels(values int) int { return 5*values + 16 }

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"bytes"
	"encoding/json"
	"io"
)

// Write encodes the profile as indented JSON with its arrays on one line each; the same profile
// gives the same bytes.
func (p *Profile) Write(w io.Writer) error {
	data, err := json.MarshalIndent(p, "", " ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(compactArrays(data), '\n'))
	return err
}

// compactArrays puts arrays of numbers on one line: 240 bounds in a column of their own are
// unreadable.
func compactArrays(data []byte) []byte {
	out := make([]byte, 0, len(data))
	inString, inNumbers := false, false
	for i := 0; i < len(data); i++ {
		c := data[i]
		switch {
		case inString:
			if c == '\\' {
				out = append(out, c)
				i++
				c = data[i]
			} else if c == '"' {
				inString = false
			}
		case c == '"':
			inString = true
		case c == '[':
			next := bytes.TrimLeft(data[i+1:], " \n")
			inNumbers = len(next) > 0 && (next[0] == '-' || next[0] >= '0' && next[0] <= '9')
		case c == ']':
			inNumbers = false
		case inNumbers && c == '\n':
			for i+1 < len(data) && data[i+1] == ' ' {
				i++
			}
			if last := out[len(out)-1]; last != ',' || data[i+1] == ']' {
				continue
			}
			c = ' '
		}
		out = append(out, c)
	}
	return out
}

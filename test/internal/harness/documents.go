// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"bytes"
	"encoding/json"
	"regexp"
)

// document is how what the file exporter writes begins. In a text of it the quotes are escaped.
var document = regexp.MustCompile(`\{"resource(?:Spans|Metrics|Logs)":`)

// Documents returns the documents in a file of the file exporter, to which a process may have
// appended after one that was killed. That one leaves a document without its end, or a whole one
// without the line break, which is written after it: then the first of the next process is in the
// same line. What is not whole is left out; so is what has no line break yet at the end of the file.
func Documents(content []byte) (all [][]byte) {
	for line := range bytes.Lines(content[:bytes.LastIndexByte(content, '\n')+1]) {
		starts := document.FindAllIndex(line, -1)
		for i, start := range starts {
			end := len(line)
			if i+1 < len(starts) {
				end = starts[i+1][0]
			}
			if one := bytes.TrimSpace(line[start[0]:end]); json.Valid(one) {
				all = append(all, one)
			}
		}
	}
	return all
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"bytes"
	"encoding/json"
)

// SplitJSONLines is a bufio.SplitFunc for lines that are one JSON object each. What stands behind
// the last line break is a line as soon as it is a whole object: some files end without a line
// break, others are still being written.
func SplitJSONLines(data []byte, atEOF bool) (advance int, line []byte, err error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i:i], nil
	}
	if rest := bytes.TrimSpace(data); atEOF && bytes.HasSuffix(rest, []byte("}")) && json.Valid(rest) {
		return len(data), rest, nil
	}
	return 0, nil, nil
}

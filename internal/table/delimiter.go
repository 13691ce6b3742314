// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package table

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
)

// guessDelimiter returns what separates the cells of a CSV file that begins with head: usual,
// unless that does not give every row the header's cells, or gives a single cell, and another
// character gives every row the same number of them, more than one.
func guessDelimiter(head []byte, whole bool, usual rune) rune {
	if !whole { // the last line may be a half
		if i := bytes.LastIndexByte(head, '\n'); i >= 0 {
			head = head[:i+1]
		}
	}
	best, most := usual, 1
	for _, delimiter := range []rune{usual, ';', ',', '\t', '|'} {
		cells, same := countCells(head, delimiter)
		if same && cells > most {
			if delimiter == usual {
				return usual
			}
			best, most = delimiter, cells
		}
	}
	return best
}

// countCells returns the cells of the header, and whether the rows that follow have as many.
func countCells(head []byte, delimiter rune) (cells int, same bool) {
	const rows = 200
	r := csv.NewReader(bytes.NewReader(head))
	r.Comma, r.ReuseRecord = delimiter, true
	for n := range rows {
		record, err := r.Read()
		switch {
		case errors.Is(err, io.EOF):
			return cells, true
		case err != nil:
			return cells, false
		case n == 0:
			cells = len(record)
		}
	}
	return cells, true
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package boundedfile reads files whole that may not be larger than a limit, so that a file which
// somebody else writes does not fill the memory.
package boundedfile

import (
	"fmt"
	"io"
	"os"
)

// Read returns the content of a file of at most limit bytes. The error for a larger one says so and
// does not name the file; errors of the file system do.
func Read(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, &TooLargeError{Limit: limit}
	}
	return data, nil
}

// TooLargeError is returned for a file that is larger than the limit.
type TooLargeError struct{ Limit int64 }

func (e *TooLargeError) Error() string { return fmt.Sprintf("has more than %d bytes", e.Limit) }

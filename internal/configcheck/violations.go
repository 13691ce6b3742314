// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package configcheck

import (
	"errors"
	"fmt"
)

// Violations are all that is wrong with a config, in the order in which it was found. The zero
// value has none.
type Violations []error

// Check adds the errors that are not nil.
func (v *Violations) Check(errs ...error) {
	for _, err := range errs {
		if err != nil {
			*v = append(*v, err)
		}
	}
}

// Add adds what is wrong with the option of a key. Format takes what fmt.Errorf does.
func (v *Violations) Add(key, format string, args ...any) {
	*v = append(*v, fmt.Errorf("'%s': "+format, append([]any{key}, args...)...))
}

// Err returns one error with a line for each violation, or nil if there is none.
func (v Violations) Err() error { return errors.Join(v...) }

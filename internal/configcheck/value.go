// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package configcheck

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Range returns an error that names key where value is not from least to most. NaN is out of
// any range.
func Range[T cmp.Ordered](key string, value, least, most T) error {
	if value >= least && value <= most {
		return nil
	}
	return fmt.Errorf("'%s': %v must be from %v to %v", key, value, least, most)
}

// AtLeast is Range without an upper bound.
func AtLeast[T cmp.Ordered](key string, value, least T) error {
	if value >= least {
		return nil
	}
	return fmt.Errorf("'%s': %v must be at least %v", key, value, least)
}

// OneOf returns an error that names key where value is not among those allowed.
func OneOf[T ~string](key string, value T, allowed ...T) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	names := make([]string, len(allowed))
	for i, a := range allowed {
		names[i] = string(a)
	}
	return fmt.Errorf("'%s': %q is none of %s", key, value, strings.Join(names, ", "))
}

// Distinct returns an error that names key and place for each value that a list has for the second
// time.
func Distinct(key string, list []string) error {
	var errs []error
	for i, value := range list {
		if slices.Contains(list[:i], value) {
			errs = append(errs, fmt.Errorf("'%s[%d]': %q is there twice", key, i, value))
		}
	}
	return errors.Join(errs...)
}

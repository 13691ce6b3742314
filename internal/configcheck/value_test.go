// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package configcheck

import (
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestValues(t *testing.T) {
	type color string
	for want, err := range map[string]error{
		"'k': 0 must be from 1 to 30":                Range("k", 0, 1, 30),
		"'k': 31 must be from 1 to 30":               Range("k", 31, 1, 30),
		"'k': 1.5 must be from 0 to 1":               Range("k", 1.5, 0, 1),
		"'k': NaN must be from 0 to 1":               Range("k", math.NaN(), 0, 1),
		"'k': 0 must be at least 1":                  AtLeast("k", 0, 1),
		"'k': \"green\" is none of red, blue":        OneOf[color]("k", "green", "red", "blue"),
		"'k[2]': \"a\" is there twice":               Distinct("k", []string{"a", "b", "a"}),
		"'a': is wrong\n'b': 1 must be at least 2":   all(),
		"'c': \"x\" cannot be read: the disk is out": wrapped(),
	} {
		assert.EqualError(t, err, want)
	}
	require.NoError(t, Range("k", 1, 1, 30))
	require.NoError(t, Range("k", 30, 1, 30))
	require.NoError(t, AtLeast("k", 1, 1))
	require.NoError(t, OneOf[color]("k", "red", "red", "blue"))
	require.NoError(t, Distinct("k", []string{"a", "b"}))
	require.NoError(t, Violations{}.Err())
	require.ErrorIs(t, wrapped(), errOut)
}

func all() error {
	var v Violations
	v.Add("a", "is wrong")
	v.Check(nil, AtLeast("b", 1, 2), nil)
	return v.Err()
}

var errOut = errors.New("the disk is out")

func wrapped() error {
	var v Violations
	v.Add("c", "%q cannot be read: %w", "x", errOut)
	return v.Err()
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// groups are the names that the option add may have beside those of attributes.
var groups = map[string][]string{
	"model": {
		mlconv.AttrModelOwner, mlconv.AttrModelTask, mlconv.AttrModelAliases, mlconv.AttrModelFramework,
		mlconv.AttrModelAge, mlconv.AttrModelRunbook,
	},
	"training":     {mlconv.AttrModelTrainingDataset},
	"feature_view": {mlconv.AttrFeatureViewName, mlconv.AttrFeatureViewVersion, mlconv.AttrFeatureViewAge},
	"job":          {mlconv.AttrJobOwner, mlconv.AttrJobProduces},
	// attributes are those of a card that no other group has.
	"attributes": nil,
}

// Selection says which attributes are added.
type Selection struct {
	names  map[string]bool // selected one by one or by a group
	others bool            // and all that no group has
}

// NewSelection reads the option add. An unknown group is an error.
func NewSelection(add []string) (Selection, error) {
	s := Selection{names: map[string]bool{}}
	for i, a := range add {
		names, isGroup := groups[a]
		switch {
		case a == "attributes":
			s.others = true
		case isGroup:
			for _, n := range names {
				s.names[n] = true
			}
		case strings.Contains(a, "."):
			s.names[a] = true
		default:
			return s, fmt.Errorf("'add[%d]': %q is none of the groups %s and no name of an attribute (those have a dot)",
				i, a, strings.Join(slices.Sorted(maps.Keys(groups)), ", "))
		}
	}
	return s, nil
}

// grouped are the attributes that a group names.
var grouped = func() map[string]bool {
	m := map[string]bool{}
	for _, names := range groups {
		for _, n := range names {
			m[n] = true
		}
	}
	return m
}()

// has says whether an attribute is to be added.
func (s Selection) has(name string) bool { return s.names[name] || s.others && !grouped[name] }

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package privacy keeps values of people out of what goes on: it says which must not be shown, and
// hashes or drops those that a rule names.
package privacy

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/personal"
	"github.com/otelcol-ml/otelcol-ml/internal/wildcard"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// Action is what becomes of a value.
type Action string

// The actions.
const (
	// Hash puts the first 16 bytes of the value's HMAC-SHA256 in its place, as hexadecimal digits.
	Hash Action = "hash"
	// Drop takes the attribute away.
	Drop Action = "drop"
)

// Known is true for an action that there is.
func (a Action) Known() bool { return a == Hash || a == Drop }

// Rule says what becomes of values.
type Rule struct {
	// Features are names of features, with * for any text, Attributes keys of attributes.
	Features, Attributes []string
	Action               Action
}

// Guard has the rules of a config. It is safe for concurrent use.
type Guard struct {
	rules  []Rule
	redact []string
	key    []byte
}

// NewGuard returns a guard. redact are further names, with * for any text, whose values are not
// shown; key is the secret of hashes.
func NewGuard(rules []Rule, redact []string, key []byte) *Guard {
	return &Guard{rules: rules, redact: redact, key: key}
}

// Protects is true where there is any rule.
func (g *Guard) Protects() bool { return len(g.rules) > 0 }

// Hides says whether the values of a feature or an attribute must not be shown: a rule or the config
// names it, or its name looks like that of personal data or of what people write.
func (g *Guard) Hides(name string) bool {
	name = strings.TrimPrefix(name, mlconv.PrefixFeature)
	return g.action(name) != "" || slices.ContainsFunc(g.redact, matches(name)) || personal.Name(name)
}

// action is that of the first rule that names a feature, or an attribute; "" for none.
func (g *Guard) action(name string) Action {
	for i := range g.rules {
		if slices.ContainsFunc(g.rules[i].Features, matches(name)) || slices.ContainsFunc(g.rules[i].Attributes, matches(name)) {
			return g.rules[i].Action
		}
	}
	return ""
}

func matches(name string) func(pattern string) bool {
	return func(pattern string) bool { return wildcard.Match(pattern, name) }
}

// digest returns what stands for a value.
func (g *Guard) digest(s string) string {
	h := hmac.New(sha256.New, g.key)
	h.Write([]byte(s))
	return hex.EncodeToString(h.Sum(nil)[:16])
}

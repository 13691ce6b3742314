// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package series

import (
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/contract"
)

// maxChecks is the number of checks, and of features that a contract does not know, of a model.
const maxChecks = 1000

// Check is a check as its violations are told apart.
type Check struct {
	// Subject is the feature, or the attribute; empty for the whole row.
	Subject         string
	Check, Severity string
}

// checkSeparator is between the parts of a Name.
const checkSeparator = "\x00"

// Name is the check in the model's Checks.
func (c Check) Name() string {
	return c.Subject + checkSeparator + c.Check + checkSeparator + c.Severity
}

// ParseCheck reads a Name.
func ParseCheck(name string) (c Check) {
	if i := strings.LastIndex(name, checkSeparator); i >= 0 {
		name, c.Severity = name[:i], name[i+1:]
	}
	if i := strings.LastIndex(name, checkSeparator); i >= 0 {
		c.Subject, c.Check = name[:i], name[i+1:]
	}
	return c
}

// checkOf is one check of a card.
type checkOf struct {
	id string
	Check
	// unknown is true for that of features that the contract does not know.
	unknown bool
}

func checksOf(c *contract.Contract) (list []checkOf) {
	if c == nil {
		return nil
	}
	for i := range c.Checks {
		check := &c.Checks[i]
		list = append(list, checkOf{
			check.ID(), Check{check.Subject(), check.Name, check.Severity}, check.Kind == contract.UnknownFeature,
		})
	}
	return list
}

// HasContract is true for a model whose card has a contract.
func (p *Plan) HasContract() bool { return len(p.source.checks) > 0 }

// Knows is true for a check of the card.
func (p *Plan) Knows(id string) bool {
	_, known := p.Check(id)
	return known
}

// Check returns the check that a span calls by an id, with the card's severity. One that the card does
// not have has no severity, and known is false.
func (p *Plan) Check(id string) (c Check, known bool) {
	if one, ok := p.checks[id]; ok {
		return one, true
	}
	c.Subject, c.Check = contract.SplitID(id)
	if p.unknownFeature.Check != "" && c.Check == p.unknownFeature.Check && c.Subject != "" {
		c.Severity = p.unknownFeature.Severity
		return c, true
	}
	return c, false
}

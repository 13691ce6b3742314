// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package version

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

// Question asks for the version to go back to.
type Question struct {
	Model ID
	// At is the version in breach, if the alert names it; else it is the one that serves.
	At string
	// Card is the model's; nil if it has none.
	Card *catalog.Model
	// Seen is what was seen of the model.
	Seen Models
	// Serving are the versions that serve, the latest first.
	Serving []string
	// RolledBack are versions that were rolled back, with when.
	RolledBack map[string]time.Time
	// InBreach are versions of which an alert fires, with its name.
	InBreach map[string]string
}

// Choice is the answer.
type Choice struct {
	From, To string
	// Why says why it is To.
	Why string
	// Problem says why there is none; To is empty then.
	Problem string
	// ChangedAt is when From came, zero if nobody saw it come.
	ChangedAt time.Time
}

// Choose returns the version before the one in breach: that which served before it, else the one
// before it on the card. A version that was rolled back, that is in breach, or that the card does
// not know (a registry's versions that are not ready are on no card) is passed over.
func Choose(q *Question) Choice {
	c := Choice{From: q.At}
	if c.From == "" {
		if len(q.Serving) == 0 {
			c.Problem = fmt.Sprintf("no version of %s was seen to serve", q.Model.Name)
			return c
		}
		c.From = q.Serving[0]
		for _, v := range q.Serving { // the newest of several is the one that was released
			if came, latest := q.came(v), q.came(c.From); came.After(latest) {
				c.From = v
			}
		}
	}
	c.ChangedAt = q.came(c.From)
	var passed []string
	for _, v := range q.before(c.From) {
		if why := q.unfit(v); why != "" {
			passed = append(passed, fmt.Sprintf("version %s %s", v, why))
			continue
		}
		c.To, c.Why = v, q.why(v, c.From)
		if len(passed) > 0 {
			c.Why += " (" + strings.Join(passed, ", ") + ")"
		}
		return c
	}
	c.Problem = fmt.Sprintf("no version of %s is known that is older than %s", q.Model.Name, c.From)
	if len(passed) > 0 {
		c.Problem = fmt.Sprintf("%s has no version to go back to from %s: %s", q.Model.Name, c.From, strings.Join(passed, ", "))
	}
	return c
}

// came is when a version came, zero if nobody saw it.
func (q *Question) came(v string) time.Time {
	if s := q.Seen.Versions[v]; s != nil && !s.FromStart {
		return s.First
	}
	return time.Time{}
}

// before are the versions that came before one, the latest first: those that served, then those of
// the card that did not.
func (q *Question) before(from string) []string {
	var served []string
	if s := q.Seen.Versions[from]; s != nil {
		for _, v := range slices.Collect(maps.Keys(q.Seen.Versions)) {
			if v != from && q.Seen.Versions[v].First.Before(s.First) {
				served = append(served, v)
			}
		}
		slices.SortFunc(served, func(a, b string) int {
			x, y := q.Seen.Versions[a], q.Seen.Versions[b]
			return cmp.Or(y.Last.Truncate(SwitchAfter).Compare(x.Last.Truncate(SwitchAfter)), y.First.Compare(x.First), strings.Compare(b, a))
		})
	}
	for _, v := range onCard(q.Card, from) {
		if !slices.Contains(served, v) {
			served = append(served, v)
		}
	}
	return served
}

// onCard are the card's versions that are older than one, the latest first: by when they were
// trained, where the card says, else by their numbers. What cannot be ordered is left out.
func onCard(card *catalog.Model, from string) []string {
	if card == nil {
		return nil
	}
	at := slices.IndexFunc(card.Versions, func(v *catalog.Version) bool { return v.Version == from })
	if at < 0 {
		return nil
	}
	this := card.Versions[at]
	var older []*catalog.Version
	for _, v := range card.Versions {
		if v != this && compare(v, this) < 0 {
			older = append(older, v)
		}
	}
	slices.SortFunc(older, func(a, b *catalog.Version) int { return compare(b, a) })
	names := make([]string, len(older))
	for i, v := range older {
		names[i] = v.Version
	}
	return names
}

// compare orders two versions of a card, 0 if it cannot.
func compare(a, b *catalog.Version) int {
	if !a.TrainedAt.IsZero() && !b.TrainedAt.IsZero() {
		return a.TrainedAt.Compare(b.TrainedAt)
	}
	x, err := semver.NewVersion(a.Version)
	if err != nil {
		return 0
	}
	y, err := semver.NewVersion(b.Version)
	if err != nil {
		return 0
	}
	return x.Compare(y)
}

// unfit says why a version is passed over, empty if it is not.
func (q *Question) unfit(v string) string {
	if at, ok := q.RolledBack[v]; ok {
		return "was rolled back at " + at.UTC().Format("2006-01-02 15:04 UTC")
	}
	if name, ok := q.InBreach[v]; ok {
		return "is in breach itself: " + name
	}
	if q.Card == nil || len(q.Card.Versions) == 0 {
		return ""
	}
	if !slices.ContainsFunc(q.Card.Versions, func(c *catalog.Version) bool { return c.Version == v }) {
		return "is not on the card"
	}
	return ""
}

// why says why a version was chosen.
func (q *Question) why(v, from string) string {
	if s := q.Seen.Versions[v]; s != nil {
		return fmt.Sprintf("version %s served before %s, until %s", v, from, s.Last.UTC().Format("2006-01-02 15:04 UTC"))
	}
	return fmt.Sprintf("version %s is the one before %s on the card", v, from)
}

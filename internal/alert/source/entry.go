// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"cmp"
	"maps"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
)

// NotStored is the annotation of an alert that was emitted though the storage did not take it.
const NotStored = "not_stored"

const notStored = "The storage refuses what is written: after a kill of the collector this alert may be forgotten, or begin again."

// Entry is an alert as its Source holds it. A component embeds it in what it knows of the alert.
type Entry struct {
	// Alert is the alert as it is now. The source changes it; its maps are never written to.
	Alert alert.Alert
	// Until is when a resolved alert is forgotten; zero while it fires.
	Until time.Time

	fingerprint string
	// version counts the states that are to be emitted at once; sent is the one that was delivered
	// last, offered the one that Due has returned last, 0 for none.
	version, sent, offered uint64
	// released is the state that may be emitted, nil for none; releasedVersion is its version.
	released        *alert.Alert
	releasedVersion uint64
	// unstored says that released is a state that the storage has not taken.
	unstored bool
	// next is when a state that was delivered is emitted again; retry is when Next asks for one
	// that was not.
	next, retry time.Time
	// changed is when the state changed last.
	changed time.Time
	// waiting is the number of its transitions that wait for a delivery.
	waiting int
}

// held is a pointer to a struct that embeds Entry.
type held interface{ entry() *Entry }

func (e *Entry) entry() *Entry { return e }

// Firing reports whether the alert has not ended.
func (e *Entry) Firing() bool { return e.Alert.State == alert.Firing }

// ChangedAt is when the state changed last in this process.
func (e *Entry) ChangedAt() time.Time { return e.changed }

// Release says that the alert may be emitted as it is now. Where it was emitted as one that is not
// stored, it is emitted at once: it is not true any more.
func (e *Entry) Release() {
	if e.unstored {
		e.unstored = false
		e.version++
	}
	a := e.Alert
	e.released, e.releasedVersion = &a, e.version
}

// releaseUnstored lets a state that is held be emitted, with an annotation that says so.
func (e *Entry) releaseUnstored() {
	a := e.Alert
	a.Annotations = maps.Clone(a.Annotations)
	if a.Annotations == nil {
		a.Annotations = make(map[string]string, 1)
	}
	a.Annotations[NotStored] = notStored
	e.released, e.releasedVersion, e.unstored = &a, e.version, true
}

// replace sets all but what makes it the same alert.
func (e *Entry) replace(a alert.Alert) {
	a.State, a.StartsAt, a.EndsAt = e.Alert.State, e.Alert.StartsAt, e.Alert.EndsAt
	e.Alert = a
}

// undelivered reports whether there is a state that was released, is to be emitted at once and was
// not delivered.
func (e *Entry) undelivered() bool { return e.released != nil && e.sent != e.releasedVersion }

// compare orders alerts by their beginning.
func compare(a, b *Entry) int {
	return cmp.Or(a.Alert.StartsAt.Compare(b.Alert.StartsAt), cmp.Compare(a.fingerprint, b.fingerprint))
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package journal keeps what ml_action has decided and done: cases, which are alerts with the
// actions on them, the actions of the past, the versions of models, and the kill switch.
//
//	case/<fingerprint>  an alert and its runs      model/<environment>/<name>  versions
//	done                actions of the past        kill_switch                 on or off
//
// It is written before a request is sent, and after its answer has come. It is not safe for
// concurrent use.
package journal

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/version"
	"github.com/otelcol-ml/otelcol-ml/internal/state"
)

const (
	prefixCase  = "case/"
	prefixModel = "model/"
	keyDone     = "done"
	keyKill     = "kill_switch"
)

// The memory of what was done: rollbacks as long as there is room, since a version that was rolled
// back does not become good; anything else for a month.
const (
	maxDone  = 5000
	keepDone = 31 * 24 * time.Hour
)

// KillSwitch is what was said by HTTP.
type KillSwitch struct {
	On     bool      `json:"on"`
	Reason string    `json:"reason,omitempty"`
	By     string    `json:"by,omitempty"`
	At     time.Time `json:"at,omitzero"`
}

// Journal is what is stored.
type Journal struct {
	records *state.Records
	cases   map[string]*Case
	done    []Done
	kill    KillSwitch
	// doneChanged says that done is to be written.
	doneChanged bool
}

// New returns a journal that is empty, and not stored.
func New() *Journal {
	return &Journal{records: state.New(state.Options{Fixed: []string{keyDone, keyKill}}), cases: map[string]*Case{}}
}

// Load reads a store, which is written to from now on. model is given what is stored of each.
func (j *Journal) Load(ctx context.Context, store state.Store, model func(id version.ID, m version.Models)) ([]state.Damaged, error) {
	return j.records.Load(ctx, store, func(key string, value []byte) error {
		switch {
		case key == keyDone:
			return decode(value, &j.done)
		case key == keyKill:
			return decode(value, &j.kill)
		case strings.HasPrefix(key, prefixCase):
			c := &Case{}
			if err := decode(value, c); err != nil {
				return err
			}
			if c.Alert == nil {
				return ErrFormat
			}
			c.place.Key = key
			j.cases[strings.TrimPrefix(key, prefixCase)] = c
			return nil
		case strings.HasPrefix(key, prefixModel):
			id, ok := modelOf(key)
			var m version.Models
			if err := decode(value, &m); err != nil || !ok {
				return ErrFormat
			}
			model(id, m)
			return nil
		}
		return ErrFormat
	})
}

// Write writes what has changed.
func (j *Journal) Write(ctx context.Context) error {
	if j.doneChanged {
		value, err := encode(j.done)
		if err != nil {
			return err
		}
		j.records.Put(keyDone, value)
		j.doneChanged = false
	}
	return j.records.Write(ctx)
}

// Behind reports whether the last write failed.
func (j *Journal) Behind() bool { return j.records.Behind() }

// Stored reports whether there is a store.
func (j *Journal) Stored() bool { return j.records.Stored() }

// Cases are all, by fingerprint.
func (j *Journal) Cases() map[string]*Case { return j.cases }

// Open enters a new case.
func (j *Journal) Open(fingerprint string, c *Case) {
	c.place.Key = prefixCase + fingerprint
	j.cases[fingerprint] = c
	j.records.Change(c)
}

// Change notes that a case has changed.
func (j *Journal) Change(c *Case) { j.records.Change(c) }

// Close removes a case.
func (j *Journal) Close(fingerprint string) {
	if c := j.cases[fingerprint]; c != nil {
		j.records.Remove(c)
		delete(j.cases, fingerprint)
	}
}

// Did notes that an action is carried out; once for a key.
func (j *Journal) Did(d Done) {
	if slices.ContainsFunc(j.done, func(o Done) bool { return o.Key == d.Key }) {
		return
	}
	j.done = append(j.done, d)
	j.forget(d.At)
	j.doneChanged = true
}

// Undid takes a note back: the action turned out to have changed nothing.
func (j *Journal) Undid(key string) {
	before := len(j.done)
	j.done = slices.DeleteFunc(j.done, func(o Done) bool { return o.Key == key })
	j.doneChanged = j.doneChanged || len(j.done) != before
}

// forget drops what no guard asks for.
func (j *Journal) forget(now time.Time) {
	j.done = slices.DeleteFunc(j.done, func(d Done) bool { return d.From == "" && now.Sub(d.At) > keepDone })
	if n := len(j.done) - maxDone; n > 0 {
		j.done = slices.Delete(j.done, 0, n)
	}
}

// Done are the actions of the past, the oldest first.
func (j *Journal) Done() []Done { return j.done }

// Kill is what was said of the kill switch last.
func (j *Journal) Kill() KillSwitch { return j.kill }

// SetKill turns the kill switch.
func (j *Journal) SetKill(k KillSwitch) error {
	value, err := encode(k)
	if err != nil {
		return err
	}
	j.kill = k
	j.records.Put(keyKill, value)
	return nil
}

// Models notes what is known of models.
func (j *Journal) Models(changed map[version.ID]version.Models) error {
	for _, id := range slices.SortedFunc(maps.Keys(changed), compareID) {
		value, err := encode(changed[id])
		if err != nil {
			return err
		}
		j.records.Put(modelKey(id), value)
	}
	return nil
}

func compareID(a, b version.ID) int { return strings.Compare(modelKey(a), modelKey(b)) }

func modelKey(id version.ID) string {
	return prefixModel + url.PathEscape(id.Environment) + "/" + url.PathEscape(id.Name)
}

func modelOf(key string) (id version.ID, ok bool) {
	environment, name, ok := strings.Cut(strings.TrimPrefix(key, prefixModel), "/")
	if !ok {
		return id, false
	}
	var err1, err2 error
	id.Environment, err1 = url.PathUnescape(environment)
	id.Name, err2 = url.PathUnescape(name)
	return id, err1 == nil && err2 == nil
}

// Place is where the case is stored.
func (c *Case) Place() *state.Place { return &c.place }

// Encode returns what is stored.
func (c *Case) Encode() ([]byte, error) { return encode(c) }

// Written is called when it is stored.
func (c *Case) Written() {}

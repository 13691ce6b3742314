// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package source

import "time"

// makeRoom drops the alert that was resolved first, else the one that has fired for longest of
// those that the new one outranks.
func (s *Source[K, E]) makeRoom(newcomer E) bool {
	key, found := s.first(func(e E) (time.Time, bool) { return e.entry().Until, !e.entry().Firing() })
	if !found && s.options.Outranks != nil {
		key, found = s.first(func(e E) (time.Time, bool) { return e.entry().Alert.StartsAt, s.options.Outranks(newcomer, e) })
	}
	if found {
		s.drop(key, s.entries[key], true)
	}
	return found
}

// first finds the earliest alert of those that at gives a time.
func (s *Source[K, E]) first(at func(E) (time.Time, bool)) (key K, found bool) {
	var earliest time.Time
	var fingerprint string
	for k, e := range s.entries {
		t, ok := at(e)
		if !ok {
			continue
		}
		f := e.entry().fingerprint
		if !found || t.Before(earliest) || t.Equal(earliest) && f < fingerprint {
			key, found, earliest, fingerprint = k, true, t, f
		}
	}
	return key, found
}

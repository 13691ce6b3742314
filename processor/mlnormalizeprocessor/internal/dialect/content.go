// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

// contentSet is what holds prompts and completions.
type contentSet struct {
	matcher matcher
	// whole are the prefixes of which every key is content; numbered are the keys that begin with
	// the others.
	whole    map[int]bool
	numbered []source
	events   map[string]bool
}

func (s *contentSet) init() {
	s.matcher.init()
	s.whole, s.events = map[int]bool{}, map[string]bool{}
}

func (s *contentSet) add(c content) {
	for _, src := range c.attributes {
		switch {
		case src.family:
			s.whole[s.matcher.prefix(src.key)] = true
		case src.numbered():
			s.matcher.prefix(src.key)
			s.numbered = append(s.numbered, src)
		default:
			s.matcher.slot(src.key)
		}
	}
	for _, e := range c.events {
		s.events[e] = true
	}
}

func (s *contentSet) has(key string) bool {
	if key == "" {
		return false
	}
	if s.matcher.find(key) >= 0 {
		return true
	}
	prefixes := s.matcher.near(key)
	for i := range prefixes {
		p := &prefixes[i]
		if !p.begins(key) {
			continue
		}
		if s.whole[p.index] {
			return true
		}
		for j := range s.numbered {
			if s.numbered[j].key == p.prefix && s.numbered[j].matches(key) {
				return true
			}
		}
	}
	return false
}

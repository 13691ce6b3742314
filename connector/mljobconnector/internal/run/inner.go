// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package run

// addInner takes in an inner span or a marker: a sign of life, perhaps evidence.
func (r *Run) addInner(s *Span, trace uint16, at sighting) bool {
	marker := s.Kind == KindMarker
	link := link{span: s.SpanID, parent: s.ParentID, trace: trace, ok: s.OK, erring: !marker && s.Outcome.Bad()}
	if r.more != nil && r.more.links.has(&link) {
		return false
	}
	if s.Task == "" {
		r.life.signed(at, marker)
	} else if st := r.stage(s.Task, false); st != nil {
		life := &st.extra().life
		life.sighted(at)
		life.signed(at, marker)
		st.expect(s.Instances)
		st.begin(r, s.Instance)
		if !marker {
			st.addReport(r, s, at)
		}
	}
	if s.SpanID == (SpanID{}) {
		return true
	}
	r.extra().links.add(link, r.limits.Links)
	if link.erring {
		r.offerFailure(failure{
			span: s.SpanID, parent: s.ParentID, trace: trace, name: s.Name, service: s.Service, task: s.Task, instance: s.Instance,
			exceptionType: s.ExceptionType, message: s.Message, start: at.start, end: at.end,
		})
	}
	return true
}

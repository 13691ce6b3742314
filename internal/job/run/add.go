package run

func (s *Stage) add(r *Run, span *Span, trace uint16, at sighting) bool { return false }
func (r *Run) addInner(s *Span, trace uint16, at sighting) bool         { return false }

type tryIndex struct{}
type said struct{}

// Cause returns the evidence for a try that failed: the deepest erring span below it, else the try itself.
func (r *Run) Cause(t *Try) Evidence { return Evidence{} }

// RootCause returns the evidence for a run that failed though no stage did: the deepest erring span that belongs to no stage, else the root.
func (r *Run) RootCause() Evidence { return Evidence{} }

// Merge takes in what another run of the same job holds, which turned out to be this one. The other run must not be used afterwards.
func (r *Run) Merge(other *Run) {}

// MarshalBinary writes the run, with a version of the format.
func (r *Run) MarshalBinary() ([]byte, error) { return nil, nil }

// UnmarshalBinary reads what MarshalBinary wrote, into a run of New, whose limits stay.
func (r *Run) UnmarshalBinary(data []byte) error { return nil }

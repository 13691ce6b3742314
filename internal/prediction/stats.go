// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package prediction

// Stats counts what happened to spans and values.
type Stats struct {
	// Counted spans are predictions, Malformed ones are predictions with an attribute that could
	// not be used, Skipped ones are no predictions, NotSelected ones are predictions that
	// Options.Wants does not want, Nested ones are around a call that was counted, or within one,
	// Siblings beside one that is the same, Repeated ones were counted before. A span is in one of
	// them.
	Counted, Malformed, Skipped, NotSelected, Nested, Siblings, Repeated int64
	// Cut is the number of names that were too long, or no valid UTF-8.
	Cut int64
	// UnreadFeatures are features beyond Options.MaxFeatures.
	UnreadFeatures int64
	// UnreadRows are rows of batches that were too much work for what their span holds.
	UnreadRows int64
	// Flaws are the values that could not be used.
	Flaws [numFlaws]int64
	// Unread are calls of generative models that are not counted, by operation; empty where the
	// span names none.
	Unread map[string]int64
	// Notes are the first of each kind, to be said.
	Notes []Note

	noted uint64
}

// otherOperation stands in Stats.Unread for those that found no room.
const otherOperation = "_OTHER"

// maxUnread is the number of operations that are told apart in one batch.
const maxUnread = 20

func (s *Stats) unread(operation string) {
	if s.Unread == nil {
		s.Unread = make(map[string]int64)
	}
	if _, ok := s.Unread[operation]; !ok && len(s.Unread) >= maxUnread {
		operation = otherOperation
	}
	s.Unread[operation]++
}

// Flaw is why a value could not be used.
type Flaw uint8

// The flaws.
const (
	// FlawNumber is a value that is not a number.
	FlawNumber Flaw = iota
	// FlawRange is a confidence outside 0 to 1.
	FlawRange
	// FlawNegative is an amount below 0.
	FlawNegative
	// FlawLength is an array without a batch of its length.
	FlawLength
	// FlawBatch is a batch size that is not one, or that neither an array nor the card's max_batch
	// confirms.
	FlawBatch
	// FlawText is a text that is not a JSON object.
	FlawText
	// FlawType is a value of a type that cannot be counted.
	FlawType
	// FlawTime is a span that ends before it starts.
	FlawTime
	// FlawSampling is a sampling probability that is malformed or too small.
	FlawSampling
	// FlawDerived is a value of which a feature cannot be derived.
	FlawDerived
	// numFlaws is how many there are.
	numFlaws
)

// String returns the flaw as in the metric ml_summary_unusable_values.
func (f Flaw) String() string {
	return [...]string{"no_number", "out_of_range", "negative", "array_length", "batch_size", "no_json_object", "type", "time", "sampling", "derived"}[f]
}

// NoteKind is what a Note speaks of: a Flaw, one of the following, or one of the Counter's own,
// which begin at NumNotes.
type NoteKind uint8

// The kinds of notes beyond flaws.
const (
	// NoteFeatures is a feature that finds no room: beyond those that are read of a span, or those
	// of the Counter.
	NoteFeatures NoteKind = iota + NoteKind(numFlaws)
	// NoteCut is a name that was too long, or no valid UTF-8.
	NoteCut
	// NoteUnread is a call with an operation that nobody knows.
	NoteUnread
	// NoteRows is a batch of which some rows are not read.
	NoteRows
	// NumNotes is how many there are.
	NumNotes
)

// Note is one thing that somebody should hear of.
type Note struct {
	Kind  NoteKind
	Model Identity
	// Key is the attribute, Value what it held, clipped. They may be parts of the request.
	Key, Value string
}

// maxShown is the most bytes that are shown of a value.
const maxShown = 80

func clip(s string) string {
	if len(s) <= maxShown {
		return s
	}
	end := maxShown
	for end > 0 && s[end]&0xC0 == 0x80 {
		end--
	}
	return s[:end] + "…"
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"fmt"
	"strconv"

	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/series"
)

// Stats counts what happened to spans and values.
type Stats struct {
	// Counted spans are predictions, Malformed ones are predictions with an attribute that could not be used, Skipped
	// ones are no predictions, Nested ones are around a call that was counted, Repeated ones were counted before. A span is
	// in one of them.
	Counted, Malformed, Skipped, Nested, Repeated int64
	// Values that found no room, by the limit that was reached.
	OverflowedModels, OverflowedSegments, OverflowedFeatures, OverflowedCategories, OverflowedServices, OverflowedErrors int64
	// Cut is the number of names that were cut.
	Cut int64
	// Flaws are the values that could not be used.
	Flaws [flaws]int64
	// Unread are calls of generative models that are not counted, by operation; empty where the span names none.
	Unread map[string]int64
	// Folded is the number of cells that were added to a later minute.
	Folded int64
	// Notes are the first of each kind, to be said.
	Notes []Note

	noted uint64
}

// Overflowed is true where anything found no room.
func (s *Stats) Overflowed() bool {
	return s.OverflowedModels+s.OverflowedSegments+s.OverflowedFeatures+s.OverflowedCategories+s.OverflowedServices+s.OverflowedErrors > 0
}

// maxUnread is the number of operations that are told apart in one batch.
const maxUnread = 20

func (s *Stats) unread(operation string) {
	if s.Unread == nil {
		s.Unread = make(map[string]int64)
	}
	if _, ok := s.Unread[operation]; !ok && len(s.Unread) >= maxUnread {
		operation = errorOther
	}
	s.Unread[operation]++
}

// Flaw is why a value could not be used.
type Flaw uint8

// The flaws.
const (
	// FlawNumber is a value that is no number.
	FlawNumber Flaw = iota
	// FlawRange is a confidence outside 0 to 1.
	FlawRange
	// FlawNegative is an amount below 0.
	FlawNegative
	// FlawLength is an array without a batch of its length.
	FlawLength
	// FlawBatch is a batch size that is not one, or that neither an array nor the card's max_batch confirms.
	FlawBatch
	// FlawText is a text that is no JSON object.
	FlawText
	// FlawType is a value of a type that cannot be counted.
	FlawType
	// FlawTime is a span that ends before it starts.
	FlawTime
	flaws
)

// String returns the flaw as in the metric ml_summary_unusable_values.
func (f Flaw) String() string {
	return [...]string{"no_number", "out_of_range", "negative", "array_length", "batch_size", "no_json_object", "type", "time"}[f]
}

// NoteKind is what a Note speaks of: a Flaw, or one of the following.
type NoteKind uint8

// The kinds of notes beyond flaws.
const (
	NoteModels NoteKind = iota + NoteKind(flaws)
	NoteSegments
	NoteFeatures
	NoteCategories
	NoteServices
	NoteErrors
	NoteCut
	NoteUnread
	NoteSwitched
)

// Note is one thing that somebody should hear of.
type Note struct {
	Kind  NoteKind
	Model series.Key
	// Key is the attribute, Value what it held, clipped. They may be parts of the request.
	Key, Value string
}

// note keeps the first note of a kind. The key is the prefix and the name.
func (r *Reader) note(kind NoteKind, prefix, name, value string) {
	if r.Stats.noted&(1<<kind) != 0 {
		return
	}
	r.Stats.noted |= 1 << kind
	r.Stats.Notes = append(r.Stats.Notes, Note{Kind: kind, Model: r.model, Key: clip(prefix + name), Value: clip(value)})
}

// flaw marks the span as malformed.
func (r *Reader) flaw(f Flaw, prefix, name string, x *value) {
	r.malformed = true
	r.Stats.Flaws[f]++
	if r.Stats.noted&(1<<f) == 0 {
		r.note(NoteKind(f), prefix, name, x.show())
	}
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

// show returns the value as a person would write it.
func (x *value) show() string {
	if x == nil {
		return ""
	}
	switch x.kind {
	case text, jsonList:
		return x.str
	case integer:
		return strconv.FormatInt(x.int, 10)
	case number:
		return strconv.FormatFloat(x.num, 'g', -1, 64)
	case boolean:
		return strconv.FormatBool(x.num == 1)
	case list:
		return fmt.Sprintf("an array of %d", x.raw.Slice().Len())
	case object:
		return "a map"
	case empty:
		return ""
	default:
		return "a value of another type"
	}
}

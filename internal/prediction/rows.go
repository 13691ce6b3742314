// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package prediction

import (
	"slices"
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/internal/jsonscan"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// maxRows is the largest ml.batch.size; a larger one is malformed.
const maxRows = 1 << 20

// column is an array with a value for each row.
type column struct {
	at    int
	slice pcommon.Slice
	json  jsonscan.Scanner // stands before the next element; not used for a slice
	list  bool
}

// load decodes the column's value for row i; rows are loaded in order.
func (c *column) load(x *Field, i int) {
	if c.list {
		x.set(c.slice.At(i))
		return
	}
	if i > 0 {
		c.json.Take(',')
	}
	_ = x.scan(&c.json) // it was read once, when the array was counted
}

// rows hands the rows of the span to the Counter, one or a batch, and returns how many they are. A
// batch is as long as ml.batch.size says if an array of that length is on the span; else it is no
// longer than mostRows.
func (r *Reader) rows(mostRows int) int {
	s := &r.span
	n, batch := s.batchSize()
	r.columns = r.columns[:0]
	perRow := false    // each row has its own ml.features
	confirmed := false // by an array of that length
	features, scores := s.Fields.position(Features), s.Fields.position(Scores)
	for _, at := range r.lists {
		x := &s.values[at]
		slice := x.raw.Slice()
		fits := batch && slice.Len() == n
		confirmed = confirmed || fits
		switch {
		case slices.Contains(s.Fields.vectors, at), at == scores && !fits: // a vector is no column
		case !fits:
			s.Flaw(FlawLength, "", s.Fields.keys[at], x)
			x.Kind = Unusable
		case at == features:
			perRow = true
		default:
			r.columns = append(r.columns, column{at: at, slice: slice, list: true})
		}
	}

	s.Names = nil
	if features >= 0 && !perRow {
		s.Names = r.readFeatures(s.values[features])
		r.nestedColumns(n, batch)
	}
	if len(r.columns) == 0 && !perRow {
		if n > mostRows && !confirmed {
			s.Flaw(FlawBatch, "", mlconv.AttrBatchSize, s.Field(BatchSize))
			n = mostRows
		}
		r.counter.Row(s, uint32(n))
		return n
	}
	allowed := r.allowance(n)
	var perRowFeatures pcommon.Slice
	if perRow {
		perRowFeatures = s.values[features].raw.Slice()
	}
	unknown := s.Unknown
	for i := range n {
		if allowed.spent() {
			r.rest(n, n-i)
			break
		}
		for c := range r.columns {
			r.columns[c].load(&s.values[r.columns[c].at], i)
		}
		s.Unknown = unknown
		if perRow {
			var x Field
			x.set(perRowFeatures.At(i))
			s.Names = r.readFeatures(x)
			r.nestedColumns(n, false) // no arrays within a row
		}
		allowed.used += r.counter.Row(s, 1)
	}
	return n
}

// rest leaves the last rows of a batch of n unread.
func (r *Reader) rest(n, unread int) {
	s := &r.span
	r.Stats.UnreadRows += int64(unread)
	s.Note(NoteRows, "", mlconv.AttrBatchSize, strconv.Itoa(n))
	r.counter.Rest(s, unread)
}

// nestedColumns makes columns of the arrays in ml.features.
func (r *Reader) nestedColumns(n int, batch bool) {
	s := &r.span
	if s.Names == nil {
		return
	}
	for i := range s.Names.Keys {
		at := s.Fields.size() + i
		x := &s.values[at]
		switch x.Kind {
		case List:
			if slice := x.raw.Slice(); batch && slice.Len() == n {
				r.columns = append(r.columns, column{at: at, slice: slice, list: true})
				continue
			}
		case JSONList:
			if batch && x.count == n {
				r.columns = append(r.columns, column{at: at, json: jsonscan.New(x.Text())})
				continue
			}
		case Object, Unusable:
		default:
			continue
		}
		why := FlawType
		if x.Kind == List || x.Kind == JSONList {
			why = FlawLength
		}
		s.Flaw(why, mlconv.PrefixFeature, s.Names.Keys[i], x)
		x.Kind = Unusable
	}
}

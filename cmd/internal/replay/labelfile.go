// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// KnownLabels are the labels of a file of their own, by the id of their prediction.
type KnownLabels struct {
	byID map[string]*known
}

// known is what a file says of one prediction, in its order.
type known struct {
	truths []truth
	taken  bool
}

// truth is what was right, and when that was known, where the file says so.
type truth struct {
	text string
	at   time.Time
}

// ReadLabels reads a file with labels by id, into memory. A row without an id or a label is left out.
// Of several for one id each is a label, the later one a correction, where there is a column of times;
// else the last one counts.
func ReadLabels(ctx context.Context, path string, o table.Options, id string, l *Labels) (*KnownLabels, error) {
	schema, err := table.Infer(ctx, []string{path}, o)
	if err != nil {
		return nil, err
	}
	for flag, name := range map[string]string{"id": id, "label": l.Column, "label-time": l.TimeColumn} {
		if name != "" && schema.Column(name) == nil {
			err = errors.Join(err, fmt.Errorf("%s: there is no column %q in %s", flag, name, path))
		}
	}
	if err != nil {
		return nil, err
	}
	r, err := schema.Open(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()

	k := &KnownLabels{byID: map[string]*known{}}
	ids, texts, times := newPlace(schema, id), newPlace(schema, l.Column), newPlace(schema, l.TimeColumn)
	var row []table.Cell
	for {
		if row, err = r.Next(row); err != nil {
			if errors.Is(err, io.EOF) {
				return k, nil
			}
			return nil, err
		}
		for _, p := range []*place{ids, texts, times} {
			p.find(r.Columns())
		}
		key, t := ids.text(row), truth{text: texts.text(row)}
		if key == "" || t.text == "" {
			continue
		}
		if t.at, err = times.instant(row); err != nil {
			return nil, fmt.Errorf("%s: %w", r.Where(), err)
		}
		k.add(key, t, l.TimeColumn != "")
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
}

func (k *KnownLabels) add(id string, t truth, timed bool) {
	of := k.byID[id]
	if of == nil {
		of = &known{}
		k.byID[id] = of
	}
	if !timed {
		of.truths = of.truths[:0]
	}
	of.truths = append(of.truths, t)
}

// take returns the labels of a prediction.
func (k *KnownLabels) take(id string) []truth {
	of := k.byID[id]
	if of == nil {
		return nil
	}
	of.taken = true
	return of.truths
}

// orphans is the number of ids that no row has had.
func (k *KnownLabels) orphans() (n int) {
	if k == nil {
		return 0
	}
	for _, of := range k.byID {
		if !of.taken {
			n++
		}
	}
	return n
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package imported

import (
	"errors"
	"fmt"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/boundedfile"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// MaxColumns is the largest number of columns of a file.
const MaxColumns = 10_000

// Source is what a file says of a data set.
type Source struct {
	Format Format
	// Name is what the file calls the data set, empty if it does not.
	Name string
	// Created is when the file was made, zero if it does not say.
	Created time.Time
	Rows    uint64
	Columns []*Column
	// Notes are what is in the file and not carried over, of no column in particular.
	Notes []string
}

// Column is what a file says of a column.
type Column struct {
	Name    string
	Missing uint64
	// Integral says that all numbers are whole.
	Integral bool
	// Basis says in words of what the bins or categories are made.
	Basis string
	// Notes are what is less exact than the data, or is not carried over.
	Notes []string
	// Left is why the column cannot be in a baseline, empty if it can.
	Left string

	numbers *numbers
	values  *values
}

func (c *Column) note(format string, args ...any) {
	c.Notes = append(c.Notes, fmt.Sprintf(format, args...))
}

// Read reads a file. dataset is the name of one of several data sets in it, empty if there is one.
func Read(path string, format Format, dataset string) (*Source, error) {
	data, err := boundedfile.ReadAny(path, profile.MaxFileSize)
	if _, large := errors.AsType[*boundedfile.TooLargeError](err); large {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err != nil {
		return nil, err
	}
	s, err := decode(data, format, dataset)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

func decode(data []byte, format Format, dataset string) (*Source, error) {
	if format == "" {
		var err error
		if format, err = Detect(data); err != nil {
			return nil, err
		}
	}
	var s *Source
	var err error
	switch format {
	case Whylogs:
		s, err = readWhylogs(data)
	case TFDV:
		s, err = readTFDV(data, dataset)
	case SageMaker:
		s, err = readSageMaker(data)
	default:
		return nil, fmt.Errorf("format %q is none of %s, %s and %s", format, Whylogs, TFDV, SageMaker)
	}
	if err != nil {
		return nil, fmt.Errorf("not a readable %s file: %w", format, err)
	}
	s.Format = format
	return s, s.check()
}

// check looks at what all formats have in common.
func (s *Source) check() error {
	if len(s.Columns) == 0 {
		return errors.New("has no column")
	}
	seen := make(map[string]bool, len(s.Columns))
	for _, c := range s.Columns {
		if c.Name == "" {
			return errors.New("has a column without a name")
		}
		if seen[c.Name] {
			return fmt.Errorf("column %q: is there twice", c.Name)
		}
		seen[c.Name] = true
	}
	return nil
}

func tooManyColumns(n int) error {
	if n > MaxColumns {
		return fmt.Errorf("has more than %d columns", MaxColumns)
	}
	return nil
}

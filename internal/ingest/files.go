// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/configcheck"
)

// Files are the options that say which files to follow.
type Files struct {
	// Include are globs of files; none follows none.
	Include []string `mapstructure:"include"`
	// Exclude are globs of files to leave out; none leaves none out.
	Exclude []string `mapstructure:"exclude"`
	// ExcludeOlderThan leaves files out that have not changed for so long, 1m at least; 0 (the
	// default) leaves none out.
	ExcludeOlderThan time.Duration `mapstructure:"exclude_older_than"`
	// StartAt is beginning or end (the default), for files that are there when the collector starts
	// for the first time.
	StartAt string `mapstructure:"start_at"`
	// PollInterval is the time between two looks, 10ms at least (default 1s).
	PollInterval time.Duration `mapstructure:"poll_interval"`
	// MaxRecordSize is the longest line, in bytes, 1 to 268435456 (default 4194304); a longer one
	// is refused.
	MaxRecordSize int `mapstructure:"max_record_size"`
}

// The values of Files.StartAt.
const (
	startAtBeginning = "beginning"
	startAtEnd       = "end"
)

// maxRecordSize is the most of Files.MaxRecordSize, in bytes.
const maxRecordSize = 1 << 28

// minAge is the least of Files.ExcludeOlderThan: a file must be seen before it is old.
const minAge = time.Minute

// DefaultFiles are the options' defaults.
func DefaultFiles() Files {
	return Files{StartAt: startAtEnd, PollInterval: time.Second, MaxRecordSize: 4 << 20}
}

// FromStart tells whether files are read that are there at the first start.
func (f *Files) FromStart() bool { return f.StartAt == startAtBeginning }

// Check returns all that is wrong; key is the option that holds them.
func (f *Files) Check(key string) error {
	return errors.Join(
		configcheck.Duration(key+"::poll_interval", f.PollInterval, 0, 0),
		configcheck.DurationOrZero(key+"::exclude_older_than", f.ExcludeOlderThan, minAge, 0),
		checkGlobs(key+"::include", f.Include),
		checkGlobs(key+"::exclude", f.Exclude),
		configcheck.OneOf(key+"::start_at", f.StartAt, startAtBeginning, startAtEnd),
		configcheck.Range(key+"::max_record_size", f.MaxRecordSize, 1, maxRecordSize),
	)
}

func checkGlobs(key string, globs []string) error {
	var errs []error
	for i, glob := range globs {
		if _, err := filepath.Match(glob, ""); err != nil || glob == "" {
			errs = append(errs, fmt.Errorf("'%s[%d]': %q is not a glob", key, i, glob))
		}
	}
	return errors.Join(errs...)
}

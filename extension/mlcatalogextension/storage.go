// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlcatalogextension

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/state"
)

// maxSaved is the largest value that is read back, in bytes.
const maxSaved = 256 << 20

// saved is what the storage keeps of a source.
type saved struct {
	// Format is 1.
	Format int `json:"format"`
	// Config is the fingerprint of the source's config: facts of another one are not used.
	Config string `json:"config"`
	// At is when the source gave them.
	At    time.Time     `json:"at"`
	Facts catalog.Facts `json:"facts"`
}

const savedFormat = 1

// storageKey is where a source's facts are kept.
func storageKey(p *plan) string { return "source/" + p.name }

// restore reads what the storage has of a source. What is missing, damaged (then it is set aside)
// or of another config is as nothing: the source will answer.
func (e *catalogExtension) restore(ctx context.Context, p *plan) (at time.Time, facts catalog.Facts, ok bool) {
	var s saved
	damaged, err := state.Take(ctx, e.storage, storageKey(p), s.decode)
	if damaged != nil {
		err = errors.Join(errors.New(damaged.String()), err)
	}
	if err != nil {
		e.logger.Warn("What the storage keeps of a source cannot be used, the source is asked.", zap.String("source", p.name), zap.Error(err))
		return time.Time{}, catalog.Facts{}, false
	}
	if s.Format == 0 || s.Config != p.fingerprint || s.At.After(time.Now()) {
		return time.Time{}, catalog.Facts{}, false
	}
	return s.At, s.Facts, true
}

// decode reads what a saver has written.
func (s *saved) decode(data []byte) error {
	if len(data) > maxSaved {
		return fmt.Errorf("has %d bytes, at most %d are read", len(data), maxSaved)
	}
	if err := json.Unmarshal(data, s); err != nil {
		return err
	}
	switch {
	case s.Format != savedFormat:
		return fmt.Errorf("has the format %d, not %d", s.Format, savedFormat)
	case slices.Contains(s.Facts.FeatureViews, nil):
		return errors.New("has a feature view that is null")
	}
	return nil
}

// saver returns what writes a source's facts.
func (e *catalogExtension) saver(p *plan) func(ctx context.Context, at time.Time, facts catalog.Facts) {
	return func(ctx context.Context, at time.Time, facts catalog.Facts) {
		data, err := json.Marshal(saved{Format: savedFormat, Config: p.fingerprint, At: at, Facts: facts})
		if err == nil {
			err = e.storage.Batch(ctx, map[string][]byte{storageKey(p): data})
		}
		if err != nil {
			e.logger.Warn("The facts of a source cannot be saved.", zap.String("source", p.name), zap.Error(err))
		}
	}
}

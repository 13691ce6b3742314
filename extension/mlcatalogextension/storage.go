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

// restore reads what the storage has of a source. What is missing, damaged or of another config is as nothing: the source will answer.
func (e *catalogExtension) restore(ctx context.Context, p *plan) (at time.Time, facts catalog.Facts, ok bool) {
	data, err := e.storage.Get(ctx, storageKey(p))
	if err == nil && len(data) == 0 {
		return time.Time{}, catalog.Facts{}, false
	}
	var s saved
	if err == nil && len(data) > maxSaved {
		err = fmt.Errorf("has %d bytes, at most %d are read", len(data), maxSaved)
	}
	if err == nil {
		err = json.Unmarshal(data, &s)
	}
	if err == nil && s.Format != savedFormat {
		err = fmt.Errorf("has the format %d, not %d", s.Format, savedFormat)
	}
	if err == nil && slices.Contains(s.Facts.FeatureViews, nil) {
		err = errors.New("has a feature view that is null")
	}
	if err != nil {
		e.logger.Warn("What the storage keeps of a source cannot be used, the source is asked.", zap.String("source", p.name), zap.Error(err))
		return time.Time{}, catalog.Facts{}, false
	}
	if s.Config != p.fingerprint || s.At.After(time.Now()) {
		return time.Time{}, catalog.Facts{}, false
	}
	return s.At, s.Facts, true
}

// saver returns what writes a source's facts.
func (e *catalogExtension) saver(p *plan) func(ctx context.Context, at time.Time, facts catalog.Facts) {
	return func(ctx context.Context, at time.Time, facts catalog.Facts) {
		data, err := json.Marshal(saved{Format: savedFormat, Config: p.fingerprint, At: at, Facts: facts})
		if err == nil {
			err = e.storage.Set(ctx, storageKey(p), data)
		}
		if err != nil {
			e.logger.Warn("The facts of a source cannot be saved.", zap.String("source", p.name), zap.Error(err))
		}
	}
}

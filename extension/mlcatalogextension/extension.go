// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlcatalogextension

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/otelcol-ml/otelcol-ml/extension/mlcatalogextension/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

// An editor or a checkout writes many files in a row: the folder is read once it has been quiet for settle, or at the
// latest patience after the first event.
const (
	settle   = 200 * time.Millisecond
	patience = 2 * time.Second
)

type catalogExtension struct {
	cfg       *Config
	logger    *zap.Logger
	telemetry *metadata.TelemetryBuilder
	set       atomic.Pointer[catalog.Set]

	// loader and absent belong to Start and then to the goroutine.
	loader *catalog.Loader
	absent bool

	stop context.CancelFunc
	done sync.WaitGroup
}

var (
	_ extension.Extension = (*catalogExtension)(nil)
	_ catalog.Catalog     = (*catalogExtension)(nil)
)

func newExtension(set extension.Settings, cfg *Config) (*catalogExtension, error) {
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	e := &catalogExtension{cfg: cfg, logger: set.Logger, telemetry: telemetry, loader: catalog.NewLoader(cfg.Directory)}
	e.set.Store(catalog.NewSet(nil, nil))
	return e, nil
}

// Snapshot returns the current set.
func (e *catalogExtension) Snapshot() *catalog.Set { return e.set.Load() }

// Start loads the folder, which must be good, and begins to watch it. The default folder may be absent.
func (e *catalogExtension) Start(ctx context.Context, _ component.Host) error {
	if _, err := os.Stat(e.cfg.Directory); errors.Is(err, os.ErrNotExist) {
		path := e.cfg.Directory
		if abs, err := filepath.Abs(path); err == nil {
			path = abs
		}
		if e.cfg.Directory != defaultDirectory {
			return fmt.Errorf("'directory': %s does not exist", path)
		}
		e.absent = true
		e.logger.Warn("There is no catalog yet: no model and no job is known. Create the folder and put a card (a YAML file that says kind, name, ...) "+
			"into it, or set 'directory'; it is loaded as soon as it is there.", zap.String("directory", path))
	} else if _, err := e.load(ctx); err != nil {
		return fmt.Errorf("'directory': the cards in %s are not good:\n%w", e.cfg.Directory, err)
	}

	var w watch
	if watcher, err := newWatcher(e.cfg.Directory); err != nil {
		w = noWatch{}
		e.logger.Warn("The file system's events cannot be had; changes of the catalog are found by polling alone.",
			zap.Duration("reload_interval", e.cfg.ReloadInterval), zap.Error(err))
	} else {
		w = watcher
	}
	w.update(e.loader.Folders(), e.loader.Baselines())
	ctx, e.stop = context.WithCancel(context.Background())
	e.done.Go(func() { e.run(ctx, w) })
	return nil
}

// Shutdown ends the watch. The last set stays readable.
func (e *catalogExtension) Shutdown(context.Context) error {
	if e.stop != nil {
		e.stop()
	}
	e.done.Wait()
	e.telemetry.Shutdown()
	return nil
}

// run reloads on events and polls until ctx is done.
func (e *catalogExtension) run(ctx context.Context, w watch) {
	defer func() {
		if err := w.close(); err != nil {
			e.logger.Debug("The watch of the catalog did not close.", zap.Error(err))
		}
	}()
	var poll <-chan time.Time
	if e.cfg.ReloadInterval > 0 {
		ticker := time.NewTicker(e.cfg.ReloadInterval)
		defer ticker.Stop()
		poll = ticker.C
	}
	quiet := time.NewTimer(settle) // for what changed between the load and the watch
	defer quiet.Stop()
	var first time.Time // of the events that wait
	for {
		select {
		case <-ctx.Done():
			return
		case event := <-w.events():
			if !w.matters(event) {
				continue
			}
			if first.IsZero() {
				first = time.Now()
			}
			if left := patience - time.Since(first); left > 0 {
				quiet.Reset(min(settle, left))
			}
			continue
		case err := <-w.errors(): // events were lost: look
			e.logger.Debug("The file system's events are incomplete.", zap.Error(err))
		case <-quiet.C:
		case <-poll:
		}
		first = time.Time{}
		e.reload(ctx)
		w.update(e.loader.Folders(), e.loader.Baselines())
	}
}

// reload loads the folder and keeps the last good set where it is bad. A default folder that has never been there is waited for.
func (e *catalogExtension) reload(ctx context.Context) {
	if e.absent {
		if _, err := os.Stat(e.cfg.Directory); err != nil {
			return
		}
		e.absent = false
	}
	before := e.Snapshot()
	changed, err := e.load(ctx)
	if !changed || err == nil {
		return
	}
	violations := catalog.Violations(err)
	logger := e.logger.WithOptions(zap.AddStacktrace(zapcore.FatalLevel)) // the stack says nothing of the card
	for _, v := range violations {
		logger.Error("A card is not good.", zap.Error(v))
	}
	logger.Error("The catalog was not loaded, the last good one stays.", zap.String("directory", e.cfg.Directory),
		zap.Int("violations", len(violations)), zap.Int("models", len(before.Models)), zap.Int("jobs", len(before.Jobs)))
}

var (
	loaded = metric.WithAttributeSet(attribute.NewSet(attribute.String("outcome", "loaded")))
	failed = metric.WithAttributeSet(attribute.NewSet(attribute.String("outcome", "failed")))
	models = metric.WithAttributeSet(attribute.NewSet(attribute.String("kind", "model")))
	jobs   = metric.WithAttributeSet(attribute.NewSet(attribute.String("kind", "job")))
)

// load swaps the set if the folder has changed and is good, and counts once per change.
func (e *catalogExtension) load(ctx context.Context) (changed bool, err error) {
	set, changed, err := e.loader.Load()
	if !changed {
		return false, err
	}
	e.telemetry.MlCatalogViolations.Record(ctx, int64(len(catalog.Violations(err))))
	if err != nil {
		e.telemetry.MlCatalogReloads.Add(ctx, 1, failed)
		return true, err
	}
	e.set.Store(set)
	e.telemetry.MlCatalogReloads.Add(ctx, 1, loaded)
	e.telemetry.MlCatalogCards.Record(ctx, int64(len(set.Models)), models)
	e.telemetry.MlCatalogCards.Record(ctx, int64(len(set.Jobs)), jobs)
	e.telemetry.MlCatalogLastLoad.Record(ctx, float64(time.Now().UnixMilli())/1000)
	e.logger.Info("The catalog is loaded.", zap.String("directory", e.cfg.Directory), zap.Int("models", len(set.Models)), zap.Int("jobs", len(set.Jobs)))
	return true, nil
}

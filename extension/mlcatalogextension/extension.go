// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlcatalogextension

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensioncapabilities"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/otelcol-ml/otelcol-ml/extension/mlcatalogextension/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/loglimit"
	"github.com/otelcol-ml/otelcol-ml/internal/state/storageclient"
	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc"
)

// An editor or a checkout writes many files in a row: the folder is read once it has been quiet for settle, or at the
// latest patience after the first event.
const (
	settle   = 200 * time.Millisecond
	patience = 2 * time.Second
)

type catalogExtension struct {
	id        component.ID
	cfg       *Config
	settings  component.TelemetrySettings
	logger    *zap.Logger
	telemetry *metadata.TelemetryBuilder
	set       atomic.Pointer[catalog.Set]

	// mu guards what the set is made of: files and sources change it from goroutines of their own.
	mu    sync.Mutex
	cards *catalog.Set
	facts []catalog.Facts // by source

	// sightings are what readers have looked up; limiter bounds the lines about them.
	sightings *catalog.Sightings
	limiter   *loglimit.Limiter

	followers []*follower
	storage   *storageclient.Client // nil without one

	// loader, absent and said belong to Start and then to the goroutine. said are the keys without an effect that the log has had, by file.
	loader *catalog.Loader
	absent bool
	said   map[string]string

	stop context.CancelFunc
	done sync.WaitGroup
}

var (
	_ extension.Extension             = (*catalogExtension)(nil)
	_ extensioncapabilities.Dependent = (*catalogExtension)(nil)
	_ catalog.Catalog                 = (*catalogExtension)(nil)
)

func newExtension(set extension.Settings, cfg *Config) (*catalogExtension, error) {
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	e := &catalogExtension{
		id: set.ID, cfg: cfg, settings: set.TelemetrySettings, logger: set.Logger, telemetry: telemetry,
		loader: catalog.NewLoader(cfg.Directory), cards: catalog.NewSet(nil, nil),
		sightings: catalog.NewSightings(), limiter: loglimit.New(sayAgain),
	}
	e.set.Store(e.cards)
	return e, nil
}

// Dependencies are the extensions that start first: those that authenticate requests to sources, and the storage.
func (e *catalogExtension) Dependencies() []component.ID { return e.cfg.dependencies() }

// change changes what the set is made of, and swaps the set.
func (e *catalogExtension) change(f func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	f()
	e.set.Store(catalog.Merge(e.cards, e.facts...))
}

// Snapshot returns the current set.
func (e *catalogExtension) Snapshot() *catalog.Set { return e.set.Load() }

// Start loads the folder and begins to watch it and to ask the sources. The default folder may be absent, and cards that are not good are left out.
func (e *catalogExtension) Start(ctx context.Context, host component.Host) error {
	if err := e.openSources(ctx, host); err != nil {
		return err
	}
	there, err := e.cfg.folder()
	switch {
	case err != nil:
		return err
	case there:
		e.load(ctx)
	default:
		e.absent = true
		if path := absolute(e.cfg.Directory); len(e.followers) > 0 {
			e.logger.Info("There is no folder with cards: the catalog is what the sources know.", zap.String("directory", path))
		} else {
			e.logger.Warn("There is no catalog yet: no model and no job is known. Create the folder and put a card (a YAML file that says kind, name, ...) "+
				"into it, or set 'directory'; it is loaded as soon as it is there.", zap.String("directory", path))
		}
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
	e.done.Go(func() { e.review(ctx) })
	for _, f := range e.followers {
		e.done.Go(func() { f.run(ctx) })
	}
	return nil
}

// openSources makes the followers, with what the storage has of their sources. A source that does not answer is no error.
func (e *catalogExtension) openSources(ctx context.Context, host component.Host) (err error) {
	plans := e.cfg.Sources.plans()
	if len(plans) == 0 {
		return nil
	}
	if e.cfg.Storage != nil {
		if e.storage, err = storageclient.Open(ctx, host, "storage", *e.cfg.Storage, storageclient.Owner{Kind: component.KindExtension, ID: e.id, Name: "sources"}); err != nil {
			return err
		}
	}
	e.facts = make([]catalog.Facts, len(plans))
	attributes := make([]sourceAttributes, len(plans))
	for i := range plans {
		p := &plans[i]
		client, err := p.config.ToClient(ctx, host.GetExtensions(), e.settings)
		if err != nil {
			return fmt.Errorf("'%s': %w", p.key, err)
		}
		src, err := p.open(client)
		if err != nil {
			return fmt.Errorf("'%s': %w", p.key, err)
		}
		f := newFollower(p.name, src, p.config, e.logger)
		f.publish = func(facts catalog.Facts) { e.change(func() { e.facts[i] = facts }) }
		a := newSourceAttributes(p.name)
		attributes[i] = a
		f.count = func(outcome string, facts catalog.Facts) { e.count(a, outcome, facts) }
		if e.storage != nil {
			f.save = e.saver(p)
			if at, facts, ok := e.restore(ctx, p); ok {
				f.restore(at, facts)
			}
		}
		e.followers = append(e.followers, f)
	}
	return e.telemetry.RegisterMlCatalogSourceAgeCallback(func(_ context.Context, o metric.Float64Observer) error {
		for i, f := range e.followers {
			o.Observe(f.age().Seconds(), attributes[i].age)
		}
		return nil
	})
}

// count records what became of a fetch, and what the source's facts are.
func (e *catalogExtension) count(a sourceAttributes, outcome string, facts catalog.Facts) {
	ctx := context.Background()
	switch outcome {
	case "changed":
		e.telemetry.MlCatalogSourceFetches.Add(ctx, 1, a.changed)
	case "unchanged":
		e.telemetry.MlCatalogSourceFetches.Add(ctx, 1, a.unchanged)
	default:
		e.telemetry.MlCatalogSourceFetches.Add(ctx, 1, a.fails)
	}
	versions := 0
	for i := range facts.Models {
		versions += len(facts.Models[i].Versions)
	}
	e.telemetry.MlCatalogSourceFacts.Record(ctx, int64(len(facts.Models)), a.models)
	e.telemetry.MlCatalogSourceFacts.Record(ctx, int64(versions), a.versions)
	e.telemetry.MlCatalogSourceFacts.Record(ctx, int64(len(facts.FeatureViews)), a.views)
}

// Shutdown ends the watch and the sources. The last set stays readable.
func (e *catalogExtension) Shutdown(ctx context.Context) error {
	if e.stop != nil {
		e.stop()
	}
	e.done.Wait()
	e.telemetry.Shutdown()
	return e.storage.Close(ctx)
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

// reload loads the folder. A default folder that has never been there is waited for.
func (e *catalogExtension) reload(ctx context.Context) {
	if e.absent {
		if _, err := os.Stat(e.cfg.Directory); err != nil {
			return
		}
		e.absent = false
	}
	e.load(ctx)
}

// load swaps the set if the folder has changed, counts once per change, and says what is wrong.
func (e *catalogExtension) load(ctx context.Context) {
	result, changed := e.loader.Load()
	if !changed {
		return
	}
	e.change(func() { e.cards = result.Set })
	e.record(ctx, result)
	fields := []zap.Field{zap.String("directory", e.cfg.Directory), zap.Int("models", len(result.Set.Models)), zap.Int("jobs", len(result.Set.Jobs))}
	if result.Err == nil {
		e.logger.Info("The catalog is loaded.", fields...)
	} else {
		e.complain(result, fields)
	}
	e.announce(result.NoEffect)
}

// mostViolations bounds the lines in the log about one load; "validate" lists all.
const mostViolations = 100

// complain says what is wrong with the cards, and which ones are in force nevertheless.
func (e *catalogExtension) complain(result *catalog.Result, fields []zap.Field) {
	logger := e.logger.WithOptions(zap.AddStacktrace(zapcore.FatalLevel)) // the stack says nothing of the card
	violations := yamldoc.Violations(result.Err)
	for _, v := range violations[:min(len(violations), mostViolations)] {
		logger.Error("A card is not good.", zap.Error(v))
	}
	kept := make([]string, 0, len(result.Kept))
	for _, k := range result.Kept {
		name := k.Kind + " " + k.Name
		if k.Environment != "" {
			name += " (" + k.Environment + ")"
		}
		kept = append(kept, name)
	}
	rejected := result.Rejected.Models + result.Rejected.Jobs + result.Rejected.Unknown
	logger.Error("Cards that are not good are left out, or stay as they were before; all others are loaded. The command \"validate\" lists what is wrong.",
		append(fields, zap.Int("rejected", rejected), zap.Int("violations", len(violations)), zap.Strings("kept", kept))...)
}

// announce says once which keys of a card nothing acts on yet.
func (e *catalogExtension) announce(cards []catalog.NoEffect) {
	said := make(map[string]string, len(cards))
	for _, c := range cards {
		at, keys := fmt.Sprintf("%s:%d", c.File, c.Line), strings.Join(c.Keys, ", ")
		said[at] = keys
		if e.said[at] != keys {
			e.logger.Warn("Keys of a card have no effect yet: they are checked, and nothing acts on them.", zap.String("card", at), zap.String("keys", keys))
		}
	}
	e.said = said
}

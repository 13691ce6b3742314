// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlcatalogextension

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensioncapabilities"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/otelcol-ml/otelcol-ml/extension/mlcatalogextension/internal/feast"
	"github.com/otelcol-ml/otelcol-ml/extension/mlcatalogextension/internal/folder"
	"github.com/otelcol-ml/otelcol-ml/extension/mlcatalogextension/internal/follow"
	"github.com/otelcol-ml/otelcol-ml/extension/mlcatalogextension/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/extension/mlcatalogextension/internal/mlflow"
	"github.com/otelcol-ml/otelcol-ml/extension/mlcatalogextension/internal/review"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/scrub"
	"github.com/otelcol-ml/otelcol-ml/internal/state/storageclient"
	"github.com/otelcol-ml/otelcol-ml/internal/visible"
	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc"
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

	// sightings are what readers have looked up.
	sightings *catalog.Sightings

	followers []*follow.Follower
	storage   *storageclient.Client // nil without one

	// loader, absent and reported belong to Start and then to the goroutine. reported are the keys
	// without an effect that the log has had, by file.
	loader   *catalog.Loader
	absent   bool
	reported map[string]string
	// oldBaselines are the columns that were reported, by model and baseline.
	oldBaselines map[string]string

	stop context.CancelFunc
	done sync.WaitGroup
}

var (
	_ extension.Extension             = (*catalogExtension)(nil)
	_ extensioncapabilities.Dependent = (*catalogExtension)(nil)
	_ catalog.Catalog                 = (*catalogExtension)(nil)
	_ catalog.Sighted                 = (*catalogExtension)(nil)
)

func newExtension(set extension.Settings, cfg *Config) (*catalogExtension, error) {
	set.Logger = visible.Logger(set.Logger)
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	e := &catalogExtension{
		id: set.ID, cfg: cfg, settings: set.TelemetrySettings, logger: set.Logger, telemetry: telemetry,
		loader: catalog.NewLoader(cfg.Directory), cards: catalog.NewSet(nil, nil),
		sightings: catalog.NewSightings(),
	}
	e.set.Store(e.cards)
	return e, nil
}

// Dependencies are the extensions that start first: those that authenticate requests to sources,
// and the storage.
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

// Sightings is where the components that look up cards note what they look for.
func (e *catalogExtension) Sightings() *catalog.Sightings { return e.sightings }

// Start loads the folder and begins to watch it and to ask the sources. The default folder may be
// absent, and cards that are not good are left out.
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

	w, err := folder.New(e.cfg.Directory)
	if err != nil {
		w = folder.None{}
		e.logger.Warn("The file system's events cannot be had; changes of the catalog are found by polling alone.",
			zap.Duration("reload_interval", e.cfg.ReloadInterval), zap.Error(err))
	}
	w.Update(e.loader.Folders(), e.loader.Baselines())
	ctx, e.stop = context.WithCancel(context.Background())
	e.done.Go(func() { e.followFolder(ctx, w) })
	e.done.Go(func() { e.review(ctx) })
	for _, f := range e.followers {
		e.done.Go(func() { f.Run(ctx) })
	}
	return nil
}

// openSources makes the followers, with what the storage has of their sources. A source that does
// not answer is no error.
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
		scrub.Client(client)
		src, err := p.open(client)
		if err != nil {
			return fmt.Errorf("'%s': %w", p.key, err)
		}
		a := newSourceAttributes(p.name)
		attributes[i] = a
		options := follow.Options{
			Name: p.name, Interval: p.config.Interval, StaleAfter: p.config.StaleAfter,
			Publish: func(facts catalog.Facts) { e.change(func() { e.facts[i] = facts }) },
			Count:   func(outcome follow.Outcome, facts catalog.Facts) { e.countFetch(a, outcome, facts) },
		}
		if e.storage != nil {
			options.Save = e.saver(p)
		}
		f := follow.New(src, options, e.logger)
		if e.storage != nil {
			if at, facts, ok := e.restore(ctx, p); ok {
				f.Restore(at, facts)
			}
		}
		e.followers = append(e.followers, f)
	}
	return e.telemetry.RegisterMlCatalogSourceAgeCallback(func(_ context.Context, o metric.Float64Observer) error {
		for i, f := range e.followers {
			o.Observe(f.Age().Seconds(), attributes[i].age)
		}
		return nil
	})
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

// followFolder reloads on events and polls until ctx is done.
func (e *catalogExtension) followFolder(ctx context.Context, w folder.Watch) {
	folder.Follow(ctx, w, e.cfg.ReloadInterval, e.logger, func() (folders, baselines []string) {
		e.reload(ctx)
		return e.loader.Folders(), e.loader.Baselines()
	})
}

// review compares what readers look up with the cards until ctx is done.
func (e *catalogExtension) review(ctx context.Context) {
	review.New(e.sightings, e.Snapshot, e.logger, e.recordReview).Run(ctx)
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
	e.recordLoad(ctx, result)
	fields := []zap.Field{zap.String("directory", e.cfg.Directory), zap.Int("models", len(result.Set.Models)), zap.Int("jobs", len(result.Set.Jobs))}
	if result.Err == nil {
		e.logger.Info("The catalog is loaded.", fields...)
	} else {
		e.reportViolations(result, fields)
	}
	e.reportNoEffect(result.NoEffect)
	e.reportOldBaselines(result.Set)
}

// reportOldBaselines says once which baselines of an older version should be built anew.
func (e *catalogExtension) reportOldBaselines(set *catalog.Set) {
	reported := map[string]string{}
	for _, m := range set.Models {
		baselines := []*profile.Profile{m.Baseline}
		for _, v := range m.Versions {
			baselines = append(baselines, v.Baseline)
		}
		for _, b := range baselines {
			if b == nil {
				continue
			}
			columns := strings.Join(b.ToldApartLess(), ", ")
			key := m.Environment + "\x00" + m.Name + "\x00" + b.Name
			if columns == "" || reported[key] == columns {
				continue
			}
			reported[key] = columns
			if e.oldBaselines[key] != columns {
				e.logger.Warn("A baseline of an older version does not list all values of a column: of those that it lists only the most frequent are told apart, "+
					"as the counts of the others cannot be compared. Build it anew with mlprofile.", zap.String("model", m.Name), zap.String("baseline", b.Name), zap.String("columns", columns))
			}
		}
	}
	e.oldBaselines = reported
}

// mostViolations bounds the lines in the log about one load.
const mostViolations = 100

// mostFiles bounds the names of files in its last line, which the collector's own sampling of lines
// leaves.
const mostFiles = 20

// reportViolations says what is wrong with the cards, and which ones are in force nevertheless.
func (e *catalogExtension) reportViolations(result *catalog.Result, fields []zap.Field) {
	logger := e.logger.WithOptions(zap.AddStacktrace(zapcore.FatalLevel)) // the stack says nothing of the card
	violations := yamldoc.Violations(result.Err)
	for _, v := range violations[:min(len(violations), mostViolations)] {
		logger.Error("A card is not good.", zap.Error(v))
	}
	var files []string
	for _, v := range violations {
		one, ok := errors.AsType[*yamldoc.ViolationError](v)
		if ok && len(files) < mostFiles && !slices.Contains(files, one.File) {
			files = append(files, one.File)
		}
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
		append(fields, zap.Int("rejected", rejected), zap.Int("violations", yamldoc.Count(result.Err)), zap.Strings("files", files), zap.Strings("kept", kept))...)
}

// reportNoEffect says once which keys of a card nothing acts on yet.
func (e *catalogExtension) reportNoEffect(cards []catalog.NoEffect) {
	reported := make(map[string]string, len(cards))
	for _, c := range cards {
		at, keys := fmt.Sprintf("%s:%d", c.File, c.Line), strings.Join(c.Keys, ", ")
		reported[at] = keys
		if e.reported[at] != keys {
			e.logger.Warn("Keys of a card have no effect yet: they are checked, and nothing acts on them.", zap.String("card", at), zap.String("keys", keys))
		}
	}
	e.reported = reported
}

// plan is one source of the config: what it takes to run it.
type plan struct {
	key    string // its place in the config
	name   string
	config *SourceConfig
	// fingerprint is of what decides on the facts: those of another config are of no use.
	fingerprint string
	open        func(client *http.Client) (follow.Source, error)
}

// plans lists the sources in the order in which they count.
func (s *Sources) plans() []plan {
	var out []plan
	for i := range s.MLflow {
		c := &s.MLflow[i]
		o := mlflow.Options{
			Models: c.Models, Environment: c.Environment, EnvironmentTag: c.EnvironmentTag, Tags: c.Tags, Params: c.Params, Metrics: c.Metrics,
			MaxModels: c.Limits.Models, MaxVersions: c.Limits.Versions, MaxAttributes: c.Limits.Attributes, MaxBody: c.MaxResponseSize,
		}
		out = append(out, plan{
			key: fmt.Sprintf("sources::mlflow[%d]", i), name: c.name("mlflow"), config: &c.SourceConfig,
			fingerprint: fmt.Sprintf("mlflow %s %+v", c.Endpoint, o),
			open:        func(client *http.Client) (follow.Source, error) { return mlflow.New(client, c.Endpoint, o) },
		})
	}
	for i := range s.Feast {
		c := &s.Feast[i]
		o := feast.Options{
			Project: c.Project, Environment: c.Environment, FeatureViews: c.FeatureViews, Tags: c.Tags,
			MaxViews: c.Limits.FeatureViews, MaxFeatures: c.Limits.Features, MaxBody: c.MaxResponseSize,
		}
		out = append(out, plan{
			key: fmt.Sprintf("sources::feast[%d]", i), name: c.name("feast", c.Project), config: &c.SourceConfig,
			fingerprint: fmt.Sprintf("feast %s %+v", c.Endpoint, o),
			open:        func(client *http.Client) (follow.Source, error) { return feast.New(client, c.Endpoint, o) },
		})
	}
	return out
}

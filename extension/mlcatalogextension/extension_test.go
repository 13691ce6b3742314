// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlcatalogextension

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-ml/otelcol-ml/extension/mlcatalogextension/internal/folder"
	"github.com/otelcol-ml/otelcol-ml/extension/mlcatalogextension/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/extension/mlcatalogextension/internal/metadatatest"
	"github.com/otelcol-ml/otelcol-ml/extension/mlcatalogextension/internal/review"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

const (
	cardA = "kind: model\nname: a\n"
	cardB = "kind: model\nname: b\n---\nkind: job\nname: j\n"
	bad   = "kind: model\nname: a\nonwer: me\n---\nkind: modle\nname: x\n"
)

// rig is an extension under test with its logs and metrics.
type rig struct {
	*catalogExtension
	logs *observer.ObservedLogs
	tel  *componenttest.Telemetry
}

func newRig(t *testing.T, cfg *Config) *rig {
	t.Helper()
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, tel.Shutdown(context.Background())) })
	set := extensiontest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = tel.NewTelemetrySettings()
	logs := testkit.ObserveLogs(&set.TelemetrySettings, zap.InfoLevel)
	e, err := newExtension(set, cfg)
	require.NoError(t, err)
	return &rig{e, logs, tel}
}

func (r *rig) start(t *testing.T) {
	t.Helper()
	require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, r.Shutdown(context.Background())) })
}

// names lists the models in the current set.
func (r *rig) names() (names []string) {
	for _, m := range r.Snapshot().Models {
		names = append(names, m.Name)
	}
	return names
}

func (r *rig) eventually(t *testing.T, names ...string) {
	t.Helper()
	assert.Eventually(t, func() bool { return assert.ObjectsAreEqual(names, r.names()) }, 5*time.Second, 10*time.Millisecond, "%v", names)
}

func (r *rig) reloads(t *testing.T, good, failures int64) {
	t.Helper()
	var points []metricdata.DataPoint[int64]
	for outcome, n := range map[string]int64{"loaded": good, "failed": failures} {
		if n > 0 {
			points = append(points, metricdata.DataPoint[int64]{Value: n, Attributes: attribute.NewSet(attribute.String("outcome", outcome))})
		}
	}
	metadatatest.AssertEqualMlCatalogReloads(t, r.tel, points, metricdatatest.IgnoreTimestamp())
}

func write(t *testing.T, path, content string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
}

// TestReloadOnEvents uses the real events of the file system, with polling off.
func TestReloadOnEvents(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.yaml"), cardA)
	r := newRig(t, &Config{Directory: dir})
	r.start(t)
	first := r.Snapshot()
	assert.Equal(t, []string{"a"}, r.names())

	write(t, filepath.Join(dir, "sub", "b.yaml"), cardB)
	r.eventually(t, "a", "b")
	assert.NotSame(t, first, r.Snapshot())
	assert.Len(t, first.Models, 1, "a published set does not change")

	write(t, filepath.Join(dir, "sub", "b.yaml"), cardB+"---\nkind: model\nname: c\n") // in the new folder
	r.eventually(t, "a", "b", "c")
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "sub")))
	r.eventually(t, "a")
}

func TestReloadOfBaselines(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	baseline := filepath.Join(other, "b.json")
	write(t, baseline, `{"format_version":1,"rows":1,"features":[]}`)
	write(t, filepath.Join(dir, "a.yaml"), cardA+"baseline: "+baseline+"\n")
	r := newRig(t, &Config{Directory: dir})
	r.start(t)
	assert.EqualValues(t, 1, r.Snapshot().Models[0].Baseline.Rows)
	write(t, baseline, `{"format_version":1,"rows":2,"features":[]}`)
	assert.Eventually(t, func() bool { return r.Snapshot().Models[0].Baseline.Rows == 2 }, 5*time.Second, 10*time.Millisecond)
}

// TestReloadOfConfigMap swaps the link that the kubelet swaps.
func TestReloadOfConfigMap(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "..1", "card.yaml"), cardA)
	require.NoError(t, os.Symlink("..1", filepath.Join(dir, "..data")))
	require.NoError(t, os.Symlink("..data/card.yaml", filepath.Join(dir, "card.yaml")))
	r := newRig(t, &Config{Directory: dir})
	r.start(t)
	assert.Equal(t, []string{"a"}, r.names())

	for i, next := range []string{cardB, cardA} { // twice: the watch outlives the swap
		folder := "..2" + string(rune('a'+i))
		write(t, filepath.Join(dir, folder, "card.yaml"), next)
		require.NoError(t, os.Symlink(folder, filepath.Join(dir, "..data_tmp")))
		require.NoError(t, os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")))
		r.eventually(t, []string{"b", "a"}[i])
	}
}

// TestReloadOfLinkedDirectory swaps the folder itself, as git-sync does.
func TestReloadOfLinkedDirectory(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "1", "card.yaml"), cardA)
	write(t, filepath.Join(dir, "2", "card.yaml"), cardB)
	link := filepath.Join(dir, "current")
	require.NoError(t, os.Symlink("1", link))
	r := newRig(t, &Config{Directory: link})
	r.start(t)
	require.NoError(t, os.Symlink("2", link+"_tmp"))
	require.NoError(t, os.Rename(link+"_tmp", link))
	r.eventually(t, "b")
	write(t, filepath.Join(dir, "2", "card.yaml"), cardA)
	r.eventually(t, "a")
}

// cards checks otelcol_ml_catalog_cards, by kind and state, as "model loaded".
func (r *rig) cards(t *testing.T, want map[string]int64) {
	t.Helper()
	var points []metricdata.DataPoint[int64]
	for _, key := range []string{"model loaded", "model kept", "model rejected", "job loaded", "job kept", "job rejected", "unknown rejected"} {
		kind, state, _ := strings.Cut(key, " ")
		points = append(points, metricdata.DataPoint[int64]{
			Value: want[key], Attributes: attribute.NewSet(attribute.String("kind", kind), attribute.String("state", state)),
		})
	}
	metadatatest.AssertEqualMlCatalogCards(t, r.tel, points, metricdatatest.IgnoreTimestamp())
}

// TestBadCardKeepsTheGoodOne changes a card for the worse: the good one of its file stays, and all
// others are loaded.
func TestBadCardKeepsTheGoodOne(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.yaml")
	write(t, path, cardA)
	r := newRig(t, &Config{Directory: dir})
	r.load(t.Context())
	good := r.Snapshot()
	r.cards(t, map[string]int64{"model loaded": 1})

	write(t, path, bad)
	write(t, filepath.Join(dir, "b.yaml"), cardB)
	for range 3 { // polls find the same folder: nothing new to say
		r.reload(t.Context())
	}
	assert.Equal(t, []string{"a", "b"}, r.names())
	assert.Same(t, good.Models[0], r.Snapshot().Models[0])
	var lines []string
	for _, l := range r.logs.FilterMessage("A card is not good.").All() {
		lines = append(lines, l.ContextMap()["error"].(string))
	}
	assert.Equal(t, []string{
		path + ":3:1: onwer: unknown key; did you mean owner? (allowed: alerts, also_known_as, attributes, baseline, contract, derive, description, drift, environment, feature_views, features, kind, max_batch, models, name, owner, positive_class, prices, segment_features, segments, slos, task, versions)",
		path + `:5:7: kind: "modle" is none of model, job; did you mean model?`,
	}, lines)
	summary := r.logs.FilterMessageSnippet("Cards that are not good are left out").All()
	require.Len(t, summary, 1)
	assert.Equal(t, []any{"model a"}, summary[0].ContextMap()["kept"])
	assert.EqualValues(t, 2, summary[0].ContextMap()["rejected"])
	r.reloads(t, 1, 1)
	r.cards(t, map[string]int64{"model loaded": 1, "model kept": 1, "model rejected": 1, "job loaded": 1, "unknown rejected": 1})
	metadatatest.AssertEqualMlCatalogViolations(t, r.tel, []metricdata.DataPoint[int64]{{Value: 2}}, metricdatatest.IgnoreTimestamp())

	require.NoError(t, os.Remove(path))
	r.reload(t.Context())
	assert.Equal(t, []string{"b"}, r.names())
	r.reloads(t, 2, 1)
	r.cards(t, map[string]int64{"model loaded": 1, "job loaded": 1})
	metadatatest.AssertEqualMlCatalogViolations(t, r.tel, []metricdata.DataPoint[int64]{{Value: 0}}, metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualMlCatalogLastLoad(t, r.tel, []metricdata.DataPoint[float64]{{}}, metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreValue())

	require.NoError(t, os.RemoveAll(dir))
	r.reload(t.Context())
	r.reload(t.Context())
	assert.Equal(t, []string{"b"}, r.names(), "a folder that is gone is no empty folder")
	r.reloads(t, 2, 2)
	r.cards(t, map[string]int64{"model kept": 1, "job kept": 1, "unknown rejected": 1})
}

// TestStartOnBadCards starts with one good card among bad ones; "validate" refuses them all.
func TestStartOnBadCards(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.yaml"), bad)
	write(t, filepath.Join(dir, "b.yaml"), cardB)
	cfg := &Config{Directory: dir}
	require.NoError(t, cfg.Validate(), "the collector asks at each start")
	r := newRig(t, cfg)
	r.start(t)
	assert.Equal(t, []string{"b"}, r.names())
	assert.Equal(t, 2, r.logs.FilterMessage("A card is not good.").Len())
	r.cards(t, map[string]int64{"model loaded": 1, "model rejected": 1, "job loaded": 1, "unknown rejected": 1})

	before := os.Args
	t.Cleanup(func() { os.Args = before })
	os.Args = []string{"otelcol-ml", "validate", "--config", "config.yaml"}
	err := cfg.Validate()
	assert.ErrorContains(t, err, "a.yaml:3:1: onwer: unknown key")
	assert.ErrorContains(t, err, `a.yaml:5:7: kind: "modle" is none of`)
}

// TestManyViolations bounds the lines in the log.
func TestManyViolations(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.yaml"), strings.Repeat("kind: modle\nname: x\n---\n", mostViolations+1))
	r := newRig(t, &Config{Directory: dir})
	r.start(t)
	assert.Equal(t, mostViolations, r.logs.FilterMessage("A card is not good.").Len())
	assert.EqualValues(t, mostViolations+1, r.logs.FilterMessageSnippet("Cards that are not good are left out").All()[0].ContextMap()["violations"])
}

// TestKeysWithoutEffect says once which keys of a card do nothing.
func TestKeysWithoutEffect(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.yaml")
	write(t, path, "kind: job\nname: j\nproduces: {model: a, max_age: 1d}\n")
	r := newRig(t, &Config{Directory: dir})
	r.load(t.Context())
	said := func() []observer.LoggedEntry { return r.logs.FilterMessageSnippet("have no effect yet").All() }
	require.Len(t, said(), 1)
	assert.Equal(t, path+":1", said()[0].ContextMap()["card"])
	assert.Equal(t, "produces.max_age", said()[0].ContextMap()["keys"])
	write(t, filepath.Join(dir, "b.yaml"), cardB)
	r.reload(t.Context())
	assert.Len(t, said(), 1, "nothing new")
}

// TestOldBaselines says once of which columns of an older baseline categories are not told apart.
func TestOldBaselines(t *testing.T) {
	dir := t.TempDir()
	column := func(name string, version int, rare string) string {
		return fmt.Sprintf(`{"format_version":%d,"name":%q,"rows":300,"features":[{"name":"city","type":"categorical","count":300,"missing":0,
			"categories":[{"value":"a","count":200},{"value":"b","count":20},{"value":"c","count":20}]%s}]}`, version, name, rare)
	}
	write(t, filepath.Join(dir, "a.json"), column("old", 1, `,"other":60`))
	write(t, filepath.Join(dir, "b.json"), column("new", 2, `,"other":60`))
	write(t, filepath.Join(dir, "a.yaml"), cardA+"baseline: a.json\n")
	write(t, filepath.Join(dir, "b.yaml"), strings.Replace(cardA, "name: a", "name: b2", 1)+"baseline: b.json\n")
	r := newRig(t, &Config{Directory: dir})
	r.load(t.Context())
	said := func() []observer.LoggedEntry {
		return r.logs.FilterMessageSnippet("A baseline of an older version").All()
	}
	require.Len(t, said(), 1)
	assert.Equal(t, "a", said()[0].ContextMap()["model"])
	assert.Equal(t, "city", said()[0].ContextMap()["columns"])
	write(t, filepath.Join(dir, "c.yaml"), cardB)
	r.reload(t.Context())
	assert.Len(t, said(), 1, "once")
}

func TestStartWithoutTheFolder(t *testing.T) {
	t.Run("explicit", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "absent")
		cfg := &Config{Directory: dir}
		require.EqualError(t, cfg.Validate(), "'directory': "+dir+" does not exist")
		r := newRig(t, cfg)
		require.EqualError(t, r.Start(t.Context(), componenttest.NewNopHost()), "'directory': "+dir+" does not exist")
		require.NoError(t, r.Shutdown(t.Context()))
	})
	t.Run("default", func(t *testing.T) {
		dir := t.TempDir()
		t.Chdir(dir)
		cfg := &Config{Directory: defaultDirectory}
		require.NoError(t, cfg.Validate())
		r := newRig(t, cfg)
		r.start(t)
		assert.Empty(t, r.names())
		warnings := r.logs.FilterLevelExact(zapcore.WarnLevel).All()
		require.Len(t, warnings, 1)
		assert.Equal(t, filepath.Join(dir, "catalog"), warnings[0].ContextMap()["directory"])
		write(t, filepath.Join(dir, "catalog", "a.yaml"), cardA)
		r.eventually(t, "a")
		assert.Empty(t, r.logs.FilterLevelExact(zapcore.ErrorLevel).All())
	})
}

func TestValidate(t *testing.T) {
	require.NoError(t, createDefaultConfig().(*Config).Validate())
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "")
	assert.EqualError(t, (&Config{ReloadInterval: time.Second / 2}).Validate(),
		"'directory': must not be empty\n'reload_interval': 500ms must be at least 1s")
	assert.EqualError(t, (&Config{Directory: "../../examples/catalog", ReloadInterval: 30}).Validate(),
		"'reload_interval': 30ns must be at least 1s; a number without a unit is nanoseconds: write 30s")
	assert.EqualError(t, (&Config{Directory: file}).Validate(), "'directory': "+file+" is a file, must be a folder")
	assert.NoError(t, (&Config{Directory: "../../examples/catalog"}).Validate())
}

// TestCardsThatNoSpanMeets names a card, what was seen instead, and the name that is nearly the
// card's.
func TestCardsThatNoSpanMeets(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.yaml")
	write(t, path, "kind: model\nname: fraud\nenvironment: production\n---\nkind: model\nname: churn\n---\nkind: job\nname: daily\n")
	r := newRig(t, &Config{Directory: dir})
	r.load(t.Context())
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); r.review(ctx) }()
		for range 12 * 60 {
			r.Sightings().Of(r.Snapshot().Models[1]).Meet()
			r.Sightings().UnknownModel("staging", "fraud")
			r.Sightings().UnknownModel("", "weather")
			r.Sightings().UnknownJob("", "Daily")
			testkit.Advance(review.Interval)
		}
		cancel()
		<-done
	})
	near := r.logs.FilterMessageSnippet("but nearly has one").All()
	require.Len(t, near, 2, "each once")
	job, model := near[0].ContextMap(), near[1].ContextMap()
	assert.Equal(t, map[string]any{"model": "fraud", "environment": "staging", "differs": "environment", "card": "fraud", "card_environment": "production", "file": path + ":1"}, model)
	assert.Equal(t, map[string]any{"job": "Daily", "environment": "", "differs": "name", "card": "daily", "card_environment": "", "file": path + ":8"}, job)
	unmatched := r.logs.FilterMessageSnippet("No prediction has met this card yet").All()
	require.Len(t, unmatched, 1)
	assert.Equal(t, map[string]any{"card": "fraud", "card_environment": "production", "file": path + ":1", "seen": []any{"fraud (staging)", "weather", "churn"}}, unmatched[0].ContextMap())
	kind := func(kind string) attribute.Set { return attribute.NewSet(attribute.String("kind", kind)) }
	metadatatest.AssertEqualMlCatalogCardsUnmatched(t, r.tel, []metricdata.DataPoint[int64]{{Value: 1}}, metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualMlCatalogNamesNear(t, r.tel, []metricdata.DataPoint[int64]{
		{Value: 1, Attributes: kind("model")}, {Value: 1, Attributes: kind("job")},
	}, metricdatatest.IgnoreTimestamp())
}

// fakeWatch is a watch whose events the test sends.
type fakeWatch struct {
	event   chan fsnotify.Event
	lost    chan error
	updates int
	closed  bool
}

func (f *fakeWatch) Events() <-chan fsnotify.Event { return f.event }
func (f *fakeWatch) Errors() <-chan error          { return f.lost }
func (f *fakeWatch) Matters(e fsnotify.Event) bool { return e.Op != fsnotify.Chmod }
func (f *fakeWatch) Update(_, _ []string)          { f.updates++ }
func (f *fakeWatch) Close() error                  { f.closed = true; return errors.New("closed") }
func (f *fakeWatch) send(n int, every time.Duration) {
	for range n {
		f.event <- fsnotify.Event{Op: fsnotify.Write}
		time.Sleep(every)
	}
}

// bubble runs a test on the extension's loop with a clock of its own.
func bubble(t *testing.T, interval time.Duration, test func(t *testing.T, r *rig, w *fakeWatch, card string)) {
	t.Helper()
	dir := t.TempDir()
	card := filepath.Join(dir, "a.yaml")
	write(t, card, cardA)
	r := newRig(t, &Config{Directory: dir, ReloadInterval: interval})
	synctest.Test(t, func(t *testing.T) {
		r.load(t.Context())
		w := &fakeWatch{event: make(chan fsnotify.Event), lost: make(chan error)}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); r.followFolder(ctx, w) }()
		testkit.Advance(folder.Settle)
		require.Equal(t, 1, w.updates, "the look after the start")
		test(t, r, w, card)
		cancel()
		<-done
		assert.True(t, w.closed)
	})
}

func TestEventsAreGathered(t *testing.T) {
	bubble(t, 0, func(t *testing.T, r *rig, w *fakeWatch, card string) {
		t.Helper()
		write(t, card, cardB)
		w.send(5, folder.Settle/2)
		synctest.Wait()
		assert.Equal(t, []string{"a"}, r.names(), "not while files are being written")
		testkit.Advance(folder.Settle)
		assert.Equal(t, []string{"b"}, r.names())
		assert.Equal(t, 2, w.updates, "one look for five events")
	})
}

func TestEventsWithoutAnEnd(t *testing.T) {
	bubble(t, 0, func(t *testing.T, r *rig, w *fakeWatch, card string) {
		t.Helper()
		write(t, card, cardB)
		w.send(int(folder.Patience/(folder.Settle/2))+1, folder.Settle/2)
		synctest.Wait()
		assert.Equal(t, []string{"b"}, r.names())
	})
}

func TestOtherEventsAndLostOnes(t *testing.T) {
	bubble(t, 0, func(t *testing.T, r *rig, w *fakeWatch, card string) {
		t.Helper()
		write(t, card, cardB)
		w.event <- fsnotify.Event{Op: fsnotify.Chmod}
		testkit.Advance(time.Hour)
		assert.Equal(t, []string{"a"}, r.names(), "polling is off")
		w.lost <- fsnotify.ErrEventOverflow
		synctest.Wait()
		assert.Equal(t, []string{"b"}, r.names())
	})
}

func TestPolling(t *testing.T) {
	bubble(t, 30*time.Second, func(t *testing.T, r *rig, w *fakeWatch, card string) {
		t.Helper()
		write(t, card, cardB)
		testkit.Advance(20 * time.Second)
		assert.Equal(t, []string{"a"}, r.names())
		testkit.Advance(10 * time.Second)
		assert.Equal(t, []string{"b"}, r.names())
	})
}

func BenchmarkSnapshot(b *testing.B) {
	e, err := newExtension(extensiontest.NewNopSettings(metadata.Type), createDefaultConfig().(*Config))
	require.NoError(b, err)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if e.Snapshot() == nil {
				b.Fail()
			}
		}
	})
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package inferencelogreceiver

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/catalogtest"
	"github.com/otelcol-ml/otelcol-ml/internal/ingest"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/call"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/refusal"
)

// line is a record of data capture.
func line(id, inType, inEncoding, in, outType, outEncoding, out string) string {
	return fmt.Sprintf(`{"captureData":{"endpointInput":{"observedContentType":%q,"mode":"INPUT","data":%q,"encoding":%q},"endpointOutput":{"observedContentType":%q,"mode":"OUTPUT","data":%q,"encoding":%q}},"eventMetadata":{"eventId":%q,"inferenceTime":"2026-11-22T12:00:00Z"},"eventVersion":"0"}`,
		inType, in, inEncoding, outType, out, outEncoding, id)
}

func csvLine(id, in, out string) string {
	return line(id, "text/csv", "CSV", in, "text/csv", "CSV", out)
}

func TestCapture(t *testing.T) {
	b64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	churn := &catalog.Model{Name: "churn", Baseline: &profile.Profile{Features: []*profile.Column{{Name: "age"}, {Name: "city"}}}}
	for name, c := range map[string]struct {
		line string
		want string // attributes of the payload, or the reason
	}{
		"csv":           {csvLine("1", "30,Bonn\n", "0.25\n"), `map[age:30 city:Bonn value:0.25]`},
		"csv, rows":     {csvLine("1", "30,Bonn\n40,Ulm\n", "0.25\n0.75\n"), `map[age:[30 40] batch:2 city:[Bonn Ulm] value:[0.25 0.75]]`},
		"csv, one line": {csvLine("1", "30,Bonn\n40,Ulm\n", "0.25,0.75\n"), `map[age:[30 40] batch:2 city:[Bonn Ulm] value:[0.25 0.75]]`},
		"csv, header":   {csvLine("1", "city,age\nBonn,30", "yes"), `map[age:30 city:Bonn class:yes]`},
		"json":          {line("1", "application/json", "JSON", `{"instances":[{"features":[30,"Bonn"]}]}`, "application/json", "JSON", `{"predictions":[{"score":0.9,"predicted_label":1}]}`), `map[age:30 city:Bonn class:1 confidence:0.9]`},
		"bare json":     {line("1", "", "JSON", `{"age":30}`, "application/json", "JSON", `[0.5]`), `map[age:30 value:0.5]`},
		"json lines":    {line("1", "application/jsonlines", "JSON", "{\"age\":30}\n{\"age\":40}", "application/jsonlines", "JSON", "0.5\n0.75"), `map[age:[30 40] batch:2 value:[0.5 0.75]]`},
		"base64":        {line("1", "text/csv", "BASE64", b64("30,Bonn"), "application/json", "BASE64", b64("[[0.25]]")), `map[age:30 city:Bonn value:0.25]`},
		"a picture":     {line("1", "image/png", "BASE64", b64("\x89PNG"), "application/json", "JSON", `{"predictions":["cat"]}`), `map[class:cat]`},
		"input alone":   {`{"captureData":{"endpointInput":{"observedContentType":"text/csv","data":"30,Bonn","encoding":"CSV"}},"eventMetadata":{"eventId":"1","inferenceTime":"2026-11-22T12:00:00Z"}}`, `map[age:30 city:Bonn missing:response]`},
		"output alone":  {`{"captureData":{"endpointOutput":{"observedContentType":"text/csv","data":"7","encoding":"CSV"}},"eventMetadata":{"eventId":"1","inferenceTime":"2026-11-22T12:00:00Z"}}`, `map[class:7 missing:request]`},

		"no JSON":         {`{"captureData"`, "bad_event"},
		"no data":         {`{"captureData":{},"eventMetadata":{"eventId":"1","inferenceTime":"2026-11-22T12:00:00Z"}}`, "bad_event"},
		"no id":           {csvLine("", "1", "2"), "bad_event"},
		"a long id":       {csvLine(strings.Repeat("x", 257), "1", "2"), "bad_event"},
		"bad base64":      {line("1", "text/csv", "BASE64", "!", "text/csv", "CSV", "1"), "bad_payload"},
		"bad json":        {line("1", "application/json", "JSON", "[1", "text/csv", "CSV", "1"), "bad_payload"},
		"bad output":      {line("1", "text/csv", "CSV", "1", "application/json", "JSON", "[1"), "bad_payload"},
		"bad csv":         {csvLine("1", "\"1", "1"), "bad_payload"},
		"an odd encoding": {line("1", "text/csv", "X", "1", "text/csv", "CSV", "1"), "unsupported_payload"},
		"too long":        {csvLine("1", strings.Repeat("1,", 1000), "1"), "too_large"},
	} {
		t.Run(name, func(t *testing.T) {
			next := &sink{}
			r := offline(t, config(func(c *Config) { c.SageMaker.Model, c.SageMaker.MaxRecordSize = "churn", 1500 }), next, catalogtest.Host(churn))
			b := r.spans.NewBatch()
			if err := r.capture(b, c.line, "churn-endpoint", "AllTraffic"); err != nil {
				assert.Equal(t, c.want, refusal.Of(err).Reason, "%v", err)
				assert.Zero(t, b.Traces.SpanCount())
			} else {
				require.NoError(t, r.send(t.Context(), b, call.SageMaker))
				got := map[string]any{}
				for k, v := range next.spans()[0].Attributes().AsRaw() {
					for _, prefix := range []string{"ml.feature.", "ml.prediction.", "ml.payload.", "ml.batch.size"} {
						if name, ok := strings.CutPrefix(k, prefix); ok && name != "id" && name != "duration.unknown" {
							if name == "" {
								name = "batch"
							}
							got[name] = v
						}
					}
				}
				assert.Equal(t, c.want, fmt.Sprint(got))
			}
			require.NoError(t, r.Shutdown(context.Background()))
		})
	}
}

func TestCaptureIdentity(t *testing.T) {
	next := &sink{}
	r := offline(t, config(), next, nil)
	b := r.spans.NewBatch()
	rec := csvLine("e1", "1", "2")
	require.NoError(t, r.capture(b, rec, "ep", "canary-variant"))
	require.NoError(t, r.capture(b, rec, "ep", "canary-variant"))
	require.NoError(t, r.capture(b, strings.Replace(rec, `"eventId"`, `"inferenceId":"mine","eventId"`, 1), "ep", "other"))
	require.NoError(t, r.send(t.Context(), b, call.SageMaker))
	require.NoError(t, r.Shutdown(t.Context()))
	spans := next.spans()
	assert.Equal(t, spans[0].SpanID(), spans[1].SpanID(), "read twice, the same span")
	assert.NotEqual(t, spans[0].SpanID(), spans[2].SpanID())
	first, last := spans[0].Attributes().AsRaw(), spans[2].Attributes().AsRaw()
	assert.Equal(t, "ep", first["ml.model.name"])
	assert.Equal(t, "canary-variant", first["ml.segment.variant"])
	assert.Equal(t, "e1", first["ml.prediction.id"])
	assert.Equal(t, "mine", last["ml.prediction.id"])

	err := r.capture(r.spans.NewBatch(), rec, "", "")
	assert.ErrorContains(t, err, "set 'sagemaker::model'")
}

// A folder is followed: new files and new lines, from where the last collector stopped; bad lines
// do not stop it, and while the pipeline is full nothing is passed over.
func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "ep", "AllTraffic", "2026", "11", "22", "12")
		require.NoError(t, os.MkdirAll(dir, 0o755))
		write := func(name string, lines ...string) {
			f, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
			require.NoError(t, err)
			_, err = f.WriteString(strings.Join(lines, "\n") + "\n")
			require.NoError(t, err)
			require.NoError(t, f.Close())
		}
		id := component.MustNewID("memory")
		store := testkit.NewStorage(nil)
		h := testkit.Host{id: store}
		cfg := func() *Config {
			return config(func(c *Config) {
				c.SageMaker.Include = []string{filepath.Join(dir, "*.jsonl")}
				c.SageMaker.Storage = &id
			})
		}
		next := &sink{}
		write("old.jsonl", csvLine("0", "1,1", "3"))
		r := offline(t, cfg(), next, h)
		time.Sleep(3 * time.Second)
		write("a.jsonl", csvLine("1", "1,2", "3"))
		time.Sleep(3 * time.Second)
		write("a.jsonl", "no record", "", csvLine("2", "1,2", "3"))
		write("b.jsonl", csvLine("3", "1,3", "3"))
		time.Sleep(3 * time.Second)
		assert.ElementsMatch(t, []string{"1 pair", "2 pair", "3 pair"}, next.names())

		next.Fail(errFull)
		write("a.jsonl", csvLine("4", "1,2", "3"))
		time.Sleep(time.Minute)
		next.Fail(nil)
		time.Sleep(time.Minute)
		assert.Contains(t, next.names(), "4 pair")
		require.NoError(t, r.Shutdown(t.Context()))

		write("a.jsonl", csvLine("5", "1,2", "3"))
		next = &sink{}
		r = offline(t, cfg(), next, h)
		time.Sleep(3 * time.Second)
		assert.Equal(t, []string{"5 pair"}, next.names(), "what has been read is not read again")

		next.Fail(errFull)
		write("a.jsonl", csvLine("6", "1,2", "3"))
		write("c.jsonl", csvLine("7", "1,2", "3"))
		time.Sleep(3 * time.Second)
		require.NoError(t, r.Shutdown(t.Context()), "a full pipeline does not keep the collector from stopping")

		next = &sink{}
		next.Fail(errFull)
		r = offline(t, cfg(), next, h)
		time.Sleep(3 * time.Second)
		require.NoError(t, r.Shutdown(t.Context()))
		next.Fail(nil)
		r = offline(t, cfg(), next, h)
		time.Sleep(3 * time.Second)
		assert.ElementsMatch(t, []string{"6 pair", "7 pair"}, next.names(), "what waited for the pipeline is sent by the next collector that can")
		require.NoError(t, r.Shutdown(t.Context()))
		next = &sink{}
		r = offline(t, cfg(), next, h)
		time.Sleep(3 * time.Second)
		require.NoError(t, r.Shutdown(t.Context()))
		assert.Empty(t, next.names(), "and once")

		store.Put(unsentKey, []byte("{"))
		r = offline(t, cfg(), next, h)
		require.NoError(t, r.Shutdown(t.Context()), "a damaged storage is no reason not to start")
	})
}

// What happens to files while they are read: they are written in pieces, are moved, end without a
// line break and have lines that are none.
func TestFollowOddFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		root := t.TempDir()
		path := func(day, name string) string {
			return filepath.Join(root, "ep", "AllTraffic", "2026", "11", day, "12", name)
		}
		write := func(file, text string) {
			require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
			f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
			require.NoError(t, err)
			_, err = f.WriteString(text)
			require.NoError(t, err)
			require.NoError(t, f.Close())
			time.Sleep(5 * time.Second)
		}
		next := &sink{}
		r := offline(t, config(func(c *Config) {
			c.SageMaker.Include = []string{filepath.Join(root, "*/*/*/*/*/*/*.jsonl")}
			c.SageMaker.StartAt, c.SageMaker.MaxRecordSize = "beginning", 1000
			c.SageMaker.ExcludeOlderThan = time.Hour
		}), next, nil)

		one, two := csvLine("1", "1,2", "3")+"\n", csvLine("2", "1,2", "3")
		write(path("22", "a.jsonl"), one+two[:100])
		assert.Equal(t, []string{"1 pair"}, next.names())
		write(path("22", "a.jsonl"), two[100:200])
		assert.Equal(t, []string{"1 pair"}, next.names(), "half a line is no line, however long it stands")
		write(path("22", "a.jsonl"), two[200:])
		assert.Equal(t, []string{"1 pair", "2 pair"}, next.names(), "a whole record needs no line break")
		write(path("22", "a.jsonl"), "\r\n"+csvLine("3", "1,2", "3")+"\r\n")
		assert.Equal(t, []string{"1 pair", "2 pair", "3 pair"}, next.names())

		old := path("20", "a.jsonl")
		require.NoError(t, os.MkdirAll(filepath.Dir(old), 0o755))
		require.NoError(t, os.WriteFile(old+".part", []byte(csvLine("0", "1,2", "3")+"\n"), 0o600))
		require.NoError(t, os.Chtimes(old+".part", time.Time{}, time.Now().Add(-2*time.Hour)))
		require.NoError(t, os.Rename(old+".part", old))
		time.Sleep(5 * time.Second)
		assert.Len(t, next.names(), 3, "an old file is left out")

		require.NoError(t, os.Rename(path("22", "a.jsonl"), path("22", "moved.jsonl")))
		write(path("22", "moved.jsonl"), csvLine("4", "1,2", "3")+"\n")
		assert.Equal(t, "4 pair", next.names()[3], "a file that moves is the same file")
		write(path("23", "a.jsonl"), csvLine("5", "1,2", "3")+"\n")
		assert.Equal(t, "5 pair", next.names()[4], "one of the same name is another")

		write(path("23", "b.jsonl"), csvLine("6", strings.Repeat("1,", 5000), "3")+"\n"+strings.Replace(csvLine("7", "ab", "3"), "ab", "a\xff", 1)+"\n\xfe\x00\n"+csvLine("8", "1,2", "3")+"\n")
		assert.Equal(t, []string{"7 pair", "8 pair"}, next.names()[5:], "a line that is too long or none does not stop the rest")
		assert.Len(t, next.names(), 7)
		assert.Equal(t, "a\uFFFD", next.spans()[5].Attributes().AsRaw()["ml.feature.feature_0"])
		require.NoError(t, r.Shutdown(t.Context()))
	})
}

// Records that the pipeline refuses for good, or had no room for when the collector stopped, are
// counted as refused; without a storage they are lost.
func TestRefusedRecords(t *testing.T) {
	next := &sink{}
	r := offline(t, config(func(c *Config) { c.SageMaker.Model = "m" }), next, nil)
	next.Fail(errFull)
	b := r.readLines(t.Context(), ingest.Lines{Lines: [][]byte{[]byte(csvLine("1", "1", "2")), []byte("x")}}).(*capturedLines)
	require.ErrorIs(t, b.Send(t.Context()), errFull)
	next.Fail(nil)
	b.Done(t.Context(), errFull)
	assert.Equal(t, 1, b.counts[refused])
	assert.Equal(t, 1, b.counts[badEvent])
	assert.Zero(t, b.counts[accepted])
	require.NoError(t, r.Shutdown(t.Context()))
}

// greedy is a sink that takes what it is given before it finds that it has no room, as a pipeline
// that changes its data may.
type greedy struct {
	sink
	failures int
}

func (g *greedy) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	own := ptrace.NewTraces()
	td.ResourceSpans().MoveAndAppendTo(own.ResourceSpans())
	if g.failures--; g.failures >= 0 {
		return errFull
	}
	return g.sink.ConsumeTraces(ctx, own)
}

func TestSendsTheSameAgain(t *testing.T) {
	next := &greedy{failures: 3}
	r := offline(t, config(func(c *Config) { c.SageMaker.Model = "m" }), next, nil)
	b := r.readLines(t.Context(), ingest.Lines{Lines: [][]byte{[]byte(csvLine("1", "1", "2")), []byte(csvLine("2", "1", "2"))}})
	for range 3 {
		require.ErrorIs(t, b.Send(t.Context()), errFull)
	}
	require.NoError(t, b.Send(t.Context()))
	require.NoError(t, r.Shutdown(t.Context()))
	assert.Equal(t, []string{"1 pair", "2 pair"}, next.names())
}

func TestStorageErrors(t *testing.T) {
	id := component.MustNewID("memory")
	cfg := config(func(c *Config) { c.SageMaker.Include, c.SageMaker.Storage = []string{"x/*.jsonl"}, &id })
	r, err := newReceiver(nopSettings(), cfg, &sink{})
	require.NoError(t, err)
	assert.ErrorContains(t, r.Start(t.Context(), componenttest.NewNopHost()), `'sagemaker::storage': extension "memory" is not enabled`)
	require.NoError(t, r.Shutdown(t.Context()))
	r, err = newReceiver(nopSettings(), cfg, &sink{})
	require.NoError(t, err)
	assert.ErrorContains(t, r.Start(t.Context(), testkit.Host{id: testkit.NopExtension{}}), "is not a storage")
	require.NoError(t, r.Shutdown(t.Context()))
	cfg = config(func(c *Config) { c.SageMaker.Include = []string{"["} })
	r, err = newReceiver(nopSettings(), cfg, &sink{})
	require.NoError(t, err)
	assert.ErrorContains(t, r.Start(t.Context(), componenttest.NewNopHost()), "'sagemaker': include")
	require.NoError(t, r.Shutdown(t.Context()))
}

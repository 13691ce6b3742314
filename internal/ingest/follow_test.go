// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"bufio"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/internal/state/storageclient"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errFull = errors.New("full")

// taker is a receiver that takes lines as they are.
type taker struct {
	testkit.Answers
	mu    sync.Mutex // guards what follows
	lines []string
	done  []error
	// offsets are those of the lines that were read, taken or not.
	offsets []int64
}

func (k *taker) read(_ context.Context, lines Lines) Batch {
	b := &lineBatch{taker: k}
	for _, line := range lines.Lines {
		b.lines = append(b.lines, string(line))
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.offsets = append(k.offsets, lines.Offsets...)
	return b
}

func (k *taker) taken() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.lines
}

type lineBatch struct {
	taker *taker
	lines []string
}

func (b *lineBatch) Send(ctx context.Context) error {
	if err := b.taker.Answer(ctx); err != nil {
		return err
	}
	b.taker.mu.Lock()
	defer b.taker.mu.Unlock()
	b.taker.lines = append(b.taker.lines, b.lines...)
	return nil
}

func (b *lineBatch) Done(_ context.Context, err error) {
	b.taker.mu.Lock()
	defer b.taker.mu.Unlock()
	b.taker.done = append(b.taker.done, err)
}

var storageID = component.MustNewID("memory")

func newSource(dir string, k *taker, change ...func(*Source)) Source {
	s := Source{
		Key: "files", Files: DefaultFiles(), Unsent: testKey, Items: "labels", Split: SplitJSONLines, Read: k.read, Logger: zap.NewNop(),
		Owner: storageclient.Owner{Kind: component.KindReceiver, ID: component.MustNewID("test")}, Telemetry: componenttest.NewNopTelemetrySettings(),
	}
	s.Files.Include, s.Files.StartAt = []string{filepath.Join(dir, "*.jsonl")}, startAtBeginning
	for _, c := range change {
		c(&s)
	}
	return s
}

// Lines that the stop finds waiting are sent by the next follower, and counted once: by the one
// that sends them.
func TestFollowKeepsWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, store := t.TempDir(), testkit.NewStorage(nil)
		host := testkit.Host{storageID: store}
		stored := func(s *Source) { s.Storage = &storageID }
		require.NoError(t, os.WriteFile(filepath.Join(dir, "a.jsonl"), []byte("{\"a\":1}\n{\"a\":2}"), 0o600))

		full := &taker{}
		full.Fail(errFull)
		f, err := Follow(t.Context(), host, newSource(dir, full, stored))
		require.NoError(t, err)
		time.Sleep(3 * time.Second)
		require.NoError(t, f.Stop(t.Context()))
		assert.Empty(t, full.done)
		assert.Contains(t, store.Values(), testKey)

		next := &taker{}
		f, err = Follow(t.Context(), host, newSource(dir, next, stored))
		require.NoError(t, err)
		f.SendUnsent(t.Context())
		time.Sleep(3 * time.Second)
		require.NoError(t, f.Stop(t.Context()))
		assert.Equal(t, []string{`{"a":1}`, `{"a":2}`}, next.taken())
		assert.Equal(t, []int64{0, 8}, next.offsets)
		assert.Equal(t, []error{nil}, next.done)
		assert.NotContains(t, store.Values(), testKey)
	})
}

func TestFollowErrors(t *testing.T) {
	_, err := Follow(t.Context(), testkit.Host{}, newSource(t.TempDir(), &taker{}, func(s *Source) { s.Storage = &storageID }))
	require.EqualError(t, err, `'files::storage': extension "memory" is not enabled; list it in service::extensions`)
	_, err = Follow(t.Context(), testkit.Host{}, newSource(t.TempDir(), &taker{}, func(s *Source) { s.Files.Include = nil }))
	require.ErrorContains(t, err, "'files': ")

	store := testkit.NewStorage(map[string][]byte{testKey: []byte("{")})
	f, err := Follow(t.Context(), testkit.Host{storageID: store}, newSource(t.TempDir(), &taker{}, func(s *Source) { s.Storage = &storageID }))
	require.NoError(t, err, "what was stored cannot be read")
	store.Fail(errFull)
	require.ErrorContains(t, f.Stop(t.Context()), "lines that were read and not sent cannot be kept: 'files::storage': cannot write 1 values: full")
}

func TestSendUntilTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attempts := 0
		send := func(errs ...error) func(context.Context) error {
			attempts = 0
			return func(context.Context) error {
				attempts++
				return errs[min(attempts, len(errs))-1]
			}
		}
		start := time.Now()
		require.NoError(t, SendUntilTaken(t.Context(), zap.NewNop(), "labels", send(errFull, errFull, errFull, nil)))
		assert.Equal(t, 700*time.Millisecond, time.Since(start))
		assert.Equal(t, 4, attempts)

		err := SendUntilTaken(t.Context(), zap.NewNop(), "labels", send(errFull, consumererror.NewPermanent(errFull)))
		require.EqualError(t, err, "labels are lost, the pipeline does not take them: Permanent error: full")

		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		err = SendUntilTaken(ctx, zap.NewNop(), "labels", send(errFull))
		require.EqualError(t, err, "labels are lost, the collector stops before the pipeline takes them: full")
		assert.Greater(t, attempts, 100, "every half a minute at least")
	})
}

func TestSplitJSONLines(t *testing.T) {
	for text, want := range map[string][]string{
		"{\"a\":1}\n{\"a\":2}\n": {`{"a":1}`, `{"a":2}`},
		"{\"a\":1}\nno JSON\n":   {`{"a":1}`, "no JSON"},
		`{"a":1}`:                {`{"a":1}`},
		`{"a":{}`:                nil,
		"\n ":                    {""},
	} {
		scanner := bufio.NewScanner(strings.NewReader(text))
		scanner.Split(SplitJSONLines)
		var lines []string
		for scanner.Scan() {
			lines = append(lines, scanner.Text())
		}
		assert.Equal(t, want, lines, text)
	}
}

func TestCheckFiles(t *testing.T) {
	good := DefaultFiles()
	require.NoError(t, good.Check("files"))
	bad := Files{Include: []string{"["}, Exclude: []string{"a", ""}, ExcludeOlderThan: time.Second, StartAt: "middle", PollInterval: time.Nanosecond}
	err := bad.Check("files")
	for _, want := range []string{
		"'files::poll_interval'", "'files::exclude_older_than'", `'files::include[0]': "[" is not a glob`, `'files::exclude[1]': "" is not a glob`,
		`'files::start_at': "middle" is none of beginning, end`, "'files::max_record_size': 0 must be from 1 to 268435456",
	} {
		require.ErrorContains(t, err, want)
	}
}

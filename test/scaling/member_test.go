// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package scaling

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/receiver/mldeltareceiver"
)

// Variables that make the test's program a member: its name, where the brokers are, and the file for
// its last emission.
const (
	memberID      = "OTELCOL_ML_TEST_MEMBER"
	memberBrokers = "OTELCOL_ML_TEST_BROKERS"
	memberFile    = "OTELCOL_ML_TEST_FILE"
)

// member is an aggregator that reads from Kafka, in a process of its own.
type member struct {
	*processtest.Process
	w    *world
	file string
}

func (w *world) member(id string) *member {
	w.t.Helper()
	dir := w.t.TempDir()
	file := filepath.Join(dir, "emission")
	program, err := os.Executable()
	require.NoError(w.t, err)
	return &member{processtest.Start(w.t, dir, []string{
		memberID + "=" + id, memberBrokers + "=" + strings.Join(w.cluster.ListenAddrs(), ","), memberFile + "=" + file,
	}, program), w, file}
}

// emission returns the last one of a member; an empty one before the first.
func (m *member) emission() pmetric.Metrics {
	data, err := os.ReadFile(m.file)
	if errors.Is(err, fs.ErrNotExist) {
		return pmetric.NewMetrics()
	}
	require.NoError(m.w.t, err)
	md, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(data)
	require.NoError(m.w.t, err)
	return md
}

// pause stops the process where it is; resume lets it go on.
func (m *member) pause()  { require.NoError(m.w.t, syscall.Kill(m.Pid(), syscall.SIGSTOP)) }
func (m *member) resume() { require.NoError(m.w.t, syscall.Kill(m.Pid(), syscall.SIGCONT)) }

// runMember is the process: ml_delta before ml_drift, until it is interrupted.
func runMember(id, brokers, file string) {
	interrupted, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	p := process{}
	d := aggregator(p, emissions{file})
	f := mldeltareceiver.NewFactory()
	cfg := load[*mldeltareceiver.Config](p, f, map[string]any{
		"brokers": strings.Split(brokers, ","), "client_id": id, "session_timeout": "6s",
	})
	set := receivertest.NewNopSettings(f.Type())
	logger, err := zap.NewDevelopment()
	require.NoError(p, err)
	set.Logger = logger.Named(id)
	r, err := f.CreateMetrics(p.Context(), set, cfg, d)
	require.NoError(p, err)
	require.NoError(p, r.Start(p.Context(), componenttest.NewNopHost()))
	<-interrupted.Done()
	require.NoError(p, r.Shutdown(context.Background()))
	require.NoError(p, d.Shutdown(context.Background()))
}

// process is the tester of a member: what fails ends it.
type process struct{}

func (process) Errorf(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
func (process) FailNow()                          { os.Exit(1) }
func (process) Helper()                           {}
func (process) Context() context.Context          { return context.Background() }

// emissions writes the last emission into a file.
type emissions struct{ file string }

func (emissions) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (e emissions) ConsumeMetrics(_ context.Context, md pmetric.Metrics) error {
	data, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(md)
	if err != nil {
		return err
	}
	if err := os.WriteFile(e.file+".new", data, 0o600); err != nil {
		return err
	}
	return os.Rename(e.file+".new", e.file)
}

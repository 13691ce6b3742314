//go:build hostile && linux

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/alert/source"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

const (
	diskSize = 16 << 20
	// failing is the number of jobs that fail while the disk is full.
	failing = 48
)

// smallDisk is a file system of diskSize in which a site keeps its state.
type smallDisk struct {
	t         *testing.T
	dir, file string
}

func newSmallDisk(t *testing.T) *smallDisk {
	t.Helper()
	d := &smallDisk{t: t, dir: t.TempDir()}
	state := filepath.Join(d.dir, "state")
	d.file = filepath.Join(state, "filler")
	require.NoError(t, os.Mkdir(state, 0o700))
	if err := syscall.Mount("tmpfs", state, "tmpfs", 0, fmt.Sprintf("size=%d", diskSize)); err != nil {
		t.Skipf("the system does not permit to mount a tmpfs: %v", err)
	}
	t.Cleanup(func() { assert.NoError(t, syscall.Unmount(state, syscall.MNT_DETACH)) })
	return d
}

// fill leaves no byte free.
func (d *smallDisk) fill() {
	d.t.Helper()
	f, err := os.OpenFile(d.file, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	require.NoError(d.t, err)
	defer func() { _ = f.Close() }()
	block := make([]byte, 1<<16)
	for len(block) > 0 {
		if _, err = f.Write(block); err != nil {
			require.ErrorIs(d.t, err, syscall.ENOSPC)
			block = block[:len(block)/2]
		}
	}
}

func (d *smallDisk) free() { require.NoError(d.t, os.Remove(d.file)) }

// failedJobs are requests of one failed run each.
func failedJobs(prefix string) []ptrace.Traces {
	var all []ptrace.Traces
	for i := range failing {
		all = append(all, spansOf(1, func(_ int, resource pcommon.Resource, span ptrace.Span) {
			resource.Attributes().PutStr(mlconv.AttrPipelineName, fmt.Sprintf("%s-%d", prefix, i))
			span.Attributes().PutStr("cicd.pipeline.result", "failure")
			span.Status().SetCode(ptrace.StatusCodeError)
		})...)
	}
	return all
}

// alertsOn waits for an alert on each of the failed jobs, and returns them as they were emitted first.
func (s *site) alertsOn(prefix string) map[string][]alert.Alert {
	s.t.Helper()
	for begun := time.Now(); ; <-time.After(100 * time.Millisecond) {
		found := map[string][]alert.Alert{}
		for _, a := range s.alerts() {
			if strings.HasPrefix(a.Labels["job"], prefix+"-") {
				found[a.Labels["job"]] = append(found[a.Labels["job"]], a)
			}
		}
		if len(found) == failing || time.Since(begun) > patience || s.Ended() {
			assert.Len(s.t, found, failing, "alerts on failed jobs")
			return found
		}
	}
}

// refused sends requests once, and returns those that were not acknowledged. What is acknowledged
// while the disk is full has found room in a file that was there.
func (s *site) refused(requests []ptrace.Traces) (refused []ptrace.Traces) {
	s.t.Helper()
	for _, td := range requests {
		if err := s.try(td); err != nil {
			require.Equal(s.t, codes.Unavailable, status.Code(err), "its sender tries again: %v", err)
			refused = append(refused, td)
		}
	}
	s.t.Logf("%d of %d requests were refused", len(refused), len(requests))
	return refused
}

// fullDisk fills the disk that the state is on, lets jobs fail, and sends what was refused again when
// there is room.
func fullDisk(disk *smallDisk, prefix string) attack {
	return attack{"full disk", func(t *testing.T, s *site) {
		disk.fill()
		refused := s.refused(failedJobs(prefix))
		require.NotEmpty(t, refused)
		notStored := 0
		for _, alerts := range s.alertsOn(prefix) {
			if alerts[0].Annotations[source.NotStored] != "" {
				notStored++
			}
		}
		assert.GreaterOrEqual(t, notStored, len(refused), "alerts say that they are not stored")
		assert.False(t, s.Ended())
		assert.GreaterOrEqual(t, s.own("otelcol_receiver_refused_spans"), float64(len(refused)))
		assert.NotZero(t, s.own("otelcol_ml_job_saves", `outcome="failed"`))
		disk.free()
		s.send(refused...)
	}}
}

// TestFullDisk fills the disk that the state is on: every alert comes, and what is sent again counts
// once.
func TestFullDisk(t *testing.T) {
	disk := newSmallDisk(t)
	s := newSite(t, withDir(disk.dir), withOutput(t.TempDir()))
	s.under(fullDisk(disk, "full"))
	for _, alerts := range s.alertsOn("full") {
		assert.Len(t, alerts, 1, "it is one alert, before and after: %v", alerts)
	}
}

// TestKilledOnFullDisk kills the collector when the disk was full, and while it is: nothing that was
// acknowledged is lost, but statistics since the last save that went well.
func TestKilledOnFullDisk(t *testing.T) {
	disk := newSmallDisk(t)
	s := newSite(t, withDir(disk.dir), withOutput(t.TempDir()), withConfig("connectors: {ml_drift: {save_interval: 200ms}}\n"))
	s.healthy.prepare()
	s.check("before the attack")
	fullDisk(disk, "first").play(t, s)
	s.healthy.round()
	s.check("with room again")
	s.saved()
	s.killed()
	for _, alerts := range s.alertsOn("first") {
		assert.Len(t, alerts, 1, "it goes on where it was: %v", alerts)
	}
	s.healthy.round()
	s.check("after a kill")
	s.saved()

	disk.fill()
	refused := s.refused(failedJobs("second"))
	s.alertsOn("second")
	s.Kill()
	disk.free()
	s.logs += s.Log()
	require.NoError(t, os.RemoveAll(s.alertsDir)) // what comes now comes from what is kept, and from what is sent again
	s.start()
	s.send(refused...)
	s.alertsOn("second")
	s.healthy.round()
	s.healthy.finish()
	s.check("after a kill on a full disk")
	s.Stop()
}

// saved waits until all that was counted is saved.
func (s *site) saved() {
	s.t.Helper()
	saves := func() float64 { return s.own("otelcol_ml_drift_saves", `outcome="saved"`) }
	for begun, before := time.Now(), saves(); saves() < before+2; <-time.After(50 * time.Millisecond) {
		if time.Since(begun) > patience {
			s.t.Fatal("nothing is saved")
		}
		s.send(spansOf(1, nil)...) // where nothing has changed nothing is saved
	}
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/alert/source"
	"github.com/otelcol-ml/otelcol-ml/internal/state/storageclient"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// failedJobs are requests of one failed run each, of a job of its own.
func failedJobs(t *testing.T, n int) (out []ptrace.Traces) {
	t.Helper()
	for i := range n {
		td, s := request(t, attributes{"service.name": "trainer", "cicd.pipeline.name": fmt.Sprint("job-", i)}, attributes{"cicd.pipeline.result": "failure"})
		s.SetTraceID([16]byte{1: byte(i), 15: 1})
		out = append(out, td)
	}
	return out
}

// send gives a request to the first edge: the others see it after that, as in a pipeline.
func (r *rig) send(td ptrace.Traces) error {
	return r.edges[0].ConsumeTraces(r.t.Context(), td)
}

// On a full disk 48 failed jobs are 48 alerts, which say that they are not stored; no request of
// theirs is acknowledged, others are; and what is sent again, to this process or to one after a kill,
// counts once.
func TestStorageRefuses(t *testing.T) {
	const jobs = 48
	for _, killed := range []bool{false, true} {
		t.Run(fmt.Sprint("killed ", killed), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				disk := testkit.NewStorage(nil)
				r := newRig(t, nil).withDisk(disk).start()
				disk.Fail(errors.New("no space left on device"))
				requests := failedJobs(t, jobs)
				for _, td := range requests {
					err := r.send(td)
					require.ErrorContains(t, err, "no space left on device")
					require.False(t, consumererror.IsPermanent(err), "its sender tries again")
				}
				require.NoError(t, r.send(ordinary(t, 3)), "what has nothing to do with jobs goes on")
				testkit.Advance(20 * time.Second)
				for _, a := range r.logs.take() {
					require.Contains(t, a.Annotations, source.NotStored)
				}
				assert.Equal(t, jobs, r.state().tracker.SelfStats().ActiveAlerts)
				for _, td := range requests {
					require.Error(t, r.send(td))
				}

				if killed { // nothing was stored
					for _, e := range r.edges {
						_ = e.Shutdown(t.Context()) // it has nowhere to write to
					}
					r.host[diskID] = testkit.NewStorage(nil)
					r = r.again().start()
				} else {
					disk.Fail(nil)
					testkit.Advance(10 * time.Second)
				}
				defer r.shutdown()
				for range 2 {
					for _, td := range requests {
						require.NoError(t, r.send(td))
					}
				}
				testkit.Advance(20 * time.Second)
				got := r.logs.take()
				alerts := map[string]bool{}
				for _, a := range got {
					require.NotContains(t, a.Annotations, source.NotStored)
					alerts[a.Labels["job"]] = true
				}
				assert.Len(t, alerts, jobs)
				runs := points(r.metrics.last(), mlconv.MetricJobRunCount)
				for i := range jobs {
					require.EqualValues(t, 1, runs[fmt.Sprintf("job-%d failure ", i)], "job %d", i)
				}
			})
		})
	}
}

// Where others would count again what comes again, what cannot be stored is taken all the same.
func TestStorageRefusesAndNobodyIsTold(t *testing.T) {
	bubble(t, func(t *testing.T) {
		disk := testkit.NewStorage(nil)
		r := newRig(t, func(c *Config) { c.OnStorageFailure = storageclient.Accept }).withDisk(disk).start()
		defer r.shutdown()
		disk.Fail(errors.New("no space left on device"))
		for _, td := range failedJobs(t, 3) {
			require.NoError(t, r.send(td))
		}
		testkit.Advance(11 * time.Second)
		got := r.logs.take()
		require.Len(t, got, 3)
		assert.Contains(t, got[0].Annotations, source.NotStored)
		disk.Fail(nil)
		testkit.Advance(10 * time.Second)
		got = r.logs.take()
		require.Len(t, got, 3)
		assert.NotContains(t, got[0].Annotations, source.NotStored)
	})
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package alertmanagerexporter

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"go.uber.org/zap/zapcore"

	"github.com/otelcol-ml/otelcol-ml/exporter/alertmanagerexporter/internal/metadatatest"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/alert/alerttest"
)

func metricdataOptions() []metricdatatest.Option {
	return []metricdatatest.Option{metricdatatest.IgnoreTimestamp()}
}

func TestLeaseIsRenewedWhileTheSourceReEmits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, nil)
		defer f.stop()
		began := time.Now()
		for range 10 {
			f.send(alerttest.Firing("a", began))
			wait(time.Minute)
		}
		// The last word of the source was at minute nine; the last post is within source_timeout of
		// it.
		wait(time.Hour)
		posts := f.a.all()
		require.GreaterOrEqual(t, len(posts), 11)
		require.LessOrEqual(t, len(posts), 13)
		for i, p := range posts {
			require.Len(t, p.alerts, 1)
			assert.Equal(t, p.at.Add(4*time.Minute).UTC(), p.alerts[0].EndsAt, "the lease")
			assert.True(t, began.Equal(p.alerts[0].StartsAt), "the start stays")
			if i > 0 {
				assert.LessOrEqual(t, p.at.Sub(posts[i-1].at), time.Minute)
			}
		}
		assert.Less(t, posts[len(posts)-1].at.Sub(f.began), 12*time.Minute)
		assert.Equal(t, int64(1), f.alerts("http://a", "expired"))
		assert.Equal(t, 1, f.logged(zapcore.WarnLevel, "fell silent"))
		assert.Zero(t, f.entries(), "nothing is held for nothing")

		f.send(alerttest.Firing("a", began))
		synctest.Wait()
		assert.Len(t, f.a.all(), len(posts)+1, "the source is back: at once")
	})
}

func TestResolvedIsSentWithItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, nil)
		defer f.stop()
		began := time.Now()
		f.send(alerttest.Firing("a", began))
		wait(30 * time.Second)
		end := began.Add(20 * time.Second)
		for range 15 { // as its source re-emits it
			f.send(alerttest.Resolved("a", began, end))
			wait(time.Minute)
		}
		posts := f.a.all()
		require.Len(t, posts, 16, "once as firing, then each time")
		for _, p := range posts[1:] {
			assert.True(t, end.Equal(p.alerts[0].EndsAt))
			assert.True(t, began.Equal(p.alerts[0].StartsAt))
		}
		wait(3 * time.Minute)
		assert.Zero(t, f.entries())
		assert.Len(t, f.a.all(), 16)
	})
}

func TestFailedPostIsSupersededByNewerState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, nil)
		defer f.stop()
		f.a.answers(down)
		f.send(alerttest.Firing("a", f.began), alerttest.Firing("b", f.began))
		wait(10 * time.Second)
		f.send(alerttest.Resolved("a", f.began, f.began.Add(10*time.Second)))
		synctest.Wait()
		require.Empty(t, f.a.summaries())
		assert.Equal(t, int64(0), f.alerts("http://a", "sent"))
		f.a.answers(nil)
		wait(30 * time.Second)
		states := map[string]int{}
		for _, p := range f.a.all() {
			if !p.taken {
				continue
			}
			for _, a := range p.alerts {
				if a.EndsAt.After(p.at) {
					states["firing "+a.Labels["job"]]++
				} else {
					states["resolved "+a.Labels["job"]]++
				}
			}
		}
		assert.Equal(t, map[string]int{"firing b": 1, "resolved a": 1}, states)
	})
}

func TestStateThatComesDuringAPostIsPostedAfterIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, nil)
		defer f.stop()
		f.a.answers(func(post) answer { return answer{status: 200, after: 5 * time.Second} })
		state := func(n int) *alert.Alert {
			a := alerttest.Firing("a", f.began)
			a.Summary = strconv.Itoa(n)
			return a
		}
		f.send(state(1))
		wait(time.Second)
		f.send(state(2))
		wait(time.Second)
		f.send(state(3))
		wait(20 * time.Second)
		assert.Equal(t, []string{"1", "3"}, f.a.summaries())
	})
}

// Whatever fails and whenever states come, a replica never takes an older state after a newer one,
// and has the latest state of every alert in the end.
func TestOrderUnderFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, func(cfg *Config) {
			cfg.Endpoints = []string{"http://a", "http://b"}
			cfg.BatchSize = 3
			cfg.Retry.RandomizationFactor = 0.5
		})
		defer f.stop()
		var mu sync.Mutex
		r := rand.New(rand.NewPCG(7, 8))
		healthy := false
		flaky := func(p post) answer {
			mu.Lock()
			defer mu.Unlock()
			if healthy {
				return answer{status: 200}
			}
			after := time.Duration(r.Int64N(3e9))
			switch r.IntN(6) {
			case 0:
				return answer{err: errDown, after: after}
			case 1:
				return answer{status: 503, after: after}
			case 2:
				return answer{status: 429, retryAfter: "2"}
			case 3:
				if len(p.alerts) > 1 {
					return answer{status: 400, body: `"bad"`}
				}
			}
			return answer{status: 200, after: after}
		}
		f.a.answers(flaky)
		f.b.answers(flaky)

		latest := map[string]string{}
		began := f.began
		for n := range 500 {
			mu.Lock()
			job, pause := fmt.Sprint(r.IntN(10)), time.Duration(r.Int64N(2e9))
			end := r.IntN(3) == 0
			mu.Unlock()
			a := alerttest.Firing(job, began.Add(time.Duration(n)*time.Millisecond))
			if end {
				a = alerttest.Resolved(job, a.StartsAt, a.StartsAt.Add(time.Microsecond))
			}
			a.Summary = strconv.Itoa(n)
			latest[job] = a.Summary
			f.send(a)
			wait(pause)
		}
		mu.Lock()
		healthy = true
		mu.Unlock()
		wait(2 * time.Minute)
		for _, replica := range []*receiver{f.a, f.b} {
			last := map[string]int{}
			for _, p := range replica.all() {
				if !p.taken {
					continue
				}
				require.LessOrEqual(t, len(p.alerts), 3)
				for _, a := range p.alerts {
					n, err := strconv.Atoi(a.Annotations["summary"])
					require.NoError(t, err)
					require.GreaterOrEqual(t, n, last[a.Labels["job"]])
					last[a.Labels["job"]] = n
				}
			}
			require.Len(t, last, 10)
			for job, n := range last {
				assert.Equal(t, latest[job], strconv.Itoa(n))
			}
		}
		assert.Positive(t, f.alerts("http://a", "failed"))
	})
}

func TestOneReplicaDoesNotDelayTheOther(t *testing.T) {
	for name, broken := range map[string]func(post) answer{
		"down":  down,
		"hangs": func(post) answer { return answer{status: 200, after: time.Hour} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := start(t, func(cfg *Config) { cfg.Endpoints = []string{"http://a", "http://b"} })
				defer f.stop()
				f.a.answers(broken)
				var sent []time.Duration
				for i := range 5 {
					sent = append(sent, time.Since(f.began))
					f.send(alerttest.Firing(fmt.Sprint(i), f.began))
					wait(3 * time.Second)
				}
				assert.Equal(t, sent, f.b.times(f.began))
				assert.Equal(t, int64(5), f.alerts("http://b", "sent"))
				assert.Empty(t, f.a.summaries())
				f.a.answers(nil)
				wait(30 * time.Second)
				assert.Len(t, f.a.summaries(), 5)
			})
		})
	}
}

func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, func(cfg *Config) {
			cfg.Retry.InitialInterval, cfg.Retry.Multiplier, cfg.Retry.MaxInterval = time.Second, 2, 5*time.Second
		})
		defer f.stop()
		f.a.answers(down)
		f.send(alerttest.Firing("a", f.began))
		wait(23 * time.Second)
		f.send(alerttest.Firing("b", f.began)) // a new one does not shorten it
		synctest.Wait()
		var seconds []float64
		for _, d := range f.a.times(f.began) {
			seconds = append(seconds, d.Seconds())
		}
		assert.Equal(t, []float64{0, 1, 3, 7, 12, 17, 22}, seconds)
		assertGauges(t, f, 2, 2)
		f.a.answers(nil)
		wait(5 * time.Second)
		assertGauges(t, f, 2, 0)
		assert.Equal(t, int64(7), f.alerts("http://a", "failed"))
		assert.Equal(t, 1, f.logged(zapcore.WarnLevel, "could not be posted"), "it is said once")
		assert.Equal(t, 1, f.logged(zapcore.InfoLevel, "takes alerts again"))
	})
}

func TestBackoffBeginsAnewAfterASuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, func(cfg *Config) { cfg.Retry.Multiplier = 3 })
		defer f.stop()
		for _, job := range []string{"a", "b"} {
			began, posts := time.Now(), len(f.a.all())
			f.a.answers(down)
			f.send(alerttest.Firing(job, began))
			wait(2 * time.Second)
			f.a.answers(nil)
			wait(3 * time.Second)
			assert.Equal(t, []time.Duration{0, time.Second, 4 * time.Second}, f.a.times(began)[posts:])
		}
	})
}

func TestLongOutageIsSaidAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, nil)
		defer f.stop()
		f.a.answers(func(post) answer { return answer{status: 500, body: `"full"`} })
		for range 12 {
			f.send(alerttest.Firing("a", f.began))
			wait(time.Minute)
		}
		assert.Equal(t, 1, f.logged(zapcore.WarnLevel, "could not be posted"))
		assert.Equal(t, 2, f.logged(zapcore.ErrorLevel, "could not be posted"))
		assert.Contains(t, f.logs.FilterLevelExact(zapcore.ErrorLevel).All()[0].ContextMap()["error"], "full")
		f.a.answers(nil)
	})
}

func TestRetryIsOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, func(cfg *Config) { cfg.Retry.Enabled = false })
		defer f.stop()
		f.a.answers(down)
		f.send(alerttest.Firing("a", f.began))
		wait(2*time.Minute + time.Second)
		assert.Equal(t, []time.Duration{0, time.Minute, 2 * time.Minute}, f.a.times(f.began))
		f.a.answers(nil)
	})
}

func TestRetryAfter(t *testing.T) {
	for header, want := range map[string]time.Duration{"20": 20 * time.Second, "3600": time.Minute, "0": time.Second, "soon": time.Second} {
		synctest.Test(t, func(t *testing.T) {
			f := start(t, nil)
			defer f.stop()
			f.a.answers(func(post) answer { return answer{status: http.StatusTooManyRequests, retryAfter: header} })
			f.send(alerttest.Firing("a", f.began))
			synctest.Wait()
			f.a.answers(nil)
			wait(2 * time.Minute)
			assert.Equal(t, want, f.a.times(f.began)[1], header)
		})
	}
}

func TestConfigurationErrors(t *testing.T) {
	for _, status := range []int{301, 307, 401, 403, 404, 405, 415} {
		synctest.Test(t, func(t *testing.T) {
			f := start(t, nil)
			defer f.stop()
			f.a.answers(func(post) answer { return answer{status: status, body: "go away"} })
			for range 4 {
				f.send(alerttest.Firing("a", f.began))
				wait(59 * time.Second)
			}
			assert.Equal(t, []time.Duration{0, time.Minute, 2 * time.Minute, 3 * time.Minute}, f.a.times(f.began), "at the next resend")
			require.Equal(t, 1, f.logged(zapcore.ErrorLevel, "does not accept posts"), "loudly, and once")
			assert.Contains(t, f.logs.FilterMessageSnippet("does not accept posts").All()[0].ContextMap()["error"], "go away")
			f.a.answers(nil)
			wait(time.Minute)
			assert.Equal(t, int64(1), f.alerts("http://a", "sent"))
		})
	}
}

// Alertmanager stores the valid alerts of a batch, and answers 400 if there is one that is not.
func TestMixedBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, nil)
		defer f.stop()
		f.a.answers(func(p post) answer {
			var reasons []string
			for _, a := range p.alerts {
				if strings.HasPrefix(a.Labels["job"], "bad") {
					reasons = append(reasons, "job "+a.Labels["job"]+" is not liked")
				}
			}
			if len(reasons) > 0 {
				return answer{status: 400, body: `"` + strings.Join(reasons, `\n`) + `"`}
			}
			return answer{status: 200}
		})
		var alerts []*alert.Alert
		for i := range 50 {
			alerts = append(alerts, alerttest.Firing(fmt.Sprint(i), f.began))
		}
		alerts = append(alerts, alerttest.Firing("bad1", f.began))
		for i := range 20 {
			alerts = append(alerts, alerttest.Firing(fmt.Sprint(100+i), f.began))
		}
		alerts = append(alerts, alerttest.Firing("bad2", f.began))
		f.send(alerts...)
		synctest.Wait()
		assert.Len(t, f.a.summaries(), 70)
		assert.Less(t, len(f.a.all()), 30, "not one by one")
		assert.Equal(t, int64(70), f.alerts("http://a", "sent"))
		assert.Equal(t, int64(2), f.alerts("http://a", "rejected"))
		assert.Zero(t, f.alerts("http://a", "failed"))
		refused := f.logs.FilterMessageSnippet("has refused an alert").All()
		require.Len(t, refused, 2)
		reasons := fmt.Sprint(refused[0].ContextMap()["error"], refused[1].ContextMap()["error"])
		assert.Contains(t, reasons, "job bad1 is not liked")
		assert.Contains(t, reasons, "job bad2 is not liked")

		posts := len(f.a.all())
		for range 5 {
			wait(30 * time.Second)
			f.send(alerts...)
		}
		synctest.Wait()
		for _, p := range f.a.all()[posts:] {
			assert.True(t, p.taken, "the bad ones are not posted again")
		}
		assert.Equal(t, int64(2), f.alerts("http://a", "rejected"))
		assert.Len(t, f.logs.FilterMessageSnippet("has refused an alert").All(), 2)

		alerts[50].Annotations["attempt"] = "2"
		f.send(alerts[50])
		synctest.Wait()
		assert.Equal(t, int64(3), f.alerts("http://a", "rejected"), "a new state is another try")
	})
}

func TestBatchThatIsTooLargeIsSplit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, nil)
		defer f.stop()
		f.a.answers(func(p post) answer {
			if len(p.alerts) > 10 {
				return answer{status: http.StatusRequestEntityTooLarge}
			}
			return answer{status: 200}
		})
		var alerts []*alert.Alert
		for i := range 100 {
			alerts = append(alerts, alerttest.Firing(fmt.Sprint(i), f.began))
		}
		f.send(alerts...)
		synctest.Wait()
		assert.Equal(t, int64(100), f.alerts("http://a", "sent"))
		assert.Zero(t, f.alerts("http://a", "rejected"))
	})
}

func TestAPoisonousBatchHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, func(cfg *Config) { cfg.BatchSize = 1 })
		defer f.stop()
		f.a.answers(func(p post) answer {
			if p.alerts[0].Labels["job"] == "poison" {
				return answer{status: 500}
			}
			return answer{status: 200}
		})
		f.send(alerttest.Firing("poison", f.began), alerttest.Firing("a", f.began), alerttest.Firing("b", f.began))
		wait(30 * time.Second)
		assert.ElementsMatch(t, []string{"a failed", "b failed"}, f.a.summaries())
	})
}

func TestBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, func(cfg *Config) { cfg.BatchSize = 4 })
		defer f.stop()
		var alerts []*alert.Alert
		for i := range 10 {
			alerts = append(alerts, alerttest.Firing(fmt.Sprint(i), f.began))
		}
		f.send(alerts...)
		synctest.Wait()
		var sizes []int
		for _, p := range f.a.all() {
			sizes = append(sizes, len(p.alerts))
		}
		assert.Equal(t, []int{4, 4, 2}, sizes)
	})
}

// TestMegabytes sends an alert of other people's making, whose strings are of a megabyte: it is
// delivered, cut, counted and said once.
func TestMegabytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, nil)
		defer f.stop()
		long := strings.Repeat("é", 1<<19)
		ld := plog.NewLogs()
		records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
		for range 3 {
			lr := records.AppendEmpty()
			alerttest.Firing("a", f.began).Encode(lr)
			lr.Body().SetStr(long)
			lr.Attributes().PutStr("ml.alert.label.job", long)
			lr.Attributes().PutStr("ml.alert.annotation.root_cause", long)
			lr.Attributes().PutStr("ml.alert.annotation."+long, "x")
		}
		require.NoError(t, f.exporter.ConsumeLogs(t.Context(), ld))
		synctest.Wait()
		require.Len(t, f.a.all(), 1)
		got := f.a.all()[0].alerts[0]
		assert.Equal(t, strings.Repeat("é", (alert.MaxName-3)/2)+"…", got.Labels["job"])
		assert.Len(t, got.Annotations["root_cause"], alert.MaxAnnotation-1, "at a letter")
		assert.Len(t, got.Annotations["summary"], alert.MaxSummary-1)
		assert.Equal(t, 1, f.logged(zapcore.WarnLevel, "too long, or too many"))
		metadatatest.AssertEqualAlertmanagerTextsCut(t, f.telemetry, []metricdata.DataPoint[int64]{{Value: 3 * 4}}, metricdataOptions()...)
	})
}

func TestMaxAlerts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, func(cfg *Config) { cfg.MaxAlerts = 5 })
		defer f.stop()
		f.a.answers(down)
		for i := range 100 {
			f.send(alerttest.Firing(fmt.Sprint(i), f.began))
		}
		synctest.Wait()
		assert.EqualValues(t, 5, f.entries())
		assert.Equal(t, int64(95), f.alerts("http://a", "dropped"))
		full := f.logs.FilterMessageSnippet("'max_alerts' is reached").All()
		require.Len(t, full, 1)
		assert.Equal(t, "5", full[0].ContextMap()["first"].(map[string]string)["job"], "by name")
		f.a.answers(nil)
		wait(time.Minute)
		assert.Len(t, f.a.summaries(), 5)
	})
}

func TestRecordsThatAreNoAlerts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, nil)
		defer f.stop()
		ld := plog.NewLogs()
		records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
		records.AppendEmpty().Body().SetStr("hello")
		records.AppendEmpty().SetEventName("ml.alarm")
		records.AppendEmpty().SetEventName("ml.alert")
		alerttest.Firing("a", f.began).Encode(records.AppendEmpty())
		require.NoError(t, f.exporter.ConsumeLogs(t.Context(), ld))
		require.NoError(t, f.exporter.ConsumeLogs(t.Context(), ld))
		synctest.Wait()
		assertRecords(t, f, map[string]int64{"taken": 2, "skipped": 4, "unreadable": 2})
		assert.Len(t, f.a.summaries(), 1)
		assert.Equal(t, 1, f.logged(zapcore.WarnLevel, "no alerts are skipped"))
		assert.Equal(t, 1, f.logged(zapcore.ErrorLevel, "lack something"))
		assert.Contains(t, f.logs.FilterMessageSnippet("lack something").All()[0].ContextMap()["error"], "'ml.alert.name' is missing")
	})
}

func TestLabelsAreAddedWithoutOverriding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, func(cfg *Config) { cfg.Labels = map[string]string{"cluster": "eu1", "job": "other"} })
		defer f.stop()
		f.send(alerttest.Firing("a", f.began))
		synctest.Wait()
		assert.Equal(t, map[string]string{"alertname": "JobFailed", "severity": "critical", "job": "a", "cluster": "eu1"}, f.a.all()[0].alerts[0].Labels)
	})
}

func TestShutdownSendsWhatIsPending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, func(cfg *Config) { cfg.Endpoints = []string{"http://a", "http://b"} })
		f.a.answers(down)
		f.send(alerttest.Firing("a", f.began))
		wait(time.Second / 2)
		f.send(alerttest.Resolved("a", f.began, f.began.Add(time.Second/2)), alerttest.Firing("b", f.began))
		synctest.Wait()
		f.a.answers(nil)
		posts := len(f.b.all())
		f.stop()
		assert.ElementsMatch(t, []string{"a failed", "b failed"}, f.a.summaries(), "before the backoff is over")
		assert.Len(t, f.b.all(), posts, "the other has taken all")
		assert.Zero(t, f.alerts("http://a", "dropped"))
	})
}

func TestShutdownEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, func(cfg *Config) { cfg.Endpoints = []string{"http://a", "http://b"} })
		hang := func(post) answer { return answer{status: 200, after: time.Hour} }
		f.a.answers(hang)
		f.b.answers(hang)
		f.send(alerttest.Firing("a", f.began))
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		before := time.Now()
		require.NoError(t, f.exporter.Shutdown(ctx))
		assert.Equal(t, 3*time.Second, time.Since(before))
		assert.Equal(t, int64(1), f.alerts("http://a", "dropped"))
		assert.Equal(t, int64(1), f.alerts("http://b", "dropped"))
		assert.Equal(t, 2, f.logged(zapcore.ErrorLevel, "could not be delivered before shutdown"))
	})
}

// The collector gives Shutdown no deadline: the timeout of a request bounds it.
func TestShutdownWithoutADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, nil)
		f.a.answers(func(post) answer { return answer{status: 200, after: time.Hour} })
		f.send(alerttest.Firing("a", f.began))
		synctest.Wait()
		before := time.Now()
		f.stop()
		assert.Equal(t, 20*time.Second, time.Since(before), "the post that was on its way, and one more")
	})
}

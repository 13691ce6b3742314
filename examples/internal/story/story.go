// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package story is what the stories of examples/ share. A story is a program that starts the collector on the config beside it, sends
// it the traffic of a team's everyday, and prints what happens, a line each, with the alerts as they come: it listens where the config
// expects Alertmanager. Then the collector goes on, for a reader to look at, until the program is interrupted.
package story

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"os/signal"
	"path"
	"strings"
	"sync"
	"syscall"
	"time"
)

// How long the collector may take to listen, and the sending of the last telemetry.
const (
	startTimeout = time.Minute
	flushTimeout = 5 * time.Second
)

// Options are the flags that every story has.
type Options struct {
	// Collector is the collector's binary; empty for one that runs already.
	Collector string
	// Configs are the configs that it starts with; later ones win.
	Configs []string
	// OTLP is the address of the collector's OTLP receiver (gRPC).
	OTLP string
	// Alertmanager is the address on which the story takes alerts; empty if there is an Alertmanager.
	Alertmanager string
	// Seed is that of the traffic.
	Seed uint64
	// Once ends the story when it is told.
	Once bool
}

// Story is a story that is being told.
type Story struct {
	Options
	// Rand is the source of all that is random; it is the teller's, and must not be used by two goroutines at once.
	Rand *rand.Rand

	name      string
	work      *sync.WaitGroup
	cancel    context.CancelCauseFunc // ends the story
	alerts    *alerts
	providers []provider
}

// Main tells the story whose folder is examples/name. tell returns when all has happened; keep, which may be nil, sends traffic from
// then on until its context is done. Main ends the program.
func Main(name string, tell, keep func(context.Context, *Story) error) {
	s := &Story{}
	config := path.Join("examples", name, "collector.yaml")
	flag.StringVar(&s.Collector, "collector", "bin/otelcol-ml", "the collector to start; empty for one that runs already")
	flag.Func("config", "a config of the collector; several are merged (default "+config+")", func(file string) error {
		s.Configs = append(s.Configs, file)
		return nil
	})
	flag.StringVar(&s.OTLP, "otlp", "localhost:4317", "where the collector takes OTLP over gRPC")
	flag.StringVar(&s.Alertmanager, "alertmanager", "localhost:9093", "where to listen for alerts, as Alertmanager does; empty if there is one")
	flag.Uint64Var(&s.Seed, "seed", 1, "of the traffic")
	flag.BoolVar(&s.Once, "once", false, "end when the story is told")
	flag.Parse()
	if len(s.Configs) == 0 {
		s.Configs = []string{config}
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := s.run(ctx, name, tell, keep)
	stop()
	if err != nil && !errors.Is(err, context.Canceled) {
		log.Fatal(err)
	}
}

// run starts what there is to start, tells the story, and ends what it has started.
func (s *Story) run(ctx context.Context, name string, tell, keep func(context.Context, *Story) error) error {
	s.Rand = rand.New(rand.NewPCG(s.Seed, 1))
	running, cancel := context.WithCancelCause(ctx)
	var work sync.WaitGroup
	defer work.Wait()
	defer cancel(nil)
	s.name, s.work, s.cancel = name, &work, cancel
	s.alerts = newAlerts()
	if s.Alertmanager != "" {
		if err := s.alerts.serve(running, s.Alertmanager, &work, cancel); err != nil {
			return err
		}
	}
	if s.Collector != "" {
		// A story begins anew: what an earlier one has left would be counted as well.
		if err := os.RemoveAll(path.Join("state", name)); err != nil {
			return err
		}
		if _, err := s.StartCollector(running, "collector", s.Configs...); err != nil {
			return err
		}
	}
	if err := AwaitListener(running, s.OTLP); err != nil {
		return fmt.Errorf("no collector listens on %s: %w", s.OTLP, cause(running, err))
	}
	err := tell(running, s)
	if err == nil && !s.Once {
		Say("That is the story. The collector goes on until you press Ctrl-C.")
		if keep != nil {
			err = keep(running, s)
		} else {
			<-running.Done()
		}
	}
	ending, done := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
	defer done()
	if flushed := s.endTelemetry(ending); running.Err() == nil {
		err = errors.Join(err, flushed)
	}
	return cause(running, err)
}

// StartCollector starts a further collector, as Main starts the first one: its log goes to state/story/name.log, and if it ends, so does
// the story.
func (s *Story) StartCollector(ctx context.Context, name string, configs ...string) (*Collector, error) {
	file := path.Join("state", s.name, name+".log")
	c, err := StartCollector(ctx, s.Collector, file, configs, s.work, s.cancel)
	if err == nil {
		Say("the collector %sstarts; its log is in %s", strings.TrimPrefix(name+" ", "collector "), file)
	}
	return c, err
}

// cause is why the context is done, if it is and that was no interrupt; else err.
func cause(ctx context.Context, err error) error {
	if why := context.Cause(ctx); why != nil {
		return why
	}
	return err
}

var printing sync.Mutex

// Say prints what has happened, a line with the time of day.
func Say(format string, args ...any) {
	printing.Lock()
	defer printing.Unlock()
	fmt.Println(time.Now().Format("15:04:05"), fmt.Sprintf(format, args...))
}

// Wait returns after d, or with an error when the context is done before.
func Wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package trainingjob

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
)

// Main runs the command and returns its exit status: 0 where the job believes that all went well, 1
// where it has failed, 2 for flags that cannot be, 130 after an interrupt.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var o Options
	var endpoint, breaks, date string
	var runs int
	f := flag.NewFlagSet("training-job", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&breaks, "break", "", "what to break, in the last run: a `stage`, or stage:how")
	f.StringVar(&o.RunID, "run-id", "", "the run's `id`; made of the time if not given")
	f.StringVar(&date, "logical-date", "", "the `day` that the run is for, such as 2026-11-22; today if not given")
	f.IntVar(&runs, "runs", 1, "make this `many` runs, one a day, the last one for --logical-date")
	f.StringVar(&endpoint, "endpoint", "localhost:4317", "`host:port` of the collector, OTLP over gRPC")
	f.BoolVar(&o.Fast, "fast", false, "without the pauses that stand for a warehouse's and a cluster's work")
	f.Uint64Var(&o.Seed, "seed", 1, "another seed, other data")
	f.StringVar(&o.Folder, "folder", "", "where checkpoints and models are written; state/training-job if not given")
	f.Usage = func() { usage(stderr, f) }
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	err := func() (err error) {
		if f.NArg() > 0 {
			return fmt.Errorf("%q is no flag; see --help", f.Arg(0))
		}
		if runs < 1 || runs > 1000 {
			return fmt.Errorf("--runs: %d is not between 1 and 1000", runs)
		}
		if o.RunID != "" && runs > 1 {
			return errors.New("--run-id is for one run, --runs makes more")
		}
		o.LogicalDate = time.Now().UTC()
		if date != "" {
			if o.LogicalDate, err = time.Parse(time.DateOnly, date); err != nil {
				return fmt.Errorf("--logical-date: %q is no day such as 2026-11-22", date)
			}
		}
		if o.Break, err = ParseBreak(breaks); err != nil {
			return fmt.Errorf("--break: %w", err)
		}
		return nil
	}()
	if err != nil {
		fmt.Fprintf(stderr, "training-job: %v\n", err)
		return 2
	}
	o.Out = stdout
	return runAll(ctx, o, runs, endpoint, stderr)
}

// runAll makes the runs.
func runAll(ctx context.Context, o Options, runs int, endpoint string, stderr io.Writer) int {
	if reachable(ctx, endpoint) {
		exporter, err := otlptracegrpc.New(ctx, otlptracegrpc.WithEndpoint(endpoint), otlptracegrpc.WithInsecure(), otlptracegrpc.WithTimeout(exportTimeout))
		if err != nil {
			fmt.Fprintf(stderr, "training-job: %v\n", err)
			return 1
		}
		defer func() { _ = exporter.Shutdown(context.WithoutCancel(ctx)) }()
		o.Exporter = exporter
		var once sync.Once
		otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
			once.Do(func() { fmt.Fprintf(stderr, "training-job: spans are lost: %v\n", err) })
		}))
	} else {
		fmt.Fprintf(stderr, "training-job: there is no collector at %s: the job runs, and nobody watches it\n", endpoint)
	}
	broken, last := o.Break, o.LogicalDate
	for i := range runs {
		o.LogicalDate, o.Break = last.AddDate(0, 0, i-runs+1), Break{}
		if i == runs-1 {
			o.Break = broken
		}
		began := time.Now()
		if _, err := Run(ctx, o); err != nil {
			fmt.Fprintf(stderr, "training-job: failed after %.1f s: %v\n", time.Since(began).Seconds(), err)
			if errors.Is(err, context.Canceled) {
				return 130
			}
			return 1
		}
		fmt.Fprintf(o.Out, "  done in %.1f s\n", time.Since(began).Seconds())
	}
	return 0
}

// reachable says that something listens.
func reachable(ctx context.Context, endpoint string) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", endpoint)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

func usage(w io.Writer, f *flag.FlagSet) {
	fmt.Fprint(w, `training-job queries, validates, transforms, trains, evaluates and publishes a model for fraud, on generated payments,
and traces it for a collector with ml_job.

  go run ./examples/training-job                                a good run
  go run ./examples/training-job --runs 5                       five good runs, one for each of the last five days
  go run ./examples/training-job --break transform              a run whose stage transform is broken
  go run ./examples/training-job --break transform:rows         the same stage, in another way

Flags:
`)
	f.VisitAll(func(x *flag.Flag) {
		name, text := flag.UnquoteUsage(x)
		fmt.Fprintf(w, "  --%-21s %s\n", strings.TrimSpace(x.Name+" "+name), text)
	})
	fmt.Fprint(w, "\nWhat can be broken, and the one alert of ml_job, which names the stage:\n")
	for i, way := range Ways {
		name := "  " + way.Break.String()
		if i == 0 || Ways[i-1].Stage != way.Stage {
			name = "  " + way.Stage + "[:" + string(way.How) + "]"
		}
		fmt.Fprintf(w, "%-24s %-66s %s\n", name, way.Does, way.Expect())
	}
	fmt.Fprint(w, `
  * needs five good runs before, to know what is usual
  A stage that hangs does so until Ctrl-C, which is a cancelled run (JobCancelled) then.
`)
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"sync"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/otelcol-ml/otelcol-ml/examples/internal/story"
)

// alertTimeout is how long an alert may take to come, or to end.
const alertTimeout = 90 * time.Second

// recommender is all that there is: the data, the job, and the model in use.
type recommender struct {
	warehouse *warehouse
	pipeline  *pipeline
	server    *server
	clock     *clock
}

// fault is what goes wrong in a night, without an error.
type fault struct {
	what  string
	does  func(*night)
	alert string // its name
	ends  bool   // with the next good run
}

var (
	lostShards = fault{
		"two of the ten shards of the user features are empty tonight; nobody is told", (*night).loseShards, "StageRows", true,
	}
	unknownCurrency = fault{
		"the shop opens in Switzerland, and nobody has added a rate for CHF", func(n *night) { n.francs = 0.115 }, "StageNulls", true,
	}
	pricesInCents = fault{
		"a supplier sends prices in cents; the suite finds it, and is told to let the job go on", func(n *night) { n.inCents = 1240 },
		"StageContractViolated", false,
	}
	frozen = fault{
		"the registry is frozen for the sale: the job trains a model and keeps it to itself", func(n *night) { n.frozen = true }, "ContractViolated", false,
	}
)

// tell tells of fifteen nights.
func (r *recommender) tell(ctx context.Context, s *story.Story) error {
	if err := r.start(ctx, s); err != nil {
		return err
	}
	return r.serving(ctx, func(ctx context.Context) error {
		for range 7 {
			if err := r.day(ctx, nil); err != nil {
				return err
			}
		}
		for _, f := range []fault{lostShards, unknownCurrency, pricesInCents, frozen} {
			if err := r.breaks(ctx, s, f); err != nil {
				return err
			}
		}
		return nil
	})
}

// keep goes on with good nights, one a minute.
func (r *recommender) keep(ctx context.Context, _ *story.Story) error {
	r.clock.day = time.Minute
	return r.serving(ctx, func(ctx context.Context) error {
		for {
			if err := r.day(ctx, nil); err != nil {
				return err
			}
		}
	})
}

// breaks has a night with a fault, waits for the alert, and has a good night.
func (r *recommender) breaks(ctx context.Context, s *story.Story, f fault) error {
	story.Say("%s", f.what)
	named := func(a story.Alert) bool { return a.Labels["alertname"] == f.alert }
	if err := r.day(ctx, f.does); err != nil {
		return err
	}
	if _, err := s.Await(ctx, alertTimeout, f.alert, named); err != nil {
		return err
	}
	if err := r.day(ctx, nil); err != nil || !f.ends {
		return err
	}
	return s.AwaitEnd(ctx, alertTimeout, f.alert, named)
}

// day is a night with its run, and the day after it.
func (r *recommender) day(ctx context.Context, does func(*night)) error {
	n := r.warehouse.night()
	if does != nil {
		does(n)
	}
	r.clock.set(n.date.Add(runBegins), n.date.Add(runEnds))
	if err := r.pipeline.run(ctx, n); err != nil {
		return err
	}
	r.clock.set(n.date.Add(runEnds), n.date.AddDate(0, 0, 1).Add(runBegins))
	story.Say("%s  recsys_daily: success; %s users (%s), recall@10 %.3f; the server answers with recsys %s",
		n.date.Format(time.DateOnly), humanize.Comma(int64(n.users())), n.change(), n.recall, r.server.model().version)
	return story.Wait(ctx, r.clock.day)
}

// serving has predictions made while do works.
func (r *recommender) serving(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	var work sync.WaitGroup
	defer work.Wait()
	defer cancel()
	work.Go(func() { r.server.serve(ctx) })
	return do(ctx)
}

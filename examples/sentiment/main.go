// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Command sentiment tells the story of a model that classifies reviews: a release that is slow, and
// reviews that nobody has written. README.md walks through it.
package main

import (
	"context"
	"encoding/csv"
	"flag"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
	sdk "go.opentelemetry.io/otel/sdk/resource"

	"github.com/otelcol-ml/otelcol-ml/examples/internal/story"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// Reviews a second.
const (
	customers = 60
	forgeries = 80
)

// How long things take, or may take.
const (
	quiet        = 15 * time.Second
	alertTimeout = 2 * time.Minute
	// ml_drift's window is a minute of the clock: what is forged begins early enough in one to be a good part of it.
	latestSecond = 35
)

// How the model and its baseline are made, the latter by the commands in README.md.
const (
	baselineSeed    = 1
	baselineReviews = 10_000
)

// sentiment is all that runs beside the collector.
type sentiment struct {
	address string
	work    sync.WaitGroup
}

func main() {
	var s sentiment
	flag.StringVar(&s.address, "http", "localhost:8080", "where the classifier listens")
	flag.BoolFunc("training", "print reviews as the model sees them, as CSV, of which mlprofile makes the baseline, and end", func(string) error {
		if err := printTraining(os.Stdout); err != nil {
			return err
		}
		os.Exit(0)
		return nil
	})
	story.Main("sentiment", s.tell, s.keep)
}

func resource(service string) *sdk.Resource {
	return story.Resource(service, attribute.String(mlconv.AttrEnvironment, "production"))
}

func (s *sentiment) tell(ctx context.Context, t *story.Story) error {
	tracer, err := t.Tracer(ctx, resource("reviews"))
	if err != nil {
		return err
	}
	logs, err := t.Logs(ctx, resource("reviews"))
	if err != nil {
		return err
	}
	far, err := t.Tracer(ctx, resource("lexicon"))
	if err != nil {
		return err
	}
	trained := train()
	words, err := listen(ctx, "localhost:0", traced(far, "/words", lexicon{trained.words}.serve), &s.work)
	if err != nil {
		return err
	}
	c := &classifier{tracer: tracer, logger: logs.Logger("reviews"), first: &version{name: "1", model: trained, held: trained.words}}
	if s.address, err = listen(ctx, s.address, traced(tracer, "/reviews", c.serve), &s.work); err != nil {
		return err
	}
	honest := rand.New(rand.NewPCG(t.Seed, 10))
	shop, err := newVisitors(ctx, t, "shop", s.address, "Mozilla/5.0", func() review { r, _ := customer(honest); return r })
	if err != nil {
		return err
	}
	forged := rand.New(rand.NewPCG(t.Seed, 11))
	partners, err := newVisitors(ctx, t, "partner-api", s.address, "python-requests/2.32", func() review { return forger(forged) })
	if err != nil {
		return err
	}

	s.work.Go(func() { shop.post(ctx, customers, &s.work) })
	story.Say("version 1 classifies %d reviews a second", customers)
	if err := story.Wait(ctx, quiet); err != nil {
		return err
	}

	c.second.Store(&version{name: "2", model: trained, held: trained.frequent(atHand), ask: c.asks(askLexicon(tracer, words))})
	story.Say("version 2 is released: it answers every other review")
	slow := func(a story.Alert) bool { return a.Labels["alertname"] == "VersionSlow" && a.Labels["version"] == "2" }
	if _, err := t.Await(ctx, alertTimeout, "version 2 is slow", slow); err != nil {
		return err
	}
	c.second.Store(nil)
	story.Say("version 2 is taken back")
	if err := t.AwaitEnd(ctx, alertTimeout, "version 2 is slow", slow); err != nil {
		return err
	}

	if second := time.Now().Second(); second > latestSecond {
		if err := story.Wait(ctx, time.Duration(60-second)*time.Second); err != nil {
			return err
		}
	}
	story.Say("%d forged reviews a second come through the partners' API", forgeries)
	s.work.Go(func() { partners.post(ctx, forgeries, &s.work) })
	for _, name := range []string{"PredictionDrift", "FeatureDrift"} {
		drifts := func(a story.Alert) bool { return a.Labels["alertname"] == name && a.Labels["version"] == "1" }
		if _, err := t.Await(ctx, alertTimeout, name, drifts); err != nil {
			return err
		}
	}
	return nil
}

// keep goes on with the reviews, forged ones, too.
func (s *sentiment) keep(ctx context.Context, _ *story.Story) error {
	s.work.Wait()
	return context.Cause(ctx)
}

// printTraining writes a row a review.
func printTraining(w io.Writer) error {
	m := train()
	v := &version{model: m, held: m.words}
	rng := rand.New(rand.NewPCG(baselineSeed, 200))
	out := csv.NewWriter(w)
	rows := [][]string{{"text_length", "class", "confidence"}}
	for range baselineReviews {
		r, _ := customer(rng)
		class, confidence, err := v.classify(context.Background(), tokens(r.Text))
		if err != nil {
			return err
		}
		rows = append(rows, []string{strconv.Itoa(utf8.RuneCountInString(r.Text)), class, strconv.FormatFloat(confidence, 'g', -1, 64)})
	}
	return out.WriteAll(rows)
}

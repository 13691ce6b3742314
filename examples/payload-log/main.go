// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Program payload-log stands in for KServe's logger: it sends requests of the model fraud and their
// responses as CloudEvents, in batches of 20 payments. The amounts are about ten times those of the
// training data, all else is as it was.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"math"
	"math/rand/v2"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/cloudevents/sdk-go/v2/protocol"
)

// rows is the number of payments in a request.
const rows = 20

// confidenceDeciles are those of the baseline.
var confidenceDeciles = []float64{0.5009, 0.6588, 0.7687, 0.8454, 0.8857, 0.9194, 0.9412, 0.9605, 0.9744, 0.9857, 0.9994}

type tensor struct {
	Name     string `json:"name"`
	Shape    []int  `json:"shape"`
	Datatype string `json:"datatype"`
	Data     any    `json:"data"`
}

func main() {
	url := flag.String("url", "http://localhost:4320/", "where the inference_log receiver listens")
	requests := flag.Int("requests", 50, "the number of requests, of 20 payments each")
	seed := flag.Uint64("seed", uint64(time.Now().UnixNano()), "of the payments")
	flag.Parse()
	if err := send(context.Background(), *url, *requests, *seed); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d payments in %d requests\n", *requests*rows, *requests)
}

// send sends pairs of events and stops at the first that is not taken.
func send(ctx context.Context, url string, requests int, seed uint64) error {
	client, err := cloudevents.NewClientHTTP(cloudevents.WithTarget(url))
	if err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	for i := range requests {
		id := fmt.Sprintf("example-%d-%d", seed, i)
		asked := time.Now()
		request, response := payments(rng)
		for _, half := range []struct {
			name string
			at   time.Time
			body any
		}{{"request", asked, request}, {"response", asked.Add(8 * time.Millisecond), response}} {
			e := cloudevents.NewEvent()
			e.SetID(id)
			e.SetType("org.kubeflow.serving.inference." + half.name)
			e.SetSource("http://localhost:9081/")
			e.SetTime(half.at)
			e.SetExtension("inferenceservicename", "fraud")
			e.SetExtension("namespace", "prod")
			if err := e.SetData(cloudevents.ApplicationJSON, half.body); err != nil {
				return err
			}
			if result := client.Send(ctx, e); !protocol.IsACK(result) {
				return fmt.Errorf("%s: %w", half.name, result)
			}
		}
	}
	return nil
}

// payments returns a request and its response in the Open Inference Protocol, version 2.
func payments(rng *rand.Rand) (request, response any) {
	var amounts, confidences []float64
	var hours []int
	var countries, channels, classes []string
	for range rows {
		amounts = append(amounts, math.Round(100*600*math.Exp(0.8*rng.NormFloat64()))/100)
		hours = append(hours, rng.IntN(24))
		countries = append(countries, pick(rng, "DE", 0.57, "FR", 0.27, "US"))
		channels = append(channels, pick(rng, "app", 0.65, "web", 0.35, ""))
		decile := rng.IntN(len(confidenceDeciles) - 1)
		low, high := confidenceDeciles[decile], confidenceDeciles[decile+1]
		confidences = append(confidences, low+(high-low)*rng.Float64())
		classes = append(classes, pick(rng, "ok", 0.95, "fraud", 0.05, ""))
	}
	shape := []int{rows}
	request = map[string]any{"inputs": []tensor{
		{"amount", shape, "FP64", amounts},
		{"hour", shape, "INT64", hours},
		{"country", shape, "BYTES", countries},
		{"channel", shape, "BYTES", channels},
	}}
	response = map[string]any{"model_name": "fraud", "model_version": "7", "outputs": []tensor{
		{"predict", shape, "BYTES", classes},
		{"confidence", shape, "FP64", confidences},
	}}
	return request, response
}

// pick returns a with the probability p, b with q, else c.
func pick(rng *rand.Rand, a string, p float64, b string, q float64, c string) string {
	switch u := rng.Float64(); {
	case u < p:
		return a
	case u < p+q || c == "":
		return b
	default:
		return c
	}
}

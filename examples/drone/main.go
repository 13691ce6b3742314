// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Command drone tells of a detector on drones: fog over one district, a link that drops, and clocks that jump. See the README.
package main

import (
	"flag"
	"log"
	"os"

	"github.com/otelcol-ml/otelcol-ml/examples/internal/story"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == "training" {
		if err := writeTraining(os.Stdout); err != nil {
			log.Fatal(err)
		}
		return
	}
	var t teller
	flag.StringVar(&t.edge, "edge", "localhost:4327", "where the drones' collector takes OTLP over gRPC")
	flag.StringVar(&t.edgeConfig, "edge-config", "examples/drone/edge.yaml", "the config of the drones' collector")
	flag.StringVar(&t.edgeMetrics, "edge-metrics", "localhost:8887", "where the drones' collector has its own metrics")
	flag.StringVar(&t.link, "link", "localhost:4337", "where the link to the ground begins")
	flag.StringVar(&t.metrics, "metrics", "localhost:8889", "where the collector on the ground has metrics")
	flag.StringVar(&t.groundMetrics, "ground-metrics", "localhost:8888", "where it has its own")
	story.Main("drone", t.tell, t.keep)
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"time"
)

// trainingFlight is how long the fleet has flown for the data that the baseline is made of.
const trainingFlight = time.Hour

// writeTraining writes the frames of another hour, without fog, as the rows of a CSV file.
func writeTraining(to io.Writer) error {
	out := csv.NewWriter(to)
	header := []string{"object", "confidence", "sharpness", "brightness", "contrast", "occlusion", "speed", "range", "hdop", "satellites", "weather"}
	if err := out.Write(header); err != nil {
		return err
	}
	f := fleet{rng: rand.New(rand.NewPCG(2, 1))}
	for f.at < trainingFlight {
		for _, x := range f.next() {
			row := []string{x.class}
			for _, v := range []float64{x.confidence, x.sharpness, x.brightness, x.contrast, x.occlusion, x.speed, x.reach, x.hdop} {
				row = append(row, strconv.FormatFloat(v, 'g', -1, 64))
			}
			if err := out.Write(append(row, strconv.Itoa(x.satellites), x.weather)); err != nil {
				return err
			}
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("cannot write the training data: %w", err)
	}
	return nil
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"math/rand/v2"
	"time"
)

// The flight plan: each drone looks once in a step, and is over the next district after a leg, so that it is over each of them for the
// same time in five minutes.
const (
	step = 2500 * time.Millisecond
	leg  = 75 * time.Second
)

// district is where drones fly.
type district struct {
	name                string
	latitude, longitude float64
}

var (
	districts = []district{
		{"harbour", 53.541, 9.984}, {"old-town", 53.551, 9.993}, {"station", 53.553, 10.006}, {"park", 53.560, 9.986},
	}
	units = []string{"hawk-1", "hawk-2", "hawk-3", "hawk-4"}
)

// frame is what a drone knows of one image.
type frame struct {
	unit, district string
	// at is when the flight plan has the image, since the fleet has started.
	at      time.Duration
	latency time.Duration
	weather string
	// The image: variance of the Laplacian, mean and standard deviation of the grey, share that is covered.
	sharpness, brightness, contrast, occlusion float64
	// Flight: m/s, and how far ahead the detector sees, in m.
	speed, reach float64
	// GPS: degrees, horizontal dilution of precision, satellites.
	latitude, longitude, hdop float64
	satellites                int
	class                     string
	confidence                float64
}

// fleet makes the frames of all drones, one after the other. What it makes depends on the seed alone, and on the fog.
type fleet struct {
	rng *rand.Rand
	// fog is the district that has it, if there is one.
	fog string
	// at is the flight time of the next frames.
	at time.Duration
}

// next is what the drones see in the next step.
func (f *fleet) next() []frame {
	frames := make([]frame, len(units))
	for i, unit := range units {
		over := districts[(i+int(f.at/leg))%len(districts)]
		frames[i] = f.look(unit, over)
	}
	f.at += step
	return frames
}

// sky is what images are like in a weather: mean, standard deviation, least and most.
type sky struct {
	sharpness, brightness, contrast, occlusion, reach, confidence, latency [4]float64
}

var skies = map[string]sky{
	"clear": {
		sharpness: [4]float64{340, 45, 180, 500}, brightness: [4]float64{0.55, 0.05, 0.3, 0.8}, contrast: [4]float64{0.22, 0.03, 0.1, 0.35},
		occlusion: [4]float64{0.05, 0.015, 0, 0.12}, reach: [4]float64{38, 2.5, 28, 48}, confidence: [4]float64{0.9, 0.04, 0.7, 0.99},
		latency: [4]float64{62, 8, 40, 95},
	},
	"rain": {
		sharpness: [4]float64{290, 45, 150, 450}, brightness: [4]float64{0.48, 0.05, 0.3, 0.8}, contrast: [4]float64{0.19, 0.03, 0.1, 0.35},
		occlusion: [4]float64{0.08, 0.02, 0, 0.16}, reach: [4]float64{33, 2.5, 26, 44}, confidence: [4]float64{0.87, 0.05, 0.65, 0.99},
		latency: [4]float64{66, 8, 40, 100},
	},
	"fog": {
		sharpness: [4]float64{120, 25, 50, 220}, brightness: [4]float64{0.72, 0.04, 0.5, 0.9}, contrast: [4]float64{0.09, 0.02, 0.03, 0.16},
		occlusion: [4]float64{0.3, 0.06, 0.1, 0.6}, reach: [4]float64{12.5, 1.5, 8, 18}, confidence: [4]float64{0.56, 0.09, 0.3, 0.85},
		latency: [4]float64{140, 20, 80, 220},
	},
}

func (f *fleet) look(unit string, over district) frame {
	weather := "clear"
	if f.rng.IntN(10) == 0 {
		weather = "rain"
	}
	class := "none"
	switch p := f.rng.Float64(); {
	case p < 0.2:
		class = "person"
	case p < 0.5:
		class = "vehicle"
	}
	if over.name == f.fog {
		weather = "fog"
	}
	s := skies[weather]
	return frame{
		unit: unit, district: over.name, at: f.at, weather: weather, class: class,
		latency:   time.Duration(f.draw(s.latency, 1)) * time.Millisecond,
		sharpness: f.draw(s.sharpness, 10), brightness: f.draw(s.brightness, 1000), contrast: f.draw(s.contrast, 1000),
		occlusion: f.draw(s.occlusion, 1000), reach: f.draw(s.reach, 10), confidence: f.draw(s.confidence, 10000),
		speed: f.draw([4]float64{11, 0.7, 9, 13}, 100), hdop: f.draw([4]float64{0.9, 0.15, 0.5, 2}, 100), satellites: 9 + f.rng.IntN(7),
		latitude:  over.latitude + f.draw([4]float64{0, 0.001, -0.004, 0.004}, 1e5),
		longitude: over.longitude + f.draw([4]float64{0, 0.0015, -0.005, 0.005}, 1e5),
	}
}

// draw is a normal number within bounds, rounded to a part of 1.
func (f *fleet) draw(of [4]float64, part float64) float64 {
	return math.Round(min(max(of[0]+of[1]*f.rng.NormFloat64(), of[2]), of[3])*part) / part
}

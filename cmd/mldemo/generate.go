// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strconv"
	"time"
)

// The generated data set: two weeks of a model that looks for fraud in payments.
const (
	demoDays    = 14
	demoPerHour = 200
)

// shiftAfter is when the traffic shifts, after the start: on the tenth day at noon.
const shiftAfter = 9*24*time.Hour + 12*time.Hour

// labelDelay is how long after a payment it is known whether it was fraud.
const labelDelay = 48 * time.Hour

// theShift says what the generator does to the traffic; the demo prints it, and then what was found
// without knowing it.
const theShift = `amounts are 60 % higher, a tenth of the payments go to a new kind of merchant ("crypto"),
of which the model knows nothing, and distance_km is missing in 15 % of the rows instead of 2 %`

const demoHeader = "timestamp,transaction_id,amount,account_age_days,transactions_24h,distance_km,country,merchant,channel,new_device,prediction,confidence,latency_ms,score,outcome"

// generate writes the data set as CSV and returns the number of rows. The same seed and start give
// the same bytes.
func generate(w io.Writer, seed uint64, start time.Time, perHour int) (rows int, err error) {
	rng, outcomes := rand.New(rand.NewPCG(seed, 0x6672617564)), rand.New(rand.NewPCG(seed, 0x7472757468))
	out := bufio.NewWriterSize(w, 1<<16)
	if _, err := fmt.Fprintln(out, demoHeader); err != nil {
		return 0, err
	}
	shift := start.Add(shiftAfter)
	for hour := range demoDays * 24 {
		at := start.Add(time.Duration(hour) * time.Hour)
		n := int(float64(perHour) * (1 + 0.6*math.Sin(float64(hour%24-9)*math.Pi/12))) // quiet nights
		for i := range n {
			t := at.Add(time.Hour * time.Duration(i) / time.Duration(n)).Truncate(time.Millisecond)
			rows++
			if _, err := fmt.Fprintln(out, payment(rng, outcomes, rows, t, !t.Before(shift))); err != nil {
				return rows, err
			}
		}
	}
	return rows, out.Flush()
}

func payment(rng, outcomes *rand.Rand, id int, at time.Time, shifted bool) string {
	amount := math.Exp(3.2 + 0.9*rng.NormFloat64())
	missing := 0.02
	crypto := 0.0
	if shifted {
		amount *= 1.6
		missing = 0.15
		crypto = 0.1
	}
	age := math.Round(rng.ExpFloat64() * 700)
	recent := 0
	for rng.Float64() < 0.55 && recent < 30 {
		recent++
	}
	distance := math.Exp(1.5 + 1.3*rng.NormFloat64())
	country := pick(rng, []string{"DE", "FR", "US", "GB", "PL"}, []float64{0.42, 0.2, 0.17, 0.13, 0.08})
	merchant := pick(rng, []string{"grocery", "fashion", "travel", "electronics", "games"}, []float64{0.38, 0.22, 0.14, 0.16, 0.1})
	if rng.Float64() < crypto {
		merchant = "crypto"
	}
	channel := pick(rng, []string{"app", "web", "terminal"}, []float64{0.5, 0.3, 0.2})
	device := rng.Float64() < 0.07

	z := -4.3 + 0.012*amount + 0.25*float64(recent) + 0.01*distance - 0.0004*age
	if device {
		z += 1.5
	}
	if merchant == "crypto" {
		z++
	}
	score := 1 / (1 + math.Exp(-z-0.5*rng.NormFloat64()))
	outcome := "ok"
	if outcomes.Float64() < fraudulent(z, merchant) {
		outcome = "fraud"
	}
	class, confidence := "ok", 1-score
	if score > 0.5 {
		class, confidence = "fraud", score
	}
	km := strconv.FormatFloat(distance, 'f', 1, 64)
	if rng.Float64() < missing {
		km = ""
	}
	return fmt.Sprintf("%s,t%06d,%.2f,%.0f,%d,%s,%s,%s,%s,%t,%s,%.4f,%.2f,%.4f,%s",
		at.UTC().Format("2006-01-02T15:04:05.000Z"), id, amount, age, recent, km, country, merchant, channel, device, class, confidence, math.Exp(2.2+0.5*rng.NormFloat64()), score, outcome)
}

// fraudulent is the probability that a payment is fraud, given what its score is made of. The model
// does not know the merchants that are new.
func fraudulent(z float64, merchant string) float64 {
	z = 1.5 * (z + 1.5)
	if merchant == "crypto" {
		z += 2
	}
	return 1 / (1 + math.Exp(-z))
}

func pick(rng *rand.Rand, values []string, weights []float64) string {
	u := rng.Float64()
	for i, w := range weights {
		if u -= w; u < 0 {
			return values[i]
		}
	}
	return values[len(values)-1]
}

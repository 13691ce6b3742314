// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math/rand/v2"
	"strings"
)

// A review is good, bad or neither.
const (
	negative = iota
	neutral
	positive
)

// classes are the names of what a review may be.
var classes = [...]string{negative: "negative", neutral: "neutral", positive: "positive"}

// review is what somebody writes about something bought.
type review struct {
	Text string `json:"text"`
	// Client is where it was written: web, app or api, which is for partners.
	Client string `json:"client"`
}

var (
	things = []string{
		"kettle", "lamp", "chair", "headset", "keyboard", "jacket", "blender", "tent", "backpack", "watch", "printer", "toaster", "bicycle pump", "desk",
		"mattress", "phone case", "camera bag", "drill", "umbrella", "coffee grinder",
	}
	// What is said of a thing, by class; the usual words, and those that few people use.
	usual = [...][]string{
		negative: {"bad", "poor", "broken", "awful", "terrible", "useless", "flimsy", "disappointing", "a waste of money", "not worth it"},
		neutral:  {"okay", "average", "ordinary", "fine for the price", "neither good nor bad", "what one expects", "nothing special", "usable"},
		positive: {"great", "good", "lovely", "solid", "perfect", "excellent", "comfortable", "worth the money", "better than I thought", "nice"},
	}
	unusual = [...][]string{
		negative: {"abysmal", "shoddy", "dreadful", "lacklustre", "atrocious", "wretched", "deplorable", "ramshackle"},
		neutral:  {"passable", "middling", "unremarkable", "tolerable", "pedestrian", "serviceable"},
		positive: {"splendid", "marvellous", "stellar", "flawless", "exquisite", "sublime", "impeccable", "superlative"},
	}
	said = []string{
		"The % is #.", "It is #.", "My new % is really #.", "For me it is #.", "After a month I can say that this % is #.", "All in all #.",
		"I find the handling #.", "What we got is #, and so is the box.",
	}
	beside = []string{
		"Delivery took three days.", "I bought it for my sister.", "It came in a large box.", "The colour is the one in the picture.",
		"There is a manual in six languages.", "We use it every morning.", "I had another % before.", "It is the second one we own.",
		"My neighbour has the same %.", "The % stands in the kitchen now.",
	}
	// shares are those of the classes among customers' reviews.
	shares = [...]float64{negative: 0.25, neutral: 0.15, positive: 0.6}
)

// Of the sentences of a review so many speak of something else; of the others so many say what another review would, and so many have an
// unusual word.
const (
	besideShare   = 0.3
	oppositeShare = 0.3
	unusualShare  = 0.1
)

func pick[T any](rng *rand.Rand, from []T) T { return from[rng.IntN(len(from))] }

// customer writes a review as customers do, and returns the class that it was meant to be.
func customer(rng *rand.Rand) (review, int) {
	class := drawClass(rng)
	out := review{Client: "web"}
	switch p := rng.Float64(); {
	case p < 0.05:
		out.Client = "api"
	case p < 0.45:
		out.Client = "app"
	}
	thing := pick(rng, things)
	sentences := 1
	for sentences < 12 && rng.Float64() < 0.75 {
		sentences++
	}
	var text []string
	for range sentences {
		if rng.Float64() < besideShare {
			text = append(text, strings.ReplaceAll(pick(rng, beside), "%", thing))
			continue
		}
		meant := class
		if rng.Float64() < oppositeShare {
			meant = drawClass(rng)
		}
		word := pick(rng, usual[meant])
		if rng.Float64() < unusualShare {
			word = pick(rng, unusual[meant])
		}
		text = append(text, strings.NewReplacer("%", thing, "#", word).Replace(pick(rng, said)))
	}
	out.Text = strings.Join(text, " ")
	return out, class
}

func drawClass(rng *rand.Rand) int {
	p := rng.Float64()
	for class, share := range shares {
		if p < share {
			return class
		}
		p -= share
	}
	return positive
}

// forger writes a review as a program does that is paid to write bad ones: a word.
func forger(rng *rand.Rand) review {
	return review{Text: pick(rng, []string{"Terrible", "Awful", "Useless", "Broken", "Bad"}) + pick(rng, []string{"", ".", "!"}), Client: "api"}
}

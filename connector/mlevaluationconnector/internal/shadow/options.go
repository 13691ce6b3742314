// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package shadow

import (
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/eventtime"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
)

// Shared is what the answers to one request have in common.
type Shared string

// What answers may share. The row in the call is the same, too.
const (
	// SharedTrace is the id of the trace. It is for traces in which a model is called once.
	SharedTrace Shared = "trace"
	// SharedPredictionID is ml.prediction.id.
	SharedPredictionID Shared = "prediction_id"
	// SharedKey is the key of the business.
	SharedKey Shared = "key"
)

// Pair names a model, and another one whose answers to the same requests are compared with its own.
type Pair struct{ Primary, Shadow string }

// Options say what is compared and bound it.
type Options struct {
	// Shared is what the answers to one request have in common; empty is SharedTrace.
	Shared Shared
	// Pairs are compared beside models with a shadow of the same name. No model is its own.
	Pairs []Pair
	// TimeToLive is how long an answer waits for others.
	TimeToLive time.Duration
	// Waiting and Bytes bound the answers that wait: their number, and what they take in memory, about
	// 310 bytes each and 16 for each segment. As many that have left are remembered, in about 90 bytes
	// each.
	Waiting, Bytes int
	// Models bounds the identities of models that are known, Comparisons those of two that are
	// compared, Segments the segments of each, Classes those with cells of their own.
	Models, Comparisons, Segments, Classes int
	// Window is that of scores, Lateness how far behind the newest pair others may be, Idle how long
	// after the last one the wall clock moves the window on; 0 is never.
	Window         eventtime.Window
	Lateness, Idle time.Duration
	// Level is the confidence of intervals.
	Level float64
	// Margin is the share of answers that may differ; 0 gives no verdict.
	Margin float64
	// Vouched reports whether somebody vouches for a version, which takes the place of one that nobody
	// vouches for; nil vouches for none.
	Vouched func(*prediction.Identity) bool
}

// mostShadows bounds the shadows of one model: each has a bit in the answers that wait for it.
const mostShadows = 64

// keep is how long panes are kept, those of the longest window at least.
func (o Options) keep() time.Duration {
	if o.Window.Calendar != "" {
		return 31 * 24 * time.Hour
	}
	return o.Window.Length
}

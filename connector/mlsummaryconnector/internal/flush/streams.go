// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package flush

import (
	"context"
	"strconv"

	"go.opentelemetry.io/collector/client"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// metadataKey is the key of the client metadata that has the model of a request. Exporters can
// route by it.
const metadataKey = "ml-model"

// modelID is a model in an environment; the zero one is that of all models that found no room.
type modelID struct{ environment, name string }

// String is the model as a key of messages: production/fraud, or fraud.
func (id modelID) String() string {
	switch {
	case id.name == "":
		return mlconv.AttrOverflow
	case id.environment == "":
		return id.name
	}
	return id.environment + "/" + id.name
}

// context returns a context with the model in the metadata of the client.
func (id modelID) context(ctx context.Context) context.Context {
	return client.NewContext(ctx, client.Info{
		Metadata: client.NewMetadata(map[string][]string{metadataKey: {id.String()}}),
	})
}

// maxStreams is the most models whose flushes are numbered; one that comes back after so many
// others is a new producer.
const maxStreams = 10_000

// streams number the flushes of each model on its own, so that those who read only some of the
// models see no gaps. Each has a producer id of its own.
type streams struct {
	of     map[modelID]*stream
	opened int
	uses   uint64
}

type stream struct {
	producer string
	sequence int64
	used     uint64
}

// next returns the producer and the number of the next flush of a model, given the id of the
// instance.
func (s *streams) next(instance string, id modelID) (producer string, sequence int64) {
	t := s.of[id]
	if t == nil {
		if s.of == nil {
			s.of = make(map[modelID]*stream)
		}
		if len(s.of) >= maxStreams {
			s.forgetOne()
		}
		s.opened++
		t = &stream{producer: instance + "." + strconv.Itoa(s.opened)}
		s.of[id] = t
	}
	s.uses++
	t.used = s.uses
	t.sequence++
	return t.producer, t.sequence
}

// forgetOne forgets the model that had no flush for longest.
func (s *streams) forgetOne() {
	var oldest modelID
	found := false
	for id, t := range s.of {
		if !found || t.used < s.of[oldest].used {
			oldest, found = id, true
		}
	}
	delete(s.of, oldest)
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"hash/maphash"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/cells"
	"github.com/otelcol-ml/otelcol-ml/internal/boundedname"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// attrOperation names what a generative model was asked to do.
const attrOperation = "gen_ai.operation.name"

// wrapperOperations are those between which calls are of requests of their own.
var wrapperOperations = []string{"execute_tool", "create_agent", "invoke_agent", "invoke_workflow"}

// inferenceOperations are the operations that are one call of one model; agents, tools and workflows wrap such calls.
var inferenceOperations = []string{"chat", "generate_content", "text_completion", "embeddings"}

// Attributes of one call that costs, and the resource's that says who made it.
const (
	attrInputTokens  = "gen_ai.usage.input_tokens"
	attrOutputTokens = "gen_ai.usage.output_tokens"
	attrService      = "service.name"
	attrErrorType    = "error.type"
	attrFirstChunk   = "gen_ai.response.time_to_first_chunk"
)

// operationPredict is the ml.operation.name of a prediction whose answer and inputs are not on the span.
const operationPredict = "predict"

// errorOther is the error.type of a failure that has none, or of one that found no room.
const errorOther = "_OTHER"

// shape is a sequence of attribute keys and what to do with the value at each position. Spans of one SDK carry their
// attributes in the same order, so that a span is understood by comparing keys with those of the span before.
type shape struct {
	keys []string
	// used positions are decoded.
	used []bool
	// The positions of single attributes, -1 if absent.
	name, version, role, environment              int
	class, value, confidence, score, scores, rows int
	features, operation, mlOperation              int
	// The positions of what a call used: tokens, cost and its currency.
	cost, currency int
	measures       [len(cells.Measures)]int
	// errorType is the position of the type of the error that the span ended with.
	errorType int
	// durationUnknown is the position of the mark of a span whose start and end say nothing.
	durationUnknown int
	// featureAt and segmentAt are the positions of features and of segment dimensions.
	featureAt, segmentAt []named
	// vectors are the positions of answers and embeddings that are not counted, but may be arrays of one batch.
	vectors []int
	// prediction is true where an attribute other than the operation makes the span a prediction.
	prediction bool
	// usage is true where the span says what the call used.
	usage bool
	// transient shapes are not kept: the table is full.
	transient bool

	bound *binding
}

// named is a position with the name that follows the prefix of its key.
type named struct {
	at   int
	name string
}

// fill makes sh the shape of keys. With clone, keys are copied.
func (sh *shape) fill(keys []string, clone bool) {
	*sh = shape{
		keys: sh.keys[:0], used: sh.used[:0], featureAt: sh.featureAt[:0], segmentAt: sh.segmentAt[:0],
		name: -1, version: -1, role: -1, environment: -1, class: -1, value: -1, confidence: -1, score: -1, scores: -1,
		rows: -1, features: -1, operation: -1, mlOperation: -1, cost: -1, currency: -1,
		durationUnknown: -1, errorType: -1, vectors: sh.vectors[:0],
	}
	for i := range sh.measures {
		sh.measures[i] = -1
	}
	for at, key := range keys {
		if clone {
			key = strings.Clone(key)
		}
		sh.keys = append(sh.keys, key)
		sh.used = append(sh.used, sh.add(key, at))
	}
}

// add notes one key and returns whether its value is needed. The first of several equal keys counts.
func (sh *shape) add(key string, at int) bool {
	one := func(p *int, prediction bool) bool {
		if *p >= 0 {
			return false
		}
		*p = at
		sh.prediction = sh.prediction || prediction
		return true
	}
	vector := func() bool {
		sh.prediction = true
		sh.vectors = append(sh.vectors, at)
		return true
	}
	measure := func(m cells.Measure) bool {
		sh.usage = true
		return one(&sh.measures[m], false)
	}
	switch key {
	case mlconv.AttrModelName:
		return one(&sh.name, false)
	case mlconv.AttrModelVersion:
		return one(&sh.version, false)
	case mlconv.AttrModelRole:
		return one(&sh.role, false)
	case mlconv.AttrEnvironment:
		return one(&sh.environment, false)
	case mlconv.AttrPredictionClass:
		return one(&sh.class, true)
	case mlconv.AttrPredictionValue:
		return one(&sh.value, true)
	case mlconv.AttrPredictionConfidence:
		return one(&sh.confidence, true)
	case mlconv.AttrPredictionScore:
		return one(&sh.score, true)
	case mlconv.AttrPredictionScores:
		return one(&sh.scores, true)
	case mlconv.AttrFeatures:
		return one(&sh.features, true)
	case mlconv.AttrBatchSize:
		return one(&sh.rows, false)
	case attrOperation:
		return one(&sh.operation, false)
	case mlconv.AttrOperation:
		return one(&sh.mlOperation, false)
	case attrErrorType:
		return one(&sh.errorType, false)
	case attrInputTokens:
		return measure(cells.InputTokens)
	case attrOutputTokens:
		return measure(cells.OutputTokens)
	case attrFirstChunk:
		return measure(cells.FirstChunk)
	case mlconv.AttrLLMInputCharacters:
		return measure(cells.InputCharacters)
	case mlconv.AttrLLMOutputCharacters:
		return measure(cells.OutputCharacters)
	case mlconv.AttrLLMInputMessages:
		return measure(cells.InputMessages)
	case mlconv.AttrLLMOutputMessages:
		return measure(cells.OutputMessages)
	case mlconv.AttrPredictionCost:
		sh.usage = true
		return one(&sh.cost, false)
	case mlconv.AttrPredictionCurrency:
		return one(&sh.currency, false)
	case mlconv.AttrDurationUnknown:
		return one(&sh.durationUnknown, false)
	case mlconv.AttrPredictionRanking:
		return vector()
	}
	if len(key) < 3 || key[:3] != "ml." {
		return false
	}
	if name, ok := strings.CutPrefix(key, mlconv.PrefixFeature); ok && name != "" {
		sh.prediction = true
		return sh.addNamed(&sh.featureAt, at, name)
	}
	if name, ok := strings.CutPrefix(key, mlconv.PrefixSegment); ok && name != "" {
		return sh.addNamed(&sh.segmentAt, at, name)
	}
	if strings.HasPrefix(key, mlconv.PrefixEmbedding) || strings.HasPrefix(key, mlconv.PrefixPredictionOutput) {
		return vector()
	}
	return false
}

// tokens is true where the span says how many tokens a call took.
func (sh *shape) tokens() bool {
	return sh.measures[cells.InputTokens] >= 0 || sh.measures[cells.OutputTokens] >= 0
}

func (sh *shape) addNamed(list *[]named, at int, name string) bool {
	name, _ = boundedname.Cut(name)
	*list = append(*list, named{at, name})
	return true
}

// names is the sequence of feature names in ml.features.
type names struct {
	keys      []string
	transient bool
}

// maxKeyBytes is the most bytes of keys that a shard keeps, of all shapes and names together.
const maxKeyBytes = 4 << 20

// fits makes room for keys, and returns false where there is none.
func (s *shapes) fits(keys []string) bool {
	n := 0
	for _, k := range keys {
		n += len(k)
	}
	if s.bytes+n > maxKeyBytes {
		return false
	}
	s.bytes += n
	return true
}

// maxShapes is how many shapes, and how many names, a shard keeps. What comes on top is worked out for every span.
const maxShapes = 256

// shapes finds shapes and names by their keys.
type shapes struct {
	seed   maphash.Seed
	spans  map[uint64]*shape
	maps   map[uint64]*names
	recent [4]*shape
	next   int
	bytes  int // of the keys of spans and maps

	last     *shape
	lastMap  *names
	scratch  shape
	scratchN names
	keys     []string
}

func newShapes() *shapes {
	s := &shapes{seed: maphash.MakeSeed()}
	s.clear()
	return s
}

func (s *shapes) clear() {
	s.spans, s.maps = make(map[uint64]*shape), make(map[uint64]*names)
	s.recent = [4]*shape{}
	s.bytes = 0
	s.last, s.lastMap = nil, nil
}

// clearFull makes room where there is none left.
func (s *shapes) clearFull() {
	if len(s.spans) >= maxShapes || len(s.maps) >= maxShapes || s.bytes > maxKeyBytes/2 {
		s.clear()
	}
}

// release lets go of what belongs to the request: keys that are kept are copies.
func (s *shapes) release() {
	clear(s.keys[:cap(s.keys)])
	clear(s.scratch.keys[:cap(s.scratch.keys)])
	clear(s.scratch.featureAt[:cap(s.scratch.featureAt)])
	clear(s.scratch.segmentAt[:cap(s.scratch.segmentAt)])
	clear(s.scratchN.keys[:cap(s.scratchN.keys)])
	if cap(s.keys) > maxScratch || cap(s.scratch.keys) > maxScratch || cap(s.scratchN.keys) > maxScratch {
		s.keys, s.scratch, s.scratchN = nil, shape{}, names{}
	}
}

func (s *shapes) hash(keys []string) uint64 {
	h := uint64(len(keys))
	for _, k := range keys {
		h = h*0x9E3779B97F4A7C15 ^ maphash.String(s.seed, k)
	}
	return h
}

// span returns the shape of a span's attributes.
func (s *shapes) span(attrs pcommon.Map) *shape {
	s.keys = s.keys[:0]
	for k := range attrs.All() {
		s.keys = append(s.keys, k)
	}
	h := s.hash(s.keys)
	sh := s.spans[h]
	if sh != nil && slices.Equal(sh.keys, s.keys) {
		return sh
	}
	if sh != nil || len(s.spans) >= maxShapes || !s.fits(s.keys) {
		s.scratch.fill(s.keys, false)
		s.scratch.transient = true
		return &s.scratch
	}
	sh = new(shape)
	sh.fill(s.keys, true)
	s.spans[h] = sh
	return sh
}

// remember makes sh a shape that spans are compared with first.
func (s *shapes) remember(sh *shape) {
	if sh.transient {
		s.last = nil
		return
	}
	s.last = sh
	if !slices.Contains(s.recent[:], sh) {
		s.recent[s.next] = sh
		s.next = (s.next + 1) % len(s.recent)
	}
}

// nested returns the names of the given keys.
func (s *shapes) nested(keys []string) *names {
	if s.lastMap != nil && slices.Equal(s.lastMap.keys, keys) {
		return s.lastMap
	}
	h := s.hash(keys)
	n := s.maps[h]
	switch {
	case n != nil && slices.Equal(n.keys, keys):
	case n != nil || len(s.maps) >= maxShapes || !s.fits(keys):
		s.scratchN.keys = append(s.scratchN.keys[:0], keys...)
		s.scratchN.transient = true
		return &s.scratchN
	default:
		n = &names{}
		for _, k := range keys {
			n.keys = append(n.keys, strings.Clone(k))
		}
		s.maps[h] = n
	}
	s.lastMap = n
	return n
}

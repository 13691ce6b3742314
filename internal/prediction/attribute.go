// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package prediction

import (
	"strings"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// Attribute is what an attribute means on a prediction span.
type Attribute uint8

// The attributes.
const (
	// Unrelated attributes say nothing of a prediction.
	Unrelated Attribute = iota

	// Whose prediction it is.
	ModelName
	ModelVersion
	ModelRole
	Environment
	OlderEnvironment

	// What the span is.
	Operation
	MLOperation
	ErrorType
	DurationUnknown

	// The answer and what it is made of. Each makes the span a prediction.
	Class
	Value
	Confidence
	Score
	Scores
	Features
	// Vector is a ranking, an embedding or one of several outputs. A span may have several.
	Vector
	// Feature is one feature; its name follows. A span may have several.
	Feature

	// What goes with an answer, but is none.
	BatchSize
	// Segment is a cohort; its dimension follows. A span may have several.
	Segment

	// What a call used.
	InputTokens
	OutputTokens
	FirstChunk
	InputCharacters
	OutputCharacters
	InputMessages
	OutputMessages
	Cost
	Currency
	// CachedTokens and WrittenTokens were read from a cache, and written to it.
	CachedTokens
	WrittenTokens

	// NumAttributes is how many there are.
	NumAttributes
)

// Answer is true for an attribute that makes a span a prediction.
func (a Attribute) Answer() bool { return a >= Class && a <= Feature }

// AttributeOf returns what a key means; name is what follows the prefix of a Feature or a Segment.
func AttributeOf(key string) (a Attribute, name string) {
	switch key {
	case mlconv.AttrModelName:
		return ModelName, ""
	case mlconv.AttrModelVersion:
		return ModelVersion, ""
	case mlconv.AttrModelRole:
		return ModelRole, ""
	case mlconv.AttrEnvironment:
		return Environment, ""
	case mlconv.AttrOlderEnvironment:
		return OlderEnvironment, ""
	case mlconv.AttrGenAIOperation:
		return Operation, ""
	case mlconv.AttrOperation:
		return MLOperation, ""
	case mlconv.AttrErrorType:
		return ErrorType, ""
	case mlconv.AttrDurationUnknown:
		return DurationUnknown, ""
	case mlconv.AttrPredictionClass:
		return Class, ""
	case mlconv.AttrPredictionValue:
		return Value, ""
	case mlconv.AttrPredictionConfidence:
		return Confidence, ""
	case mlconv.AttrPredictionScore:
		return Score, ""
	case mlconv.AttrPredictionScores:
		return Scores, ""
	case mlconv.AttrPredictionRanking:
		return Vector, ""
	case mlconv.AttrFeatures:
		return Features, ""
	case mlconv.AttrBatchSize:
		return BatchSize, ""
	case mlconv.AttrGenAIInputTokens:
		return InputTokens, ""
	case mlconv.AttrGenAIOutputTokens:
		return OutputTokens, ""
	case mlconv.AttrGenAITimeToFirstChunk:
		return FirstChunk, ""
	case mlconv.AttrLLMInputCharacters:
		return InputCharacters, ""
	case mlconv.AttrLLMOutputCharacters:
		return OutputCharacters, ""
	case mlconv.AttrLLMInputMessages:
		return InputMessages, ""
	case mlconv.AttrLLMOutputMessages:
		return OutputMessages, ""
	case mlconv.AttrPredictionCost:
		return Cost, ""
	case mlconv.AttrPredictionCurrency:
		return Currency, ""
	case mlconv.AttrGenAICacheReadTokens:
		return CachedTokens, ""
	case mlconv.AttrGenAICacheCreationTokens:
		return WrittenTokens, ""
	}
	if !strings.HasPrefix(key, "ml.") {
		return Unrelated, ""
	}
	if name, ok := strings.CutPrefix(key, mlconv.PrefixFeature); ok && name != "" {
		return Feature, name
	}
	if name, ok := strings.CutPrefix(key, mlconv.PrefixSegment); ok && name != "" {
		return Segment, name
	}
	if strings.HasPrefix(key, mlconv.PrefixEmbedding) || strings.HasPrefix(key, mlconv.PrefixPredictionOutput) {
		return Vector, ""
	}
	return Unrelated, ""
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"math"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// targetKind is what a target's value is made to be.
type targetKind string

const (
	stringTarget  targetKind = "string"
	intTarget     targetKind = "int"
	doubleTarget  targetKind = "double"
	boolTarget    targetKind = "bool"
	stringsTarget targetKind = "strings"
	anyTarget     targetKind = "any"
)

// Names of OpenTelemetry's that the engine itself uses.
const (
	attrOperation     = "gen_ai.operation.name"
	attrInputTokens   = "gen_ai.usage.input_tokens"
	attrOutputTokens  = "gen_ai.usage.output_tokens"
	attrCachedTokens  = "gen_ai.usage.cache_read.input_tokens"
	attrRequestModel  = "gen_ai.request.model"
	attrResponseModel = "gen_ai.response.model"
	attrWrittenTokens = "gen_ai.usage.cache_creation.input_tokens"
	attrTotalTokens   = "gen_ai.usage.total_tokens"
	attrTimeToFirst   = "gen_ai.response.time_to_first_chunk"
	attrFinishReasons = "gen_ai.response.finish_reasons"
)

// targetKinds are those of the vocabulary that are no texts. What is in neither list is taken as it comes.
var targetKinds = map[string]targetKind{
	mlconv.AttrPredictionValue:             doubleTarget,
	mlconv.AttrPredictionConfidence:        doubleTarget,
	mlconv.AttrPredictionScore:             doubleTarget,
	mlconv.AttrPredictionCost:              doubleTarget,
	mlconv.AttrFeatureViewAge:              doubleTarget,
	mlconv.AttrPredictionRanking:           stringsTarget,
	mlconv.AttrModelAliases:                stringsTarget,
	mlconv.AttrModelAge:                    doubleTarget,
	mlconv.AttrModelKnown:                  boolTarget,
	mlconv.AttrBatchSize:                   intTarget,
	mlconv.AttrStageAttempt:                intTarget,
	mlconv.AttrStageInstances:              intTarget,
	mlconv.AttrStageFinal:                  boolTarget,
	mlconv.AttrStageRowsIn:                 intTarget,
	mlconv.AttrStageRowsOut:                intTarget,
	mlconv.AttrLLMInputCharacters:          intTarget,
	mlconv.AttrLLMOutputCharacters:         intTarget,
	mlconv.AttrLLMInputMessages:            intTarget,
	mlconv.AttrLLMOutputMessages:           intTarget,
	attrInputTokens:                        intTarget,
	attrOutputTokens:                       intTarget,
	attrCachedTokens:                       intTarget,
	attrWrittenTokens:                      intTarget,
	"gen_ai.usage.reasoning.output_tokens": intTarget,
	attrTimeToFirst:                        doubleTarget,
	attrFinishReasons:                      stringsTarget,
}

// textPrefixes are the parts of the vocabulary whose attributes are texts unless targetKinds says otherwise.
var textPrefixes = []string{
	"ml.model.", mlconv.AttrPredictionID, mlconv.AttrPredictionClass, mlconv.AttrPredictionCurrency, "ml.stage.", "ml.job.", "ml.dataset.",
	mlconv.PrefixSegment, mlconv.AttrFeatureViewName, mlconv.AttrFeatureViewVersion, mlconv.AttrOperation, "gen_ai.", "cicd.pipeline.", "error.type",
}

// kindOf returns the kind of a target.
func kindOf(target string) targetKind {
	if k, ok := targetKinds[target]; ok {
		return k
	}
	if strings.HasPrefix(target, mlconv.PrefixStageMetric) || strings.HasPrefix(target, mlconv.PrefixStageNullRatio) {
		return doubleTarget
	}
	for _, p := range textPrefixes {
		if strings.HasPrefix(target, p) {
			return stringTarget
		}
	}
	return anyTarget
}

// mostOf returns what the numbers of a target are at most, where they begin at 0; 0 is for targets without bounds. A number outside is
// no reading of the target: -1 tokens are tokens that are not known, and a confidence of 250 is none.
func mostOf(target string) float64 {
	switch {
	case target == mlconv.AttrPredictionConfidence, strings.HasPrefix(target, mlconv.PrefixStageNullRatio):
		return 1
	case targetKinds[target] == intTarget, target == mlconv.AttrPredictionCost, target == attrTimeToFirst:
		return math.MaxFloat64
	default:
		return 0
	}
}

// kept are attributes of the vocabulary that rules read as well; remove_originals leaves them.
var kept = map[string]bool{
	attrRequestModel: true, attrResponseModel: true, "gen_ai.conversation.id": true, "session.id": true,
	mlconv.AttrPipelineName: true, mlconv.AttrPipelineRunID: true, mlconv.AttrTaskName: true, mlconv.AttrTaskRunID: true,
}

// neutral are prefixes of keys that belong to no dialect, though tables read some; remove_originals leaves them.
var neutral = []string{"http.", "url.", "rpc.", "server.", "client.", "user_agent.", "deployment.environment."}

// original is true for a key that remove_originals may remove once its value has moved.
func original(key string) bool {
	if kept[key] || targetKinds[key] != "" {
		return false
	}
	for _, p := range neutral {
		if strings.HasPrefix(key, p) {
			return false
		}
	}
	return true
}

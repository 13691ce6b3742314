// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"cmp"
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

// textPrefixes are the parts of other vocabularies whose attributes are strings unless mlconv says
// otherwise.
var textPrefixes = []string{"ml.model.", "ml.stage.", "ml.job.", "ml.dataset.", "gen_ai.", "cicd.pipeline.", "error.type"}

// kinds are the kinds of targets by those of the vocabulary. What is in neither is taken as it
// comes.
var kinds = map[mlconv.Kind]targetKind{
	mlconv.String: stringTarget, mlconv.Int: intTarget, mlconv.Double: doubleTarget, mlconv.Bool: boolTarget, mlconv.Strings: stringsTarget,
}

// kindOf returns the kind of a target.
func kindOf(target string) targetKind {
	if name, ok := mlconv.DescribeAttribute(target); ok {
		return cmp.Or(kinds[name.Kind], anyTarget)
	}
	for _, p := range textPrefixes {
		if strings.HasPrefix(target, p) {
			return stringTarget
		}
	}
	return anyTarget
}

// mostOf returns what the numbers of a target are at most, where they begin at 0; 0 is for targets
// without bounds. A number outside is no reading of the target: -1 tokens are tokens that are not
// known, and a confidence of 250 is none.
func mostOf(target string) float64 {
	name, _ := mlconv.DescribeAttribute(target)
	return name.Range.Max
}

// kept are attributes of the vocabulary that rules read as well; remove_originals leaves them.
var kept = map[string]bool{
	mlconv.AttrGenAIRequestModel: true, mlconv.AttrGenAIResponseModel: true, "gen_ai.conversation.id": true, "session.id": true,
	mlconv.AttrPipelineName: true, mlconv.AttrPipelineRunID: true, mlconv.AttrTaskName: true, mlconv.AttrTaskRunID: true,
}

// neutral are prefixes of keys that belong to no dialect, though tables read some; remove_originals
// leaves them.
var neutral = []string{"http.", "url.", "rpc.", "server.", "client.", "user_agent.", "deployment.environment."}

// isMeasured is true for an attribute of the vocabulary that is no text.
func isMeasured(key string) bool {
	name, ok := mlconv.DescribeAttribute(key)
	return ok && name.Name == key && kinds[name.Kind] != "" && name.Kind != mlconv.String
}

// original is true for a key that remove_originals may remove once its value has moved.
func original(key string) bool {
	if kept[key] || isMeasured(key) {
		return false
	}
	for _, p := range neutral {
		if strings.HasPrefix(key, p) {
			return false
		}
	}
	return true
}

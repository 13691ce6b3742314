// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlmetadataprocessor

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

const (
	prefixPrediction = "ml.prediction."
	genAIOperation   = "gen_ai.operation.name"
	operationPredict = "predict" // of ml.operation.name
)

// identity is what a span, or a resource, says of who it belongs to.
type identity struct {
	model, version, environment, job string
	// prediction is true where the span has an answer, a feature, an embedding or an inference operation.
	prediction bool
}

// identify walks the attributes once; from the resource come the environment and the job where the span has none.
// It stops when there is nothing left to learn.
func identify(attrs pcommon.Map, resource *identity) identity {
	id := identity{environment: resource.environment, job: resource.job}
	missing := 5
	for key, value := range attrs.All() {
		if id.prediction {
			// Most attributes of a prediction are features. Their lengths tell that they are none of the names that are
			// left to find, without a look at the text, which is often not in the CPU's cache yet.
			switch len(key) {
			case len(mlconv.AttrModelName), len(mlconv.AttrModelVersion), len(mlconv.AttrEnvironment), len(mlconv.AttrPipelineName):
			default:
				continue
			}
		}
		if len(key) < len("ml.")+1 {
			continue
		}
		switch key[0] {
		case 'm':
			if key[1] != 'l' || key[2] != '.' {
				continue
			}
			switch key[3] {
			case 'm':
				switch key {
				case mlconv.AttrModelName:
					id.model = text(value)
					missing--
				case mlconv.AttrModelVersion:
					id.version = text(value)
					missing--
				}
			case 'o':
				if !id.prediction && key == mlconv.AttrOperation && text(value) == operationPredict {
					id.prediction = true
					missing--
				}
			case 'p', 'f', 'e':
				if !id.prediction && isPrediction(key) {
					id.prediction = true
					missing--
				}
			}
		case 'g':
			if !id.prediction && key == genAIOperation {
				id.prediction = true
				missing--
			}
		case 'd':
			if key == mlconv.AttrEnvironment {
				if e := text(value); e != "" {
					id.environment = e
				}
				missing--
			}
		case 'c':
			if key == mlconv.AttrPipelineName {
				if j := text(value); j != "" {
					id.job = j
				}
				missing--
			}
		}
		if missing == 0 {
			break
		}
	}
	return id
}

// isPrediction says whether an attribute marks a span as a prediction.
func isPrediction(key string) bool {
	return strings.HasPrefix(key, mlconv.PrefixFeature) || strings.HasPrefix(key, prefixPrediction) ||
		key == mlconv.AttrFeatures || strings.HasPrefix(key, mlconv.PrefixEmbedding)
}

// text returns a string as it is and anything else as JSON would have it: a version may have been sent as a number.
func text(v pcommon.Value) string {
	if v.Type() == pcommon.ValueTypeStr {
		return v.Str()
	}
	return v.AsString()
}

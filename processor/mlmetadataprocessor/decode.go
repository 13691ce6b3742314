// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlmetadataprocessor

import (
	"cmp"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// owners is what the attributes of a span, or of a resource, say of the model and the job that it
// belongs to.
type owners struct {
	prediction prediction.Facts
	job        string
}

// read walks the attributes once.
func (o *owners) read(attrs pcommon.Map) {
	for key, value := range attrs.All() {
		switch {
		case key == mlconv.AttrPipelineName:
			o.job = cmp.Or(o.job, prediction.Text(value))
		case o.prediction.Wants(key):
			o.prediction.Add(key, value)
		}
	}
}

// identify returns whose the span is and what it is to predictions; its resource stands in for what
// it does not say. The job is empty where neither names one.
func (o *owners) identify(span ptrace.Span, resource *owners) (id prediction.Identity, kind prediction.Kind, job string) {
	job = cmp.Or(o.job, resource.job)
	if job == "" && !o.prediction.Named(&resource.prediction) {
		return prediction.Identity{}, prediction.None, ""
	}
	id, kind = o.prediction.Identify(span, &resource.prediction)
	return id, kind, job
}

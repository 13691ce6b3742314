// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"fmt"
	"strconv"

	"github.com/dustin/go-humanize"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/words"
)

// retries words, where that is asked for, the warnings on stages that are good after an attempt
// that was not.
func (v *view) retries() []Fault {
	if !v.expect.WarnOnRetries {
		return nil
	}
	var out []Fault
	for _, s := range v.stages {
		var first *run.Instance
		n := 0
		for i := range s.instances {
			if s.instances[i].Recovered() {
				n++
				if first == nil {
					first = &s.instances[i]
				}
			}
		}
		if first == nil || s.bad(true) {
			continue
		}
		last := first.Attempts[len(first.Attempts)-2] // the last one that was not good
		for i := len(first.Attempts) - 2; i >= 0; i-- {
			if first.Attempts[i].Outcome.Bad() {
				last = first.Attempts[i]
				break
			}
		}
		f := Fault{Kind: StageRetried, Stage: s.name, Warning: true, Annotations: map[string]string{
			"attempt": strconv.Itoa(max(attempt(first), len(first.Attempts))),
		}}
		cause := v.run.Cause(last)
		f.TraceID, f.SpanID = cause.TraceID, cause.SpanID
		f.Summary = fmt.Sprintf("%s: %s was good at attempt %s", v.title(), s.name, f.Annotations["attempt"])
		if n > 1 || first.Name != "" {
			f.Summary = fmt.Sprintf("%s: %s %s of %s %s good after a retry", v.title(), humanize.Comma(int64(n)), words.Plural(n, "instance", "instances"), s.name, words.Plural(n, "was", "were"))
			f.Annotations["instances"] = humanize.Comma(int64(n)) + " of " + humanize.Comma(int64(max(s.want, s.named))) + " recovered"
		}
		if e := exception(cause.ExceptionType, cause.Message); e != "" {
			f.Summary += ", before that " + e
			f.Annotations["exception_type"], f.Annotations["exception_message"] = cause.ExceptionType, words.Clip(cause.Message, maxAnnotation)
		}
		f.Summary += fmt.Sprintf(" (run %s).", v.run.ID)
		out = append(out, f)
	}
	return out
}

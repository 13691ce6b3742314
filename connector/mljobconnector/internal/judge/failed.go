// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/words"
)

// upstreamFailed is the cause of a stage that did not run because another one failed.
const upstreamFailed = "upstream_failed"

// attributeFailures returns the stages that have failed, in the order of the run, and apart from
// them those that failed, were skipped or were cancelled only because of them. A stage that has
// others within it failed because of the one of these that failed.
func (v *view) attributeFailures(deadlinePassed bool) (failed, consequences []*stage) {
	var bad []*stage
	for _, s := range v.stages {
		if s.bad(deadlinePassed) {
			bad = append(bad, s)
		}
	}
	outer := v.outer(bad)
	for _, s := range v.stages {
		switch o := s.outcome(deadlinePassed); {
		case o.Bad() && !outer[s] && !s.because(upstreamFailed):
			failed = append(failed, s)
		case o.Bad() || o == run.Skip && s.because(upstreamFailed) || o == run.Cancellation && len(bad) > 0:
			consequences = append(consequences, s)
		}
	}
	if len(failed) == 0 && len(bad) > 0 { // each blames another: somebody is wrong
		failed = bad
		consequences = slices.DeleteFunc(consequences, func(s *stage) bool { return slices.Contains(bad, s) })
	}
	return failed, consequences
}

// outer returns the failed stages that have other failed stages within them.
func (v *view) outer(bad []*stage) map[*stage]bool {
	if len(bad) < 2 {
		return nil
	}
	of := map[*run.Attempt]*stage{}
	for _, s := range bad {
		for _, i := range s.failedInstances() {
			of[i.Final()] = s
		}
	}
	outer := map[*stage]bool{}
	for _, s := range bad {
		first := s.first()
		if first == nil {
			continue
		}
		for _, t := range v.run.Above(first.Final()) {
			if above := of[t]; above != nil && above != s {
				outer[above] = true
			}
		}
	}
	return outer
}

// because reports whether all instances that did not do well give a cause.
func (s *stage) because(cause string) bool {
	n := 0
	for i := range s.instances {
		if f := s.instances[i].Final(); f.Outcome != run.Success {
			if f.Cause() != cause {
				return false
			}
			n++
		}
	}
	return n > 0
}

// culprit returns the stage at which a run failed, nil if that is not known: the first one that
// failed and is no consequence, rather one that the run cannot do without; else the first one that
// was still running when the run failed, or that began and did not end; else the first expected one
// that did not come.
func (v *view) culprit(failed []*stage) *stage {
	for _, s := range failed {
		if !s.optional() {
			return s
		}
	}
	for _, s := range v.stages {
		if len(s.open) > 0 {
			return s
		}
	}
	for _, s := range v.stages {
		if s.cut > 0 && !s.optional() {
			return s
		}
	}
	for _, s := range v.stages {
		if s.seen != nil && len(s.instances) == 0 && !s.optional() {
			return s
		}
	}
	if len(failed) > 0 {
		return failed[0]
	}
	for _, s := range v.stages {
		if s.expected && !s.done && len(s.instances) == 0 && !v.resumesUnknown() {
			return s
		}
	}
	return nil
}

// jobFailed words the fault of a run that failed.
func (v *view) jobFailed(deadlinePassed bool) (f Fault, culprit *stage) {
	failed, consequences := v.attributeFailures(deadlinePassed)
	culprit = v.culprit(failed)
	if culprit == nil {
		f = v.failure(JobFailed, nil, deadlinePassed, v.title()+" failed")
	} else {
		f = v.failure(JobFailed, culprit, deadlinePassed, v.title()+" failed at "+culprit.name)
	}
	var names []string
	for _, s := range consequences {
		names = append(names, s.name)
	}
	if len(names) > 0 {
		f.Annotations["consequences"] = words.Clip(strings.Join(names, ", "), maxAnnotation)
	}
	return f, culprit
}

// stageFailed words the fault of a stage that failed in a run that ended well.
func (v *view) stageFailed(s *stage, deadlinePassed bool) Fault {
	start := v.title() + " ended well although " + s.name + " failed"
	if s.optional() {
		start = v.title() + " ended well without " + s.name + ", which is optional and failed"
	}
	f := v.failure(StageFailed, s, deadlinePassed, start)
	f.Warning = s.optional()
	return f
}

// failure words a failure with its cause. start is the beginning of the sentence, s the stage at
// fault or nil.
func (v *view) failure(kind Kind, s *stage, deadlinePassed bool, start string) Fault {
	f := Fault{Kind: kind, Annotations: map[string]string{}}
	var b strings.Builder
	b.WriteString(start)
	if s == nil {
		cause := v.run.RootCause("")
		own := ""
		if v.root != nil {
			own = exception(v.root.ExceptionType, v.root.Message)
		}
		v.because(&b, &f, ": ", own, cause)
		fmt.Fprintf(&b, " (run %s).", v.run.ID)
		f.Summary = b.String()
		return f
	}
	f.Stage = s.name
	instances := v.instances(s, deadlinePassed)
	if instances != "" {
		b.WriteString(": " + instances)
		f.Annotations["instances"] = v.allInstances(s, deadlinePassed)
	}
	first := s.first()
	if first == nil { // it has no attempt that failed
		cause := v.run.RootCause(s.name)
		own := ""
		if len(s.instances) == 0 || s.cut > 0 {
			switch {
			case s.seen == nil:
				own = "it did not run"
			case len(s.instances) > 0:
				own = "it was still running when the run failed"
			default:
				own = "it did not come to an end"
			}
			if v.root != nil {
				if e := exception(v.root.ExceptionType, v.root.Message); e != "" {
					own += "; " + e
				}
			}
		}
		v.because(&b, &f, ": ", own, cause)
		fmt.Fprintf(&b, " (run %s).", v.run.ID)
		f.Summary = b.String()
		return f
	}
	final := first.Final()
	own, colon := exception(final.Exception()), ": "
	if own == "" && final.Outcome == run.Timeout {
		own = "it timed out"
	}
	if instances != "" && own != "" {
		own, colon = "the first with "+own, "; "
	}
	v.because(&b, &f, colon, own, v.run.Cause(final))
	if n := attempt(first); n > 0 {
		f.Annotations["attempt"] = strconv.Itoa(n)
		fmt.Fprintf(&b, " (attempt %d of run %s).", n, v.run.ID)
	} else {
		fmt.Fprintf(&b, " (run %s).", v.run.ID)
	}
	f.Summary = b.String()
	return f
}

// attempt is the number of the final attempt, 0 if it is the only one and has no number.
func attempt(i *run.Instance) int {
	if n := i.Final().Number(); n > 0 {
		return n
	}
	if len(i.Attempts) > 1 {
		return len(i.Attempts)
	}
	return 0
}

// because adds, after a colon, why something failed: its own exception, and the deepest erring span
// below it.
func (v *view) because(b *strings.Builder, f *Fault, colon, own string, cause run.Evidence) {
	f.TraceID, f.SpanID = cause.TraceID, cause.SpanID
	if f.TraceID == (run.TraceID{}) && len(v.run.Traces) > 0 {
		f.TraceID, f.SpanID = v.run.Traces[0], run.SpanID{}
	}
	set := func(name, value string) {
		if value != "" {
			f.Annotations[name] = words.Clip(value, maxAnnotation)
		}
	}
	set("exception_type", cause.ExceptionType)
	set("exception_message", cause.Message)
	deeper := exception(cause.ExceptionType, cause.Message)
	if cause.Name != "" {
		where := cause.Name
		if cause.Service != "" {
			where += " of " + cause.Service
		}
		if deeper == "" {
			set("root_cause", where)
		} else {
			set("root_cause", where+": "+deeper)
		}
	}
	switch {
	case own == "" && deeper == "":
	case own == "", own == cause.Message: // a status' text is often the exception's
		b.WriteString(colon + deeper)
	default:
		b.WriteString(colon + own)
		if deeper != "" && !strings.HasSuffix(own, deeper) {
			b.WriteString(", because of " + deeper)
		}
	}
	if cause.Name != "" {
		b.WriteString(" in " + words.Clip(cause.Name, maxMessage))
		if cause.Service != "" {
			b.WriteString(" of " + cause.Service)
		}
	}
}

// instances says which instances of a stage failed or did not come, empty for a stage that is one.
// Example: "3 of 500 instances failed: 17, 201 and 340".
func (v *view) instances(s *stage, deadlinePassed bool) string {
	return s.instanceFailures(deadlinePassed, func(names []string, of int) string { return words.ListOf(names, of) }, words.MaxListed)
}

// allInstances is the same with as many names as an annotation has space for.
func (v *view) allInstances(s *stage, deadlinePassed bool) string {
	return words.Clip(s.instanceFailures(deadlinePassed, func(names []string, of int) string {
		text := strings.Join(names, ", ")
		if len(text) > maxAnnotation/2-100 {
			text = words.Clip(text, maxAnnotation/2-100)
		}
		return text
	}, maxAnnotation), maxAnnotation)
}

func (s *stage) instanceFailures(deadlinePassed bool, join func([]string, int) string, most int) string {
	if s.named == 0 {
		return ""
	}
	var failed []string
	for _, i := range s.failedInstances() {
		if i.Name != "" {
			failed = append(failed, i.Name)
		}
	}
	of := max(s.want, s.named)
	var parts []string
	if n := len(failed); n > 0 {
		parts = append(parts, fmt.Sprintf("%s of %s instances failed: %s", humanize.Comma(int64(n)), humanize.Comma(int64(of)), join(failed, n)))
	}
	if deadlinePassed && s.missing > 0 {
		what := "instances"
		if len(parts) > 0 {
			what = "more"
		}
		text := fmt.Sprintf("%s of %s %s did not come to an end", humanize.Comma(int64(s.missing)), humanize.Comma(int64(of)), what)
		if names := s.missingInstances(most); len(names) > 0 {
			text += ": " + join(names, s.missing)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}

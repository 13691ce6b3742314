// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// Logs removes content from log records in place and gives the counts to report, which must not keep
// them. Without an option that drops it does nothing.
func (e *Engine) Logs(ld plog.Logs, report func(*Stats)) {
	if e.options.Drop == DropNothing {
		return
	}
	s := e.borrow()
	for _, rl := range ld.ResourceLogs().All() {
		s.resource.read(rl.Resource().Attributes())
		for _, sl := range rl.ScopeLogs().All() {
			s.scope = sl.Scope()
			s.settle()
			for _, lr := range sl.LogRecords().All() {
				s.dropFromRecord(lr)
			}
			s.dropFromShared(sl.Scope().Attributes(), OnScope)
		}
		s.dropFromShared(rl.Resource().Attributes(), OnResource)
	}
	report(&s.stats)
	e.giveBack(s)
}

// dropFromRecord removes content from a log record. It is a generative model's where its scope or
// resource is, or where a key or its event's name says so.
func (s *state) dropFromRecord(lr plog.LogRecord) {
	detected := s.early | s.own.read(lr.Attributes())
	event, body := lr.EventName(), lr.Body()
	if event == "" {
		event = s.ownText(s.engine.eventName)
	}
	text := ""
	if body.Type() == pcommon.ValueTypeStr {
		text = body.Str()
	}
	s.activate(event, text)
	s.generative = detected&s.engine.llm != 0 || len(s.active) > 0 || strings.HasPrefix(event, "gen_ai.")
	if s.dropsBody(event, body) {
		pcommon.NewValueEmpty().MoveTo(body)
		s.stats.Dropped[OnLog]++
	}
	s.dropFrom(lr.Attributes(), OnLog)
}

// dropsBody reports whether the whole body is to be removed, and removes what is in it otherwise.
func (s *state) dropsBody(event string, body pcommon.Value) bool {
	c := &s.engine.content
	switch {
	case isNumber(body):
		return false
	case s.holdsContent(event):
		return !repeats(body, event)
	case s.engine.options.Drop != DropUnknown:
		if structured(body) {
			s.dropWithin("", body, OnLog, 0)
		}
		return false
	case body.Type() == pcommon.ValueTypeMap:
		s.dropWithin("", body, OnLog, 0)
		return false
	case repeats(body, event) || c.keepBody && short(body):
		return false
	}
	s.say(keepBody, OnLog)
	return true
}

// repeats is true for a body that only says the event's name again, with or without what it is of:
// claude_code.user_prompt for user_prompt.
func repeats(body pcommon.Value, event string) bool {
	if body.Type() != pcommon.ValueTypeStr || event == "" || len(body.Str()) > 2*shortText {
		return false
	}
	of, ok := strings.CutSuffix(body.Str(), event)
	if !ok {
		return false
	}
	of, dotted := strings.CutSuffix(of, ".")
	return of == "" || dotted && !strings.ContainsFunc(of, func(r rune) bool {
		return r != '_' && r != '-' && r != '.' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
}

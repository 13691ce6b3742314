// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/action"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/journal"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/procedure"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

// SpanOf is the id of the span of a decision in the trace that has the run's key as its id: the n-th
// decision, or the procedure that is carried out. The same after a restart.
func SpanOf(key, what string) string {
	sum := sha256.Sum256([]byte(key + "/" + what))
	return hex.EncodeToString(sum[:8])
}

// data is what templates and expressions read, but for the evidence and the parameters.
func (e *Engine) data(fingerprint string, c *journal.Case, r *journal.Run, a *Action, part string) map[string]any {
	id, card := e.modelOf(c.Alert)
	target := map[string]any{"from": "", "to": "", "why": ""}
	versionAtFault := cmp.Or(first(c.Alert.Labels, labelNames.version), r.From)
	if a.Definition.Kind == action.Rollback {
		target = map[string]any{"from": r.From, "to": r.To, "why": r.Why}
	}
	news := strings.Join(r.News, "\n\n")
	if part == procedureResolve {
		news = farewell(c)
	}
	secrets := make(map[string]any, len(a.Secrets))
	for name, value := range a.Secrets {
		secrets[name] = value
	}
	return map[string]any{
		"alert":  e.alertData(c),
		"model":  modelData(id.Name, id.Environment, versionAtFault, card),
		"target": target, "key": r.Key, "fingerprint": fingerprint,
		"traceparent": "00-" + r.Key + "-" + SpanOf(r.Key, procedureDo) + "-01",
		"secrets":     secrets, "actions": e.actionsOf(c, r), "now": time.Now().UTC().Format(time.RFC3339),
		"opened": openedOf(a.Definition.Do, r.Do.Output), "news": news, "news_id": fmt.Sprintf("%s-%d", r.Key, r.Told),
	}
}

// farewell is what an incident is told when it is closed.
func farewell(c *journal.Case) string {
	sentences := []string{"The alert has been over since " + clock(c.OverSince) + "."}
	for _, r := range c.Runs {
		if r.Kind == action.Rollback && r.Phase == journal.Over && r.Verdict == string(procedure.Completed) {
			sentences = append(sentences, fmt.Sprintf("Version %s of %s is back, and no span comes from version %s any more.", r.To, strings.TrimPrefix(r.Target, "model "), r.From))
		}
	}
	return strings.Join(sentences, " ")
}

func (e *Engine) alertData(c *journal.Case) map[string]any {
	a := c.Alert
	ends := ""
	if a.State == alert.Resolved {
		ends = a.EndsAt.UTC().Format(time.RFC3339)
	}
	return map[string]any{
		"name": a.Name, "severity": string(a.Severity), "state": string(a.State), "summary": a.Summary,
		"starts_at": c.StartsAt.UTC().Format(time.RFC3339), "ends_at": ends, "breach_at": breachAt(a, c.StartsAt).UTC().Format(time.RFC3339),
		"labels": anyMap(a.Labels), "annotations": anyMap(a.Annotations), "fingerprint": a.Fingerprint(),
		"trace_id": hexOrNone(a.TraceID[:]), "span_id": hexOrNone(a.SpanID[:]), "trace_url": alert.TraceURL(e.o.TraceURL, a.TraceID, a.SpanID),
	}
}

func hexOrNone(id []byte) string {
	for _, b := range id {
		if b != 0 {
			return hex.EncodeToString(id)
		}
	}
	return ""
}

func anyMap(m map[string]string) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}

func modelData(name, environment, version string, card *catalog.Model) map[string]any {
	out := map[string]any{
		"name": name, "environment": environment, "version": version, "owner": "", "runbook": "", "description": "", "attributes": map[string]any{},
	}
	if card != nil {
		out["name"], out["owner"], out["runbook"], out["description"] = card.Name, card.Owner, card.Alerts.Runbook, card.Description
		out["attributes"] = maps.Clone(card.Attributes)
	}
	return out
}

// actionsOf are the other actions of a case, so far.
func (e *Engine) actionsOf(c *journal.Case, but *journal.Run) []any {
	out := []any{}
	for _, r := range c.Runs {
		if r == but {
			continue
		}
		outcome := r.Verdict
		if outcome == "" {
			outcome = string(r.Phase)
		}
		out = append(out, map[string]any{
			"name": r.Action, "kind": string(r.Kind), "outcome": outcome, "reason": r.Reason, "from": r.From, "to": r.To, "mode": r.Mode,
		})
	}
	return out
}

// openedOf is what the steps of do have extracted. Fields of steps that were not carried out are nil.
func openedOf(steps []action.Step, output map[string]map[string]any) map[string]any {
	out := make(map[string]any, len(steps))
	for _, step := range steps {
		fields := make(map[string]any, len(step.Extract)+1)
		for field := range step.Extract {
			fields[field] = nil
		}
		maps.Copy(fields, output[step.Name])
		out[step.Name] = fields
	}
	return out
}

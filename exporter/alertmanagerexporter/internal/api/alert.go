// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"maps"
	"net/url"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
)

// Alert is an alert as Alertmanager's API v2 takes it (postableAlert in its OpenAPI description).
type Alert struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations,omitempty"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL,omitempty"`
}

// NewAlert returns the alert as it is posted at a moment: summary, trace_id and span_id are
// annotations, trace_url is the generator's URL. A firing one ends when the lease does; a resolved
// one at its end, which is not in the future, whatever the clock of its source says. No alert ends
// before it began, because Alertmanager refuses that.
func NewAlert(a *alert.Alert, now time.Time, lease time.Duration) Alert {
	p := Alert{Labels: a.LabelSet(), Annotations: make(map[string]string, len(a.Annotations)+3), StartsAt: a.StartsAt.UTC()}
	maps.Copy(p.Annotations, a.Annotations)
	if a.Summary != "" {
		p.Annotations["summary"] = a.Summary
	}
	if !a.TraceID.IsEmpty() {
		p.Annotations["trace_id"] = a.TraceID.String()
	}
	if !a.SpanID.IsEmpty() {
		p.Annotations["span_id"] = a.SpanID.String()
	}
	if link := a.Annotations["trace_url"]; isLink(link) {
		p.GeneratorURL = link
	}
	base := now
	if a.StartsAt.After(now) {
		base = a.StartsAt
	}
	switch {
	case a.State == alert.Firing:
		p.EndsAt = base.Add(lease)
	case a.EndsAt.After(base):
		p.EndsAt = base
	default:
		p.EndsAt = a.EndsAt
	}
	p.EndsAt = p.EndsAt.UTC()
	return p
}

func isLink(s string) bool {
	u, err := url.ParseRequestURI(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

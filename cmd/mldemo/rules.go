// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/rules"
)

// driftRules is the shipped rule file on drift.
const driftRules = "drift.yaml"

// writeRules writes the shipped rules on drift into the demo's folder. They wait for a minute, and a replay is over in
// seconds.
func writeRules(folder string) error {
	content, err := rules.Files.ReadFile(driftRules)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, driftRules), []byte(strings.ReplaceAll(string(content), "for: 1m", "for: 1s")), 0o644)
}

// rulesWait is how long rules may take to say that a drift of now is one.
const rulesWait = 20 * time.Second

// ruleAlerts returns what rules say of the model, the alert that matters most first. Where metrics say that it drifts now, it is
// waited for.
func (d *demo) ruleAlerts(ctx context.Context, c *collector) (found []alert.Alert, err error) {
	drifts, err := c.driftsNow(ctx, d.model)
	if err != nil || !drifts {
		return nil, err
	}
	limit := rulesWait
	if !c.own() { // its rules wait for a minute
		limit = 0
	}
	err = poll(ctx, limit, 200*time.Millisecond, func() (bool, error) {
		all, err := readAlerts(c.alerts)
		found = firing(all, d.model)
		return len(found) > 0, err
	})
	if errors.Is(err, errTime) {
		return nil, nil
	}
	return found, err
}

// driftsNow reports whether the whole of a model drifts, as its metrics say.
func (c *collector) driftsNow(ctx context.Context, model string) (bool, error) {
	samples, err := c.scrape(ctx)
	for _, s := range samples {
		if s.name == "ml_drift_detected" && s.value == 1 && s.labels["ml_model_name"] == model && s.labels["ml_segment"] == "" {
			return true, err
		}
	}
	return false, err
}

// firing returns the alerts of rules on a model that fire, as they were said last.
func firing(all []alert.Alert, model string) []alert.Alert {
	last := map[string]alert.Alert{}
	for _, a := range all {
		if a.Labels["ml_model_name"] == model {
			last[a.Fingerprint()] = a
		}
	}
	maps.DeleteFunc(last, func(_ string, a alert.Alert) bool { return a.State != alert.Firing })
	return slices.SortedFunc(maps.Values(last), func(a, b alert.Alert) int {
		if by := int(b.Severity.Number()) - int(a.Severity.Number()); by != 0 {
			return by
		}
		return strings.Compare(a.Summary, b.Summary)
	})
}

// printRules writes the first alerts of rules as a few lines each.
func printRules(w io.Writer, found []alert.Alert, width int) error {
	const most = 3
	var b strings.Builder
	for _, a := range found[:min(len(found), most)] {
		b.WriteString("\n" + console.Wrap(fmt.Sprintf("%s %s: %s", strings.ToUpper(string(a.Severity)), a.Name, console.Clean(a.Summary, 300)), width, "  ", "      ") + "\n")
		for _, name := range []string{"description", "trace_ids", "runbook_url"} {
			if text := a.Annotations[name]; text != "" {
				b.WriteString(console.Wrap(console.Clean(text, 400), width, "      ", "      ") + "\n")
			}
		}
	}
	if n := len(found) - most; n > 0 {
		fmt.Fprintf(&b, "\n  and %d more\n", n)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

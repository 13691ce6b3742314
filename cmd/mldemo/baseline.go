// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/internal/baseline"
)

// makeBaseline profiles the first part.
func (d *demo) makeBaseline(ctx context.Context) error {
	o := d.columns
	o.Name = d.model
	if d.at == nil {
		o.To = d.span.split
	} else {
		o.Take = d.span.rows - d.span.rest
	}
	var err error
	if d.profile, d.plan, err = baseline.Build(ctx, []string{d.file}, o); err != nil {
		if d.plan != nil && len(d.plan.Features) == 0 {
			for _, c := range d.plan.Columns {
				if c.Role == baseline.RoleNone {
					err = fmt.Errorf("%w\n  %s: %s", err, console.Clean(c.Name, 40), c.Note())
				}
			}
		}
		return err
	}
	d.profile.CreatedAt = time.Now().UTC().Truncate(time.Second)
	var left []string
	for _, c := range d.plan.Columns {
		if c.Role == baseline.RoleNone {
			left = append(left, console.Clean(c.Name, 30))
		}
	}
	text := fmt.Sprintf("%s before %s: %s", console.Plural(d.profile.Rows, "row"), stamp(d.span.split), console.Plural(len(d.profile.Features), "feature"))
	if len(left) > 0 {
		const most = 12
		if len(left) > most {
			left = append(left[:most], fmt.Sprintf("and %d more", len(left)-most))
		}
		text += "; left out: " + strings.Join(left, ", ")
	}
	d.say("Baseline", "%s", text)
	return nil
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/otelcol-ml/otelcol-ml/internal/contract"
	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc"
)

// Job is a job's card.
type Job struct {
	Name, Environment string
	Owner             string
	// Schedule is a cron expression in Timezone; Every is an interval instead.
	Schedule string
	Every    time.Duration
	Timezone *time.Location
	// FinishWithin is the time a run has from its scheduled time.
	FinishWithin time.Duration
	Produces     Produces
	Alerts       Alerts
	// AcceptSince is the time from which on runs are normal: what was learned of those before is
	// not used. Zero for all that is known.
	AcceptSince time.Time
	// Stages are the expected stages; nil if they are to be learned.
	Stages     []Stage
	Attributes map[string]any
	SLOs       []SLO
	// Contract is what the spans of stages must say; nil for anything.
	Contract *contract.Contract
	File     string
	Line     int
}

// Produces is the model that a job trains.
type Produces struct {
	Model string
	// MaxAge is how old the model may become.
	MaxAge time.Duration
}

// Disabled reports whether the card turns off the alerts of a name, such as JobSlow.
func (j *Job) Disabled(alert string) bool { return slices.Contains(j.Alerts.Disable, alert) }

// job reads the card of a job.
func (o object) job() *Job {
	produces := o.block("produces")
	j := &Job{
		Name: o.text("name"), Environment: o.text("environment"), Owner: o.text("owner"),
		Schedule: o.text("schedule"), Every: o.duration("every"), Timezone: time.UTC, FinishWithin: o.duration("finish_within"),
		Produces: Produces{Model: produces.text("model"), MaxAge: produces.duration("max_age")},
		Alerts:   o.block("alerts").alerts(), AcceptSince: o.timestamp("accept_since"), Attributes: o.attributes("attributes"),
		File: o.doc.File, Line: o.doc.Root.Line,
	}
	if name := o.text("timezone"); name != "" {
		zone, err := time.LoadLocation(name)
		if err != nil || name == "Local" {
			o.fail([]string{"timezone"}, "%q is no time zone, write it as Europe/Berlin or UTC", yamldoc.Clip(name))
		} else {
			j.Timezone = zone
		}
	}
	if j.Schedule != "" {
		if err := checkSchedule(j.Schedule); err != "" {
			o.fail([]string{"schedule"}, "%q %s", yamldoc.Clip(j.Schedule), err)
		}
	}
	if o.has("schedule") && o.has("every") {
		o.fail([]string{"every"}, "stands beside schedule, only one of the two can be")
	}
	if o.has("finish_within") && !o.has("schedule") && !o.has("every") {
		o.fail([]string{"finish_within"}, "needs schedule or every")
	}
	o.stages(j)
	j.Contract = o.jobContract(j.Stages)
	j.SLOs = o.slos()
	return j
}

// checkSchedule says what is wrong with a cron expression, or "".
func checkSchedule(s string) string {
	if strings.Contains(s, "TZ=") { // the parser panics on some of these
		return "has a time zone, write it under timezone"
	}
	if strings.HasPrefix(s, "@every") {
		return "is an interval, write it under every"
	}
	if len(s) > 256 {
		return "is too long"
	}
	schedule, err := cron.ParseStandard(s)
	if err != nil {
		return "is no cron expression of five fields (minute, hour, day of month, month, day of week): " + err.Error()
	}
	if schedule.Next(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return "is a date that never comes"
	}
	return ""
}

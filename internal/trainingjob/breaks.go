// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package trainingjob

import (
	"fmt"
	"strings"
)

// How is a way in which a stage can be broken.
type How string

// The ways. Not every stage can be broken in every way.
const (
	Error  How = "error"  // an exception, deep in the stage
	Retry  How = "retry"  // the first try fails, the second one is good
	Hang   How = "hang"   // it never ends
	Kill   How = "kill"   // the process is killed
	Slow   How = "slow"   // four seconds more
	Skip   How = "skip"   // it does not run, and nobody says so
	Rows   How = "rows"   // rows get lost, and nobody says so
	Nulls  How = "nulls"  // a column gets nulls
	Column How = "column" // a column vanishes
	NaN    How = "nan"    // a number is none any more
	Metric How = "metric" // the model is bad
)

// Break is a stage and how it is broken. The zero value is none.
type Break struct {
	Stage string
	How   How
}

// String writes it as ParseBreak reads it.
func (b Break) String() string {
	if b == (Break{}) {
		return ""
	}
	return b.Stage + ":" + string(b.How)
}

// Way is a Break that the job knows.
type Way struct {
	Break
	// Does says what happens.
	Does string
	// Alert is the kind of the one alert that ml_job raises with the card in this folder, naming
	// AlertStage; empty for none.
	Alert, AlertStage string
	// History says that the alert needs five good runs before, to know what is usual.
	History bool
	// Fails says that the job itself notices, and ends with status 1.
	Fails bool
}

// Ways are all, by stage. The first of a stage is its default.
var Ways = []Way{
	{Break: Break{FeatureQuery, Error}, Does: "the warehouse has lost a table", Alert: "JobFailed", Fails: true},
	{Break: Break{FeatureQuery, Retry}, Does: "the first connection breaks, the second one holds"},
	{Break: Break{FeatureQuery, Rows}, Does: "two of four partitions are not loaded yet", Alert: "StageRows", History: true},
	{Break: Break{FeatureQuery, Nulls}, Does: "distance_km is empty in a third of the rows", Alert: "StageNulls", History: true},
	{Break: Break{FeatureQuery, Column}, Does: "the source has dropped merchant_risk", Alert: "StageFeatures", History: true},
	{Break: Break{FeatureQuery, Slow}, Does: "the scans take four seconds more", Alert: "JobSlow", History: true},
	{Break: Break{FeatureQuery, Hang}, Does: "a scan never ends", Alert: "StageOverdue"},
	{Break: Break{FeatureQuery, Kill}, Does: "the process is killed in a scan", Alert: "StageOverdue", Fails: true},

	{Break: Break{Validate, Error}, Does: "the column amount arrives as text", Alert: "JobFailed", Fails: true},
	{Break: Break{Validate, Rows}, Does: "a rule with a misplaced dot drops four payments of ten", Alert: "StageRows", History: true},
	{Break: Break{Validate, Nulls}, Does: "a third of distance_km cannot be read, and counts as null", Alert: "StageNulls", History: true},
	{Break: Break{Validate, Column}, Does: "distance_km gets a new name", Alert: "StageFeatures", History: true},
	{Break: Break{Validate, Skip}, Does: "the stage is left out", Alert: "StageMissing"},
	{Break: Break{Validate, Slow}, Does: "the checks take four seconds more", Alert: "JobSlow", History: true},
	{Break: Break{Validate, Hang}, Does: "a check never ends", Alert: "StageOverdue"},
	{Break: Break{Validate, Kill}, Does: "the process is killed in a check", Alert: "StageOverdue", Fails: true},

	{Break: Break{Transform, Error}, Does: "accounts opened today: a division by zero panics", Alert: "JobFailed", Fails: true},
	{Break: Break{Transform, Rows}, Does: "a join drops 40 % of the rows", Alert: "StageRows", History: true},
	{Break: Break{Transform, NaN}, Does: "0/0 in a third of spend_per_payment, and the loss is NaN", Alert: "StageNulls", History: true},
	{Break: Break{Transform, Column}, Does: "log_distance is left out of the features", Alert: "StageFeatures", History: true},
	{Break: Break{Transform, Slow}, Does: "the join takes four seconds more", Alert: "JobSlow", History: true},
	{Break: Break{Transform, Hang}, Does: "the join never ends", Alert: "StageOverdue"},
	{Break: Break{Transform, Kill}, Does: "the process is killed in the join", Alert: "StageOverdue", Fails: true},

	{Break: Break{Train, Error}, Does: "the learning rate explodes, and the trainer gives up", Alert: "JobFailed", Fails: true},
	{Break: Break{Train, NaN}, Does: "the learning rate explodes, and nobody looks: the loss is NaN", Alert: "StageMetric"},
	{Break: Break{Train, Slow}, Does: "the epochs take four seconds more", Alert: "JobSlow", History: true},
	{Break: Break{Train, Hang}, Does: "the seventh epoch never ends", Alert: "StageStalled"},
	{Break: Break{Train, Kill}, Does: "the process is killed in the seventh epoch", Alert: "StageStalled", Fails: true},

	{Break: Break{Evaluate, Metric}, Does: "the labels are shuffled: val_auc is 0.5", Alert: "StageMetric"},
	{Break: Break{Evaluate, Error}, Does: "no held-out payment is labelled as fraud", Alert: "JobFailed", Fails: true},
	{Break: Break{Evaluate, Skip}, Does: "the stage is left out", Alert: "StageMissing"},
	{Break: Break{Evaluate, Slow}, Does: "scoring takes four seconds more", Alert: "JobSlow", History: true},
	{Break: Break{Evaluate, Hang}, Does: "scoring never ends", Alert: "StageOverdue"},
	{Break: Break{Evaluate, Kill}, Does: "the process is killed while it scores", Alert: "StageOverdue", Fails: true},

	{Break: Break{Publish, Error}, Does: "a file lies where the folder of the registry should be", Alert: "JobFailed", Fails: true},
	{Break: Break{Publish, Retry}, Does: "the first connection breaks, the second one holds"},
	{Break: Break{Publish, Skip}, Does: "the stage is left out: the old model stays", Alert: "StageMissing"},
	{Break: Break{Publish, Slow}, Does: "the upload takes four seconds more", Alert: "JobSlow", History: true},
	{Break: Break{Publish, Hang}, Does: "the upload never ends", Alert: "StageOverdue"},
	{Break: Break{Publish, Kill}, Does: "the process is killed in the upload", Alert: "StageOverdue", Fails: true},
}

func init() {
	for i := range Ways {
		if Ways[i].Alert != "" {
			Ways[i].AlertStage = Ways[i].Stage
		}
	}
}

// ParseBreak reads "stage", for the stage's default, or "stage:how".
func ParseBreak(s string) (Break, error) {
	if s == "" {
		return Break{}, nil
	}
	stage, how, given := strings.Cut(s, ":")
	var known []string
	for _, w := range Ways {
		if w.Stage != stage {
			continue
		}
		if !given || w.How == How(how) {
			return w.Break, nil
		}
		known = append(known, string(w.How))
	}
	if known != nil {
		return Break{}, fmt.Errorf("%s cannot be broken by %q, only by %s", stage, how, strings.Join(known, ", "))
	}
	return Break{}, fmt.Errorf("there is no stage %q, only %s", stage, strings.Join(Stages, ", "))
}

// Way returns what is known of a break; the zero value for none.
func (b Break) Way() Way {
	for _, w := range Ways {
		if w.Break == b {
			return w
		}
	}
	return Way{}
}

// Expect says in a line what ml_job will make of it.
func (w Way) Expect() string {
	switch {
	case w.Break == (Break{}):
		return "nothing"
	case w.How == Retry:
		return "nothing: recovered (StageRetried with warn_on_retries)"
	case w.History:
		return w.Alert + " *"
	}
	return w.Alert
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package assessment

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/baseline"
	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// Task is what a model's answers are.
type Task string

// The tasks.
const (
	Binary     Task = "binary"
	Multiclass Task = "multiclass"
	Regression Task = "regression"
	Ranking    Task = "ranking"
)

// Tasks are all tasks.
func Tasks() []Task { return []Task{Binary, Multiclass, Regression, Ranking} }

// Period is how the time of predictions is cut, in UTC.
type Period string

// The periods.
const (
	Hour  Period = "hour"
	Day   Period = "day"
	Week  Period = "week"
	Month Period = "month"
)

// Periods are all periods.
func Periods() []Period { return []Period{Hour, Day, Week, Month} }

// name is that of the period that a time lies in.
func (p Period) name(t time.Time) string {
	t = t.UTC()
	switch p {
	case Hour:
		return t.Format("2006-01-02 15:00")
	case Week:
		year, week := t.ISOWeek()
		return fmt.Sprintf("%d-W%02d", year, week)
	case Month:
		return t.Format("2006-01")
	default:
		return t.Format(time.DateOnly)
	}
}

// Options say what the columns are and what is measured.
type Options struct {
	Table table.Options
	// Task is what the answers are; empty leaves it to the columns.
	Task Task
	// The names of columns; an empty one is looked for by its usual names, but for Weight, Version and
	// LabelTime, which are not there then.
	ID, Prediction, Label, Score, Timestamp string
	Weight, Version, LabelTime              string
	Segments                                []string
	// Probabilities are the columns of the score of each class.
	Probabilities []baseline.Probability
	// Positive is the class that a binary model looks for; empty takes 1 or true.
	Positive string
	// Threshold makes an answer of a score where there is no column of answers.
	Threshold float64
	// By cuts time; empty does not.
	By Period
	// From and To bound the time of predictions; the zero time does not.
	From, To time.Time
	// Level is that of intervals.
	Level float64
	// K is how many items of a list are looked at.
	K int
	// Bins are those of scores.
	Bins int
	// Against is the version that the others are compared with; empty takes the first.
	Against string
	// Margins are by how much measures may become worse.
	Margins map[evaluation.Measure]float64
}

// MaxGroups bounds the groups of one side; rows of what has no room are in those of all rows.
const MaxGroups = 10_000

// usual are names that columns often have, the likelier first.
var usual = struct{ id, prediction, label, score, timestamp []string }{
	id:         []string{"prediction_id", "id", "request_id", "identifier"},
	prediction: []string{"prediction", "y_pred", "predicted", "predicted_class", "predicted_label"},
	label:      []string{"label", "y_true", "target", "actual", "ground_truth", "clf_target"},
	score:      []string{"score", "y_pred_proba", "probability", "y_score", "proba"},
	timestamp:  []string{"timestamp", "time", "at"},
}

// choose returns the column that is wanted, or one of the usual names that is there.
func choose(schema *table.Schema, path, flag, wanted string, names []string) (string, error) {
	if wanted == "" {
		for _, name := range names {
			if schema.Column(name) != nil || slices.Contains(schema.Skipped, name) {
				return name, nil
			}
		}
		return "", nil
	}
	if schema.Column(wanted) == nil {
		return "", fmt.Errorf("--%s: %s has no column %q; it has %s", flag, path, wanted, someOf(schema.Names()))
	}
	return wanted, nil
}

func someOf(names []string) string {
	const most = 12
	if len(names) > most {
		return strings.Join(names[:most], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}

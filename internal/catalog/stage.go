// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc"
)

// Stage is one stage of a job.
type Stage struct {
	Name  string
	After []string
	// Optional stages may be absent.
	Optional bool
	Timeout  time.Duration
	// Heartbeat is the longest silence of a running stage.
	Heartbeat time.Duration
	// Instances is the number of mapped tasks or ranks; MaxFailed how many may fail.
	Instances, MaxFailed int
	// MaxRowDrop and MaxNullIncrease are shares, 0 to 1; nil for the default.
	MaxRowDrop, MaxNullIncrease *float64
	// Metrics bounds what the stage measures, by metric.
	Metrics map[string]StageMetric
}

// StageMetric bounds one measure of a stage; nil for no bound.
type StageMetric struct {
	Min, Max, MaxDrop *float64
}

func (o object) stages(j *Job) {
	blocks := o.blocks("stages")
	once(blocks, "name")
	index := make(map[string]int, len(blocks))
	names := make([]string, 0, len(blocks))
	for i, b := range blocks {
		name := b.text("name")
		if _, ok := index[name]; !ok && name != "" {
			index[name] = i
			names = append(names, name)
		}
	}
	for _, b := range blocks {
		s := Stage{
			Name: b.text("name"), After: b.texts("after"), Optional: b.flag("optional"),
			Timeout: b.duration("timeout"), Heartbeat: b.duration("heartbeat"),
			Instances: b.integer("instances"), MaxFailed: b.integer("max_failed"),
			MaxRowDrop: b.number("max_row_drop"), MaxNullIncrease: b.number("max_null_increase"),
		}
		if s.Instances > 0 && s.MaxFailed > s.Instances {
			b.fail([]string{"max_failed"}, "%d is above instances, %d", s.MaxFailed, s.Instances)
		}
		for i, after := range s.After {
			if _, ok := index[after]; !ok {
				b.fail([]string{"after", strconv.Itoa(i)}, "there is no stage %q%s", yamldoc.Clip(after), yamldoc.Suggest(after, names))
			}
		}
		metrics := b.block("metrics")
		if len(metrics.m) > 0 {
			s.Metrics = make(map[string]StageMetric, len(metrics.m))
		}
		for name := range metrics.m {
			block := metrics.block(name)
			low, high := block.bounds()
			s.Metrics[name] = StageMetric{Min: low, Max: high, MaxDrop: block.number("max_drop")}
		}
		j.Stages = append(j.Stages, s)
	}
	if cycle := findCycle(j.Stages, index); cycle != nil {
		blocks[index[cycle[0]]].fail([]string{"after"}, "goes round in a circle: %s", yamldoc.Clip(strings.Join(cycle, " after ")))
	}
}

// findCycle returns the names along the first cycle, its first stage again at the end; nil if there
// is none.
func findCycle(stages []Stage, index map[string]int) []string {
	const (
		unseen = iota
		open
		done
	)
	state := make([]int, len(stages))
	var path []string
	var visit func(i int) []string
	visit = func(i int) []string {
		state[i] = open
		path = append(path, stages[i].Name)
		for _, after := range stages[i].After {
			next, ok := index[after]
			if !ok || state[next] == done {
				continue
			}
			if state[next] == open {
				return append(slices.Clone(path[slices.Index(path, after):]), after)
			}
			if cycle := visit(next); cycle != nil {
				return cycle
			}
		}
		state[i] = done
		path = path[:len(path)-1]
		return nil
	}
	for i := range stages {
		if state[i] == unseen {
			if cycle := visit(i); cycle != nil {
				return cycle
			}
		}
	}
	return nil
}

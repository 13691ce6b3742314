// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import "github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"

// currentRoot is the run's root, unless it speaks of a former attempt of the run: it says that the
// run failed, and a stage that had failed by then has been tried again since, under the same run
// id. That is what clearing a failed task does in Airflow. The run then goes on, until a newer root
// or the last of its expected stages comes.
//
// Clocks may differ between hosts, so the later attempt must also have come later: of a run that
// failed in the usual way the last attempt and the root come together.
func (v *view) currentRoot() *run.Root {
	root := v.run.Root
	if root == nil || !root.Outcome.Bad() {
		return root
	}
	for _, s := range v.stages {
		if s.seen == nil || !s.seen.Arrived().After(root.Arrived.Add(v.expect.Absence)) {
			continue
		}
		for i := range s.instances {
			instance := &s.instances[i]
			if instance.Final().Start().Before(root.End) {
				continue
			}
			for _, t := range instance.Attempts[:len(instance.Attempts)-1] {
				if t.Outcome.Bad() && !t.End().After(root.End) {
					return nil
				}
			}
		}
	}
	return root
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Recommender tells of a recommender that is trained each night, by a job that never fails: not when a fifth of the users is lost, not
// when a feature is null, not when a check finds prices in cents, and not when the new model is never published. README.md leads through
// it.
package main

import "github.com/otelcol-ml/otelcol-ml/examples/internal/story"

func main() {
	r := &recommender{}
	story.Main("recommender", r.tell, r.keep)
}

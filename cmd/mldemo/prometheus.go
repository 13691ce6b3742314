// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"io"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
)

// openMetrics is the format that carries exemplars.
const openMetrics = "application/openmetrics-text; version=1.0.0"

// sample is one line of a Prometheus exposition.
type sample struct {
	name   string
	labels map[string]string
	value  float64
	// exemplar are the labels of the exemplar, trace_id among them; nil if there is none.
	exemplar map[string]string
}

// parseExposition reads a page of a content type; the text format of Prometheus if it has none.
func parseExposition(page []byte, contentType string) ([]sample, error) {
	p, err := textparse.New(page, contentType, labels.NewSymbolTable(), textparse.ParserOptions{FallbackContentType: "text/plain"})
	if p == nil {
		return nil, err
	}

	var out []sample
	for {
		entry, err := p.Next()
		switch {
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return nil, err
		case entry != textparse.EntrySeries:
			continue
		}

		var s sample
		_, _, s.value = p.Series()
		var set labels.Labels
		p.Labels(&set)
		s.labels = set.Map()
		s.name = s.labels[model.MetricNameLabel]
		var e exemplar.Exemplar
		if p.Exemplar(&e) {
			s.exemplar = e.Labels.Map()
		}
		out = append(out, s)
	}
}

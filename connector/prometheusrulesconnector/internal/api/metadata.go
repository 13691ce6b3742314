// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"errors"
	"iter"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/metadata"
	"github.com/prometheus/prometheus/scrape"
)

// targets is what Prometheus' API takes metadata of metrics from: one target that has all of it.
type targets struct{ target *scrape.Target }

func newTargets(all iter.Seq2[string, metadata.Metadata]) targets {
	target := scrape.NewTarget(labels.EmptyLabels(), &config.ScrapeConfig{}, model.LabelSet{}, model.LabelSet{})
	if all != nil {
		target.SetMetadataStore(metadataStore(all))
	}
	return targets{target: target}
}

func (t targets) TargetsActive() map[string][]*scrape.Target {
	return map[string][]*scrape.Target{"": {t.target}}
}

// The rest belongs to paths that are not answered.

func (targets) TargetsDropped() map[string][]*scrape.Target { return nil }

func (targets) TargetsDroppedCounts() map[string]int { return nil }

func (targets) ScrapePoolConfig(string) (*config.ScrapeConfig, error) {
	return nil, errors.New("nothing is scraped")
}

// metadataStore is the metadata of all metrics as that of a target.
type metadataStore iter.Seq2[string, metadata.Metadata]

func (s metadataStore) ListMetadata() []scrape.MetricMetadata {
	var list []scrape.MetricMetadata
	for name, m := range s {
		list = append(list, scrape.MetricMetadata{MetricFamily: name, Type: m.Type, Help: m.Help, Unit: m.Unit})
	}
	return list
}

func (s metadataStore) GetMetadata(name string) (scrape.MetricMetadata, bool) {
	for known, m := range s {
		if known == name {
			return scrape.MetricMetadata{MetricFamily: name, Type: m.Type, Help: m.Help, Unit: m.Unit}, true
		}
	}
	return scrape.MetricMetadata{}, false
}

func (s metadataStore) SizeMetadata() int { return 0 }

func (s metadataStore) LengthMetadata() int { return 0 }

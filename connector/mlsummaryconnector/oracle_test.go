// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlsummaryconnector

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// tally is counts by a readable series name.
type tally map[string]uint64

// oracle counts rows in the plainest way there is.
type oracle struct {
	card *catalog.Model
	tally
}

// row is what a model saw in one call; a feature that is nil is missing.
type row struct {
	minute   int64
	country  string
	features map[string]any
}

func (o oracle) add(r row) {
	for _, segment := range []string{"", "country=" + r.country} {
		at := fmt.Sprintf("%d %s", r.minute, segment)
		o.tally[at+" count"]++
		for _, c := range o.card.Baseline.Features {
			v := r.features[c.Name]
			switch {
			case v == nil:
				o.tally[at+" "+c.Name+" missing"]++
			case segment != "" && !slices.Contains(o.card.SegmentFeatures, c.Name):
			case c.Numeric != nil && segment == "":
				o.tally[fmt.Sprintf("%s %s %d", at, c.Name, sort.SearchFloat64s(c.Numeric.Bounds, v.(float64)))]++
			case c.Numeric != nil: // groups are tested with the distribution package; here it is their sum
				o.tally[at+" "+c.Name]++
			default:
				o.tally[at+" "+c.Name+"="+v.(string)]++
			}
		}
	}
}

// seen reads a tally back from what was flushed.
func seen(next *link) tally {
	got := make(tally)
	for _, md := range next.AllMetrics() {
		eachPoint(md.ResourceMetrics().At(0), func(p point) {
			get := func(key string) string {
				v, _ := p.attrs.Get(key)
				return v.Str()
			}
			segment, feature := get(mlconv.AttrSegment), get(mlconv.AttrFeatureName)
			at := fmt.Sprintf("%d %s", int64(p.start)/int64(time.Minute), segment)
			switch p.metric {
			case mlconv.MetricPredictionCount:
				got[at+" count"] += p.count
			case mlconv.MetricFeatureMissingCount:
				got[at+" "+feature+" missing"] += p.count
			case mlconv.MetricFeatureCategoryCount:
				got[at+" "+feature+"="+get(mlconv.AttrFeatureCategory)] += p.count
			case mlconv.MetricFeatureValue:
				if segment != "" {
					got[at+" "+feature] += p.count
					return
				}
				for i, n := range p.hist.BucketCounts().AsRaw() {
					if n > 0 {
						got[fmt.Sprintf("%s %s %d", at, feature, i)] += n
					}
				}
			}
		})
	}
	return got
}

func putAny(v pcommon.Value, x any) {
	if err := v.FromRaw(x); err != nil {
		panic(err)
	}
}

// Rows written in every form that a span can have, in any order of attributes, over many shapes,
// give what plain counting gives.
func TestAgainstPlainCounting(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	card := fraudCard(6)
	card.Baseline.Features[4].Type, card.Baseline.Features[4].Numeric = "categorical", nil
	card.Segments, card.SegmentFeatures = []string{"country"}, []string{"f00", "f04"}
	want := oracle{card, make(tally)}
	next := &link{}
	cfg := createDefaultConfig().(*Config)
	cfg.FlushInterval, cfg.FeatureFlushInterval = time.Hour, time.Hour
	c := started(t, cfg, next, newCatalog(card))

	draw := func(end time.Time, country string, without ...string) row {
		r := row{minute: end.Unix() / 60, country: country, features: make(map[string]any)}
		for _, col := range card.Baseline.Features {
			switch {
			case rng.IntN(10) == 0 || slices.Contains(without, col.Name):
			case col.Type == "categorical":
				r.features[col.Name] = []string{"a", "b", "c"}[rng.IntN(3)]
			default:
				r.features[col.Name] = rng.NormFloat64() * 1.5
			}
		}
		want.add(r)
		return r
	}
	for i := range 150 {
		if i == 100 {
			c.flush(t.Context(), true) // by now the tables of shapes are full
		}
		td := ptrace.NewTraces()
		for range 20 {
			end := benchTime.Add(time.Duration(rng.IntN(6)) * 20 * time.Second)
			country := []string{"DE", "FR"}[rng.IntN(2)]
			s := spanAt(td, end, 1)
			s.Attributes().PutStr("ml.segment.country", country)
			if rng.IntN(3) == 0 {
				s.Attributes().PutBool(fmt.Sprintf("noise.%d", rng.IntN(1000)), true)
			}
			form := rng.IntN(5)
			if form == 4 { // a batch of five, which may lack features, and have a segment each
				var without []string
				if rng.IntN(2) == 0 {
					without = []string{"f01", "f04"}
				}
				countries := []any{country, country, country, country, country}
				if rng.IntN(2) == 0 {
					for i := range countries {
						countries[i] = []string{"DE", "FR"}[rng.IntN(2)]
					}
					putAny(s.Attributes().PutEmpty("ml.segment.country"), countries)
				}
				var rows []any
				columns := make(map[string]any)
				for _, country := range countries {
					rows = append(rows, draw(end, country.(string), without...).features)
				}
				for _, col := range card.Baseline.Features {
					if slices.Contains(without, col.Name) {
						continue
					}
					var column []any
					for _, r := range rows {
						column = append(column, r.(map[string]any)[col.Name])
					}
					columns[col.Name] = column
				}
				s.Attributes().PutInt("ml.batch.size", 5)
				switch rng.IntN(4) {
				case 0:
					for name, v := range columns {
						putAny(s.Attributes().PutEmpty("ml.feature."+name), v)
					}
				case 1:
					putAny(s.Attributes().PutEmpty("ml.features"), columns)
				case 2:
					data, err := json.Marshal(columns)
					require.NoError(t, err)
					s.Attributes().PutStr("ml.features", string(data))
				case 3:
					putAny(s.Attributes().PutEmpty("ml.features"), rows)
				}
				continue
			}
			r := draw(end, country)
			switch form {
			case 0: // attributes; some of the absent ones are empty
				for name, v := range r.features { // in random order
					s.Attributes().PutEmpty("ml.feature." + name)
					a, _ := s.Attributes().Get("ml.feature." + name)
					putAny(a, v)
				}
				if r.features["f01"] == nil {
					s.Attributes().PutStr("ml.feature.f01", "")
				}
			case 1:
				putAny(s.Attributes().PutEmpty("ml.features"), r.features)
			case 2:
				data, err := json.Marshal(r.features)
				require.NoError(t, err)
				s.Attributes().PutStr("ml.features", string(data))
			case 3: // half and half
				nested := s.Attributes().PutEmptyMap("ml.features")
				for i, name := range slices.Sorted(maps.Keys(r.features)) {
					if i%2 == 0 {
						putAny(nested.PutEmpty(name), r.features[name])
					} else {
						putAny(s.Attributes().PutEmpty("ml.feature."+name), r.features[name])
					}
				}
			}
		}
		require.NoError(t, c.ConsumeTraces(t.Context(), td))
	}
	require.NoError(t, c.Shutdown(context.Background()))
	got := seen(next)
	assert.Equal(t, want.tally, got)
	assert.Greater(t, len(got), 1000)
}

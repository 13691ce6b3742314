// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package grafana

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Prometheus is a server that answers PromQL.
type Prometheus struct {
	// URL is that of the server, such as http://localhost:9090.
	URL string
}

// Series is what a query has given for one set of labels.
type Series struct {
	Labels map[string]string
	Points []Point
	// Target is the query's RefID, and Name what the legend shows.
	Target, Name string
}

// Point is a value at a time.
type Point struct {
	Time  time.Time
	Value float64
}

// Exemplar is a value with the trace that it was measured in.
type Exemplar struct {
	Time    time.Time
	Value   float64
	TraceID string
	// Series are the labels of the series that it belongs to.
	Series map[string]string
}

// get asks the API, and decodes what is in "data".
func (p *Prometheus) get(ctx context.Context, path string, form url.Values, data any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL+"/api/v1/"+path+"?"+form.Encode(), http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct {
		Status, Error string
		Data          json.RawMessage
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return fmt.Errorf("%s: status %d: %w", path, response.StatusCode, err)
	}
	if answer.Status != "success" {
		return fmt.Errorf("%s: status %d: %s", path, response.StatusCode, answer.Error)
	}
	return json.Unmarshal(answer.Data, data)
}

// matrix is the answer to a query of either kind.
type matrix struct {
	ResultType string
	Result     json.RawMessage
}

type rawSeries struct {
	Metric map[string]string
	Value  rawPoint
	Values []rawPoint
}

// rawPoint is [seconds, "value"].
type rawPoint [2]any

func (r rawPoint) point() (Point, error) {
	seconds, _ := r[0].(float64)
	text, _ := r[1].(string)
	value, err := strconv.ParseFloat(text, 64)
	return Point{Time: at(seconds), Value: value}, err
}

func at(seconds float64) time.Time {
	return time.UnixMilli(int64(math.Round(seconds * 1000)))
}

// series decodes an answer, sorted by labels.
func (m matrix) series() ([]Series, error) {
	raw := []rawSeries{{}}
	if m.ResultType == "scalar" {
		if err := json.Unmarshal(m.Result, &raw[0].Value); err != nil {
			return nil, err
		}
	} else if err := json.Unmarshal(m.Result, &raw); err != nil {
		return nil, err
	}
	var all []Series
	for _, r := range raw {
		if r.Values == nil {
			r.Values = []rawPoint{r.Value}
		}
		s := Series{Labels: r.Metric}
		for _, v := range r.Values {
			point, err := v.point()
			if err != nil {
				return nil, err
			}
			s.Points = append(s.Points, point)
		}
		all = append(all, s)
	}
	slices.SortStableFunc(all, func(a, b Series) int { return strings.Compare(labelsText(a.Labels), labelsText(b.Labels)) })
	return all, nil
}

// instant is the answer to a query at a time.
func (p *Prometheus) instant(ctx context.Context, expr string, at time.Time) ([]Series, error) {
	var m matrix
	if err := p.get(ctx, "query", url.Values{"query": {expr}, "time": {seconds(at)}}, &m); err != nil {
		return nil, err
	}
	return m.series()
}

// between is the answer to a query over a window. Grafana's steps are at whole multiples of the step.
func (p *Prometheus) between(ctx context.Context, expr string, w Window, step time.Duration) ([]Series, error) {
	var m matrix
	form := url.Values{
		"query": {expr}, "step": {fmt.Sprintf("%g", step.Seconds())},
		"start": {seconds(w.Start.Truncate(step))}, "end": {seconds(w.End.Truncate(step))},
	}
	if err := p.get(ctx, "query_range", form, &m); err != nil {
		return nil, err
	}
	return m.series()
}

// exemplars are those of the series that a query reads.
func (p *Prometheus) exemplars(ctx context.Context, expr string, w Window) ([]Exemplar, error) {
	var answer []struct {
		SeriesLabels map[string]string
		Exemplars    []struct {
			Labels    map[string]string
			Value     string
			Timestamp float64
		}
	}
	form := url.Values{"query": {expr}, "start": {seconds(w.Start)}, "end": {seconds(w.End)}}
	if err := p.get(ctx, "query_exemplars", form, &answer); err != nil {
		return nil, err
	}
	var all []Exemplar
	for _, series := range answer {
		for _, e := range series.Exemplars {
			value, err := strconv.ParseFloat(e.Value, 64)
			if err != nil {
				return nil, err
			}
			all = append(all, Exemplar{Time: at(e.Timestamp), Value: value, TraceID: e.Labels["trace_id"], Series: series.SeriesLabels})
		}
	}
	return all, nil
}

// labelValues are the values of a label, of the series that a selector matches if there is one.
func (p *Prometheus) labelValues(ctx context.Context, label, selector string, w Window) ([]string, error) {
	form := url.Values{"start": {seconds(w.Start)}, "end": {seconds(w.End)}}
	if selector != "" {
		form.Set("match[]", selector)
	}
	var values []string
	err := p.get(ctx, "label/"+label+"/values", form, &values)
	return values, err
}

func seconds(t time.Time) string {
	return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64)
}

// labelsText writes labels as Prometheus does.
func labelsText(labels map[string]string) string {
	names := make([]string, 0, len(labels))
	for name := range labels {
		if name != "__name__" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var b strings.Builder
	b.WriteString(labels["__name__"] + "{")
	for i, name := range names {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s=%q", name, labels[name])
	}
	return b.String() + "}"
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/otelcol-ml/otelcol-ml/internal/label"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
	"github.com/otelcol-ml/otelcol-ml/receiver/groundtruthreceiver"
)

// truths are the labels that a ground_truth receiver has passed on.
type truths struct {
	testkit.LogsSink
	endpoint string
}

// receive starts a ground_truth receiver.
func receive(t *testing.T) *truths {
	t.Helper()
	l, err := net.Listen("tcp", "localhost:0")
	require.NoError(t, err)
	out := &truths{endpoint: "http://" + l.Addr().String() + "/v1/ground-truth"}
	f := groundtruthreceiver.NewFactory()
	cfg := f.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(map[string]any{"endpoint": l.Addr().String()}).Unmarshal(cfg))
	r, err := f.CreateLogs(t.Context(), receivertest.NewNopSettings(f.Type()), cfg, out)
	require.NoError(t, err)
	require.NoError(t, l.Close())
	require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, r.Shutdown(context.WithoutCancel(t.Context()))) })
	return out
}

// all returns the labels in the order in which they came.
func (s *truths) all(t *testing.T) (out []label.Label) {
	t.Helper()
	p, err := label.NewParser(label.Options{Unread: func(name string) { t.Error(name + " is no field of a label") }})
	require.NoError(t, err)
	for lr := range testkit.LogRecords(s.AllLogs()...) {
		l, ok, err := p.Record(lr)
		require.NoError(t, err)
		require.True(t, ok)
		out = append(out, l)
	}
	return out
}

const labelled = `when,id,amount,y,score,was
2026-10-01 00:00:00,r1,10.5,ok,0.1,fraud
2026-10-01 01:00:00,r2,7,fraud,0.8,
2026-10-03 00:00:00,,8,ok,0.2,ok
`

func TestLabels(t *testing.T) {
	s, to := &sink{}, receive(t)
	args := []string{
		write(t, "a.csv", labelled), "--endpoint", serve(t, s), "--labels-endpoint", to.endpoint, "--model", "fraud", "--environment", "production",
		"--prediction", "y", "--score", "score", "--timestamp", "when", "--id", "id", "--label", "was", "--label-delay", "24h",
	}
	stderr, err := mlreplay(t, args...)
	require.NoError(t, err)
	assert.Contains(t, stderr, "fraud: 1 feature, class from y, time from when, labels from was")
	assert.Contains(t, stderr, "labels: 2 accepted; 1 row without a label\n")
	spans := s.spans()
	require.Len(t, spans, 3)
	first := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	assert.Equal(t, []label.Label{
		{
			Model: "fraud", Environment: "production", PredictionID: "r1", Class: "fraud", Weight: 1,
			Time: first.Add(24 * time.Hour), PredictionTime: first,
		},
		{ // the row has no id
			Model: "fraud", Environment: "production", TraceID: spans[2].TraceID(), SpanID: spans[2].SpanID(), Class: "ok", Weight: 1,
			Time: first.Add(72 * time.Hour), PredictionTime: first.Add(48 * time.Hour),
		},
	}, to.all(t))
	score, _ := spans[0].Attributes().Get(mlconv.AttrPredictionScore)
	assert.Equal(t, 0.1, score.Double())
	_, told := spans[0].Attributes().Get("ml.feature.was")
	assert.False(t, told, "what was right is no feature")

	stderr, err = mlreplay(t, args...)
	require.NoError(t, err)
	assert.Contains(t, stderr, "labels: 1 accepted, 1 known before; 1 row without a label\n", "the span of the row without an id is another one")
}

func TestLabelsOfAFile(t *testing.T) {
	s, to := &sink{}, receive(t)
	file := write(t, "labels.csv", `id,was,known
r2,1.5,2026-10-02
r1,2,2026-10-05 12:00:00
r1,3,2026-10-04
r9,1,2026-10-04
r2,,2026-10-09
`)
	args := []string{
		write(t, "a.csv", labelled), "--endpoint", serve(t, s), "--labels-endpoint", to.endpoint, "--model", "m",
		"--prediction", "score", "--timestamp", "when", "--id", "id", "--labels", file, "--label", "was", "--label-time", "known",
	}
	stderr, err := mlreplay(t, args...)
	require.NoError(t, err)
	assert.Contains(t, stderr, "labels: 3 accepted; 1 row without a label; 1 id of "+file[:20])
	var got []string
	for _, l := range to.all(t) {
		got = append(got, l.PredictionID+"="+l.Class+" "+l.Time.Format(time.DateOnly))
		assert.True(t, l.HasValue)
	}
	assert.Equal(t, []string{"r2=1.5 2026-10-02", "r1=3 2026-10-04", "r1=2 2026-10-05"}, got, "in the order in which they were known")
}

// Labels come when the rows are as late, behind the spans before them, and the rest at the end.
func TestLabelsBetweenSpans(t *testing.T) {
	var rows strings.Builder
	rows.WriteString("at,x,y\n")
	start := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	for hour := range 72 {
		rows.WriteString(start.Add(time.Duration(hour)*time.Hour).Format(time.DateTime) + ",0.5,1\n")
	}
	s := &sink{}
	var spans, labels []int
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		spans, labels = append(spans, len(s.spans())), append(labels, strings.Count(string(body), "\n"))
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, `{"accepted":1}`)
	}))
	defer server.Close()
	_, err := mlreplay(t, write(t, "a.csv", rows.String()), "--endpoint", serve(t, s), "--labels-endpoint", server.URL, "--model", "m",
		"--timestamp", "at", "--label", "y", "--label-delay", "24h", "-q")
	require.NoError(t, err)
	require.NotEmpty(t, spans)
	assert.Equal(t, 25, spans[0], "the first label waits an hour for others")
	assert.Equal(t, 2, labels[0])
	assert.Len(t, spans, 25, "two hours of labels at a time, then the last day at once")
	sent := 0
	for i, n := range labels {
		sent += n
		if i < len(labels)-1 {
			assert.InDelta(t, spans[i]-24, sent, 1)
		}
	}
	assert.Equal(t, 72, sent)
}

func TestLabelsAreNotLostSilently(t *testing.T) {
	s := &sink{}
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if requests++; requests == 1 {
			w.WriteHeader(http.StatusAccepted)
			_, _ = io.WriteString(w, `{"accepted":1}`)
			return
		}
		w.WriteHeader(http.StatusForbidden)
	}))
	defer server.Close()
	_, err := mlreplay(t, write(t, "a.csv", labelled), "--endpoint", serve(t, s), "--labels-endpoint", server.URL, "--model", "m",
		"--timestamp", "when", "--label", "was", "-q")
	require.Error(t, err)
	assert.Contains(t, err.Error(), "the collector did not take a request of 1 label: 403 Forbidden\n3 spans delivered; 1 label delivered, 1 not sent")
}

func TestLabelErrors(t *testing.T) {
	file := write(t, "a.csv", labelled)
	other := write(t, "b.csv", "key,was\na,1\n")
	for want, args := range map[string][]string{
		"--labels, --label-time and --label-delay: the column of the labels is needed, --label": {"--label-delay", "1h"},
		`label: there is no column "is"`:                                                                    {"--label", "is"},
		`label-time: there is no column "is"`:                                                               {"--label", "was", "--label-time", "is"},
		"label-delay: must not be negative":                                                                 {"--label", "was", "--label-delay", "-1s"},
		"label-time and label-delay: one of the two says when a label is known":                             {"--label", "was", "--label-time", "when", "--label-delay", "1s"},
		"label-time: rows are stamped with the time at which they are sent; use --label-delay":              {"--label", "was", "--label-time", "when", "--now"},
		"labels: the column of the ids is needed, --id":                                                     {"--label", "was", "--labels", other},
		`id: there is no column "id" in ` + other:                                                           {"--label", "was", "--labels", other, "--id", "id"},
		`labels-endpoint: "localhost:4319" is not an address such as http://localhost:4319/v1/ground-truth`: {"--label", "was", "--labels-endpoint", "localhost:4319"},
		`--probability: "fraud" is not CLASS=COLUMN`:                                                        {"--probability", "fraud"},
		`probability: there is no column "is"`:                                                              {"--probability", "fraud=is"},
		`a.csv:2: column "y": "ok" is not a point in time`:                                                  {"--label", "was", "--label-time", "y", "--timestamp", "when"},
	} {
		_, err := mlreplay(t, append([]string{file, "--model", "m", "--endpoint", "localhost:1", "-q"}, args...)...)
		assert.ErrorContains(t, err, want, "%v", args)
	}
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package alert

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/internal/visible"
)

// example is the alert of testdata/firing.json and docs/alerts.md.
func example() *Alert {
	return &Alert{
		Name: "JobFailed", Severity: Critical, State: Firing,
		Labels: map[string]string{"job": "recsys_daily", "stage": "train", "environment": "production"},
		Annotations: map[string]string{
			"run_id":            "scheduled__2026-11-22",
			"attempt":           "3",
			"exception_type":    "OutOfMemoryError",
			"exception_message": "CUDA out of memory",
			"trace_url":         "http://localhost:16686/trace/5b8efff798038103d269b633813fc60c",
			"runbook_url":       "https://example.com/runbooks/recsys",
		},
		Summary:  "recsys_daily failed in train after 3 attempts: OutOfMemoryError: CUDA out of memory",
		StartsAt: time.Date(2026, 11, 22, 3, 25, 7, 500_000_000, time.UTC),
		TraceID:  pcommon.TraceID{0x5b, 0x8e, 0xff, 0xf7, 0x98, 0x03, 0x81, 0x03, 0xd2, 0x69, 0xb6, 0x33, 0x81, 0x3f, 0xc6, 0x0c},
		SpanID:   pcommon.SpanID{0xee, 0xe1, 0x9b, 0x7e, 0xc3, 0xc1, 0xb1, 0x74},
	}
}

// nasty are strings that a label or an annotation may meet.
var nasty = []string{
	"", "a", "a.b", "a_b", "a-b", "1st", "_", "ünï", "alertname", "severity", "summary", "job", "\xff\xfe", "a\x00b", "日本語", "line\nbreak\u2028and more",
	strings.Repeat("x", 300), strings.Repeat("ü", 2000), strings.Repeat("\xff", 400), "x" + strings.Repeat("é", 128), " ", "<b>&amp;", "\uFFFD", "\x1b[2J\u009b\u202e", strings.Repeat("\x1b", 300),
}

// randomAlert makes alerts with everything that is allowed in a Go value.
func randomAlert(r *rand.Rand) *Alert {
	pick := func() string { return nasty[r.IntN(len(nasty))] }
	pairs := func(most int) map[string]string {
		m := map[string]string{}
		for range r.IntN(most) {
			m[pick()+pick()] = pick()
		}
		return m
	}
	a := &Alert{
		Name:     "A" + pick(),
		Severity: []Severity{Critical, Warning, Info, "", "page"}[r.IntN(5)],
		State:    []State{Firing, Resolved, "", "silenced"}[r.IntN(4)],
		Labels:   pairs(3 * MaxLabels), Annotations: pairs(3 * MaxAnnotations), Summary: pick() + pick(),
		StartsAt: time.Unix(r.Int64N(4e9)+1, r.Int64N(1e9)),
	}
	if r.IntN(3) > 0 {
		a.EndsAt = a.StartsAt.Add(time.Duration(r.Int64N(1e15) - 1e14)).In(time.FixedZone("", 3600))
	}
	for i := range r.IntN(2) * len(a.TraceID) {
		a.TraceID[i] = byte(r.Uint32())
	}
	for i := range r.IntN(2) * len(a.SpanID) {
		a.SpanID[i] = byte(r.Uint32())
	}
	return a
}

func labelSet(a *Alert) model.LabelSet {
	set := model.LabelSet{}
	for name, value := range a.LabelSet() {
		set[model.LabelName(name)] = model.LabelValue(value)
	}
	return set
}

// The figure was read from /api/v2/alerts of Alertmanager 0.34.2.
func TestFingerprintIsAlertmanagers(t *testing.T) {
	assert.Equal(t, "41a6315288c5a776", example().Fingerprint())

	r := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		a := randomAlert(r)
		set := labelSet(a)
		require.NoError(t, set.Validate())
		for name, value := range set {
			require.True(t, model.LegacyValidation.IsValidLabelName(string(name)), "%q", name)
			require.NotEmpty(t, value)
		}
		require.Equal(t, set.Fingerprint().String(), a.Fingerprint())
	}
	assert.Equal(t, model.LabelSet{}.Fingerprint().String(), fingerprint(nil))
}

func TestIdentityIsNameSeverityAndLabels(t *testing.T) {
	fingerprint := example().Fingerprint()
	for name, change := range map[string]func(*Alert){
		"state":       func(a *Alert) { a.State, a.EndsAt = Resolved, a.StartsAt.Add(time.Hour) },
		"annotations": func(a *Alert) { a.Annotations["attempt"] = "4" },
		"summary":     func(a *Alert) { a.Summary = "other" },
		"start":       func(a *Alert) { a.StartsAt = a.StartsAt.Add(time.Second) },
		"evidence":    func(a *Alert) { a.TraceID, a.SpanID = pcommon.TraceID{1}, pcommon.SpanID{1} },
		"empty label": func(a *Alert) { a.Labels["pod"] = "" },
		"reserved":    func(a *Alert) { a.Labels["alertname"], a.Labels["severity"] = "Other", "info" },
	} {
		a := example()
		change(a)
		assert.Equal(t, fingerprint, a.Fingerprint(), name)
	}
	for name, change := range map[string]func(*Alert){
		"name":     func(a *Alert) { a.Name = "JobSlow" },
		"severity": func(a *Alert) { a.Severity = Warning },
		"value":    func(a *Alert) { a.Labels["stage"] = "evaluate" },
		"label":    func(a *Alert) { a.Labels["pod"] = "p" },
		"fewer":    func(a *Alert) { delete(a.Labels, "stage") },
	} {
		a := example()
		change(a)
		assert.NotEqual(t, fingerprint, a.Fingerprint(), name)
	}
}

func TestCleanName(t *testing.T) {
	for name, want := range map[string]string{
		"job": "job", "feature.name": "feature_name", "1st": "_1st", "": "_", "ünï": "_n_", "a b": "a_b", "_x9": "_x9",
		"\xff\xfe": "__", "日本": "__", strings.Repeat("x", 300): strings.Repeat("x", 256), strings.Repeat("9", 300): "_" + strings.Repeat("9", 255),
	} {
		assert.Equal(t, want, CleanName(name))
		assert.Equal(t, want, CleanName(want), "twice")
		assert.True(t, model.LegacyValidation.IsValidLabelName(want))
	}
}

func TestNamesThatBecomeTheSame(t *testing.T) {
	a := example()
	a.Labels = map[string]string{"a.b": "dot", "a_b": "underscore", "a-b": "dash", "c.d": "dot", "c-d": "dash"}
	assert.Equal(t, map[string]string{"alertname": "JobFailed", "severity": "critical", "a_b": "underscore", "c_d": "dash"}, a.LabelSet())
}

func TestEverythingIsBounded(t *testing.T) {
	a := example()
	a.Name, a.Summary = strings.Repeat("N", 1e6), strings.Repeat("é", 1e6)
	for i := range 1000 {
		name := strings.Repeat("l", 300) + string(rune('a'+i%26)) + strings.Repeat("x", i)
		a.Labels[name], a.Labels[string(rune('a'+i%26))+strings.Repeat("y", i%200)] = strings.Repeat("v", 1e4), strings.Repeat("ü", 1e4)
		a.Annotations[string(rune('a'+i%26))+strings.Repeat("z", i%200)] = strings.Repeat("ü", 1e4)
	}
	n, cuts := a.bounded()
	assert.Greater(t, cuts.Number, 2+MaxLabels+MaxAnnotations)
	assert.Equal(t, "name", cuts.First)
	assert.Equal(t, strings.Repeat("N", MaxName-len(mark))+mark, n.Name)
	assert.Equal(t, strings.Repeat("é", (MaxSummary-len(mark))/2)+mark, n.Summary)
	assert.Len(t, n.Labels, MaxLabels)
	assert.Len(t, n.Annotations, MaxAnnotations)
	for name, value := range n.Labels {
		assert.LessOrEqual(t, len(name), MaxName)
		assert.LessOrEqual(t, len(value), MaxName)
	}
	for name, value := range n.Annotations {
		assert.LessOrEqual(t, len(name), MaxName)
		assert.LessOrEqual(t, len(value), MaxAnnotation)
	}
}

func TestTextIsValidAndBounded(t *testing.T) {
	for _, s := range nasty {
		for _, longest := range []int{0, 1, 2, 3, 5, 256} {
			got := text(s, longest, visible.Line)
			assert.True(t, utf8.ValidString(got), "%q", s)
			assert.LessOrEqual(t, len(got), longest)
			assert.Equal(t, got, text(got, longest, visible.Line), "twice")
			if utf8.ValidString(s) && visible.Line(s) == s {
				assert.True(t, strings.HasPrefix(s, strings.TrimSuffix(got, mark)))
			}
		}
	}
}

func TestSummaryIsOneLine(t *testing.T) {
	a := example()
	a.Summary = "\nfailed:\r\n\tout of memory\u2028at 3 GB \n"
	n := a.normal()
	assert.Equal(t, "failed:   out of memory at 3 GB", n.Summary)
}

// TestControlCharactersAreSeen: in labels and in a name all of them, in a summary but for line breaks,
// which become spaces, and in annotations but for line feeds and tabs, which templates have.
func TestControlCharactersAreSeen(t *testing.T) {
	const evil = "\x1b[2J\u202e\u009b\n\tforged"
	a := example()
	a.Name, a.Summary = evil, evil
	a.Labels["job"], a.Annotations["exception_message"] = evil, evil
	n := a.normal()
	assert.Equal(t, `\u001b[2J\u202e\u009b\u000a\u0009forged`, n.Name)
	assert.Equal(t, n.Name, n.Labels["job"])
	assert.Equal(t, n.Name, a.LabelSet()["job"])
	assert.Equal(t, `\u001b[2J\u202e\u009b  forged`, n.Summary)
	assert.Equal(t, `\u001b[2J\u202e\u009b`+"\n\tforged", n.Annotations["exception_message"])
	assert.True(t, a.HasHidden())
	assert.False(t, example().HasHidden())
}

// TestWhatIsLongEnough is not cut.
func TestWhatIsLongEnough(t *testing.T) {
	a := example()
	a.Labels["job"] = strings.Repeat("j", MaxName)
	n, cuts := a.bounded()
	assert.Zero(t, cuts)
	assert.Equal(t, a.Labels, n.Labels)
	a.Labels["job"] += "j"
	n, cuts = a.bounded()
	assert.Equal(t, Cuts{1, "label job"}, cuts)
	assert.Equal(t, strings.Repeat("j", MaxName-len(mark))+mark, n.Labels["job"])
}

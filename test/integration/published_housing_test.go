// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// publishedHousing are the figures beside the California housing data.
type publishedHousing struct {
	Published struct {
		Means map[string]float64 `json:"ks_mean_over_all_20_chunks"`
		CBPE  map[string]struct {
			Value float64
		} `json:"cbpe_roc_auc"`
		Sizes []float64 `json:"chunk_sizes_minus_1"`
	}
	Recomputed struct {
		CBPE struct {
			Chunks []struct{ Key string }
		}
		Months    map[string]map[string]housingMonths `json:"univariate_drift_nannyml_rules"`
		Evidently map[string]map[string]float64       `json:"whole_analysis_vs_reference_evidently_rules"`
		Alerts    map[string]struct {
			Analysis float64 `json:"alerts_analysis"`
		} `json:"ks_all_columns"`
	} `json:"recomputed_here"`
}

// housingMonths are the values of one statistic of one column, month by month.
type housingMonths struct {
	Upper  float64 `json:"upper_threshold"`
	Chunks []struct {
		Key   string
		Value float64
		Alert bool
	}
}

// nannymlAlerts are the months of the analysis above NannyML's threshold, of these values: mean and
// three standard deviations of the eight months of the reference, for some statistics 1 at most.
func nannymlAlerts(values []float64, most float64) (which []int) {
	const months = 8
	mean, sd := 0.0, 0.0
	for _, v := range values[:months] {
		mean += v / months
	}
	for _, v := range values[:months] {
		sd += (v - mean) * (v - mean) / months
	}
	upper := min(most, mean+3*math.Sqrt(sd))
	for i, v := range values[months:] {
		if v > upper {
			which = append(which, i+months)
		}
	}
	return which
}

var housingColumns = []string{"id", "MedInc", "HouseAge", "AveRooms", "AveBedrms", "Population", "AveOccup", "Latitude", "Longitude"}

func housingTables(t *testing.T, p *publishedPage, dir string) {
	expected := published[publishedHousing](t, dir, "expected_results.json")
	reference, analysis := filepath.Join(dir, "california_housing_reference.csv"), filepath.Join(dir, "california_housing_analysis.csv")
	h := &housing{t: t, p: p, expected: &expected, files: [2]string{reference, analysis}}
	folder := t.TempDir()
	command(t, "mlprofile", "build", reference, "-o", filepath.Join(folder, "housing.json"), "--name", "housing", "--timestamp", "timestamp",
		"--prediction", "y_pred", "--confidence", "y_pred_proba", "--exclude", "clf_target", "--include", "id")
	var err error
	h.baseline, err = profile.Load(filepath.Join(folder, "housing.json"))
	require.NoError(t, err)
	writeReplayCard(t, folder, "housing", "drift: {window: month, methods: {numeric: [ks, wasserstein], categorical: [l_infinity]}}")
	args := []string{"--model", "housing", "--timestamp", "timestamp", "--prediction", "y_pred", "--confidence", "y_pred_proba", "--features", strings.Join(housingColumns, ",")}
	replay(t, folder, append([]string{reference}, args...), append([]string{analysis}, args...))
	h.judged = judgements(t, folder, "housing")
	for _, c := range expected.Recomputed.CBPE.Chunks {
		month, err := time.Parse("2006-01", c.Key)
		require.NoError(t, err)
		h.months = append(h.months, month)
	}
	p.text("## California housing (NannyML)")
	p.text("5,832 rows of reference and 8,232 of analysis, hourly, replayed with their own timestamps, `window: month`, against a baseline of the reference.")
	h.sizes()
	h.means()
	h.everyMonth()
	h.performance()
	h.whole()
}

// housing is the replay of the California housing data.
type housing struct {
	t        *testing.T
	p        *publishedPage
	expected *publishedHousing
	files    [2]string
	baseline *profile.Profile
	judged   *judged
	months   []time.Time
	exact    []map[string]toolScore // KS of the values themselves, by month and column
	rows     [2][][]string          // of the files, as far as they have been read
}

// rounding is what sums in another order may differ by.
const rounding = 1e-9

// file has the rows of a month.
func (h *housing) file(month int) string { return h.files[min(month/8, 1)] }

// values are those of a method for all months, of a column, the prediction or the confidence.
func (h *housing) values(method, column string) []float64 {
	subject, feature := "feature", column
	switch column {
	case "y_pred":
		subject, feature = "class", ""
	case "y_pred_proba":
		subject, feature = "confidence", ""
	}
	out := make([]float64, len(h.months))
	for i, m := range h.months {
		out[i] = h.judged.at(mlconv.MetricDriftScore, method, subject, feature, m)
	}
	return out
}

func (h *housing) sizes() {
	for i, m := range h.months {
		n := h.judged.at(mlconv.MetricDriftSamples, "", "feature", "MedInc", m)
		assert.InDelta(h.t, h.expected.Published.Sizes[i]+1, n, 0, "rows of %s", m)
	}
	h.p.text("Rows of the 20 months (`ml.drift.samples`): all as published, 744, 720, … 216.")
}

// means are the table of NannyML's notebook.
func (h *housing) means() {
	h.exact = h.tool("ks@scipy", append(slices.Clone(housingColumns), "y_pred_proba"))
	var rows []string
	for _, column := range housingColumns {
		values := h.values("ks", column)
		mean, exactMean := 0.0, 0.0
		for i, v := range values {
			mean += v / float64(len(values))
			exactMean += h.exact[i][column].Score / float64(len(values))
			assert.LessOrEqual(h.t, v, h.exact[i][column].Score+1e-12, "KS of bins, %s in %s", column, h.months[i])
		}
		want := h.expected.Published.Means[column]
		assert.InDelta(h.t, want, mean, largestBin(h.baseline.Column(column))+rounding, "mean KS of %s", column)
		assert.InDelta(h.t, want, exactMean, 1e-6, "mean KS of %s by mlprofile", column)
		n := len(nannymlAlerts(values, 1))
		wantAlerts := h.expected.Recomputed.Alerts[column].Analysis
		assert.InDelta(h.t, wantAlerts, n, 0, "alerts on %s", column)
		rows = append(rows, cells(column, want, mean, exactMean, mean-want, wantAlerts, n))
	}
	h.p.text("### Kolmogorov-Smirnov, mean over all 20 months; months above NannyML's threshold")
	h.p.text("Published: the notebook \"Examples California Housing\". The threshold is NannyML's rule (mean and three standard deviations of the eight months of the reference, at most 1), applied to the scores that ml_drift wrote.")
	h.p.table("column | published | ml_drift | `mlprofile score --method ks@scipy` | ml_drift − published | alerts, published | alerts, ml_drift", rows)
	h.p.text("Deviation: bins. All alerts are the published ones.")
}

// column are the values of the reference.
func (h *housing) column(name string) []float64 {
	return h.cells(0, name, func(string) bool { return true })
}

// monthOf are the values of a month.
func (h *housing) monthOf(name string, month int) []float64 {
	return h.cells(min(month/8, 1), name, func(at string) bool { return strings.HasPrefix(at, h.months[month].Format("2006-01")) })
}

// cells are the values of a column in rows of a file whose time is wanted.
func (h *housing) cells(file int, name string, wanted func(at string) bool) []float64 {
	if h.rows[file] == nil {
		h.rows[file] = readRows(h.t, h.files[file])
	}
	rows := h.rows[file]
	i, at := slices.Index(rows[0], name), slices.Index(rows[0], "timestamp")
	var out []float64
	for _, row := range rows[1:] {
		if wanted(row[at]) {
			v, err := strconv.ParseFloat(row[i], 64)
			require.NoError(h.t, err)
			out = append(out, v)
		}
	}
	return out
}

// binsMoved is how far a Wasserstein distance of bins may be off: in each bin the difference of the
// cumulative shares is not known better than by the larger share in it, over the bin's width.
func binsMoved(c *profile.Column, reference, current []float64) float64 {
	bins, err := distribution.NewBins(c.Numeric.Bounds)
	if err != nil {
		panic(err)
	}
	p, q, sum := bins.Count(reference), bins.Count(current), 0.0
	edges := append([]float64{min(slices.Min(reference), slices.Min(current))}, c.Numeric.Bounds...)
	edges = append(edges, max(slices.Max(reference), slices.Max(current)))
	for i := range p {
		share := max(float64(p[i])/float64(len(reference)), float64(q[i])/float64(len(current)))
		sum += share * max(0, edges[i+1]-edges[i])
	}
	return sum
}

// tool are the scores of all columns, month by month.
func (h *housing) tool(method string, columns []string) []map[string]toolScore {
	out := make([]map[string]toolScore, len(h.months))
	for i, m := range h.months {
		out[i] = toolScores(h.t, method, h.files[0], h.file(i), columns, "--type", "y_pred=categorical",
			"--timestamp", "timestamp", "--from", m.Format(time.RFC3339), "--to", m.AddDate(0, 1, 0).Format(time.RFC3339))
	}
	return out
}

// monthly is a statistic by NannyML's rules, and what has it here.
type monthly struct{ theirs, ours string }

// columns are those of which a statistic is known.
func (h *housing) columns(statistic string) []string {
	return slices.DeleteFunc(append(slices.Clone(housingColumns), "y_pred_proba", "y_pred"), func(column string) bool {
		_, ok := h.expected.Recomputed.Months[column][statistic]
		return !ok
	})
}

// everyMonth compares all statistics of all columns and months with those recomputed by NannyML's
// rules.
func (h *housing) everyMonth() {
	h.p.text("### Every month by NannyML's rules")
	h.p.text("Recomputed by NannyML's rules (the published means come out of them), 20 months a column, 12 of them of the analysis. By ml_drift: the largest difference of one month, the value there, and the months of the analysis that are above " +
		"NannyML's threshold, of the expected values and of these.")
	var rows []string
	for _, m := range []monthly{{"kolmogorov_smirnov", "ks"}, {"wasserstein", "wasserstein"}, {"l_infinity", "l_infinity"}} {
		for _, column := range h.columns(m.theirs) {
			rows = append(rows, h.replayedMonths(m, column))
		}
	}
	h.p.table("column | statistic | largest difference | expected there | alerts, expected | alerts, ml_drift | deviation", rows)
	h.p.text("Wasserstein distances of ml_drift are in standard deviations of the reference; here they are multiplied by it. What is beyond the outermost bounds is known by its number only, " +
		"which is most of the difference of columns with a long tail (AveOccup, Population).")
	rows = nil
	for _, m := range []monthly{
		{"kolmogorov_smirnov", "ks@scipy"},
		{"wasserstein", "wasserstein@frouros"},
		{"jensen_shannon", "js@nannyml"},
		{"hellinger", "hellinger@nannyml"},
		{"l_infinity", "l_infinity@nannyml"},
	} {
		rows = append(rows, h.scoredMonths(m))
	}
	h.p.text("By `mlprofile score`, on the values themselves:")
	h.p.table("statistic | method | columns × months | largest difference | alerts, expected | alerts, mlprofile", rows)
	h.p.text("NannyML's Jensen-Shannon and Hellinger distances take bins of equal width. `ml_drift` computes them, too (`methods: {numeric: [js@nannyml]}`), of a baseline's bins of equal mass that are " +
		"spread evenly over their widths, so that they are near and not the same: digit by digit they come of the values. `wasserstein@frouros` is the plain distance, as NannyML's.")
}

// most is the largest threshold that NannyML takes for a statistic.
func (m monthly) most() float64 {
	if m.theirs == "wasserstein" {
		return math.Inf(1)
	}
	return 1
}

// replayedMonths is a row of what ml_drift has written of a column.
func (h *housing) replayedMonths(m monthly, column string) string {
	c, got := h.baseline.Column(column), h.values(m.ours, column)
	if column == "y_pred_proba" {
		c = h.baseline.Confidence
	}
	if m.ours == "wasserstein" {
		for i := range got {
			got[i] *= c.Numeric.StdDev
		}
	}
	worst, at, alerts := h.difference(m, column, got, func(i int) float64 {
		switch m.ours {
		case "ks":
			return largestBin(c)
		case "wasserstein":
			return binsMoved(c, h.column(column), h.monthOf(column, i))
		}
		return 0.01 // l_infinity is less what chance gives
	})
	there, note := "–", "–"
	if worst > 0 {
		there, note = digits(at), "bins"
	}
	if worst > 0 && m.ours == "l_infinity" {
		note = "less what chance gives of so many rows"
	}
	which := nannymlAlerts(got, m.most())
	if !slices.Equal(which, alerts) {
		note += fmt.Sprintf("; expected in %s, found in %s", h.names(alerts), h.names(which))
	}
	return cells(column, m.theirs, worst, there, len(alerts), len(which), note)
}

// scoredMonths is a row of what mlprofile score says of all columns and months.
func (h *housing) scoredMonths(m monthly) string {
	columns, scores := h.columns(m.theirs), h.exact
	if m.ours != "ks@scipy" {
		scores = h.tool(m.ours, columns)
	}
	worst, expected, found := 0.0, 0, 0
	for _, column := range columns {
		got := make([]float64, len(scores))
		for i, s := range scores {
			got[i] = s[column].Score
		}
		d, _, alerts := h.difference(m, column, got, func(int) float64 { return 0 })
		which := nannymlAlerts(got, m.most())
		assert.Equal(h.t, alerts, which, "alerts on %s by %s", column, m.ours)
		worst, expected, found = max(worst, d), expected+len(alerts), found+len(which)
	}
	return cells(m.theirs, "`"+m.ours+"`", fmt.Sprintf("%d × %d", len(columns), len(h.months)), worst, expected, found)
}

// difference holds the months of a column to those that are expected, within a bound. It returns
// the largest difference, the value that is expected there, and the months with an alert.
func (h *housing) difference(m monthly, column string, got []float64, bound func(month int) float64) (worst, at float64, alerts []int) {
	for i, c := range h.expected.Recomputed.Months[column][m.theirs].Chunks {
		assert.InDelta(h.t, c.Value, got[i], bound(i)+rounding*max(1, c.Value), "%s of %s in %s by %s", m.theirs, column, c.Key, m.ours)
		if d := math.Abs(c.Value - got[i]); d > worst && d > rounding*max(1, c.Value) {
			worst, at = d, c.Value
		}
		if c.Alert {
			alerts = append(alerts, i)
		}
	}
	return worst, at, alerts
}

// names are those of months.
func (h *housing) names(months []int) string {
	if len(months) == 0 {
		return "none"
	}
	out := make([]string, len(months))
	for i, m := range months {
		out[i] = h.months[m].Format("2006-01")
	}
	return strings.Join(out, ", ")
}

// performance is what NannyML estimates of the model's performance, and what there is here.
func (h *housing) performance() {
	h.p.text("### Performance estimated without labels (CBPE)")
	h.p.text("Not reproduced: NannyML calibrates the scores with the labels of the reference and estimates ROC AUC (published: %s for 2022-03, %s for 2022-04), and otelcol-ml estimates no performance. "+
		"What is nearest is `ml.drift.confidence.mean`, the mean of the column that is sent as the confidence, here the score of class 1. Its verdict finds the months that the notebook speaks of "+
		"(\"a significant performance drop is estimated for September 2021\"): the confidence's KS is above NannyML's threshold in 2021-08 and 2021-09 only (above).",
		digits(h.expected.Published.CBPE["2022-03"].Value), digits(h.expected.Published.CBPE["2022-04"].Value))
	which := nannymlAlerts(h.values("ks", "y_pred_proba"), 1)
	assert.Equal(h.t, []int{10, 11}, which, "2021-08 and 2021-09")
}

// whole compares all of the analysis with the reference, as Evidently does.
func (h *housing) whole() {
	columns := append(slices.Clone(housingColumns[1:]), "y_pred_proba")
	folder := h.t.TempDir()
	command(h.t, "mlprofile", "build", h.files[0], "-o", filepath.Join(folder, "whole.json"), "--name", "whole", "--features", strings.Join(columns, ","))
	writeReplayCard(h.t, folder, "whole", "drift: {methods: {numeric: [ks, wasserstein]}}")
	base, err := profile.Load(filepath.Join(folder, "whole.json"))
	require.NoError(h.t, err)
	rows := readRows(h.t, h.files[1])
	replay(h.t, folder, []string{withTime(h.t, h.files[1]), "--model", "whole", "--timestamp", "replayed_at", "--features", strings.Join(columns, ",")})
	whole := judgements(h.t, folder, "whole")
	h.p.text("### The whole analysis against the reference, by Evidently's rules")
	h.p.text("%d rows in one window. Each cell: expected / ml_drift. All of these, and PSI, KL and Jensen-Shannon, come out of `mlprofile score` to the digit "+
		"(`wasserstein@evidently`, `ks@scipy`, `psi@evidently`, `kl@evidently`, `js@evidently`); the latter three take bins over both sides, which are known when all rows are there.", len(rows)-1)
	scores := map[string]map[string]toolScore{}
	for _, m := range evidentlyMethods {
		scores[m.ours] = toolScores(h.t, m.ours, h.files[0], h.files[1], columns)
	}
	var out []string
	for _, column := range columns {
		want, c := h.expected.Recomputed.Evidently[column], base.Column(column)
		for _, m := range evidentlyMethods {
			assert.InDelta(h.t, want[m.theirs], scores[m.ours][column].Score, rounding, "%s of %s by mlprofile", m.theirs, column)
		}
		assert.InDelta(h.t, want["ks_p"], scores["ks@scipy"][column].PValue, rounding, "p of %s by mlprofile", column)
		w := whole.at(mlconv.MetricDriftScore, "wasserstein", "feature", column, replayDay)
		assert.InDelta(h.t, want["wasserstein_normed"], w, binsMoved(c, h.column(column), h.cells(1, column, func(string) bool { return true }))/c.Numeric.StdDev+rounding, "Wasserstein of %s", column)
		ks, pv := whole.at(mlconv.MetricDriftScore, "ks", "feature", column, replayDay), whole.at(mlconv.MetricDriftPValue, "ks", "feature", column, replayDay)
		assert.InDelta(h.t, want["ks_statistic"], ks, largestBin(c)+rounding, "KS of %s", column)
		out = append(out, cells(column, beside(want["wasserstein_normed"], w), beside(want["ks_statistic"], ks), beside(want["ks_p"], pv), want["psi"], want["kl_div"], want["jensenshannon"]))
	}
	h.p.table("column | Wasserstein by sd | KS | p of KS | PSI | KL | Jensen-Shannon", out)
	h.p.text("Deviations: bins. ml_drift's p-value is Kolmogorov's limit with Hodges' correction of the statistic of bins; scipy's, of samples of this size, is exact.")
}

// evidentlyMethods are the statistics of the whole analysis, and mlprofile's names for them.
var evidentlyMethods = []monthly{
	{"wasserstein_normed", "wasserstein@evidently"},
	{"ks_statistic", "ks@scipy"},
	{"psi", "psi@evidently"},
	{"kl_div", "kl@evidently"},
	{"jensenshannon", "js@evidently"},
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package examples

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
)

// The fog is found over the harbour and nowhere else, and nothing else is an alert: neither the link that drops, nor the drones'
// collector that is killed, nor the clock that jumps. All frames are counted, once.
func TestDrone(t *testing.T) {
	t.Parallel()
	x := newTale(t, "drone")
	x.walk(4 * time.Minute)
	printed := x.story.Log()

	var alerts []string
	for _, line := range regexp.MustCompile(`(?m)^[\d:]+ alert (.*)$`).FindAllStringSubmatch(printed, -1) {
		alerts = append(alerts, regexp.MustCompile(` \(KS.*|[\d.]+%.*`).ReplaceAllString(line[1], ""))
	}
	slices.Sort(alerts)
	assert.Equal(t, []string{
		"ConfidenceDrift (warning): model detector 3 (production), district=harbour: the confidence drifts",
		"ConfidenceDrift is over: model detector 3 (production), district=harbour: the confidence no longer drifts",
		"FeatureDrift (warning): model detector 3 (production), district=harbour: contrast drifts",
		"FeatureDrift (warning): model detector 3 (production), district=harbour: sharpness drifts",
		"FeatureDrift is over: model detector 3 (production), district=harbour: contrast no longer drifts",
		"FeatureDrift is over: model detector 3 (production), district=harbour: sharpness no longer drifts",
		"FramesTooLate (critical): detector 3 sees ",
		"FramesTooLate is over: detector 3 sees ",
	}, alerts)

	// What was on the drones' disk when their collector was killed, and what came twice, as the link had lost an answer.
	kept := regexp.MustCompile(`4320 frames were sent, (\d+) are counted on the ground, (\d+) wait`).FindStringSubmatch(printed)
	twice := regexp.MustCompile(`(\d+) frames came twice`).FindStringSubmatch(printed)
	require.NotNil(t, kept, printed)
	require.NotNil(t, twice, printed)
	assert.Positive(t, atoi(t, twice[1]))
	assert.Equal(t, 4320+atoi(t, twice[1]), atoi(t, kept[1])+atoi(t, kept[2]))

	// No window is of tomorrow.
	_, page := processtest.Get("http://" + x.moved("localhost:8889") + "/metrics")
	ends := regexp.MustCompile(`(?m)^ml_drift_window_end_seconds\{.*\} (\S+)$`).FindAllStringSubmatch(page, -1)
	assert.NotEmpty(t, ends)
	for _, end := range ends {
		seconds, err := strconv.ParseFloat(end[1], 64)
		require.NoError(t, err)
		assert.WithinRange(t, time.Unix(int64(seconds), 0), time.Now().Add(-2*time.Hour), time.Now().Add(5*time.Minute), end[0])
	}
	log, err := os.ReadFile(filepath.Join(x.dir, "state", "drone", "collector.log"))
	require.NoError(t, err)
	assert.NotContains(t, string(log), "\terror\t")
}

func atoi(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	return n
}

// The baseline is what the README says that it is made of.
func TestDroneBaseline(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	made := filepath.Join(dir, "detector.json")
	readme, err := os.ReadFile(filepath.Join(processtest.RepoRoot(t), "examples", "drone", "README.md"))
	require.NoError(t, err)
	_, commands, ok := strings.Cut(string(readme), "```bash\n")
	require.True(t, ok)
	commands, _, _ = strings.Cut(commands, "```")
	commands = strings.NewReplacer("training.csv", filepath.Join(dir, "training.csv"), "examples/drone/catalog/detector.json", made).Replace(commands)
	cmd := exec.CommandContext(t.Context(), "sh", "-ec", commands)
	cmd.Dir = processtest.RepoRoot(t)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Equal(t, withoutTime(t, filepath.Join(processtest.RepoRoot(t), "examples", "drone", "catalog", "detector.json")), withoutTime(t, made))
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package buffer

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.uber.org/zap"
)

// childDirectory makes the test's program a writer into a directory, which is killed.
const childDirectory = "OTELCOL_ML_TEST_EVIDENCE"

// child writes traces 0, 1, 2, ... in two spans each, and says after each flush how many there are. It pins
// each hundredth.
func child(dir string) {
	b, err := Open(Options{
		Directory: dir, MaxBytes: 1 << 30, MaxAge: time.Hour, MaxTraces: 1 << 20, MaxPinned: 1 << 26, MaxSpansPerTrace: 100, Now: time.Now, Logger: zap.NewNop(),
	})
	if err != nil {
		panic(err)
	}
	text := map[string]any{"text": strings.Repeat("x", 300)}
	for i := 0; ; i++ {
		b.Add(request(time.Now(), text, i, i))
		if i%100 == 0 {
			if _, err := b.Pin(context.Background(), fmt.Sprint("case ", i), []Pinned{{Trace: traceID(i), Role: Named}}); err != nil {
				panic(err)
			}
			fmt.Println(i)
		}
	}
}

func TestKill(t *testing.T) {
	program, err := os.Executable()
	require.NoError(t, err)
	dir := t.TempDir()
	for round := range 5 {
		cmd := exec.Command(program)
		cmd.Env = append(os.Environ(), childDirectory+"="+dir)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		said := 0
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			said, err = strconv.Atoi(lines.Text())
			require.NoError(t, err)
			if n == 3+7*round {
				require.NoError(t, cmd.Process.Kill())
			}
		}
		require.Error(t, cmd.Wait(), "killed")

		w := open(t, dir, func(o *Options) { o.MaxBytes, o.MaxTraces, o.MaxPinned, o.Now = 1<<30, 1<<20, 1<<26, time.Now })
		assert.Zero(t, w.Stats().Corrupt)
		assert.Equal(t, w.sizes(segmentPrefix), w.Stats().Bytes, "what is torn is cut")
		for i := range said + 1 {
			_, ok := w.Info(traceID(i))
			require.True(t, ok, "%d of %d", i, said)
		}
		for i := 0; i <= said; i += 100 {
			c, err := w.Case(fmt.Sprint("case ", i))
			require.NoError(t, err)
			assert.Equal(t, []Pinned{{Trace: traceID(i), Role: Named}}, c.Traces)
		}
		found, err := w.Traces(t.Context(), "", []pcommon.TraceID{traceID(said), traceID(0)})
		require.NoError(t, err)
		assert.Len(t, found, 2)
		require.NoError(t, w.Close())
	}
}

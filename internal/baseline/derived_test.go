// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package baseline

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/derive"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

func parsed(t *testing.T, spec, column string) Derived {
	t.Helper()
	features, err := derive.Parse(spec)
	require.NoError(t, err)
	return Derived{Column: column, Features: features}
}

// Columns of vectors and texts become columns of numbers, with the names that ml_summary counts
// under; in a CSV file and in JSON lines.
func TestDerived(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	csv, lines := strings.Builder{}, strings.Builder{}
	csv.WriteString("vector,text,amount\n")
	var means [50]float64
	for i := range 300 {
		vector := make([]float64, 50)
		for j := range vector {
			vector[j] = r.NormFloat64()
			if i%10 > 0 {
				means[j] += vector[j] / 270
			}
		}
		data, err := json.Marshal(vector)
		require.NoError(t, err)
		if i%10 == 0 {
			data = nil
		}
		fmt.Fprintf(&csv, "%q,%s,%d\n", data, strings.Repeat("wort ", 1+i%3), i%7)
		if data != nil {
			fmt.Fprintf(&lines, `{"vector": %s, "text": %q, "amount": %d}`+"\n", data, strings.Repeat("wort ", 1+i%3), i%7)
		} else {
			fmt.Fprintf(&lines, `{"text": %q, "amount": %d}`+"\n", strings.Repeat("wort ", 1+i%3), i%7)
		}
	}
	o := Options{Derived: []Derived{parsed(t, "ml.embedding.query#projections", "vector"), parsed(t, "ml.embedding.query#centroid", "vector"), parsed(t, "ticket.text#words", "text")}}
	o.Table.Lists = []string{"vector"}
	var profiles []*profile.Profile
	for name, content := range map[string]string{"a.csv": csv.String(), "a.jsonl": lines.String()} {
		file := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
		p, plan, err := Build(t.Context(), []string{file}, o)
		require.NoError(t, err, name)
		assert.Equal(t, []string{"amount"}, names(plan.Features))
		require.Len(t, p.Features, 1+8+1)
		for i := range 8 {
			c := p.Features[1+i]
			assert.Equal(t, fmt.Sprintf("ml.embedding.query#p%d", i), c.Name)
			assert.Equal(t, uint64(270), c.Count)
			assert.Equal(t, uint64(30), c.Missing)
			assert.InDelta(t, 7, c.Numeric.StdDev, 1.5, "the root of 50")
		}
		words := p.Features[9]
		assert.Equal(t, "ticket.text#words", words.Name)
		assert.InDeltaSlice(t, []float64{1, 2, 3}, []float64{words.Numeric.Min, words.Numeric.Mean, words.Numeric.Max}, 1e-9)
		require.Len(t, p.Embeddings, 1)
		assert.Equal(t, "ml.embedding.query", p.Embeddings[0].Name)
		assert.Equal(t, uint64(270), p.Embeddings[0].Count)
		require.Len(t, p.Embeddings[0].Centroid, 50)
		for i, x := range p.Embeddings[0].Centroid {
			assert.InDelta(t, means[i], x, 1e-9)
		}
		profiles = append(profiles, p)
	}
	profiles[1].Name = profiles[0].Name
	assert.Equal(t, profiles[0].Features, profiles[1].Features)
	assert.Equal(t, profiles[0].Embeddings, profiles[1].Embeddings)
}

func TestDerivedRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.csv")
	require.NoError(t, os.WriteFile(file, []byte("v,w,x#norm,ragged\n\"[1,2]\",a,1,\"[1,2]\"\n\"[1,\",b,2,[1]\n"), 0o600))
	for want, d := range map[string]Derived{
		`derive: there is no column "z"`:                  parsed(t, "e#norm", "z"),
		`column "v": "[1," is no JSON array of number`:    parsed(t, "e#norm", "v"),
		`column "w": "a" is no number`:                    parsed(t, "e#value", "w"),
		`column "ragged": a vector has not the 2 numbers`: parsed(t, "e#centroid", "ragged"),
		`derive: there is another feature "x#norm"`:       parsed(t, "x#norm", "v"),
	} {
		_, _, err := Build(t.Context(), []string{file}, Options{Derived: []Derived{d}})
		assert.ErrorContains(t, err, want)
	}
}

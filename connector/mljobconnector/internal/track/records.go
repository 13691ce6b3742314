// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/state"
	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// The keys in the store:
//
//	run/<hash>      a run that is open or may be re-opened
//	job/<hash>      a job: its schedule, dates, last success
//	history/<hash>  a job's good runs in numbers, and the ids of runs that are forgotten
//	alert/<fingerprint>
//	meta            when the tracker was last alive
//	services        who was heard
const (
	prefixRun     = "run/"
	prefixJob     = "job/"
	prefixHistory = "history/"
	prefixAlert   = "alert/"
	keyMeta       = "meta"
	keyServices   = "services"
)

// Store is where the records lie.
type Store = state.Store

func newRecords() *state.Records {
	return state.New(state.Options{Fixed: []string{keyMeta, keyServices}})
}

// hashed returns a key for a name of several parts.
func hashed(prefix string, parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		e := wire.Encoder{}
		e.String(p)
		_, _ = h.Write(e.Bytes())
	}
	return prefix + hex.EncodeToString(h.Sum(nil)[:12])
}

// meta is when the tracker was alive, when anything was received, and when a silence was over last.
type meta struct{ alive, received, again time.Time }

func (m meta) encode() []byte {
	e := format.NewEncoder(40)
	e.Time(m.alive)
	e.Time(m.received)
	e.Time(m.again)
	return e.Seal()
}

func decodeMeta(value []byte) (m meta, err error) {
	d, err := format.Open(value)
	if err != nil {
		return meta{}, err
	}
	m = meta{alive: d.Time(), received: d.Time(), again: d.Time()}
	return m, d.End()
}

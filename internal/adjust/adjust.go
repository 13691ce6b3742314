// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package adjust says how many spans a span stands for that a sampler has kept: its adjusted count,
// as OpenTelemetry's probability sampling has it in the tracestate.
//
//	ot=th:c     the rejection threshold, up to 14 hex digits: 1 / (1 - 0xc/0x10) = 4 spans
//	ot=p:2      the older form: 2^2 = 4 spans
//
// Counts on the wire are whole numbers, so that a count is rounded to one of its neighbours by
// chance, with the expectation that it has. The chance is a hash of the span's ids: the same span
// counts the same wherever it is read.
package adjust

import (
	"encoding/binary"
	"math/bits"
	"strconv"
	"strings"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/sampling"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Max is the most spans that a span stands for: one with a larger adjusted count would be all that a
// minute has to say.
const Max = 1 << 16

// Count returns the adjusted count of a span, 1 to Max. It is 1 where the tracestate says nothing.
// ok is false where what it says is malformed, and counts 1, or is beyond Max.
func Count(tracestate string, trace pcommon.TraceID, span pcommon.SpanID) (n uint32, ok bool) {
	th, p := fields(tracestate)
	switch {
	case th != "":
		threshold, err := sampling.TValueToThreshold(th)
		if err != nil {
			return 1, false
		}
		return round(threshold, trace, span)
	case p != "":
		power, err := strconv.ParseUint(p, 10, 8)
		if err != nil || power > 62 { // 63 is that of spans that no probability has kept
			return 1, false
		}
		if power > 16 {
			return Max, false
		}
		return 1 << power, true
	}
	return 1, true
}

// round returns one of the two whole numbers beside an adjusted count.
func round(threshold sampling.Threshold, trace pcommon.TraceID, span pcommon.SpanID) (n uint32, ok bool) {
	kept := sampling.MaxAdjustedCount - threshold.Unsigned() // of 2^56 spans, at least 1
	whole, rest := sampling.MaxAdjustedCount/kept, sampling.MaxAdjustedCount%kept
	if whole >= Max {
		return Max, whole == Max && rest == 0
	}
	if rest > 0 {
		if chance, _ := bits.Mul64(hash(trace, span), kept); chance < rest {
			whole++
		}
	}
	return uint32(whole), true
}

// hash mixes the ids of a span (the finalizer of splitmix64, Steele et al. 2014). Samplers decide by
// the last bytes of the trace's id alone; here the span's id is in it, too.
func hash(trace pcommon.TraceID, span pcommon.SpanID) uint64 {
	x := binary.BigEndian.Uint64(trace[8:])*0x9e3779b97f4a7c15 + binary.BigEndian.Uint64(span[:])
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// fields returns the values of th and p in OpenTelemetry's member of a tracestate, "" for one that
// it does not have. It allocates nothing: tracestates differ from trace to trace where they have a
// random value.
func fields(tracestate string) (th, p string) {
	for rest := tracestate; rest != ""; {
		var member string
		member, rest, _ = strings.Cut(rest, ",")
		value, found := strings.CutPrefix(strings.Trim(member, " \t"), "ot=")
		if !found {
			continue
		}
		for value != "" {
			var field string
			field, value, _ = strings.Cut(value, ";")
			key, v, _ := strings.Cut(field, ":")
			switch key {
			case "th":
				th = orMark(v)
			case "p":
				p = orMark(v)
			}
		}
		return th, p // the first member of a key counts
	}
	return "", ""
}

// orMark returns what cannot be read in place of an empty value, which is malformed and not absent.
func orMark(v string) string {
	if v == "" {
		return ":"
	}
	return v
}

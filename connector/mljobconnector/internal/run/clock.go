// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package run

import "time"

// Times are kept as nanoseconds since 1970, 0 for unknown. What lies before 1970 or after 2242 is
// unknown, so that differences of two times do not overflow.
const latest = int64(1) << 33 // seconds

func nanos(t time.Time) int64 {
	if s := t.Unix(); s < 0 || s > latest {
		return 0
	}
	return t.UnixNano()
}

func timeOf(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

// sighting is when a span was, in event time, and when it came, on the collector's clock.
type sighting struct{ start, end, arrived int64 }

// began is when the span began on the collector's clock: never before it did, because it came no
// earlier than it ended.
func (s sighting) began() int64 {
	if s.start == 0 || s.arrived == 0 {
		return s.arrived
	}
	return max(s.arrived-(s.end-s.start), 1)
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package ingest

import "strings"

// RefusalError is an item that is not taken, and why.
type RefusalError struct {
	// Reason is one of the few words that the receiver counts by.
	Reason string
	// Message says what is wrong with this item.
	Message string
}

func (r *RefusalError) Error() string { return r.Message }

// Clip cuts a text that is only shown to limit bytes.
func Clip(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}

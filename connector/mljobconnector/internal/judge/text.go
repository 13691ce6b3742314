// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/words"
)

const (
	// maxMessage is the length in bytes of a message within a sentence, maxAnnotation that of one
	// in an annotation.
	maxMessage, maxAnnotation = 300, 2000
)

// clock writes a moment in the job's time zone. Example: "2026-11-22 03:00 CET".
func (v *view) clock(t time.Time) string {
	zone := time.UTC
	if card := v.expect.Card; card != nil && card.Timezone != nil {
		zone = card.Timezone
	}
	return t.In(zone).Format("2006-01-02 15:04 MST")
}

// title names the job.
func (v *view) title() string { return words.Title(v.run.Key) }

// exception writes an error. Example: "ValueError: loss is NaN".
func exception(exceptionType, message string) string {
	message = words.Clip(message, maxMessage)
	switch {
	case exceptionType == "":
		return message
	case message == "":
		return exceptionType
	}
	return exceptionType + ": " + message
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/cloudevents/sdk-go/v2/types"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Extension returns an extension attribute as a string. A dotted name looks into one that holds a
// JSON object, of strings or lists of strings.
func Extension(extensions map[string]any, name string) string {
	name, key, dotted := strings.Cut(name, ".")
	v, ok := extensions[name]
	if !ok {
		return ""
	}
	s, err := types.Format(v)
	if err != nil || s == "NOTIMPLEMENTED" {
		return ""
	}
	if !dotted {
		return s
	}
	var object map[string]any
	if len(s) > 1<<16 || json.Unmarshal([]byte(s), &object) != nil {
		return ""
	}
	value, there := object[key]
	if !there { // names of headers have no case
		for k, v := range object {
			if strings.EqualFold(k, key) {
				value = v
			}
		}
	}
	if list, ok := value.([]any); ok && len(list) > 0 {
		value = list[0]
	}
	s, _ = value.(string)
	return s
}

// Traceparent reads W3C's: 00-<trace id>-<parent id>-<flags>. The parent counts only where it was
// sampled: nobody has recorded another one.
func Traceparent(s string) (trace pcommon.TraceID, parent pcommon.SpanID) {
	if len(s) < 55 || s[2] != '-' || s[35] != '-' || s[52] != '-' {
		return trace, parent
	}
	var flags [1]byte
	if _, err := hex.Decode(trace[:], []byte(s[3:35])); err != nil {
		return pcommon.TraceID{}, parent
	}
	if _, err := hex.Decode(flags[:], []byte(s[53:55])); err != nil || flags[0]&1 == 0 {
		return trace, parent
	}
	if _, err := hex.Decode(parent[:], []byte(s[36:52])); err != nil {
		parent = pcommon.SpanID{}
	}
	return trace, parent
}

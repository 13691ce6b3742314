// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestExceptions(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{exception("ValueError", "no"), "ValueError: no"},
		{exception("", "no"), "no"},
		{exception("ValueError", " \n"), "ValueError"},
		{exception("", ""), ""},
	} {
		if test.got != test.want {
			t.Errorf("%q, want %q", test.got, test.want)
		}
	}
}

func TestLongTextsAreCut(t *testing.T) {
	long := strings.Repeat("ü", 100_000)
	s := scripted("r1").stage("load", 0, 10, fails(strings.Repeat("E", 200), long)).root(0, 11)
	f := Judge(s.run(), expect(nil, &History{}), false).Fault
	if len(f.Summary) > 1024 || !utf8.ValidString(f.Summary) {
		t.Errorf("a summary of %d bytes", len(f.Summary))
	}
	for name, value := range f.Annotations {
		if len(value) > maxAnnotation || !utf8.ValidString(value) {
			t.Errorf("annotation %s of %d bytes", name, len(value))
		}
	}
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/dustin/go-humanize"
)

func TestWords(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{humanize.Comma(0), "0"},
		{humanize.Comma(999), "999"},
		{humanize.Comma(1000), "1,000"},
		{humanize.Comma(1234567), "1,234,567"},
		{humanize.Comma(-1234), "-1,234"},
		{humanize.Comma(-999), "-999"},
		{rows(0.5), "1"},
		{rows(99999.5), "100,000"},
		{rows(math.MaxFloat64), "4,611,686,018,427,387,904"},
		{number(0.7234, 4), "0.7234"},
		{number(0.72344, 4), "0.7234"},
		{number(3, 4), "3"},
		{number(0, 4), "0"},
		{number(-0.5, 4), "-0.5"},
		{number(9999, 4), "9999"},
		{number(10000, 4), "10,000"},
		{number(123456.7, 4), "123,457"},
		{number(123456.7, 7), "123456.7"},
		{number(0.000012345, 4), "1.234e-05"},
		{number(1e20, 4), "1e+20"},
		{number(math.NaN(), 4), "NaN"},
		{number(math.Inf(-1), 4), "-Inf"},
		{percent(0.25), "25 %"},
		{percent(0.2545), "25.4 %"},
		{percent(1), "100 %"},
		{percent(0.00123), "0.123 %"},
		{percent(0), "0 %"},
		{lasting(0), "0s"},
		{lasting(350 * time.Millisecond), "350ms"},
		{lasting(1540 * time.Millisecond), "1.5s"},
		{lasting(45400 * time.Millisecond), "45s"},
		{lasting(2*time.Minute + 5*time.Second), "2m5s"},
		{lasting(20 * time.Minute), "20m"},
		{lasting(90*time.Minute + 20*time.Second), "1h30m"},
		{lasting(72 * time.Hour), "72h"},
		{lasting(-time.Second), "-1s"},
		{list(nil), ""},
		{list([]string{"a"}), "a"},
		{list([]string{"a", "b"}), "a and b"},
		{list([]string{"a", "b", "c", "d", "e"}), "a, b, c, d and e"},
		{list([]string{"a", "b", "c", "d", "e", "f"}), "a, b, c, d, e and 1 more"},
		{listOf([]string{"a"}, 2000), "a and 1,999 more"},
		{listOf(nil, 5), ""},
		{exception("ValueError", "no"), "ValueError: no"},
		{exception("", "no"), "no"},
		{exception("ValueError", " \n"), "ValueError"},
		{exception("", ""), ""},
		{clip("a\n b\t\tc ", 100), "a b c"},
		{clip("äöü", 6), "äöü"},
		{clip("äöüä", 7), "äö…"},
		{clip("ab\xffcd", 100), "abcd"},
		{plural(1, "has", "have"), "has"},
		{plural(0, "has", "have"), "have"},
	} {
		if test.got != test.want {
			t.Errorf("%q, want %q", test.got, test.want)
		}
	}
}

func TestPairsCanBeToldApart(t *testing.T) {
	for _, test := range []struct {
		a, b float64
		want string
	}{
		{0.7, 0.8, "0.7 0.8"},
		{0.79999, 0.8, "0.79999 0.8"},
		{0.7999999999, 0.8, "0.7999999999 0.8"},
		{0.5, 0.5, "0.5 0.5"},
		{100000.4, 100000, "100000.4 100000"},
		{math.NaN(), 1, "NaN 1"},
		{math.Nextafter(0.8, 0), 0.8, "0.7999999999999999 0.8"},
	} {
		if a, b := pair(test.a, test.b); a+" "+b != test.want {
			t.Errorf("%v and %v are %s and %s, want %s", test.a, test.b, a, b, test.want)
		}
	}
	if a, b := percents(0.2504, 0.2501); a != "25.04 %" || b != "25.01 %" {
		t.Errorf("%s and %s", a, b)
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

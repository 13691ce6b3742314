// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package words

import (
	"math"
	"testing"
	"time"

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
		{Rows(0.5), "1"},
		{Rows(99999.5), "100,000"},
		{Rows(math.MaxFloat64), "4,611,686,018,427,387,904"},
		{Number(0.7234, 4), "0.7234"},
		{Number(0.72344, 4), "0.7234"},
		{Number(3, 4), "3"},
		{Number(0, 4), "0"},
		{Number(-0.5, 4), "-0.5"},
		{Number(9999, 4), "9999"},
		{Number(10000, 4), "10,000"},
		{Number(123456.7, 4), "123,457"},
		{Number(123456.7, 7), "123456.7"},
		{Number(0.000012345, 4), "1.234e-05"},
		{Number(1e20, 4), "1e+20"},
		{Number(math.NaN(), 4), "NaN"},
		{Number(math.Inf(-1), 4), "-Inf"},
		{Percent(0.25), "25 %"},
		{Percent(0.2545), "25.4 %"},
		{Percent(1), "100 %"},
		{Percent(0.00123), "0.123 %"},
		{Percent(0), "0 %"},
		{Lasting(0), "0s"},
		{Lasting(350 * time.Millisecond), "350ms"},
		{Lasting(1540 * time.Millisecond), "1.5s"},
		{Lasting(45400 * time.Millisecond), "45s"},
		{Lasting(2*time.Minute + 5*time.Second), "2m5s"},
		{Lasting(20 * time.Minute), "20m"},
		{Lasting(90*time.Minute + 20*time.Second), "1h30m"},
		{Lasting(72 * time.Hour), "72h"},
		{Lasting(-time.Second), "-1s"},
		{List(nil), ""},
		{List([]string{"a"}), "a"},
		{List([]string{"a", "b"}), "a and b"},
		{List([]string{"a", "b", "c", "d", "e"}), "a, b, c, d and e"},
		{List([]string{"a", "b", "c", "d", "e", "f"}), "a, b, c, d, e and 1 more"},
		{ListOf([]string{"a"}, 2000), "a and 1,999 more"},
		{ListOf(nil, 5), ""},
		{Clip("a\n b\t\tc ", 100), "a b c"},
		{Clip("äöü", 6), "äöü"},
		{Clip("äöüä", 7), "äö…"},
		{Clip("ab\xffcd", 100), "ab\uFFFDcd"},
		{Plural(1, "has", "have"), "has"},
		{Plural(0, "has", "have"), "have"},
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
		if a, b := Pair(test.a, test.b); a+" "+b != test.want {
			t.Errorf("%v and %v are %s and %s, want %s", test.a, test.b, a, b, test.want)
		}
	}
	if a, b := Percents(0.2504, 0.2501); a != "25.04 %" || b != "25.01 %" {
		t.Errorf("%s and %s", a, b)
	}
}

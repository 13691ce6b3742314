// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package fetch

// Match says whether a name matches a glob, in which * is any text (slashes and none among it) and
// ? any one byte. There is no escape: names of models and tags have neither.
func Match(glob, name string) bool {
	star, mark := -1, 0 // the last * and where the name stood
	g, n := 0, 0
	for n < len(name) {
		switch {
		case g < len(glob) && glob[g] == '*':
			star, mark = g, n
			g++
		case g < len(glob) && (glob[g] == '?' || glob[g] == name[n]):
			g++
			n++
		case star >= 0:
			mark++
			g, n = star+1, mark
		default:
			return false
		}
	}
	for g < len(glob) && glob[g] == '*' {
		g++
	}
	return g == len(glob)
}

// MatchAny says whether a name matches one of the globs.
func MatchAny(globs []string, name string) bool {
	for _, g := range globs {
		if Match(g, name) {
			return true
		}
	}
	return false
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package table

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// headSize is how much of a text file is looked at to tell its encoding and its delimiter.
const headSize = 1 << 16

// ParseEncoding checks the name of an encoding; the names are those of the web
// (https://encoding.spec.whatwg.org), of which latin-1 is windows-1252.
func ParseEncoding(name string) error {
	if _, err := encodingOf(name); err != nil {
		return fmt.Errorf("encoding %q is not known; known are utf-8, utf-16le, utf-16be, windows-1252, iso-8859-15, shift_jis, …", name)
	}
	return nil
}

func encodingOf(name string) (encoding.Encoding, error) {
	switch strings.ToLower(name) {
	case "latin-1", "iso-8859-1":
		return charmap.ISO8859_1, nil
	case "utf-16":
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), nil
	}
	return htmlindex.Get(name)
}

// decodeText returns the text of a file as UTF-8 without a byte order mark, and the name of the
// encoding where it was another one.
func decodeText(in io.Reader, name string) (out *bufio.Reader, converted string, err error) {
	raw := bufio.NewReaderSize(in, headSize)
	head, err := raw.Peek(headSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, "", err
	}
	if name == "" {
		name = guessEncoding(head)
	}
	if name == "utf-32" {
		return nil, "", errors.New("the file is UTF-32, which cannot be read; write it as UTF-8")
	}
	if name == "" || strings.EqualFold(name, "utf-8") {
		if bytes.HasPrefix(head, []byte("\xef\xbb\xbf")) {
			_, _ = raw.Discard(3)
		}
		return raw, "", nil
	}
	e, err := encodingOf(name)
	if err != nil {
		return nil, "", ParseEncoding(name)
	}
	return bufio.NewReaderSize(transform.NewReader(raw, unicode.BOMOverride(e.NewDecoder())), headSize), name, nil
}

// guessEncoding names an encoding that is beyond doubt not UTF-8: by a byte order mark, or by the
// zeros that each second byte of mostly Latin text in UTF-16 is.
func guessEncoding(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xfe\x00\x00")), bytes.HasPrefix(head, []byte("\x00\x00\xfe\xff")):
		return "utf-32"
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		return "utf-16le"
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		return "utf-16be"
	}
	var zeros [2]int
	n := min(len(head), 4096)
	for i, c := range head[:n] {
		if c == 0 {
			zeros[i%2]++
		}
	}
	switch {
	case n < 4:
	case zeros[1] > n/4 && zeros[0] <= n/20:
		return "utf-16le"
	case zeros[0] > n/4 && zeros[1] <= n/20:
		return "utf-16be"
	}
	return ""
}

// checkText returns an error for text that is not UTF-8, or whose conversion has lost something:
// nothing is replaced silently.
func checkText(s, converted string) error {
	if converted != "" {
		if strings.ContainsRune(s, utf8.RuneError) {
			return fmt.Errorf("%q holds what is no %s; name the encoding in --encoding", clip(s), converted)
		}
		return nil
	}
	if utf8.ValidString(s) {
		return nil
	}
	s = clip(s)
	if read, err := charmap.Windows1252.NewDecoder().String(s); err == nil && !strings.ContainsRune(read, utf8.RuneError) {
		return fmt.Errorf("%q is not UTF-8; in Windows-1252 it is %q: --encoding windows-1252, if that is right", s, read)
	}
	return fmt.Errorf("%q is not UTF-8; name the file's encoding in --encoding", s)
}

// clip cuts a string for an error.
func clip(s string) string {
	const most = 40
	if len(s) > most {
		return s[:most]
	}
	return s
}

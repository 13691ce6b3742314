// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package jsonscan

// Skip passes over the value that is next.
func (s *Scanner) Skip() error {
	switch s.Peek() {
	case '{', '[':
		return s.skipNested()
	default:
		return s.skipScalar()
	}
}

func (s *Scanner) skipScalar() error {
	switch c := s.Peek(); {
	case c == '"':
		_, _, err := s.raw()
		return err
	case c == '-' && s.word("-Infinity"):
		return nil
	case c == '-' || c >= '0' && c <= '9':
		if _, ok := s.digits(); !ok {
			return s.fail()
		}
		return nil
	case s.word("null"), s.word("true"), s.word("false"), s.word("NaN"), s.word("Infinity"):
		return nil
	default:
		return s.fail()
	}
}

// skipNested passes over an array or an object, without recursion. A bit of objects for each depth
// says what is open there.
func (s *Scanner) skipNested() error {
	var objects uint64
	for depth := 0; ; {
		// A value is next.
		object := false
		switch s.Peek() {
		case '{':
			object = true
			fallthrough
		case '[':
			if s.depth+depth == MaxDepth {
				return ErrTooDeep
			}
			s.pos++
			depth++
			objects <<= 1
			if object {
				objects |= 1
			}
			if !s.Take(closing(object)) {
				if object {
					if err := s.skipKey(); err != nil {
						return err
					}
				}
				continue
			}
			depth--
			objects >>= 1
		default:
			if err := s.skipScalar(); err != nil {
				return err
			}
		}

		// A value has been read: it is the last of what is around it, or another one follows.
		for depth > 0 && s.Take(closing(objects&1 != 0)) {
			depth--
			objects >>= 1
		}
		if depth == 0 {
			return nil
		}
		if !s.Take(',') {
			return s.fail()
		}
		if objects&1 != 0 {
			if err := s.skipKey(); err != nil {
				return err
			}
		}
	}
}

func closing(object bool) byte {
	if object {
		return '}'
	}
	return ']'
}

func (s *Scanner) skipKey() error {
	if s.Peek() != '"' {
		return s.fail()
	}
	if _, _, err := s.raw(); err != nil {
		return err
	}
	if !s.Take(':') {
		return s.fail()
	}
	return nil
}

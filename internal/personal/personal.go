// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package personal tells what looks like data of people: names of attributes and features, and texts.
package personal

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// single are words of names whose values are those of people, or what people write.
var single = map[string]bool{
	"email": true, "mail": true, "phone": true, "telephone": true, "mobile": true, "fax": true, "msisdn": true, "imei": true, "imsi": true,
	"ssn": true, "passport": true, "nin": true, "iban": true, "bic": true, "pan": true, "cvv": true, "cvc": true, "pin": true,
	"password": true, "passwd": true, "secret": true, "token": true, "credential": true, "credentials": true, "authorization": true, "cookie": true,
	"firstname": true, "lastname": true, "surname": true, "fullname": true, "username": true, "login": true, "birthday": true, "birthdate": true,
	"dob": true, "address": true, "street": true, "postcode": true, "zipcode": true, "ip": true, "ipaddress": true, "latitude": true, "longitude": true,
	"prompt": true, "completion": true, "message": true, "messages": true, "content": true, "comment": true, "transcript": true,
}

// pairs are neighbouring words that are personal together.
var pairs = map[string]bool{
	"e mail": true, "first name": true, "last name": true, "full name": true, "user name": true, "user id": true, "customer name": true, "card number": true,
	"account number": true, "credit card": true, "social security": true, "tax id": true, "national id": true, "date birth": true, "birth date": true,
	"date of": true, "of birth": true, "zip code": true, "post code": true, "api key": true, "device id": true,
}

// Name is true for a name whose words are those of personal data, such as
// customer_email or creditCardNumber.
func Name(name string) bool {
	words := split(name)
	for i, w := range words {
		if single[w] || i > 0 && pairs[words[i-1]+" "+w] {
			return true
		}
	}
	return false
}

// split cuts a name into words in small letters, at what is no letter or digit and where a capital
// follows a small one.
func split(name string) []string {
	var words []string
	start, previous := -1, rune(0)
	end := func(at int) {
		if start >= 0 {
			words = append(words, strings.ToLower(name[start:at]))
		}
	}
	for i, r := range name {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			end(i)
			start = -1
		case start < 0:
			start = i
		case unicode.IsUpper(r) && unicode.IsLower(previous):
			end(i)
			start = i
		}
		previous = r
	}
	end(len(name))
	return words
}

var (
	mailAddress = regexp.MustCompile(`[^\s@]+@[^\s@]+\.[^\s@]+`)
	iban        = regexp.MustCompile(`\b[A-Z]{2}[0-9]{2}[ ]?([A-Z0-9]{4}[ ]?){2,7}[A-Z0-9]{1,4}\b`)
	cardNumber  = regexp.MustCompile(`\b[0-9](?:[ -]?[0-9]){12,18}\b`)
)

// Text is true for a text with a mail address, an account number (IBAN) or the number of a
// payment card, whose digits Luhn's formula (ISO/IEC 7812-1, annex B) confirms.
func Text(s string) bool {
	return mailAddress.MatchString(s) || iban.MatchString(s) || slices.ContainsFunc(cardNumber.FindAllString(s, -1), luhn)
}

func luhn(s string) bool {
	sum, n := 0, 0
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] < '0' || s[i] > '9' {
			continue
		}
		digit := int(s[i] - '0')
		if n%2 == 1 {
			if digit *= 2; digit > 9 {
				digit -= 9
			}
		}
		sum += digit
		n++
	}
	return sum%10 == 0
}

var (
	// mailInText is stricter than mailAddress: openai@4.5.1 is none, and what stands around one is not part of it.
	mailInText = regexp.MustCompile(`[\p{L}\p{N}._%+-]+@(?:[\p{L}\p{N}-]+\.)+\p{L}{2,}`)
	// secrets are what libraries and providers write, as it begins with one of the words, in small letters: the second
	// group is the secret. A whole one begins where a word does.
	secrets = []struct {
		words []string
		whole bool
		form  *regexp.Regexp
		end   string
	}{
		{[]string{"eyj"}, true, regexp.MustCompile(`^()(eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?)`), ""}, // JWT, RFC 7519
		{
			[]string{"sk-", "sk_", "pk-", "pk_", "rk-", "rk_", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-"}, true, // OpenAI, Stripe, GitHub, GitLab
			regexp.MustCompile(`^()((?:sk|pk|rk)[-_][\w-]{16,}|gh[opusr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,})`), "",
		},
		{
			[]string{"xox", "akia", "asia", "aiza", "hf_", "whsec_"}, true, // Slack, AWS, Google, Hugging Face, Standard Webhooks
			regexp.MustCompile(`^()(xox[a-z]-[\w-]{10,}|(?:AKIA|ASIA)[A-Z0-9]{16}\b|AIza[\w-]{30,}|hf_\w{20,}|whsec_[^\s"',;]{16,})`), "",
		},
		{[]string{"bearer", "basic", "negotiate"}, true, regexp.MustCompile(`^(?i)(\w+\s+)([\w.~+/=-]{8,})`), ""},
		{
			[]string{"password", "passwd", "pwd", "secret", "token", "api", "access", "authorization"},
			false,
			regexp.MustCompile(`^(?i)((?:password|passwd|pwd|secret|token|api[-_ ]?key|access[-_]?key|authorization)["']?\s*[:=]\s*["']?)([^\s"'&,;]{3,})`), "",
		},
		{[]string{"-----begin"}, false, regexp.MustCompile(`^()(-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?)`), ""},
		{[]string{"://"}, false, regexp.MustCompile(`^(://)([^\s/@:]*:[^\s/@]+)@`), "@"},
	}
)

// window is how many bytes a secret is looked for in; a longer one goes up to the next space.
const window = 4096

// maskSecrets is Mask for secrets. Regular expressions are slow: they are tried where a word is.
func maskSecrets(s, mask string) (string, int) {
	n := 0
	for i := range secrets {
		secret := &secrets[i]
		lower := lowered(s)
		places := make([]int, len(secret.words)) // of the next one of each word
		var out strings.Builder
		done, at := 0, 0
		for {
			next := -1
			for j, word := range secret.words {
				if places[j] >= 0 && places[j] < at || at == 0 {
					if places[j] = strings.Index(lower[at:], word); places[j] >= 0 {
						places[j] += at
					}
				}
				if places[j] >= 0 && (next < 0 || places[j] < next) {
					next = places[j]
				}
			}
			if next < 0 {
				break
			}
			at = next + 1
			if secret.whole && next > 0 && wordByte(s[next-1]) {
				continue
			}
			near := s[next:min(next+window, len(s))]
			m := secret.form.FindStringSubmatchIndex(near)
			if m == nil || schemes[strings.ToLower(near[m[4]:m[5]])] || strings.HasPrefix(near[m[4]:m[5]], mask) {
				continue
			}
			end := next + m[1]
			if m[1] == len(near) {
				if rest := strings.IndexAny(s[end:], " \t\r\n"); rest >= 0 {
					end += rest
				} else {
					end = len(s)
				}
			}
			out.WriteString(s[done : next+m[3]])
			out.WriteString(mask)
			out.WriteString(secret.end)
			done, at = end, end
			n++
		}
		if done > 0 {
			out.WriteString(s[done:])
			s = out.String()
		}
	}
	return s, n
}

// lowered is a text with small letters of ASCII, as long as before.
func lowered(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

func wordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// schemes are the words before a credential that are none.
var schemes = map[string]bool{"bearer": true, "basic": true, "negotiate": true}

// Mask returns a text with mask in the place of mail addresses, account and card numbers, tokens, keys,
// passwords and credentials in URLs, and how many there were.
func Mask(s, mask string) (string, int) {
	s, n := maskSecrets(s, mask)
	count := func(string) string { n++; return mask }
	if strings.Contains(s, "@") {
		s = mailInText.ReplaceAllStringFunc(s, count)
	}
	if accounts, cards := numbers(s); accounts || cards {
		if accounts {
			s = iban.ReplaceAllStringFunc(s, func(found string) string {
				if !checked(found) {
					return found
				}
				return count(found)
			})
		}
		if cards {
			s = cardNumber.ReplaceAllStringFunc(s, func(found string) string {
				// Times in milliseconds and nanoseconds begin with 1, card schemes' numbers with 2 to 6.
				if found[0] < '2' || found[0] > '6' || !luhn(found) {
					return found
				}
				return count(found)
			})
		}
	}
	return s, n
}

// numbers says whether a text may have an account number, which begins with two capitals and two digits, and a card
// number, which has 13 digits with at most one character between.
func numbers(s string) (accounts, cards bool) {
	capitals, digits, between, run := 0, 0, 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'A' && c <= 'Z':
			if digits > 0 {
				capitals = 0
			}
			capitals, digits, run = capitals+1, 0, 0
		case c >= '0' && c <= '9':
			digits++
			accounts = accounts || capitals >= 2 && digits == 2
			if between > 1 {
				run = 0
			}
			run, between = run+1, 0
			cards = cards || run >= 13
		default:
			capitals, digits = 0, 0
			between++
			if c != ' ' && c != '-' {
				run = 0
			}
		}
	}
	return accounts, cards
}

// checked is true for an IBAN whose check digits are right (ISO 13616, ISO/IEC 7064 MOD 97-10).
func checked(s string) bool {
	s = strings.ReplaceAll(s, " ", "")
	if len(s) < 15 || len(s) > 34 {
		return false
	}
	rest := 0
	for _, c := range []byte(s[4:] + s[:4]) {
		if c >= '0' && c <= '9' {
			rest = (rest*10 + int(c-'0')) % 97
		} else {
			rest = (rest*100 + int(c-'A') + 10) % 97
		}
	}
	return rest == 1
}

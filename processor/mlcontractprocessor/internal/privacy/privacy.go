// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package privacy keeps values of people out of what goes on: it says which must not be shown, and
// hashes or drops those that a rule names.
package privacy

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/otelcol-ml/otelcol-ml/internal/wildcard"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// Action is what becomes of a value.
type Action string

// The actions.
const (
	// Hash puts the first 16 bytes of the value's HMAC-SHA256 in its place, as hexadecimal digits.
	Hash Action = "hash"
	// Drop takes the attribute away.
	Drop Action = "drop"
)

// Known is true for an action that there is.
func (a Action) Known() bool { return a == Hash || a == Drop }

// Rule says what becomes of values.
type Rule struct {
	// Features are names of features, with * for any text, Attributes keys of attributes.
	Features, Attributes []string
	Action               Action
}

// Guard has the rules of a config. It is safe for concurrent use.
type Guard struct {
	rules  []Rule
	redact []string
	key    []byte
}

// NewGuard returns a guard. redact are further names, with * for any text, whose values are not
// shown; key is the secret of hashes.
func NewGuard(rules []Rule, redact []string, key []byte) *Guard {
	return &Guard{rules: rules, redact: redact, key: key}
}

// Protects is true where there is any rule.
func (g *Guard) Protects() bool { return len(g.rules) > 0 }

// Hides says whether the values of a feature or an attribute must not be shown: a rule or the config
// names it, or its name looks like that of personal data or of what people write.
func (g *Guard) Hides(name string) bool {
	name = strings.TrimPrefix(name, mlconv.PrefixFeature)
	return g.action(name) != "" || slices.ContainsFunc(g.redact, matches(name)) || LooksPersonalName(name)
}

// action is that of the first rule that names a feature, or an attribute; "" for none.
func (g *Guard) action(name string) Action {
	for i := range g.rules {
		if slices.ContainsFunc(g.rules[i].Features, matches(name)) || slices.ContainsFunc(g.rules[i].Attributes, matches(name)) {
			return g.rules[i].Action
		}
	}
	return ""
}

func matches(name string) func(pattern string) bool {
	return func(pattern string) bool { return wildcard.Match(pattern, name) }
}

// digest returns what stands for a value.
func (g *Guard) digest(s string) string {
	h := hmac.New(sha256.New, g.key)
	h.Write([]byte(s))
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// personal are words of names whose values are those of people, or what people write.
var personal = map[string]bool{
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

// LooksPersonalName is true for a name whose words are those of personal data, such as
// customer_email or creditCardNumber.
func LooksPersonalName(name string) bool {
	words := split(name)
	for i, w := range words {
		if personal[w] || i > 0 && pairs[words[i-1]+" "+w] {
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

// LooksPersonal is true for a text with a mail address, an account number (IBAN) or the number of a
// payment card, whose digits Luhn's formula (ISO/IEC 7812-1, annex B) confirms.
func LooksPersonal(s string) bool {
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

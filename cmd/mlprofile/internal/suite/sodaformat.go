// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package suite

// sodaFormats are regular expressions by the name of a format, as Soda Core 3 documents them
// ("Validity metrics"). Numbers may have spaces around them and a sign.
var sodaFormats = func() map[string]string {
	const (
		optional, positive, negative = `[-+]? *`, `\+? *`, `- *`
		whole                        = `[0-9]+`
		either                       = `([0-9]+([.,][0-9]+)?|[.,][0-9]+)`
		point                        = `([0-9]+(\.[0-9]+)?|\.[0-9]+)`
		comma                        = `([0-9]+(,[0-9]+)?|,[0-9]+)`
		day, month, year             = `(0?[1-9]|[12][0-9]|3[01])`, `(0?[1-9]|1[0-2])`, `((19|20)?[0-9]{2})`
		hour, half, minute           = `([01]?[0-9]|2[0-3])`, `(0?[0-9]|1[0-2])`, `[0-5]?[0-9]`
		second                       = `[0-5]?[0-9]([.,][0-9]+)?`
	)
	m := map[string]string{
		"date us":      month + `[-./]` + day + `[-./]` + year,
		"date eu":      day + `[-./]` + month + `[-./]` + year,
		"date inverse": year + `[-./]` + month + `[-./]` + day,
		"date iso 8601": `(19|20)[0-9]{2}-?((0[1-9]|1[0-2])-?(0[1-9]|[12][0-9]|3[01])|W[0-5][0-9](-?[1-7])?|[0-3][0-9]{2})` +
			`([ T]([01][0-9]|2[0-3])(:?[0-5][0-9](:?[0-5][0-9]([.,][0-9]+)?)?)?([+-][0-9]{2}:?[0-9]{2}|Z)?)?`,
		"time 24h":           hour + `:` + minute + `(:` + second + `)?`,
		"time 24h nosec":     hour + `:` + minute,
		"time 12h":           half + `:` + minute + `(:` + second + `)?`,
		"time 12h nosec":     half + `:` + minute,
		"timestamp 24h":      hour + `:` + minute + `:` + second,
		"timestamp 12h":      half + `:` + minute + `:` + second,
		"money":              optional + either + ` *[A-Za-z]{3}`,
		"uuid":               `[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}`,
		"ip address":         `[0-9]{1,3}(\.[0-9]{1,3}){3}`,
		"ipv4 address":       `[0-9]{1,3}(\.[0-9]{1,3}){3}`,
		"email":              `[\p{L}0-9.\-_%+]+@[\p{L}0-9.\-_%]+\.[A-Za-z]{2,}`,
		"phone number":       `((\+[0-9]{1,2}\s)?\(?[0-9]{3}\)?[\s.-])?[0-9]{3}[\s.-][0-9]{4}`,
		"credit card number": `([0-9]{14,19}|([0-9]{4}-){3}[0-9]{4}|([0-9]{4} ){3}[0-9]{4})`,
	}
	for sign, prefix := range map[string]string{optional: "", positive: "positive ", negative: "negative "} {
		m[prefix+"integer"] = sign + whole
		for number, suffix := range map[string]string{either: "", point: " point", comma: " comma"} {
			m[prefix+"decimal"+suffix] = sign + number
			m[prefix+"percentage"+suffix] = sign + number + ` *%`
		}
	}
	for name, p := range m {
		m[name] = `^ *` + p + ` *$`
	}
	return m
}()

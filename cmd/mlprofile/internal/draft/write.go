// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"bytes"
	"fmt"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// manyValues is from how many values on an entry is written with a value a line.
const manyValues = 12

// Card writes the card of a model, with comment lines at its head.
func (c *Contract) Card(model string, comments ...string) ([]byte, error) {
	var b bytes.Buffer
	for _, line := range comments {
		fmt.Fprintf(&b, "# %s\n", oneLine(line))
	}
	card := mapping("kind", "model", "name", model)
	if c.Baseline != "" {
		add(card, "baseline", c.Baseline)
	}
	features, err := c.features()
	if err != nil {
		return nil, err
	}
	if features != nil {
		addNode(card, "features", features)
	}
	block := mapping()
	if c.Severity != "" {
		add(block, "severity", c.Severity)
	}
	if c.OnlyKnown {
		addNode(block, "only_known_features", &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "true"})
	}
	list := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
	for _, check := range c.entries() {
		node := &yaml.Node{}
		if err := node.Encode(check); err != nil {
			return nil, err
		}
		if len(check.Values)+len(check.NotValues)+len(check.Features) <= manyValues && check.JSONSchema == nil {
			node.Style = yaml.FlowStyle
		}
		list.Content = append(list.Content, node)
	}
	if len(list.Content) > 0 {
		addNode(block, "checks", list)
	}
	if len(block.Content) > 0 {
		addNode(card, "contract", block)
	}
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(card); err != nil {
		return nil, err
	}
	return b.Bytes(), enc.Close()
}

// features are those with thresholds of drift; nil without any.
func (c *Contract) features() (*yaml.Node, error) {
	if len(c.thresholds) == 0 {
		return nil, nil
	}
	all, by := mapping(), map[string]*yaml.Node{}
	for _, t := range c.thresholds {
		node := by[t.feature]
		if node == nil {
			node = mapping()
			by[t.feature] = node
			feature := mapping()
			addNode(feature, "thresholds", node)
			feature.Style = yaml.FlowStyle
			addNode(all, t.feature, feature)
		}
		v := &yaml.Node{}
		if err := v.Encode(t.value); err != nil {
			return nil, err
		}
		addNode(node, t.statistic, v)
	}
	return all, nil
}

// entries are the checks with names that tell them apart; those that ask the same are one.
func (c *Contract) entries() []Check {
	named := make([]Check, len(c.checks))
	seen := make(map[string]bool, len(c.checks))
	for i, check := range c.checks {
		base := check.Name
		if base == "" {
			base = check.kind()
		}
		name := base
		for n := 2; seen[check.Feature+"\x00"+name]; n++ {
			name = base + "_" + strconv.Itoa(n)
		}
		seen[check.Feature+"\x00"+name] = true
		if name != check.kind() {
			check.Name = name
		} else {
			check.Name = ""
		}
		named[i] = check
	}
	var out []Check
	at := make(map[string]int, len(named))
	for _, check := range named {
		key, ok := check.key()
		i, there := at[key]
		switch {
		case !ok:
			out = append(out, check)
		case !there:
			at[key] = len(out)
			out = append(out, check)
		case out[i].Features == nil:
			out[i].Features, out[i].Feature = []string{out[i].Feature, check.Feature}, ""
		default:
			out[i].Features = append(out[i].Features, check.Feature)
		}
	}
	return out
}

// key is equal for checks that differ in the feature alone; ok is false for one that stands alone.
func (c Check) key() (key string, ok bool) {
	if c.Feature == "" || c.Condition != "" || c.JSONSchema != nil || c.Values != nil {
		return "", false
	}
	c.Feature = ""
	out, err := yaml.Marshal(c)
	return string(out), err == nil
}

func mapping(pairs ...string) *yaml.Node {
	m := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for i := 0; i+1 < len(pairs); i += 2 {
		add(m, pairs[i], pairs[i+1])
	}
	return m
}

func add(m *yaml.Node, key, text string) { addNode(m, key, text1(text)) }

func addNode(m *yaml.Node, key string, v *yaml.Node) { m.Content = append(m.Content, text1(key), v) }

// text1 is a text that stays one: quoted where it would be something else.
func text1(s string) *yaml.Node {
	n := &yaml.Node{}
	n.SetString(s)
	return n
}

// oneLine keeps a text of a file from ending a comment.
func oneLine(s string) string {
	return string(bytes.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 {
			return ' '
		}
		return r
	}, []byte(clip(s))))
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package slo

import (
	"github.com/otelcol-ml/otelcol-ml/internal/slo/block"
	"github.com/otelcol-ml/otelcol-ml/internal/slo/objective"
	"github.com/otelcol-ml/otelcol-ml/internal/slo/openslo"
	"github.com/otelcol-ml/otelcol-ml/internal/slo/sloth"
	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc"
)

// File is a file's name and content.
type File struct {
	Name    string
	Content []byte
}

// documents bound one document of objectives.
var documents = yamldoc.Options{MaxValues: 50_000, MaxDepth: 32}

// ParseFiles reads the objectives of files, which may have several documents and refer to each other's. The error joins
// all violations (yamldoc.Violations), each with its line and key.
func ParseFiles(files []File) ([]SLO, error) {
	report := &yamldoc.Report{}
	p := &parsing{windows: sloth.Windows{}, openslo: openslo.NewReader()}
	for _, file := range files {
		docs, _ := yamldoc.Parse(file.Name, file.Content, documents, report)
		for _, doc := range docs {
			p.sort(block.Root(doc))
		}
	}
	slos := p.read()
	if err := report.Err(); err != nil {
		return nil, err
	}
	return slos, nil
}

// parsing is what the documents of a set of files are, before those that refer to others are read.
type parsing struct {
	windows sloth.Windows
	openslo *openslo.Reader
	sloth   []func() []SLO
}

// sort finds out what a document is.
func (p *parsing) sort(b block.Block) {
	if b.Bad() {
		return
	}
	switch version := b.Text("apiVersion"); {
	case b.Has("version"):
		if b.OneOf("version", sloth.Version) != "" {
			p.sloth = append(p.sloth, func() []SLO { return checked(b, sloth.Read(b, p.windows)) })
		}
	case version == sloth.APIVersion:
		switch b.OneOf("kind", "PrometheusServiceLevel", "AlertWindows") {
		case "PrometheusServiceLevel":
			p.sloth = append(p.sloth, func() []SLO { return checked(b, sloth.ReadResource(b, p.windows)) })
		case "AlertWindows":
			sloth.ReadWindows(b, p.windows)
		}
	case version == openslo.APIVersion:
		p.openslo.Add(b)
	case version != "":
		b.Fail("apiVersion", "%q is none of %s, %s", yamldoc.Clip(version), openslo.APIVersion, sloth.APIVersion)
	default:
		b.Fail("", "is no file of objectives: it needs version: %s (Sloth), apiVersion: %s or %s",
			sloth.Version, sloth.APIVersion, openslo.APIVersion)
	}
}

func (p *parsing) read() []SLO {
	var slos []SLO
	for _, read := range p.sloth {
		slos = append(slos, read()...)
	}
	for _, one := range p.openslo.Read(p.windows) {
		slos = append(slos, checked(one.Block, one.SLOs)...)
	}
	return slos
}

// checked reports what makes an objective impossible, once its document is good as it is written.
func checked(b block.Block, slos []SLO) []SLO {
	if b.Bad() {
		return nil
	}
	for i := range slos {
		if err := slos[i].Check(); err != nil {
			for _, one := range yamldoc.Violations(err) {
				fail(b, &slos[i], one)
			}
		}
	}
	return slos
}

func fail(b block.Block, s *objective.SLO, err error) { b.FailLine(s.Line, s.Name, "%v", err) }

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Program ours is a collector of this repository's components alone. "make lint" looks from it, and
// from the commands, for code that nothing reaches: the whole distribution would take minutes.
package main

import (
	"os"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/service/telemetry/otelconftelemetry"

	"github.com/otelcol-ml/otelcol-ml/connector/mldriftconnector"
	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector"
	"github.com/otelcol-ml/otelcol-ml/connector/prometheusrulesconnector"
	"github.com/otelcol-ml/otelcol-ml/converter/enabledconverter"
	"github.com/otelcol-ml/otelcol-ml/exporter/alertmanagerexporter"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter"
	"github.com/otelcol-ml/otelcol-ml/extension/filestorageextension"
	"github.com/otelcol-ml/otelcol-ml/extension/mlcatalogextension"
	"github.com/otelcol-ml/otelcol-ml/extension/nestinglimitextension"
	"github.com/otelcol-ml/otelcol-ml/processor/mlcontractprocessor"
	"github.com/otelcol-ml/otelcol-ml/processor/mlmetadataprocessor"
	"github.com/otelcol-ml/otelcol-ml/processor/mlnormalizeprocessor"
	"github.com/otelcol-ml/otelcol-ml/receiver/groundtruthreceiver"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver"
	"github.com/otelcol-ml/otelcol-ml/receiver/mldeltareceiver"
)

func main() {
	command := otelcol.NewCommand(otelcol.CollectorSettings{
		BuildInfo: component.BuildInfo{Command: "ours"},
		Factories: factories,
		ConfigProviderSettings: otelcol.ConfigProviderSettings{ResolverSettings: confmap.ResolverSettings{
			ProviderFactories:  []confmap.ProviderFactory{fileprovider.NewFactory()},
			ConverterFactories: []confmap.ConverterFactory{enabledconverter.NewFactory()},
		}},
	})
	if command.Execute() != nil {
		os.Exit(1)
	}
}

// factories returns the components of this repository.
func factories() (otelcol.Factories, error) {
	receivers, err := otelcol.MakeFactoryMap[receiver.Factory](
		groundtruthreceiver.NewFactory(), inferencelogreceiver.NewFactory(), mldeltareceiver.NewFactory())
	if err != nil {
		return otelcol.Factories{}, err
	}
	processors, err := otelcol.MakeFactoryMap[processor.Factory](mlnormalizeprocessor.NewFactory(), mlmetadataprocessor.NewFactory(), mlcontractprocessor.NewFactory())
	if err != nil {
		return otelcol.Factories{}, err
	}
	connectors, err := otelcol.MakeFactoryMap[connector.Factory](
		mlsummaryconnector.NewFactory(), mldriftconnector.NewFactory(), mljobconnector.NewFactory(), mlevaluationconnector.NewFactory(),
		prometheusrulesconnector.NewFactory())
	if err != nil {
		return otelcol.Factories{}, err
	}
	exporters, err := otelcol.MakeFactoryMap[exporter.Factory](alertmanagerexporter.NewFactory(), mlactionexporter.NewFactory())
	if err != nil {
		return otelcol.Factories{}, err
	}
	extensions, err := otelcol.MakeFactoryMap[extension.Factory](
		mlcatalogextension.NewFactory(), filestorageextension.NewFactory(), nestinglimitextension.NewFactory())
	if err != nil {
		return otelcol.Factories{}, err
	}
	return otelcol.Factories{
		Receivers: receivers, Processors: processors, Connectors: connectors, Exporters: exporters, Extensions: extensions,
		Telemetry: otelconftelemetry.NewFactory(),
	}, nil
}

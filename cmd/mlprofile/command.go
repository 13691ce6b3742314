// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import "github.com/spf13/cobra"

func newCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "mlprofile",
		Short: "Baselines of data sets, how far data has drifted from them, and how good predictions are",
		Long: `mlprofile makes the baselines that ml_summary and ml_drift compare live traffic with, from CSV, JSON lines or
Parquet files, or from profiles of whylogs, TFDV and SageMaker, and computes drift between files, and measures of predictions with labels, with the code that the collector runs.`,
		Example: `  mlprofile build training.csv --prediction label --confidence score -o catalog/fraud.json
  mlprofile import FeatureStats.pb -o catalog/taxi.json
  mlprofile show catalog/fraud.json
  mlprofile card catalog/fraud.json --name fraud > catalog/fraud.yaml
  mlprofile score --method psi --reference catalog/fraud.json --current today.csv --column amount
  mlprofile compare catalog/fraud.json today.csv --format html -o today.html
  mlprofile evaluate predictions.csv --labels labels.csv --id request_id --by month
  mlprofile contract import suite.json -o catalog/fraud.yaml
  mlprofile contract check today.csv --card catalog/fraud.yaml
  mlprofile stream today.csv --column score --detector adwin`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	cmd.CompletionOptions.HiddenDefaultCmd = true
	cmd.AddCommand(newBuild(), newImport(), newShow(), newCard(), newScore(), newCompare(), newEvaluate(), newStream(), newThreshold(), newContract())
	return cmd
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlconv

// Metrics of ml_summary: what was predicted, from which features.
const (
	// MetricPredictionCount (sum, {prediction}) counts predictions.
	MetricPredictionCount = "ml.prediction.count"
	// MetricPredictionConfidence (histogram) is the distribution of the confidence, 0 to 1.
	MetricPredictionConfidence = "ml.prediction.confidence"
	// MetricPredictionValue (histogram) is the distribution of a regressor's answers, in the
	// model's own unit.
	MetricPredictionValue = "ml.prediction.value"
	// MetricPredictionDuration (histogram, s) is the distribution of the prediction spans'
	// durations.
	MetricPredictionDuration = "ml.prediction.duration"
	// MetricPredictionClassCount (sum, {prediction}) counts predictions by class.
	MetricPredictionClassCount = "ml.prediction.class.count"
	// MetricFeatureValue (histogram) is the distribution of a numeric feature, in the feature's own
	// unit.
	MetricFeatureValue = "ml.feature.value"
	// MetricFeatureCategoryCount (sum, {value}) counts the values of a categorical feature.
	MetricFeatureCategoryCount = "ml.feature.category.count"
	// MetricFeatureMissingCount (sum, {value}) counts predictions that lacked a feature.
	MetricFeatureMissingCount = "ml.feature.missing.count"
	// MetricEmbeddingCount (sum, {vector}) counts the vectors of an attribute whose centroid is
	// watched; ml.summary.vector is their sum.
	MetricEmbeddingCount = "ml.embedding.count"
	// MetricSummaryPartitionState (gauge) says what the reader of ml.summary.partition does with
	// it: 0 it was released, 1 it is read again from the past, 2 what comes is new.
	MetricSummaryPartitionState = "ml.summary.partition.state"
	// MetricTokenUsage (histogram, {token}) is the distribution of tokens a request, by
	// gen_ai.token.type and service.name.
	MetricTokenUsage = "gen_ai.client.token.usage"
	// MetricPredictionCost (sum, {currency}) adds up what the predictions cost, by
	// ml.prediction.currency and service.name.
	MetricPredictionCost = "ml.prediction.cost"
	// MetricTimeToFirstChunk (histogram, s) is the distribution of the time from a request to the
	// first chunk of a streamed answer, by service.name.
	MetricTimeToFirstChunk = "gen_ai.client.operation.time_to_first_chunk"
	// MetricLLMInputCharacters (histogram, {character}) is the distribution of the length of what
	// generative models were given, by service.name.
	MetricLLMInputCharacters = "ml.llm.input.characters"
	// MetricLLMOutputCharacters (histogram, {character}) is the distribution of the length of what
	// generative models gave back, by service.name.
	MetricLLMOutputCharacters = "ml.llm.output.characters"
	// MetricLLMInputMessages (histogram, {message}) is the distribution of the number of messages
	// that generative models were given, by service.name.
	MetricLLMInputMessages = "ml.llm.input.messages"
	// MetricLLMOutputMessages (histogram, {message}) is the distribution of the number of messages
	// that generative models gave back, by service.name.
	MetricLLMOutputMessages = "ml.llm.output.messages"
)

// Metrics of ml_summary's change detectors. ml_drift passes them on as they are.
const (
	// MetricStreamChangeCount (sum, {change}) counts the changes that a detector has seen.
	MetricStreamChangeCount = "ml.stream.change.count"
	// MetricStreamEstimate (gauge) is the mean that a detector has of the values since the last
	// change, in their own unit.
	MetricStreamEstimate = "ml.stream.estimate"
	// MetricStreamLastChange (gauge, s) is the end of the span with which a detector saw its last
	// change, in seconds since 1970.
	MetricStreamLastChange = "ml.stream.last_change"
)

// Metrics of ml_summary on where models run. ml_drift passes them on as they are.
const (
	// MetricModelPlacement (gauge, {placement}) is 1 for each place in which a model has answered
	// lately: by model, version, role, environment, pod and host, as far as the resource of the spans
	// names them. It has no number of its own, but joins what is known of a model with what is known of
	// a pod or a host, such as its GPUs.
	MetricModelPlacement = "ml.model.placement"
)

// Metrics of ml_drift: how far a window is from its reference.
const (
	// MetricDriftScore (gauge) is the distance between window and reference by ml.drift.method.
	MetricDriftScore = "ml.drift.score"
	// MetricDriftThreshold (gauge) is what a score is judged against, by ml.drift.method, of the
	// total; absent where something else than the score is judged, as of chi2.
	MetricDriftThreshold = "ml.drift.threshold"
	// MetricDriftPValue (gauge) is the probability of a distance at least as large if nothing had
	// changed.
	MetricDriftPValue = "ml.drift.p_value"
	// MetricDriftDetected (gauge) is 1 where the verdict is drift and 0 where it is ok; absent
	// where it is insufficient.
	MetricDriftDetected = "ml.drift.detected"
	// MetricDriftVerdict (gauge) is 1 for the verdict that holds and 0 for the others, by
	// ml.drift.verdict.
	MetricDriftVerdict = "ml.drift.verdict"
	// MetricDriftSamples (gauge, {sample}) is the number of values in the window.
	MetricDriftSamples = "ml.drift.samples"
	// MetricDriftEffectiveSamples (gauge, {sample}) is how many independent values those of the
	// window are worth: rows that depend on each other, or were sampled with different
	// probabilities, are worth fewer than they are.
	MetricDriftEffectiveSamples = "ml.drift.samples.effective"
	// MetricDriftReferenceSamples (gauge, {sample}) is the number of values in the reference.
	MetricDriftReferenceSamples = "ml.drift.reference.samples"
	// MetricDriftWindowEnd (gauge, s) is the event time at which the window ends, in seconds since
	// 1970.
	MetricDriftWindowEnd = "ml.drift.window.end"
	// MetricDriftWindowDuration (gauge, s) is the length of the window, which grows where samples
	// are few.
	MetricDriftWindowDuration = "ml.drift.window.duration"
	// MetricDriftRank (gauge) is the place, 1 for the first, of a drift among those of its model; 0
	// once it is among the first 20 no more.
	MetricDriftRank = "ml.drift.rank"
	// MetricDriftConfidenceMean (gauge) is the mean confidence of the window, 0 to 1: the
	// accuracy to expect where the model is calibrated.
	MetricDriftConfidenceMean = "ml.drift.confidence.mean"
	// MetricDriftReferenceConfidenceMean (gauge) is the mean confidence of the reference.
	MetricDriftReferenceConfidenceMean = "ml.drift.reference.confidence.mean"
	// MetricDriftConfidenceLow (gauge) is the share of confidences of the window below
	// thresholds::low_confidence, 0 to 1.
	MetricDriftConfidenceLow = "ml.drift.confidence.low"
	// MetricDriftReferenceConfidenceLow (gauge) is the share of low confidences of the reference.
	MetricDriftReferenceConfidenceLow = "ml.drift.reference.confidence.low"
	// MetricDriftEmbeddingDistance (gauge) is the cosine distance, 0 to 2, of the centroid of the
	// window's vectors to the reference's.
	MetricDriftEmbeddingDistance = "ml.drift.embedding.distance"
	// MetricDriftClassEntropy (gauge) is the entropy of the shares of the window's classes over
	// the logarithm of their number: 0 where all predictions are of one class, 1 where all classes
	// are as frequent.
	MetricDriftClassEntropy = "ml.drift.class.entropy"
	// MetricDriftReferenceClassEntropy (gauge) is the entropy of the reference's classes.
	MetricDriftReferenceClassEntropy = "ml.drift.reference.class.entropy"
)

// Metrics of data contracts: what rows broke, counted by ml_summary (of stages by ml_job), and what
// ml_drift says of windows.
const (
	// MetricContractViolationCount (sum, {violation}) counts what broke a check of the contract, by
	// model or stage, ml.feature.name, ml.contract.check, ml.contract.severity and ml.data.source.
	MetricContractViolationCount = "ml.contract.violation.count"
	// MetricContractRowCount (sum, {row}) counts the rows of models whose card has a contract, by
	// ml.data.source.
	MetricContractRowCount = "ml.contract.row.count"
	// MetricContractVerdict (gauge) is 1 for the verdict on a window that holds and 0 for the
	// others, by ml.contract.verdict.
	MetricContractVerdict = "ml.contract.verdict"
	// MetricContractValue (gauge) is the statistic of the window that a check bounds, in its own
	// unit, by ml.contract.bound: point, lower and upper.
	MetricContractValue = "ml.contract.value"
	// MetricContractSamples (gauge, {sample}) is the number of values that the statistic is of.
	MetricContractSamples = "ml.contract.samples"
)

// Metrics of ml_job.
const (
	// MetricJobRunCount (sum, {run}) counts runs of a job by outcome.
	MetricJobRunCount = "ml.job.run.count"
	// MetricJobRunDuration (histogram, s) is the distribution of the durations of runs.
	MetricJobRunDuration = "ml.job.run.duration"
	// MetricStageCount (sum, {stage}) counts stages by outcome.
	MetricStageCount = "ml.stage.count"
	// MetricStageDuration (histogram, s) is the distribution of the durations of stages, in each
	// run of the longest instance.
	MetricStageDuration = "ml.stage.duration"
	// MetricStageRows (gauge, {row}) is the rows that a stage read and wrote in the latest run.
	MetricStageRows = "ml.stage.rows"
	// MetricJobLastSuccess (gauge, s) is the end of the last good run that was no backfill, in
	// seconds since 1970.
	MetricJobLastSuccess = "ml.job.last_success"
	// MetricAlertActive (gauge, {alert}) is the number of alerts that fire, by severity; without a
	// job where nothing at all is received.
	MetricAlertActive = "ml.alert.active"
)

// Values of attributes that more than one component uses.
const (
	// RolePrimary (value) is the role of the model whose answer is used; the default.
	RolePrimary = "primary"
	// OperationPredict (value) is the ml.operation.name of a prediction whose answer and inputs are
	// not on the span.
	OperationPredict = "predict"
	// RoleShadow (value) is the role of a model that answers in the background.
	RoleShadow = "shadow"
	// RoleCanary (value) is the role of a model that answers a part of the traffic.
	RoleCanary = "canary"
	// SamplingAdjusted (value) is the sampling.method of counts that are adjusted.
	SamplingAdjusted = "adjusted"
)

// Metrics of ml_evaluation: how good the answers were.
const (
	// MetricEvaluationCount (sum, {prediction}) counts predictions that were joined with a label, by
	// predicted and actual class. A label that is corrected moves its prediction, so it may fall.
	MetricEvaluationCount = "ml.evaluation.count"
	// MetricEvaluationScore (gauge) is a measure of a window, with its confidence bounds.
	MetricEvaluationScore = "ml.evaluation.score"
	// MetricEvaluationSamples (gauge, {prediction}) is the number of predictions that a measure of a
	// window rests on; rows with weights are worth Kish's number of them.
	MetricEvaluationSamples = "ml.evaluation.samples"
	// MetricEvaluationCoverage (gauge) is the share of the window's predictions that have a label.
	MetricEvaluationCoverage = "ml.evaluation.coverage"
	// MetricEvaluationWindowEnd (gauge, s) is when the window ends, in seconds since 1970.
	MetricEvaluationWindowEnd = "ml.evaluation.window.end"
	// MetricEvaluationDifference (gauge) is by how much a measure differs from that of another
	// window, version or set of labels, with its confidence bounds.
	MetricEvaluationDifference = "ml.evaluation.difference"
	// MetricEvaluationDetectable (gauge) is the smallest difference that as many rows show in 80 of
	// 100 cases.
	MetricEvaluationDetectable = "ml.evaluation.detectable"
	// MetricEvaluationVerdict (gauge) is 1 for the verdict on a difference that has a margin, 0 for
	// the other verdicts.
	MetricEvaluationVerdict = "ml.evaluation.verdict"
	// MetricLabelLag (histogram, s) is the distribution of the time from a prediction to its label.
	MetricLabelLag = "ml.label.lag"
	// MetricEvaluatorScore (gauge) is the mean score that an evaluator has given to the answers of a
	// window, with its confidence bounds.
	MetricEvaluatorScore = "ml.evaluator.score"
	// MetricEvaluatorSamples (gauge, {evaluation}) is the number of scores that the mean rests on.
	MetricEvaluatorSamples = "ml.evaluator.samples"
	// MetricEvaluatorCount (sum, {evaluation}) counts evaluations, by their label, or by error.type
	// where the evaluator has failed.
	MetricEvaluatorCount = "ml.evaluator.count"
	// MetricShadowCount (sum, {prediction}) counts requests that two models have answered, by the
	// answers of both.
	MetricShadowCount = "ml.shadow.count"
	// MetricShadowScore (gauge) is how far the answers of two models to the same requests agree, and
	// the mean difference of their scores, values and durations, with confidence bounds.
	MetricShadowScore = "ml.shadow.score"
	// MetricShadowSamples (gauge, {prediction}) is the number of requests that a MetricShadowScore
	// rests on.
	MetricShadowSamples = "ml.shadow.samples"
)

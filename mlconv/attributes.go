// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlconv

// Attributes of a prediction span: which model answered.
const (
	// AttrModelName (string) is the model that answered. Example: "fraud".
	AttrModelName = "ml.model.name"
	// AttrModelVersion (string) is the version of the model that answered. Example: "7".
	AttrModelVersion = "ml.model.version"
	// AttrModelRole (string) is the part the model played: primary (the default), shadow or canary.
	// Example: "shadow".
	AttrModelRole = "ml.model.role"
	// AttrEnvironment (string) is where the model runs, on the span or its resource; with name and
	// version it identifies a model. Example: "production".
	AttrEnvironment = "deployment.environment.name"
	// AttrOperation (string) is predict on a span that is one call of the model but has neither its
	// answer nor its inputs; chat, generate_content, text_completion or embeddings on a call whose
	// gen_ai.operation.name is another. Example: "predict".
	AttrOperation = "ml.operation.name"
)

// Attributes of a prediction span: the answer.
const (
	// AttrPredictionID (string) joins a prediction with its label; trace and span id stand in where
	// it is absent. Example: "req-123".
	AttrPredictionID = "ml.prediction.id"
	// AttrPredictionClass (string) is the answer of a classifier. Example: "fraud".
	AttrPredictionClass = "ml.prediction.class"
	// AttrPredictionValue (double) is the answer of a regressor. Example: 3.2.
	AttrPredictionValue = "ml.prediction.value"
	// AttrPredictionConfidence (double, 0..1) is the score of the answer given. Example: 0.93.
	AttrPredictionConfidence = "ml.prediction.confidence"
	// AttrPredictionScore (double) is the score of the positive class. Example: 0.07.
	AttrPredictionScore = "ml.prediction.score"
	// AttrPredictionScores (map) is the score of every class. Example: {"fraud": 0.07, "ok": 0.93}.
	AttrPredictionScores = "ml.prediction.scores"
	// AttrPredictionRanking (string[]) is the ids in the order shown. Example: ["a", "b"].
	AttrPredictionRanking = "ml.prediction.ranking"
	// PrefixPredictionOutput (any) is one output of a model with several; the output's name
	// follows. Example: ml.prediction.output.eta = 12.5.
	PrefixPredictionOutput = "ml.prediction.output."
	// AttrBatchSize (int, {row}, 0..) is the number of rows in one call; every answer and feature
	// may then be an array of that length. Example: 32.
	AttrBatchSize = "ml.batch.size"
	// AttrPredictionCost (double, 0..) is what the call cost, in ml.prediction.currency. Example:
	// 0.0042.
	AttrPredictionCost = "ml.prediction.cost"
	// AttrPredictionCurrency (string) is the currency of ml.prediction.cost, as ISO 4217 has it.
	// Example: "USD".
	AttrPredictionCurrency = "ml.prediction.currency"
	// AttrLLMInputCharacters (int, {character}, 0..) is the length of the text that a generative
	// model was given, without its markup. Example: 1480.
	AttrLLMInputCharacters = "ml.llm.input.characters"
	// AttrLLMOutputCharacters (int, {character}, 0..) is the length of the text that a generative
	// model gave back. Example: 312.
	AttrLLMOutputCharacters = "ml.llm.output.characters"
	// AttrLLMInputMessages (int, {message}, 0..) is the number of messages that a generative model
	// was given. Example: 3.
	AttrLLMInputMessages = "ml.llm.input.messages"
	// AttrLLMOutputMessages (int, {message}, 0..) is the number of messages that a generative model
	// gave back. Example: 1.
	AttrLLMOutputMessages = "ml.llm.output.messages"
)

// Attributes of a prediction span: what the model saw.
const (
	// PrefixFeature (any scalar) is the value of one feature as the model saw it; absent or empty
	// means missing, unless the span dropped attributes: then it is unknown. Example:
	// ml.feature.amount = 12.5.
	PrefixFeature = "ml.feature."
	// AttrFeatures (map or JSON string) holds all features in one attribute, for wide models and
	// SDKs with an attribute limit. Example: {"amount": 12.5}.
	AttrFeatures = "ml.features"
	// PrefixEmbedding (double[]) is a vector to watch. Example: ml.embedding.query = [0.1, 0.7].
	PrefixEmbedding = "ml.embedding."
	// PrefixSegment (string) is a cohort of the prediction; the dimension's name follows. Example:
	// ml.segment.country = "DE".
	PrefixSegment = "ml.segment."
	// AttrFeatureViewName (string) is the feature view the features came from. Example:
	// "transactions_1d".
	AttrFeatureViewName = "ml.feature_view.name"
	// AttrFeatureViewVersion (string) is the version of that feature view. Example: "3".
	AttrFeatureViewVersion = "ml.feature_view.version"
	// AttrFeatureViewAge (double, s) is the age of the features when the model saw them. Example:
	// 86.4.
	AttrFeatureViewAge = "ml.feature_view.age"
	// AttrPayloadMissing (string) is the half that a span made from a payload log had to do
	// without: request or response. Example: "response".
	AttrPayloadMissing = "ml.payload.missing"
	// AttrDurationUnknown (bool) is true on a prediction whose start and end are the same because
	// its duration is not known. Example: true.
	AttrDurationUnknown = "ml.prediction.duration.unknown"
)

// Attributes that ml_metadata adds from the catalog.
const (
	// AttrModelOwner (string) is who answers for the model. Example: "risk-ml@example.com".
	AttrModelOwner = "ml.model.owner"
	// AttrModelTask (string) is what the model does: binary_classification, multiclass, regression,
	// ranking, generation. Example: "regression".
	AttrModelTask = "ml.model.task"
	// AttrModelAliases (string[]) is the aliases of the version in the catalog. Example:
	// ["champion"].
	AttrModelAliases = "ml.model.aliases"
	// AttrModelFramework (string) is what the model was trained with. Example: "xgboost".
	AttrModelFramework = "ml.model.framework"
	// AttrModelAge (double, s) is the time from the end of the model's training to the prediction.
	// Example: 1814400.
	AttrModelAge = "ml.model.age"
	// AttrModelTrainingDataset (string) is the data set the model was trained on. Example:
	// "transactions_2026_10".
	AttrModelTrainingDataset = "ml.model.training.dataset"
	// AttrModelKnown (bool) is false on a span whose model or version the catalog does not know,
	// where ml_metadata is told to mark it. Example: false.
	AttrModelKnown = "ml.model.known"
	// AttrModelRunbook (string) is where to read what to do when the model misbehaves. Example:
	// "https://example.com/runbooks/fraud".
	AttrModelRunbook = "ml.model.runbook"
	// AttrJobOwner (string) is who answers for the job. Example: "recsys@example.com".
	AttrJobOwner = "ml.job.owner"
	// AttrJobProduces (string) is the model that the job trains. Example: "recsys".
	AttrJobProduces = "ml.job.produces"
	// PrefixModelTrainingParam (string) is a parameter of the run that trained the version, as the
	// registry has it; the parameter's name follows. Example: ml.model.training.param.max_depth =
	// "6".
	PrefixModelTrainingParam = "ml.model.training.param."
	// PrefixModelTrainingMetric (double) is a metric of the run that trained the version, as the
	// registry has it; the metric's name follows. Example: ml.model.training.metric.val_auc = 0.91.
	PrefixModelTrainingMetric = "ml.model.training.metric."
	// AttrCatalogStale (bool) is true where what the catalog says of the model comes from a
	// registry that has not answered for long. Example: true.
	AttrCatalogStale = "ml.catalog.stale"
)

// Attributes of a job's spans or their resource.
const (
	// AttrPipelineName (string) is the job. Example: "recsys_daily".
	AttrPipelineName = "cicd.pipeline.name"
	// AttrPipelineRunID (string) is the run of the job; a run may span several traces, and the
	// trace id stands in where it is absent. Example: "scheduled__2026-11-22".
	AttrPipelineRunID = "cicd.pipeline.run.id"
	// AttrPipelineRunState (string) is pending, executing or finalizing; a span with executing is a
	// sign of life of a long stage. Example: "executing".
	AttrPipelineRunState = "cicd.pipeline.run.state"
	// AttrPipelineResult (string) is the outcome of the run: success, failure, error, timeout,
	// cancellation, skip. Example: "failure".
	AttrPipelineResult = "cicd.pipeline.result"
	// AttrTaskName (string) is the stage. Example: "train".
	AttrTaskName = "cicd.pipeline.task.name"
	// AttrTaskRunID (string) is one execution of the stage. Example: "train-1".
	AttrTaskRunID = "cicd.pipeline.task.run.id"
	// AttrTaskRunResult (string) is the outcome of the stage, with the same values as the run's.
	// Example: "skip".
	AttrTaskRunResult = "cicd.pipeline.task.run.result"
	// AttrStageAttempt (int, 0..) is 1 for the first try. Example: 2.
	AttrStageAttempt = "ml.stage.attempt"
	// AttrStageFinal (bool) is false where a retry follows. Example: false.
	AttrStageFinal = "ml.stage.final"
	// AttrStageInstance (string) is a mapped task's index or a rank. Example: "17".
	AttrStageInstance = "ml.stage.instance"
	// AttrStageInstances (int, 0..) is how many instances are expected. Example: 500.
	AttrStageInstances = "ml.stage.instances"
	// AttrStageCause (string) is why a stage was skipped. Example: "upstream_failed".
	AttrStageCause = "ml.stage.cause"
	// AttrStageRowsIn (int, {row}, 0..) is the rows the stage read. Example: 120000.
	AttrStageRowsIn = "ml.stage.rows.in"
	// AttrStageRowsOut (int, {row}, 0..) is the rows the stage wrote. Example: 118000.
	AttrStageRowsOut = "ml.stage.rows.out"
	// PrefixStageNullRatio (double, 0..1) is the share of nulls in a column that the stage wrote;
	// the feature's name follows. Example: ml.stage.null_ratio.amount = 0.02.
	PrefixStageNullRatio = "ml.stage.null_ratio."
	// PrefixStageMetric (double) is what the stage measured; the metric's name follows. Example:
	// ml.stage.metric.val_auc = 0.91.
	PrefixStageMetric = "ml.stage.metric."
	// AttrJobLogicalDate (string) is the period a run is for. Example: "2026-11-22".
	AttrJobLogicalDate = "ml.job.logical_date"
	// AttrJobResumes (string) is the id of the run that this one continues. Example:
	// "manual__2026-11-21".
	AttrJobResumes = "ml.job.resumes"
	// AttrDatasetName (string) is the data set that was read or written. Example: "transactions".
	AttrDatasetName = "ml.dataset.name"
	// AttrDatasetVersion (string) is the version of that data set. Example: "2026-11-22".
	AttrDatasetVersion = "ml.dataset.version"
)

// Attributes of alerts, which are log records.
const (
	// EventAlert (event) is the EventName of a log record that is an alert.
	EventAlert = "ml.alert"
	// AttrAlertName (string) is the name of the alert. Example: "StageFailed".
	AttrAlertName = "ml.alert.name"
	// AttrAlertState (string) is firing or resolved. Example: "firing".
	AttrAlertState = "ml.alert.state"
	// AttrAlertSeverity (string) is critical, warning or info. Example: "critical".
	AttrAlertSeverity = "ml.alert.severity"
	// AttrAlertFingerprint (string) identifies the alert from its first firing to its end. Example:
	// "9c1185a5c5e9fc54".
	AttrAlertFingerprint = "ml.alert.fingerprint"
	// AttrAlertEnd (string) is when a resolved alert ended, as RFC 3339; absent while it fires.
	// Example: "2026-11-22T03:41:07.5Z".
	AttrAlertEnd = "ml.alert.end"
	// PrefixAlertLabel (string) is a part of the alert's identity; the label's name follows.
	// Example: ml.alert.label.job = "recsys_daily".
	PrefixAlertLabel = "ml.alert.label."
	// PrefixAlertAnnotation (string) is a fact about the alert; the annotation's name follows.
	// Example: ml.alert.annotation.runbook_url = "https://example.com".
	PrefixAlertAnnotation = "ml.alert.annotation."
)

// Attributes of what ml_action has decided and done, which are log records and spans.
const (
	// EventAction (event) is the EventName of a log record that says what ml_action has decided, or
	// what became of an action.
	EventAction = "ml.action"
	// AttrActionName (string) is the name of the action in the config. Example: "rollback".
	AttrActionName = "ml.action.name"
	// AttrActionKind (string) is rollback, retrain, incident or notify. Example: "rollback".
	AttrActionKind = "ml.action.kind"
	// AttrActionMode (string) is observe, dry_run, approve or enforce. Example: "enforce".
	AttrActionMode = "ml.action.mode"
	// AttrActionVerdict (string) is what was decided (act, wait, refuse, observe, awaiting_approval and
	// so on), or what became of a procedure (completed, already_done, refused, held, failed, unknown,
	// dry_run). Example: "completed".
	AttrActionVerdict = "ml.action.verdict"
	// AttrActionGuard (string) is the guard that objects. Example: "cooldown".
	AttrActionGuard = "ml.action.guard"
	// AttrActionProcedure (string) is do, update or resolve, on what became of one. Example: "do".
	AttrActionProcedure = "ml.action.procedure"
	// AttrActionKey (string) is the idempotency key: the same for an alert, its beginning, the target
	// and its versions. Example: "0f4b6a2c9d3e815f0f4b6a2c9d3e815f".
	AttrActionKey = "ml.action.key"
	// AttrActionTarget (string) is what is acted on. Example: "model fraud in production".
	AttrActionTarget = "ml.action.target"
	// AttrActionVersionFrom (string) is the version that is to go. Example: "7".
	AttrActionVersionFrom = "ml.action.version.from"
	// AttrActionVersionTo (string) is the version that is to come back. Example: "6".
	AttrActionVersionTo = "ml.action.version.to"
	// AttrActionReason (string) is why, in a sentence. Example: "all guards agree".
	AttrActionReason = "ml.action.reason"
	// AttrActionStep (string) is the step of a procedure, on the events of a span. Example: "set".
	AttrActionStep = "ml.action.step"
	// AttrActionStepState (string) is sent, done, failed or undone. Example: "done".
	AttrActionStepState = "ml.action.step.state"
)

// Attributes of labels, which are log records: the truth about a prediction, which is known later.
const (
	// EventGroundTruth (event) is the EventName of a log record that is a label.
	EventGroundTruth = "ml.ground_truth"
	// AttrLabelKey (string) is a key of the business that the prediction's span has, too, where the
	// prediction's id is not known. Example: "order-4711".
	AttrLabelKey = "ml.label.key"
	// AttrLabelRow (int, 0..) is the place of the prediction in a call that predicts several; absent
	// means the first. Example: 3.
	AttrLabelRow = "ml.label.row"
	// AttrLabelClass (string) is the true class. Example: "fraud".
	AttrLabelClass = "ml.label.class"
	// AttrLabelValue (double) is the true number. Example: 3.2.
	AttrLabelValue = "ml.label.value"
	// AttrLabelRelevance (map) is what the items of a ranking were worth. Example: {"a": 1, "c": 3}.
	AttrLabelRelevance = "ml.label.relevance"
	// AttrLabelRetracted (bool) is true where the label that is known is taken back. Example: true.
	AttrLabelRetracted = "ml.label.retracted"
	// AttrLabelTime (string) is when the truth was known, as RFC 3339 or in seconds since 1970, where
	// the record's Timestamp does not say so. Example: "2026-11-22T10:00:00Z".
	AttrLabelTime = "ml.label.time"
	// AttrLabelWeight (double, 0..) is what the label counts; absent means 1. Example: 20.
	AttrLabelWeight = "ml.label.weight"
	// AttrLabelSource (string) is who says so. Example: "chargeback".
	AttrLabelSource = "ml.label.source"
	// AttrLabelSet (string) is the set of labels that it belongs to; absent means those of live
	// traffic. Example: "gold".
	AttrLabelSet = "ml.label.set"
	// AttrPredictionTime (string) is when the prediction was made, as RFC 3339. Example:
	// "2026-11-15T08:30:00Z".
	AttrPredictionTime = "ml.prediction.time"
)

// Dimensions of the metrics of ml_evaluation.
const (
	// AttrEvaluationMeasure (string) is the measure. Example: "fpr".
	AttrEvaluationMeasure = "ml.evaluation.measure"
	// AttrEvaluationBound (string) is point, lower or upper. Example: "lower".
	AttrEvaluationBound = "ml.evaluation.bound"
	// AttrEvaluationKind (string) is measured, by labels, or estimated, from scores alone. Example:
	// "estimated".
	AttrEvaluationKind = "ml.evaluation.kind"
	// AttrEvaluationClass (string) is the class against all others that a measure is of; absent
	// where it is of all, or of the positive class. Example: "fraud".
	AttrEvaluationClass = "ml.evaluation.class"
	// AttrEvaluationAverage (string) is macro or micro where a measure is an average over classes.
	// Example: "macro".
	AttrEvaluationAverage = "ml.evaluation.average"
	// AttrEvaluationPredicted (string) is the class that was predicted. Example: "fraud".
	AttrEvaluationPredicted = "ml.evaluation.predicted"
	// AttrEvaluationActual (string) is the class that the label gives. Example: "ok".
	AttrEvaluationActual = "ml.evaluation.actual"
	// AttrEvaluationComparedWith (string) is what a difference is against: previous_window, live (of a
	// set of labels), estimate, shadow, or a version. Example: "previous_window".
	AttrEvaluationComparedWith = "ml.evaluation.compared_with"
	// AttrEvaluationMethod (string) is how a difference was measured: independent rows, paired rows,
	// or sequential, which may be looked at at any time. Example: "sequential".
	AttrEvaluationMethod = "ml.evaluation.method"
	// AttrEvaluationVerdict (string) is worse, not_worse, inconclusive or undetectable. Example:
	// "worse".
	AttrEvaluationVerdict = "ml.evaluation.verdict"
	// AttrEvaluatorKind (string) is who has judged: LLM, HUMAN, CODE, or what else an evaluator calls
	// itself. Example: "LLM".
	AttrEvaluatorKind = "ml.evaluator.kind"
	// AttrShadowModel (string) is the name of the model that answers in the shadow, where it is
	// another one than the primary one. Example: "fraud-next".
	AttrShadowModel = "ml.shadow.model"
	// AttrShadowVersion (string) is the version of the model that answers in the shadow. Example:
	// "8".
	AttrShadowVersion = "ml.shadow.version"
	// AttrShadowClass (string) is the answer in the shadow. Example: "ok".
	AttrShadowClass = "ml.shadow.class"
	// AttrShadowFailed (string) is which of two calls of one request has failed: primary, shadow or
	// both. Example: "shadow".
	AttrShadowFailed = "ml.shadow.failed"
	// EventMisjudged (event) is the EventName of a log record that is a prediction which its label
	// contradicts.
	EventMisjudged = "ml.misjudged"
)

// Dimensions of metrics, always on the data point.
const (
	// AttrSegment (string) is the cohort of a series; absent on the total. Example: "country=DE".
	AttrSegment = "ml.segment"
	// AttrFeatureName (string) is the feature of a series. Example: "amount".
	AttrFeatureName = "ml.feature.name"
	// AttrFeatureCategory (string) is a value of a categorical feature. Example: "DE".
	AttrFeatureCategory = "ml.feature.category"
	// AttrOverflow (bool) is true on the series that takes what a bounded table had no room for.
	// Example: true.
	AttrOverflow = "otel.metric.overflow"
	// AttrDriftSubject (string) is what was compared: feature, prediction, class, confidence or
	// missing. Example: "feature".
	AttrDriftSubject = "ml.drift.subject"
	// AttrDriftMethod (string) is the statistic: psi, jensen_shannon, kl, ks, wasserstein, chi2,
	// hellinger, l_infinity. Example: "psi".
	AttrDriftMethod = "ml.drift.method"
	// AttrDriftReference (string) is what the window was compared with: baseline, champion or
	// previous. Example: "baseline".
	AttrDriftReference = "ml.drift.reference"
	// AttrDriftVerdict (string) is drift, ok or insufficient. Example: "insufficient".
	AttrDriftVerdict = "ml.drift.verdict"
	// AttrDriftReason (string) is why a verdict is insufficient: few (values), pending (the first
	// window is not closed yet), no_reference, few_reference (values), mismatch (of bins or types)
	// or learning (of the baseline). Example: "few".
	AttrDriftReason = "ml.drift.reason"
	// AttrStreamDetector (string) is the name of a change detector, which is its type where the
	// config gives it no other. Example: "adwin".
	AttrStreamDetector = "ml.stream.detector"
	// AttrStreamSubject (string) is what a change detector watches: confidence, value, error,
	// duration or the key of an attribute. Example: "confidence".
	AttrStreamSubject = "ml.stream.subject"
	// AttrStageRowsDirection (string) is in for the rows that a stage read, out for those that it
	// wrote. Example: "out".
	AttrStageRowsDirection = "ml.stage.rows.direction"
)

// Attributes of the evidence of a drift: log records on windows, beside the dimensions of ml_drift's
// metrics.
const (
	// EventDriftEvidence (event) is the EventName of a log record on a window that shows a drift, or
	// that has ended one.
	EventDriftEvidence = "ml.drift.evidence"
	// AttrDriftScore (double) is the score of the method that decides. Example: 0.217.
	AttrDriftScore = "ml.drift.score"
	// AttrDriftEffect (double) is what is compared with the threshold: the score, but for what is
	// expected of rows that depend on each other, and of chi2 Cramér's V. Example: 0.216.
	AttrDriftEffect = "ml.drift.effect"
	// AttrDriftThreshold (double) is the effect at which the method speaks of drift. Example: 0.1.
	AttrDriftThreshold = "ml.drift.threshold"
	// AttrDriftPValue (double, 0..1) is the probability of a score at least as large if nothing had
	// changed. Example: 1e-12.
	AttrDriftPValue = "ml.drift.p_value"
	// AttrDriftSamples (int, {sample}, 0..) is the number of values in the window. Example: 4790.
	AttrDriftSamples = "ml.drift.samples"
	// AttrDriftEffectiveSamples (double, {sample}, 0..) is how many independent values those of the
	// window are worth. Example: 3100.5.
	AttrDriftEffectiveSamples = "ml.drift.effective_samples"
	// AttrDriftReferenceSamples (int, {sample}, 0..) is the number of values in the reference.
	// Example: 10000.
	AttrDriftReferenceSamples = "ml.drift.reference_samples"
	// AttrDriftWindowStart (string) is the event time at which the window begins, as RFC 3339.
	// Example: "2026-11-23T10:00:00Z".
	AttrDriftWindowStart = "ml.drift.window.start"
	// AttrDriftWindowEnd (string) is the event time at which the window ends, as RFC 3339. Example:
	// "2026-11-23T11:00:00Z".
	AttrDriftWindowEnd = "ml.drift.window.end"
	// AttrDriftWindowDuration (int, s, 0..) is the length of the window. Example: 3600.
	AttrDriftWindowDuration = "ml.drift.window.duration"
	// AttrDriftSince (string) is the start of the first window of the drift, as RFC 3339. Example:
	// "2026-11-23T09:00:00Z".
	AttrDriftSince = "ml.drift.since"
	// AttrDriftRank (int, 1..) is the place of the drift among all that drifts of the model. Example:
	// 1.
	AttrDriftRank = "ml.drift.rank"
	// AttrDriftKind (string) is what kind of change there is: shift, scale, new_category, … Example:
	// "shift".
	AttrDriftKind = "ml.drift.kind"
	// AttrDriftTraceIDs (string[]) is the ids of the traces of up to three predictions that show it, the best one
	// first. Example: ["a61d3838b065e21e165870bf66ae1455"].
	AttrDriftTraceIDs = "ml.drift.trace_ids"
)

// Attributes that carry ml_summary's deltas to ml_drift.
const (
	// AttrSummaryProducer (string) is the random id of the ml_summary instance, new at every start,
	// with the number of the model in it, on the resource. Example: "5f0c2f6e9f6f4b1e.3".
	AttrSummaryProducer = "ml.summary.producer"
	// AttrSummarySequence (int, 0..) is the number of the flush among those of its producer, from 1,
	// on the resource. Example: 42.
	AttrSummarySequence = "ml.summary.sequence"
	// AttrSummaryPoints (int, {point}, 0..) is the number of data points in the flush, on the
	// resource. Example: 310.
	AttrSummaryPoints = "ml.summary.points"
	// AttrSummaryPoint (int, 0..) is the ordinal of a data point in its flush, from 0, on the
	// point. Example: 17.
	AttrSummaryPoint = "ml.summary.point"
	// AttrSummaryPartition (string) is the partition of a topic that a request came from, on the
	// resource. Example: "ml_deltas/3".
	AttrSummaryPartition = "ml.summary.partition"
	// AttrSummarySquaredWeights (int, 0..) is the sum of the squares of what the counted rows stand
	// for, on a point some of whose rows were sampled; without it all stand for themselves. Example:
	// 4000.
	AttrSummarySquaredWeights = "ml.summary.squared_weights"
	// AttrSummaryVector (bytes) is the sum of the vectors that a point counts, as 64-bit floats, the
	// lowest byte first.
	AttrSummaryVector = "ml.summary.vector"
	// AttrSamplingMethod (string) is adjusted in the metadata of a metric some of whose rows were
	// sampled and count as many times as they stand for. Example: "adjusted".
	AttrSamplingMethod = "sampling.method"
)

// Attributes of the spans that ml_contract has checked, and of their events.
const (
	// AttrContractViolations (int, {violation}, 0..) is how often the span's rows broke a check of
	// the contract; absent where none did. Example: 2.
	AttrContractViolations = "ml.contract.violations"
	// AttrContractViolated (string[]) is the checks that the span broke, each once: the feature, or
	// the attribute, and the check's name with a dot between, or the name alone. Example:
	// ["amount.range", "currency.values"].
	AttrContractViolated = "ml.contract.violated"
	// AttrContractViolatedRows (int[]) is how many rows broke each of ml.contract.violated, in its
	// order, on a span of several rows. Example: [12, 1].
	AttrContractViolatedRows = "ml.contract.violated_rows"
	// AttrContractSeverity (string) is the severity of a check, on a span the highest of those that
	// it broke: critical, warning, info or another word. Example: "critical".
	AttrContractSeverity = "ml.contract.severity"
	// AttrContractCheck (string) is the name of a check. Example: "range".
	AttrContractCheck = "ml.contract.check"
	// AttrContractObserved (string) is what broke a check, cut or left out where it must not be
	// shown. Example: "-3".
	AttrContractObserved = "ml.contract.observed"
	// AttrContractExpected (string) is what a check asks for. Example: "at least 0".
	AttrContractExpected = "ml.contract.expected"
	// AttrContractRow (int, {row}, 0..) is the number of the row that broke a check, on a span of
	// several. Example: 17.
	AttrContractRow = "ml.contract.row"
	// AttrDataSource (string) is where the features came from, as the program that ingests them
	// knows it. Example: "pos-terminals".
	AttrDataSource = "ml.data.source"
	// AttrDataSchemaVersion (string) is the version of the schema that the features were written
	// with. Example: "3".
	AttrDataSchemaVersion = "ml.data.schema_version"
	// AttrContractVerdict (string) is what the check of a window says: ok, violated or
	// insufficient. Example: "violated".
	AttrContractVerdict = "ml.contract.verdict"
	// AttrContractBound (string) is which number of a figure it is: the point, or the lower or upper end
	// of its interval. Example: "lower".
	AttrContractBound = "ml.contract.bound"
	// EventContractViolation (event) is the event of a span for one violation of a contract.
	EventContractViolation = "ml.contract.violation"
)

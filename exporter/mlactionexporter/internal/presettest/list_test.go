// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package presettest

// presets are all presets, some of them with more than one configuration.
var presets = []preset{
	{
		name: "mlflow_alias", endpoint: "http://mlflow:5000", contracts: []string{"mlflow"}, server: newMLflow,
		stuck: func() server { return &mlflow{alias: "7", tags: map[string]string{}, stuck: true} },
	},
	{
		name: "kserve_traffic", endpoint: "https://kubernetes.default", contracts: []string{"kubernetes"},
		with:   map[string]any{"namespace": "models", "storage_uri": "s3://models/fraud/{{ .target.from }}"},
		server: func() server { return newInferenceService(true) },
		stuck:  func() server { return frozen(newInferenceService(true)) },
	},
	{
		name: "kserve_storage_uri", endpoint: "https://kubernetes.default", contracts: []string{"kubernetes"},
		with: map[string]any{
			"namespace": "models", "storage_uri": "s3://models/fraud/{{ .target.to }}", "from": "s3://models/fraud/{{ .target.from }}",
		},
		server: func() server { return newInferenceService(false) },
		stuck:  func() server { return frozen(newInferenceService(false)) },
	},
	{
		name: "kserve_storage_uri", endpoint: "https://kubernetes.default", contracts: []string{"kubernetes"},
		with:   map[string]any{"namespace": "models", "storage_uri": "s3://models/fraud/{{ .target.to }}"},
		server: func() server { return newInferenceService(true) },
	},
	{
		name: "argo_rollouts_undo", endpoint: "https://kubernetes.default", contracts: []string{"kubernetes"},
		with: map[string]any{"namespace": "models"}, server: newRollout, stuck: func() server { return frozen(newRollout()) },
	},
	{
		name: "argo_rollouts_undo", endpoint: "https://kubernetes.default", contracts: []string{"kubernetes"},
		with: map[string]any{
			"namespace": "models", "image": "example.com/fraud:{{ .target.to }}", "from_image": "example.com/fraud:{{ .target.from }}",
		},
		server: newRollout,
	},
	{
		name: "kubernetes_patch", endpoint: "https://kubernetes.default", contracts: []string{"kubernetes"},
		with: map[string]any{
			"namespace": "models", "resource": "configmaps", "field": "/data/model~1version",
			"merge": map[string]any{"data": map[string]any{"model/version": "{{ .target.to }}"}},
		},
		server: newConfigMap, stuck: func() server { return frozen(newConfigMap()) },
	},
	{
		name: "kubernetes_patch", endpoint: "https://kubernetes.default", contracts: []string{"kubernetes"},
		with: map[string]any{
			"group": "apps", "namespace": "models", "resource": "deployments", "field": "/spec/template/spec/containers/0/image",
			"wanted": "example.com/fraud:{{ .target.to }}", "expected": "example.com/fraud:{{ .target.from }}",
			"patch": `[{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "example.com/fraud:{{ .target.to }}"}]`,
		},
		server: newDeployment, stuck: func() server { return frozen(newDeployment()) },
	},
	{
		name: "airflow_v1", endpoint: "http://airflow:8080", contracts: []string{"airflow_v1"},
		with:   map[string]any{"dag": "retrain", "wait": "true", "conf": `{"data": {{ .model.name | json }}}`},
		server: func() server { return newAirflow(false) }, stuck: func() server { return &airflow{runs: map[string]object{}, stuck: true} },
	},
	{
		name: "airflow_v2", endpoint: "http://airflow:8080", contracts: []string{"airflow_v2", "airflow_auth"},
		with:    map[string]any{"dag": "retrain", "wait": "true"},
		secrets: map[string]string{"username": "bot", "password": "pw-" + canary},
		server:  func() server { return newAirflow(true) },
		stuck:   func() server { return &airflow{v2: true, runs: map[string]object{}, stuck: true} },
	},
	{
		name: "airflow_v2", endpoint: "http://airflow:8080", contracts: []string{"airflow_v2"},
		with: map[string]any{"dag": "retrain"}, server: func() server { return &airflow{v2: true, open: true, runs: map[string]object{}} },
	},
	{
		name: "argo_events", endpoint: "http://webhook:12000", contracts: []string{"argo_events"},
		secrets: map[string]string{"token": "events-" + canary}, server: newEvents,
	},
	{
		name: "argo_workflows", endpoint: "https://argo:2746", contracts: []string{"argo_workflows"},
		with:    map[string]any{"namespace": "models", "template": "retrain", "wait": "true"},
		secrets: map[string]string{"token": "argo-" + canary}, server: newWorkflows,
		stuck: func() server { return &workflows{all: map[string]object{}, stuck: true} },
	},
	{
		name: "pagerduty", endpoint: "https://events.pagerduty.com", contracts: []string{"pagerduty"},
		secrets: map[string]string{"routing_key": "routing-" + canary}, server: newPagerDuty,
	},
	{
		name: "jira_cloud", endpoint: "https://example.atlassian.net", contracts: []string{"jira_cloud"},
		with:    map[string]any{"project": "INC", "priority": "High"},
		secrets: map[string]string{"email": "bot@example.com", "token": "jira-" + canary},
		server:  func() server { return newJira(true) },
	},
	{
		name: "jira_server", endpoint: "https://jira.example.com", contracts: []string{"jira_server"},
		with: map[string]any{"project": "INC", "done": "Done"}, secrets: map[string]string{"token": "jira-" + canary},
		server: func() server { return newJira(false) },
	},
	{
		name: "github_issue", endpoint: "https://api.github.com", contracts: []string{"github"},
		with: map[string]any{"owner": "ml", "repository": "incidents"}, secrets: map[string]string{"token": "github-" + canary},
		server: func() server { return newGitHub(false) },
	},
	{
		name: "github_issue", endpoint: "https://api.github.com", contracts: []string{"github"},
		with: map[string]any{"owner": "ml", "repository": "incidents"}, secrets: map[string]string{"token": "github-" + canary},
		server: func() server { return newGitHub(true) },
	},
	{
		name: "github_issue", endpoint: "https://api.github.com", contracts: []string{"github"},
		with: map[string]any{"owner": "ml", "repository": "incidents", "branch": "traces"}, secrets: map[string]string{"token": "github-" + canary},
		server: func() server { return newGitHub(false) },
	},
	{
		name: "gitea_issue", endpoint: "https://git.example.com", contracts: []string{"gitea"},
		with: map[string]any{"owner": "ml", "repository": "incidents"}, secrets: map[string]string{"token": "gitea-" + canary},
		server: newGitea,
	},
	{
		name: "servicenow", endpoint: "https://example.service-now.com", contracts: []string{"servicenow"},
		secrets: map[string]string{"token": "now-" + canary}, server: newServiceNow,
	},
	{
		name: "slack", endpoint: "https://hooks.slack.com", contracts: []string{"slack"},
		secrets: map[string]string{"path": "services/T1/B1/" + canary}, server: newSlack,
	},
	{
		name: "webhook", endpoint: "https://hooks.example.com/hooks/ml", contracts: []string{"webhook"},
		secrets: map[string]string{"signing": signingKey}, server: newReceiver,
	},
}

// frozen takes patches and does nothing.
func frozen(s server) server {
	s.(*cluster).stuck = true
	return s
}

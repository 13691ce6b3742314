// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlactionexporter

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/alertmanager/matcher/parse"
	"github.com/prometheus/alertmanager/pkg/labels"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/action"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/control"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/engine"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/evidence"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/guard"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/configcheck"
)

// Config is the configuration of the ml_action exporter. The empty config takes alerts and does
// nothing.
type Config struct {
	// Mode is how far actions go that do not say: observe, dry_run (default), approve or enforce.
	Mode engine.Mode `mapstructure:"mode"`
	// Storage is the id of the storage extension of the journal. It is needed for the modes approve
	// and enforce. Default none.
	Storage *component.ID `mapstructure:"storage"`
	// Catalog is the id of the catalog extension. Without one it is the only one that is enabled.
	Catalog *component.ID `mapstructure:"catalog"`
	// Actions are what can be done, by a name. Default none.
	Actions map[string]Action `mapstructure:"actions"`
	// Guards are how careful actions are that do not say.
	Guards Guards `mapstructure:"guards"`
	// ApprovalExpires is how long an action waits for approval. Default 1h; 0 is refused.
	ApprovalExpires time.Duration `mapstructure:"approval_expires"`
	// ResolveAfter is how long an alert must have been over before its incident is closed. Default
	// 15m; 0 closes it at once.
	ResolveAfter time.Duration `mapstructure:"resolve_after"`
	// ActionTimeout is how long one procedure may take, with all its waits. Default 15m; 0 is refused.
	ActionTimeout time.Duration `mapstructure:"action_timeout"`
	// KillSwitchFile stops everything while it exists. Default none.
	KillSwitchFile string `mapstructure:"kill_switch_file"`
	// LeaderElector is the id of an extension k8s_leader_elector: the replica that leads acts. Default
	// none.
	LeaderElector *component.ID `mapstructure:"leader_elector"`
	// Lease is that of a storage which replicas share. Default none.
	Lease configoptional.Optional[Lease] `mapstructure:"lease"`
	// API is the HTTP server for approval and the kill switch. Default none; "api:" alone opens it on
	// localhost:4320.
	API configoptional.Optional[API] `mapstructure:"api"`
	// Decisions is the OTLP endpoint that each decision is sent to as a log record and a span. Default
	// none: then they are in the collector's log alone.
	Decisions configoptional.Optional[otlphttpexporter.Config] `mapstructure:"decisions"`
	// Evidence is what is kept of spans.
	Evidence Evidence `mapstructure:"evidence"`
	// TraceURL is the template of the link to a trace, with {trace_id} and perhaps {span_id}. Default is
	// a Jaeger on this machine; empty is no links.
	TraceURL string `mapstructure:"trace_url"`
	// Links are further links in incidents, such as to dashboards: templates of URLs by their text.
	// Default none.
	Links map[string]string `mapstructure:"links"`
	// Limits bound memory.
	Limits Limits `mapstructure:"limits"`
}

// Action is something that can be done, with the collector's HTTP client.
type Action struct {
	// ClientConfig is the collector's HTTP client: endpoint (the base URL), tls, auth, headers, timeout
	// (default 30s) and the rest.
	ClientConfig confighttp.ClientConfig `mapstructure:",squash"`
	// Preset is the name of one that is shipped, Definition one's own in the same form; one of them.
	Preset     string         `mapstructure:"preset"`
	Definition map[string]any `mapstructure:"definition"`
	// Matchers say for which alerts it is, as in Alertmanager's routes. All must match.
	Matchers []string `mapstructure:"matchers"`
	// With are the values of the preset's parameters; their texts are templates over the alert.
	With map[string]any `mapstructure:"with"`
	// Secrets are the values of the preset's secrets.
	Secrets map[string]configopaque.String `mapstructure:"secrets"`
	// Mode, Guards, ApprovalExpires, ResolveAfter and ActionTimeout are the exporter's where they are
	// not there.
	Mode            engine.Mode   `mapstructure:"mode"`
	Guards          Guards        `mapstructure:"guards"`
	ApprovalExpires time.Duration `mapstructure:"approval_expires"`
	ResolveAfter    time.Duration `mapstructure:"resolve_after"`
	ActionTimeout   time.Duration `mapstructure:"action_timeout"`
}

// Guards are how careful an action is. Those of versions are for rollbacks, those of the target for
// rollbacks and retraining; the others are for all.
type Guards struct {
	// Sustained is how long the breach must have lasted. Default 15m for rollbacks and retraining, 0 for
	// incidents and notes.
	Sustained *time.Duration `mapstructure:"sustained"`
	// SourceTimeout is the silence of an alert's source after which it is not known whether the alert
	// still holds. Default 3m; 0 is refused.
	SourceTimeout time.Duration `mapstructure:"source_timeout"`
	// WarmUp is how long after a start nothing is changed. Default 1m; 0 acts at once.
	WarmUp time.Duration `mapstructure:"warm_up"`
	// MinSamples is how many events an alert must rest on that says. Default 100; 0 asks for none.
	MinSamples int `mapstructure:"min_samples"`
	// NoDataAlerts are the names of alerts that say that too little is known; nothing is changed for
	// them. Default SLONoData, SLONotMeasurable, NoTelemetry.
	NoDataAlerts []string `mapstructure:"no_data_alerts"`
	// HoldOn are the names of alerts that say that the collector loses data; nothing is changed while
	// one fires. Default those of rules/collector.yaml.
	HoldOn []string `mapstructure:"hold_on"`
	// BlameWindow is how long after a new version a breach may have begun. Default 24h; 0 asks nothing
	// of when it came.
	BlameWindow time.Duration `mapstructure:"blame_window"`
	// PingPong is how long a version that was restored is not rolled back itself. Default 24h; 0 never
	// minds.
	PingPong time.Duration `mapstructure:"ping_pong"`
	// Cooldown is the time between two actions on a target; it doubles with each of a day, up to
	// MaxCooldown. Default 1h and 12h; 0 is none, and no bound.
	Cooldown    time.Duration `mapstructure:"cooldown"`
	MaxCooldown time.Duration `mapstructure:"max_cooldown"`
	// MaxPerTarget is how many actions of a kind there may be on a target in 24 hours. Default 3; 0 has
	// no bound.
	MaxPerTarget int `mapstructure:"max_per_target"`
	// MaxPerDay is how many actions of a kind there may be in 24 hours. Default 10 for rollbacks and
	// retraining, 100 for incidents and notes; 0 has no bound.
	MaxPerDay *int `mapstructure:"max_per_day"`
}

// Lease is that of a storage which replicas share.
type Lease struct {
	// Duration is how long it holds that is not renewed. Default 30s.
	Duration time.Duration `mapstructure:"duration"`
	// Holder names this replica. Default the name of the host and the process.
	Holder string `mapstructure:"holder"`
}

// API is the HTTP server for approval and the kill switch.
type API struct {
	// ServerConfig is the HTTP server: endpoint (default localhost:4320), tls, auth and so on.
	confighttp.ServerConfig `mapstructure:",squash"`
	// Secret signs what changes something: 24 bytes or more, or whsec_ and base64. Without it, nothing
	// can be changed by HTTP.
	Secret configopaque.String `mapstructure:"secret"`
}

// Evidence is what is kept of spans, and what of them may leave.
type Evidence struct {
	// Directory is where the latest spans are kept; one process at a time may use it. Default ./evidence;
	// empty keeps none.
	Directory string `mapstructure:"directory"`
	// MaxSizeMiB and MaxAge bound the latest spans. Default 256 and 1h; 0 is refused.
	MaxSizeMiB int           `mapstructure:"max_size_mib"`
	MaxAge     time.Duration `mapstructure:"max_age"`
	// MaxPinnedMiB bounds the traces of alerts that are not over, beside those. Default 64; 0 is refused.
	MaxPinnedMiB int `mapstructure:"max_pinned_mib"`
	// MaxSpansPerTrace is how many spans of one trace are kept. Default 10000; 0 is refused.
	MaxSpansPerTrace int `mapstructure:"max_spans_per_trace"`
	// ContrastTraces is how many good traces are attached to compare with. Default 2; 0 is none.
	ContrastTraces int `mapstructure:"contrast_traces"`
	// Keep and Remove are keys of attributes, with * for any text, whose values leave or do not, beside
	// those that are removed by default. Keep goes first.
	Keep   []string `mapstructure:"keep"`
	Remove []string `mapstructure:"remove"`
	// Features lets the values of features leave. Default false.
	Features bool `mapstructure:"features"`
	// Jaeger is asked, by its query API v3, for traces that are not kept: the collector's HTTP client.
	// Default none; "jaeger:" alone asks http://localhost:16686.
	Jaeger configoptional.Optional[confighttp.ClientConfig] `mapstructure:"jaeger"`
}

// Limits bound memory.
type Limits struct {
	// Alerts is how many alerts are held, those for which no action is among them. Default 10000.
	Alerts int `mapstructure:"alerts"`
	// Concurrent is how many procedures are carried out at a time. Default 8.
	Concurrent int `mapstructure:"concurrent"`
}

var (
	_ confmap.Validator   = (*Config)(nil)
	_ confmap.Unmarshaler = (*Config)(nil)
)

// holdOn are the alerts of rules/collector.yaml that say that data were lost or are late.
var holdOn = []string{
	"ExporterLosesData", "ReceiverRefuses", "PredictionsUnreadable", "PayloadsUnreadable", "DeltasLost", "DeltaReaderBehind", "LimitReached",
	"StateSetAside", "RulesNotEvaluated", "RuleSamplesRefused",
}

// The bounds of days and of the longest waits.
const (
	month     = 31 * 24 * time.Hour
	maxLimits = 1_000_000
)

func createDefaultConfig() component.Config {
	server := confighttp.NewDefaultServerConfig()
	server.NetAddr.Endpoint = "localhost:4320"
	decisions := otlphttpexporter.NewFactory().CreateDefaultConfig().(*otlphttpexporter.Config)
	decisions.ClientConfig.Endpoint = "http://localhost:4318"
	return &Config{
		Mode: engine.DryRun,
		Guards: Guards{
			SourceTimeout: 3 * time.Minute, WarmUp: time.Minute, MinSamples: 100,
			NoDataAlerts: []string{"SLONoData", "SLONotMeasurable", "NoTelemetry"}, HoldOn: slices.Clone(holdOn),
			BlameWindow: guard.Day, PingPong: guard.Day, Cooldown: time.Hour, MaxCooldown: 12 * time.Hour, MaxPerTarget: 3,
		},
		ApprovalExpires: time.Hour,
		ResolveAfter:    15 * time.Minute,
		ActionTimeout:   15 * time.Minute,
		Lease:           configoptional.Default(Lease{Duration: 30 * time.Second}),
		API:             configoptional.Default(API{ServerConfig: server}),
		Decisions:       configoptional.Default(*decisions),
		Evidence:        defaultEvidence(),
		TraceURL:        alert.DefaultTraceURL,
		Limits:          Limits{Alerts: 10_000, Concurrent: 8},
	}
}

func defaultEvidence() Evidence {
	query := confighttp.NewDefaultClientConfig()
	query.Endpoint, query.Timeout = "http://localhost:16686", 10*time.Second
	return Evidence{
		Directory: "./evidence", MaxSizeMiB: evidence.DefaultMaxBytes >> 20, MaxAge: evidence.DefaultMaxAge, MaxPinnedMiB: evidence.DefaultMaxPinned >> 20,
		MaxSpansPerTrace: evidence.DefaultMaxSpansPerTrace, ContrastTraces: evidence.DefaultContrast, Jaeger: configoptional.Default(query),
	}
}

func (v *Evidence) check(wrong *configcheck.Violations) {
	wrong.Check(
		configcheck.Range("evidence::max_size_mib", v.MaxSizeMiB, 1, 1<<20),
		configcheck.Duration("evidence::max_age", v.MaxAge, 0, month),
		configcheck.Range("evidence::max_pinned_mib", v.MaxPinnedMiB, 1, 1<<20),
		configcheck.Range("evidence::max_spans_per_trace", v.MaxSpansPerTrace, 1, maxLimits),
		configcheck.Range("evidence::contrast_traces", v.ContrastTraces, 0, 10),
		configcheck.Distinct("evidence::keep", v.Keep),
		configcheck.Distinct("evidence::remove", v.Remove),
	)
	if v.Jaeger.HasValue() {
		if v.Directory == "" {
			wrong.Add("evidence::jaeger", "needs 'evidence::directory': what Jaeger has is kept there until the alert is over")
		}
		if _, err := checkBase(v.Jaeger.Get().Endpoint); err != nil {
			wrong.Add("evidence::jaeger::endpoint", "%w", err)
		}
	}
}

// Unmarshal gives each action what the exporter has where the action does not say.
func (c *Config) Unmarshal(conf *confmap.Conf) error {
	if err := conf.Unmarshal(c); err != nil {
		return err
	}
	actions, err := conf.Sub("actions")
	if err != nil {
		return err
	}
	var errs []error
	for name := range c.Actions {
		a := Action{
			ClientConfig: confighttp.NewDefaultClientConfig(), Mode: c.Mode, Guards: c.Guards,
			ApprovalExpires: c.ApprovalExpires, ResolveAfter: c.ResolveAfter, ActionTimeout: c.ActionTimeout,
		}
		a.ClientConfig.Timeout = 30 * time.Second
		own, err := actions.Sub(name)
		if err == nil {
			err = own.Unmarshal(&a)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("'actions::%s': %w", name, err))
		}
		c.Actions[name] = a
	}
	return errors.Join(errs...)
}

// Validate returns all violations, each naming its key.
func (c *Config) Validate() error {
	var wrong configcheck.Violations
	wrong.Check(checkMode("mode", c.Mode))
	c.Guards.check(&wrong, "guards::")
	wrong.Check(
		configcheck.Duration("approval_expires", c.ApprovalExpires, 0, month),
		configcheck.DurationOrZero("resolve_after", c.ResolveAfter, 0, month),
		configcheck.Duration("action_timeout", c.ActionTimeout, 0, guard.Day),
		configcheck.Range("limits::alerts", c.Limits.Alerts, 1, maxLimits),
		configcheck.Range("limits::concurrent", c.Limits.Concurrent, 1, 1000),
	)
	if err := alert.CheckTraceURL(c.TraceURL); err != nil {
		wrong.Add("trace_url", "%w", err)
	}
	c.Evidence.check(&wrong)
	for _, name := range slices.Sorted(maps.Keys(c.Actions)) {
		a := c.Actions[name]
		a.check(&wrong, "actions::"+name+"::", name)
		if (a.Mode == engine.Approve || a.Mode == engine.Enforce) && c.Storage == nil {
			wrong.Add("actions::"+name+"::mode", "%s needs 'storage': without a journal a restart would act twice", a.Mode)
		}
		if a.Mode == engine.Approve && (!c.API.HasValue() || c.API.Get().Secret == "") {
			wrong.Add("actions::"+name+"::mode", "%s needs 'api' with a 'secret': nobody could approve", a.Mode)
		}
	}
	if c.Lease.HasValue() {
		c.checkLease(&wrong)
	}
	if c.API.HasValue() {
		c.API.Get().check(&wrong)
	}
	c.checkLinks(&wrong)
	return wrong.Err()
}

func (c *Config) checkLease(wrong *configcheck.Violations) {
	wrong.Check(configcheck.Duration("lease::duration", c.Lease.Get().Duration, 3*time.Second, time.Hour))
	if c.Storage == nil {
		wrong.Add("lease", "needs 'storage', one that replicas share")
	}
	if c.LeaderElector != nil {
		wrong.Add("lease", "cannot be used with 'leader_elector': one of them decides who acts")
	}
}

func (c *Config) checkLinks(wrong *configcheck.Violations) {
	for _, text := range slices.Sorted(maps.Keys(c.Links)) {
		if u, err := url.Parse(c.Links[text]); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			wrong.Add("links::"+text, "must be an http or https URL")
		}
	}
}

func (a *API) check(wrong *configcheck.Violations) {
	if a.NetAddr.Endpoint == "" {
		wrong.Add("api::endpoint", "is empty: without an address, leave 'api' out")
	}
	if a.Secret != "" {
		if err := control.CheckSecret(string(a.Secret)); err != nil {
			wrong.Add("api::secret", "%w", err)
		}
	}
	wrong.Check(
		configcheck.DurationOrZero("api::read_timeout", a.ReadTimeout, 0, 0),
		configcheck.DurationOrZero("api::read_header_timeout", a.ReadHeaderTimeout, 0, 0),
		configcheck.DurationOrZero("api::write_timeout", a.WriteTimeout, 0, 0),
		configcheck.DurationOrZero("api::idle_timeout", a.IdleTimeout, 0, 0),
	)
}

func checkMode(key string, m engine.Mode) error {
	return configcheck.OneOf(key, m, engine.Observe, engine.DryRun, engine.Approve, engine.Enforce)
}

func (g *Guards) check(wrong *configcheck.Violations, prefix string) {
	if g.Sustained != nil {
		wrong.Check(configcheck.DurationOrZero(prefix+"sustained", *g.Sustained, 0, month))
	}
	wrong.Check(
		configcheck.Duration(prefix+"source_timeout", g.SourceTimeout, 0, month),
		configcheck.DurationOrZero(prefix+"warm_up", g.WarmUp, 0, time.Hour),
		configcheck.AtLeast(prefix+"min_samples", g.MinSamples, 0),
		configcheck.DurationOrZero(prefix+"blame_window", g.BlameWindow, 0, 12*month),
		configcheck.DurationOrZero(prefix+"ping_pong", g.PingPong, 0, 12*month),
		configcheck.DurationOrZero(prefix+"cooldown", g.Cooldown, 0, month),
		configcheck.DurationOrZero(prefix+"max_cooldown", g.MaxCooldown, 0, month),
		configcheck.AtLeast(prefix+"max_per_target", g.MaxPerTarget, 0),
		configcheck.Distinct(prefix+"hold_on", g.HoldOn),
		configcheck.Distinct(prefix+"no_data_alerts", g.NoDataAlerts),
	)
	if g.MaxCooldown > 0 && g.MaxCooldown < g.Cooldown {
		wrong.Add(prefix+"max_cooldown", "%v must not be below 'cooldown' (%v)", g.MaxCooldown, g.Cooldown)
	}
	if g.MaxPerDay != nil {
		wrong.Check(configcheck.AtLeast(prefix+"max_per_day", *g.MaxPerDay, 0))
	}
}

// policy is what the guards of an action of a kind are.
func (g *Guards) policy(kind action.Kind) guard.Policy {
	p := guard.Policy{
		WarmUp: g.WarmUp, SourceTimeout: g.SourceTimeout, MinSamples: g.MinSamples, NoData: g.NoDataAlerts, HoldOn: g.HoldOn, BlameWindow: g.BlameWindow,
		PingPong: g.PingPong, Cooldown: g.Cooldown, MaxCooldown: g.MaxCooldown, MaxPerTarget: g.MaxPerTarget, MaxPerDay: 100,
	}
	if kind.Changes() {
		p.Sustained, p.MaxPerDay = 15*time.Minute, 10
	}
	if g.Sustained != nil {
		p.Sustained = *g.Sustained
	}
	if g.MaxPerDay != nil {
		p.MaxPerDay = *g.MaxPerDay
	}
	return p
}

// definition returns what the action is.
func (a *Action) definition(name string) (*action.Definition, error) {
	switch {
	case a.Preset != "" && a.Definition != nil:
		return nil, errors.New("'preset' and 'definition' cannot both be there")
	case a.Preset != "":
		return action.Preset(a.Preset)
	case a.Definition != nil:
		return action.FromMap("definition", name, a.Definition)
	}
	return nil, errors.New("'preset' or 'definition' is missing")
}

func (a *Action) secrets() map[string]string {
	out := make(map[string]string, len(a.Secrets))
	for name, value := range a.Secrets {
		out[name] = string(value)
	}
	return out
}

// parseMatchers reads matchers as Alertmanager does: UTF-8 first, the classic way where that fails.
func parseMatchers(texts []string) (labels.Matchers, error) {
	var out labels.Matchers
	var errs []error
	for i, text := range texts {
		m, err := parse.Matchers(text)
		if err != nil {
			m, err = labels.ParseMatchers(text)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("[%d]: %q is no matcher: %w", i, text, err))
		}
		out = append(out, m...)
	}
	return out, errors.Join(errs...)
}

func (a *Action) check(wrong *configcheck.Violations, prefix, name string) {
	d, err := a.definition(name)
	if err != nil {
		wrong.Add(strings.TrimSuffix(prefix, "::"), "%w", err)
	} else if _, _, err := d.Arguments(a.With, a.secrets()); err != nil {
		wrong.Add(strings.TrimSuffix(prefix, "::"), "%w", err)
	}
	if len(a.Matchers) == 0 {
		wrong.Add(prefix+"matchers", "are missing: say for which alerts it is, such as 'alertname=\"SLOBreach\"'")
	}
	if _, err := parseMatchers(a.Matchers); err != nil {
		wrong.Add(prefix+"matchers", "%w", err)
	}
	if d != nil {
		if _, err := a.base(d); err != nil {
			wrong.Add(prefix+"endpoint", "%w", err)
		}
	}
	wrong.Check(
		checkMode(prefix+"mode", a.Mode),
		configcheck.Duration(prefix+"approval_expires", a.ApprovalExpires, 0, month),
		configcheck.DurationOrZero(prefix+"resolve_after", a.ResolveAfter, 0, month),
		configcheck.Duration(prefix+"action_timeout", a.ActionTimeout, 0, guard.Day),
		configcheck.Duration(prefix+"timeout", a.ClientConfig.Timeout, 0, time.Hour),
		configcheck.DurationOrZero(prefix+"idle_conn_timeout", a.ClientConfig.IdleConnTimeout, 0, 0),
		configcheck.DurationOrZero(prefix+"http2_read_idle_timeout", a.ClientConfig.HTTP2ReadIdleTimeout, 0, 0),
		configcheck.DurationOrZero(prefix+"http2_ping_timeout", a.ClientConfig.HTTP2PingTimeout, 0, 0),
	)
	a.Guards.check(wrong, prefix+"guards::")
}

// base is the URL that all requests of the action begin with.
func (a *Action) base(d *action.Definition) (*url.URL, error) {
	endpoint := a.ClientConfig.Endpoint
	if endpoint == "" {
		endpoint = d.Endpoint
	}
	return checkBase(endpoint)
}

// checkBase reads a base URL.
func checkBase(endpoint string) (*url.URL, error) {
	if endpoint == "" {
		return nil, errors.New("is missing: the base URL of the server")
	}
	u, err := url.Parse(endpoint)
	switch {
	case err != nil:
		return nil, errors.New("is no URL") // the error of url.Parse quotes all of it, perhaps with a password
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("%s must begin with http:// or https://", u.Redacted())
	case u.Host == "":
		return nil, fmt.Errorf("%s has no host", u.Redacted())
	case u.User != nil:
		return nil, fmt.Errorf("%s must not have a user: use 'auth' with an extension", u.Redacted())
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		return nil, fmt.Errorf("%s must not have a query or a fragment", u.Redacted())
	}
	return u, nil
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package action is what an action is: procedures of HTTP requests, written as YAML. A preset is
// one that is shipped; people write others of the same form.
//
//	presets/*.yaml, the user's own ─► Read ─► Definition ─► package procedure carries it out
package action

import (
	"net/http"
	"time"
)

// Kind is what an action is for. It decides which guards stand before it.
type Kind string

// The kinds of actions.
const (
	// Rollback puts a model back to its previous version: it needs a version to go back to.
	Rollback Kind = "rollback"
	// Retrain starts a job.
	Retrain Kind = "retrain"
	// Incident opens a ticket, adds to it, and closes it.
	Incident Kind = "incident"
	// Notify tells somebody.
	Notify Kind = "notify"
)

// Changes reports whether actions of the kind change a system, and not only tell of it.
func (k Kind) Changes() bool { return k == Rollback || k == Retrain }

// Definition is an action as it is written.
type Definition struct {
	// Name is the preset's, or the one in the config.
	Name        string
	Description string
	Kind        Kind
	// Endpoint is the base URL where it is the same for everybody, such as PagerDuty's; empty is
	// that the config must have it.
	Endpoint string
	// Parameters are what the config gives under "with", by name.
	Parameters map[string]Parameter
	// Secrets are what the config must give under "secrets", by name.
	Secrets map[string]Secret
	// Do is what is carried out once an alert is to be acted on.
	Do []Step
	// Update tells an incident what has happened since; Resolve closes it. Both may be empty.
	Update, Resolve []Step
}

// Parameter is a value that the config may give.
type Parameter struct {
	Description string
	// Default is a template over the data of an alert; nil if the config must give a value.
	Default *string
}

// Secret is a value that is never written anywhere.
type Secret struct {
	Description string
	Optional    bool
}

// Repeat says what may be done where it is not known whether a request had its effect.
type Repeat string

// The values of Repeat.
const (
	// Always: the same request again has no further effect.
	Always Repeat = "always"
	// Lookup: the steps before it find out what is there, and When decides by that.
	Lookup Repeat = "lookup"
	// Never: it is not sent again.
	Never Repeat = "never"
)

// The files of the evidence that a body may carry: its traces as OTLP JSON, compressed by gzip and
// not.
const (
	Traces     = "traces"
	TracesJSON = "traces_json"
)

// Step is one request. Strings are Go templates over the data, unless they are expressions of
// https://expr-lang.org, which When, That, Until, Fail and Extract are.
type Step struct {
	Name string
	// When is the expression that must hold for the step to be carried out; empty always holds.
	When string
	// Method and Path are the request's. Each value that the path's template puts out is one
	// escaped segment, or a part of one.
	Method, Path string
	Query        map[string]string
	Headers      map[string]string
	Body         Body
	// Sign is the name of the secret that signs the request as Standard Webhooks has it; empty for
	// none.
	Sign string
	// Require are checked before the request, once When holds: where one does not hold, the procedure
	// ends, and nothing is sent.
	Require []Check
	// Statuses are the answers that are a success, 200 to 299 if empty; Already those that say that
	// it was done before, which is a success, too.
	Statuses, Already []int
	// Expect are checked on the answer; where one does not hold, the request has failed, as with a bad
	// status.
	Expect []Check
	// Extract are the fields of the answer that later steps read as steps.NAME.FIELD, by name.
	Extract map[string]string
	// Hide are those of Extract that are secrets, such as a token. No record has them, so that the
	// step is carried out again after a restart.
	Hide []string
	// Repeat is Always for PUT, DELETE and what reads only, and must be said for the others.
	Repeat Repeat
	// Reads says that the request changes nothing, though its method is none of GET and HEAD: a
	// search by POST.
	Reads bool
	// Poll is set on a step that is repeated until something holds.
	Poll *Poll
	// Optional says that the procedure goes on where the step fails; it is said.
	Optional bool
	// Undo takes the step's effect back where a later step of the procedure fails.
	Undo []Step
	// DryRun is added to the query where the system can tell what would happen, such as {dryRun:
	// All}. It is empty, and not nil, where the request itself reads dry_run and says so. A request
	// that changes something is not sent in a dry run if it is nil.
	DryRun map[string]string
	// Timeout is how long one attempt may take; 0 is the client's.
	Timeout time.Duration
	// MaxBytes bounds the body. A file in it is made to fit.
	MaxBytes int
}

// ReadsOnly reports whether the step changes nothing.
func (s *Step) ReadsOnly() bool {
	return s.Reads || s.Method == http.MethodGet || s.Method == http.MethodHead
}

// Check is an expression that must hold, and what is said where it does not.
type Check struct {
	That      string
	Otherwise string
}

// Poll repeats a request.
type Poll struct {
	// Until is the expression over the answer that ends it well, Fail the one that ends it at once.
	Until, Fail       string
	Interval, Timeout time.Duration
}

// Body is what a request carries: at most one of its forms.
type Body struct {
	// JSON is a value of maps, lists, strings, numbers and booleans. Strings in it are templates. A
	// map with the one key $expr stands for what that expression gives, of any type; a key of a map
	// whose value is absent ({$expr: nil}) is left out. A map with the one key $file stands for that
	// file of the evidence, as base64 text; there is one at most.
	JSON any
	// Text is sent as it is, with the Content-Type of Headers.
	Text string
	// Merge and Patch are JSON, too, as a JSON merge patch and a JSON patch.
	Merge, Patch any
	// Attachment is the name of a file of the evidence, which is the body; with Field it is a part
	// of a multipart form.
	Attachment, Field string
}

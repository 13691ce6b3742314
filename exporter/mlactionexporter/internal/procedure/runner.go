// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package procedure

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Options are what all procedures of an action share.
type Options struct {
	// HTTP sends the requests. It follows no redirects, whatever it says of them.
	HTTP *http.Client
	// Base is the URL that the paths of steps are below.
	Base      *url.URL
	UserAgent string
	// Secrets are values of the config that are never written, beside those in the data.
	Secrets []string
	// MaxAnswer is how much of an answer is read, in bytes; 0 is 1 MiB.
	MaxAnswer int
	// Attempts is how often one request is sent at most; 0 is 5.
	Attempts int
	// Backoff is the wait after the first failure, which doubles up to MaxBackoff; 0 are 1 and 30
	// seconds. A server that asks for more gets it, within the time that is left.
	Backoff, MaxBackoff time.Duration
	// Settle is how long an unanswered request is given to have its effect before it is looked for; 0
	// is 5 seconds.
	Settle time.Duration
}

const (
	// maxWait is how long a server may ask to be left alone where the procedure has no deadline.
	maxWait = 5 * time.Minute
	// attemptTime is how long an attempt may take where neither the step nor the client says it.
	attemptTime = 30 * time.Second
	// undoTime is what undoing gets where the time of the procedure is over, journalTime what the
	// journal gets then.
	undoTime    = time.Minute
	journalTime = 5 * time.Second
)

// Runner carries out procedures. It is safe for use by several goroutines.
type Runner struct {
	options Options
	client  http.Client
	base    string
}

// New returns a Runner.
func New(o Options) (*Runner, error) {
	switch {
	case o.HTTP == nil:
		return nil, errors.New("procedure: there is no HTTP client")
	case o.Base == nil || o.Base.Host == "" || o.Base.Scheme != "http" && o.Base.Scheme != "https":
		return nil, errors.New("procedure: the endpoint must be a URL of http or https")
	case o.Base.RawQuery != "" || o.Base.Fragment != "":
		return nil, errors.New("procedure: the endpoint must have no query and no fragment")
	}
	o.MaxAnswer = cmp.Or(o.MaxAnswer, 1<<20)
	o.Attempts = cmp.Or(o.Attempts, 5)
	o.Backoff = cmp.Or(o.Backoff, time.Second)
	o.MaxBackoff = cmp.Or(o.MaxBackoff, 30*time.Second)
	o.Settle = cmp.Or(o.Settle, 5*time.Second)
	r := &Runner{options: o, client: *o.HTTP, base: strings.TrimRight(o.Base.EscapedPath(), "/")}
	r.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return r, nil
}

// url returns the URL of an escaped path below the base. The path / is the base itself, with no slash added.
func (r *Runner) url(path string, query url.Values) (*url.URL, error) {
	escaped := r.base + path
	if path == "/" && r.base != "" {
		escaped = r.base
	}
	decoded, err := url.PathUnescape(escaped)
	if err != nil {
		return nil, fmt.Errorf("the path: %w", err)
	}
	u := *r.options.Base
	u.Path, u.RawPath, u.RawQuery = decoded, escaped, query.Encode()
	parsed, err := url.Parse(u.String())
	if err != nil || parsed.Scheme != r.options.Base.Scheme || parsed.Host != r.options.Base.Host ||
		parsed.EscapedPath() != escaped || parsed.Fragment != "" || !strings.HasPrefix(escaped+"/", r.base+"/") {
		return nil, errors.New("the path leads elsewhere than below the endpoint")
	}
	return &u, nil
}

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package story

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// The bounds of what is taken.
const (
	maxBody   = 4 << 20
	maxAlerts = 10_000
)

// Alert is one that fires or has ended, as Alertmanager's API (v2, postableAlert) has it.
type Alert struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	StartsAt    time.Time         `json:"startsAt"`
	EndsAt      time.Time         `json:"endsAt"`
}

// alerts takes alerts as Alertmanager does, and prints each when it begins and when it ends.
type alerts struct {
	mu sync.Mutex
	// firing are the alerts that fire, by their labels.
	firing map[string]Alert
	// news is closed, and made anew, when an alert begins or ends.
	news chan struct{}
}

func newAlerts() *alerts {
	return &alerts{firing: map[string]Alert{}, news: make(chan struct{})}
}

func (a *alerts) serve(ctx context.Context, address string, work *sync.WaitGroup, cancel context.CancelCauseFunc) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("%w: with an Alertmanager of yours there, say -alertmanager ''", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v2/alerts", a.take)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	work.Go(func() {
		<-ctx.Done()
		_ = server.Close() // nothing is lost that would be kept
	})
	work.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			cancel(err)
		}
	})
	return nil
}

func (a *alerts) take(w http.ResponseWriter, request *http.Request) {
	var posted []Alert
	if err := json.NewDecoder(http.MaxBytesReader(w, request.Body, maxBody)).Decode(&posted); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	for _, alert := range posted {
		a.add(alert)
	}
}

func (a *alerts) add(alert Alert) {
	key, err := json.Marshal(alert.Labels) // sorted
	if err != nil {
		return
	}
	ended := !alert.EndsAt.IsZero() && !alert.EndsAt.After(time.Now())
	a.mu.Lock()
	defer a.mu.Unlock()
	_, known := a.firing[string(key)]
	switch {
	case ended && known:
		delete(a.firing, string(key))
		Say("alert %s is over: %s", alert.Labels["alertname"], alert.Annotations["summary"])
	case !ended && !known && len(a.firing) < maxAlerts:
		Say("alert %s (%s): %s", alert.Labels["alertname"], alert.Labels["severity"], alert.Annotations["summary"])
		fallthrough
	case !ended && known:
		a.firing[string(key)] = alert
	default:
		return
	}
	close(a.news)
	a.news = make(chan struct{})
}

// Await returns an alert that fires and is accepted, as soon as there is one, or an error at the timeout.
func (s *Story) Await(ctx context.Context, timeout time.Duration, what string, accept func(Alert) bool) (Alert, error) {
	return s.alerts.await(ctx, timeout, fmt.Errorf("no alert in %v: %s", timeout, what), accept, true)
}

// AwaitEnd returns when no alert fires that is accepted, or with an error at the timeout.
func (s *Story) AwaitEnd(ctx context.Context, timeout time.Duration, what string, accept func(Alert) bool) error {
	_, err := s.alerts.await(ctx, timeout, fmt.Errorf("an alert goes on for %v: %s", timeout, what), accept, false)
	return err
}

// await returns when there is such an alert, or when there is none.
func (a *alerts) await(ctx context.Context, timeout time.Duration, late error, accept func(Alert) bool, there bool) (Alert, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, late)
	defer cancel()
	for {
		alert, found, news := a.find(accept)
		if found == there {
			return alert, nil
		}
		select {
		case <-ctx.Done():
			return Alert{}, context.Cause(ctx)
		case <-news:
		}
	}
}

// find returns an alert that fires and is accepted, if there is one, and what is closed when that may have changed.
func (a *alerts) find(accept func(Alert) bool) (found Alert, ok bool, news <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, alert := range a.firing {
		if accept(alert) {
			return alert, true, a.news
		}
	}
	return Alert{}, false, a.news
}

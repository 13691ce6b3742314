// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package presettest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/cloudevents/sdk-go/v2/event"
)

// pagerduty has alerts by their dedup_key, and change events.
type pagerduty struct {
	alerts  map[string]object
	changes int
}

func newPagerDuty() server { return &pagerduty{alerts: map[string]object{}} }

func (p *pagerduty) serve(r *http.Request, body any) answer {
	e := body.(object)
	if e["routing_key"] != "routing-"+canary {
		return answer{400, nil}
	}
	if strings.HasSuffix(r.URL.Path, "/change/enqueue") {
		p.changes++
		return answer{202, object{"status": "success", "message": "Change event processed"}}
	}
	dedup := e["dedup_key"].(string)
	switch alert := p.alerts[dedup]; e["event_action"] {
	case "trigger":
		if alert == nil || alert["resolved"] == true {
			p.alerts[dedup] = object{"summary": e["payload"].(object)["summary"], "resolved": false, "times": opened(alert) + 1}
		}
	case "resolve":
		if alert != nil {
			alert["resolved"] = true
		}
	}
	return answer{202, object{"status": "success", "message": "Event processed", "dedup_key": dedup}}
}

func opened(alert object) int {
	times, _ := alert["times"].(int)
	return times
}

func (p *pagerduty) fail(status int) answer {
	if status < 500 {
		return answer{status, nil}
	}
	return answer{status, object{"status": "error", "message": "it does not work"}}
}

func (p *pagerduty) state() string { return fmt.Sprint(keys(p.alerts), p.changes) }

// slack counts messages.
type slack struct{ messages int }

func newSlack() server { return &slack{} }

func (s *slack) serve(r *http.Request, body any) answer {
	text := body.(object)["text"].(string)
	if r.URL.Path != "/services/T1/B1/"+canary || strings.ContainsAny(text, "<>") {
		return answer{404, html("no_service")}
	}
	s.messages++
	return answer{200, html("ok")}
}

func (s *slack) fail(status int) answer { return answer{status, html("it_does_not_work")} }

func (s *slack) state() string { return fmt.Sprint(s.messages) }

// html is a text with the content type that Slack gives its own.
type html string

const signingKey = "whsec_YzRuNHJ5LWM0bjRyeS1jNG40cnktYzRuNHJ5"

// receiver takes CloudEvents that are signed, each id once.
type receiver struct{ events map[string]object }

func newReceiver() server { return &receiver{events: map[string]object{}} }

func (w *receiver) serve(r *http.Request, body any) answer {
	data := body.(json.RawMessage)
	id, timestamp := r.Header.Get("Webhook-Id"), r.Header.Get("Webhook-Timestamp")
	secret, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(signingKey, "whsec_"))
	mac := hmac.New(sha256.New, secret)
	fmt.Fprintf(mac, "%s.%s.%s", id, timestamp, data)
	if r.Header.Get("Webhook-Signature") != "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)) {
		return answer{401, nil}
	}
	var e event.Event
	if err := json.Unmarshal(data, &e); err != nil {
		return answer{400, nil}
	}
	if err := e.Validate(); err != nil {
		return answer{400, nil}
	}
	w.events[id] = object{"id": e.ID(), "type": e.Type()}
	return answer{204, nil}
}

func (w *receiver) fail(status int) answer { return answer{status, nil} }

func (w *receiver) state() string { return keys(w.events) }
